"""Associations of emigrants that register by phone: a coordinator verifies or rejects them."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.countries import time_zone_of
from service.domain.errors import MoveError, NotFoundError
from service.domain.money import Money
from service.domain.projects import Party
from service.domain.sectors import Sector
from service.domain.states import ASSOCIATION_MOVES, PROPOSAL_MOVES, AssociationState, ProposalState, move
from service.locales import Language
from service.messaging.outbox import tell
from service.models.associations import active_officer
from service.models.audit import record
from service.models.diaspora import DiasporaAssociation
from service.models.proposals import OPEN, Proposal
from service.usecases.contributions import release_promise
from service.usecases.diaspora import TakenError, register_diaspora, strengths_of
from service.usecases.phones import know_phone, start
from service.usecases.rates import in_dirhams

USUAL_SLOTS = 3


def enrol_diaspora(
    session: Session,
    now: datetime,
    *,
    phone: str,
    channel: str,
    language: Language,
    name: str,
    city: str,
    country: str,
    contact_name: str,
    origins: Sequence[str],
    sectors: Sequence[Sector],
    yearly_capacity: Money | None,
) -> DiasporaAssociation:
    """Register an association that asks for it, with the consent of its contact; a coordinator then verifies it.

    `sectors` are the most wanted first; capacity may be of any currency; the rest is as in `register_diaspora`.
    Raises MoveError when the name or the phone has become another's meanwhile, or the phone speaks for a village.
    """
    know_phone(session, now, phone, language)
    # Who agrees now wants to be written to, whatever the number said before.
    start(session, now, phone, channel)
    if active_officer(session, phone):
        raise MoveError(before="officer", after="contact")
    try:
        association = register_diaspora(
            session,
            now,
            name=name,
            city=city,
            country=country,
            time_zone=time_zone_of(phone, country),
            yearly_capacity=in_dirhams(session, now, yearly_capacity),
            attention_slots=USUAL_SLOTS,
            contact_name=contact_name,
            phone=phone,
            language=language,
            origins=origins,
            interests=strengths_of(sectors),
            state=AssociationState.PENDING,
            channel=channel,
        )
    except TakenError as error:
        raise MoveError(before="unknown", after="diaspora") from error
    event = f"diaspora:{association.id}:registered"
    tell(session, now, event=event, phone=phone, template="diaspora_saved", name=association.name)
    return association


def verify_diaspora(session: Session, now: datetime, *, actor: str, association_id: int) -> DiasporaAssociation:
    """Let needs be proposed to the association, and tell its contacts.

    Raises NotFoundError or MoveError.
    """
    return _decide(session, now, actor, association_id, AssociationState.VERIFIED, "")


def reject_diaspora(
    session: Session, now: datetime, *, actor: str, association_id: int, reason: str
) -> DiasporaAssociation:
    """Turn the association away, and tell its contacts why; what was proposed to it is open no more.

    Raises NotFoundError or MoveError.
    """
    _close_proposals(session, now, actor, association_id)
    return _decide(session, now, actor, association_id, AssociationState.REJECTED, reason)


def _close_proposals(session: Session, now: datetime, actor: str, association_id: int) -> None:
    # Locked before the association, as a matching round locks proposals first.
    waiting = select(Proposal).where(Proposal.diaspora_id == association_id, Proposal.state.in_(OPEN))
    for proposal in session.scalars(waiting.order_by(Proposal.id).with_for_update(of=Proposal)).all():
        interested = proposal.state is ProposalState.INTERESTED
        after = ProposalState.DECLINED if interested else ProposalState.EXPIRED
        proposal.state = move(PROPOSAL_MOVES, proposal.state, after)
        record(session, now, actor, f"proposal.{after}", f"proposal:{proposal.id}")
        release_promise(session, now, proposal, party=Party.COORDINATOR, actor=actor)


def _decide(
    session: Session, now: datetime, actor: str, association_id: int, state: AssociationState, reason: str
) -> DiasporaAssociation:
    association = session.get(
        DiasporaAssociation, association_id, with_for_update={"of": DiasporaAssociation}, populate_existing=True
    )
    if not association:
        raise NotFoundError
    before = {"before": association.state, "earlier": association.state_reason}
    association.state = move(ASSOCIATION_MOVES, association.state, state)
    association.state_reason = reason
    record(session, now, actor, f"diaspora.{state}", f"diaspora:{association.id}", reason=reason, **before)
    for contact in association.active_contacts:
        tell(
            session,
            now,
            event=f"diaspora:{association.id}:{state}:{now.isoformat()}",
            phone=contact.phone,
            template=f"diaspora_{state}",
            name=association.name,
            reason=reason,
        )
    return association
