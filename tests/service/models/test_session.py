"""SQLite's writers: one at a time, none answered before the disk has it, and one wait of the disk for many."""

import gc
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import InternalError
from sqlalchemy.orm import Session

from service.models.session import BUSY_MS, WRITERS, compute_for_long, make_engine, reading, transaction
from tests.conftest import BACKENDS, POSTGRES_URL

THREADS, WRITES = 8, 25
LOCK = text("SELECT pg_advisory_xact_lock(20261127)")


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    made = make_engine(f"sqlite:///{tmp_path}/tiwizi.db")
    with transaction(made) as session:
        session.execute(text("CREATE TABLE said (word TEXT)"))
    return made


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How large each file was that was put on disk, as it happened."""
    sizes: list[int] = []
    real = os.fsync

    def note(number: int) -> None:
        real(number)
        sizes.append(os.fstat(number).st_size)

    monkeypatch.setattr("service.models.session.os.fsync", note)
    return sizes


def say(engine: Engine, word: str) -> None:
    with transaction(engine) as session:
        session.execute(text("INSERT INTO said VALUES (:word)"), {"word": word})


def heard(engine: Engine) -> int:
    with reading(engine) as session:
        return len(session.execute(text("SELECT word FROM said")).all())


def test_a_commit_returns_when_the_log_is_on_disk(engine: Engine, synced: list[int], tmp_path: Path) -> None:
    before = list(synced)
    say(engine, "azul")
    assert len(synced) == len(before) + 1
    assert synced[-1] == (tmp_path / "tiwizi.db-wal").stat().st_size > 0


def test_who_only_looks_and_who_gives_up_wait_for_no_disk(engine: Engine, synced: list[int]) -> None:
    assert heard(engine) == 0
    with engine.connect() as connection:
        connection.execute(text("INSERT INTO said VALUES ('no')"))
    assert (synced, heard(engine)) == ([], 0)


def test_a_writer_that_is_dropped_half_way_keeps_nobody_waiting(engine: Engine) -> None:
    dropped = Session(engine)
    dropped.execute(text("INSERT INTO said VALUES ('no')"))
    del dropped
    gc.collect()
    begun = time.monotonic()
    say(engine, "azul")
    assert time.monotonic() - begun < BUSY_MS / 1000
    assert heard(engine) == 1


def test_what_may_be_lost_with_the_machine_waits_for_no_disk(engine: Engine, synced: list[int]) -> None:
    behind = make_engine(str(engine.url), durable=False)
    say(behind, "azul")
    assert (synced, heard(engine)) == ([], 1)


def test_many_writers_queue_and_none_is_turned_away(engine: Engine, synced: list[int]) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(lambda number: say(engine, str(number)), range(THREADS * WRITES)))
    assert heard(engine) == THREADS * WRITES
    assert 0 < len(synced) <= THREADS * WRITES


def test_all_that_was_committed_meanwhile_is_put_on_disk_together(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    first_waits, committed = threading.Event(), threading.Barrier(THREADS + 1)
    waits: list[Callable[[], None]] = [first_waits.wait]  # type: ignore[list-item]  # its answer is not asked for
    synced: list[int] = []

    def slow(number: int) -> None:
        synced.append(number)
        if waits:
            waits.pop()()

    monkeypatch.setattr("service.models.session.os.fsync", slow)

    def late(word: str) -> None:
        committed.wait()
        say(engine, word)

    with ThreadPoolExecutor(THREADS + 1) as pool:
        first = pool.submit(say, engine, "first")
        while not synced:
            pass
        others = [pool.submit(late, str(number)) for number in range(THREADS)]
        committed.wait()
        # The table's commit, the first, and the others.
        while WRITERS[str(engine.url.database)]._committed < 1 + 1 + THREADS:
            pass
        # All are in the log, and none of them is answered: only the first one's disk is at work.
        assert heard(engine) == 1 + THREADS
        assert not any(one.done() for one in [first, *others])
        first_waits.set()
        for one in [first, *others]:
            one.result()
    assert len(synced) == 1 + 1


def test_a_disk_that_fails_is_said_and_the_next_one_tries_again(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_number: int) -> None:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr("service.models.session.os.fsync", broken)
        with pytest.raises(OSError, match="Input/output"):
            say(engine, "lost?")
    say(engine, "azul")
    assert heard(engine) == 1 + 1


@pytest.mark.skipif("postgresql" not in BACKENDS, reason="needs a PostgreSQL server")
def test_who_stops_within_a_transaction_holds_up_others_for_a_while_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.models.session.STOPPED_MS", 300)
    assert POSTGRES_URL
    held, other = make_engine(POSTGRES_URL), make_engine(POSTGRES_URL)
    try:
        with Session(held) as stopped:
            stopped.execute(LOCK)
            with transaction(other) as session:
                session.execute(LOCK)
            with pytest.raises(InternalError, match="idle-in-transaction"):
                stopped.execute(LOCK)
    finally:
        held.dispose()
        other.dispose()


@pytest.mark.skipif("postgresql" not in BACKENDS, reason="needs a PostgreSQL server")
def test_who_computes_for_long_within_a_transaction_keeps_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.models.session.STOPPED_MS", 100)
    assert POSTGRES_URL
    engine = make_engine(POSTGRES_URL)
    with transaction(engine) as session:
        compute_for_long(session)
        time.sleep(0.5)
        session.execute(LOCK)
    engine.dispose()
