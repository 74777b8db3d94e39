"""What one turn has open: nothing at all, a look at the database, or the transaction of its facts."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Self

from sqlalchemy import Engine, bindparam, select, update
from sqlalchemy.orm import Session

from service.messaging.once import add_once
from service.models.base import table_of
from service.models.journals import AnsweredTurn, JournalRow
from service.models.session import transaction

TURNS, ROWS = table_of(AnsweredTurn), table_of(JournalRow)
HOLD = select(ROWS.c.phone).where(ROWS.c.phone == bindparam("one")).with_for_update()
NOTE = update(TURNS).where(TURNS.c.key == bindparam("turn")).values(reply=bindparam("said"))


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
        self._claimed = False
        self._given = False

    @classmethod
    def within(cls, session: Session, phone: str, now: datetime) -> Self:
        """Work in somebody else's transaction, which has its own key and commit."""
        work = cls(session.get_bind().engine, phone, "", now)
        work._open, work._claimed, work._given = session, True, True
        hold(session, phone)
        return work

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
        if not self._claimed:
            self._claim()
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
        if self._open:
            # On SQLite without WAL, a reader of ours would keep the commit waiting.
            self._open.close()
            self._open = None
        with transaction(self.engine) as session:
            yield session

    def _claim(self) -> None:
        if self._open:
            self._open.close()
        self._open = Session(self.engine, expire_on_commit=False)
        # Whoever inserts the key has the turn; who comes second waits for the first to commit, and finds the reply.
        new = add_once(self._open, AnsweredTurn, unique="key", key=self.key, reply="", answered_at=self.now)
        if not new:
            raise AnsweredError(
                self._open.scalars(select(AnsweredTurn.reply).where(AnsweredTurn.key == self.key)).one()
            )
        hold(self._open, self.phone)
        self._claimed = True

    def answered(self, reply: str) -> None:
        """Note the reply with the facts, and put both on disk."""
        self.session().connection().execute(NOTE, {"turn": self.key, "said": reply})
        self.session().commit()

    def __enter__(self) -> Self:
        """Begin with nothing open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; what was not committed is rolled back."""
        if self._open and not self._given:
            self._open.close()


def hold(session: Session, phone: str) -> None:
    """Lock the phone's row until the transaction ends: where facts change, processes take turns."""
    if session.get_bind().dialect.name == "postgresql":
        # On SQLite, whoever may write waits already.
        session.connection().execute(HOLD, {"one": phone})
