"""Steps: amounts in the currency of their record, and the exchange rate that then stands.

1. Input of an amount may name its currency; a record that has none yet takes it on.
2. The rate of a record is looked up when its currency or the date that counts is new, and stays:
   rates that are entered later rewrite no history. A rate of the record's own goes first. A record
   that goes back to a currency or date has the rate again that stood then.
3. Amounts have the decimals of their currency, typed or computed.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from engine.definition.objects import Field, Object
from engine.expressions.sqltypes import quantized
from engine.fieldtypes.amounts import Amount, decimals_of, rounded
from engine.fieldtypes.currency import Currency, ExchangeRate
from engine.fieldtypes.number import OTHER_CURRENCY, TOO_MANY_DECIMALS, Money
from engine.problems import Message, Refusal
from engine.records.changes import CREATE, Batch, Change
from engine.records.lines import line_batches
from engine.records.shapes import Row

if TYPE_CHECKING:
    from engine.records.transaction import Transaction

NO_RATE = Message(
    "no-exchange-rate",
    en="there is no exchange rate for {currency} on {date}",
    zh="没有 {currency} 在 {date} 的汇率",
    hint_en="enter one that is valid from that day or earlier",
    hint_zh="请录入当日或更早生效的汇率",
)
UNKNOWN_CURRENCY = Message(
    "unknown-currency",
    en="there is no currency {code!r}",
    zh="没有币种 {code!r}",
    hint_en="use one of {known}",
    hint_zh="请使用以下之一：{known}",
)
NAMED = "currencies"
"""The note of a change: by amount, the code of the currency that input named."""
RATES = "rates"
"""The note of a change that goes back: the rates that stood, by their fields."""


def adopt_currencies(batch: Batch) -> None:
    """Step: what input says about currencies is taken apart; new records take theirs on."""
    site = batch.tx.catalog.site
    if not site.currencies.object:
        return
    if batch.name in (site.currencies.object, site.currencies.rates):
        batch.tx.__dict__.pop("currencies", None)
    _default(batch)
    for _, lines in line_batches(batch):
        _take_apart(lines)
    _take_apart(batch)
    for change in batch.changes:
        _adopt(batch, change)


def _default(batch: Batch) -> None:
    """New records are in the company's currency unless something else is said."""
    fields = [
        f
        for f in batch.definition.fields.values()
        if isinstance(f.type, Currency) and f.default is None and f.default_from is None
    ]
    new = [change for change in batch.changes if change.action == CREATE and fields]
    company = batch.tx.currencies.by_code(batch.tx.catalog.site.currency) if new else None
    if company is not None:
        for change in new:
            for field in fields:
                if field.name not in change.given and change.row.get(field.name) is None:
                    change.row[field.name] = company.id


def _take_apart(batch: Batch) -> None:
    money = [f.name for f in foreign(batch.definition)]
    for change in batch.changes:
        for name in money:
            value = change.input.get(name)
            if isinstance(value, Amount):
                change.notes.setdefault(NAMED, {})[name] = value.currency
                change.input[name] = change.row[name] = Decimal(value)


def _adopt(batch: Batch, change: Change) -> None:
    """A record whose currency nobody gave takes on that of its amounts."""
    for name, code in change.notes.get(NAMED, {}).items():
        type_ = batch.definition.fields[name].type
        assert isinstance(type_, Money)
        own = type_.currency_path
        if "." in own or change.given.get(own) is not None:
            continue
        if change.action != CREATE and change.row.get(own) is not None:
            continue
        found = batch.tx.currencies.by_code(code)
        if found is not None and own not in change.input and _writable(batch, change, own):
            change.row[own] = change.input[own] = found.id


def _writable(batch: Batch, change: Change, name: str) -> bool:
    field = batch.definition.fields[name]
    if change.writable is not None and name not in change.writable:
        return False
    return field.writable and (batch.lens.is_system or batch.lens.may_write(name))


def check_amounts(batch: Batch) -> None:
    """Step: amounts are in the currency of their record, and have its decimals."""
    if not batch.tx.catalog.site.currencies.object:
        return
    _default(batch)  # a suggestion may have come to nothing
    for inner in (batch, *(lines for _, lines in line_batches(batch))):
        money = foreign(inner.definition)
        for change in inner.changes:
            for field in money:
                _check(inner, change, field)


def _check(batch: Batch, change: Change, field: Field) -> None:
    currencies = batch.tx.currencies
    above = change.parent.row if change.parent is not None else None
    id = currency_id(batch.tx, batch.definition, field, change.row, above)
    named = change.notes.get(NAMED, {}).get(field.name)
    if named is not None and named != currencies.code(id):
        if currencies.by_code(named) is None:
            known = ", ".join(currencies.codes())
            change.refuse(UNKNOWN_CURRENCY(code=named, known=known), field.name)
            return
        expected = currencies.code(id)
        change.refuse(OTHER_CURRENCY(found=named, expected=expected), field.name)
    value = change.row.get(field.name)
    if value is None or field.derived or not _touched(change, field):
        return
    assert isinstance(field.type, Money)
    places = decimals_of(field.type.scale, currencies.decimals(id))
    if rounded(value, places) == value:
        return
    if field.name in change.input or field.suggest is None:
        change.refuse(TOO_MANY_DECIMALS(found=f"{value:f}", scale=places), field.name)
    else:
        change.row[field.name] = quantized(rounded(value, places), field.type.scale)


def _touched(change: Change, field: Field) -> bool:
    """Whether the amount or its record's currency is new."""
    assert isinstance(field.type, Money)
    name = field.type.currency_path.rpartition(".")[2]
    holder = change.parent if "." in field.type.currency_path and change.parent else change
    for one, key in ((change, field.name), (holder, name)):
        if one.before is None or one.before.get(key) != one.row.get(key):
            return True
    return False


def foreign(definition: Object) -> list[Field]:
    """The stored amounts that may be in another currency than the company's."""
    return [
        f
        for f in definition.fields.values()
        if isinstance(f.type, Money) and f.type.currency_path and f.stored
    ]


def currency_id(
    tx: Transaction, definition: Object, field: Field, row: Row, parent: Row | None = None
) -> int | None:
    """The id of the currency that an amount of the record is in; None is the company's.

    `parent` is the record of a line as it will be.
    """
    assert isinstance(field.type, Money)
    link, _, name = field.type.currency_path.rpartition(".")
    if not link:
        return row.get(name)
    if parent is not None and link == definition.parent:
        return parent.get(name)
    target = definition.fields[link].type.expression_type().object
    id = row.get(link)
    return None if id is None else tx.fetch(target, [id]).get(id, {}).get(name)


def settle_rate(batch: Batch, change: Change, field: Field) -> None:
    """Finds the rate of a record that has none, or whose currency or date is new."""
    row, before = change.row, change.before
    depends = _depends(batch.definition, field)
    kept = change.notes.get(RATES, {}).get(field.name)
    if kept is not None and change.given.keys() & set(depends):
        row[field.name] = kept
        return
    same = before is not None and all(before.get(n) == row.get(n) for n in depends)
    if not same or row.get(field.name) is None:
        row[field.name] = rate_of(batch.tx, batch.definition, field, row)


def rate_of(tx: Transaction, definition: Object, field: Field, row: Row) -> Decimal:
    """The rate of a record's currency on the day that counts.

    Raises Refusal where nobody has entered one.
    """
    currency, day, own = (row.get(name) for name in _depends(definition, field))
    found = own
    if found is None:
        found = tx.currencies.rate(currency, _day(tx, day))
    if found is None:
        code, date = tx.currencies.code(currency), _day(tx, day).isoformat()
        assert isinstance(field.type, ExchangeRate)
        raise Refusal(NO_RATE(currency=code, date=date).on(field.type.of))
    return quantized(Decimal(found), field.type.expression_type().scale)


def _depends(definition: Object, field: Field) -> tuple[str, str, str]:
    """The fields with currency, day and own rate of a record; "" where it has none."""
    assert isinstance(field.type, ExchangeRate)
    currency = definition.fields[field.type.of].type
    assert isinstance(currency, Currency)
    return field.type.of, currency.rate_on, currency.rate


def _day(tx: Transaction, value: dt.date | dt.datetime | None) -> dt.date:
    """The day whose rate counts: today where none is given yet."""
    if value is None:
        return tx.today
    return value.astimezone(tx.gate.zone).date() if isinstance(value, dt.datetime) else value


def in_currency(
    tx: Transaction, definition: Object, field: Field, value: Any, row: Row,
    parent: Row | None = None,
) -> Any:  # fmt: skip
    """A computed value as it is stored: amounts rounded, a missing rate found."""
    type_ = field.type
    if isinstance(type_, ExchangeRate) and value is None:
        return rate_of(tx, definition, field, row)
    if value is None or not isinstance(type_, Money):
        return value
    if type_.currency_path:
        decimals = tx.currencies.decimals(currency_id(tx, definition, field, row, parent))
    elif field.beside:
        decimals = tx.currencies.decimals(None)
    else:
        return value
    return quantized(rounded(value, decimals_of(type_.scale, decimals)), type_.scale)
