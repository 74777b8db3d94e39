"""What the ledger tells the matching: what each need still lacks, and what each association gave and can still give."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Row, case, func, select
from sqlalchemy.orm import Session

from service.domain.ledger import Posting, Source, missing
from service.domain.projects import UNDER_WAY, ProjectState
from service.models.contributions import NOW_RECEIVED, PROMISED, Contribution, LedgerEntry, promised_by_need
from service.models.needs import Need
from service.models.projects import Project

# A confirmed promise that has not all arrived is overdue after a year: works in villages take that long.
DUE_AFTER = timedelta(days=365)
# A plan that is agreed, or works that have begun, say for sure what is lacking.
LACKING = frozenset({ProjectState.PLANNED, ProjectState.WORKS})


@dataclass(frozen=True)
class ProjectMoney:
    """Promises in centimes of a dirham, by the need's id; the records of associations, by theirs.

    `states` are those of the needs that are projects; `planned` are the needs whose plan has lines of the village.
    `this_year` is what was promised in this calendar year; of `due` promises `kept` arrived in full.
    """

    promised: dict[int, int]
    planned: set[int]
    states: dict[int, ProjectState]
    this_year: Counter[int]
    due: Counter[int]
    kept: Counter[int]

    def missing(self, need: Need) -> int:
        """Return what nobody has promised yet; the village's share counts before its plan has a line of it."""
        share = 0 if need.id in self.planned else need.village_share
        return missing(need.cost, self.promised.get(need.id, 0) + share)

    def wanted(self, need: Need, partnered: set[int]) -> bool:
        """Tell whether a need is shown to more associations: a project while it lacks money or its last partner."""
        state = self.states.get(need.id)
        if state is None:
            return True
        return self.missing(need) > 0 and (state in LACKING or (state in UNDER_WAY and need.id not in partnered))


def read_money(session: Session, needs: Sequence[Need], now: datetime) -> ProjectMoney:
    """Read the ledger in four statements, however many needs there are."""
    rows = _records(session, datetime(now.year, 1, 1, tzinfo=UTC))
    kept = Counter(row.diaspora_id for row in rows if _kept(row))
    overdue = Counter(row.diaspora_id for row in rows if not _kept(row) and _overdue(row, now))
    states = select(Project.need_id, Project.state).where(Project.need_id.in_([need.id for need in needs]))
    planned = select(Contribution.need_id).where(Contribution.source != Source.DIASPORA)
    return ProjectMoney(
        promised=promised_by_need(session),
        planned=set(session.scalars(planned)),
        states={row.need_id: row.state for row in session.execute(states)},
        this_year=_promised_by_association(rows),
        due=kept + overdue,
        kept=kept,
    )


def _records(session: Session, year: datetime) -> Sequence[Row[Any]]:
    """Return each association's line of each plan: promised, received, promised since `year`, when first confirmed."""
    confirmed_at = case((LedgerEntry.posting == Posting.CONFIRM, LedgerEntry.at))
    found = (
        select(
            Contribution.diaspora_id,
            func.sum(PROMISED).label("promised"),
            func.sum(NOW_RECEIVED).label("received"),
            func.sum(case((LedgerEntry.at >= year, PROMISED), else_=0)).label("this_year"),
            func.min(confirmed_at).label("confirmed_at"),
        )
        .join(Contribution.entries)
        .where(Contribution.source == Source.DIASPORA)
        .group_by(Contribution.id, Contribution.diaspora_id)
    )
    return session.execute(found).all()


def _promised_by_association(rows: Sequence[Row[Any]]) -> Counter[int]:
    promised = Counter[int]()
    for row in rows:
        promised[row.diaspora_id] += int(row.this_year)
    return promised


def _kept(row: Row[Any]) -> bool:
    return bool(0 < row.promised <= row.received)


def _overdue(row: Row[Any], now: datetime) -> bool:
    return bool(row.promised > row.received and row.confirmed_at and row.confirmed_at <= now - DUE_AFTER)
