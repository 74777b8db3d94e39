"""Giving up: a village its project, or a partner its part in it."""

from datetime import datetime

from sqlalchemy.orm import Session

from service.domain.projects import Party, ProjectMove, Withdrawal
from service.domain.states import PROPOSAL_MOVES, ProposalState, move
from service.messaging.outbox import tell
from service.models.associations import Officer
from service.models.audit import record
from service.models.diaspora import Contact
from service.models.projects import Project
from service.models.proposals import Proposal, proposal_of
from service.usecases.contributions import release_promise
from service.usecases.projects import Mover, coordinators, declarers, moved_and_told, own_project


def withdraw_project(
    session: Session, now: datetime, *, officer: Officer, reference: str, reason: Withdrawal
) -> Project:
    """Give the village's project up; its partners hear why. Only a coordinator can take it up again.

    Raises what `own_project` raises, MoveError for what is over.
    """
    need = own_project(session, officer, reference)
    return moved_and_told(session, now, need, ProjectMove.WITHDRAW, Mover.of(officer), reason)


def withdraw_partner(
    session: Session, now: datetime, *, contact: Contact, reference: str, reason: Withdrawal
) -> Proposal:
    """Let a diaspora association leave a project: the village hears why, and what it promised is looked for again.

    Raises what `own_project` raises, MoveError when it is a partner no more.
    """
    own_project(session, contact, reference)
    proposal = proposal_of(session, reference, contact.association_id)
    assert proposal  # noqa: S101  # a partner has one
    return end_partnership(session, now, proposal, actor=f"contact:{contact.id}", reason=reason)


def end_partnership(session: Session, now: datetime, proposal: Proposal, *, actor: str, reason: Withdrawal) -> Proposal:
    """Let a partner be one no more: what it promised and did not give is looked for again, and the village hears why.

    The caller holds the proposal locked. Raises MoveError when it is a partner no more.
    """
    proposal.state = move(PROPOSAL_MOVES, proposal.state, ProposalState.WITHDRAWN)
    proposal.answer_reason = reason
    record(session, now, actor, "proposal.withdrawn", f"proposal:{proposal.id}", reason=reason)
    release_promise(session, now, proposal, party=Party.DIASPORA, actor=actor)
    need = proposal.need
    village = [officer.phone for officer in declarers(need)]
    for phone in (*village, *coordinators(session)):
        tell(
            session,
            now,
            event=f"proposal:{proposal.id}:withdrawn",
            phone=phone,
            template="partner_withdrew",
            reference=need.reference,
            diaspora=proposal.diaspora.name,
            association=need.association.name,
            reason=reason,
        )
    return proposal
