"""The ledger of a project: the only place where its entries are written. Nothing in it is changed or deleted."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotFoundError
from service.domain.ledger import Amount, Posting, may_take_back, steps
from service.models.contributions import Contribution, LedgerEntry, locked_contribution


class Because(TypedDict, total=False):
    """What an entry is because of."""

    pledge_id: int
    arrival_id: int
    reason: str


def post(
    session: Session,
    now: datetime,
    contribution_id: int,
    posting: Posting,
    amount: Amount,
    actor: str,
    because: Because | None = None,
) -> Contribution:
    """Enter an amount into a line of a plan, and return the line as it then is.

    Raises NotFoundError, or MoveError when the accounts it takes from have less.
    """
    line = _locked(session, contribution_id)
    for step in steps(line.holds, posting, amount):
        entry = LedgerEntry(
            contribution_id=line.id,
            posting=posting,
            out_of=step.out_of,
            into=step.into,
            minor=step.minor,
            currency=amount.said.currency,
            rate=amount.rate.rate,
            rate_day=amount.rate.day,
            dirhams=step.dirhams,
            actor=actor,
            at=now,
            **(because or {}),
        )
        session.add(entry)
    session.flush()
    session.refresh(line, ["entries"])
    return line


def release(session: Session, now: datetime, contribution_id: int, actor: str, reason: str) -> int:
    """Give back to its giver what a line promised and has not received; return how much, in centimes of a dirham."""
    line = _locked(session, contribution_id)
    left = line.columns.outstanding
    if left:
        post(session, now, line.id, Posting.RELEASE, Amount.of(left, now.date()), actor, {"reason": reason})
    return left


def take_back(session: Session, now: datetime, entries: Iterable[LedgerEntry], actor: str, reason: str) -> None:
    """Enter entries back, the newest first, at the very dirhams they were entered with.

    Raises MoveError when one was taken back before, or when what it put somewhere is not there any more.
    """
    for entry in sorted(entries, key=lambda one: -one.id):
        line = _locked(session, entry.contribution_id)
        again = session.scalar(select(LedgerEntry.id).where(LedgerEntry.takes_back == entry.id))
        if again or entry.takes_back or not may_take_back(line.holds, entry.into, entry.dirhams):
            raise MoveError(before=entry.posting, after=Posting.CORRECTION)
        back = LedgerEntry(
            contribution_id=line.id,
            posting=Posting.CORRECTION,
            out_of=entry.into,
            into=entry.out_of,
            minor=entry.minor,
            currency=entry.currency,
            rate=entry.rate,
            rate_day=entry.rate_day,
            dirhams=entry.dirhams,
            pledge_id=entry.pledge_id,
            arrival_id=entry.arrival_id,
            takes_back=entry.id,
            actor=actor,
            reason=reason,
            at=now,
        )
        session.add(back)
        session.flush()


def _locked(session: Session, contribution_id: int) -> Contribution:
    line = locked_contribution(session, contribution_id)
    if not line:
        raise NotFoundError
    return line
