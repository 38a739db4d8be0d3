"""What passes through the gate's steps: one change per record, in batches of one object."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.definition.objects import Object
from engine.permissions.lens import Lens
from engine.problems import Problem, Refusal
from engine.records.shapes import Row

if TYPE_CHECKING:
    from engine.records.rows import RowView
    from engine.records.transaction import Transaction

CREATE, UPDATE, DELETE, RESTORE = "create", "update", "delete", "restore"


@dataclass(eq=False, slots=True)
class Change:
    """One record on its way through the steps.

    `given` is the raw input by field name; `input` what of it was read; `before` the record as
    it was (None when it is created); `row` as it will be. `lines` holds the changes of its
    lines by field. `path` stands before field names in problems ("lines[2]."). `transition`
    names the transition asked for by name. `roles` are the actor's roles that grant the action
    on this very record (None: no question), `writable` the fields that they grant.
    """

    given: dict[str, Any]
    id: int | None = None
    expected_version: int | None = None
    path: str = ""
    parent: Change | None = None
    action: str = CREATE
    before: Row | None = None
    input: Row = field(default_factory=dict)
    row: Row = field(default_factory=dict)
    lines: dict[str, list[Change]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    roles: frozenset[str] | None = None
    writable: frozenset[str] | None = None
    transition: str = ""
    notes: dict[str, Any] = field(default_factory=dict)
    view: RowView | None = None
    before_view: RowView | None = None

    def refuse(self, problem: Problem, name: str = "") -> None:
        """Adds a problem, for the field `name` where it concerns one."""
        path = problem.path or name
        self.problems.append(problem.on(self.path + path) if self.path or path else problem)

    def refuse_all(self, refusal: Refusal, name: str = "") -> None:
        """Adds everything that a refusal says."""
        for problem in refusal.problems:
            self.refuse(problem, name)

    def changed(self) -> set[str]:
        """The names whose values differ from before."""
        if self.before is None:
            return {name for name, value in self.row.items() if value is not None}
        before = self.before
        return {name for name, value in self.row.items() if before.get(name) != value}

    def all_problems(self) -> Iterator[Problem]:
        """Its own problems and those of its lines."""
        yield from self.problems
        for changes in self.lines.values():
            for change in changes:
                yield from change.all_problems()

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong with it so far."""
        return not self.problems and all(
            change.sound for changes in self.lines.values() for change in changes
        )


@dataclass(eq=False, slots=True)
class Batch:
    """Changes of one object and one action, which pass the steps together.

    A `lenient` batch goes on without the changes that have problems (import); any other is
    refused as a whole.
    """

    tx: Transaction
    definition: Object
    action: str
    changes: list[Change]
    lens: Lens
    lenient: bool = False
    rejected: list[Change] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The object's name."""
        return self.definition.name

    def settle(self) -> None:
        """Parts with changes that have problems, or refuses the whole batch."""
        unsound = [change for change in self.changes if not change.sound]
        if not unsound:
            return
        if not self.lenient:
            raise Refusal(*(p for change in unsound for p in change.all_problems()))
        self.rejected.extend(unsound)
        self.changes = [change for change in self.changes if change.sound]


@dataclass(frozen=True, slots=True)
class Step:
    """One named step of the gate; higher rooms place theirs before or after a named one."""

    name: str
    run: Callable[[Batch], None]
    actions: frozenset[str] = frozenset((CREATE, UPDATE))
