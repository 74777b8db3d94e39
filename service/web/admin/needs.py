"""Needs: see them, verify or reject those that wait."""

from typing import Any, NamedTuple

from flask import abort, flash, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload
from werkzeug.wrappers import Response

from service.domain.money import Money
from service.domain.sectors import Sector, Urgency
from service.domain.states import NeedState
from service.models import Need, Officer
from service.models.proposals import is_unasked
from service.models.session import transaction
from service.usecases.needs import reject_need, verify_need
from service.usecases.standing import Standing, standings
from service.web.access import access
from service.web.admin.asked import LONGEST_REASON, asked_note, asked_reason, back_to
from service.web.admin.facts import facts_for
from service.web.admin.lists import Column, Field, Listing, answer
from service.web.admin.lists.cells import Phone, Since, State, Told, Typed
from service.web.admin.lists.filters import Filter, choice, number, places, since, until
from service.web.admin.lists.searches import search_needs
from service.web.admin.lists.villages import association_column, commune_column, need_column
from service.web.admin.sure import asks_first, show_first
from service.web.current import container, now, signed_in, voice


class Row(NamedTuple):
    """A need in the list, who reported it, and where it stands."""

    need: Need
    reporter: Officer
    standing: Standing


def _read(session: Session, rows: list[Any]) -> list[Row]:
    standing = standings(session, now(), [row.Need for row in rows])
    return [Row(row.Need, row.Officer, standing[row.Need.id]) for row in rows]


def _urgency(row: Row) -> Told | None:
    """Return what a coordinator judged; before that nobody has."""
    return None if row.need.state is NeedState.REPORTED else Told("web.needs.urgency", row.need.urgency)


def _census(row: Row) -> list[str]:
    facts = facts_for(row.need.association.commune, row.need.sector)
    return [f"{voice().say(key)} {voice().say(f'{key}.figure', figure=figure)}" for key, figure in facts]


LISTING = Listing(
    "needs",
    Need.id,
    select(Need, Officer).join(Officer, Officer.id == Need.reported_by).options(joinedload(Need.association)),
    columns=(
        need_column(lambda row: row.need, Field("reported", lambda row: row.need.reported_at, Need.reported_at)),
        Column(
            "figures",
            (
                Field("households", lambda row: row.need.households, Need.households),
                Field("cost", lambda row: Money(row.need.cost), Need.cost, in_dirhams=True),
                Field("village_share", lambda row: Money(row.need.village_share), in_dirhams=True),
            ),
            named=True,
        ),
        association_column(
            lambda row: row.need.association,
            Field("douar", lambda row: Typed(row.need.association.douar)),
            Field("phone", lambda row: Phone(row.reporter.phone)),
            Field("role", lambda row: row.reporter.role),
        ),
        commune_column(lambda row: row.need.association, Field("census", _census)),
        Column(
            "state",
            (
                Field("state", lambda row: State(row.need.state)),
                Field("reason", lambda row: Typed(row.need.state_reason)),
                Field("urgency", _urgency),
            ),
        ),
        Column(
            "stands",
            (
                Field("stands", lambda row: row.standing.why),
                Field("waits_since", lambda row: row.standing.since and Since(row.standing.since)),
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
        Filter("unasked", lambda _asked: is_unasked(), "link"),
    ),
    search=search_needs,
    waits=Need.state == NeedState.REPORTED,
    waiting=lambda row: row.need.state is NeedState.REPORTED,
    decides=True,
    read=_read,
)


@access("viewer")
def show() -> str | Response:
    """List needs beside what the census says of their communes."""
    return answer(LISTING, "admin/needs.html", urgencies=list(Urgency), longest_reason=LONGEST_REASON)


@access("coordinator")
def verify(number: int) -> Response | str:
    """Verify a need with the urgency the coordinator judges."""
    urgency = request.form.get("urgency", "")
    if not urgency:
        return _back(voice().say("web.urgency.needed"))
    if urgency not in set(Urgency):
        abort(400)
    if asks_first():
        return show_first(Need, number, NeedState.VERIFIED, "admin.needs")
    with transaction(container().engine) as session:
        actor, judged = f"user:{signed_in().id}", Urgency(urgency)
        need = verify_need(session, now(), actor=actor, need_id=number, urgency=judged, note=asked_note())
    return _back(
        voice().say("web.need.verified", reference=need.reference, minutes=container().settings.match_every_minutes)
    )


@access("coordinator")
def reject(number: int) -> Response | str:
    """Reject a need with a reason."""
    reason = asked_reason()
    if reason is None:
        return _back(voice().say("web.reason.needed", longest=LONGEST_REASON))
    if asks_first():
        return show_first(Need, number, NeedState.REJECTED, "admin.needs", reason)
    with transaction(container().engine) as session:
        need = reject_need(session, now(), actor=f"user:{signed_in().id}", need_id=number, reason=reason)
    return _back(voice().say("web.need.rejected", reference=need.reference))


def _back(sentence: str) -> Response:
    flash(sentence)
    return back_to(url_for("admin.needs"))
