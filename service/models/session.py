"""Engines and transactions, the same on SQLite and PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Lock
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.orm import Session

# SQLite before this has the WAL-reset bug: committed pages can be lost in WAL mode (sqlite.org/wal.html).
FIRST_SAFE_WAL = (3, 51, 3)
BUSY_MS = 10_000
# Twice as many connections a process at most: a server's usual 100 serve a worker and the web of four cores.
POOL = 8
# Whose turn it is to write, by database file, within this process.
WRITERS: dict[str, Lock] = {}
WRITING = "tiwizi_writing"


def make_engine(url: str, *, durable: bool = True) -> Engine:
    """Return an engine for `sqlite:///…` or `postgresql+psycopg://…`; creates the folder of a SQLite file.

    On SQLite, what an engine that is not `durable` commits may be lost when the machine (not the process) dies.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return create_engine(parsed, pool_size=POOL, max_overflow=POOL, pool_pre_ping=True, hide_parameters=True)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, module=_sqlite(), pool_size=POOL, max_overflow=POOL, hide_parameters=True)
    event.listen(engine, "connect", partial(_prepare, synchronous="FULL" if durable else "NORMAL"))
    writers = WRITERS.setdefault(parsed.database or "", Lock())
    event.listen(engine, "begin", partial(_begin, writers))
    for ended in ("commit", "rollback"):
        event.listen(engine, ended, partial(_leave, writers))
    return engine


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """One unit of work: committed when the block ends, rolled back when it raises. Never held over a network call."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


def _sqlite() -> ModuleType:
    try:
        from pysqlite3 import dbapi2  # noqa: PLC0415  # there is no wheel for every machine
    except ImportError:
        import sqlite3  # noqa: PLC0415  # then the standard library's, with a rollback journal when it is affected

        return sqlite3
    module: ModuleType = dbapi2
    return module


def _prepare(connection: Any, _record: object, *, synchronous: str) -> None:
    # SQLAlchemy's "begin" event below begins; the driver's own habit of doing so late would lose write locks.
    connection.isolation_level = None
    cursor = connection.cursor()
    version = tuple(int(part) for part in cursor.execute("select sqlite_version()").fetchone()[0].split("."))
    cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
    cursor.execute(f"PRAGMA journal_mode={'WAL' if version >= FIRST_SAFE_WAL else 'DELETE'}")
    cursor.execute(f"PRAGMA synchronous={synchronous}")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin(writers: Lock, connection: Connection) -> None:
    if connection.get_execution_options().get("tiwizi_readonly"):
        connection.exec_driver_sql("BEGIN DEFERRED")
        return
    # SQLite's own waiting sleeps ever longer and tries again, so some would wait for seconds: here they queue. When
    # the queue stands still, its own waiting says what is wrong.
    connection.info[WRITING] = writers.acquire(timeout=BUSY_MS / 1000)
    try:
        # A reader that becomes a writer half-way cannot wait for its turn; so whoever may write says so at once.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    except BaseException:
        _leave(writers, connection)
        raise


def _leave(writers: Lock, connection: Connection) -> None:
    if connection.info.pop(WRITING, False):
        writers.release()


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """One look at the database that writes nothing and makes no writer wait."""
    with Session(engine.execution_options(tiwizi_readonly=True), expire_on_commit=False) as session:
        yield session
