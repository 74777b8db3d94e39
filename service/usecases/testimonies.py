"""Testimonies: what a project changed, in the words of those who live with it or helped it."""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotFoundError
from service.domain.states import NeedState, ProposalState, move
from service.domain.testimonies import TESTIMONY_MOVES, Publication, TestimonyState
from service.messaging.outbox import tell
from service.models.associations import Officer
from service.models.audit import record
from service.models.diaspora import Contact
from service.models.needs import Need, need_by_reference
from service.models.phones import Phone
from service.models.progress import shown_to
from service.models.testimonies import Recording, Testimony, testimonies_by


def note_testimony(
    session: Session,
    now: datetime,
    *,
    author: Officer | Contact,
    reference: str,
    words: str,
    publication: Publication,
    channel: str,
) -> Testimony:
    """Keep somebody's words on a project, with what they agree may be done with them, and over which channel.

    Nothing is published by that: a coordinator reads them first. Raises NotFoundError when it is not the author's
    project.
    """
    need = need_by_reference(session, reference)
    if not need or not _takes_part(session, author, need):
        raise NotFoundError
    of_village = isinstance(author, Officer)
    testimony = Testimony(
        need_id=need.id,
        officer_id=author.id if of_village else None,
        contact_id=None if of_village else author.id,
        text=words,
        language=session.get_one(Phone, author.phone).language,
        publication=publication,
        written_at=now,
    )
    session.add(testimony)
    session.flush()
    agreed = {"publication": publication.value, "channel": channel}
    record(session, now, _actor(author), "testimony.given", f"testimony:{testimony.id}", **agreed)
    return testimony


def change_publication(
    session: Session,
    now: datetime,
    *,
    author: Officer | Contact,
    testimony_id: int,
    publication: Publication,
    channel: str,
) -> Testimony:
    """Note what its author agrees to now; what may not be published any more is taken down at once.

    Raises NotFoundError for another's testimony, or one that was withdrawn.
    """
    testimony = _own(session, author, testimony_id)
    testimony.publication = publication
    if publication is Publication.PRIVATE and testimony.state is TestimonyState.PUBLISHED:
        testimony.state = move(TESTIMONY_MOVES, testimony.state, TestimonyState.GIVEN)
    agreed = {"publication": publication.value, "channel": channel}
    record(session, now, _actor(author), "testimony.consent_changed", f"testimony:{testimony_id}", **agreed)
    return testimony


def withdraw_testimony(
    session: Session, now: datetime, *, author: Officer | Contact, testimony_id: int, channel: str
) -> None:
    """Take one's words back: they are deleted, spoken ones too. Raises NotFoundError as `change_publication`."""
    testimony = _own(session, author, testimony_id)
    testimony.state = move(TESTIMONY_MOVES, testimony.state, TestimonyState.WITHDRAWN)
    testimony.text = ""
    silence = update(Recording).where(Recording.testimony_id == testimony_id)
    session.execute(silence.values(sound=None, address=""))
    record(session, now, _actor(author), "testimony.withdrawn", f"testimony:{testimony_id}", channel=channel)


def publish_testimony(session: Session, now: datetime, *, actor: str, testimony_id: int) -> Testimony:
    """Let everybody read it, and tell its author how to take it back.

    Raises NotFoundError, MoveError when it is published or withdrawn, or when its author agreed to neither.
    """
    testimony = _locked(session, testimony_id)
    if testimony.publication is Publication.PRIVATE:
        raise MoveError(before=testimony.state, after=TestimonyState.PUBLISHED)
    return _decide(session, now, actor, testimony, TestimonyState.PUBLISHED, "")


def set_aside_testimony(session: Session, now: datetime, *, actor: str, testimony_id: int, reason: str) -> Testimony:
    """Keep it from being read, and tell its author why. Raises NotFoundError or MoveError."""
    return _decide(session, now, actor, _locked(session, testimony_id), TestimonyState.SET_ASIDE, reason)


def reconsider_testimony(session: Session, now: datetime, *, actor: str, testimony_id: int) -> Testimony:
    """Take a decision back: it waits for one again. Raises NotFoundError or MoveError."""
    return _decide(session, now, actor, _locked(session, testimony_id), TestimonyState.GIVEN, "")


def _decide(
    session: Session, now: datetime, actor: str, testimony: Testimony, state: TestimonyState, reason: str
) -> Testimony:
    testimony.state = move(TESTIMONY_MOVES, testimony.state, state)
    testimony.reason, testimony.decided_by, testimony.decided_at = reason, actor, now
    record(session, now, actor, f"testimony.{state}", f"testimony:{testimony.id}", reason=reason)
    author = testimony.officer or testimony.contact
    if author and author.left_at is None and state is not TestimonyState.GIVEN:
        tell(
            session,
            now,
            event=f"testimony:{testimony.id}:{state}:{now.isoformat()}",
            phone=author.phone,
            template=f"testimony_{state}",
            reference=testimony.need.reference,
            reason=reason,
        )
    return testimony


def _own(session: Session, author: Officer | Contact, testimony_id: int) -> Testimony:
    testimony = _locked(session, testimony_id)
    if testimony not in testimonies_by(session, author):
        raise NotFoundError
    return testimony


def _locked(session: Session, testimony_id: int) -> Testimony:
    testimony = session.get(Testimony, testimony_id, with_for_update={"of": Testimony}, populate_existing=True)
    if not testimony:
        raise NotFoundError
    return testimony


def _actor(author: Officer | Contact) -> str:
    return f"{'officer' if isinstance(author, Officer) else 'contact'}:{author.id}"


def _takes_part(session: Session, author: Officer | Contact, need: Need) -> bool:
    if isinstance(author, Officer):
        return need.association_id == author.association_id and need.state is NeedState.INTRODUCED
    introduced = [one for one in shown_to(session, need.id) if one.state is ProposalState.INTRODUCED]
    return author.association_id in {one.diaspora_id for one in introduced}
