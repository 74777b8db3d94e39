"""Contributions: every line of every financing plan, with what is promised, confirmed and received."""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload
from werkzeug.wrappers import Response

from service.domain.ledger import Columns, Source, uncounted
from service.domain.money import Money
from service.models import Contribution, Need
from service.usecases.contributions import giver_of
from service.web.access import access
from service.web.admin.lists import Column, Field, Listing, answer
from service.web.admin.lists.cells import Linked, Typed
from service.web.admin.lists.filters import choice, number, since, until
from service.web.admin.lists.searches import search_by_need
from service.web.admin.lists.villages import need_columns, need_filters


def _giver(row: Any) -> object:
    giver = giver_of(row.Contribution)
    return Linked(
        giver if isinstance(giver, StrEnum) else Typed(giver), "admin.money", {"number": row.Contribution.need_id}
    )


def _received(row: Any) -> Money | None:
    received = row.Contribution.columns.received
    return None if uncounted(row.Contribution.source, received) else Money(received)


def _amount(of: Callable[[Columns], int]) -> Callable[[Any], Money]:
    return lambda row: Money(of(row.Contribution.columns))


LISTING = Listing(
    "contributions",
    Contribution.id,
    select(Contribution).options(
        joinedload(Contribution.need).joinedload(Need.association),
        joinedload(Contribution.diaspora),
        selectinload(Contribution.entries),
    ),
    columns=(
        *need_columns(lambda row: row.Contribution.need),
        Column(
            "giver",
            (
                Field("giver", _giver),
                Field("source", lambda row: row.Contribution.source),
                Field("declared", lambda row: row.Contribution.declared_at, Contribution.id),
            ),
        ),
        Column(
            "amounts",
            (
                Field("promised", _amount(lambda columns: columns.promised)),
                Field("confirmed", _amount(lambda columns: columns.confirmed)),
                Field("received", _received),
            ),
            named=True,
        ),
    ),
    filters=(
        choice("source", Source, lambda source: Contribution.source == source),
        *need_filters(Contribution.need_id),
        since(Contribution.declared_at),
        until(Contribution.declared_at),
        number("diaspora", Contribution.diaspora_id),
    ),
    search=search_by_need(Contribution.need_id),
)


@access("viewer")
def show() -> str | Response:
    """List the lines of financing plans, the newest first."""
    return answer(LISTING)
