"""Associations of emigrants: who they are and what they look for, registered, and a coordinator's decision."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import selectinload

from service.domain.countries import time_zone_of
from service.domain.errors import NotFoundError
from service.domain.money import Money
from service.domain.scopes import Scope
from service.domain.sectors import Sector
from service.domain.states import AssociationState
from service.locales import Language
from service.models.diaspora import Contact, DiasporaAssociation
from service.usecases.diaspora import LONGEST_NAME, MOST_SLOTS, register_diaspora
from service.usecases.enrolment import USUAL_SLOTS, reject_diaspora, verify_diaspora
from service.web.api.operations import Call, Operations
from service.web.api.paging import Page, PageQuery, asked, cut
from service.web.api.shapes import LARGEST_AMOUNT, WHOLE, Body, Consent, Number, Rejection, line, said_reason

operations = Operations("Diaspora associations")
MOST_ORIGINS = 50
Strength = Annotated[int, Field(ge=1, le=3), WHOLE]
Code = Annotated[str, line(16), Field(description="Census code of a commune, a province or a region.")]


class ContactShown(BaseModel):
    """Who answers for it today."""

    name: str | None = Field(description="Null without people:read.")
    phone: str = Field(description="Masked without people:read.")


class DiasporaShown(BaseModel):
    """An association of emigrants; capacity is a year's, null when it is not declared."""

    id: int
    name: str
    city: str
    country: str
    time_zone: str
    state: AssociationState
    state_reason: str
    origins: list[str]
    interests: dict[Sector, int]
    yearly_capacity_centimes: int | None
    attention_slots: int
    paused_until: datetime | None
    contacts: list[ContactShown]
    registered_at: datetime


class DiasporaQuery(PageQuery):
    """Which associations."""

    state: AssociationState | None = None
    country: Annotated[str | None, Field(pattern="^[A-Z]{2}$")] = None


class NewDiaspora(Body):
    """An association of emigrants with its first contact, who agreed to be written to. It is verified by that."""

    name: Annotated[str, line(LONGEST_NAME)]
    city: Annotated[str, line(LONGEST_NAME)]
    country: Annotated[str, Field(pattern="^[A-Z]{2}$", description="ISO 3166-1 alpha-2.")]
    contact_name: Annotated[str, line(LONGEST_NAME)]
    phone: Number
    language: Language
    origins: Annotated[list[Code], Field(min_length=1, max_length=MOST_ORIGINS)]
    interests: Annotated[dict[Sector, Strength], Field(min_length=1, description="1 a little, 3 most of all.")]
    yearly_capacity_centimes: Annotated[int | None, Field(ge=1, le=LARGEST_AMOUNT), WHOLE] = None
    attention_slots: Annotated[int, Field(ge=1, le=MOST_SLOTS), WHOLE] = USUAL_SLOTS
    consent: Consent


@operations.get("/diaspora-associations", Scope.DIASPORA_READ)
def several(call: Call, query: DiasporaQuery) -> Page[DiasporaShown]:
    """List associations of emigrants; who left is left out."""
    found = select(DiasporaAssociation).where(DiasporaAssociation.left_at.is_(None))
    found = found.filter_by(**asked(state=query.state, country=query.country))
    parts = (DiasporaAssociation.contacts, DiasporaAssociation.origins, DiasporaAssociation.interests)
    rows, following = cut(call, query, found.options(*map(selectinload, parts)), DiasporaAssociation.id)
    return Page(items=[_shown(call, association) for association in rows], next=following)


@operations.get("/diaspora-associations/<number:number>", Scope.DIASPORA_READ)
def one(call: Call, number: int) -> DiasporaShown:
    """Show an association of emigrants."""
    association = call.session.get(DiasporaAssociation, number)
    if not association or association.left_at:
        raise NotFoundError
    return _shown(call, association)


@operations.post("/diaspora-associations", Scope.DIASPORA_WRITE, status=201)
def register(call: Call, body: NewDiaspora) -> DiasporaShown:
    """Register an association of emigrants: needs are proposed to it from now on."""
    capacity = body.yearly_capacity_centimes
    association = register_diaspora(
        call.session,
        call.now,
        name=body.name,
        city=body.city,
        country=body.country,
        time_zone=time_zone_of(body.phone, body.country),
        yearly_capacity=Money(capacity) if capacity else None,
        attention_slots=body.attention_slots,
        contact_name=body.contact_name,
        phone=body.phone,
        language=body.language,
        origins=body.origins,
        interests=body.interests,
        channel="api",
        actor=call.actor,
    )
    return _shown(call, association)


@operations.post("/diaspora-associations/<number:number>/verify", Scope.DIASPORA_WRITE, of=one)
def verify(call: Call, number: int) -> DiasporaShown:
    """Let needs be proposed to an association, and tell its contacts."""
    return _shown(call, verify_diaspora(call.session, call.now, actor=call.actor, association_id=number))


@operations.post("/diaspora-associations/<number:number>/reject", Scope.DIASPORA_WRITE, of=one)
def reject(call: Call, number: int, body: Rejection) -> DiasporaShown:
    """Turn an association away, and tell its contacts why."""
    reason = said_reason(body)
    return _shown(call, reject_diaspora(call.session, call.now, actor=call.actor, association_id=number, reason=reason))


def _shown(call: Call, association: DiasporaAssociation) -> DiasporaShown:
    return DiasporaShown(
        id=association.id,
        name=association.name,
        city=association.city,
        country=association.country,
        time_zone=association.time_zone,
        state=association.state,
        state_reason=association.state_reason,
        origins=[origin.place_code for origin in association.origins],
        interests={interest.sector: interest.strength for interest in association.interests},
        yearly_capacity_centimes=association.yearly_capacity,
        attention_slots=association.attention_slots,
        paused_until=association.paused_until,
        contacts=[_contact(call, contact) for contact in association.active_contacts],
        registered_at=association.registered_at,
    )


def _contact(call: Call, contact: Contact) -> ContactShown:
    return ContactShown(name=contact.name if call.sees_people else None, phone=call.phone(contact.phone))
