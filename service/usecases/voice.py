"""Testimonies spoken on a call: kept with nobody's leave to publish them, until their author gives it."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.testimonies import Publication, TestimonyState
from service.messaging.outbox import tell
from service.models.associations import Officer, active_officer
from service.models.diaspora import Contact, active_contact
from service.models.needs import Need, projects_of
from service.models.proposals import introduced_to
from service.models.testimonies import Recording
from service.usecases.testimonies import note_testimony

FETCHED_WITHIN = timedelta(days=7)
FETCHED_AT_ONCE = 20


def spoken_of(session: Session, phone: str) -> Need | None:
    """Return the project that whoever calls from this phone speaks of; None for strangers, and of several."""
    author = _author(session, phone)
    if isinstance(author, Officer):
        projects = projects_of(session, author.association_id)
    else:
        projects = [one.need for one in introduced_to(session, author.association_id)] if author else []
    return projects[0] if len(projects) == 1 else None


def keep_recording(
    session: Session, now: datetime, *, phone: str, call_id: str, address: str, seconds: int
) -> Recording | None:
    """Keep where a gateway has what a caller said, and tell them what becomes of it; None when they speak of nothing.

    A caller's number can be forged, so nothing spoken is published before its author says so elsewhere.
    """
    author, need = _author(session, phone), spoken_of(session, phone)
    if not author or not need:
        return None
    testimony = note_testimony(
        session,
        now,
        author=author,
        reference=need.reference,
        words="",
        publication=Publication.PRIVATE,
        channel="voice",
    )
    recording = Recording(
        call_id=call_id, testimony_id=testimony.id, address=address, seconds=seconds, sound=None, received_at=now
    )
    session.add(recording)
    event = f"recording:{testimony.id}"
    tell(session, now, event=event, phone=phone, template="recording_kept", reference=need.reference)
    return recording


def unfetched(session: Session, now: datetime) -> list[tuple[int, str]]:
    """Return the ids and addresses of what is still with the gateway, the oldest first; not of what is long lost."""
    found = select(Recording.id, Recording.address).where(
        Recording.sound.is_(None), Recording.address != "", Recording.received_at > now - FETCHED_WITHIN
    )
    found = found.order_by(Recording.id).limit(FETCHED_AT_ONCE)
    return [(number, address) for number, address in session.execute(found)]


def store_sound(session: Session, recording_id: int, media_type: str, sound: bytes) -> None:
    """Keep a sound that was fetched, unless its author took it back meanwhile."""
    recording = session.get(Recording, recording_id, with_for_update=True, populate_existing=True)
    if recording and recording.testimony.state is not TestimonyState.WITHDRAWN:
        recording.media_type, recording.sound = media_type, sound


def sound_of(session: Session, testimony_id: int) -> Recording | None:
    """Return the recording of a testimony with its sound, None when there is none yet."""
    found = select(Recording).where(Recording.testimony_id == testimony_id, Recording.sound.is_not(None))
    return session.scalars(found).first()


def _author(session: Session, phone: str) -> Officer | Contact | None:
    return active_officer(session, phone) or active_contact(session, phone)
