"""Needs: what villages report, and a coordinator's decision on it."""

from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from service.domain.errors import NotFoundError
from service.domain.needs import Agreement, CostBasis, Funder, LandStatus, WaterRight
from service.domain.roles import OfficerRole
from service.domain.scopes import Scope
from service.domain.sectors import Sector, Urgency
from service.domain.states import NeedState
from service.models.needs import Need, NeedDetails, need_by_reference
from service.usecases.needs import reject_need, verify_need
from service.web.api.operations import Call, Operations
from service.web.api.paging import Id, Page, PageQuery, asked, cut
from service.web.api.shapes import Body, Rejection, Village, said_reason

operations = Operations("Needs")
PARTS = (joinedload(Need.association), joinedload(Need.reporter), joinedload(Need.details))


class Details(BaseModel):
    """What the village added; null is not said."""

    permanent_population: int | None
    summer_population: int | None
    cost_basis: CostBasis | None
    funder_asked: Funder | None
    commune_agreement: Agreement | None
    land_status: LandStatus | None
    water_right: WaterRight | None


class Reporter(BaseModel):
    """Who reported it."""

    role: OfficerRole
    phone: str = Field(description="Masked without people:read.")


class NeedShown(BaseModel):
    """A need as a village reported it; its title is as written."""

    reference: str
    state: NeedState
    state_reason: str
    association: Village
    sector: Sector
    urgency: Urgency
    title: str
    title_language: str
    households: int
    cost_centimes: int
    village_share_centimes: int
    details: Details | None
    reporter: Reporter
    reported_at: datetime
    verified_at: datetime | None


class NeedQuery(PageQuery):
    """Which needs."""

    state: NeedState | None = None
    sector: Sector | None = None
    association: Id | None = None


class Verdict(Body):
    """How pressing the coordinator judges it."""

    urgency: Urgency


@operations.get("/needs", Scope.NEEDS_READ)
def several(call: Call, query: NeedQuery) -> Page[NeedShown]:
    """List needs."""
    found = select(Need).filter_by(**asked(state=query.state, sector=query.sector, association_id=query.association))
    rows, following = cut(call, query, found.options(*PARTS), Need.id)
    return Page(items=[_shown(call, need) for need in rows], next=following)


@operations.get("/needs/<reference:reference>", Scope.NEEDS_READ)
def one(call: Call, reference: str) -> NeedShown:
    """Show a need."""
    return _shown(call, _need(call, reference))


@operations.post("/needs/<reference:reference>/verify", Scope.NEEDS_WRITE, of=one)
def verify(call: Call, reference: str, body: Verdict) -> NeedShown:
    """Open a need to matching, and tell its village."""
    number = _need(call, reference).id
    need = verify_need(call.session, call.now, actor=call.actor, need_id=number, urgency=body.urgency)
    return _shown(call, need)


@operations.post("/needs/<reference:reference>/reject", Scope.NEEDS_WRITE, of=one)
def reject(call: Call, reference: str, body: Rejection) -> NeedShown:
    """Turn a need away, and tell its village why."""
    reason = said_reason(body)
    need = reject_need(call.session, call.now, actor=call.actor, need_id=_need(call, reference).id, reason=reason)
    return _shown(call, need)


def _need(call: Call, reference: str) -> Need:
    need = need_by_reference(call.session, reference)
    if not need:
        raise NotFoundError
    return need


def _shown(call: Call, need: Need) -> NeedShown:
    return NeedShown(
        reference=need.reference,
        state=need.state,
        state_reason=need.state_reason,
        association=Village.of(need.association),
        sector=need.sector,
        urgency=need.urgency,
        title=need.title,
        title_language=need.title_language,
        households=need.households,
        cost_centimes=need.cost,
        village_share_centimes=need.village_share,
        details=_details(need.details),
        reporter=Reporter(role=need.reporter.role, phone=call.phone(need.reporter.phone)),
        reported_at=need.reported_at,
        verified_at=need.verified_at,
    )


def _details(details: NeedDetails | None) -> Details | None:
    return Details(**{name: getattr(details, name) for name in Details.model_fields}) if details else None
