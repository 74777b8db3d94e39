"""Digests: what a person wanted to hear of once a day or once a week, in one message, composed when it is sent."""

from collections.abc import Collection, Sequence
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.domain.countries import zone_of
from service.domain.kinds import MANNERS, Pace
from service.domain.states import MESSAGE_MOVES, MessageState, ProposalState, move
from service.locales import Speaker, speaker
from service.messaging.outbox import MOST_PARTS, tell
from service.messaging.quiet import waits_until
from service.messaging.segments import fold, measure
from service.models import Contact, Message, Phone, Proposal
from service.models.audit import record
from service.models.progress import ProgressReport, is_waiting

HOUR = time(9)  # of the receiver's clock
MONDAY = 0
# News only while what it is about waits: a proposal for its answer, a report for a second person's word.
WHILE_WAITING = frozenset({"alert", "alert_reminder", "progress_declared"})
AT_ONCE = 200


def send_digests(session: Session, now: datetime, quiet: tuple[int, int]) -> int:
    """Write the digests that are due, up to 200 in the caller's transaction; returns how many phones got one.

    One that is late waits, as in `waits_until`, for the end of `quiet` hours: written in the night it would leave with
    the morning, and say what no longer holds.
    """
    waiting = (
        select(Message.phone, func.min(Message.created_at))
        .where(Message.state == MessageState.GATHERED)
        .group_by(Message.phone)
    )
    due = []
    for number, oldest in session.execute(waiting):
        phone = session.get_one(Phone, number)
        if oldest < due_since(phone, now) and not waits_until(now, number, phone.zone, quiet):
            due.append(number)
    return sum(_digest(session, now, number) for number in due[:AT_ONCE])


def due_since(phone: Phone, now: datetime) -> datetime:
    """Return the latest moment at which this phone's digest was due; what is older than that is told now."""
    there = now.astimezone(ZoneInfo(phone.zone or zone_of(phone.number)))
    day = there.date() - timedelta(days=0 if there.time() >= HOUR else 1)
    if phone.pace is Pace.WEEKLY:
        day -= timedelta(days=(day.weekday() - MONDAY) % 7)
    return datetime.combine(day, HOUR, there.tzinfo)


def change_pace(session: Session, now: datetime, *, contact: Contact, pace: Pace) -> None:
    """Let a contact hear of alerts and news at once, daily or weekly. What waits for a digest leaves when it is not."""
    phone = session.get_one(Phone, contact.phone, with_for_update={"key_share": True}, populate_existing=True)
    phone.pace = pace
    record(session, now, f"contact:{contact.id}", "phone.pace_changed", f"contact:{contact.id}", value=pace)
    if pace is Pace.AT_ONCE:
        for message in _worth_telling(session, now, _gathered(session, phone.number)):
            _by_itself(message, now)


def _digest(session: Session, now: datetime, number: str) -> bool:
    """Tell what waits for this phone in one message; by itself, when it is one thing only."""
    gathered = _gathered(session, number)
    news = _worth_telling(session, now, gathered)
    if len(news) == 1:
        _by_itself(news[0], now)
        return True
    if not news:
        return False
    voice = speaker(session.get_one(Phone, number).language)
    event = f"digest:{news[-1].id}"
    told = tell(session, now, event=event, phone=number, template="digest", count=len(news), news=_fitting(voice, news))
    digest_id = session.scalar(select(Message.id).where(Message.key == f"{event}|{number}|digest"))
    for message in news:
        message.state = move(MESSAGE_MOVES, message.state, MessageState.DIGESTED)
        message.digest_id, message.final_at = digest_id, now
    return told


def _gathered(session: Session, number: str) -> Sequence[Message]:
    return session.scalars(
        select(Message)
        .where(Message.phone == number, Message.state == MessageState.GATHERED)
        .order_by(Message.id)
        .with_for_update()
    ).all()


def _worth_telling(session: Session, now: datetime, gathered: Sequence[Message]) -> list[Message]:
    """Return what is still news, and end the rest: what was answered or said anew meanwhile, a reminder of what is new.

    What something else has overtaken is cancelled, as nobody lacks it; what was kept too long is a dead letter.
    """
    waiting = _waiting(session, {message.subject for message in gathered if message.template in WHILE_WAITING})
    worth = []
    for message in gathered:
        if message.template in WHILE_WAITING and message.subject not in waiting:
            _end(message, now, MessageState.CANCELLED, "no longer news")
        elif message.expires_at <= now:
            _end(message, now, MessageState.EXPIRED, "too late")
        else:
            worth.append(message)
            # What else there is about it only reminds of it.
            waiting.discard(message.subject)
    return worth


def _waiting(session: Session, subjects: Collection[str | None]) -> set[str | None]:
    """Return which of the proposals and reports, as messages name their subjects, still wait."""
    found = {
        "proposal:": (Proposal.id, Proposal.state == ProposalState.PROPOSED),
        "report:": (ProgressReport.id, is_waiting()),
    }
    waiting: set[str | None] = set()
    for kind, (column, waits) in found.items():
        numbers = [int(subject.removeprefix(kind)) for subject in subjects if subject and subject.startswith(kind)]
        waiting |= {f"{kind}{number}" for number in session.scalars(select(column).where(column.in_(numbers), waits))}
    return waiting


def _end(message: Message, now: datetime, state: MessageState, reason: str) -> None:
    message.state = move(MESSAGE_MOVES, message.state, state)
    message.reason, message.final_at = reason, now


def _by_itself(message: Message, now: datetime) -> None:
    message.state = move(MESSAGE_MOVES, message.state, MessageState.QUEUED)
    message.next_at, message.expires_at = now, now + MANNERS[message.kind].life


def _fitting(voice: Speaker, news: Sequence[Message]) -> str:
    """Return as many lines, the newest first, as two parts of an SMS hold, and how many more there are."""
    lines = [message.line for message in reversed(news)]
    for shown in range(len(lines), 0, -1):
        more = [voice.say("phrase.and_more", count=len(lines) - shown)] if shown < len(lines) else []
        said = "; ".join([*lines[:shown], *more])
        if measure(fold(voice.say("sms.digest", count=len(lines), news=said))).parts <= MOST_PARTS:
            return said
    return voice.say("phrase.and_more", count=len(lines))
