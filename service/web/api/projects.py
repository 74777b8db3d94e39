"""Projects: where each is, its financing plan and what its ledger comes to; lines of institutions are entered here."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from service.domain.errors import NotFoundError
from service.domain.ledger import Columns, Source, missing
from service.domain.money import Money
from service.domain.projects import Party, ProjectMove, ProjectState
from service.domain.roles import OfficerRole, UserRole
from service.domain.scopes import Scope
from service.domain.sectors import Sector
from service.models.actors import said_of
from service.models.contributions import Contribution, contributions_of
from service.models.needs import Need, need_by_reference
from service.models.projects import Project, ProjectStep, steps_of
from service.models.proposals import partners_of
from service.usecases.contributions import LONGEST_LABEL, confirm_line, giver_of, set_line
from service.web.api.operations import Call, Operations
from service.web.api.paging import Page, PageQuery, asked, cut
from service.web.api.shapes import LARGEST_AMOUNT, LONGEST_REASON, VISIBLE, WHOLE, Body, Village, line

operations = Operations("Projects")


class Totals(BaseModel):
    """What is promised, confirmed of that, received of that, and not promised by anybody."""

    promised_centimes: int
    confirmed_centimes: int
    received_centimes: int
    missing_centimes: int


class LineShown(BaseModel):
    """What one giver gives."""

    id: int
    source: Source
    giver: str
    declared_by: OfficerRole | UserRole | str = Field(description="A role, or an association's name.")
    declared_at: datetime
    promised_centimes: int
    confirmed_centimes: int
    received_centimes: int


class StepShown(BaseModel):
    """One move of the project."""

    move: ProjectMove
    before: ProjectState
    after: ProjectState
    party: Party
    reason: str
    at: datetime


class ProjectSummary(BaseModel):
    """A project in a list."""

    reference: str
    state: ProjectState
    association: Village
    sector: Sector
    title: str
    cost_centimes: int
    totals: Totals
    paused_until: date | None
    begun_at: datetime
    moved_at: datetime
    handed_over_at: datetime | None


class ProjectShown(ProjectSummary):
    """A project with its plan, its partners and its moves."""

    plan_version: int
    partners: list[int] = Field(description="Diaspora associations.")
    plan: list[LineShown]
    steps: list[StepShown]


class ProjectQuery(PageQuery):
    """Which projects."""

    state: ProjectState | None = None


class NewLine(Body):
    """What a giver that is not a diaspora association gives in all; entries make up the difference."""

    source: Literal[
        Source.VILLAGE_CASH,
        Source.VILLAGE_LABOUR,
        Source.VILLAGE_MATERIALS,
        Source.VILLAGE_LAND,
        Source.COMMUNE,
        Source.PROVINCE,
        Source.STATE_PROGRAMME,
        Source.OTHER,
    ]
    label: Annotated[str, Field(max_length=LONGEST_LABEL, pattern=VISIBLE, description="A name, where due.")] = ""
    amount_centimes: Annotated[int, Field(ge=0, le=LARGEST_AMOUNT), WHOLE]


class Paper(Body):
    """Which paper was seen: a decision, an agreement, its number and day."""

    paper: Annotated[str, line(LONGEST_REASON)]


@operations.get("/projects", Scope.PROJECTS_READ)
def several(call: Call, query: ProjectQuery) -> Page[ProjectSummary]:
    """List projects."""
    found = select(Project).filter_by(**asked(state=query.state))
    parts = joinedload(Project.need).joinedload(Need.association)
    rows, following = cut(call, query, found.options(parts), Project.need_id)
    plans = _plans(call, rows)
    return Page(items=[ProjectSummary(**_summary(each, plans[each.need_id])) for each in rows], next=following)


@operations.get("/projects/<reference:reference>", Scope.PROJECTS_READ)
def one(call: Call, reference: str) -> ProjectShown:
    """Show a project with its plan."""
    project = _project(call, reference)
    lines = contributions_of(call.session, project.need_id)
    return ProjectShown(
        **_summary(project, lines),
        plan_version=project.plan_version,
        partners=[proposal.diaspora_id for proposal in partners_of(call.session, project.need_id)],
        plan=[_line(call, each) for each in lines],
        steps=[_step(step) for step in steps_of(call.session, project.need_id)],
    )


@operations.post("/projects/<reference:reference>/lines", Scope.PROJECTS_WRITE, of=one)
def write_line(call: Call, reference: str, body: NewLine) -> ProjectShown:
    """Write what the village, an institution or another gives in all."""
    set_line(
        call.session,
        call.now,
        need_id=_project(call, reference).need_id,
        source=body.source,
        amount=Money(body.amount_centimes),
        label=body.label,
        party=Party.COORDINATOR,
        actor=call.actor,
    )
    return one(call, reference)


@operations.post("/projects/<reference:reference>/lines/<number:number>/confirm", Scope.PROJECTS_WRITE, of=one)
def confirm(call: Call, reference: str, number: int, body: Paper) -> ProjectShown:
    """Note that an institution's decision was seen on paper: what it promised is confirmed."""
    found = call.session.get(Contribution, number)
    if not found or found.need_id != _project(call, reference).need_id:
        raise NotFoundError
    confirm_line(call.session, call.now, actor=call.actor, contribution_id=number, paper=body.paper)
    return one(call, reference)


def _project(call: Call, reference: str) -> Project:
    need = need_by_reference(call.session, reference)
    project = call.session.get(Project, need.id) if need else None
    if not project:
        raise NotFoundError
    return project


def _plans(call: Call, projects: Collection[Project]) -> dict[int, list[Contribution]]:
    """Return the lines of each project's plan, of all at once."""
    numbers = [project.need_id for project in projects]
    found = select(Contribution).where(Contribution.need_id.in_(numbers)).options(selectinload(Contribution.entries))
    plans: dict[int, list[Contribution]] = {number: [] for number in numbers}
    for each in call.session.scalars(found.order_by(Contribution.id)):
        plans[each.need_id].append(each)
    return plans


def _summary(project: Project, lines: list[Contribution]) -> dict[str, Any]:
    need, columns = project.need, sum((each.columns for each in lines), Columns())
    return {
        "reference": need.reference,
        "state": project.state,
        "association": Village.of(need.association),
        "sector": need.sector,
        "title": need.title,
        "cost_centimes": need.cost,
        "totals": Totals(**_amounts(columns), missing_centimes=missing(need.cost, columns.promised)),
        "paused_until": project.paused_until,
        "begun_at": project.begun_at,
        "moved_at": project.moved_at,
        "handed_over_at": project.handed_over_at,
    }


def _step(step: ProjectStep) -> StepShown:
    return StepShown.model_validate(step, from_attributes=True)


def _line(call: Call, each: Contribution) -> LineShown:
    return LineShown(
        id=each.id,
        source=each.source,
        giver=giver_of(each),
        declared_by=said_of(call.session, each.declared_by),
        declared_at=each.declared_at,
        **_amounts(each.columns),
    )


def _amounts(columns: Columns) -> dict[str, int]:
    return {
        "promised_centimes": columns.promised,
        "confirmed_centimes": columns.confirmed,
        "received_centimes": columns.received,
    }
