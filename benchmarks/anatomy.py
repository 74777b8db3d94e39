"""Where the time of a turn goes: one thread in this process plays turns, a timer notes what it is at."""

import signal
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from flask import Flask
from sqlalchemy import Engine, event

from benchmarks import conversations, country
from benchmarks.bare import wsgi as bare
from benchmarks.conversations import Conversation
from benchmarks.country import Caller
from benchmarks.inside import calls_of, container_of, play
from benchmarks.load import Turn
from wsgi import make_app

Row = dict[str, str | float | int | None]
BUILD = Path(__file__).parents[1] / "build"
EVERY = 0.001  # seconds between two looks
WARM_UP = 50
BENCHMARK = "the benchmark itself"
TURNS = {
    "dial": (conversations.dial, 600),
    "mid-dialogue turn": (conversations.middle, 800),
    "fact turn": (conversations.fact, 600),
}
# Whoever is found first, going outward from the innermost call, has the moment.
OWNERS = (
    ("/service/domain/segments.py", "measuring and folding text"),
    ("/copy.py", "copying the journal"),
    ("/service/locales/", "speaking: catalogues, numbers"),
    ("/ussd/engine/", "replay and paging"),
    ("/ussd/dialogues/", "replay and paging"),
    ("/service/security.py", "keyed hashes, tokens"),
    ("/service/web/headers.py", "security headers"),
    ("/sqlalchemy/", "SQLAlchemy and the database"),
    ("/ussd/", "journal store"),
    ("/service/web/hook.py", "checking the callback, its phone number"),
    ("/flask/", "Flask and Werkzeug"),
    ("/werkzeug/", "Flask and Werkzeug"),
)


def measure() -> list[Row]:
    """Return, for each kind of turn on SQLite, its CPU, its SQL statements, and the microseconds of each part of it.

    Raises ValueError when a reply is not as it must be.
    """
    with tempfile.TemporaryDirectory(dir=BUILD) as folder, country.database("SQLite", Path(folder)) as url:
        container = container_of(url)
        app = make_app(container)
        phones = iter(country.callers())
        bare_us = _bare_us()
        rows = [_row("bare Flask: CPU", bare_us, "µs", None, None, 1_000)]
        for name, (kind, count) in TURNS.items():
            rows += _dissect(app, name, kind, count, phones, bare_us)
        container.engine.dispose()
    return rows


def _dissect(
    app: Flask, name: str, kind: Callable[[Caller], Conversation], count: int, phones: Iterator[Caller], bare_us: float
) -> Iterable[Row]:
    talks = [kind(next(phones)) for _ in range(WARM_UP + count)]
    play(app, calls_of(turn for talk in talks for turn in talk.before))
    play(app, calls_of(turn for talk in talks[:WARM_UP] for turn in talk.measured))
    measured = calls_of(turn for talk in talks[WARM_UP:] for turn in talk.measured)
    looks: Counter[str] = Counter()
    with _statements_counted() as statements, _looking(looks):
        wall, cpu = play(app, measured)
    turns, whole = len(measured), f"{name}, one thread"
    yield _row(f"{name}: CPU", cpu / turns * 1e6, "µs", "bare Flask: CPU", cpu / turns * 1e6 / bare_us, turns)
    yield _row(f"{name}: SQL statements", statements.total() / turns, "a turn", None, None, turns)
    yield _row(whole, wall / turns * 1e6, "µs", None, None, turns)
    for owner, seen in looks.most_common():
        share = seen / looks.total()
        yield _row(f"{name}: {owner}", share * wall / turns * 1e6, "µs", whole, share, seen)


def _bare_us() -> float:
    """Return the CPU of a bare Flask turn in microseconds, in one thread and without a server."""
    turns = [Turn(turn.form, "CON Tiwizi") for turn in conversations.middle(country.callers()[0]).measured] * 200
    return play(bare.app, calls_of(turns))[1] / len(turns) * 1e6


@contextmanager
def _looking(looks: Counter[str]) -> Iterator[None]:
    """Note every millisecond of the block, by a signal, which part of the program has it."""

    def look(_number: int, frame: FrameType | None) -> None:
        owner = _owner(frame)
        if owner != BENCHMARK:
            looks[owner] += 1

    before = signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, EVERY, EVERY)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _owner(frame: FrameType | None) -> str:
    while frame:
        path = frame.f_code.co_filename
        for part, owner in OWNERS:
            if part in path:
                return owner
        frame = frame.f_back
    return BENCHMARK


@contextmanager
def _statements_counted() -> Iterator[Counter[str]]:
    counted: Counter[str] = Counter()

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        counted[statement] += 1

    event.listen(Engine, "before_cursor_execute", count)
    try:
        yield counted
    finally:
        event.remove(Engine, "before_cursor_execute", count)


def _row(name: str, value: float, unit: str, against: str | None, ratio: float | None, n: int) -> Row:
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "against": against,
        "ratio": ratio,
        "p50_ms": None,
        "p99_ms": None,
        "n": n,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
