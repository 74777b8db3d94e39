"""People move: a contact is replaced or has died, associations merge or split; no project loses anything."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotFoundError
from service.domain.phone import show_phone
from service.domain.states import ASSOCIATION_MOVES, CHANGE_MOVES, AssociationState, ChangeState, move
from service.domain.text import clean
from service.messaging.outbox import tell
from service.models.associations import Officer, VillageAssociation
from service.models.audit import record
from service.models.diaspora import Contact
from service.models.needs import Need
from service.models.officers import OfficerChange
from service.models.phones import Phone
from service.models.proposals import introduced_to
from service.usecases.officers import may_be_added
from service.usecases.phones import know_phone, record_consent, switch_off
from service.usecases.projects import contacts_of, declarers


def replace_contact(session: Session, now: datetime, *, actor: str, contact_id: int, name: str, phone: str) -> Contact:
    """Let another person answer for a diaspora association; the old number can do nothing more, at once.

    The newcomer has agreed on the phone with a coordinator. Villages it is a partner of hear whom to speak with now.
    Raises NotFoundError for who left already, MoveError for a number that speaks for somebody, or said STOP.
    """
    old = _contact(session, contact_id)
    if not may_be_added(session, phone):
        raise MoveError(before="taken", after="contact")
    known = know_phone(session, now, phone, session.get_one(Phone, old.phone).language)
    # Where the association says it is, whatever the newcomer's number is from.
    known.zone = old.association.time_zone
    record_consent(session, now, phone, "call")
    remove_contact(session, now, actor=actor, contact_id=contact_id)
    new = Contact(association_id=old.association_id, phone=phone, name=clean(name), joined_at=now)
    session.add(new)
    session.flush()
    record(session, now, actor, "contact.joined", f"diaspora:{old.association_id}", contact=new.id)
    event = f"contact:{new.id}:joined"
    diaspora = old.association.name
    tell(session, now, event=event, phone=phone, template="contact_welcome", diaspora=diaspora)
    for proposal in introduced_to(session, old.association_id):
        for officer in declarers(proposal.need):
            tell(
                session,
                now,
                event=f"{event}:{proposal.need_id}",
                phone=officer.phone,
                template="contact_changed",
                reference=proposal.need.reference,
                diaspora=diaspora,
                contact=new.name,
                number=show_phone(phone),
            )
    return new


def remove_contact(session: Session, now: datetime, *, actor: str, contact_id: int) -> Contact:
    """Note that a contact has died, or left: the number answers for nobody from now on.

    Raises NotFoundError for who left already.
    """
    contact = _contact(session, contact_id)
    contact.left_at = now
    switch_off(session, now, contact.phone)
    record(session, now, actor, "contact.left", f"diaspora:{contact.association_id}", contact=contact.id)
    session.flush()
    return contact


def merge_associations(session: Session, now: datetime, *, actor: str, number: int, into: int) -> VillageAssociation:
    """Let a village's association go on in another: its officers and needs, with all that is theirs, become its own.

    Partners hear with whom they deal now. Raises NotFoundError for an association that is none, MoveError for one that
    is not verified, or is merged into itself.
    """
    first, second = (_association(session, each) for each in sorted((number, into)))
    gone, kept = (first, second) if first.id == number else (second, first)
    if gone is kept:
        raise MoveError(before=gone.state, after=gone.state)
    _shift(session, now, actor, kept, [one.id for one in gone.active_officers], _needs(session, gone.id))
    gone.state = move(ASSOCIATION_MOVES, gone.state, AssociationState.REJECTED)
    gone.state_reason = f"-> {kept.name}"[:200]
    record(session, now, actor, "association.merged", f"association:{gone.id}", into=kept.id)
    return kept


def split_association(
    session: Session,
    now: datetime,
    *,
    actor: str,
    number: int,
    name: str,
    officers: Collection[int],
    needs: Collection[int],
) -> VillageAssociation:
    """Let some officers of a village go on as an association of their own, with the needs that are theirs.

    Somebody must stay behind. Raises NotFoundError for what is not of the association, MoveError when nobody who may
    declare would be on one of the sides.
    """
    old = _association(session, number)
    going = [one for one in old.active_officers if one.id in officers]
    theirs = [need for need in _needs(session, number) if need.id in needs]
    if len(going) != len(set(officers)) or len(theirs) != len(set(needs)):
        raise NotFoundError
    if not going or len(going) == len(old.active_officers):
        raise MoveError(before=old.state, after=old.state)
    values = {"douar": old.douar, "commune_code": old.commune_code, "state": old.state}
    new = VillageAssociation(name=clean(name), registered_at=now, decided_at=now, **values)
    session.add(new)
    session.flush()
    _shift(session, now, actor, new, [one.id for one in going], theirs)
    record(session, now, actor, "association.split", f"association:{old.id}", new=new.id)
    return new


def _shift(
    session: Session, now: datetime, actor: str, to: VillageAssociation, officers: Collection[int], needs: list[Need]
) -> None:
    """Make officers and needs another association's; what was asked among its officers lapses."""
    changes = select(OfficerChange).where(
        OfficerChange.asked_by.in_(officers) | OfficerChange.officer_id.in_(officers),
        OfficerChange.state.in_((ChangeState.ASKED, ChangeState.AGREED)),
    )
    for change in session.scalars(changes):
        change.state, change.decided_at = move(CHANGE_MOVES, change.state, ChangeState.EXPIRED), now
    for number in officers:
        officer = session.get_one(Officer, number)
        officer.association = to
        record(session, now, actor, "officer.moved", f"officer:{number}", association=to.id)
        event = f"officer:{number}:moved:{to.id}"
        tell(session, now, event=event, phone=officer.phone, template="officer_moved", association=to.name)
    for need in needs:
        need.association = to
        record(session, now, actor, "need.moved", f"need:{need.id}", association=to.id)
    session.flush()
    for need in needs:
        _tell_partners(session, now, need)


def _tell_partners(session: Session, now: datetime, need: Need) -> None:
    speaks = declarers(need)
    for contact in contacts_of(session, need.id) if speaks else []:
        tell(
            session,
            now,
            event=f"need:{need.id}:moved:{need.association_id}:{now.isoformat()}",
            phone=contact.phone,
            template="village_changed",
            reference=need.reference,
            association=need.association.name,
            role=speaks[0].role,
            number=show_phone(speaks[0].phone),
        )


def _contact(session: Session, contact_id: int) -> Contact:
    found = session.get(Contact, contact_id, with_for_update={"of": Contact}, populate_existing=True)
    if not found or found.left_at:
        raise NotFoundError
    return found


def _association(session: Session, number: int) -> VillageAssociation:
    lock = {"of": VillageAssociation}
    found = session.get(VillageAssociation, number, with_for_update=lock, populate_existing=True)
    if not found:
        raise NotFoundError
    if found.state is not AssociationState.VERIFIED:
        raise MoveError(before=found.state, after=found.state)
    return found


def _needs(session: Session, number: int) -> list[Need]:
    return list(session.scalars(select(Need).where(Need.association_id == number).order_by(Need.id)))
