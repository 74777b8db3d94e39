"""Proposals: a diaspora association answers, the village decides, both are introduced."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotAllowedError, NotFoundError
from service.domain.phone import show_phone
from service.domain.projects import UNDER_WAY, Party
from service.domain.roles import OFFICERS
from service.domain.states import NEED_MOVES, PROPOSAL_MOVES, AssociationState, NeedState, ProposalState, move
from service.messaging.outbox import tell
from service.messaging.phrases import Country
from service.models.associations import Officer
from service.models.audit import record
from service.models.diaspora import Contact
from service.models.needs import Need
from service.models.phones import Phone
from service.models.projects import Project
from service.models.proposals import OPEN, Proposal, proposal_of, unanswered
from service.usecases.contributions import join_plan, open_plan, release_promise
from service.usecases.projects import begin_project
from service.usecases.standing import note_whether_asked


def express_interest(session: Session, now: datetime, *, contact: Contact, reference: str, code: str) -> Proposal:
    """Note a diaspora association's yes and ask the village; `code` is the USSD code the village may dial.

    Raises NotFoundError for a need that was not shown to it, MoveError when it was answered already, or when the need
    or its association was turned away since.
    """
    proposal = _answer(session, now, contact, reference, ProposalState.INTERESTED)
    _check_open(proposal.need)
    diaspora = proposal.diaspora
    for officer in _deciders(proposal):
        tell(
            session,
            now,
            event=f"proposal:{proposal.id}:interested",
            phone=officer.phone,
            template="interest",
            diaspora=diaspora.name,
            city=diaspora.city,
            country=Country(diaspora.country),
            reference=proposal.need.reference,
            code=code,
        )
    return proposal


def decline(session: Session, now: datetime, *, contact: Contact, reference: str, reason: str) -> Proposal:
    """Note a diaspora association's no; its attention is free again.

    Raises NotFoundError for a need that was not shown to it, MoveError when it was answered already.
    """
    proposal = _answer(session, now, contact, reference, ProposalState.DECLINED)
    proposal.answer_reason = reason
    release_promise(session, now, proposal, party=Party.DIASPORA, actor=f"contact:{contact.id}")
    note_whether_asked(session, now, proposal.need)
    return proposal


def accept_interest(session: Session, now: datetime, *, officer: Officer, proposal_id: int) -> Proposal:
    """Note the village's yes: each side gets the other's contact.

    Raises NotFoundError for another village's proposal, NotAllowedError for a witness, MoveError when it was decided,
    or when the need or its association was turned away since.
    """
    proposal = _decide(session, now, officer, proposal_id, ProposalState.INTRODUCED)
    _check_open(proposal.need)
    need, diaspora = proposal.need, proposal.diaspora
    if need.state is not NeedState.INTRODUCED:
        need.state, need.unasked = move(NEED_MOVES, need.state, NeedState.INTRODUCED), False
        begin_project(session, now, need)
        open_plan(session, now, need)
    join_plan(session, now, proposal, f"officer:{officer.id}")
    event = f"proposal:{proposal.id}:introduced"
    contact = _contact_today(session, proposal)
    for other in _deciders(proposal):
        tell(
            session,
            now,
            event=event,
            phone=other.phone,
            template="introduced_village",
            diaspora=diaspora.name,
            contact=contact.name,
            phone_number=show_phone(contact.phone),
            reference=need.reference,
        )
    for one in diaspora.active_contacts:
        tell(
            session,
            now,
            event=event,
            phone=one.phone,
            template="introduced_diaspora",
            association=need.association.name,
            role=officer.role,
            phone_number=show_phone(officer.phone),
            reference=need.reference,
        )
    return proposal


def refuse_interest(session: Session, now: datetime, *, officer: Officer, proposal_id: int) -> Proposal:
    """Note the village's no, and tell the diaspora association.

    Raises NotFoundError for another village's proposal, NotAllowedError for a witness, MoveError when it was decided.
    """
    proposal = _decide(session, now, officer, proposal_id, ProposalState.REFUSED)
    release_promise(session, now, proposal, party=Party.VILLAGE, actor=f"officer:{officer.id}")
    _tell_end(session, now, proposal, "refused")
    note_whether_asked(session, now, proposal.need)
    return proposal


def close_proposals(session: Session, now: datetime, *, actor: str, need_ids: Sequence[int]) -> None:
    """Close what is open under needs that are turned away: nobody is asked any more, and who was interested hears no.

    Called before the needs are locked, as a matching round locks proposals before needs too.
    """
    waiting = select(Proposal).where(Proposal.need_id.in_(need_ids), Proposal.state.in_(OPEN))
    for proposal in session.scalars(waiting.order_by(Proposal.id).with_for_update(of=Proposal)).all():
        interested = proposal.state is ProposalState.INTERESTED
        after = ProposalState.REFUSED if interested else ProposalState.EXPIRED
        proposal.state = move(PROPOSAL_MOVES, proposal.state, after)
        record(session, now, actor, f"proposal.{after}", f"proposal:{proposal.id}")
        release_promise(session, now, proposal, party=Party.COORDINATOR, actor=actor)
        if interested:
            _tell_end(session, now, proposal, "closed")


def _tell_end(session: Session, now: datetime, proposal: Proposal, template: str) -> None:
    for one in proposal.diaspora.active_contacts:
        tell(
            session,
            now,
            event=f"proposal:{proposal.id}:refused",
            phone=one.phone,
            template=template,
            reference=proposal.need.reference,
        )


def _check_open(need: Need) -> None:
    if need.state is NeedState.REJECTED or need.association.state is not AssociationState.VERIFIED:
        raise MoveError(before=need.state, after=NeedState.INTRODUCED)


def _answer(session: Session, now: datetime, contact: Contact, reference: str, state: ProposalState) -> Proposal:
    proposal = proposal_of(session, reference, contact.association_id)
    if not proposal or proposal.diaspora.state is not AssociationState.VERIFIED:
        raise NotFoundError(reference=reference)
    proposal.state = move(PROPOSAL_MOVES, proposal.state, state)
    proposal.answered_at, proposal.answered_by = now, contact.id
    record(session, now, f"contact:{contact.id}", f"proposal.{state}", f"proposal:{proposal.id}")
    return proposal


def _decide(session: Session, now: datetime, officer: Officer, proposal_id: int, state: ProposalState) -> Proposal:
    # What was read before the lock (an SMS has looked at it) may have changed while waiting for it.
    proposal = session.get(Proposal, proposal_id, with_for_update={"of": Proposal}, populate_existing=True)
    if not proposal or proposal.need.association_id != officer.association_id:
        raise NotFoundError
    if officer.role not in OFFICERS:
        raise NotAllowedError
    proposal.state = move(PROPOSAL_MOVES, proposal.state, state)
    proposal.decided_at, proposal.accepted_by = now, officer.id
    record(session, now, f"officer:{officer.id}", f"proposal.{state}", f"proposal:{proposal.id}")
    return proposal


def _deciders(proposal: Proposal) -> list[Officer]:
    return [officer for officer in proposal.need.association.active_officers if officer.role in OFFICERS]


def remind(session: Session, now: datetime, after: timedelta) -> int:
    """Ask once more, and only once, who has not answered within `after`. Returns how many proposals wait so long."""
    waiting = unanswered(session, Proposal.proposed_at < now - after)
    for proposal in waiting:
        paused = proposal.diaspora.paused_until
        project = session.get(Project, proposal.need_id)
        # Who was asked before the need found its partner is asked no more; a project that lacks money asks anew.
        settled = bool(project and proposal.proposed_at < project.begun_at)
        if settled or proposal.need.state is NeedState.REJECTED or (paused and now < paused):
            continue
        for one in proposal.diaspora.active_contacts:
            tell(
                session,
                now,
                event=f"proposal:{proposal.id}:reminder",
                phone=one.phone,
                template="alert_reminder",
                reference=proposal.need.reference,
                sector=proposal.need.sector,
                commune=proposal.need.association.commune,
            )
    return len(waiting)


def expire_proposals(session: Session, now: datetime, after: timedelta) -> int:
    """Let proposals lapse that nobody answered within `after`, or before the works were over; the slot is free again.

    Returns how many.
    """
    over = exists().where(Project.need_id == Proposal.need_id, Project.state.not_in(UNDER_WAY))
    overdue = unanswered(session, (Proposal.proposed_at < now - after) | over)
    for proposal in overdue:
        proposal.state = move(PROPOSAL_MOVES, proposal.state, ProposalState.EXPIRED)
        record(session, now, "job:match", "proposal.expired", f"proposal:{proposal.id}")
    return len(overdue)


def _contact_today(session: Session, proposal: Proposal) -> Contact:
    """Return who answers for the diaspora association: whoever said yes, if still there.

    Raises MoveError when nobody is left.
    """
    # Who said STOP has taken the consent back, also that to give the number.
    today = [contact for contact in proposal.diaspora.active_contacts if not _stopped(session, contact)]
    said_yes = [contact for contact in today if contact.id == proposal.answered_by]
    if not today:
        raise MoveError(before=proposal.state, after=proposal.state)
    return (said_yes or today)[0]


def _stopped(session: Session, contact: Contact) -> bool:
    return session.get_one(Phone, contact.phone).stopped_at is not None
