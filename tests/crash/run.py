"""A run: people call, the service is killed and started again, and at the end all is compared."""

import logging
import os
import shlex
import signal
import tempfile
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy import Engine, func, select

from service.domain.states import MessageState
from service.models import Message
from service.models.session import make_engine, reading
from tests.crash.carrier import Receipts, carrying
from tests.crash.life import Program
from tests.crash.line import Line
from tests.crash.lives import QUIET, Lives, Shared, listen, start
from tests.crash.phones import Phones, Told
from tests.crash.points import ALL_POINTS
from tests.crash.stage import Clock, People, fresh_database, make_settings
from tests.crash.verdict import Verdict, judge
from tests.peers.africastalking import read_ledger

PHONES = 4
MUCH = 40  # messages
MOST_ACCIDENTS = 10  # then the program does not start at all
LOOK_EVERY = 0.02
# After the last kill: leases end, what is in doubt is looked at again, waits of retries are over.
AFTERWARDS = (timedelta(minutes=3), timedelta(hours=2), timedelta(hours=3), timedelta(minutes=3), timedelta(minutes=3))
SETTLES_WITHIN = 60.0
A_WHILE = timedelta(minutes=1)
STANDS_STILL = 0.3
UNDER_WAY = (MessageState.QUEUED, MessageState.ATTEMPTING)


@dataclass(frozen=True)
class Asked:
    """What to do: so many kills under a seed on a database, `sqlite` or a server's URL, perhaps with a fault."""

    kills: int
    seed: int
    database: str
    plant: str | None = None

    @property
    def command(self) -> str:
        """How to do the same again."""
        where = "" if self.database == "sqlite" else f" DATABASE={shlex.quote(self.database)}"
        return f"make crash KILLS={self.kills} SEED={self.seed}{where}{f' PLANT={self.plant}' if self.plant else ''}"


@dataclass(frozen=True)
class Result:
    """What came of a run."""

    kills: int
    verdict: Verdict
    remarks: list[str]

    @property
    def line(self) -> dict[str, int | str]:
        """The line that is printed."""
        verdict = self.verdict
        return {
            "kills": self.kills,
            "lost": len(verdict.lost),
            "doubled_facts": len(verdict.doubled_facts),
            "doubled_sends": len(verdict.doubled_sends),
            "unknown": verdict.unknown,
            "integrity": verdict.integrity,
        }


def run(asked: Asked) -> Result:
    """Do it in a folder that is gone afterwards."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    with (
        tempfile.TemporaryDirectory(prefix="tiwizi-crash-") as name,
        fresh_database(asked.database, Path(name)) as url,
        carrying(Path(name) / "ledger", asked.seed) as carrier,
    ):
        return _run(asked, Path(name), url, carrier)


def _run(asked: Asked, folder: Path, url: str, carrier: str) -> Result:
    shared, clock, listener = Shared(), Clock(), listen()
    program = Program(make_settings(url, carrier), make_engine(url), clock, listener, shared, asked.plant)
    people = People(program.engine, clock)
    program.warm_up(people)
    lives = Lives(asked.kills, asked.seed, shared, clock.move, program.begin)
    server = start(lives.run, folder / "lives.log")
    line = Line(listener.getsockname()[1])
    guard, go_on = threading.Lock(), threading.Event()
    callers = [Phones(number, asked.seed, line, people, guard, go_on) for number in range(PHONES)]
    receipts = Receipts(folder / "ledger", line, asked.seed, shared)
    try:
        for thread in (receipts, *callers):
            thread.start()
        while not (shared.kills.value >= asked.kills or _broken(shared, callers)):
            shared.idle.value = 0 if _due(program.engine, clock() - A_WHILE) else shared.idle.value + 1
            # Nobody calls while much is still to be sent, or in the end only callers would be served.
            (go_on.set if _due(program.engine, clock()) < MUCH else go_on.clear)()
            time.sleep(LOOK_EVERY)
        go_on.set()
        for caller in callers:
            caller.stop()
        for caller in callers if not _broken(shared, []) else ():
            caller.join()
        _settle(program.engine, clock, shared)
        receipts.stop()
    finally:
        os.kill(server, signal.SIGTERM)
        os.waitpid(server, 0)
        listener.close()
    told = [one for caller in callers for one in caller.notes.told]
    verdict = judge(program.engine, told, list(read_ledger(folder / "ledger")))
    program.engine.dispose()
    verdict.lost += [surprise for caller in callers for surprise in caller.notes.surprises]
    verdict.lost += [f"a {caller.name} went away" for caller in callers if not caller.notes.ended]
    return Result(shared.kills.value, verdict, _remarks(shared, line, told, folder))


def _settle(engine: Engine, clock: Clock, shared: Shared) -> None:
    for step in AFTERWARDS:
        until = time.monotonic() + SETTLES_WITHIN
        clock.move(step)
        calm_since = time.monotonic()
        while time.monotonic() - calm_since < STANDS_STILL and time.monotonic() < until:
            if _due(engine, clock()) or shared.quiet.value < QUIET:
                calm_since = time.monotonic()
            time.sleep(LOOK_EVERY)


def _due(engine: Engine, now: datetime) -> int:
    """Return how many messages are to be sent now or were being sent when their sender died."""
    due = select(func.count()).where(Message.state.in_(UNDER_WAY), Message.next_at <= now)
    with reading(engine) as session:
        return session.scalar(due) or 0


def _broken(shared: Shared, callers: list[Phones]) -> bool:
    return shared.accidents.value > MOST_ACCIDENTS or not all(one.is_alive() for one in callers)


def _remarks(shared: Shared, line: Line, told: list[Told], folder: Path) -> list[str]:
    kinds = {kind: sum(one.kind == kind for one in told) for kind in sorted({one.kind for one in told})}
    log = (folder / "lives.log").read_text()
    never = [name for name, times in zip(ALL_POINTS, shared.by_point, strict=True) if not times]
    return [
        f"told: {kinds}; answers of the hooks: {dict(line.heard)}",
        f"{shared.workers.value} workers; at points {sum(shared.by_point)}; never at: {', '.join(never) or 'none'}",
        f"died by themselves: {shared.accidents.value}",
        log[-4000:],
    ]
