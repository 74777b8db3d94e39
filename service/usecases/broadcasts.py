"""Broadcasts: written by one person, approved by a second, then put in the outbox a few at a time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Select, case, exists, func, literal, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.domain.broadcasts import BROADCAST_MOVES, Audience, BroadcastState, LeftOut, OwnBroadcastError, Who
from service.domain.errors import NotFoundError
from service.domain.kinds import MANNERS, Kind
from service.domain.states import MessageState, NeedState, move
from service.locales import Language, speaker
from service.messaging.budget import country_allowed, price_of_part
from service.messaging.once import add_once
from service.messaging.opening import with_sender
from service.messaging.outbox import write
from service.messaging.outlook import usual_gateway
from service.messaging.segments import fold, measure
from service.models import (
    Broadcast,
    BroadcastReceiver,
    Contact,
    DiasporaAssociation,
    Interest,
    Message,
    Need,
    Officer,
    Origin,
    Phone,
    User,
    VillageAssociation,
)
from service.models.audit import record
from service.settings import Settings

TEMPLATE = "broadcast"
SHOWN = 5  # receivers of a preview
BATCH = 100  # receivers a transaction: some 30 ms, in which no other turn can write on SQLite
# So many wait in the outbox at most: what a pause or a cancel must find is little.
AHEAD = 1_000
INACTIVE = timedelta(days=365)
MOST_A_WEEK, WEEK = 2, timedelta(days=7)
HELD = datetime(9000, 1, 1, tzinfo=UTC)  # until when a paused broadcast's messages wait
SOON = timedelta(days=2)
# What one price and one country are known by, of an E.164 number.
PREFIX = 7
REJECTED = NeedState.REJECTED


@dataclass(frozen=True)
class Preview:
    """Whom a broadcast would reach now, by language; who is left out and why; its parts and cost (thousandths)."""

    reached: Mapping[str, int]
    left_out: Mapping[LeftOut, int]
    parts: Mapping[str, int]
    cost: int

    @property
    def count(self) -> int:
        """How many get it."""
        return sum(self.reached.values())


def as_sent(text: str, language: str) -> str:
    """Return a text as its receivers read it: after who sends it, and with how to have no more of them."""
    return fold(f"{with_sender(text)} {speaker(language).say('broadcast.stop')}")


def write_broadcast(
    session: Session, now: datetime, *, user: User, audience: Audience, texts: Mapping[str, str], form: str
) -> int:
    """Keep a broadcast that waits for a second person; the same form again gives the one it made. Returns its id."""
    values = {"audience": audience.stored(), "texts": dict(texts), "written_by": user.id, "written_at": now}
    made: int | None = add_once(
        session, Broadcast, unique="form", form=form, state=BroadcastState.WRITTEN, cursor="", **values
    )
    if made is None:
        return session.scalars(select(Broadcast.id).where(Broadcast.form == form)).one()
    record(session, now, f"user:{user.id}", "broadcast.written", f"broadcast:{made}", audience=audience.stored())
    return made


def preview(session: Session, settings: Settings, now: datetime, broadcast: Broadcast) -> Preview:
    """Return what sending it now would do."""
    rows = _audience(broadcast, now).subquery()
    alike = (rows.c.language, rows.c.left_out, func.substr(rows.c.number, 1, PREFIX))
    groups = select(rows.c.language, rows.c.left_out, func.min(rows.c.number), func.count()).group_by(*alike)
    parts = {one: measure(as_sent(text, one)).parts for one, text in broadcast.texts.items()}
    reached, left_out, cost = Counter[str](), Counter[LeftOut](), 0
    for language, why, number, count in session.execute(groups):
        if reason := _left_out(settings, broadcast, number, language, why):
            left_out[reason] += count
            continue
        reached[language] += count
        cost += count * parts[language] * price_of_part(settings, usual_gateway(settings, number), number)
    return Preview(reached, left_out, parts, cost)


def some_receivers(session: Session, settings: Settings, now: datetime, broadcast: Broadcast) -> Sequence[str]:
    """Return the numbers of a few who would get it now."""
    rows = session.execute(_audience(broadcast, now).order_by(Phone.number).limit(BATCH))
    reached = (number for number, language, why in rows if not _left_out(settings, broadcast, number, language, why))
    return list(islice(reached, SHOWN))


def approve(session: Session, now: datetime, *, user: User, broadcast_id: int) -> None:
    """Let a broadcast be sent.

    Raises NotFoundError; OwnBroadcastError for who wrote it; MoveError when it does not wait for that.
    """
    broadcast = _locked(session, broadcast_id)
    if broadcast.written_by == user.id:
        raise OwnBroadcastError
    if broadcast.state is BroadcastState.WRITTEN:
        broadcast.approved_by, broadcast.approved_at = user.id, now
    _move(session, now, user, broadcast, BroadcastState.SENDING, "approved", only=BroadcastState.WRITTEN)


def pause(session: Session, now: datetime, *, user: User, broadcast_id: int) -> None:
    """Write no more of it, and hold what has not begun to leave.

    Raises NotFoundError, or MoveError when there is nothing to hold.
    """
    broadcast = _locked(session, broadcast_id)
    _move(session, now, user, broadcast, BroadcastState.PAUSED, "paused")
    _change_waiting(session, broadcast, next_at=HELD)


def resume(session: Session, now: datetime, *, user: User, broadcast_id: int) -> None:
    """Go on with it where it was held.

    Raises NotFoundError, or MoveError when it is not held.
    """
    broadcast = _locked(session, broadcast_id)
    _move(session, now, user, broadcast, BroadcastState.SENDING, "resumed", only=BroadcastState.PAUSED)
    _change_waiting(session, broadcast, next_at=now, expires_at=now + MANNERS[Kind.BROADCAST].life)


def cancel(session: Session, now: datetime, *, user: User, broadcast_id: int) -> None:
    """Send no more of it, also of what waits in the outbox.

    Raises NotFoundError, or MoveError when that was done.
    """
    broadcast = _locked(session, broadcast_id)
    _move(session, now, user, broadcast, BroadcastState.CANCELLED, "cancelled")
    _change_waiting(session, broadcast, state=MessageState.CANCELLED, final_at=now, reason="withdrawn")


def being_sent(session: Session) -> Sequence[int]:
    """Return the broadcasts that are being sent, the longest first."""
    sending = select(Broadcast.id).where(Broadcast.state == BroadcastState.SENDING)
    return session.scalars(sending.order_by(Broadcast.id)).all()


def send_some(session: Session, settings: Settings, now: datetime, broadcast_id: int) -> int:
    """Write the next messages of a broadcast in the caller's transaction; return how many of its audience it saw to.

    With them it keeps how far it came: whoever goes on after a crash writes to nobody twice and leaves out nobody.
    """
    broadcast = _locked(session, broadcast_id)
    room = min(BATCH, AHEAD - _waiting(session, settings, now))
    if broadcast.state is not BroadcastState.SENDING or room <= 0:
        return 0
    audience = _audience(broadcast, now)
    number = audience.selected_columns.number
    rows = session.execute(audience.where(number > broadcast.cursor).order_by(number).limit(room)).all()
    reasons = {phone: _left_out(settings, broadcast, phone, language, why) for phone, language, why in rows}
    texts = {language: as_sent(text, language) for language, text in broadcast.texts.items()}
    messages = {
        phone: _write(session, now, broadcast, phone, language, texts[language])
        for phone, language, _ in rows
        if not reasons[phone]
    }
    # Together and last: each message would write to disk what came before it.
    session.add_all(
        BroadcastReceiver(
            broadcast_id=broadcast.id, phone=phone, message_id=messages.get(phone), left_out=reason, at=now
        )
        for phone, reason in reasons.items()
    )
    broadcast.cursor = rows[-1][0] if rows else broadcast.cursor
    if len(rows) < room:
        broadcast.state = move(BROADCAST_MOVES, broadcast.state, BroadcastState.SENT)
        broadcast.cursor = ""  # nobody's number longer than it is needed
        record(session, now, "job:broadcasts", "broadcast.sent", f"broadcast:{broadcast.id}")
    return len(rows)


def _write(session: Session, now: datetime, broadcast: Broadcast, phone: str, language: str, text: str) -> int | None:
    return write(
        session,
        now,
        event=f"broadcast:{broadcast.id}",
        phone=phone,
        language=language,
        kind=Kind.BROADCAST,
        template=TEMPLATE,
        text=text,
    )


def _audience(broadcast: Broadcast, now: datetime) -> Select[str, Language, str]:
    """Return (number, language, why the number itself gets nothing or "") of everyone who is meant."""
    asked = Audience.kept(broadcast.audience)
    seldom = select(func.count()).where(
        BroadcastReceiver.phone == Phone.number,
        BroadcastReceiver.at > now - WEEK,
        BroadcastReceiver.message_id.is_not(None),
    )
    villages = asked.who is Who.VILLAGES
    paused = literal(value=False) if villages else DiasporaAssociation.paused_until > now
    why = case(
        (Phone.stopped_at.is_not(None), LeftOut.STOP.value),
        (Phone.seen_at < now - INACTIVE, LeftOut.INACTIVE.value),
        (paused, LeftOut.PAUSED.value),
        (seldom.correlate(Phone).scalar_subquery() >= MOST_A_WEEK, LeftOut.CAP.value),
        else_="",
    )
    person, association = (Officer, VillageAssociation) if villages else (Contact, DiasporaAssociation)
    return (
        select(Phone.number, Phone.language, why.label("left_out"))
        .join(person, person.phone == Phone.number)
        .join(association, association.id == person.association_id)
        .where(person.left_at.is_(None), *(_villages(asked) if villages else _diaspora(asked)))
    )


def _villages(asked: Audience) -> list[ColumnElement[bool]]:
    need = (Need.association_id == VillageAssociation.id, Need.sector == asked.sector, Need.state != REJECTED)
    return [
        *([_within(VillageAssociation.commune_code, asked.place)] if asked.place else []),
        *([Officer.role == asked.role] if asked.role else []),
        *([VillageAssociation.state == asked.state] if asked.state else []),
        *([exists().where(*need)] if asked.sector else []),
    ]


def _diaspora(asked: Audience) -> list[ColumnElement[bool]]:
    of_it = DiasporaAssociation.id
    origin = exists().where(Origin.association_id == of_it, _within(Origin.place_code, asked.place))
    interest = exists().where(Interest.association_id == of_it, Interest.sector == asked.sector)
    return [
        DiasporaAssociation.left_at.is_(None),
        *([DiasporaAssociation.country == asked.country] if asked.country else []),
        *([DiasporaAssociation.state == asked.state] if asked.state else []),
        *([origin] if asked.place else []),
        *([interest] if asked.sector else []),
    ]


def _within(code: InstrumentedAttribute[str], place: str) -> ColumnElement[bool]:
    """Tell whether a census code is that of a place or of one within it: `09.541` holds `09.541.01.11`."""
    return or_(code == place, code.startswith(f"{place}.", autoescape=True))


def _left_out(settings: Settings, broadcast: Broadcast, phone: str, language: str, why: str) -> LeftOut | None:
    if why:
        return LeftOut(why)
    if not country_allowed(settings, phone):
        return LeftOut.COUNTRY
    return None if language in broadcast.texts else LeftOut.LANGUAGE


def _waiting(session: Session, settings: Settings, now: datetime) -> int:
    """Return how many messages of broadcasts wait to leave, those that are held aside; the index leads to them."""
    through = [Message.gateway.is_(None), *(Message.gateway == name for name in sorted(settings.used_gateways))]
    priority = MANNERS[Kind.BROADCAST].priority
    waits = (Message.state == MessageState.QUEUED, Message.priority == priority, Message.next_at < now + SOON)
    return sum(session.scalar(select(func.count(Message.id)).where(one, *waits)) or 0 for one in through)


def _locked(session: Session, broadcast_id: int) -> Broadcast:
    broadcast = session.get(Broadcast, broadcast_id, with_for_update=True, populate_existing=True)
    if broadcast is None:
        raise NotFoundError
    return broadcast


def _move(
    session: Session,
    now: datetime,
    user: User,
    broadcast: Broadcast,
    after: BroadcastState,
    deed: str,
    only: BroadcastState | None = None,
) -> None:
    before = broadcast.state
    # From `sent` or `sending` nothing is approved or resumed.
    broadcast.state = move(BROADCAST_MOVES, before, after if only in {None, before} else before)
    record(session, now, f"user:{user.id}", f"broadcast.{deed}", f"broadcast:{broadcast.id}")


def _change_waiting(session: Session, broadcast: Broadcast, **values: Any) -> None:
    """Change what of it has not begun to leave; what a sender has claimed meanwhile is no longer queued."""
    own = select(BroadcastReceiver.message_id).where(BroadcastReceiver.broadcast_id == broadcast.id)
    waiting = update(Message).where(Message.state == MessageState.QUEUED, Message.kind == Kind.BROADCAST)
    session.execute(
        waiting.where(Message.id.in_(own)).values(**values), execution_options={"synchronize_session": False}
    )
