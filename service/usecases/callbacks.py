"""People who want to be called: they ask by phone, a coordinator calls."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotFoundError
from service.domain.phone import mask_phone
from service.domain.roles import OfficerRole
from service.locales import Language
from service.messaging.receipts import lock_phones
from service.messaging.receivers import receiver
from service.models.associations import active_officer
from service.models.audit import record
from service.models.callbacks import Callback, waiting_callbacks
from service.models.diaspora import active_contact
from service.models.phones import Phone
from service.models.users import user_at

PROMISED = timedelta(days=2)


@dataclass(frozen=True)
class Caller:
    """Someone who waits to be called: in which language, and who they are as far as it is known."""

    id: int
    phone: str
    language: Language
    asked_at: datetime
    association: str = ""
    role: OfficerRole | None = None
    person: str = ""


def ask_callback(session: Session, now: datetime, *, phone: str, channel: str) -> Callback:
    """Note that this phone's owner wants to be called; while that waits, asking again changes nothing."""
    receiver(session, phone)
    lock_phones(session, {phone})
    waiting = session.scalar(select(Callback).where(Callback.phone == phone, Callback.done_at.is_(None)))
    if waiting:
        return waiting
    callback = Callback(phone=phone, channel=channel, asked_at=now)
    session.add(callback)
    session.flush()
    record(session, now, f"phone:{mask_phone(phone)}", "callback.asked", f"callback:{callback.id}")
    return callback


def finish_callback(session: Session, now: datetime, *, actor: str, callback_id: int) -> Callback:
    """Note that they were called.

    Raises NotFoundError, also when they have left since, or MoveError when another has called them.
    """
    callback = session.get(Callback, callback_id, with_for_update=True, populate_existing=True)
    if not callback:
        raise NotFoundError
    if callback.done_at:
        raise MoveError(before="done", after="done")
    callback.done_at, callback.done_by = now, actor
    record(session, now, actor, "callback.done", f"callback:{callback.id}")
    return callback


def people_to_call(session: Session) -> list[Caller]:
    """Return who waits to be called, the longest first."""
    return [_caller(session, callback) for callback in waiting_callbacks(session)]


def _caller(session: Session, callback: Callback) -> Caller:
    phone = callback.phone
    base = (callback.id, phone, session.get_one(Phone, phone).language, callback.asked_at)
    if officer := active_officer(session, phone):
        return Caller(*base, association=officer.association.name, role=officer.role)
    if contact := active_contact(session, phone):
        return Caller(*base, association=contact.association.name, person=contact.name)
    user = user_at(session, phone)
    return Caller(*base, person=user.name if user else "")
