"""Village associations: who they are, registered by the NGO that knows them, and a coordinator's decision."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from service.domain.roles import OfficerRole
from service.domain.scopes import Scope
from service.domain.states import AssociationState
from service.locales import Language
from service.models.associations import Officer, VillageAssociation
from service.usecases.associations import (
    LONGEST_NAME,
    enter_association,
    reject_association,
    verify_association,
)
from service.web.api.operations import Call, Operations
from service.web.api.paging import Page, PageQuery, asked, cut
from service.web.api.shapes import Body, Consent, Number, Place, Rejection, line, said_reason

operations = Operations("Village associations")


class OfficerShown(BaseModel):
    """Who speaks for it today."""

    role: OfficerRole
    phone: str = Field(description="Masked without people:read.")
    language: Language


class AssociationShown(BaseModel):
    """An association of a douar."""

    id: int
    name: str
    douar: str
    commune: Place
    state: AssociationState
    state_reason: str
    officers: list[OfficerShown]
    registered_at: datetime
    decided_at: datetime | None


class AssociationQuery(PageQuery):
    """Which associations."""

    state: AssociationState | None = None


class NewAssociation(Body):
    """An association with its first officer, who agreed to be written to."""

    name: Annotated[str, line(LONGEST_NAME)]
    douar: Annotated[str, line(LONGEST_NAME)]
    commune: Annotated[str, line(LONGEST_NAME), Field(description="Census code, or a name only one commune has.")]
    phone: Number
    role: OfficerRole
    language: Language
    consent: Consent


@operations.get("/village-associations", Scope.ASSOCIATIONS_READ)
def several(call: Call, query: AssociationQuery) -> Page[AssociationShown]:
    """List village associations."""
    found = select(VillageAssociation).filter_by(**asked(state=query.state))
    parts = selectinload(VillageAssociation.officers).joinedload(Officer.line)
    rows, following = cut(call, query, found.options(parts), VillageAssociation.id)
    return Page(items=[_shown(call, association) for association in rows], next=following)


@operations.get("/village-associations/<number:number>", Scope.ASSOCIATIONS_READ)
def one(call: Call, number: int) -> AssociationShown:
    """Show a village association."""
    return _shown(call, call.find(VillageAssociation, number))


@operations.post("/village-associations", Scope.ASSOCIATIONS_WRITE, status=201)
def register(call: Call, body: NewAssociation) -> AssociationShown:
    """Register a village association; a coordinator verifies it afterwards."""
    association = enter_association(
        call.session,
        call.now,
        name=body.name,
        douar=body.douar,
        commune=body.commune,
        phone=body.phone,
        role=body.role,
        language=body.language,
        channel="api",
        actor=call.actor,
    )
    if not association:
        raise ValueError("an association of that name is registered in that commune")
    return _shown(call, association)


@operations.post("/village-associations/<number:number>/verify", Scope.ASSOCIATIONS_WRITE, of=one)
def verify(call: Call, number: int) -> AssociationShown:
    """Let a village association take part, and tell its officers."""
    code = call.settings.ussd_code
    return _shown(call, verify_association(call.session, call.now, actor=call.actor, association_id=number, code=code))


@operations.post("/village-associations/<number:number>/reject", Scope.ASSOCIATIONS_WRITE, of=one)
def reject(call: Call, number: int, body: Rejection) -> AssociationShown:
    """Turn a village association away, and tell its officers why."""
    reason = said_reason(body)
    return _shown(
        call, reject_association(call.session, call.now, actor=call.actor, association_id=number, reason=reason)
    )


def _shown(call: Call, association: VillageAssociation) -> AssociationShown:
    return AssociationShown(
        id=association.id,
        name=association.name,
        douar=association.douar,
        commune=Place.of(association.commune),
        state=association.state,
        state_reason=association.state_reason,
        officers=[_officer(call, officer) for officer in association.active_officers],
        registered_at=association.registered_at,
        decided_at=association.decided_at,
    )


def _officer(call: Call, officer: Officer) -> OfficerShown:
    return OfficerShown(role=officer.role, phone=call.phone(officer.phone), language=officer.line.language)
