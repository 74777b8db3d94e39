"""Phones: their language, their consents, STOP and START."""

from datetime import datetime, timedelta

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from service.domain.phone import mask_phone
from service.domain.states import WAITING, MessageState
from service.locales import Language
from service.messaging.outbox import STOP_CONFIRMATION, tell
from service.messaging.receivers import receiver
from service.models import Consent, Message, Phone
from service.models.audit import record
from service.models.phones import doubt_after_silence
from service.models.spotchecks import active_resident

CONSENT_TEXT = "2026-11"  # version of what a person agrees to; changes with the text, so that old consents keep theirs
SEEN_EVERY = timedelta(days=1)
# Over these a person waits for a text; USSD and the web show a screen, and a carrier's own list lets nothing through.
ANSWERED_BY_SMS = "sms"
# With what waits: a sender may be claiming it.
COMES_BACK = (*WAITING, MessageState.ATTEMPTING, MessageState.UNKNOWN)


def know_phone(session: Session, now: datetime, number: str, language: Language | None = None) -> Phone:
    """Return the phone of an E.164 number that wrote, or that someone vouched for, now; made when it is new.

    A `language` given replaces the phone's. `seen_at` is kept to the day, so that a turn need not write. After a long
    silence the number is doubted (`service.usecases.vouching`).
    """
    phone = receiver(session, number, language)
    if language is not None:
        phone.language = language
    doubt_after_silence(session, now, phone)
    if phone.seen_at is None or now - phone.seen_at >= SEEN_EVERY:
        phone.seen_at = now
    return phone


def record_consent(session: Session, now: datetime, number: str, channel: str, version: str = CONSENT_TEXT) -> Consent:
    """Record that the person agreed to a text, over `channel`; the consent already there when it still holds."""
    phone = know_phone(session, now, number)
    held = session.scalars(_held(number).where(Consent.text_version == version)).first()
    if held is not None:
        return held
    consent = Consent(phone=number, text_version=version, language=phone.language, channel=channel, given_at=now)
    session.add(consent)
    return consent


def switch_off(session: Session, now: datetime, number: str) -> None:
    """Let nothing that waits go out any more to a phone that speaks for nobody now: it may be in anybody's hands.

    What it has begun ends by itself: who speaks is looked up again with the answer that would change a fact.
    """
    own = update(Message).where(Message.phone == number)
    # What is being sent may come back, and what is in doubt would be sent once more: a life that ended as it began says
    # so wherever they are by then.
    session.execute(own.where(Message.state.in_(COMES_BACK)).values(expires_at=Message.created_at))
    cancelled = {"state": MessageState.CANCELLED, "final_at": now, "reason": "left"}
    session.execute(own.where(Message.state.in_(WAITING)).values(**cancelled))


def stop(session: Session, now: datetime, number: str, channel: str) -> Phone:
    """Write nothing more to this number, known or not: consents withdrawn, queued messages cancelled.

    A STOP by SMS is confirmed by one last SMS, as the codes of conduct ask. Said twice, it holds from the first time.
    """
    phone = _locked(session, now, number)
    if phone.stopped_at is not None:
        return phone
    phone.stopped_at = now
    for consent in session.scalars(_held(number)):
        consent.withdrawn_at = now
    leave_village(session, now, number)
    waiting = update(Message).where(Message.phone == number, Message.state.in_(WAITING))
    session.execute(waiting.values(state=MessageState.CANCELLED, final_at=now, reason="stop"))
    _note(session, now, number, "phone.stopped", channel)
    if channel == ANSWERED_BY_SMS:
        tell(session, now, event=f"stop:{now.isoformat()}", phone=number, template=STOP_CONFIRMATION, reply=True)
    return phone


def start(session: Session, now: datetime, number: str, channel: str, version: str = CONSENT_TEXT) -> Phone:
    """Write to this number again: a new consent, to the text of `version`. What STOP cancelled stays cancelled."""
    phone = _locked(session, now, number)
    stopped = phone.stopped_at is not None
    phone.stopped_at = None
    record_consent(session, now, number, channel, version)
    if stopped:
        _note(session, now, number, "phone.started", channel)
    if channel == ANSWERED_BY_SMS and stopped:
        tell(session, now, event=f"start:{now.isoformat()}", phone=number, template="started", reply=True)
    return phone


def leave_village(session: Session, now: datetime, number: str) -> None:
    """Ask whoever has this number no more whether works are done: they left, or speak for an association now."""
    if resident := active_resident(session, number):
        resident.left_at = now
        record(session, now, f"resident:{resident.id}", "resident.left", f"association:{resident.association_id}")
        session.flush()


def _locked(session: Session, now: datetime, number: str) -> Phone:
    """Return the phone so that a STOP said twice at the same moment counts once."""
    phone = know_phone(session, now, number)
    session.flush()
    session.refresh(phone, with_for_update={"key_share": True})
    return phone


def _note(session: Session, now: datetime, number: str, action: str, channel: str) -> None:
    # An audit entry outlives the person's data, so it holds the number masked.
    who = f"phone:{mask_phone(number)}"
    record(session, now, who, action, who, channel=channel)


def _held(number: str) -> Select[Consent]:
    return select(Consent).where(Consent.phone == number, Consent.withdrawn_at.is_(None))
