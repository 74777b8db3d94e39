"""What is not kept: law 09-08 and product's own terms. The ledger of projects survives without personal data."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from service.domain.dormancy import DORMANT
from service.domain.states import MessageState
from service.models import (
    AnsweredTurn,
    ApiAnswer,
    Attempt,
    Contact,
    Conversation,
    Delivery,
    InboundEvent,
    JournalRow,
    Message,
    Officer,
    Phone,
    Receipt,
    Resident,
    Spending,
    UserSession,
    WrongGuess,
)
from service.models.inbound import SMS_PART
from service.models.phones import doubt_after_silence
from service.usecases.leaving import forget
from service.usecases.sessions import over

RAW_KEPT = timedelta(days=365)
PARTS_KEPT = timedelta(days=1)
JOURNALS_KEPT = timedelta(days=30)
GUESSES_KEPT = timedelta(days=7)
SPENDING_KEPT = timedelta(days=60)
ANSWERS_KEPT = timedelta(days=1)  # a program that has not heard by then asks anew
INACTIVE = timedelta(days=2 * 365)
AT_ONCE = 50
ENDED = (
    *(MessageState.DELIVERED, MessageState.FAILED, MessageState.EXPIRED),
    *(MessageState.CANCELLED, MessageState.DIGESTED, MessageState.ACCEPTED),
)


def purge(session: Session, now: datetime) -> dict[str, int]:
    """Delete what is older than it may be kept, in the caller's transaction; return how many rows of what."""
    year, month = now - RAW_KEPT, now - JOURNALS_KEPT
    # A dial leaves its trace in the journal only, so that a turn need not write who was seen.
    dialled = (Phone.seen_at.is_(None)) | (Phone.seen_at < JournalRow.touched_at)
    _doubt_silent(session, now)
    seen = update(Phone).where(Phone.number == JournalRow.phone, dialled).values(seen_at=JournalRow.touched_at)
    session.execute(seen, execution_options={"synchronize_session": False})
    old = select(Message.id).where(Message.created_at < year, Message.state.in_(ENDED))
    done = {
        "inbound": update(InboundEvent)
        .where(InboundEvent.received_at < year, InboundEvent.phone != "")
        .values(payload={}, phone=""),
        # Nothing that was said in it is kept any more.
        "conversations": delete(Conversation).where(
            Conversation.heard_at < year, func.coalesce(Conversation.answered_at, Conversation.heard_at) < year
        ),
        # The rest of such a text will not come any more.
        "parts": delete(InboundEvent).where(InboundEvent.kind == SMS_PART, InboundEvent.received_at < now - PARTS_KEPT),
        "journals": delete(JournalRow).where(JournalRow.touched_at < month),
        "turns": delete(AnsweredTurn).where(AnsweredTurn.answered_at < month),
        "sessions": delete(UserSession).where(over(now)),
        "guesses": delete(WrongGuess).where(WrongGuess.at < now - GUESSES_KEPT),
        "receipts": delete(Receipt).where(or_(Receipt.received_at < year, Receipt.message_id.in_(old))),
        "attempts": delete(Attempt).where(Attempt.message_id.in_(old)),
        # The row stays: its key is what keeps the fact from being told twice.
        "messages": update(Message).where(Message.id.in_(old), Message.text != "").values(text="", line=""),
        "answers": delete(ApiAnswer).where(ApiAnswer.at < now - ANSWERS_KEPT),
        "deliveries": delete(Delivery).where(Delivery.ended_at < month),
        "spending": delete(Spending).where(Spending.day < (now - SPENDING_KEPT).date()),
    }
    counts = {}
    for what, statement in done.items():
        result = session.execute(statement, execution_options={"synchronize_session": False})
        counts[what] = result.rowcount  # type: ignore[attr-defined]  # an update or a delete has it
    return {what: count for what, count in counts.items() if count}


def _doubt_silent(session: Session, now: datetime) -> None:
    """Doubt the numbers that dialled again after a long silence, before what they were seen at is renewed."""
    silent = select(Phone, JournalRow.touched_at).join(JournalRow, JournalRow.phone == Phone.number)
    for phone, dialled_at in session.execute(silent.where(Phone.seen_at <= now - DORMANT)):
        doubt_after_silence(session, dialled_at, phone)


def forget_inactive(session: Session, now: datetime) -> int:
    """Forget, up to fifty, the people of whom nothing was heard for two years; returns how many."""
    since = now - INACTIVE
    active = [select(entity.phone).where(entity.left_at.is_(None)) for entity in (Officer, Contact, Resident)]
    numbers = session.scalars(
        select(Phone.number)
        .where(Phone.seen_at < since, or_(*(Phone.number.in_(one) for one in active)))
        .order_by(Phone.number)
        .limit(AT_ONCE)
    ).all()
    for number in numbers:
        forget(session, now, phone=number)
    return len(numbers)
