"""Needs: see them, verify or reject those that wait."""

from flask import abort, flash, request, url_for
from sqlalchemy import Row, select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from service.domain.money import Money
from service.domain.sectors import Sector, Urgency
from service.domain.states import NeedState
from service.models import Need, Officer
from service.models.session import transaction
from service.usecases.needs import reject_need, verify_need
from service.web.access import access
from service.web.admin.asked import LONGEST_REASON, asked_reason, back_to
from service.web.admin.facts import facts_for
from service.web.admin.lists import Column, Field, Listing, answer
from service.web.admin.lists.cells import Phone, State, Typed
from service.web.admin.lists.filters import choice, number, places, since, until
from service.web.admin.lists.searches import search_needs
from service.web.admin.lists.villages import association_column, commune_column, need_column
from service.web.current import container, now, signed_in, voice


def _census(row: Row[Need, Officer]) -> list[str]:
    facts = facts_for(row.Need.association.commune, row.Need.sector)
    return [f"{voice().say(key)} {voice().say(f'{key}.figure', figure=figure)}" for key, figure in facts]


LISTING = Listing(
    "needs",
    Need.id,
    select(Need, Officer).join(Officer, Officer.id == Need.reported_by).options(joinedload(Need.association)),
    columns=(
        need_column(lambda row: row.Need, Field("reported", lambda row: row.Need.reported_at, Need.reported_at)),
        Column(
            "figures",
            (
                Field("households", lambda row: row.Need.households, Need.households),
                Field("cost", lambda row: Money(row.Need.cost), Need.cost),
                Field("village_share", lambda row: Money(row.Need.village_share)),
            ),
            named=True,
        ),
        association_column(
            lambda row: row.Need.association,
            Field("phone", lambda row: Phone(row.Officer.phone)),
            Field("role", lambda row: row.Officer.role),
        ),
        commune_column(lambda row: row.Need.association, Field("census", _census)),
        Column(
            "state",
            (
                Field("state", lambda row: State(row.Need.state)),
                Field("reason", lambda row: Typed(row.Need.state_reason)),
                Field("urgency", lambda row: row.Need.urgency),
            ),
        ),
    ),
    filters=(
        choice("state", NeedState, lambda state: Need.state == state),
        choice("sector", Sector, lambda sector: Need.sector == sector),
        choice("urgency", Urgency, lambda urgency: Need.urgency == urgency),
        *places(Need.association_id.in_),
        since(Need.reported_at),
        until(Need.reported_at),
        number("association", Need.association_id),
    ),
    search=search_needs,
    waits=Need.state == NeedState.REPORTED,
    waiting=lambda row: row.Need.state is NeedState.REPORTED,
    decides=True,
)


@access("viewer")
def show() -> str | Response:
    """List needs beside what the census says of their communes."""
    return answer(LISTING, "admin/needs.html", urgencies=list(Urgency), longest_reason=LONGEST_REASON)


@access("coordinator")
def verify(number: int) -> Response:
    """Verify a need with the urgency the coordinator judges."""
    urgency = request.form.get("urgency", "")
    if urgency not in set(Urgency):
        abort(400)
    with transaction(container().engine) as session:
        need = verify_need(session, now(), actor=f"user:{signed_in().id}", need_id=number, urgency=Urgency(urgency))
    return _back(
        voice().say("web.need.verified", reference=need.reference, minutes=container().settings.match_every_minutes)
    )


@access("coordinator")
def reject(number: int) -> Response:
    """Reject a need with a reason."""
    reason = asked_reason()
    if reason is None:
        return _back(voice().say("web.reason.needed", longest=LONGEST_REASON))
    with transaction(container().engine) as session:
        need = reject_need(session, now(), actor=f"user:{signed_in().id}", need_id=number, reason=reason)
    return _back(voice().say("web.need.rejected", reference=need.reference))


def _back(sentence: str) -> Response:
    flash(sentence)
    return back_to(url_for("admin.needs"))
