"""What one turn has open: nothing at all, a look at the database, or the transaction of its facts."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Self

from sqlalchemy import Engine, bindparam, select
from sqlalchemy.orm import Session

from service.messaging.once import add_once
from service.models.base import table_of
from service.models.journals import AnsweredTurn, JournalRow
from service.models.session import transaction

ROWS = table_of(JournalRow)
HOLD = select(ROWS.c.phone).where(ROWS.c.phone == bindparam("one")).with_for_update()
ANSWERED = select(AnsweredTurn.reply).where(AnsweredTurn.key == bindparam("turn"))


class AnsweredError(Exception):
    """This turn was answered before, perhaps by another process; `reply` is what it was answered."""

    def __init__(self, reply: str) -> None:
        """Keep the reply."""
        super().__init__()
        self.reply = reply


class TooSoonError(Exception):
    """A fact would change by an answer to a question that nobody has seen."""


class Work:
    """Opens what a turn asks for, when it asks: most turns need no database at all."""

    def __init__(self, engine: Engine, phone: str, key: str, now: datetime) -> None:
        """Work for the turn `key` of a phone, which may change facts once, ever."""
        self.engine, self.phone, self.key, self.now = engine, phone, key, now
        self.too_soon = False
        # Whether the facts of this turn forget the phone: then its conversation is not kept either.
        self.forgets = False
        self._open: Session | None = None
        self._changing = False
        self._given = False

    @classmethod
    def within(cls, session: Session, phone: str, now: datetime) -> Self:
        """Work in somebody else's transaction, which has its own key and commit."""
        work = cls(session.get_bind().engine, phone, "", now)
        work._open, work._changing, work._given = session, True, True
        hold(session, phone)
        return work

    @property
    def changes(self) -> bool:
        """Whether the facts of this turn are under way."""
        return self._changing

    def session(self) -> Session:
        """Return a session to look things up in; once facts are under way, theirs."""
        if self._open is None:
            self._open = Session(self.engine.execution_options(tiwizi_readonly=True))
        return self._open

    def facts(self) -> Session:
        """Return the session whose transaction changes facts.

        Raises AnsweredError when this turn did so before, TooSoonError while answers are fed that saw no question.
        """
        if self.too_soon:
            raise TooSoonError
        if not self._changing:
            self._close()
            self._open, self._changing = Session(self.engine, expire_on_commit=False), True
        return self.session()

    @contextmanager
    def apart(self) -> Iterator[Session]:
        """Open a transaction of its own, committed when the block ends, for what counts whatever becomes of the turn.

        Within an SMS, whose text is handled once, it is that text's. Raises TooSoonError as `facts` does.
        """
        if self.too_soon:
            raise TooSoonError
        if self._given:
            yield self.session()
            return
        assert not self._changing  # noqa: S101  # closing would undo the facts: what counts anyway comes before them
        # On SQLite without WAL, a reader of ours would keep the commit waiting.
        self._close()
        with transaction(self.engine) as session:
            yield session

    def answered(self, reply: str) -> None:
        """Note the reply with the facts, and put both on disk.

        Raises AnsweredError when this turn was answered meanwhile: then nothing of it is kept.
        """
        session = self.session()
        # Who inserts the key has the turn; who comes second waits here for the first to commit, and undoes its own.
        if not add_once(session, AnsweredTurn, unique="key", key=self.key, reply=reply, answered_at=self.now):
            session.rollback()
            raise AnsweredError(answered_before(session, self.key) or "")
        session.commit()

    def __enter__(self) -> Self:
        """Begin with nothing open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; what was not committed is rolled back."""
        if not self._given:
            self._close()

    def _close(self) -> None:
        if self._open:
            self._open.close()
        self._open = None


def answered_before(session: Session, key: str) -> str | None:
    """Return what this turn was answered, when it changed a fact."""
    return session.scalar(ANSWERED, {"turn": key})


def hold(session: Session, phone: str) -> None:
    """Lock the phone's row until the transaction ends: where facts change, processes take turns."""
    if session.get_bind().dialect.name == "postgresql":
        # On SQLite, whoever may write waits already.
        session.connection().execute(HOLD, {"one": phone})
