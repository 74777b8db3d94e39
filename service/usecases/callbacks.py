"""People who want to be called: they ask by phone, a coordinator calls."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotFoundError
from service.domain.phone import mask_phone
from service.domain.roles import OfficerRole
from service.locales import Language
from service.messaging.receipts import lock_phones
from service.messaging.receivers import receiver
from service.models.associations import Officer, VillageAssociation
from service.models.audit import record
from service.models.callbacks import Callback, waiting_callbacks
from service.models.diaspora import Contact, DiasporaAssociation
from service.models.phones import Phone
from service.models.spotchecks import Resident
from service.models.users import User

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
    waiting = waiting_callbacks(session)
    known = _known(session, [callback.phone for callback in waiting])
    return [Caller(one.id, one.phone, asked_at=one.asked_at, **known[one.phone]) for one in waiting]


def _known(session: Session, phones: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return what is known of who has each of these phones: in five statements, however many there are."""
    languages = select(Phone.number, Phone.language).where(Phone.number.in_(phones))
    known: dict[str, dict[str, Any]] = {phone: {"language": spoken} for phone, spoken in session.execute(languages)}
    for user in session.scalars(select(User).where(User.phone.in_(phones))):
        known[user.phone or ""]["person"] = user.name
    residents = select(Resident.phone, VillageAssociation.name).join(Resident.association)
    for phone, name in session.execute(residents.where(Resident.phone.in_(phones), Resident.left_at.is_(None))):
        known[phone].update(association=name)
    contacts = select(Contact.phone, Contact.name, DiasporaAssociation.name).join(Contact.association)
    for phone, person, name in session.execute(contacts.where(Contact.phone.in_(phones), Contact.left_at.is_(None))):
        known[phone].update(person=person, association=name)
    officers = select(Officer.phone, Officer.role, VillageAssociation.name).join(Officer.association)
    for phone, role, name in session.execute(officers.where(Officer.phone.in_(phones), Officer.left_at.is_(None))):
        known[phone].update(role=role, association=name)
    return known
