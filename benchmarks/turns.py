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
from benchmarks.load import CONNECTIONS, Load, drive
from benchmarks.servers import BARE, PATH, SERVICE, Server, serving
from benchmarks.sockets import Script, Turn, play

Row = dict[str, str | float | int | None]
SECONDS = 3.0
ROUNDS = 3
WARM_UP = 1.0
# More conversations than a round is expected to use, so that it rarely runs out of them.
MARGIN = 1.6
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
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir=BUILD)))
        url = stack.enter_context(country.database(backend, folder))
        bare = Subject("bare Flask", stack.enter_context(serving(BARE, folder, url)), nothing, 8_000)
        service = stack.enter_context(serving(SERVICE, folder, url))
        dialling = Dialling(service)
        subjects = [
            bare,
            Subject("mid-dialogue turn", service, dialling.into(conversations.middle), 1_000),
            Subject("fact turn", service, dialling.into(conversations.fact), 1_000),
        ]
        for subject in subjects:
            subject.warm_up()
        for _ in range(ROUNDS):
            for subject in subjects:
                subject.measure()
    return [*(subject.row(backend, bare) for subject in subjects), _generator_row(backend, bare)]


@dataclass
class Subject:
    """Something measured: a server, what makes `count` turns to play on it, and the turns a second it may take."""

    name: str
    server: Server
    make: Callable[[int], list[Script]]
    expected: float
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
            "name": f"{self.name}, {backend}",
            "value": None if wrong else middle.load.rate,
            "unit": "req/s",
            "against": bare.name,
            "ratio": None if wrong else middle.load.rate / yardstick.load.rate,
            "p50_ms": middle.load.p50_ms,
            "p99_ms": middle.load.p99_ms,
            "n": sum(each.load.requests for each in self.rounds),
            "at": _now(),
            "cpu_us": middle.cpu_us,
            **({"invalid": wrong} if wrong else {}),
        }

    def typical(self) -> "Round":
        """Return the round whose rate is in the middle."""
        rate = median_low([each.load.rate for each in self.rounds])
        return next(each for each in self.rounds if each.load.rate == rate)

    def _play(self, seconds: float) -> "Round":
        while True:
            scripts = self.make(round(self.expected * seconds))
            before = self.server.cpu_seconds()
            load = drive(self.server.port, PATH, scripts, seconds)
            spent = self.server.cpu_seconds() - before
            if not load.ran_out or load.wrong:
                self.expected = load.rate * MARGIN
                return Round(load, spent / load.requests * 1e6)
            self.expected *= 2


@dataclass(frozen=True)
class Round:
    """One measurement, and the CPU that server and database took, in microseconds a request."""

    load: Load
    cpu_us: float


def nothing(count: int) -> list[Script]:
    """Return turns as the service is sent them, for a server that answers all alike."""
    forms = cycle([turn.form for caller in country.callers()[:CONNECTIONS] for turn in conversations.middle(caller)])
    each = -(-count // CONNECTIONS)
    return [[Turn(form, "CON Tiwizi") for form in islice(forms, each)] for _ in range(CONNECTIONS)]


class Dialling:
    """The phones of the country, in turn: each is dialled to where a conversation is measured from."""

    def __init__(self, server: Server) -> None:
        """Let the phones call this server."""
        self.server = server
        self.callers = country.callers()
        self.next_one: Iterator[country.Caller] = cycle(self.callers)

    def into(self, conversation: Conversation) -> Callable[[int], list[Script]]:
        """Return what begins conversations and gives the rest of them, `count` turns or a few more, to be played.

        Raises NotEnoughPhonesError.
        """
        return lambda count: self._begun(conversation, count)

    def _begun(self, conversation: Conversation, count: int) -> list[Script]:
        turns_each = len(conversation(self.callers[0])) - 1
        needed = max(CONNECTIONS, -(-count // turns_each))
        if needed > len(self.callers):
            raise NotEnoughPhonesError(f"{needed} conversations at once, {len(self.callers)} phones")
        begun = [conversation(caller) for caller in islice(self.next_one, needed)]
        self._dial([turns[:1] for turns in begun])
        return _dealt([turns[1:] for turns in begun])

    def _dial(self, first: Sequence[Script]) -> None:
        played = play(self.server.port, PATH, _dealt(first))
        if played.wrong:
            raise ValueError(f"a conversation did not begin: {played.wrong}")


def _dealt(conversations_: Sequence[Script]) -> list[Script]:
    """Give each connection its share of whole conversations."""
    return [[turn for script in conversations_[place::CONNECTIONS] for turn in script] for place in range(CONNECTIONS)]


def _generator_row(backend: str, bare: Subject) -> Row:
    typical = bare.typical()
    return {
        "name": f"load generator's own CPU, bare Flask, {backend}",
        "value": typical.load.generator_us,
        "unit": "µs/req",
        "against": "CPU of the bare server",
        "ratio": typical.load.generator_us / typical.cpu_us,
        "p50_ms": None,
        "p99_ms": None,
        "n": typical.load.requests,
        "at": _now(),
        "cpu_us": None,
    }


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
