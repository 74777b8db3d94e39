"""How many needs were reported, and how many projects began and were handed over: when, where, in which sector."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable
from enum import StrEnum
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Select, func, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.domain.sectors import Sector
from service.models import Commune, Need, Project
from service.models.moments import stamp
from service.usecases.figures.scope import Scope

Key = TypeVar("Key", bound=Hashable)


class Happening(StrEnum):
    """What is counted, at the moment it happened."""

    REPORTED = "reported"
    INTRODUCED = "introduced"
    HANDED_OVER = "handed_over"


class Tally(NamedTuple):
    """How often it happened in a day, month or year, in a sector, in a place (a census code)."""

    what: Happening
    when: str
    sector: Sector
    place: str
    times: int


def happenings(session: Session, scope: Scope, *, communes: bool = False) -> list[Tally]:
    """Return what happened in the period, in one statement; places are provinces, or communes."""
    place = Commune.code if communes else Commune.province_code
    parts = (
        _tally(scope, place, Happening.REPORTED, select(Need.id), Need.reported_at),
        _tally(scope, place, Happening.INTRODUCED, select(Need.id).join(Project), Project.begun_at),
        _tally(scope, place, Happening.HANDED_OVER, select(Need.id).join(Project), Project.handed_over_at),
    )
    return [
        Tally(Happening(what), when, sector, place, times)
        for what, when, sector, place, times in session.execute(union_all(*parts))
    ]


def by(tallies: Iterable[Tally], key: Callable[[Tally], Key]) -> dict[Key, Counter[Happening]]:
    """Return the tallies added up under each key."""
    sums: dict[Key, Counter[Happening]] = {}
    for tally in tallies:
        sums.setdefault(key(tally), Counter())[tally.what] += tally.times
    return sums


def _tally(
    scope: Scope,
    place: InstrumentedAttribute[str],
    what: Happening,
    needs: Select[int],
    moment: InstrumentedAttribute[Any],
) -> Select[str, str, Sector, str, int]:
    when = stamp(moment, scope.grain)
    counted = needs.with_only_columns(literal(what.value), when, Need.sector, place, func.count())
    return scope.here(counted).where(scope.has(moment)).group_by(when, Need.sector, place)
