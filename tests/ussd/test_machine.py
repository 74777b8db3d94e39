"""Whatever people, carriers and processes do, and in whatever order, the conversations keep their promises.

In CI a few conversations; with `TIWIZI_NIGHTLY=1` 2,000 of 50 steps, on SQLite (CONTRIBUTING.md). A failure prints the
steps that lead there, as few as Hypothesis can find.
"""

import os
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import Engine

from service.container import Container
from service.gateways.console import ConsoleGateway
from service.models.session import make_engine, transaction
from service.settings import Settings
from tests.conftest import MovedClock
from tests.ussd.facts import Ledger, Snapshot
from tests.ussd.machine import TALK, Talks
from tests.ussd.projects import everybody
from tests.world import settle
from ussd import sessions
from ussd.journals import Journals

NIGHTLY = os.environ.get("TIWIZI_NIGHTLY") == "1"
# Conversations, and steps of each.
SIZES = {"sqlite": (2_000, 50), "postgresql": (200, 50)} if NIGHTLY else {"sqlite": (60, 30), "postgresql": (15, 30)}
# How many dialogues must begin, and in how many ways facts must change: one that gets nowhere promises nothing.
REACHED = {"sqlite": (25, 40), "postgresql": (20, 25)} if NIGHTLY else {"sqlite": (15, 12), "postgresql": (8, 4)}


@pytest.fixture
def furnished(engine: Engine, settings: Settings, clock: MovedClock) -> Iterator[tuple[Container, Snapshot]]:
    """A database with everybody in it, that does not wait for the disk: the machine kills no machine."""
    fast = make_engine(engine.url.render_as_string(hide_password=False), durable=False)
    settle(fast)
    with transaction(fast) as session:
        everybody(session, clock())
    yield Container(settings, fast, {"console": ConsoleGateway()}, clock), Snapshot.of(fast)
    fast.dispose()


@pytest.mark.timeout(0 if NIGHTLY else 600)  # when it fails, Hypothesis looks for a shorter way there
def test_whatever_happens_conversations_keep_their_promises(
    furnished: tuple[Container, Snapshot], clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Journals are written when the machine says so: what a killed process loses must not depend on the time.
    monkeypatch.setattr(Journals, "_write_behind", lambda _self: None)
    monkeypatch.setattr(sessions, "sleep", lambda _seconds: None)
    container, snapshot = furnished
    examples, steps = SIZES[container.engine.dialect.name]
    ledger = Ledger(container.engine)
    Talks.reached = Counter()

    class Here(Talks):
        def __init__(self) -> None:
            super().__init__(container, clock, ledger, snapshot)

    run_state_machine_as_test(
        Here,
        settings=hypothesis_settings(
            max_examples=examples,
            stateful_step_count=steps,
            suppress_health_check=list(HealthCheck),
            derandomize=not NIGHTLY,
        ),
    )
    talks = {one for one in Talks.reached if one.startswith(TALK)}
    dialogues, ways = REACHED[container.engine.dialect.name]
    assert len(talks) >= dialogues, talks
    assert len(Talks.reached) - len(talks) >= ways, Talks.reached
