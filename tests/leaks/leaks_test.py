"""Nothing that somebody may not see can be told from any answer (rules 27 and 31).

For random people, roles and records a value is planted in every cell that the person may not see,
and every path is asked in two worlds that differ in those values only. docs/security-proof.md says
how, and what the long form (`make soak`) has come to.
"""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from leaks.runs import Run
from leaks.trying import Outcome, Share, tried

FEW = Share(topics=2, answers=5)
SEEDS = st.integers(0, 10**6)


def attempt(run: Run, seed: int) -> Outcome:
    """Somebody of the site, with both kinds of paths, in a world made of the seed."""
    outcome, world = Outcome(), run.world(seed)
    who = run.stage.whos[seed % len(run.stage.whos)]
    for revealing in (False, True):
        outcome.add(tried(run.stage, world, who, seed, revealing=revealing, share=FEW))
    return outcome


@settings(max_examples=1)
@given(seed=SEEDS)
def test_nothing_leaks_of_the_shipped_system(shipped: Run, seed: int) -> None:
    """All answers are the same, whatever stands in the hidden cells and rows."""
    outcome = attempt(shipped, seed)
    assert not outcome.leaks, "\n".join(map(str, outcome.leaks))


@settings(max_examples=1)
@given(seed=SEEDS)
def test_nothing_leaks_of_random_catalogs(made_up: Run, seed: int) -> None:
    """The same with every type of field, kind of link and view."""
    outcome = attempt(made_up, seed)
    assert not outcome.leaks, "\n".join(map(str, outcome.leaks))
    assert outcome.barren or outcome.total > 100
