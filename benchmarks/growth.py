"""Whether a turn costs the same when the country's needs grow from one to a million, and the process stays as large."""

import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import func, insert, select, text

from benchmarks import conversations, country
from benchmarks.conversations import Conversation
from benchmarks.country import Caller
from benchmarks.inside import calls_of, container_of, play
from benchmarks.servers import Server
from service.domain.reference import ALPHABET, check_character
from service.domain.sectors import Sector
from service.domain.states import NeedState
from service.models import Need
from service.models.session import make_engine, transaction
from wsgi import make_app

Row = dict[str, str | float | int | None]
BUILD = Path(__file__).parents[1] / "build"
STORED = (1, 1_000, 1_000_000)
BATCH = 20_000
WARM_UP, MEASURED = 40, 400
TURNS = {"dial": conversations.dial, "mid-dialogue turn": conversations.middle, "fact turn": conversations.fact}
# Turns after which the process is weighed first, every phone having called by then, and last.
SETTLED, LASTING = 200_000, 1_000_000
PAGES_TO_MIB = 4096 / 2**20


def measure() -> list[Row]:
    """Return the CPU of this process for a turn beside so many needs, on each database; then its memory on SQLite."""
    return [*(row for backend in country.backends() for row in _growing(backend)), *_lasting()]


def _growing(backend: str) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(dir=BUILD) as folder, country.database(backend, Path(folder)) as url:
        here = Server(0, os.getpgrp(), url.rpartition("/")[2])
        phones = iter(country.callers())
        first: dict[str, float] = {}
        for stored in STORED:
            _store(url, stored)
            container = container_of(url)
            app = make_app(container)
            for name, kind in TURNS.items():
                cpu_us, turns = _cost(app, kind, phones, here)
                ratio = cpu_us / first.setdefault(name, cpu_us)
                yield _row(f"{name} beside {stored:,} needs, {backend}: CPU", cpu_us, "µs", "beside 1", ratio, turns)
            container.engine.dispose()


def _cost(
    app: Flask, kind: Callable[[Caller], Conversation], phones: Iterator[Caller], here: Server
) -> tuple[float, int]:
    """Return the CPU of a turn in microseconds, PostgreSQL's included, and of how many turns it is the mean."""
    talks = [kind(phone) for phone in islice(phones, WARM_UP + MEASURED)]
    play(app, calls_of(turn for talk in talks for turn in talk.before))
    play(app, calls_of(turn for talk in talks[:WARM_UP] for turn in talk.measured))
    measured = calls_of(turn for talk in talks[WARM_UP:] for turn in talk.measured)
    before = here.cpu_seconds()
    play(app, measured)
    return (here.cpu_seconds() - before) / len(measured) * 1e6, len(measured)


def _store(url: str, wanted: int) -> None:
    """Have so many needs in the database, spread over all associations."""
    engine = make_engine(url)
    with transaction(engine) as session:
        there = session.scalar(select(func.count()).select_from(Need)) or 0
    for start in range(there, wanted, BATCH):
        with transaction(engine) as session:
            session.execute(insert(Need), [_need(place) for place in range(start, min(wanted, start + BATCH))])
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    engine.dispose()


def _need(place: int) -> dict[str, Any]:
    return {
        "reference": _reference(place),
        "association_id": place % country.ASSOCIATIONS + 1,
        "reported_by": place % country.ASSOCIATIONS * len(country.ROLES) + 1,
        "sector": tuple(Sector)[place % len(Sector)],
        "households": 20 + place % 300,
        "cost": 10_000_000 + place,
        "village_share": 1_000_000,
        "title": f"Puits {place}",
        "title_language": "fr",
        "state": (NeedState.REPORTED, NeedState.VERIFIED)[place % 2],
        "reported_at": country.FOUNDED,
    }


def _reference(place: int) -> str:
    """Return the longer code of a place: no two are the same, and a short one drawn at random is none of them."""
    body = ""
    for _ in range(5):
        place, letter = divmod(place, len(ALPHABET))
        body += ALPHABET[letter]
    return f"{body[:3]}-{body[3:]}{check_character(body)}"


def _lasting() -> Iterator[Row]:
    """Play whole conversations, facts and all, from every phone in turn."""
    with tempfile.TemporaryDirectory(dir=BUILD) as folder, country.database("SQLite", Path(folder)) as url:
        container = container_of(url)
        app = make_app(container)
        played, weights = 0, dict[int, float]()
        for caller in cycle(country.callers()):
            calls = calls_of(conversations.whole(caller).measured)
            play(app, calls)
            played += len(calls)
            for mark in (SETTLED, LASTING):
                if played - len(calls) < mark <= played:
                    weights[mark] = _resident_mib()
            if played >= LASTING:
                break
        container.engine.dispose()
    for mark, mib in weights.items():
        yield _row(f"memory after {mark:,} turns", mib, "MiB", f"after {SETTLED:,}", mib / weights[SETTLED], mark)


def _resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGES_TO_MIB


def _row(name: str, value: float, unit: str, against: str, ratio: float, n: int) -> Row:  # as the table has columns
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
