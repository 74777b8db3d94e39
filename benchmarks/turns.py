"""A turn of a conversation under load, beside a Flask route that does nothing under the same server."""

import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from statistics import median_low

from benchmarks import conversations, country
from benchmarks.conversations import Conversation
from benchmarks.country import Caller
from benchmarks.load import CONNECTIONS, Played, Talk, Turn, drive, play
from benchmarks.servers import BARE, PATH, SERVICE, Server, serving

Row = dict[str, str | float | int | None]
SECONDS = 2.0
ROUNDS = 3
MANY = 200  # connections, beside the usual ones
WARM_UP = 1.0
# More conversations than a round is expected to use, so that it rarely runs out of them.
MARGIN = 1.4
BUILD = Path(__file__).parents[1] / "build"


class NotEnoughPhonesError(Exception):
    """The country has fewer phones than a round uses: each may hold one conversation at a time."""


def measure() -> list[Row]:
    """Return the rows of the benchmark table (contract, *Benchmarks*), for each database that can be had here.

    A row whose replies were not all as they must be has no value, and says in `invalid` what came instead.
    """
    if "PostgreSQL" not in country.backends():
        print("WARNING: PostgreSQL not reachable, so not measured: start one (tests/tools.sh does).", file=sys.stderr)
    return [row for backend in country.backends() for row in on(backend)]


def on(backend: str) -> list[Row]:
    """Return the rows of one database. The servers take turns, so that a noisy minute falls on all of them."""
    rows: list[Row] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=BUILD)))
        url = stack.enter_context(country.database(backend, folder))
        yardstick = stack.enter_context(serving(BARE, folder, url))
        service = stack.enter_context(serving(SERVICE, folder, url))
        callers = country.callers()
        # A dial finds a conversation that was left half-way: who is to be greeted has not called before.
        known, fresh = Callers(service, callers[5_000:]), Callers(service, callers[:5_000])
        for connections in (CONNECTIONS, MANY):
            bare = Subject("bare Flask", yardstick, nothing, 15_000, connections)
            subjects = [
                bare,
                Subject("mid-dialogue turn", service, known.begin(conversations.middle), 2_000, connections),
                Subject("fact turn", service, known.begin(conversations.fact), 300, connections),
                Subject("whole conversation, each turn", service, fresh.begin(conversations.whole), 1_000, connections),
            ]
            take_turns(subjects)
            rows += [*(subject.row(backend, bare) for subject in subjects), _generator_row(backend, bare)]
    return rows


def take_turns(subjects: Sequence["Subject"]) -> None:
    """Measure all of them, round by round."""
    for subject in subjects:
        subject.warm_up()
    for _ in range(ROUNDS):
        for subject in subjects:
            subject.measure()


@dataclass
class Subject:
    """Something measured: a server, what makes `count` turns to play on it, and the turns a second it may take."""

    name: str
    server: Server
    make: Callable[[int, int], list[Talk]]
    expected: float
    connections: int = CONNECTIONS
    rounds: list["Round"] = field(default_factory=list)

    def warm_up(self) -> None:
        """Play without counting, and learn how fast it goes."""
        self._play(WARM_UP)

    def measure(self) -> None:
        """Play a round that counts."""
        self.rounds.append(self._play(SECONDS))

    def row(self, backend: str, bare: "Subject") -> Row:
        """Return the row of the round whose rate is in the middle."""
        middle, yardstick = self.typical(), bare.typical()
        wrong = next((each.load.wrong for each in self.rounds if each.load.wrong), None)
        return {
            "name": f"{self.name}, {backend}{self.crowd}",
            "value": None if wrong else middle.load.rate,
            "unit": "req/s",
            "against": bare.name,
            "ratio": None if wrong else middle.load.rate / yardstick.load.rate,
            "p50_ms": middle.load.percentile(50),
            "p99_ms": middle.load.percentile(99),
            "n": sum(len(each.load.latencies) for each in self.rounds),
            "at": now(),
            "cpu_us": middle.cpu_us,
            **({"invalid": wrong} if wrong else {}),
        }

    @property
    def crowd(self) -> str:
        """How many connections, where it is another number than usual."""
        return "" if self.connections == CONNECTIONS else f", {self.connections} connections"

    def typical(self) -> "Round":
        """Return the round whose rate is in the middle."""
        rate = median_low([each.load.rate for each in self.rounds])
        return next(each for each in self.rounds if each.load.rate == rate)

    def _play(self, seconds: float) -> "Round":
        while True:
            talks = self.make(round(self.expected * seconds), self.connections)
            before = self.server.cpu_seconds()
            load = drive(self.server.port, PATH, talks, seconds, self.connections)
            spent = self.server.cpu_seconds() - before
            if not load.ran_out or load.wrong:
                self.expected = load.rate * MARGIN
                return Round(load, spent / len(load.latencies) * 1e6)
            self.expected *= 2


@dataclass(frozen=True)
class Round:
    """One measurement, and the CPU that server and database took, in microseconds a request."""

    load: Played
    cpu_us: float


def nothing(count: int, connections: int) -> list[Talk]:
    """Return turns as the service is sent them, for a server that answers all alike."""
    talks = [conversations.middle(caller).measured for caller in country.callers()[:connections]]
    alike = [[Turn(turn.form, "CON Tiwizi") for turn in talk] for talk in talks]
    return list(islice(cycle(alike), count // len(alike[0])))


class Callers:
    """Phones, in turn: each conversation is brought to where it is measured from, before the clock starts."""

    def __init__(self, server: Server, callers: Sequence[Caller]) -> None:
        """Let the phones call this server."""
        self.server = server
        self.callers = callers
        self.next_one: Iterator[Caller] = cycle(callers)

    def begin(self, conversation: Callable[[Caller], Conversation]) -> Callable[[int, int], list[Talk]]:
        """Return what begins conversations and gives the rest of them to be played, `count` turns or a few more.

        Its second parameter is the connections, each of which wants a conversation.

        Raises NotEnoughPhonesError, ValueError when a conversation does not begin as it must.
        """
        return lambda count, connections: self._begun(conversation, count, connections)

    def _begun(self, conversation: Callable[[Caller], Conversation], count: int, connections: int) -> list[Talk]:
        needed = connections + count // len(conversation(self.callers[0]).measured)
        if needed > len(self.callers):
            raise NotEnoughPhonesError(f"{needed} conversations at once, {len(self.callers)} phones")
        begun = [conversation(caller) for caller in islice(self.next_one, needed)]
        played = play(self.server.port, PATH, [each.before for each in begun])
        if played.wrong:
            raise ValueError(f"a conversation did not begin: {played.wrong}")
        return [each.measured for each in begun]


def _generator_row(backend: str, bare: Subject) -> Row:
    typical = bare.typical()
    turns = len(typical.load.latencies)
    own_us = typical.load.cpu_seconds / turns * 1e6
    return {
        "name": f"load generator's own CPU, bare Flask, {backend}{bare.crowd}",
        "value": own_us,
        "unit": "µs/req",
        "against": "CPU of the bare server",
        "ratio": own_us / typical.cpu_us,
        "p50_ms": None,
        "p99_ms": None,
        "n": turns,
        "at": now(),
        "cpu_us": None,
    }


def now() -> str:
    """Return the time of a row."""
    return datetime.now(UTC).isoformat(timespec="seconds")
