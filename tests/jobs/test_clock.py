"""The clock: what it runs, what it survives, how it leaves."""

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from jobs.clock import Job, Loop, run_job, start_clock, stop_clock
from service.container import Container
from service.models import JobTick
from service.models.session import reading

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
