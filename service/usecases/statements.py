"""The statement of a project's money: every entry of its ledger, with the columns as they stood after it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from service.domain.ledger import Columns, Posting, Rate, Source, columns, held, missing
from service.domain.money import Money
from service.domain.projects import UNDER_WAY
from service.domain.roles import OfficerRole, UserRole
from service.models.actors import said_of
from service.models.contributions import Contribution, LedgerEntry
from service.models.needs import Need
from service.models.projects import Project
from service.usecases.contributions import giver_of


@dataclass(frozen=True)
class StatementLine:
    """What was entered at once: the amount as it was said, at a rate, and in centimes of a dirham; who and when.

    `columns` are those of the whole project after it. What was taken back has amounts below nothing.
    """

    at: datetime
    who: OfficerRole | UserRole | str
    giver: str | Source
    posting: Posting
    said: Money
    rate: Rate
    dirhams: int
    reason: str
    columns: Columns


@dataclass(frozen=True)
class Statement:
    """A project's money: its lines, oldest first, what they come to, and what is missing (centimes of a dirham).

    Nothing is missing any more (None) where the works are done, or were given up.
    """

    need: Need
    lines: list[StatementLine]
    columns: Columns
    missing: int | None


def statement_of(session: Session, need: Need) -> Statement:
    """Return the statement of a need's project; empty while nothing was promised."""
    entries = session.scalars(
        select(LedgerEntry)
        .join(LedgerEntry.contribution)
        .where(Contribution.need_id == need.id)
        .order_by(LedgerEntry.id)
        .options(joinedload(LedgerEntry.contribution).joinedload(Contribution.diaspora))
    ).all()
    lines: list[StatementLine] = []
    before: list[LedgerEntry] = []
    # What went through several accounts was entered at once.
    for _, group in groupby(entries, key=_at_once):
        parts = list(group)
        before += parts
        lines.append(_line(session, parts, _columns(before)))
    in_all = _columns(before)
    project = session.get(Project, need.id)
    going = not project or project.state in UNDER_WAY
    return Statement(need, lines, in_all, missing(need.cost, in_all.promised) if going else None)


def _at_once(entry: LedgerEntry) -> tuple[object, ...]:
    amount = entry.currency, entry.rate, entry.rate_day
    return entry.contribution_id, entry.posting, entry.pledge_id, entry.arrival_id, *amount, entry.actor, entry.at


def _columns(entries: Iterable[LedgerEntry]) -> Columns:
    return columns(held((entry.out_of, entry.into, entry.dirhams) for entry in entries))


def _line(session: Session, parts: list[LedgerEntry], after: Columns) -> StatementLine:
    first = parts[0]
    sign = -1 if first.posting in {Posting.CORRECTION, Posting.RELEASE} else 1
    return StatementLine(
        at=first.at,
        who=said_of(session, first.actor),
        giver=giver_of(first.contribution),
        posting=first.posting,
        said=Money(sign * sum(part.minor for part in parts), first.currency),
        rate=Rate(first.rate, first.rate_day),
        dirhams=sign * sum(part.dirhams for part in parts),
        reason=first.reason,
        columns=after,
    )
