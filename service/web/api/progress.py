"""Progress reports: what one person of a village declared, and whether a second confirmed it."""

from datetime import date, datetime

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from service.domain.progress import HelpWanted, Problem, Stage
from service.domain.roles import OfficerRole
from service.domain.scopes import Scope
from service.domain.states import ReportState
from service.models.progress import ProgressReport
from service.web.api.operations import Call, Operations
from service.web.api.paging import Page, PageQuery, asked, cut, of_needs
from service.web.api.shapes import Reference

operations = Operations("Progress reports")
PARTS = (
    joinedload(ProgressReport.need),
    joinedload(ProgressReport.reporter),
    joinedload(ProgressReport.confirmer),
)


class ReportShown(BaseModel):
    """How far a project was, as declared; `spent_centimes` is in all, null when not said."""

    id: int
    project: str = Field(description="Its reference.")
    state: ReportState
    stage: Stage
    percent: int
    milestone: str
    spent_centimes: int | None
    problem: Problem
    help_wanted: HelpWanted
    next_step: str | None = Field(description="In the reporter's words; null without people:read.")
    next_on: date | None
    reported_by: OfficerRole
    reported_at: datetime
    confirmed_by: OfficerRole | None
    confirmed_at: datetime | None


class ReportQuery(PageQuery):
    """Which reports."""

    state: ReportState | None = None
    project: Reference | None = None


@operations.get("/progress-reports", Scope.PROGRESS_READ)
def several(call: Call, query: ReportQuery) -> Page[ReportShown]:
    """List progress reports."""
    which = of_needs(ProgressReport.need_id, reference=query.project)
    found = select(ProgressReport).filter_by(**asked(state=query.state)).where(*which)
    rows, following = cut(call, query, found.options(*PARTS), ProgressReport.id)
    return Page(items=[_shown(call, report) for report in rows], next=following)


@operations.get("/progress-reports/<number:number>", Scope.PROGRESS_READ)
def one(call: Call, number: int) -> ReportShown:
    """Show a progress report."""
    return _shown(call, call.find(ProgressReport, number))


def _shown(call: Call, report: ProgressReport) -> ReportShown:
    return ReportShown(
        id=report.id,
        project=report.need.reference,
        state=report.state,
        stage=report.stage,
        percent=report.percent,
        milestone=report.milestone,
        spent_centimes=report.spent,
        problem=report.problem,
        help_wanted=report.help_wanted,
        next_step=report.next_step if call.sees_people else None,
        next_on=report.next_on,
        reported_by=report.reporter.role,
        reported_at=report.reported_at,
        confirmed_by=report.confirmer.role if report.confirmer else None,
        confirmed_at=report.confirmed_at,
    )
