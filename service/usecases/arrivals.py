"""What arrives: one officer says so, a second person counts it too; only then it is received."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotAllowedError, NotFoundError
from service.domain.ledger import Account, Amount, ArrivalState, Posting
from service.domain.money import Money
from service.domain.projects import LIVE
from service.domain.roles import OFFICERS
from service.domain.states import AssociationState
from service.messaging.outbox import tell
from service.messaging.phrases import Phrase, sourced
from service.models.associations import Officer
from service.models.audit import record
from service.models.contributions import Arrival, Contribution, LedgerEntry
from service.models.needs import Need, need_by_reference
from service.models.officers import is_same_person
from service.models.projects import project_of
from service.usecases.contributions import giver_of
from service.usecases.ledger import post, take_back
from service.usecases.rates import rate_on

OPEN = (ArrivalState.DECLARED, ArrivalState.DIFFERENT)


def declare_arrival(
    session: Session,
    now: datetime,
    *,
    officer: Officer,
    reference: str,
    contribution_id: int,
    amount: Money,
    code: str,
) -> Arrival:
    """Write down what an officer says arrived of a contribution, and ask the others of the village to count it.

    `code` is the USSD code they may dial. It takes the place of what two persons counted differently before.
    Raises NotFoundError for another village's project, NotAllowedError for a witness, MoveError when the project is
    stopped or closed, or when the same was said of the same contribution and waits to be counted.
    """
    need = _need(session, officer, reference)
    line = session.get(Contribution, contribution_id)
    if not line or line.need_id != need.id:
        raise NotFoundError
    open_before = session.scalars(select(Arrival).where(Arrival.contribution_id == line.id, Arrival.state.in_(OPEN)))
    for before in open_before.all():
        if before.state is ArrivalState.DECLARED and before.amount == amount:
            raise MoveError(before=before.state, after=ArrivalState.DECLARED)
        if before.state is ArrivalState.DIFFERENT:
            before.state = ArrivalState.WITHDRAWN
    arrival = Arrival(
        need_id=need.id,
        contribution_id=line.id,
        minor=amount.minor,
        currency=amount.currency,
        state=ArrivalState.DECLARED,
        declared_by=officer.id,
        declared_at=now,
    )
    session.add(arrival)
    session.flush()
    record(session, now, f"officer:{officer.id}", "arrival.declared", f"arrival:{arrival.id}", need=reference)
    others = [one for one in need.association.active_officers if not is_same_person(session, officer, one)]
    _tell(session, now, arrival, (one.phone for one in others), "arrival_to_count", role=officer.role, code=code)
    return arrival


def count_arrival(session: Session, now: datetime, *, officer: Officer, arrival_id: int, counted: Money) -> Arrival:
    """Note what a second person of the village counted: the same is received, anything else is told to all concerned.

    Raises NotFoundError for another village's, NotAllowedError for whoever declared it, whatever phone or role they
    have since, MoveError when it was counted, or when the project is stopped or closed.
    """
    found = session.get(Arrival, arrival_id)
    if not found:
        raise NotFoundError
    # The project first, as everywhere: two who count at once come one after the other.
    _check_stands(session, officer, found.need)
    arrival = session.get_one(Arrival, arrival_id, with_for_update={"of": Arrival}, populate_existing=True)
    if is_same_person(session, arrival.declarer, officer):
        raise NotAllowedError
    if arrival.state is not ArrivalState.DECLARED:
        raise MoveError(before=arrival.state, after=ArrivalState.CONFIRMED)
    if counted.currency is not arrival.currency:
        raise ValueError("what was declared in one currency is counted in the same")
    arrival.counted, arrival.confirmed_by, arrival.confirmed_at = counted.minor, officer.id, now
    arrival.state = ArrivalState.CONFIRMED if counted == arrival.amount else ArrivalState.DIFFERENT
    session.flush()
    session.refresh(arrival, ["confirmer"])
    actor = f"officer:{officer.id}"
    said = {"declared": arrival.minor, "counted": counted.minor}
    record(session, now, actor, f"arrival.{arrival.state}", f"arrival:{arrival.id}", **said)
    if arrival.state is ArrivalState.CONFIRMED:
        _receive(session, now, arrival, actor)
    else:
        _tell_difference(session, now, arrival)
    return arrival


def correct_arrival(session: Session, now: datetime, *, actor: str, arrival_id: int, reason: str) -> Arrival:
    """Take back what was declared or received, as a coordinator who knows better; both sides are told why.

    What was received is entered back; nothing is deleted. Raises NotFoundError, MoveError when it was taken back,
    ValueError without a reason.
    """
    found = session.get(Arrival, arrival_id)
    if not found:
        raise NotFoundError
    if not reason:
        raise ValueError("a correction needs a reason")
    project_of(session, found.need_id)
    arrival = session.get_one(Arrival, arrival_id, with_for_update={"of": Arrival}, populate_existing=True)
    if arrival.state is ArrivalState.WITHDRAWN:
        raise MoveError(before=arrival.state, after=arrival.state)
    entries = session.scalars(select(LedgerEntry).filter_by(arrival_id=arrival.id, posting=Posting.RECEIVE))
    take_back(session, now, entries.all(), actor, reason)
    before, arrival.state = arrival.state, ArrivalState.WITHDRAWN
    record(session, now, actor, "arrival.withdrawn", f"arrival:{arrival.id}", before=before, reason=reason)
    phones = [*_village(arrival), *_givers(arrival)]
    _tell(session, now, arrival, phones, "arrival_corrected", reason=reason, said=_sourced(arrival))
    return arrival


def _receive(session: Session, now: datetime, arrival: Arrival, actor: str) -> None:
    before = arrival.contribution.columns
    rate = rate_on(session, arrival.currency, arrival.declared_at.date())
    amount = Amount.at(arrival.amount, rate)
    line = post(session, now, arrival.contribution_id, Posting.RECEIVE, amount, actor, {"arrival_id": arrival.id})
    more = amount.dirhams - (before.confirmed - before.received)
    if more:
        # Perhaps the first of several; whoever looks after the project sees it.
        record(session, now, actor, "arrival.unlike_promise", f"arrival:{arrival.id}", more=more)
    values = {"said": _sourced(arrival), "compared": _compared(line.holds[Account.CONFIRMED], more)}
    _tell(session, now, arrival, [*_village(arrival), *_givers(arrival)], "arrival_confirmed", **values)


def _compared(left: int, more: int) -> Phrase:
    """Return how what arrived stands to what was confirmed: centimes that are `left`, or how many `more` came."""
    if more > 0:
        return Phrase("arrived.more", {"more": Money(more)})
    return Phrase("arrived.less", {"left": Money(left)}) if left else Phrase("arrived.all")


def _tell_difference(session: Session, now: datetime, arrival: Arrival) -> None:
    second = arrival.confirmer.role if arrival.confirmer else ""
    values = {"counted": Money(arrival.counted or 0, arrival.currency), "role": arrival.declarer.role, "second": second}
    two = [one.phone for one in (arrival.declarer, arrival.confirmer) if one and one.left_at is None]
    _tell(session, now, arrival, two, "arrival_different", **values)
    days = {"on": arrival.declared_at.date(), "second_on": now.date()}
    _tell(session, now, arrival, _givers(arrival), "arrival_different_giver", **values, **days)


def _sourced(arrival: Arrival) -> Phrase:
    second = arrival.confirmer.role if arrival.confirmer else None
    return sourced(arrival.declarer.role, arrival.declared_at, second, arrival.confirmed_at)


def _village(arrival: Arrival) -> list[str]:
    return [one.phone for one in arrival.need.association.active_officers if one.role in OFFICERS]


def _givers(arrival: Arrival) -> list[str]:
    diaspora = arrival.contribution.diaspora
    return [contact.phone for contact in diaspora.active_contacts] if diaspora else []


def _need(session: Session, officer: Officer, reference: str) -> Need:
    need = need_by_reference(session, reference)
    if not need:
        raise NotFoundError
    _check_stands(session, officer, need)
    if officer.role not in OFFICERS:
        raise NotAllowedError
    return need


def _check_stands(session: Session, officer: Officer, need: Need) -> None:
    project = project_of(session, need.id)
    if need.association_id != officer.association_id or not project:
        raise NotFoundError
    if project.state not in LIVE or need.association.state is not AssociationState.VERIFIED:
        raise MoveError(before=project.state, after=project.state)


def _tell(
    session: Session, now: datetime, arrival: Arrival, phones: Iterable[str], template: str, **values: Any
) -> None:
    for phone in phones:
        tell(
            session,
            now,
            event=f"arrival:{arrival.id}:{template}",
            phone=phone,
            template=template,
            reference=arrival.need.reference,
            amount=arrival.amount,
            giver=giver_of(arrival.contribution),
            **values,
        )
