"""The fork server: a process with one thread that has loaded the program, forks a child for each life, and counts."""

import ctypes
import gc
import os
import random
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from multiprocessing.sharedctypes import RawArray, RawValue
from pathlib import Path
from typing import Any

from service.messaging.claims import FRESH_DOUBT, LEASE
from tests.crash.points import ALL_POINTS, DUE, OF_DIGESTS, POINTS, SELDOM

ROLES = ("web", "worker")
# By the next life of a sender, the lease of what the last one held is over, and that is in doubt.
LATER = LEASE + timedelta(seconds=10)
# Now and then a sender is away so long that what stayed in doubt is sent once more, and digests are due.
LONG_AWAY, EVERY = timedelta(hours=1), 20
# What is in doubt for ten minutes may be sent once more: before, receipts must have come, as they do in the world.
QUIET_EVERY = FRESH_DOUBT // LATER
QUIET = 3  # looks that found nothing new
LONGEST_LIFE = 0.5  # seconds; who has not come by the point is killed as well
BY_TIME = {"web": 0.15, "worker": 0.25}  # of the lives are ended by time alone
SHORTEST, SHORT = 0.005, 0.3
# Points of what is always done, and of what is done when it is due.
POINTS_OF = {
    role: ([one for one in points if one not in DUE], [one for one in points if one in DUE] or list(points))
    for role, points in POINTS.items()
}
USUALLY = (0.85, 0.15)
PASSES = {"web": (1, 2, 3, 5, 8, 13, 21), "worker": (1, 1, 1, 2, 2, 3, 5)}
LOOK_EVERY = 0.02


@dataclass(frozen=True)
class Plan:
    """How a life ends: at the n-th pass of a point, after so many seconds, when nothing is left to do; or never."""

    point: str | None = None
    nth: int = 1
    seconds: float | None = None
    until_idle: bool = False


@dataclass
class Life:
    """A process that lives, until when, and whether it was killed by us."""

    pid: int
    until: float | None
    until_idle: bool


@dataclass
class Shared:
    """What the fork server and who watches it tell each other; made before the fork."""

    kills: Any = field(default_factory=lambda: RawValue(ctypes.c_long, 0))
    # Of these, of workers.
    workers: Any = field(default_factory=lambda: RawValue(ctypes.c_long, 0))
    # Deaths that nobody caused.
    accidents: Any = field(default_factory=lambda: RawValue(ctypes.c_long, 0))
    by_point: Any = field(default_factory=lambda: RawArray(ctypes.c_long, len(ALL_POINTS)))
    # How often in a row nothing new stood in the ledger, when all its receipts had been taken.
    quiet: Any = field(default_factory=lambda: RawValue(ctypes.c_long, 0))
    # How often in a row nothing that was due for a minute was waiting to be sent.
    idle: Any = field(default_factory=lambda: RawValue(ctypes.c_long, 0))


class Lives:
    """Two slots, web and worker: whoever dies in one is followed by the next."""

    def __init__(
        self,
        kills: int,
        seed: int,
        shared: Shared,
        move_clock: Callable[[timedelta], None],
        begin: Callable[[str, Plan], None],
    ) -> None:
        """Kill so many; `begin` is what a child does."""
        self._kills, self._shared, self._move, self._begin = kills, shared, move_clock, begin
        self._dice = random.Random(seed)  # noqa: S311  # the same plan again for the same seed
        self._slots: dict[str, Life] = {}
        self._next: dict[str, Plan] = {}

    def run(self) -> None:
        """Kill as many as planned, then let the last ones live until SIGTERM."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGTERM})
        while True:
            for role in ROLES:
                if role not in self._slots:
                    self._follow(role)
            arrived = signal.sigtimedwait({signal.SIGCHLD, signal.SIGTERM}, LOOK_EVERY)
            if arrived and arrived.si_signo == signal.SIGTERM:
                break
            self._end_overdue()
            self._bury()
        for life in self._slots.values():
            os.kill(life.pid, signal.SIGKILL)
            os.waitpid(life.pid, 0)

    @property
    def _over(self) -> bool:
        return bool(self._shared.kills.value >= self._kills)

    def _follow(self, role: str) -> None:
        """Begin the next life, unless it has to wait until all receipts have come."""
        plan = self._next.setdefault(role, self._plan(role))
        if role == "worker" and not self._over:
            away = LONG_AWAY if self._shared.workers.value % EVERY == 0 else DUE.get(plan.point or "")
            if (away or self._shared.workers.value % QUIET_EVERY == 0) and self._shared.quiet.value < QUIET:
                return
            self._move(away or LATER)
            self._shared.idle.value = 0
        del self._next[role]
        self._slots[role] = self._fork(role, self._plan(role) if self._over else plan)

    def _plan(self, role: str) -> Plan:
        if self._over:
            return Plan()
        if role == "worker" and self._shared.workers.value % EVERY == EVERY - 1:
            # Before a long absence all is sent, or it would be too late for much of it.
            return Plan(until_idle=True)
        if role == "worker" and self._shared.workers.value % EVERY == 0:
            return Plan(self._dice.choice(OF_DIGESTS), 1, LONGEST_LIFE)
        if self._dice.random() < BY_TIME[role]:
            return Plan(seconds=self._dice.uniform(SHORTEST, SHORT))
        point = self._dice.choice(self._dice.choices(POINTS_OF[role], weights=USUALLY)[0])
        return Plan(point, 1 if point in SELDOM else self._dice.choice(PASSES[role]), LONGEST_LIFE)

    def _fork(self, role: str, plan: Plan) -> Life:
        pid = os.fork()
        if not pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGCHLD, signal.SIGTERM})
            try:
                self._begin(role, plan)
            finally:
                # Never back into the loop of the parent.
                sys.excepthook(*sys.exc_info())  # it only ends by what it raises
                os._exit(1)
        until = None if plan.seconds is None else time.monotonic() + plan.seconds
        return Life(pid, until, plan.until_idle)

    def _end_overdue(self) -> None:
        for life in self._slots.values():
            idle = life.until_idle and self._shared.idle.value >= QUIET
            if idle or (life.until is not None and life.until < time.monotonic()):
                os.kill(life.pid, signal.SIGKILL)

    def _bury(self) -> None:
        for role, life in list(self._slots.items()):
            pid, status = os.waitpid(life.pid, os.WNOHANG)
            if not pid:
                continue
            del self._slots[role]
            killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            (self._shared.kills if killed else self._shared.accidents).value += 1
            if role == "worker":
                self._shared.workers.value += 1
                self._shared.quiet.value = 0


def start(run: Callable[[], None], log: Path) -> int:
    """Fork a process that runs this and writes to a log; return its id."""
    sys.stdout.flush()
    gc.collect()
    gc.freeze()  # what is loaded is never looked at again, so never copied
    pid = os.fork()
    if pid:
        return pid
    try:
        with log.open("ab") as file:
            for stream in (1, 2):
                os.dup2(file.fileno(), stream)
        run()
        os._exit(0)
    finally:
        sys.excepthook(*sys.exc_info())  # it only comes here by what it raises
        os._exit(1)


def listen() -> socket.socket:
    """Return a socket that all lives of the web answer, one after the other: who calls meanwhile waits."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    return listener
