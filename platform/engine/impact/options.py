"""Options of choices, tags and stages that are gone while records carry them.

`was:` renames one, `replace:` puts another in its place. A stage that records stand in cannot
simply go: they could never leave it.
"""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa

from engine.definition.catalog import Catalog
from engine.definition.objects import Field
from engine.expressions.sqltypes import String
from engine.fieldtypes.choice import Choice, Choices, Option, Stage, Tags
from engine.impact.fixing import replacements
from engine.impact.ground import Ground, Pair, Selection
from engine.impact.remedies import of_field, of_option, of_top, within
from engine.impact.wording import field_of
from engine.problems import Place, did_you_mean
from engine.schema.findings import Finding, Severity
from engine.schema.wording import both, named


def gone_options(ground: Ground) -> Iterator[Finding]:
    """For each option that is gone or replaced: the records that carry it."""
    for pair in ground.pairs:
        for former, field in pair.fields.values():
            if not former.stored or former.column != field.column:
                continue
            if not ground.has(pair.before, former.column):
                continue
            if isinstance(field.type, Tags):
                yield from _tags(ground, pair, former, field)
            elif isinstance(field.type, Choice) and isinstance(former.type, Choice):
                yield from _options(ground, pair, former, field)


def _options(ground: Ground, pair: Pair, former: Field, field: Field) -> Iterator[Finding]:
    assert isinstance(field.type, Choice) and isinstance(former.type, Choice)
    present = {option.stored for option in field.type.options}
    replaced = replacements(ground, former, field)
    for option in former.type.options:
        if option.stored in present:
            continue
        some = carrying(ground, pair, former, option.stored)
        count = ground.count(some)
        if not count.value:
            continue
        words = field_of(pair.after, field) | {
            "option": named(option.label, option.name),
            "count": count,
        }
        if option.stored in replaced:
            new = replaced[option.stored]
            yield Finding(
                family="option-replaced",
                severity=Severity.TELLS,
                object=pair.after.name,
                field=field.name,
                count=count,
                place=place_of(ground.after, field),
                text=both(
                    "{object}: {count:# record goes|# records go} from {option} to {new} in"
                    " {field}",
                    "{object}：{count} 条记录的{field}由{option}改为 {new}",
                    **words,
                    new=new or "–",
                ),
            )
            continue
        stage = isinstance(field.type, Stage)
        yield Finding(
            family="stage-in-use" if stage else "option-in-use",
            severity=Severity.STOPS if stage else Severity.LOSES,
            object=pair.after.name,
            field=field.name,
            count=count,
            examples=ground.examples(some),
            remedy=_remedy(former.type, field, option),
            place=place_of(ground.after, field),
            text=both(
                "{option} is no longer in {field} of {object}, but {count:# record"
                " carries|# records carry} it",
                "{object}的{field}已无{option}，但仍有 {count} 条记录使用",
                **words,
            ),
        )


def place_of(catalog: Catalog, field: Field) -> Place:
    """Where the options of a field are written."""
    if isinstance(field.type, Stage):
        workflow = catalog.of("workflow").get(field.type.workflow)
        if workflow is not None and workflow.source is not None:
            found: Place = workflow.source.at("stages")
            return found
    return field.place("options")


def _remedy(former: Choice, field: Field, option: Option) -> str:
    """`was:` of a new option that is probably the same; else `replace:`."""
    assert isinstance(field.type, Choice)
    stage = isinstance(field.type, Stage)
    likely = same_option(former, field.type, option)
    if likely:
        was = {"was": option.name}
        return within("stages", likely, was) if stage else of_option(field.name, likely, was)
    others = [one.name for one in field.type.options]
    instead = others[0] if others else None
    replace = {"replace": {option.name: instead}}
    return of_top(replace) if stage else of_field(field.name, replace)


def same_option(former: Choice, type_: Choice, option: Option) -> str:
    """The new option that `option` has probably become: alike in label or name; or ""."""
    known = {one.stored for one in former.options}
    new = [one for one in type_.options if one.stored not in known]
    words = {str(label) for label in option.label.by_locale.values()}
    for one in new:
        if words & {str(label) for label in one.label.by_locale.values()}:
            return one.name
    return did_you_mean(option.name, [one.name for one in new])


def carrying(ground: Ground, pair: Pair, former: Field, key: str) -> Selection:
    """The live records whose field holds the stored value `key`, alone or among others."""
    table = ground.rows(pair.before, former)
    column = table.c[former.column]
    if not isinstance(former.type, Choices | Tags):
        return Selection(pair.before, table, column == key)
    value = sa.literal(key, String())
    if ground.connection.dialect.name == "sqlite":
        each = sa.func.json_each(column).table_valued("value")
        condition: sa.ColumnElement[bool] = value.in_(sa.select(each.c.value))
    else:
        condition = value == sa.any_(column)
    return Selection(pair.before, table, sa.and_(column.is_not(None), condition))


def _tags(ground: Ground, pair: Pair, former: Field, field: Field) -> Iterator[Finding]:
    """Tags are free; only what `replace:` says happens to them."""
    for old, new in replacements(ground, former, field).items():
        count = ground.count(carrying(ground, pair, former, old))
        if count.value:
            yield Finding(
                family="option-replaced",
                severity=Severity.TELLS,
                object=pair.after.name,
                field=field.name,
                count=count,
                place=field.place("replace"),
                text=both(
                    "{object}: {count:# record goes|# records go} from {old} to {new} in {field}",
                    "{object}：{count} 条记录的{field}由 {old} 改为 {new}",
                    **field_of(pair.after, field),
                    count=count,
                    old=old,
                    new=new or "–",
                ),
            )
