"""Where conversations are kept: in this process, written behind to the database in batches.

A turn in the middle of a dialogue is a pure function of the journal and the new answer: done twice, it gives the same
reply and changes nothing else. So it does not wait for the disk; the most that a crash loses is one repeated answer,
because the carrier's text says everything that was typed. A turn that changes a fact is another matter: see
`ussd.sessions`.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from time import sleep
from typing import Any
from zlib import crc32

import structlog
from sqlalchemy import Engine, and_, bindparam, not_, or_, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DataError, SQLAlchemyError
from sqlalchemy.orm import Session

from service.models.base import Moment, table_of
from service.models.journals import JournalRow
from service.models.session import make_engine
from ussd.engine.journal import Journal

log = structlog.get_logger()

FLUSH_EVERY = 0.05  # seconds; people need some between two keys
KEPT_HERE = timedelta(minutes=10)  # a carrier ends a session after 3
STRIPES = 512
ROWS = table_of(JournalRow)
LOAD = select(ROWS).where(ROWS.c.phone == bindparam("one"))
NEVER = datetime.min.replace(tzinfo=UTC)
COLUMNS = ("session", "state", "ended", "text_length", "text_hash", "replies", "touched_at")


@dataclass
class Conversation:
    """One phone's conversation. `replies` are those of the current session, by turn; the text is a length and a hash.

    `from_disk` says that a process that died may have known more of it.
    """

    session: str = ""
    journal: Journal = field(default_factory=Journal)
    ended: bool = True
    text_length: int = 0
    text_hash: str = ""
    replies: dict[str, str] = field(default_factory=dict)
    touched_at: datetime | None = None
    from_disk: bool = False

    @property
    def farewell(self) -> str:
        """What ended the session, nothing while it goes on."""
        return self.replies.get(self.text_hash, "") if self.ended else ""


class Journals:
    """The conversations this process takes part in."""

    def __init__(self, engine: Engine) -> None:
        """Keep conversations of `engine`'s database; a second engine on it writes behind."""
        self._behind = make_engine(engine.url.render_as_string(hide_password=False), durable=False)
        self._here: OrderedDict[str, Conversation] = OrderedDict()
        self._unwritten: set[str] = set()
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._stripes = [threading.Lock() for _ in range(STRIPES)]
        self._waker = threading.Event()
        self._writer: threading.Thread | None = None
        self._closed = False

    def turn_of(self, phone: str) -> threading.Lock:
        """Return what puts the turns of one phone in order, within this process."""
        return self._stripes[crc32(phone.encode()) % STRIPES]

    def here(self, phone: str) -> Conversation | None:
        """Return what this process knows of a phone's conversation."""
        with self._guard:
            return self._here.get(phone)

    def keep(self, phone: str, conversation: Conversation) -> None:
        """Keep a conversation; it is written at once after a quiet moment, within some 50 ms under load."""
        with self._guard:
            self._put(phone, conversation)
            self._unwritten.add(phone)
            if self._writer is None:
                self._writer = threading.Thread(target=self._write_behind, name="journals", daemon=True)
                self._writer.start()
        self._waker.set()

    def load(self, session: Session, phone: str) -> Conversation:
        """Return what the database has, or a conversation that has not begun."""
        found = session.connection().execute(LOAD, {"one": phone}).mappings().first()
        if not found:
            return Conversation()
        kept = {name: found[name] for name in COLUMNS}
        return Conversation(journal=Journal(**kept.pop("state")), **kept, from_disk=True)

    def write(self, session: Session, phone: str, conversation: Conversation) -> None:
        """Write a conversation in the caller's transaction. Call `written` when that is committed."""
        session.connection().execute(_statement(session.get_bind().dialect.name), [_row(phone, conversation)])

    def end(self, session: Session, phone: str, last: Conversation, before: Conversation) -> bool:
        """Write the end of a conversation with its facts, in the caller's transaction; False when it went on elsewhere.

        `before` is what it ends: if another session of the phone has gone on since, what was begun is that one's; if
        this session has ended since, through a process that knew more of it, its facts are written.
        """
        values = {**_row(phone, last), "since": before.touched_at or NEVER}
        done = session.connection().execute(_end_statement(session.get_bind().dialect.name), values)
        return done.first() is not None

    def written(self, phone: str, conversation: Conversation) -> None:
        """Know that the database has this conversation."""
        with self._guard:
            self._put(phone, conversation)
            self._unwritten.discard(phone)

    def forget(self, phone: str) -> None:
        """Know nothing of a phone's conversation: the database has gone on with it."""
        with self._guard:
            self._here.pop(phone, None)
            self._unwritten.discard(phone)

    def close(self) -> None:
        """Write what is unwritten, and keep nothing more."""
        with self._guard:
            writer, self._closed = self._writer, True
        if writer:
            self._waker.set()
            writer.join()
        self.flush()
        self._behind.dispose()

    def flush(self) -> None:
        """Write now what was not yet written; when it returns, the database has it."""
        with self._writing:
            self._flush()

    def _flush(self) -> None:
        with self._guard:
            phones = sorted(self._unwritten)
            rows = [_row(one, self._here[one]) for one in phones]
            self._unwritten.difference_update(phones)
        if not rows:
            return
        try:
            with self._behind.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(text("SET LOCAL synchronous_commit = off"))
                connection.execute(_behind_statement(connection.dialect.name), rows)
        except DataError:
            self._write_one_by_one(rows)
        except SQLAlchemyError:
            with self._guard:
                self._unwritten.update(phone for phone in phones if phone in self._here)
            raise

    def _write_one_by_one(self, rows: list[dict[str, Any]]) -> None:
        """Give up the row that the database cannot take, and no other."""
        for row in rows:
            try:
                with self._behind.begin() as connection:
                    connection.execute(_behind_statement(connection.dialect.name), [row])
            except DataError:
                log.exception("journals.never_written")

    def _put(self, phone: str, conversation: Conversation) -> None:
        self._here[phone] = conversation
        self._here.move_to_end(phone)

    def _write_behind(self) -> None:
        while not self._closed:
            self._waker.wait()
            self._waker.clear()
            try:
                self.flush()
                self.let_go()
            except SQLAlchemyError:
                # The database is away: what is here stays here, and is written when it is back.
                log.warning("journals.not_written", exc_info=True)
                self._waker.set()
            # The first turn after a quiet moment is written at once; under load they are written in batches.
            sleep(FLUSH_EVERY)

    def let_go(self) -> None:
        """Forget conversations that nobody has touched for long; the database has them."""
        with self._guard:
            newest = next(reversed(self._here.values()), None)
            while newest and newest.touched_at:
                phone, oldest = next(iter(self._here.items()))
                if (
                    phone in self._unwritten
                    or not oldest.touched_at
                    or newest.touched_at - oldest.touched_at < KEPT_HERE
                ):
                    return
                del self._here[phone]


def _row(phone: str, conversation: Conversation) -> dict[str, Any]:
    row = {name: getattr(conversation, name) for name in COLUMNS if name != "state"}
    # A journal that is kept is never changed, so its own lists may be written.
    return {**row, "phone": phone, "state": vars(conversation.journal)}


@cache
def _statement(dialect: str) -> Any:
    statement = _insert(dialect)
    return _updating(statement, _later(statement.excluded))


@cache
def _behind_statement(dialect: str) -> Any:
    # What a process that fell behind still takes for going on may have ended through another one.
    statement = _insert(dialect)
    return _updating(statement, and_(_later(statement.excluded), not_(_ended(statement.excluded))))


@cache
def _end_statement(dialect: str) -> Any:
    statement = _insert(dialect)
    new = statement.excluded
    unmoved = or_(ROWS.c.session == new.session, ROWS.c.touched_at <= bindparam("since", type_=Moment))
    return _updating(statement, and_(unmoved, not_(_ended(new)))).returning(ROWS.c.phone)


def _later(new: Any) -> Any:
    # Another process, or another thread, may have gone on with the conversation meanwhile: the later state stays.
    return or_(
        ROWS.c.touched_at < new.touched_at,
        and_(ROWS.c.touched_at == new.touched_at, ROWS.c.text_length <= new.text_length),
    )


def _ended(new: Any) -> Any:
    return and_(ROWS.c.session == new.session, ROWS.c.ended)


def _insert(dialect: str) -> Any:
    return (postgresql.insert if dialect == "postgresql" else sqlite.insert)(ROWS)


def _updating(statement: Any, where: Any) -> Any:
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=[ROWS.c.phone], set_={name: new[name] for name in COLUMNS}, where=where
    )
