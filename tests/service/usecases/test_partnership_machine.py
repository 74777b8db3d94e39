"""Whatever the people of a partnership do, allowed or not and in any order, what they were promised holds.

In CI a few stories; with `TIWIZI_NIGHTLY=1` 2,000 of 60 steps, on SQLite. A failure prints the steps that lead there.
"""

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, run_state_machine_as_test
from sqlalchemy import Engine

from service.domain.ledger import Source
from service.domain.money import Currency, Money
from service.domain.progress import Stage
from service.models.session import make_engine, transaction
from service.usecases.progress import Progress
from tests.conftest import MovedClock
from tests.service.usecases.partnership.agreeing import Agreeing
from tests.service.usecases.partnership.pairs import Pairs
from tests.service.usecases.partnership.residing import VILLAGERS
from tests.service.usecases.partnership.stage import everybody
from tests.ussd.facts import Snapshot
from tests.world import LYON, SECRETARY, TREASURER, UTRECHT, settle

NIGHTLY = os.environ.get("TIWIZI_NIGHTLY") == "1"
# Stories, and steps of each.
SIZES = {"sqlite": (2_000, 60), "postgresql": (200, 60)} if NIGHTLY else {"sqlite": (40, 40), "postgresql": (10, 40)}
# How much of what may be done must have been done: stories that get nowhere promise nothing.
REACHED = {"sqlite": 20, "postgresql": 12}


class Partnership(Agreeing, Pairs):
    """All of it, from one of several beginnings: random acts alone seldom lead as far as a second arrival."""

    @initialize(chapter=st.integers(0, 5))
    def begins(self, chapter: int) -> None:
        """Let the story be well under way."""
        for beginning in (self._introduced, self._promised, self._planned, self._at_work, self._finished)[:chapter]:
            beginning()

    def _introduced(self) -> None:
        for number, who in enumerate((UTRECHT, LYON)):
            self.says_yes(who)
            self.accepts(SECRETARY, number)

    def _promised(self) -> None:
        self.pledges(LYON, Money.of(5_000, Currency.EUR))
        self.writes_a_line(TREASURER, Source.COMMUNE, Money.of(40_000))

    def _planned(self) -> None:
        for who in (SECRETARY, LYON, UTRECHT):
            self.agrees(who, 0)

    def _at_work(self) -> None:
        for who in VILLAGERS:
            self.lives_there(who, 1)
        self.declares(TREASURER, 0, Money.of(1_111, Currency.EUR))
        self.reports(SECRETARY, Progress(Stage.WORKS, 60))

    def _finished(self) -> None:
        self.reports(SECRETARY, Progress(Stage.FINISHED, 100))
        self.confirms(TREASURER, 0)


@pytest.fixture
def furnished(engine: Engine, clock: MovedClock) -> Iterator[tuple[Engine, Snapshot]]:
    """A database with everybody in it, that does not wait for the disk."""
    fast = make_engine(engine.url.render_as_string(hide_password=False), durable=False)
    settle(fast)
    with transaction(fast) as session:
        everybody(session, clock())
    yield fast, Snapshot.of(fast)
    fast.dispose()


@pytest.mark.timeout(0 if NIGHTLY else 600)  # when it fails, Hypothesis looks for a shorter way there
def test_whatever_people_do_what_they_were_promised_holds(
    furnished: tuple[Engine, Snapshot], clock: MovedClock
) -> None:
    engine, snapshot = furnished
    examples, steps = SIZES[engine.dialect.name]
    Partnership.reached = Counter()

    class Here(Partnership):
        def __init__(self) -> None:
            super().__init__(engine, clock, snapshot)

    run_state_machine_as_test(
        Here,
        settings=hypothesis_settings(
            max_examples=examples,
            stateful_step_count=steps,
            suppress_health_check=list(HealthCheck),
            derandomize=not NIGHTLY,
        ),
    )
    done = {what for what in Partnership.reached if ":" not in what}
    assert len(done) >= REACHED[engine.dialect.name], Partnership.reached
