"""Village associations: see them, verify or reject those that wait."""

from typing import Any

from flask import flash, url_for
from sqlalchemy import select
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response

from service.domain.states import AssociationState
from service.domain.text import visible
from service.models import VillageAssociation
from service.models.needs import needs_of
from service.models.session import reading, transaction
from service.usecases.associations import reject_association, verify_association
from service.web.access import access
from service.web.admin.asked import LONGEST_REASON, asked_number, asked_reason, back_to
from service.web.admin.lists import Column, Field, Listing, answer, column
from service.web.admin.lists.cells import Linked, Phone, State, Typed
from service.web.admin.lists.filters import choice, number, places, since, until
from service.web.admin.lists.searches import search_associations
from service.web.admin.lists.villages import commune_column
from service.web.admin.sure import asks_first, show_first
from service.web.current import container, now, signed_in, voice


def _name(row: Any) -> Linked:
    one = row.VillageAssociation
    return Linked(Typed(one.name), "admin.association", {"number": one.id})


LISTING = Listing(
    "associations",
    VillageAssociation.id,
    select(VillageAssociation).options(selectinload(VillageAssociation.officers)),
    columns=(
        Column(
            "association",
            (
                Field("association", _name, VillageAssociation.search),
                Field("douar", lambda row: Typed(row.VillageAssociation.douar)),
            ),
        ),
        commune_column(lambda row: row.VillageAssociation),
        column("registered", lambda row: row.VillageAssociation.registered_at, VillageAssociation.registered_at),
        column("phones", lambda row: [(Phone(one.phone), one.role) for one in row.VillageAssociation.active_officers]),
        Column(
            "state",
            (
                Field("state", lambda row: State(row.VillageAssociation.state)),
                Field("reason", lambda row: Typed(row.VillageAssociation.state_reason)),
            ),
        ),
    ),
    filters=(
        choice("state", AssociationState, lambda state: VillageAssociation.state == state),
        *places(VillageAssociation.id.in_),
        since(VillageAssociation.registered_at),
        until(VillageAssociation.registered_at),
        number("id", VillageAssociation.id),
    ),
    search=search_associations,
    waits=VillageAssociation.state == AssociationState.PENDING,
    waiting=lambda row: row.VillageAssociation.state is AssociationState.PENDING,
    decides=True,
)


@access("viewer")
def show() -> str | Response:
    """List associations; `?id=` shows one alone, with what more may be done with it."""
    only = asked_number("id")
    with reading(container().engine) as session:
        needs = needs_of(session, only) if only is not None else []
    return answer(LISTING, "admin/associations.html", only=only, needs=needs, longest_reason=LONGEST_REASON)


@access("coordinator")
def verify(number: int) -> Response | str:
    """Verify an association."""
    if asks_first():
        return show_first(VillageAssociation, number, AssociationState.VERIFIED, "admin.associations")
    with transaction(container().engine) as session:
        code, actor = container().settings.ussd_code, f"user:{signed_in().id}"
        association = verify_association(session, now(), actor=actor, association_id=number, code=code)
    return _back(voice().say("web.association.verified", name=visible(association.name)))


@access("coordinator")
def reject(number: int) -> Response | str:
    """Reject an association with a reason."""
    reason = asked_reason()
    if reason is None:
        return _back(voice().say("web.reason.needed", longest=LONGEST_REASON))
    if asks_first():
        return show_first(VillageAssociation, number, AssociationState.REJECTED, "admin.associations", reason)
    with transaction(container().engine) as session:
        association = reject_association(
            session, now(), actor=f"user:{signed_in().id}", association_id=number, reason=reason
        )
    return _back(voice().say("web.association.rejected", name=visible(association.name)))


def _back(sentence: str) -> Response:
    flash(sentence)
    return back_to(url_for("admin.associations"))
