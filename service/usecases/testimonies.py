"""Testimonies: what a project changed, in the words of those who live with it or helped it."""

from datetime import datetime

from sqlalchemy.orm import Session

from service.domain.errors import NotFoundError
from service.domain.states import NeedState, ProposalState
from service.domain.testimonies import Publication
from service.models.associations import Officer
from service.models.audit import record
from service.models.diaspora import Contact
from service.models.needs import Need, need_by_reference
from service.models.phones import Phone
from service.models.progress import shown_to
from service.models.testimonies import Testimony


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
    actor = f"{'officer' if of_village else 'contact'}:{author.id}"
    agreed = {"publication": publication.value, "channel": channel}
    record(session, now, actor, "testimony.given", f"testimony:{testimony.id}", **agreed)
    return testimony


def _takes_part(session: Session, author: Officer | Contact, need: Need) -> bool:
    if isinstance(author, Officer):
        return need.association_id == author.association_id and need.state is NeedState.INTRODUCED
    introduced = [one for one in shown_to(session, need.id) if one.state is ProposalState.INTRODUCED]
    return author.association_id in {one.diaspora_id for one in introduced}
