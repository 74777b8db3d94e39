"""The clock of the worker: APScheduler tells when, `job_ticks` tells who."""

import logging
import os
import signal
import socket
import threading
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.combining import OrTrigger
from apscheduler.triggers.date import DateTrigger
from apscheduler.triggers.interval import IntervalTrigger
from sqlalchemy.exc import SQLAlchemyError

from jobs.ticks import BEAT, FAILED, due_time, end_tick, keep_tick, take_tick
from service.container import Container

log = structlog.get_logger()

GRACE = timedelta(seconds=25)  # a supervisor gives 30 s between SIGTERM and SIGKILL
# How often each process asks for a due time that it has not seen done: whoever began it may be gone, or the database
# may have been away.
ASK_EVERY = timedelta(minutes=1)
TAKEN = "taken"


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
    """Run a job for the tick `now` and return its outcome, or "taken" when another has that tick.

    Raises what the job raises, after recording that it failed.
    """
    # Each run by itself: in two containers of one name both may be process 1.
    owner = f"{uuid.uuid4().hex[:8]} {socket.gethostname()}:{os.getpid()}"[:80]
    if not take_tick(container.engine, job.name, now, owner, container.clock()):
        return TAKEN
    outcome = FAILED
    try:
        with _alive(container, job, now, owner):
            outcome = job.run(container)
    finally:
        end_tick(container.engine, job.name, now, owner, container.clock(), outcome)
    return outcome


@contextmanager
def _alive(container: Container, job: Job, due: datetime, owner: str) -> Iterator[None]:
    """Say while the block lasts that `owner` still has the tick."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(BEAT.total_seconds()):
            try:
                if not keep_tick(container.engine, job.name, due, owner, container.clock()):
                    log.warning("job.tick_lost", job=job.name)
                    return
            except SQLAlchemyError:  # a database that is back by the next beat has lost nothing
                log.exception("job.beat_failed", job=job.name)

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

    A job runs within a minute of its due times, and at once for the latest due time when nobody has run that. When
    whoever began it is gone, or it failed, it runs again as `take_tick` allows.
    """
    stopping = threading.Event()
    # A loop that is still at work when its next turn comes is no news.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    pool = ThreadPoolExecutor(max_workers=len(jobs) + len(loops))
    scheduler = BackgroundScheduler(timezone=UTC, executors={"default": pool})
    for job in jobs:
        scheduler.add_job(_Asker(container, job).ask, **_times(min(job.every, ASK_EVERY)))
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
    # At once, then so often. Late is better than never: a missed due time is run once when the machine is awake again.
    often = IntervalTrigger(seconds=every.total_seconds(), timezone=UTC)
    trigger = OrTrigger([DateTrigger(timezone=UTC), often])
    return {"trigger": trigger, "misfire_grace_time": None, "coalesce": True, "max_instances": 1}


class _Asker:
    """Asks for a job's latest due time, until this process has done it."""

    def __init__(self, container: Container, job: Job) -> None:
        self._container, self._job = container, job
        self._done: datetime | None = None

    def ask(self) -> None:
        _guarded(self._job.name, self._ask)

    def _ask(self) -> None:
        due = due_time(self._container.clock(), self._job.every)
        if due != self._done and run_job(self._container, self._job, due) != TAKEN:
            self._done = due


def _turn(container: Container, loop: Loop, stopping: threading.Event) -> None:
    _guarded(loop.name, lambda: loop.run(container, stopping))


def _guarded(name: str, work: Callable[[], object]) -> None:
    try:
        work()
    except Exception:  # whatever a job does wrong, the clock and the other jobs go on
        log.exception("job.failed", job=name)
