"""Pledges: what a diaspora association promises. The service notes it and moves no money (law 18-18)."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotFoundError
from service.domain.money import Money
from service.domain.roles import OFFICERS
from service.domain.states import ProposalState
from service.messaging.outbox import tell
from service.models.audit import record
from service.models.diaspora import Contact
from service.models.pledges import Pledge, pledgeable
from service.models.proposals import proposal_of
from service.usecases.contributions import promise
from service.usecases.proposals import express_interest


def make_pledge(
    session: Session, now: datetime, *, contact: Contact, reference: str, amount: Money, code: str
) -> Pledge:
    """Note a promise whose author was proven, tell the village's officers, and give the contact a receipt.

    A promise for what was only proposed is a yes too: then the village is asked; `code` is the USSD code it may dial.
    Raises NotFoundError for a need that was not shown to the association, MoveError when it is open to it no more.
    The promise is entered into the ledger at the day's rate.
    """
    proposal = proposal_of(session, reference, contact.association_id)
    if not proposal:
        raise NotFoundError(reference=reference)
    if proposal not in pledgeable(session, contact.association_id):
        raise MoveError(before=proposal.state, after=ProposalState.INTERESTED)
    if proposal.state is ProposalState.PROPOSED:
        express_interest(session, now, contact=contact, reference=reference, code=code)
    pledge = Pledge(
        need_id=proposal.need_id,
        diaspora_id=proposal.diaspora_id,
        contact_id=contact.id,
        minor=amount.minor,
        currency=amount.currency,
        promised_at=now,
    )
    session.add(pledge)
    session.flush()
    promise(
        session,
        now,
        need_id=proposal.need_id,
        diaspora_id=proposal.diaspora_id,
        amount=amount,
        actor=f"contact:{contact.id}",
        pledge_id=pledge.id,
    )
    said = {"amount": [amount.minor, amount.currency], "reference": reference}
    record(session, now, f"contact:{contact.id}", "pledge.promised", f"pledge:{pledge.id}", **said)
    _tell_both(session, now, contact, pledge)
    return pledge


def _tell_both(session: Session, now: datetime, contact: Contact, pledge: Pledge) -> None:
    event = f"pledge:{pledge.id}"
    said: dict[str, Any] = {"amount": pledge.amount, "reference": pledge.need.reference}
    for officer in pledge.need.association.active_officers:
        if officer.role in OFFICERS:
            name = pledge.diaspora.name
            tell(session, now, event=event, phone=officer.phone, template="pledge_village", diaspora=name, **said)
    tell(session, now, event=event, phone=contact.phone, template="pledge_noted", **said)
