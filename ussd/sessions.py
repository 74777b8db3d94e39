"""The journal store: one row a phone, locked for a turn; every turn is answered once."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from service.container import Container
from service.domain.errors import TiwiziError
from service.models.journals import AnsweredTurn, JournalRow
from service.models.session import transaction
from service.security import keyed_hash
from ussd.dialogues.context import Context
from ussd.dialogues.home import home
from ussd.engine.journal import Journal
from ussd.engine.paging import SMS_BUDGET, USSD_BUDGET, Budget
from ussd.engine.replay import Player, Screen

# How long what was begun can be gone on with.
DRAFT_KEPT = timedelta(hours=24)
SEPARATOR = "*"
ROWS = JournalRow.__table__
TURNS = AnsweredTurn.__table__


@dataclass(frozen=True)
class Turn:
    """A request of a carrier that sends all that was typed in the session, joined by `*`, as Africa's Talking does."""

    gateway: str
    session: str
    phone: str
    text: str


def answer_turn(container: Container, turn: Turn) -> Screen:
    """Answer a USSD turn. The same turn again gives the stored screen, byte for byte, and changes nothing."""
    try:
        return _answer(container, turn)
    except TiwiziError:
        # The world moved under the conversation (another officer was faster…): nothing of this turn was kept.
        return _answer(container, turn, moved=True)


def _answer(container: Container, turn: Turn, *, moved: bool = False) -> Screen:
    secret, now = container.settings.secret_key, container.clock()
    key = keyed_hash(secret, turn.gateway, turn.session, turn.text)
    with transaction(container.engine) as session:
        row = _lock(session, turn.phone, now)
        known = row["replies"] if row["session"] == turn.session else {}
        if stored := known.get(key) or _answered(session, key):
            return Screen(stored[4:], stored.startswith("END"))
        store = _Store(container, session, turn.phone, now, "ussd", USSD_BUDGET)
        screen, journal = (store.moved(), Journal()) if moved else _play(store, row, turn, secret)
        reply = f"{'END' if screen.ended else 'CON'} {screen.text}"
        if screen.ended:
            session.execute(insert(AnsweredTurn).values(key=key, reply=reply, answered_at=now))
        store.save(
            journal,
            session=turn.session,
            ended=screen.ended,
            text_length=len(turn.text),
            text_hash=keyed_hash(secret, turn.text),
            replies={**known, key: reply},
        )
        return screen


def answer_sms(container: Container, session: Session, phone: str, text: str, start: str = "") -> Screen | None:
    """Go on with this phone's conversation by SMS, in the caller's transaction; `start` begins a dialogue.

    None when nothing is begun: then the text is not an answer.
    """
    now = container.clock()
    row = _lock(session, phone, now)
    journal = _journal(row)
    store = _Store(container, session, phone, now, "sms", SMS_BUDGET, start)
    if start:
        journal = Journal()
        screen = store.player.show(journal)
    elif not _fresh(row, now):
        return None
    else:
        journal.resuming = False
        screen = store.player.answer(journal, text)
    store.save(journal, session="sms", ended=screen.ended, text_length=0, text_hash="", replies={})
    return screen


class _Store:
    """A player over one phone's row."""

    def __init__(
        self,
        container: Container,
        session: Session,
        phone: str,
        now: datetime,
        channel: str,
        budget: Budget,
        start: str = "",
    ) -> None:
        self.session, self.phone, self.now = session, phone, now

        def make_context() -> Context:
            return Context(phone, session, now, channel, container.settings, start)

        self.make_context = make_context
        self.player = Player(home, make_context, budget)

    def moved(self) -> Screen:
        """Return the end of a conversation that the world has overtaken."""
        ctx = self.make_context()
        ctx.language = ctx.caller()["language"] or ctx.language
        return Screen(ctx.voice.say("ended.moved"), ended=True)

    def save(self, journal: Journal, **columns: Any) -> None:
        state = {} if columns["ended"] else asdict(journal)
        self.session.execute(
            update(JournalRow).where(JournalRow.phone == self.phone).values(state=state, touched_at=self.now, **columns)
        )


def _play(store: _Store, row: RowMapping, turn: Turn, secret: str) -> tuple[Screen, Journal]:
    """Find out what is new in the carrier's cumulative text, and feed it."""
    journal = _journal(row)
    if row["session"] != turn.session:
        return _begin(store, row, turn, journal)
    if row["ended"]:
        # The carrier goes on with a session that was closed: greet again rather than guess.
        journal = Journal()
        return store.player.show(journal), journal
    before = turn.text[: row["text_length"]]
    suffix = turn.text[row["text_length"] :]
    if not suffix or keyed_hash(secret, before) != row["text_hash"]:
        # Older than what was answered already: show where the conversation stands.
        return store.player.show(journal), journal
    return store.player.answer(journal, suffix.removeprefix(SEPARATOR) if before else suffix), journal


def _begin(store: _Store, row: RowMapping, turn: Turn, journal: Journal) -> tuple[Screen, Journal]:
    if not turn.text and _fresh(row, store.now) and journal.begun:
        return store.player.resume(journal), journal
    journal = Journal()
    screen = store.player.show(journal)
    # A long dial (`*384*84*2#`) or a conversation of which we know nothing: everything typed comes at once.
    for typed in turn.text.split(SEPARATOR) if turn.text else []:
        if screen.ended:
            break
        screen = store.player.answer(journal, typed)
    return screen, journal


def _fresh(row: RowMapping, now: datetime) -> bool:
    return not row["ended"] and bool(row["session"]) and now - row["touched_at"] < DRAFT_KEPT


def _journal(row: RowMapping) -> Journal:
    return Journal(**row["state"])


def _answered(session: Session, key: str) -> str | None:
    return session.scalar(select(AnsweredTurn.reply).where(AnsweredTurn.key == key))


def _lock(session: Session, phone: str, now: datetime) -> RowMapping:
    """Return the phone's row, made when it is new, and hold it: two turns of one phone are put in order."""
    found = select(ROWS).where(ROWS.c.phone == phone).with_for_update()
    connection = session.connection()
    row = connection.execute(found).mappings().first()
    if row:
        return row
    connection.execute(
        _insert(connection)(ROWS)
        .values(phone=phone, session="", state={}, ended=True, text_length=0, text_hash="", replies={}, touched_at=now)
        .on_conflict_do_nothing()
    )
    return connection.execute(found).mappings().one()


def _insert(connection: Connection) -> Callable[..., Any]:
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
