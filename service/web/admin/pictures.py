"""The charts of each page of figures: which numbers, under which words."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from sqlalchemy.orm import Session

from service.census.tiles import places_of
from service.domain.ledger import Columns
from service.domain.sectors import Sector
from service.locales import Language
from service.models.communes import Province
from service.usecases.figures.counts import Happening, Tally, by, happenings
from service.usecases.figures.health import Fate, Traffic, traffic
from service.usecases.figures.money import Sum, Teller, money_by_source, money_of
from service.usecases.figures.path import funnel, waits
from service.usecases.figures.scope import Scope, all_provinces, communes_in
from service.web.charts import Chart, Column, Row, Tile, Unit
from service.web.current import language, voice

HAPPENINGS = tuple(Happening)
ACCOUNTS = ("promised", "confirmed", "received")
T = TypeVar("T")


def needs(session: Session, scope: Scope) -> list[Chart]:
    """Needs and projects over time, by sector, and by place with a map."""
    tallies = happenings(session, scope, communes=bool(scope.province))
    known = communes_in(session, scope.province) if scope.province else all_provinces(session)
    times = by(tallies, lambda one: one.when)
    places = _places(tallies, known)
    columns = _headed(HAPPENINGS)
    return [
        _chart("time", "columns", columns, [_counted(day(one), times.get(one)) for one in scope.stamps]),
        _sectors(columns, tallies),
        _map(columns, places),
    ]


def path(session: Session, scope: Scope) -> list[Chart]:
    """How far needs came, and how long they waited."""
    reached, waited = funnel(session, scope), waits(session, scope)
    days = (
        Column(voice().say("web.figures.median"), Unit.HOURS),
        Column(voice().say("web.figures.ninetieth"), Unit.HOURS),
        Column(voice().say("web.figures.waited"), drawn=False),
    )
    return [
        _chart(
            "path",
            "bars",
            (Column(voice().say("web.figures.needs")),),
            [Row(voice().write(step), (count,)) for step, count in reached.items()],
        ),
        _chart(
            "waits",
            "bars",
            days,
            [Row(voice().write(step), (one.median, one.ninetieth, one.count)) for step, one in waited.items()],
        ),
    ]


def money(session: Session, scope: Scope) -> list[Chart]:
    """Money promised, confirmed and received in the period: by source, and by who said so."""
    sums = money_of(session, scope)
    sources = money_by_source(sums)
    dirhams = tuple(Column(voice().say(f"web.figures.{one}"), Unit.MINOR) for one in ACCOUNTS)
    euros = tuple(Column(voice().say(f"web.figures.{one}.euros"), Unit.MINOR, drawn=False) for one in ACCOUNTS)
    return [
        _chart(
            "money",
            "bars",
            (*dirhams, *euros),
            [Row(voice().write(source), (*_three(mad), *_three(eur))) for source, (mad, eur) in sources.items()],
        ),
        _chart("tellers", "bars", dirhams, _by_teller(sums)),
    ]


def messages(session: Session, scope: Scope) -> list[Chart]:
    """How messages fared: by gateway, then each gateway day by day."""
    found = traffic(session, scope)
    columns = (*_headed(Fate), Column(voice().say("web.figures.cost"), Unit.MILLI, drawn=False))
    gateways = sorted({one.gateway for one in found})
    rows = [_fared(_called(name), [one for one in found if one.gateway == name]) for name in gateways]
    return [
        _chart("gateways", "bars", columns, rows),
        *(_of_gateway(name, columns, scope, [one for one in found if one.gateway == name]) for name in gateways),
    ]


ROOMS: Mapping[str, Callable[[Session, Scope], list[Chart]]] = {
    "needs": needs,
    "path": path,
    "money": money,
    "messages": messages,
}


def day(stamp: str) -> str:
    """Return `2026-11-26` or `2026-11` as people here write it."""
    return "/".join(stamp.split("-")[::-1])


def name_of(place: Province) -> str:
    """Return a place's name in the page's script."""
    return place.ar if language() is Language.AR else place.fr


def _chart(
    name: str, kind: str, columns: tuple[Column, ...], rows: Iterable[Row], tiles: tuple[Tile, ...] = ()
) -> Chart:
    say = voice().say
    title, about = say(f"web.figures.{name}"), say(f"web.figures.{name}.about")
    return Chart(name, kind, title, about, say(f"web.figures.{name}.first"), columns, tuple(rows), tiles)


def _sectors(columns: tuple[Column, ...], tallies: Sequence[Tally]) -> Chart:
    """Return the sectors where anything happened, and the names of the others."""
    sectors = by(tallies, lambda one: one.sector)
    rows = [_counted(voice().write(one), sectors.get(one)) for one in Sector]
    chart = _chart("sectors", "bars", columns, (row for row in rows if any(row.values)))
    return replace(chart, left_out=tuple(row.label for row in rows if not any(row.values)))


def _map(columns: tuple[Column, ...], places: Sequence[Row]) -> Chart:
    """Return all places as tiles; the table, and the bars, are of those where anything happened, most first."""
    lies = places_of([row.code for row in places])
    tiles = tuple(Tile(row, *lies[row.code]) for row in places)
    most_first = sorted((row for row in places if any(row.values)), key=_most_first)
    return _chart("places", "bars", columns, most_first, tiles)


def _of_gateway(name: str, columns: tuple[Column, ...], scope: Scope, found: Sequence[Traffic]) -> Chart:
    times = {one.when: one for one in found}
    rows = [_fared(day(one), [times[one]] if one in times else []) for one in scope.stamps]
    title = voice().say("web.figures.gateway", gateway=_called(name))
    about, first = voice().say("web.figures.gateway.about"), voice().say("web.figures.time.first")
    return Chart(f"gateway-{name or 'none'}", "columns", title, about, first, columns, tuple(rows))


def _headed(kinds: Iterable[T]) -> tuple[Column, ...]:
    return tuple(Column(voice().write(one)) for one in kinds)


def _counted(label: str, counts: Counter[Happening] | None, code: str = "") -> Row:
    return Row(label, tuple((counts or Counter[Happening]())[one] for one in HAPPENINGS), code)


def _places(tallies: Sequence[Tally], known: Sequence[Province]) -> list[Row]:
    places = by(tallies, lambda one: one.place)
    return [_counted(name_of(one), places.get(one.code), one.code) for one in known]


def _most_first(row: Row) -> tuple[int, ...]:
    return tuple(-value for value in row.values)


def _three(columns: Columns) -> tuple[int, int, int]:
    return columns.promised, columns.confirmed, columns.received


def _by_teller(sums: Sequence[Sum]) -> list[Row]:
    told = {one: sum((each.dirhams for each in sums if each.teller is one), Columns()) for one in Teller}
    return [Row(voice().write(one), _three(columns)) for one, columns in told.items() if columns != Columns()]


def _called(gateway: str) -> str:
    return gateway or voice().say("web.figures.unrouted")


def _fared(label: str, found: Sequence[Traffic]) -> Row:
    fates = sum((Counter(one.fates) for one in found), Counter[Fate]())
    return Row(label, (*(fates[one] for one in Fate), sum(one.cost for one in found)))
