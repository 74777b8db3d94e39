"""Engines and transactions, the same on SQLite and PostgreSQL."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from threading import Condition, Lock
from types import ModuleType
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import ConnectionPoolEntry

# SQLite before this has the WAL-reset bug: committed pages can be lost in WAL mode (sqlite.org/wal.html).
FIRST_SAFE_WAL = (3, 51, 3)
BUSY_MS = 10_000
# Twice as many connections a process at most: a server's usual 100 serve a worker and the web of four cores.
POOL = 8
WRITING = "tiwizi_writing"
# Who says nothing for so long within a transaction is stopped or gone, and PostgreSQL lets the others have its locks.
STOPPED_MS = 45_000


class Writers:
    """Who writes to one SQLite file within this process: one at a time, but all wait for the disk together."""

    def __init__(self, file: str) -> None:
        """Write to `file`."""
        self._wal = f"{file}-wal"
        self._turn = Lock()
        self._disk = Condition()
        self._syncing = False
        # How many commits there were, and how many of them are on disk.
        self._committed = self._durable = 0
        # Whether there is a write-ahead log to put there; else SQLite does all of it.
        self._logs = False

    def prepare(self, connection: Any, _record: object, *, durable: bool) -> None:
        """Set up a connection of the driver's."""
        # `begin` begins; the driver's own habit of doing so late would lose write locks.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        mode = "WAL" if _sqlite().sqlite_version_info >= FIRST_SAFE_WAL else "DELETE"
        self._logs = cursor.execute(f"PRAGMA journal_mode={mode}").fetchone() == ("wal",)
        cursor.execute(f"PRAGMA synchronous={'FULL' if durable and not self._logs else 'NORMAL'}")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    def begin(self, connection: Connection) -> None:
        """Begin a transaction, which may write unless its connection says that it only reads."""
        if connection.get_execution_options().get("tiwizi_readonly"):
            connection.exec_driver_sql("BEGIN DEFERRED")
            return
        # SQLite's own waiting sleeps ever longer and tries again, so some would wait for seconds: here they queue.
        # When the queue stands still, its own waiting says what is wrong.
        connection.info[WRITING] = self._turn.acquire(timeout=BUSY_MS / 1000)
        try:
            # A reader that becomes a writer half-way cannot wait for its turn; so whoever may write says so at once.
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except BaseException:
            self.leave(connection)
            raise

    def commit(self, connection: Connection, *, durable: bool) -> None:
        """Commit, let the next one write, and return when it is on disk."""
        wrote = WRITING in connection.info
        try:
            connection.exec_driver_sql("COMMIT")
        finally:
            self.leave(connection)
        if wrote and durable and self._logs:
            self._wait_for_disk()

    def leave(self, connection: Connection | ConnectionPoolEntry) -> None:
        """Let the next one write."""
        if connection.info.pop(WRITING, False):
            self._turn.release()

    def _wait_for_disk(self) -> None:
        """Have all that was committed until now put on disk: by this thread, or by one that is at it for many."""
        with self._disk:
            self._committed += 1
            mine = self._committed
            while self._durable < mine:
                if self._syncing:
                    self._disk.wait()
                    continue
                self._syncing, upto = True, self._committed
                self._disk.release()
                try:
                    self._sync()
                finally:
                    self._disk.acquire()
                    self._syncing = False
                    self._disk.notify_all()
                self._durable = upto

    def _sync(self) -> None:
        # What is committed stands in the write-ahead log; closing that file drops no lock of SQLite's, which has
        # them on others.
        log = os.open(self._wal, os.O_RDONLY)
        try:
            os.fsync(log)
        finally:
            os.close(log)


WRITERS: dict[str, Writers] = {}


def make_engine(url: str, *, durable: bool = True) -> Engine:
    """Return an engine for `sqlite:///…` or `postgresql+psycopg://…`; creates the folder of a SQLite file.

    On SQLite, what an engine that is not `durable` commits may be lost when the machine (not the process) dies.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        pool: dict[str, Any] = {"pool_size": POOL, "max_overflow": POOL, "pool_pre_ping": True}
        # Moments come in the session's zone; those in UTC the driver makes fastest, and nobody has to convert them.
        options = {"options": f"-c idle_in_transaction_session_timeout={STOPPED_MS} -c timezone=UTC"}
        return create_engine(parsed, connect_args=options, hide_parameters=True, **pool)
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(parsed, module=_sqlite(), pool_size=POOL, max_overflow=POOL, hide_parameters=True)
    file = parsed.database or ""
    writers = WRITERS.setdefault(file, Writers(file))
    event.listen(engine, "connect", partial(writers.prepare, durable=durable))
    event.listen(engine, "begin", writers.begin)
    event.listen(engine, "commit", partial(writers.commit, durable=durable))
    event.listen(engine, "rollback", writers.leave)
    # Also who was dropped half-way, whose connection goes back unasked: else everyone after would wait in vain.
    event.listen(engine, "checkin", lambda _driver, entry: writers.leave(entry))
    return engine


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """One unit of work: committed when the block ends, rolled back when it raises. Never held over a network call."""
    with Session(engine, expire_on_commit=False) as session, session.begin():
        yield session


def compute_for_long(session: Session) -> None:
    """Let this transaction say nothing for longer than STOPPED_MS, since it computes."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))


def _sqlite() -> ModuleType:
    try:
        from pysqlite3 import dbapi2  # noqa: PLC0415  # there is no wheel for every machine
    except ImportError:
        import sqlite3  # noqa: PLC0415  # then the standard library's, with a rollback journal when it is affected

        return sqlite3
    module: ModuleType = dbapi2
    return module


@contextmanager
def reading(engine: Engine) -> Iterator[Session]:
    """One look at the database that writes nothing and makes no writer wait."""
    with Session(engine.execution_options(tiwizi_readonly=True), expire_on_commit=False) as session:
        yield session
