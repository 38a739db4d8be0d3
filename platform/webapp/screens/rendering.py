"""Templates: one environment per process, compiled once, everything escaped."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Response, g, request
from flask_wtf.csrf import generate_csrf
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from engine.permissions.watermarks import tile, watermark_of
from webapp.api.audit import may_audit
from webapp.headers import csp_nonce
from webapp.screens import assets, filed
from webapp.screens.here import Here
from webapp.screens.icons import icon
from webapp.screens.jobs_figure import failed_jobs
from webapp.screens.navigation import navigation
from webapp.screens.notices_figure import ringing
from webapp.screens.texts import attributes_in

TEMPLATES = Path(__file__).parents[3] / "templates" / "screens"
THEMES = ("light", "dark")
THEME_COOKIE = "theme"
SIDE_COOKIE = "side"
SIGN_OUT = "/logout/"
OWN_PLACES = ("/", "/approvals", "/audit", "/hand-over", "/jobs", "/studio", "/work")
"""Screens of the side bar that are no object's."""
LANGUAGES = {"en": "English", "zh": "中文"}
"""What languages call themselves."""


@lru_cache(maxsize=1)
def environment() -> Environment:
    """The environment in which screens are drawn."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(filed=filed)
    made.globals.update(icon=icon, asset=assets.address, Markup=Markup, bell=ringing)
    return made


def page(template: str, here: Here, status: int = 200, **context: Any) -> Response:
    """A whole screen inside the frame."""
    site = here.catalog.site
    names = here.catalog.of("role")
    labels = [here.say(names[role].label) for role in sorted(here.actor.roles) if role in names]
    return _answer(
        template,
        here.locale,
        status,
        here=here,
        actor=here.actor,
        site=site,
        watermark=_watermark(here),
        side=_once(here, "side.html", failed_jobs(here)),
        create_menu=_once(here, "creates.html"),
        nav_person=_people(here),
        role_names=here.t("list_and").join(labels),
        languages=[(code, LANGUAGES.get(code, code)) for code in site.locales],
        here_address=request.full_path.rstrip("?"),
        sign_out=SIGN_OUT,
        **context,
    )


def _watermark(here: Here) -> Markup:
    """The style of the watermark, for whom a role asks for it."""
    text = watermark_of(here.catalog, here.actor, here.now, here.zone)
    if not text:
        return Markup("")
    style = f'.watermark{{background-image:url("{tile(text, 0.16)}")}}'
    return Markup(f'<style nonce="{csp_nonce()}">{style}</style>')


def _once(here: Here, template: str, failed: str | None = None) -> Markup:
    """A part of the frame, drawn once per application, set of roles, language and object.

    `failed` is the figure beside the background jobs, None for those who do not see them.
    """
    path = request.path
    inside = path.split("/")[2] if path.startswith("/o/") else f"/{path.split('/')[1]}"
    inside = inside if inside in (*OWN_PLACES, *here.catalog.objects) else ""
    roles = None if here.actor.is_system else here.actor.roles

    def draw() -> Markup:
        text = (
            environment()
            .get_template(template)
            .render(
                here=here,
                t=attributes_in(here.locale),
                nav=navigation(here),
                inside=inside,
                failed=failed,
                audits=may_audit(here.call),
            )
        )
        return Markup(text)

    key = ("screens", template, roles, here.locale, inside, failed)
    drawn: Markup = here.gate.statements.lately(key, draw)
    return drawn


def _people(here: Here) -> str:
    """The object of people, where the actor may open it."""
    people = here.catalog.user_object
    return people if people and here.lens(people).may("read") else ""


def fragment(template: str, here: Here, status: int = 200, **context: Any) -> Response:
    """Part of a screen, which a script places into it."""
    return _answer(template, here.locale, status, here=here, **context)


def _answer(template: str, locale: str, status: int, **context: Any) -> Response:
    theme = request.cookies.get(THEME_COOKIE, "")
    text = (
        environment()
        .get_template(template)
        .render(
            t=attributes_in(locale),
            locale=locale,
            theme=theme if theme in THEMES else "",
            narrow=request.cookies.get(SIDE_COOKIE) == "narrow",
            csrf_token=generate_csrf,
            nonce=g.get("csp_nonce", ""),
            path=request.path,
            **context,
        )
    )
    return Response(text, status, content_type="text/html; charset=utf-8")
