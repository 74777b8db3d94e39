"""Associations of emigrants merge or split: what they are shown, promise and give goes with those who carry it on."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotFoundError
from service.domain.phone import show_phone
from service.domain.projects import Party
from service.domain.states import PROPOSAL_MOVES, AssociationState, ProposalState, move
from service.domain.text import clean
from service.messaging.outbox import tell
from service.models.audit import record
from service.models.contributions import Arrival, Contribution, LedgerEntry
from service.models.diaspora import Contact, DiasporaAssociation, Interest, Origin
from service.models.pledges import Pledge
from service.models.projects import PlanAgreement
from service.models.proposals import Proposal
from service.models.sheets import SheetConsent
from service.usecases.contributions import change_plan, line_of
from service.usecases.projects import declarers

# How far a need has come with an association; of two that become one, the farther counts.
NEARER = (ProposalState.PROPOSED, ProposalState.INTERESTED, ProposalState.INTRODUCED)
# What becomes of the other, which is answered with it.
CLOSED = {
    ProposalState.PROPOSED: ProposalState.EXPIRED,
    ProposalState.INTERESTED: ProposalState.DECLINED,
    ProposalState.INTRODUCED: ProposalState.WITHDRAWN,
}
ANSWER = ("state", "score", "reasons", "answer_reason", "answered_by", "accepted_by", "answered_at", "decided_at")


def merge_diaspora(session: Session, now: datetime, *, actor: str, number: int, into: int) -> DiasporaAssociation:
    """Let an association of emigrants go on in another: its contacts, projects and promises become its own.

    Where both are partners of a project their lines of its plan become one, and all agree to the plan anew. Villages
    hear with whom they deal now. Raises NotFoundError for an association that is none or has left, MoveError for one
    that is not verified, or is merged into itself.
    """
    shown = _shown(session, (number, into))
    associations = {one: _association(session, one) for one in sorted({number, into})}
    gone, kept = associations[number], associations[into]
    if gone is kept:
        raise MoveError(before=gone.state, after=gone.state)
    going = [proposal for proposal in shown if proposal.diaspora_id == gone.id]
    for proposal in going:
        _carry(session, now, actor, proposal, kept)
    _share_wishes(session, gone, kept)
    if gone.yearly_capacity:
        kept.yearly_capacity = (kept.yearly_capacity or 0) + gone.yearly_capacity
    people = list(gone.active_contacts)
    gone.left_at, gone.state_reason = now, f"-> {kept.name}"[:200]
    _move_people(session, now, actor, people, kept)
    record(session, now, actor, "diaspora.merged", f"diaspora:{gone.id}", into=kept.id)
    _tell_villages(session, now, kept, {proposal.need_id for proposal in going})
    return kept


def split_diaspora(
    session: Session,
    now: datetime,
    *,
    actor: str,
    number: int,
    name: str,
    contacts: Collection[int],
    needs: Collection[int],
) -> DiasporaAssociation:
    """Let some contacts go on as an association of their own, with the projects and proposals that are theirs.

    It wishes to hear of the same as the other; what it can give in a year it says itself. Somebody must stay behind.
    Raises NotFoundError for what is not of the association, MoveError for a name that is taken, or when nobody would
    be on one of the sides.
    """
    shown = _shown(session, (number,))
    old = _association(session, number)
    going = [one for one in old.active_contacts if one.id in contacts]
    theirs = [proposal for proposal in shown if proposal.need_id in needs]
    if len(going) != len(set(contacts)) or len(theirs) != len(set(needs)):
        raise NotFoundError
    name = clean(name)
    taken = session.scalar(select(DiasporaAssociation.id).where(DiasporaAssociation.name == name))
    if taken or not going or len(going) == len(old.active_contacts):
        raise MoveError(before=old.state, after=old.state)
    new = DiasporaAssociation(name=name, registered_at=now, **_alike(old))
    session.add(new)
    session.flush()
    _share_wishes(session, old, new)
    for proposal in theirs:
        _carry(session, now, actor, proposal, new)
    _move_people(session, now, actor, going, new)
    record(session, now, actor, "diaspora.split", f"diaspora:{old.id}", new=new.id)
    _tell_villages(session, now, new, {proposal.need_id for proposal in theirs})
    return new


def _shown(session: Session, numbers: Collection[int]) -> list[Proposal]:
    """Return all that was ever shown to associations, locked before anything else, as a matching round does."""
    found = select(Proposal).where(Proposal.diaspora_id.in_(numbers)).order_by(Proposal.id)
    return list(session.scalars(found.with_for_update(of=Proposal).execution_options(populate_existing=True)))


def _association(session: Session, number: int) -> DiasporaAssociation:
    lock = {"of": DiasporaAssociation}
    found = session.get(DiasporaAssociation, number, with_for_update=lock, populate_existing=True)
    if not found or found.left_at:
        raise NotFoundError
    if found.state is not AssociationState.VERIFIED:
        raise MoveError(before=found.state, after=found.state)
    return found


def _carry(session: Session, now: datetime, actor: str, proposal: Proposal, to: DiasporaAssociation) -> None:
    """Make a need that was shown to one association another's, with all that came of it."""
    need_id, before = proposal.need_id, proposal.diaspora_id
    other = session.scalar(select(Proposal).filter_by(need_id=need_id, diaspora_id=to.id))
    both = other is not None and proposal.state is other.state is ProposalState.INTRODUCED
    if other is None:
        proposal.diaspora = to
    else:
        _answer_as_one(session, now, actor, proposal, other)
    _carry_money(session, need_id, before, to.id)
    for entity in (PlanAgreement, SheetConsent):
        _carry_word(session, entity, need_id, before, to.id)
    session.flush()
    record(session, now, actor, "proposal.moved", f"proposal:{proposal.id}", before=before, now=to.id)
    if both:
        # Of two partners one is left: what each agreed to alone is agreed to by none.
        change_plan(session, now, need_id=need_id, party=Party.COORDINATOR, actor=actor)


def _answer_as_one(session: Session, now: datetime, actor: str, going: Proposal, staying: Proposal) -> None:
    """Let the farther of two answers count for both; the audit keeps what the other was."""
    if _nearness(going.state) > _nearness(staying.state):
        record(session, now, actor, "proposal.overtaken", f"proposal:{staying.id}", before=staying.state)
        for name in ANSWER:
            setattr(staying, name, getattr(going, name))
    if going.state in CLOSED:
        going.state = move(PROPOSAL_MOVES, going.state, CLOSED[going.state])


def _nearness(state: ProposalState) -> int:
    return NEARER.index(state) if state in NEARER else -1


def _carry_money(session: Session, need_id: int, before: int, after: int) -> None:
    """Give one association's promises and its line of a plan to another; two lines become one, entry by entry."""
    pledged = update(Pledge).where(Pledge.need_id == need_id, Pledge.diaspora_id == before)
    _run(session, pledged.values(diaspora_id=after))
    line, own = line_of(session, need_id, before), line_of(session, need_id, after)
    if line and not own:
        line.diaspora_id = after
    elif line and own:
        for entity in (LedgerEntry, Arrival):
            theirs = update(entity).where(entity.contribution_id == line.id)
            _run(session, theirs.values(contribution_id=own.id))
        session.expire_all()
        session.delete(session.get_one(Contribution, line.id))


def _carry_word(session: Session, entity: Any, need_id: int, before: int, after: int) -> None:
    """Let what one association agreed to be the other's word, unless that has given its own."""
    given = select(entity.diaspora_id).where(entity.need_id == need_id, entity.diaspora_id == after)
    if session.scalars(given).first() is None:
        theirs = update(entity).where(entity.need_id == need_id, entity.diaspora_id == before)
        _run(session, theirs.values(diaspora_id=after))


def _run(session: Session, statement: Any) -> None:
    session.execute(statement, execution_options={"synchronize_session": False})


def _alike(old: DiasporaAssociation) -> dict[str, Any]:
    kept = ("city", "country", "time_zone", "attention_slots", "state")
    return {name: getattr(old, name) for name in kept}


def _share_wishes(session: Session, one: DiasporaAssociation, to: DiasporaAssociation) -> None:
    """Let an association hear of what another wishes to hear of as well."""
    places = {origin.place_code for origin in to.origins}
    to.origins += [Origin(level=o.level, place_code=o.place_code) for o in one.origins if o.place_code not in places]
    strengths = {interest.sector: interest for interest in to.interests}
    for interest in one.interests:
        if known := strengths.get(interest.sector):
            known.strength = max(known.strength, interest.strength)
        else:
            to.interests.append(Interest(sector=interest.sector, strength=interest.strength))
    session.flush()


def _move_people(
    session: Session, now: datetime, actor: str, people: Collection[Contact], to: DiasporaAssociation
) -> None:
    for contact in people:
        contact.association = to
        record(session, now, actor, "contact.moved", f"contact:{contact.id}", association=to.id)
        event = f"contact:{contact.id}:moved:{to.id}:{now.isoformat()}"
        tell(session, now, event=event, phone=contact.phone, template="contact_welcome", diaspora=to.name)
    session.flush()


def _tell_villages(session: Session, now: datetime, diaspora: DiasporaAssociation, needs: Collection[int]) -> None:
    """Tell the villages whose partner the association is now whom to speak with."""
    session.expire(diaspora, ["contacts"])
    people = diaspora.active_contacts
    partner = select(Proposal).where(
        Proposal.need_id.in_(needs),
        Proposal.diaspora_id == diaspora.id,
        Proposal.state == ProposalState.INTRODUCED,
    )
    for proposal in session.scalars(partner.order_by(Proposal.id)) if people else []:
        for officer in declarers(proposal.need):
            tell(
                session,
                now,
                event=f"proposal:{proposal.id}:moved:{diaspora.id}:{now.isoformat()}",
                phone=officer.phone,
                template="contact_changed",
                reference=proposal.need.reference,
                diaspora=diaspora.name,
                contact=people[0].name,
                number=show_phone(people[0].phone),
            )
