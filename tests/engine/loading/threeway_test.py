"""What becomes of an overlay when what lies below it changes."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from assembly.kinds import KINDS
from engine.loading import Loaded, TextLayer, load
from engine.loading.packing import pack, unpack
from engine.loading.threeway import Picture, Standing, picture
from engine.loading.threeway_wording import change_text, layer_findings, touch_text
from engine.problems import Refusal
from engine.schema.findings import Severity

ROOT = Path(__file__).resolve().parents[3]

BASE = """\
object: order
label: {en: Order, zh: 订单}
fields:
  name: {type: text, label: Name}
  amount: {type: money, min: 0, label: {en: Amount, zh: 金额}}
  grade: {type: choice, label: Grade, options: {a: A, b: B, c: C}}
  note: {type: text, label: Note}
"""
OVERLAY = """\
object: order
fields:
  amount: {label: {en: Sum, zh: 总额}, required: true}
  grade: {options: {b: {remove: true}, c: Third, d: Fourth}}
  note: {max_length: 80}
  own: {type: text, label: Own}
"""


def layers(base: str, overlay: str = OVERLAY, more: Mapping[str, str] | None = None) -> Loaded:
    below = {"site.yaml": "site: Test\n", "objects/order.yaml": base, **(more or {})}
    sources = [TextLayer("base/", below), TextLayer("client/", {"objects/order.yaml": overlay})]
    return load(sources, KINDS)


def seen(base: str, *, whole: bool = False, overlay: str = OVERLAY) -> Picture:
    """The picture after the base has become `base`."""
    then, now = layers(BASE), layers(base, overlay)
    return picture(unpack(pack(then.sources)), now.sources, KINDS, whole=whole)


def told(found: Picture) -> list[str]:
    return [f"{t.standing} {'.'.join(t.path)}" for t in found.touches if t.news]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("zh: 金额", "zh: 价格", ["conflict fields.amount.label.zh"]),
        ("zh: 金额", "zh: 总额", ["same fields.amount.label.zh"]),
        ("min: 0, ", "min: 1, ", []),
        ("min: 0, ", "min: 0, required: false, ", ["conflict fields.amount.required"]),
        ("min: 0, ", "min: 0, required: true, ", ["same fields.amount.required"]),
        ("b: B", "b: Bee", ["conflict fields.grade.options.b"]),
        ("c: C", "c: {en: C, zh: 丙}", ["conflict fields.grade.options.c.label"]),
        ("c: C}", "c: C, d: {label: D}}", ["conflict fields.grade.options.d.label"]),
        ("c: C}", "z: {label: C, was: c}}", ["renamed fields.grade.options.c"]),
        ("  note: {type: text, label: Note}\n", "", ["gone fields.note"]),
        ("  note: {", "  remark: {was: note, ", ["renamed fields.note"]),
        ("label: Name", "label: Title", []),
    ],
)
def test_standings(old: str, new: str, expected: list[str]) -> None:
    """One change in the base, and what it means for the overlay."""
    assert old in BASE
    found = told(seen(BASE.replace(old, new)))
    assert found == expected


def test_nothing_below_has_changed() -> None:
    """Without `whole` there is nothing to tell; with it, what the overlay changes and adds."""
    assert seen(BASE) == Picture()
    whole = seen(BASE, whole=True)
    assert [f"{t.standing} {'.'.join(t.path)}" for t in whole.touches] == [
        "changes fields.amount.label.en",
        "changes fields.amount.label.zh",
        "adds fields.amount.required",
        "changes fields.grade.options.b",
        "changes fields.grade.options.c.label",
        "adds fields.grade.options.d",
        "adds fields.note.max_length",
        "adds fields.own",
    ]
    assert not any(touch.news for touch in whole.touches)


def test_in_words() -> None:
    """Both sides are named with file and line, in both languages."""
    found = seen(BASE.replace("zh: 金额", "zh: 价格").replace("label: Name", "label: Title"))
    (touch,) = found.touches
    assert touch_text(touch).in_("en") == (
        "base/objects/order.yaml:5 has changed `label.zh` of field amount of order from 金额"
        " to 价格; client/objects/order.yaml:3 keeps 总额: look whether it still fits"
    )
    assert touch_text(touch).in_("zh") == (
        "base/objects/order.yaml:5 已将 order 的字段 amount 的 `label.zh` 从 金额 改为 价格；"
        "client/objects/order.yaml:3 仍为 总额：请确认是否仍合适"
    )
    assert [str(change_text(change)) for change in found.changes] == [
        "changed: `label` of field name of order: Name → Title",
        "changed: `label.zh` of field amount of order: 金额 → 价格",
    ]
    findings = list(layer_findings(found, 7))
    assert [(f.family, f.severity, f.object, f.field) for f in findings] == [
        ("layer-conflict", Severity.WARNS, "order", "amount"),
        ("layer-changed", Severity.TELLS, "", ""),
    ]
    assert "base/ has changed in 2 places since revision 7" in str(findings[1].text)


def test_layers_are_found_again_elsewhere() -> None:
    """The same layers in other folders are the same; a layer in between changes what lies above."""
    then = layers(BASE).sources
    base, client = (source for source in layers(BASE.replace("金额", "价格")).sources)
    moved = [type(base)("/srv/base/", base.trees), type(client)("/srv/client/", client.trees)]
    assert len(picture(unpack(pack(then)), moved, KINDS).of(Standing.CONFLICT)) == 1
    pack_layer = TextLayer(
        "pack/", {"objects/order.yaml": "object: order\nfields: {amount: {label: {en: Worth}}}\n"}
    )
    (between,) = load([pack_layer], KINDS).sources
    found = picture(unpack(pack(then)), [then[0], between, then[1]], KINDS)
    assert told(found) == ["conflict fields.amount.label.en"]


def test_a_new_overlay_conflicts_with_nothing() -> None:
    """Over layers that have not changed, a new one only adds and changes."""
    now = layers(BASE)
    assert picture(unpack(pack(now.sources[:1])), now.sources, KINDS) == Picture()


def test_nothing_is_known_of_before() -> None:
    """Without layers of before, or with none of those below, nothing is news."""
    now = layers(BASE)
    assert picture((), now.sources, KINDS) == Picture()
    whole = picture((), now.sources, KINDS, whole=True)
    assert len(whole.touches) == 8 and not whole.of(*Standing)
    (other,) = load([TextLayer("applied", {"site.yaml": "site: Test\n"})], KINDS).sources
    assert picture(unpack(pack([other])), now.sources, KINDS) == Picture()


def test_unreadable() -> None:
    """What no version of the platform wrote is a refusal, not a crash."""
    for text in ("x", "[1]", '[{"name": "a"}]'):
        with pytest.raises(Refusal):
            unpack(text)
    (kept,) = unpack('[{"name": "a", "digest": "b", "packed": "c"}]')
    with pytest.raises(Refusal):
        kept.unpacked()


def test_the_shipped_system_under_a_client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An update of the shipped definitions, seen from the client's overlay of them."""
    monkeypatch.chdir(tmp_path)
    for name in ("config", "clients/northstar"):
        shutil.copytree(ROOT / name, tmp_path / name)
    folders = [Path("config"), Path("clients/northstar")]
    then = load(folders, KINDS)
    replace("config/objects/opportunity.yaml", "en: Amount,", "en: Estimated value,")
    replace("config/objects/opportunity.yaml", "zh: 预计金额}", "zh: 合同金额}")
    replace("config/objects/customer.yaml", "  industry:", "  line_of_business:\n    was: industry")
    for role in sorted(Path("config").rglob("*.yaml")):
        role.write_text(role.read_text().replace("industry", "line_of_business")
                        .replace("was: line_of_business", "was: industry"))  # fmt: skip
    now = load(folders, KINDS)
    assert [str(p) for p in now.problems] == []
    found = picture(unpack(pack(then.sources)), now.sources, KINDS)
    assert told(found) == [
        "renamed fields.industry",
        "conflict fields.amount.label.en",
        "same fields.amount.label.zh",
    ]
    place = found.of(Standing.CONFLICT)[0].place
    assert str(place).startswith("clients/northstar/objects/opportunity.yaml:22:")
    options = now.trees["object"]["customer"].to_plain()["fields"]["line_of_business"]["options"]
    assert "shipping" in options and "entertainment" not in options


def replace(file: str, old: str, new: str) -> None:
    text = Path(file).read_text()
    assert old in text
    Path(file).write_text(text.replace(old, new, 1))
