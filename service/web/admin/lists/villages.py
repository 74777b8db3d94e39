"""Columns and filters about a village and its need, as many lists have them."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select

from service.domain.sectors import Sector
from service.domain.states import NeedState
from service.models import Need, VillageAssociation
from service.models.communes import Province
from service.web.admin.lists import Column, Field
from service.web.admin.lists.cells import Linked, State, Typed
from service.web.admin.lists.filters import Condition, Filter, choice, number, of_needs, places

Village = Callable[[Any], VillageAssociation]


def association_column(of: Village, *more: Field) -> Column:
    """Return a column for the association of a row, and its standing."""

    def name(row: Any) -> Linked:
        return Linked(Typed(of(row).name), "admin.association", {"number": of(row).id})

    return Column(
        "association", (Field("association", name), Field("standing", lambda row: State(of(row).state)), *more)
    )


def commune_column(of: Village, *more: Field) -> Column:
    """Return a column for the commune of a row, and its province."""

    def province(row: Any) -> Province:
        commune = of(row).commune
        return Province(commune.province_code, commune.province_fr, commune.province_ar)

    return Column("commune", (Field("commune", lambda row: of(row).commune), Field("province", province), *more))


def need_column(of: Callable[[Any], Need], *more: Field) -> Column:
    """Return a column for the need of a row, which leads to its project once there is one, else to itself."""

    def reference(row: Any) -> Linked:
        need = of(row)
        endpoint = "admin.project" if need.state is NeedState.INTRODUCED else "admin.need"
        return Linked(need.reference, endpoint, {"number": need.id})

    return Column(
        "need",
        (
            Field("reference", reference),
            Field("sector", lambda row: of(row).sector),
            Field("title", lambda row: Typed(of(row).title)),
            *more,
        ),
    )


def need_columns(of: Callable[[Any], Need]) -> tuple[Column, Column]:
    """Return a column for the need of a row, and one for the association that it is of."""
    return need_column(of), association_column(lambda row: of(row).association)


def need_filters(column: Any) -> tuple[Filter, ...]:
    """Return filters by the need of a row, whose number is in `column`: its sector, its place, its association."""

    def by_association(associations: Select[int]) -> Condition:
        return of_needs(column, Need.association_id.in_(associations))

    return (
        choice("sector", Sector, lambda sector: of_needs(column, Need.sector == sector)),
        *places(by_association),
        number("association", Need.association_id, lambda condition: of_needs(column, condition)),
        number("need", column),
    )
