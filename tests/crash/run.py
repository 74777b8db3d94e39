"""A run: people call, the service is killed and started again, and at the end all is compared."""

import logging
import os
import shlex
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import structlog
from sqlalchemy import func, select

from service.domain.states import MessageState
from service.messaging.claims import FRESH_DOUBT, LEASE
from service.models import Message
from service.models.session import make_engine, reading
from tests.crash.carrier import STORMS, Receipts, carrying
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
PAST_LEASE = LEASE + timedelta(minutes=1)
# Longer than the longest wait between two attempts: what is turned away at one step is tried again at the next. All of
# it is shorter than a reply is worth sending.
A_WAIT = timedelta(minutes=90)
UNTIL_ALL_IS_TRIED = (PAST_LEASE, A_WAIT, A_WAIT, A_WAIT, PAST_LEASE, PAST_LEASE, PAST_LEASE)
# Then a day, in which every digest is due; and what that wrote is tried as well.
AFTERWARDS = (*UNTIL_ALL_IS_TRIED, timedelta(days=1), *UNTIL_ALL_IS_TRIED)
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
        return {"kills": self.kills, **counts(self.verdict)}


def counts(verdict: Verdict) -> dict[str, int | str]:
    """Return what is printed of a verdict."""
    return {
        "lost": len(verdict.lost),
        "doubled_facts": len(verdict.doubled_facts),
        "doubled_sends": len(verdict.doubled_sends),
        "after_stop": len(verdict.after_stop),
        "unknown": verdict.unknown,
        "unknown_carried": verdict.unknown_carried,
        "integrity": verdict.integrity,
    }


def run(asked: Asked) -> Result:
    """Do it in a folder that is gone afterwards."""
    with stage(asked.database, asked.seed, STORMS) as (folder, url, carrier):
        shared, clock, listener = Shared(), Clock(), listen()
        program = Program(make_settings(url, carrier), make_engine(url), clock, listener, shared, asked.plant)
        people = People(program.engine, clock)
        program.warm_up(people)
        lives = Lives(asked.kills, asked.seed, shared, clock.move, program.begin)
        server = start(lives.run, folder / "lives.log")
        crowd = Crowd(people, Line(listener.getsockname()[1]), folder / "ledger", asked.seed, shared)
        try:
            crowd.start()
            while not (shared.kills.value >= asked.kills or crowd.broken):
                shared.idle.value = 0 if crowd.due(A_WHILE) else shared.idle.value + 1
                crowd.pace()
            crowd.stop()
            for step in AFTERWARDS:
                clock.move(step)
                crowd.settle()
        finally:
            os.kill(server, signal.SIGTERM)
            os.waitpid(server, 0)
            listener.close()
        verdict = crowd.judge()
        return Result(shared.kills.value, verdict, _remarks(shared, crowd, folder))


@contextmanager
def stage(database: str, seed: int, storms: float) -> Iterator[tuple[Path, str, str]]:
    """Have a folder, a database and a carrier while the block runs; gives the folder and the URLs."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    try:
        with (
            tempfile.TemporaryDirectory(prefix="tiwizi-crash-") as name,
            fresh_database(database, Path(name)) as url,
            carrying(Path(name) / "ledger", seed, storms) as carrier,
        ):
            yield Path(name), url, carrier
    finally:
        structlog.reset_defaults()


class Crowd:
    """People who call, and the carrier's receipts; and at the end what became of all."""

    def __init__(
        self, people: People, line: Line, ledger: Path, seed: int, shared: Shared, *, apart: bool = False
    ) -> None:
        """Nobody calls yet. Who stays `apart` never looks into the database."""
        self._people, self.line, self._ledger, self._shared = people, line, ledger, shared
        guard, self._go_on = threading.Lock(), threading.Event()
        self._callers = [
            Phones(number, seed, line, people, ledger, guard, self._go_on, apart=apart) for number in range(PHONES)
        ]
        self._receipts = Receipts(ledger, line, seed, shared)

    @property
    def broken(self) -> bool:
        """Whether the service does not start at all, or callers have given up."""
        return self._shared.accidents.value > MOST_ACCIDENTS or not all(one.is_alive() for one in self._callers)

    @property
    def told(self) -> list[Told]:
        """What carriers were answered for."""
        return [one for caller in self._callers for one in caller.notes.told]

    def start(self) -> None:
        """Let them call."""
        for thread in (self._receipts, *self._callers):
            thread.start()

    def pace(self) -> None:
        """Wait a little. Nobody calls while much is still to be sent, or in the end only callers would be served."""
        (self._go_on.set if self.due() < MUCH else self._go_on.clear)()
        time.sleep(LOOK_EVERY)

    def work_for(self, seconds: float) -> None:
        """Let them call for so long."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.pace()

    def stop(self) -> None:
        """Let all stories be told to their end."""
        self._go_on.set()
        for caller in self._callers:
            caller.stop()
        for caller in self._callers if self._shared.accidents.value <= MOST_ACCIDENTS else ():
            caller.join()

    def settle(self) -> None:
        """Return when for a moment nothing was to be sent and no receipt to be posted, or after a minute."""
        until = time.monotonic() + SETTLES_WITHIN
        calm_since = time.monotonic()
        while time.monotonic() - calm_since < STANDS_STILL and time.monotonic() < until:
            if self.due() or self._shared.quiet.value < QUIET:
                calm_since = time.monotonic()
            time.sleep(LOOK_EVERY)

    def due(self, since: timedelta = timedelta(0)) -> int:
        """Return how many messages are to be sent since then, or were being sent when their sender died.

        What waits for a phone that is freshly in doubt is not due: nothing but time ends that.
        """
        now = self._people.clock()
        doubted = select(Message.phone).where(
            Message.state == MessageState.UNKNOWN, Message.next_at > now - FRESH_DOUBT
        )
        due = select(func.count()).where(
            Message.state.in_(UNDER_WAY), Message.next_at <= now - since, Message.phone.not_in(doubted)
        )
        with reading(self._people.engine) as session:
            return session.scalar(due) or 0

    def judge(self) -> Verdict:
        """Compare all; call it when the service is gone."""
        self._receipts.stop()
        verdict = judge(self._people.engine, self.told, list(read_ledger(self._ledger)), self._people.clock())
        self._people.engine.dispose()
        verdict.lost += [surprise for caller in self._callers for surprise in caller.notes.surprises]
        verdict.lost += [f"{caller.name} gave up" for caller in self._callers if not caller.notes.ended]
        return verdict


def _remarks(shared: Shared, crowd: Crowd, folder: Path) -> list[str]:
    told = crowd.told
    kinds = {kind: sum(one.kind == kind for one in told) for kind in sorted({one.kind for one in told})}
    log = (folder / "lives.log").read_text()
    never = [name for name, times in zip(ALL_POINTS, shared.by_point, strict=True) if not times]
    return [
        f"told: {kinds}; answers of the hooks: {dict(crowd.line.heard)}",
        f"{shared.workers.value} workers; at points {sum(shared.by_point)}; never at: {', '.join(never) or 'none'}",
        f"died by themselves: {shared.accidents.value}",
        log[-4000:],
    ]
