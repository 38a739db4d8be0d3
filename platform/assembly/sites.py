"""Several sites in one installation: a folder each, with the settings of that site alone.

    sites/acme/.env         FORMWRIGHT_HOSTS=crm.acme.com …
    sites/northstar/.env    FORMWRIGHT_HOSTS=crm.northstar.com …

1. A site is what its `.env` says, and what the environment says for it by name:
   `FORMWRIGHT_SITE_ACME__DATABASE_URL`. Other variables of the environment mean no site, so that
   no value of one reaches another by accident.
2. Layers start from the folder of the installation, for they are shared. What a site keeps
   (database, files, keys) starts from the site's own folder, so that by default nothing is shared.
3. Only what is about a process and not about a site is said for all: `FORMWRIGHT_SITES`, and
   `FORMWRIGHT_LOG`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from assembly.settings import NO_KEY, PREFIX, SITES, Settings, env_file, settings_of
from assembly.sharing import shared
from engine.problems import Message, Place, Problem, Refusal, did_you_mean

DEFAULT = "sites"
NONE = "none"
"""What `FORMWRIGHT_SITES` says where a folder of sites is to be left alone."""
PROCESS_WIDE = (f"{PREFIX}LOG", SITES)
FOR_ONE = f"{PREFIX}SITE_"
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
LONGEST_NAME = 40

NO_FOLDER = Message(
    "no-sites-folder",
    en="FORMWRIGHT_SITES names {folder!r}, which is no folder",
    zh="FORMWRIGHT_SITES 中的 {folder!r} 不是文件夹",
    hint_en="it holds a folder for each site, with a file .env in it",
    hint_zh="该文件夹中每个站点各有一个文件夹，内含 .env 文件",
)
NO_SITE = Message(
    "no-such-site",
    en="there is no site {name!r} in {folder}",
    zh="{folder} 中没有站点 {name!r}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
BAD_NAME = Message(
    "site-name",
    en="{name!r} cannot be the name of a site",
    zh="{name!r} 不能作为站点名称",
    hint_en="use at most 40 small letters, digits and single hyphens, beginning with a letter",
    hint_zh="请使用最多 40 个小写字母、数字和单个连字符，并以字母开头",
)
NO_SITES = Message(
    "no-sites",
    en="this installation has a single site",
    zh="此安装只有一个站点",
    hint_en="a site is a folder sites/NAME with a file .env in it",
    hint_zh="每个站点是一个文件夹 sites/名称，内含 .env 文件",
)
NOT_FOR_ONE = Message(
    "setting-of-the-process",
    en="{name} holds for all sites of a process, not for one",
    zh="{name} 对进程内所有站点生效，不能只为一个站点设置",
    hint_en="set it in the environment, or in the .env of the installation",
    hint_zh="请在环境变量或安装目录的 .env 中设置",
)
NO_HOSTS = Message(
    "site-without-host",
    en="the site {name} has no host",
    zh="站点 {name} 没有主机名",
    hint_en="set FORMWRIGHT_HOSTS to the names that people reach it by",
    hint_zh="请将 FORMWRIGHT_HOSTS 设为访问该站点的主机名",
)
NOT_READ = Message(
    "setting-not-for-sites",
    en="{name} is set in the environment, where sites do not read it",
    zh="环境变量中设置了 {name}，但各站点不会读取它",
    hint_en="write it into the site's .env, or name the site in it: {better}",
    hint_zh="请写入站点的 .env，或在变量名中指明站点：{better}",
)


def sites_folder(environment: Mapping[str, str], folder: Path) -> Path | None:
    """Where the sites of the installation at `folder` are; None where it has a single one.

    Raises Refusal when the setting names no folder.
    """
    named = environment.get(SITES, "").strip() or env_file(folder / ".env", []).get(SITES, "")
    if named.strip() == NONE:
        return None
    found = folder / (named.strip() or DEFAULT)
    if found.is_dir():
        return found if named or site_names(found) else None
    if named:
        raise Refusal(NO_FOLDER(folder=named))
    return None


def site_names(sites: Path) -> list[str]:
    """The folders in `sites` that hold settings."""
    try:
        return sorted(
            one.name
            for one in sites.iterdir()
            if not one.name.startswith(".") and (one / ".env").is_file()
        )
    except OSError:
        return []


def read_site(
    environment: Mapping[str, str], folder: Path, sites: Path | None, name: str, *,
    check_layers: bool = True,
) -> Settings:  # fmt: skip
    """The settings of one site of the installation at `folder`.

    Raises Refusal when there is no such site, with everything that is not usable, and with what
    it shares with another one; what else is wrong with others does not matter.
    """
    names = site_names(sites) if sites else []
    if sites is None or name not in names:
        shown = _shown(sites or folder / DEFAULT, folder)
        raise Refusal(NO_SITE(name=name, folder=shown, best=did_you_mean(name, names) or ""))
    problems: list[Problem] = []
    settings = _read(environment, folder, sites, name, problems, check_layers)
    others = [_read(environment, folder, sites, one, [], False) for one in names if one != name]
    problems += [problem for one in others for problem in shared([one, settings])]
    if problems:
        raise Refusal(*problems)
    return settings


def read_sites(
    environment: Mapping[str, str], folder: Path, sites: Path, *, check_layers: bool = True
) -> tuple[Settings, ...]:
    """The settings of all sites, by name.

    Raises Refusal with everything that is not usable in any of them, and with what two of them
    share though each needs its own.
    """
    problems: list[Problem] = []
    found = []
    for name in site_names(sites):
        found.append(_read(environment, folder, sites, name, problems, check_layers))
    problems += shared(found)
    if problems:
        raise Refusal(*problems)
    return tuple(found)


def not_read(environment: Mapping[str, str]) -> list[Problem]:
    """Variables of the environment that look as if they were for sites, and are for none."""
    return [
        NOT_READ(name=name, better=variable("…", name.removeprefix(PREFIX)))
        for name, text in sorted(environment.items())
        if name.startswith(PREFIX)
        and text.strip()
        and name not in PROCESS_WIDE
        and not name.startswith((FOR_ONE, f"{PREFIX}TEST_"))
    ]


def variable(site: str, setting: str) -> str:
    """The variable of the environment that holds a setting of one site."""
    return f"{FOR_ONE}{site.upper().replace('-', '_')}__{setting}"


def incomplete(sites: Sequence[Settings]) -> list[Problem]:
    """Sites that could not be served: nobody could reach them, or they have no secret key."""
    problems = []
    for one in sites:
        if not one.hosts:
            problems.append(NO_HOSTS(_place(one.folder), name=one.site))
        if one.own_server and not one.secret_key:
            problems.append(NO_KEY(_place(one.folder)))
    return problems


def _read(
    environment: Mapping[str, str], folder: Path, sites: Path, name: str,
    problems: list[Problem], check_layers: bool,
) -> Settings:  # fmt: skip
    home = sites / name
    place = _place(home, folder)
    found: list[Problem] = []
    if not _NAME.fullmatch(name) or len(name) > LONGEST_NAME:
        found.append(BAD_NAME(name=name))
    values = env_file(home / ".env", found, place.file)
    found += [NOT_FOR_ONE(name=wide) for wide in PROCESS_WIDE if wide in values]
    start = variable(name, "")
    for key, text in environment.items():
        if key.startswith(start) and text.strip():
            values[PREFIX + key.removeprefix(start)] = text
    logs = environment.get(PROCESS_WIDE[0], "").strip()
    values[PROCESS_WIDE[0]] = logs or env_file(folder / ".env", []).get(PROCESS_WIDE[0], "auto")
    settings = settings_of(values, home, found, layers_from=folder, check_layers=check_layers)
    problems += [one if one.place else one.at(place) for one in found]
    return replace(settings, site=name, database_url=_placed(settings.database_url, home))


def _placed(url: str, home: Path) -> str:
    """The URL of a database; a SQLite file that is named relatively lies in the site's folder."""
    scheme, mark, path = url.partition(":///")
    if not mark or not scheme.startswith("sqlite") or path.startswith("/"):
        return url
    return f"{scheme}:///{(home / path).absolute()}" if path else url


def _place(home: Path, folder: Path | None = None) -> Place:
    return Place(_shown(home, folder or home.parent.parent) + "/.env")


def _shown(path: Path, folder: Path) -> str:
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)
