"""A phone number is not a person: before anything sensitive, one that was silent for long is verified again."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from service.domain.dormancy import is_dormant
from service.domain.errors import MoveError, NotAllowedError, NotFoundError
from service.domain.phone import show_phone
from service.messaging.outbox import tell
from service.messaging.receipts import lock_phones
from service.models.associations import Officer
from service.models.audit import record
from service.models.diaspora import Contact
from service.models.phones import Phone, doubt
from service.models.users import User
from service.models.vouching import VOUCH_KEPT, Person, colleagues, holder_of, person_at, waiting_vouches
from service.usecases.callbacks import ask_callback


def must_verify(session: Session, now: datetime, number: str) -> bool:
    """Tell whether somebody must say that a number is still its owner's before it does anything sensitive.

    So after 90 days without a sign of life, or once a receipt told that it is in use no more. Who speaks for nobody has
    nothing to lose; who joined since was vouched for then.
    """
    phone, holder = session.get(Phone, number), holder_of(session, number)
    if not phone or not holder:
        return False
    _, since = holder
    doubted = phone.doubted_at is not None and phone.doubted_at > since
    return doubted or is_dormant(now, [since, *phone.signs])


def who_vouches(session: Session, now: datetime, number: str) -> Sequence[Person]:
    """Return the colleagues who may vouch for a number and can be asked; none where a coordinator must."""
    person = person_at(session, number)
    others = colleagues(session, person) if person else []
    return [one for one in others if not (_stopped(session, one) or must_verify(session, now, one.phone))]


def ask_to_vouch(session: Session, now: datetime, *, phone: str, channel: str, dial: str) -> None:
    """Ask those who may vouch for this number, by SMS; where nobody may, let a coordinator call.

    What was asked within a week is not asked again. `dial` is the USSD code they may dial. Raises NotFoundError when
    the number speaks for nobody any more.
    """
    holder, _ = _held(session, phone)
    known = session.get_one(Phone, phone, populate_existing=True)
    if known.vouch_asked_at and now - known.vouch_asked_at < VOUCH_KEPT:
        return
    if not known.doubted_at:
        doubt(session, now, known, "silent")
    known.vouch_asked_at = now
    record(session, now, _subject(holder), "phone.vouch_asked", _subject(holder))
    others = who_vouches(session, now, phone)
    if not others:
        ask_callback(session, now, phone=phone, channel=channel)
    for other in others:
        _ask(session, now, holder, other, dial)


def vouch(session: Session, now: datetime, *, who: Person, phone: str) -> None:
    """Say that the number of a colleague who asked is still theirs; they are told.

    Raises MoveError when nothing waits, NotAllowedError when one's own number is doubted.
    """
    person = _waiting(session, now, who, phone)
    if must_verify(session, now, who.phone):
        raise NotAllowedError
    _settle(session, now, _subject(who), person)


def refuse_to_vouch(session: Session, now: datetime, *, who: Person, phone: str) -> None:
    """Say that it may be another person's: it goes on deciding nothing, and a coordinator calls.

    Raises MoveError when nothing waits.
    """
    person = _waiting(session, now, who, phone)
    session.get_one(Phone, phone).vouch_asked_at = None
    record(session, now, _subject(who), "phone.vouch_refused", _subject(person))
    ask_callback(session, now, phone=phone, channel="vouch")


def confirm_number(session: Session, now: datetime, *, actor: str, phone: str) -> None:
    """Note that a coordinator spoke with the owner of a number: it is still theirs; they are told.

    Raises NotFoundError for a number that speaks for nobody, MoveError for one that nobody doubts.
    """
    holder, _ = _held(session, phone)
    if not must_verify(session, now, phone):
        raise MoveError(before="certain", after="certain")
    _settle(session, now, actor, holder)


def _held(session: Session, number: str) -> tuple[Person | User, datetime]:
    """Return who speaks from a number, which is locked, and since when."""
    lock_phones(session, {number})
    holder = holder_of(session, number)
    if not holder or not session.get(Phone, number):
        raise NotFoundError
    return holder


def _waiting(session: Session, now: datetime, who: Person, phone: str) -> Person:
    lock_phones(session, {phone})
    for person in waiting_vouches(session, now, who):
        if person.phone == phone:
            return person
    raise MoveError(before="asked", after="vouched")


def _settle(session: Session, now: datetime, actor: str, holder: Person | User) -> None:
    phone = session.get_one(Phone, holder.phone)
    phone.doubted_at, phone.vouch_asked_at, phone.vouched_at = None, None, now
    record(session, now, actor, "phone.vouched", _subject(holder))
    event = f"vouched:{_subject(holder)}:{now.isoformat()}"
    tell(session, now, event=event, phone=phone.number, template="vouched")


def _ask(session: Session, now: datetime, holder: Person | User, other: Person, dial: str) -> None:
    tell(
        session,
        now,
        # It outlives the person's data, so it holds no number.
        event=f"vouch_asked:{_subject(holder)}:{now.date()}",
        phone=other.phone,
        template="vouch_asked",
        association=other.association.name,
        who=holder.role if isinstance(holder, Officer) else holder.name,
        number=show_phone(holder.phone or ""),
        code=dial,
    )


def _subject(who: Person | User) -> str:
    kind = {Officer: "officer", Contact: "contact", User: "user"}[type(who)]
    return f"{kind}:{who.id}"


def _stopped(session: Session, person: Person) -> bool:
    return session.get_one(Phone, person.phone).stopped_at is not None
