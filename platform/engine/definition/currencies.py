"""Amounts in a currency of their record's own: what stands beside them, and what they may mix with.

1. A `currency` field brings the rate of its currency, `<field>_rate`.
2. A `money` field with `currency: <path>` brings itself in the company's currency,
   `<field>_company`: an ordinary stored formula of the amount and that rate, so everything that
   keeps formulas right keeps this right.
3. Both stand behind their field, are seen by whoever sees it, and take no input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from engine.definition.catalog import Catalog
from engine.definition.kinds import Problems
from engine.definition.messages import UNKNOWN_FIELD, UNKNOWN_OBJECT
from engine.definition.objects import Field, Object
from engine.definition.tree import Node
from engine.expressions import Expression, compile_expression
from engine.expressions.functions.arithmetic import MULTIPLY
from engine.expressions.mixing import ANY, origin
from engine.expressions.mixing import COMPANY as COMPANY_CURRENCY
from engine.expressions.nodes import Call
from engine.expressions.types import Names
from engine.expressions.typing_rules import number
from engine.fieldtypes.base import FieldType
from engine.fieldtypes.currency import Currency, ExchangeRate
from engine.fieldtypes.date import Date, MomentType
from engine.fieldtypes.link import Link
from engine.fieldtypes.number import Integer, Money, NumberType
from engine.fieldtypes.text import TextType
from engine.problems import Message, Text, did_you_mean

COMPANY, RATE = "company", "rate"
"""What follows the field's name and an underline in the name of what stands beside it."""

NO_CURRENCIES = Message(
    "no-currencies",
    en="{object}.{field} is a currency, but the site has none",
    zh="{object}.{field} 为币种字段，但站点未定义币种",
    hint_en="name the object of currencies in site.yaml: `currencies: {{object: currency}}`",
    hint_zh="请在 site.yaml 中指明币种对象：`currencies: {{object: currency}}`",
)
NO_CURRENCY_FIELD = Message(
    "no-currency-field",
    en="{found!r} leads to no currency field of the record or of the record that a line is part of",
    zh="{found!r} 不是该记录或明细所属记录的币种字段",
    hint_en="name a field with `type: currency`; of a line behind its link: `<link>.currency`",
    hint_zh="请填写 `type: currency` 的字段；明细中写在其关联字段之后：`<link>.currency`",
)
BESIDE_TAKEN = Message(
    "companion-name-taken",
    en="{name} stands beside {field} by itself and cannot be a field of its own",
    zh="{name} 是 {field} 自动附带的字段，不能另行定义",
    hint_en="choose another name",
    hint_zh="请换一个名称",
)
RATE_KEY = Message(
    "rate-key",
    en="{name!r} in `{key}` is no {expected} of {object}",
    zh="`{key}` 中的 {name!r} 不是 {object} 的{expected}",
    hint_en="did you mean {best!r}?",
    hint_zh="是否想写 {best!r}？",
)
OTHER_ORIGIN = Message(
    "other-currency-formula",
    en="`{name}` gives {field} an amount that can be in another currency",
    zh="`{name}` 赋予 {field} 的金额可能是另一币种",
    hint_en="convert it: multiply by a `…_rate`, or divide; or take the amount in company currency",
    hint_zh="请乘以或除以 `…_rate` 进行换算，或使用本位币金额",
)
_KEYS = {
    "rate_on": ((Date, MomentType), Text({"en": "date", "zh": "日期字段"})),
    "rate": ((NumberType,), Text({"en": "number", "zh": "数字字段"})),
}


def with_companions(fields: Mapping[str, Field], problems: Problems) -> dict[str, Field]:
    """The fields, each that has one followed by what stands beside it."""
    result: dict[str, Field] = {}
    for name, field in fields.items():
        result[name] = field
        beside = _beside(field)
        if beside is None:
            continue
        if beside.name in fields:
            place = fields[beside.name].place()
            problems.append(BESIDE_TAKEN(place, name=beside.name, field=name))
        else:
            result[beside.name] = beside
    return result


def _beside(field: Field) -> Field | None:
    type_ = field.type
    if isinstance(type_, Currency):
        rate = ExchangeRate(of=field.name)
        return _made(field, RATE, rate, Text({"en": "exchange rate", "zh": "汇率"}))
    if isinstance(type_, Money) and type_.currency_path:
        own = Text({"en": "company currency", "zh": "本位币"})
        return _made(field, COMPANY, Money(scale=type_.scale), own)
    return None


def _made(field: Field, suffix: str, type_: FieldType, what: Text) -> Field:
    assert field.source is not None
    place, keys = field.source.place, dict[str, Node]()
    was = field.source.get("was")
    if was is not None:
        keys["was"] = Node(f"{was.value}_{suffix}", was.place)
    return Field(
        name=f"{field.name}_{suffix}",
        object=field.object,
        type=type_,
        label=_in_brackets(field.label, what),
        restricted=field.restricted,
        personal=field.personal,
        read_only=True,
        beside=field.name,
        source=Node(keys, place),
    )


def _in_brackets(label: Text, what: Text) -> Text:
    """ "Amount (company currency)" in every language."""
    return Text(
        {
            "en": f"{label.in_('en')} ({what.in_('en')})",
            "zh": f"{label.in_('zh')}（{what.in_('zh')}）",
        }
    )


def connected(field: Field, catalog: Catalog, problems: Problems) -> FieldType:
    """The type of a money or currency field that knows the site's currencies."""
    type_ = field.type
    if isinstance(type_, Money):
        path = type_.currency_path
        if path and not _leads_to_currency(catalog, field.object, path):
            problems.append(NO_CURRENCY_FIELD(field.place("currency"), found=path))
            path = ""
        return replace(type_, currency=catalog.site.currency, currency_path=path)
    if isinstance(type_, Currency):
        for key, (kinds, expected) in _KEYS.items():
            _check_key(field, key, kinds, expected, catalog.objects[field.object], problems)
        if type_.to not in catalog.objects:
            problems.append(NO_CURRENCIES(field.place(), object=field.object, field=field.name))
    return type_


def with_currency_links(catalog: Catalog) -> Catalog:
    """The catalog whose currency fields lead to the site's currencies."""
    objects = {}
    for name, definition in catalog.objects.items():
        fields = {
            key: replace(f, type=replace(f.type, to=catalog.site.currencies.object))
            if isinstance(f.type, Currency)
            else f
            for key, f in definition.fields.items()
        }
        objects[name] = replace(definition, fields=fields)
    return catalog.with_objects(objects)


def idle_rates(catalog: Catalog) -> frozenset[tuple[str, str]]:
    """The rates that no amount needs, by object and name: nobody has to know them."""
    used: set[tuple[str, str]] = set()
    for definition in catalog.objects.values():
        for field in definition.fields.values():
            path = field.type.currency_path if isinstance(field.type, Money) else ""
            link, _, name = path.rpartition(".")
            through = definition.fields.get(link)
            target = through.type if through is not None else None
            object = target.to if isinstance(target, Link) else definition.name
            used.add((object, name))
    return frozenset(
        (definition.name, name)
        for definition in catalog.objects.values()
        for name, field in definition.fields.items()
        if isinstance(field.type, ExchangeRate) and (definition.name, field.type.of) not in used
    )


def _leads_to_currency(catalog: Catalog, object: str, path: str) -> bool:
    *links, last = path.split(".")
    definition: Object | None = catalog.objects[object]
    for link in links:
        found = definition.fields.get(link) if definition else None
        target = found.type.to if found is not None and isinstance(found.type, Link) else ""
        definition = catalog.objects.get(target)
    field = definition.fields.get(last) if definition else None
    return len(links) <= 1 and field is not None and isinstance(field.type, Currency)


def _check_key(
    field: Field, key: str, kinds: tuple[type, ...], expected: Text, owner: Object,
    problems: Problems,
) -> None:  # fmt: skip
    name = field.source.plain(key, "") if field.source else ""
    if not name or name == "created_on":
        return
    found = owner.fields.get(name)
    if found is None:
        best = did_you_mean(name, owner.fields)
        problems.append(UNKNOWN_FIELD(field.place(key), object=owner.name, name=name, best=best))
    elif not isinstance(found.type, kinds):
        fitting = [n for n, f in owner.fields.items() if isinstance(f.type, kinds)]
        problems.append(
            RATE_KEY(
                field.place(key), name=name, key=key, object=owner.name, expected=expected,
                best=did_you_mean(name, fitting),
            )
        )  # fmt: skip


def check_currencies(node: Node, catalog: Catalog, problems: Problems) -> None:
    """Adds what of the site's `currencies:` names no object or field of a fitting type."""
    names = catalog.site.currencies
    wanted: list[tuple[str, str, str, type[FieldType]]] = [
        (names.object, "code", names.code, TextType),
        (names.object, "decimals", names.decimals, Integer),
    ]
    if names.rates:
        wanted += [
            (names.rates, "rate_currency", names.rate_currency, Currency),
            (names.rates, "rate_date", names.rate_date, Date),
            (names.rates, "rate", names.rate, NumberType),
        ]
    for object, key, name, kind in wanted:
        place = node.at(key if node.get(key) is not None else "rates")
        definition = catalog.objects.get(object)
        found = definition.fields.get(name) if definition else None
        if definition is None:
            best = did_you_mean(object, catalog.objects)
            if key != "code":  # of which something was said
                problems.append(UNKNOWN_OBJECT(place, name=object, best=best))
            return
        if not (found is not None and isinstance(found.type, kind) and found.stored):
            expected = Text.of(kind.name)
            fitting = [n for n, f in definition.fields.items() if isinstance(f.type, kind)]
            problems.append(
                RATE_KEY(
                    place, name=name, key=key, object=object, expected=expected,
                    best=did_you_mean(name, fitting),
                )
            )  # fmt: skip


def check_result(field: Field, found: Expression, key: str, problems: Problems) -> None:
    """Adds a problem where an amount would take over one that may be in another currency."""
    type_ = field.type
    if not isinstance(type_, Money) or found.type.unit != "money":
        return
    has = origin(found.tree)
    wants = f"1.{type_.currency_path}" if type_.currency_path else COMPANY_CURRENCY
    if has not in (ANY, wants):
        problems.append(OTHER_ORIGIN(field.place(key), field=field.name, name=key))


def companion_formula(field: Field, catalog: Catalog, names: Names) -> Expression | None:
    """What a field is that stands beside another: the amount times the rate; the rate itself.

    The rate is looked up when the record is written (`engine.records.currencies`) and then stands;
    as an expression it reads what it depends on, and is the rate that was found.
    """
    owner, type_ = catalog.objects[field.object], field.type
    if isinstance(type_, ExchangeRate):
        currency = getattr(owner.fields.get(type_.of), "type", None)
        if not isinstance(currency, Currency):
            return None  # of which something was said
        reads = dict.fromkeys((field.name, type_.of, currency.rate_on, currency.rate))
        found = compile_expression(field.name, owner.name, catalog)
        own = [name for name in reads if name]
        return replace(
            found, source=f"({', '.join(own)})", reads=frozenset((owner.name, n) for n in own)
        )
    money = owner.fields[field.beside].type
    assert isinstance(money, Money)
    if not money.currency_path:
        return None  # of which something was said
    source = f"{field.beside} * {money.currency_path}_{RATE}"
    found = compile_expression(source, owner.name, names)
    assert isinstance(found.tree, Call)
    # one rounding, to the amount's own decimals, instead of a product with all of the rate's
    whole = Call(type=number(money.scale, "money"), function=MULTIPLY, args=found.tree.args)
    return replace(found, tree=whole, type=whole.type)
