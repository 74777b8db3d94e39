"""Where the time of a turn goes: one thread in this process plays turns, a timer notes what it is at."""

import signal
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from time import perf_counter, process_time
from types import FrameType
from wsgiref.types import WSGIEnvironment

from flask import Flask
from sqlalchemy import Engine, event
from werkzeug.test import EnvironBuilder

from benchmarks import conversations, country
from benchmarks.conversations import Conversation
from benchmarks.servers import PATH, TOKEN
from benchmarks.sockets import Turn
from service.container import Container, make_container
from service.settings import Settings
from wsgi import make_app

Row = dict[str, str | float | int | None]
BUILD = Path(__file__).parents[1] / "build"
EVERY = 0.001  # seconds between two looks
WARM_UP = 50
BENCHMARK = "the benchmark itself"
TURNS = {"mid-dialogue turn": (conversations.middle, 800), "fact turn": (conversations.fact, 600)}
# Whoever is found first, going outward from the innermost call, has the moment.
OWNERS = (
    ("/service/messaging/segments.py", "measuring and folding text"),
    ("/copy.py", "copying the journal"),
    ("/service/locales/", "speaking: catalogues, numbers"),
    ("/ussd/engine/", "replay and paging"),
    ("/ussd/dialogues/", "replay and paging"),
    ("/service/security.py", "keyed hashes, tokens"),
    ("/service/web/headers.py", "security headers"),
    ("/sqlalchemy/", "SQLAlchemy and the database"),
    ("/ussd/", "journal store"),
    ("/service/web/hook.py", "checking the callback, its phone number"),
    ("/werkzeug/test.py", BENCHMARK),
    ("/flask/", "Flask and Werkzeug"),
    ("/werkzeug/", "Flask and Werkzeug"),
)


def measure() -> list[Row]:
    """Return, for either kind of turn on SQLite, SQL statements a turn and the microseconds of each part of it.

    Raises ValueError when a reply is not as it must be.
    """
    with tempfile.TemporaryDirectory(dir=BUILD) as folder, country.database("SQLite", Path(folder)) as url:
        container = _container(url)
        app = make_app(container)
        phones = iter(country.callers())
        rows = [row for name, (kind, count) in TURNS.items() for row in _dissect(app, name, kind, count, phones)]
        container.engine.dispose()
    return rows


def _container(url: str) -> Container:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own parameter
        database_url=url,
        secret_key="a-key-that-protects-nothing-but-benchmarks",  # noqa: S106  # it says so
        hook_tokens=(TOKEN,),
        sms_routes={"*": "console"},
    )
    return make_container(settings)


def _dissect(
    app: Flask, name: str, conversation: Conversation, count: int, phones: Iterator[country.Caller]
) -> Iterable[Row]:
    begun = [conversation(next(phones)) for _ in range(WARM_UP + count)]
    _play(app, (turns[0] for turns in begun))
    _play(app, chain.from_iterable(turns[1:] for turns in begun[:WARM_UP]))
    measured = [turn for turns in begun[WARM_UP:] for turn in turns[1:]]
    looks: Counter[str] = Counter()
    with _statements_counted() as statements, _looking(looks):
        wall, cpu = _play(app, measured)
    yield _row(f"{name}: one thread", wall / len(measured) * 1e6, "µs", None, len(measured))
    yield _row(f"{name}: CPU", cpu / len(measured) * 1e6, "µs", cpu / wall, len(measured))
    yield _row(f"{name}: SQL statements", statements.total() / len(measured), "a turn", None, len(measured))
    for owner, seen in looks.most_common():
        share = seen / looks.total()
        yield _row(f"{name}: {owner}", share * wall / len(measured) * 1e6, "µs", share, seen)


def _play(app: Flask, turns: Iterable[Turn]) -> tuple[float, float]:
    """Play turns one after the other; return the seconds they took and the CPU seconds."""
    calls = [(_environment(turn), turn.expected) for turn in turns]
    wall, cpu = perf_counter(), process_time()
    for environment, expected in calls:
        reply = b"".join(app(environment, lambda *_: lambda _: None)).decode()
        if not reply.startswith(expected):
            raise ValueError(f"{reply} instead of {expected}")
    return perf_counter() - wall, process_time() - cpu


def _environment(turn: Turn) -> WSGIEnvironment:
    form_type = "application/x-www-form-urlencoded"
    return EnvironBuilder(path=PATH, method="POST", data=turn.form, content_type=form_type).get_environ()


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


def _row(name: str, value: float, unit: str, ratio: float | None, n: int) -> Row:
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "against": None if ratio is None else "the whole turn",
        "ratio": ratio,
        "p50_ms": None,
        "p99_ms": None,
        "n": n,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
