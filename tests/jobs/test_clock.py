"""The clock: what it runs, what it survives, how it leaves."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, select
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from jobs import clock as clock_of_jobs
from jobs.clock import Job, Loop, run_job, start_clock, stop_clock
from jobs.ticks import DEAD_AFTER, TRY_AGAIN, due_time, take_tick
from service.container import Container
from service.models import JobTick
from service.models.session import reading
from tests.conftest import MovedClock

SOON = timedelta(milliseconds=50)
HOURLY = timedelta(hours=1)
PATIENCE = 60  # seconds after which a test that waits for an event has failed


@contextmanager
def ticking(container: Container, jobs: list[Job], loops: list[Loop]) -> Iterator[None]:
    clock = start_clock(container, jobs, loops)
    try:
        yield
    finally:
        assert stop_clock(clock)


def ticks(container: Container) -> list[tuple[str, str, bool]]:
    with reading(container.engine) as session:
        rows = session.scalars(select(JobTick).order_by(JobTick.job, JobTick.due_at))
        return [(tick.job, tick.outcome, tick.ended_at is not None) for tick in rows]


class Heard:
    """A job that remembers its runs."""

    def __init__(self, wanted: int = 1, fault: Exception | None = None) -> None:
        self.runs, self.enough = 0, threading.Event()
        self._wanted, self._fault = wanted, fault

    def __call__(self, container: Container, stopping: threading.Event | None = None) -> str:
        assert stopping is None or not stopping.is_set()
        assert isinstance(container, Container)
        self.runs += 1
        if self.runs >= self._wanted:
            self.enough.set()
        if self._fault:
            raise self._fault
        return f"run {self.runs}"


def test_a_job_runs_at_once_for_a_due_time_that_nobody_ran(container: Container) -> None:
    match = Heard()
    with ticking(container, [Job("match", HOURLY, match)], []):
        assert match.enough.wait(PATIENCE)
    assert ticks(container) == [("match", "run 1", True)]


def test_a_due_time_that_was_run_is_not_run_again_after_a_restart(container: Container) -> None:
    match, other = Heard(), Heard()
    with ticking(container, [Job("match", HOURLY, match)], []):
        assert match.enough.wait(PATIENCE)
    with ticking(container, [Job("match", HOURLY, match), Job("other", HOURLY, other)], []):
        assert other.enough.wait(PATIENCE)
    assert match.runs == 1


def test_a_job_that_raises_stops_neither_the_clock_nor_the_others(container: Container) -> None:
    broken, drain = Heard(fault=RuntimeError("no route to Taliouine")), Heard(wanted=3)
    failing = Heard(wanted=3, fault=ValueError("a loop may fail too"))
    with (
        capture_logs() as logs,
        ticking(
            container, [Job("broken", HOURLY, broken)], [Loop("drain", SOON, drain), Loop("failing", SOON, failing)]
        ),
    ):
        assert all(work.enough.wait(PATIENCE) for work in (broken, drain, failing))
    assert ("broken", "failed", True) in ticks(container)
    failed = [entry for entry in logs if entry["event"] == "job.failed"]
    assert {entry["job"] for entry in failed} == {"broken", "failing"}
    assert all(entry["exc_info"] for entry in failed)


def test_a_loop_leaves_no_ticks(container: Container) -> None:
    drain = Heard(wanted=2)
    with ticking(container, [], [Loop("drain", SOON, drain)]):
        assert drain.enough.wait(PATIENCE)
    assert ticks(container) == []


def test_a_slow_job_keeps_no_other_waiting_and_is_not_begun_twice(container: Container) -> None:
    begun, let_go, beside, slow_runs = threading.Event(), threading.Event(), Heard(wanted=3), []

    def slow(_: Container, _stopping: threading.Event) -> None:
        slow_runs.append(1)
        begun.set()
        let_go.wait(PATIENCE)

    def drain(container: Container, stopping: threading.Event) -> None:
        # What runs before the slow one begins shows nothing.
        if begun.is_set():
            beside(container, stopping)

    with ticking(container, [], [Loop("slow", SOON, slow), Loop("drain", SOON, drain)]):
        assert beside.enough.wait(PATIENCE)
        at_work = len(slow_runs)
        let_go.set()
    assert at_work == 1


def test_a_job_run_by_hand_says_how_it_went(container: Container) -> None:
    match = Job("match", HOURLY, Heard())
    assert run_job(container, match, container.clock()) == "run 1"
    assert ticks(container) == [("match", "run 1", True)]


def test_a_job_run_by_hand_does_not_hide_its_fault(container: Container) -> None:
    with pytest.raises(RuntimeError, match="no route"):
        run_job(container, Job("match", HOURLY, Heard(fault=RuntimeError("no route"))), container.clock())
    assert ticks(container) == [("match", "failed", True)]


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits here for minutes."""
    monkeypatch.setattr(clock_of_jobs, "ASK_EVERY", SOON)
    monkeypatch.setattr(clock_of_jobs, "BEAT", SOON)


class Away:
    """A database that does not do the first statements that begin so, and counts all of them."""

    def __init__(self, engine: Engine, beginning: str, faults: int = 0) -> None:
        self.asked, self.back = 0, threading.Event()
        self._beginning, self._faults = beginning, faults
        event.listen(engine, "before_cursor_execute", self._hear)

    def _hear(self, _connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith(self._beginning):
            self.asked += 1
            if self.asked <= self._faults:
                raise OperationalError(statement, None, ConnectionError("the server is away"))
            self.back.set()


@pytest.mark.usefixtures("often")
def test_a_job_whose_worker_was_killed_is_run_when_that_one_counts_as_gone(
    container: Container, clock: MovedClock
) -> None:
    match, other = Heard(), Heard(wanted=3)
    assert take_tick(container.engine, "match", due_time(clock(), HOURLY), "who was killed", clock())
    with ticking(container, [Job("match", HOURLY, match)], [Loop("other", SOON, other)]):
        assert other.enough.wait(PATIENCE)
        assert not match.runs
        clock.now += DEAD_AFTER + timedelta(seconds=1)
        assert match.enough.wait(PATIENCE)
    assert ticks(container) == [("match", "run 1", True)]


@pytest.mark.usefixtures("often")
def test_a_job_is_run_although_the_database_was_away_at_its_due_time(container: Container) -> None:
    match, away = Heard(), Away(container.engine, "INSERT INTO job_ticks", faults=2)
    with capture_logs(), ticking(container, [Job("match", HOURLY, match)], []):
        assert match.enough.wait(PATIENCE)
    assert away.asked == 3


@pytest.mark.usefixtures("often")
def test_a_job_that_failed_is_tried_again_after_a_while_and_not_at_once(
    container: Container, clock: MovedClock
) -> None:
    broken, asks = Heard(wanted=2, fault=RuntimeError("no route")), Away(container.engine, "INSERT INTO job_ticks")
    with capture_logs(), ticking(container, [Job("broken", HOURLY, broken)], []):
        while asks.asked < 5:
            asks.back.clear()
            assert asks.back.wait(PATIENCE)
        assert broken.runs == 1
        clock.now += TRY_AGAIN + timedelta(seconds=1)
        assert broken.enough.wait(PATIENCE)


@pytest.mark.usefixtures("often")
def test_a_worker_asks_no_more_for_what_it_has_done(container: Container, clock: MovedClock) -> None:
    match, asks, other = Heard(wanted=2), Away(container.engine, "INSERT INTO job_ticks"), Heard()
    with ticking(container, [Job("match", HOURLY, match)], [Loop("other", SOON, other)]):
        while other.runs < 9:
            other.enough.clear()
            assert other.enough.wait(PATIENCE)
        assert asks.asked == 1
        clock.now += HOURLY
        assert match.enough.wait(PATIENCE)
    assert asks.asked == 2


def test_what_was_due_while_the_machine_slept_is_done_when_it_wakes(container: Container, clock: MovedClock) -> None:
    match, drain = Heard(), Heard()
    running = start_clock(container, [Job("match", HOURLY, match)], [Loop("drain", timedelta(days=9999), drain)])
    try:
        for work in (match, drain):
            assert work.enough.wait(PATIENCE)
            work.enough.clear()
        clock.now += HOURLY
        for _ in range(PATIENCE * 20):
            # What is at work at that moment is passed over.
            for sleeper in running.scheduler.get_jobs():
                sleeper.modify(next_run_time=datetime.now(UTC) - timedelta(seconds=30))
            if match.enough.wait(SOON.total_seconds()) and drain.enough.wait(SOON.total_seconds()):
                break
        else:
            pytest.fail("what was missed is never done")
    finally:
        assert stop_clock(running)


@pytest.mark.usefixtures("often")
def test_a_beat_that_fails_is_not_the_last(container: Container) -> None:
    beats = Away(container.engine, "UPDATE job_ticks", faults=2)

    def work(_: Container) -> str:
        assert beats.back.wait(PATIENCE)
        return "done"

    with capture_logs() as logs:
        assert run_job(container, Job("match", HOURLY, work), container.clock()) == "done"
    assert [entry["event"] for entry in logs] == ["job.beat_failed"] * 2
    assert ticks(container) == [("match", "done", True)]


@pytest.mark.usefixtures("often")
def test_a_run_whose_tick_another_has_taken_beats_no_more_and_ends_nothing(
    container: Container, clock: MovedClock
) -> None:
    now = clock()
    later = now + DEAD_AFTER + timedelta(seconds=1)

    def work(_: Container) -> str:
        assert take_tick(container.engine, "match", now, "another", later)
        (heart,) = (thread for thread in threading.enumerate() if thread.name == "match alive")
        heart.join(PATIENCE)
        assert not heart.is_alive()
        return "done"

    with capture_logs() as logs:
        assert run_job(container, Job("match", HOURLY, work), now) == "done"
    assert [entry["event"] for entry in logs] == ["job.tick_lost"]
    assert ticks(container) == [("match", "", False)]


WORKER = """
import sys, threading
from datetime import timedelta
from jobs import clock
from service.container import Container, make_container
from service.logs import set_up_logs
from service.models.migrations import upgrade
from service.settings import Settings

set_up_logs()
kind, folder = sys.argv[1:]
container = make_container(Settings(_env_file=None, database_url=f"sqlite:///{folder}/worker.db"))
upgrade(container.engine)
stopping = threading.Event()

def polite(_):
    print("working", flush=True)
    sys.stdin.readline()
    print("finished", flush=True)
    return "done"

def endless(_):
    print("working", flush=True)
    threading.Event().wait()

clock.GRACE = timedelta(seconds=1) if kind == "endless" else clock.GRACE
work = {"polite": polite, "endless": endless}[kind]
clock.run_clock(container, [clock.Job("work", timedelta(days=1), work)], [])
print("left", flush=True)
"""


@contextmanager
def worker(kind: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    """A worker whose one job has begun."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, kind, str(folder)],
        text=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "working\n"
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("asked", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_that_is_asked_to_stop_finishes_its_job_first(asked: signal.Signals, tmp_path: Path) -> None:
    with worker("polite", tmp_path) as process:
        process.send_signal(asked)
        said, _ = process.communicate("go on\n", timeout=PATIENCE)
        assert said.splitlines() == ["finished", "left"]
        assert process.returncode == 0


def test_a_worker_does_not_wait_for_ever_for_a_job_that_does_not_end(tmp_path: Path) -> None:
    with worker("endless", tmp_path) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=PATIENCE) == 1
