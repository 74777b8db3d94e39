"""Many workers on one database, as processes: one stops for longer than its lease, and each tick is run once."""

import ctypes
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from multiprocessing import get_context
from multiprocessing.sharedctypes import RawArray
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select

from jobs.ticks import take_tick
from service.domain.states import MessageState
from service.messaging.claims import FRESH_DOUBT
from service.messaging.sender import LEASE, drain
from service.models import Message
from service.models.session import make_engine, reading
from tests.conftest import BACKENDS, POSTGRES_URL
from tests.crash.points import ALL_POINTS, Killer
from tests.crash.run import stage
from tests.crash.stage import Clock, People, hold, make_settings
from tests.peers.africastalking import read_ledger

WORKERS, TICKS = 5, 1_000
VILLAGES = 100
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FORK = get_context("fork")
pytestmark = pytest.mark.served


def work(url: str, carrier: str, clock: Clock, stops_at: str | None) -> None:
    """Send until killed; one of all stops itself at a point."""
    settings = make_settings(url, carrier)
    Killer(stops_at, 1, RawArray(ctypes.c_long, len(ALL_POINTS)), by=signal.SIGSTOP).install("worker")
    container = hold(settings, make_engine(url), clock)
    while True:
        drain(container)
        time.sleep(0.01)


@contextmanager
def workers(url: str, carrier: str, clock: Clock, stops_at: str) -> Iterator[int]:
    """Have five workers while the block runs; gives the id of the one that stops."""
    processes = [
        FORK.Process(target=work, args=(url, carrier, clock, None if number else stops_at)) for number in range(WORKERS)
    ]
    try:
        for process in processes:
            process.start()
            # The first has the field for itself until it has stopped.
            await_true(lambda: not processes[0].pid or stopped(processes[0].pid))
        yield processes[0].pid or 0
    finally:
        for process in processes:
            process.kill()
            process.join()
            process.close()


def stopped(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def await_true(done: Callable[[], bool], within: float = 120.0) -> None:
    until = time.monotonic() + within
    while not done():
        assert time.monotonic() < until, "it never came to that"
        time.sleep(0.02)


def counted(engine: Engine) -> Counter[MessageState]:
    with reading(engine) as session:
        rows = session.execute(select(Message.state, func.count()).group_by(Message.state)).all()
    return Counter({state: count for state, count in rows})  # noqa: C416  # rows are no pairs to the type checker


@pytest.mark.skipif("postgresql" not in BACKENDS, reason="needs a PostgreSQL server")
@pytest.mark.parametrize("point", ["before call", "before answer of the carrier", "after call"])
def test_a_worker_that_stops_for_longer_than_its_lease_sends_nothing_twice(point: str) -> None:
    assert POSTGRES_URL
    with stage(POSTGRES_URL, 1, storms=0) as (folder, url, carrier):
        engine, clock = make_engine(url), Clock()
        People(engine, clock).gather(VILLAGES)
        engine.dispose()
        with workers(url, carrier, clock, point) as pid:
            # What it holds keeps back a later message to the same phone, and nothing else.
            await_true(lambda: counted(engine)[MessageState.QUEUED] <= counted(engine)[MessageState.ATTEMPTING])
            clock.move(LEASE + timedelta(minutes=1))
            await_true(lambda: not counted(engine)[MessageState.ATTEMPTING])
            assert counted(engine)[MessageState.UNKNOWN]
            # While that is freshly in doubt, its phone still waits.
            clock.move(FRESH_DOUBT)
            await_true(lambda: not {MessageState.QUEUED, MessageState.ATTEMPTING} & set(counted(engine)))
            os.kill(pid, signal.SIGCONT)
            await_true(lambda: set(counted(engine)) == {MessageState.ACCEPTED})
        carried = Counter((one.phone, one.text) for one in read_ledger(folder / "ledger"))
        assert set(carried.values()) == {1}
        assert carried.total() == counted(engine).total()
        engine.dispose()


def take(url: str, number: int) -> list[datetime]:
    """Ask for a thousand ticks, as one clock of many."""
    engine = make_engine(url)
    dues = [NOON + timedelta(minutes=minute) for minute in range(TICKS)]
    taken = [due for due in dues if take_tick(engine, "match", due, f"worker {number}", NOON)]
    engine.dispose()
    return taken


def test_five_clocks_run_each_of_a_thousand_ticks_once(engine: Engine) -> None:
    url = engine.url.render_as_string(hide_password=False)
    engine.dispose()
    with ProcessPoolExecutor(WORKERS, mp_context=FORK) as pool:
        taken = [due for dues in pool.map(take, [url] * WORKERS, range(WORKERS)) for due in dues]
    assert len(taken) == len(set(taken)) == TICKS
