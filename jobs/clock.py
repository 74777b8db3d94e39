"""The clock of the worker: APScheduler tells when, `job_ticks` tells who."""

import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from jobs.ticks import BEAT, EPOCH, due_time, end_tick, keep_tick, take_tick
from service.container import Container

log = structlog.get_logger()

GRACE = timedelta(seconds=25)  # a supervisor gives 30 s between SIGTERM and SIGKILL


@dataclass(frozen=True)
class Job:
    """Work for each due time, done by one process of all; `run` returns how it went in a few words."""

    name: str
    every: timedelta
    run: Callable[[Container], str]


@dataclass(frozen=True)
class Loop:
    """Work that claims its own rows, so every process does it, as often as it likes: no tick is kept.

    `run` begins nothing more when its event is set: the process is leaving.
    """

    name: str
    every: timedelta
    run: Callable[[Container, threading.Event], object]


@dataclass(frozen=True)
class Clock:
    """A clock that runs, and what tells its loops that it is leaving."""

    scheduler: BackgroundScheduler
    stopping: threading.Event


def run_job(container: Container, job: Job, now: datetime) -> str:
    """Run a job for the tick `now` and return its outcome, or "taken" when another process has that tick.

    Raises what the job raises, after recording that it failed.
    """
    if not take_tick(container.engine, job.name, now, f"{socket.gethostname()}:{os.getpid()}"[:80], container.clock()):
        return "taken"
    outcome = "failed"
    try:
        with _alive(container, job, now):
            outcome = job.run(container)
    finally:
        end_tick(container.engine, job.name, now, container.clock(), outcome)
    return outcome


@contextmanager
def _alive(container: Container, job: Job, due: datetime) -> Iterator[None]:
    """Say while the block lasts that this process still has the tick."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT.total_seconds()):
            keep_tick(container.engine, job.name, due, container.clock())

    heart = threading.Thread(target=beat, name=f"{job.name} alive", daemon=True)
    heart.start()
    try:
        yield
    finally:
        over.set()
        heart.join()


def run_clock(container: Container, jobs: Sequence[Job], loops: Sequence[Loop]) -> None:
    """Run jobs and loops until SIGTERM or SIGINT; then start nothing new, and leave when what runs is done.

    After 25 s it leaves all the same, with exit status 1. Call it in the main thread, because signals arrive there.
    """
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda _number, _frame: stop.set())
    clock = start_clock(container, jobs, loops)
    log.info("clock.started", jobs=[job.name for job in jobs], loops=[loop.name for loop in loops])
    stop.wait()
    log.info("clock.stopping")
    if not stop_clock(clock):
        log.error("clock.abandoned_work", after_seconds=GRACE.total_seconds())
        # Python would wait for the pool's threads without end; a supervisor's SIGKILL would come first.
        os._exit(1)


def start_clock(container: Container, jobs: Sequence[Job], loops: Sequence[Loop]) -> Clock:
    """Start the clock in threads of its own, one for each job and loop, so that a slow one keeps none waiting.

    A job runs at its due times, and at once for the latest due time when nobody has run that, or when whoever began
    it is gone.
    """
    stopping = threading.Event()
    # A loop that is still at work when its next turn comes is no news.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    pool = ThreadPoolExecutor(max_workers=2 * len(jobs) + len(loops))
    scheduler = BackgroundScheduler(timezone=UTC, executors={"default": pool})
    for job in jobs:
        scheduler.add_job(_tick, args=(container, job), misfire_grace_time=None)
        scheduler.add_job(_tick, args=(container, job), **_times(job.every))
    for loop in loops:
        scheduler.add_job(_turn, args=(container, loop, stopping), **_times(loop.every))
    scheduler.start()
    return Clock(scheduler, stopping)


def stop_clock(clock: Clock) -> bool:
    """Start nothing new; tell whether all that was running ended within 25 s."""
    clock.stopping.set()
    ending = threading.Thread(target=clock.scheduler.shutdown, daemon=True)
    ending.start()
    ending.join(GRACE.total_seconds())
    return not ending.is_alive()


def _times(every: timedelta) -> dict[str, object]:
    # Late is better than never: a missed due time is run once when the machine is awake again.
    trigger = IntervalTrigger(seconds=every.total_seconds(), start_date=EPOCH, timezone=UTC)
    return {"trigger": trigger, "misfire_grace_time": None, "coalesce": True, "max_instances": 1}


def _tick(container: Container, job: Job) -> None:
    _guarded(job.name, lambda: run_job(container, job, due_time(container.clock(), job.every)))


def _turn(container: Container, loop: Loop, stopping: threading.Event) -> None:
    _guarded(loop.name, lambda: loop.run(container, stopping))


def _guarded(name: str, work: Callable[[], object]) -> None:
    try:
        work()
    except Exception:  # whatever a job does wrong, the clock and the other jobs go on
        log.exception("job.failed", job=name)
