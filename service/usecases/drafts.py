"""What the record says of a project, as its experience sheet keeps it: a snapshot that names no person."""

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.ledger import Account
from service.domain.progress import Problem
from service.domain.projects import ProjectMove
from service.domain.states import ReportState
from service.models.contributions import contributions_of
from service.models.needs import Need
from service.models.progress import ProgressReport
from service.models.projects import Project, ProjectStep, steps_of
from service.models.proposals import partners_of

# What of a project's moves is told to others; what was taken back is told no more.
TOLD = (
    ProjectMove.AGREE_PLAN,
    ProjectMove.BEGIN_WORKS,
    ProjectMove.ACCEPT,
    ProjectMove.HAND_OVER,
    ProjectMove.FOLLOW_UP,
)
ACCOUNTS = (Account.PROMISED.value, Account.CONFIRMED.value, Account.RECEIVED.value)
MOST_REPORTS = 4
Facts = dict[str, Any]


def draw_facts(session: Session, need: Need, project: Project) -> Facts:
    """Return the facts of a sheet as JSON. Amounts are centimes of a dirham, days ISO dates, sides ids.

    Only progress that a second person confirmed is told, with who declared and who confirmed it, and when.
    """
    reports = _reports(session, need.id)
    partners = [one.diaspora_id for one in partners_of(session, need.id)]
    return {
        "households": need.households,
        "people": need.details.permanent_population if need.details else None,
        "cost": need.cost,
        "reported": need.reported_at.date().isoformat(),
        "verified": need.verified_at.date().isoformat() if need.verified_at else None,
        "partners": partners,
        "money": _money(session, need.id),
        "introduced": project.begun_at.date().isoformat(),
        "steps": [[move.value, day.isoformat()] for move, day in told_steps(session, need.id).items()],
        "reports": [_told(one) for one in reports if one.state is ReportState.CONFIRMED][-MOST_REPORTS:],
        "problems": list(dict.fromkeys(one.problem.value for one in reports if one.problem is not Problem.NONE)),
    }


def told_steps(session: Session, need_id: int) -> dict[ProjectMove, date]:
    """Return when a project came where it is, in the order of its life: the last time each move was made."""
    last: dict[ProjectMove, ProjectStep] = {step.move: step for step in steps_of(session, need_id)}
    return {move: last[move].at.date() for move in TOLD if move in last}


def _reports(session: Session, need_id: int) -> list[ProgressReport]:
    found = select(ProgressReport).where(ProgressReport.need_id == need_id).order_by(ProgressReport.id)
    return list(session.scalars(found))


def _told(report: ProgressReport) -> Facts:
    second, on = report.confirmer, report.confirmed_at
    return {
        "percent": report.percent,
        "stage": report.stage.value,
        "spent": report.spent,
        "by": report.reporter.role.value,
        "on": report.reported_at.isoformat(),
        "second": second.role.value if second else None,
        "second_on": on.isoformat() if on else None,
    }


def _money(session: Session, need_id: int) -> list[Facts]:
    """Return a row for each source, and for each partner: what was promised, what of it confirmed and received."""
    rows: dict[tuple[str, int], Facts] = {}
    for line in contributions_of(session, need_id):
        source, partner = line.source.value, line.diaspora_id or 0
        nothing = {"source": source, "partner": partner, **dict.fromkeys(ACCOUNTS, 0)}
        row = rows.setdefault((source, partner), nothing)
        for account in ACCOUNTS:
            row[account] += getattr(line.columns, account)
    return [row for row in rows.values() if any(row[account] for account in ACCOUNTS)]
