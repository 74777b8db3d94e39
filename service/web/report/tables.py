"""The tables of the yearly report: each figure with who declared and who confirmed it."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from service.domain.ledger import Columns, Source, uncounted
from service.domain.money import Currency
from service.domain.rates import written_rate
from service.locales import Language, Speaker
from service.models import Commune
from service.usecases.figures.counts import Happening
from service.usecases.figures.path import Step
from service.usecases.figures.year import YearReport
from service.web.charts import Unit, exact

Cell = str | int | Decimal | date | None
NOTES = 8
# Below these a workbook cell is narrower than what stands in it, and above that wider than a screen.
PAPER = ("summary", "path", "money", "sectors", "provinces", "testimonies", "notes")


@dataclass(frozen=True)
class Table:
    """A sheet of the workbook or a table on paper; `name` is the last part of its catalogue key."""

    name: str
    title: str
    heads: tuple[str, ...]
    rows: list[tuple[Cell, ...]]


class Tables:
    """Writes the figures of a year down, in one language."""

    def __init__(self, report: YearReport, voice: Speaker) -> None:
        """Take the figures as they were gathered."""
        self.report, self.voice = report, voice

    def all(self) -> list[Table]:
        """Return all tables, in the order in which they are read."""
        return [
            self._table("summary", ("figure", "number", "source"), self._summary()),
            self._table("path", ("step", "needs", "median", "ninetieth"), self._path()),
            self._table("needs", NEED, self._needs()),
            self._table("projects", PROJECT, self._projects()),
            self._table("money", MONEY, self._money()),
            self._table("sectors", ("sector", *HAPPENED), self._sectors()),
            self._table("provinces", ("province", "region", *HAPPENED), self._provinces()),
            self._table("communes", ("commune", "province", "population", *HAPPENED), self._communes()),
            self._table("testimonies", ("state", "side", "number"), self._testimonies()),
            self._table("notes", ("note",), [(self._say(f"note.{number}"),) for number in range(1, NOTES + 1)]),
        ]

    def on_paper(self) -> list[Table]:
        """Return those that fit on paper: the lists of needs, projects and communes are in the workbook."""
        return [table for table in self.all() if table.name in PAPER]

    def _table(self, name: str, heads: Iterable[str], rows: Iterable[tuple[Cell, ...]]) -> Table:
        return Table(name, self._say(f"sheet.{name}"), tuple(self._say(f"head.{one}") for one in heads), list(rows))

    def _say(self, key: str) -> str:
        return self.voice.say(f"report.{key}")

    def _summary(self) -> list[tuple[Cell, ...]]:
        report, happened, money = self.report, self.report.happened, self.report.in_all
        rate = self.voice.say("report.rate", rate=written_rate(report.euro.rate), day=report.euro.day)
        figures: list[tuple[str, Cell, str]] = [
            ("needs", happened[Happening.REPORTED], "village"),
            ("verified", report.funnel[Step.VERIFIED], "coordinator"),
            ("households", sum(need.households for need in report.needs), "village"),
            ("cost", _money(sum(need.cost for need in report.needs)), "village"),
            ("projects", happened[Happening.INTRODUCED], "both"),
            ("handed_over", happened[Happening.HANDED_OVER], "handover"),
            ("promised", _money(money.promised), "giver"),
            ("confirmed", _money(money.confirmed), "confirmed"),
            ("received", _money(money.received), "counted"),
        ]
        rows: list[tuple[Cell, ...]] = [
            (self._say(f"figure.{one}"), n, self._say(f"by.{by}")) for one, n, by in figures
        ]
        for name, dirhams in (("promised", money.promised), ("received", money.received)):
            rows.append((self._say(f"figure.{name}.euros"), _euros(dirhams, report.euro.rate), rate))
        rows.append((self._say("figure.testimonies"), report.testimonies.total(), self._say("by.people")))
        return rows

    def _path(self) -> Iterable[tuple[Cell, ...]]:
        for step, count in self.report.funnel.items():
            wait = self.report.waits.get(step)
            days = [exact(hours, Unit.HOURS) for hours in (wait.median, wait.ninetieth)] if wait else [None, None]
            yield self.voice.write(step), count, *days

    def _needs(self) -> Iterable[tuple[Cell, ...]]:
        write = self.voice.write
        for one in self.report.needs:
            yield (
                one.reference,
                write(one.sector),
                one.association,
                *self._place(one.commune),
                one.households,
                _money(one.cost),
                write(one.basis) if one.basis else None,
                _money(one.village_share),
                write(one.state),
                _day(one.reported_at),
                write(one.by),
                _day(one.verified_at),
            )

    def _projects(self) -> Iterable[tuple[Cell, ...]]:
        write = self.voice.write
        for one in self.report.projects:
            what = (
                one.reference,
                write(one.sector),
                one.association,
                *self._place(one.commune),
                self.voice.say("phrase.joint").join(one.partners),
                write(one.state),
                _day(one.begun_at),
                _day(one.handed_over_at),
                _money(one.cost),
            )
            # A project without money has one row, as it has none.
            for source, columns in one.money.items() or [(None, Columns())]:
                yield (*what, write(source) if source else None, *_given(source, columns))

    def _money(self) -> Iterable[tuple[Cell, ...]]:
        for one in self.report.money:
            said = _three(one.said) if one.currency is not Currency.MAD else (None, None, None)
            told = (self.voice.write(one.source), self.voice.write(one.teller), one.currency.value)
            yield (*told, *_given(one.source, one.dirhams), *said)

    def _sectors(self) -> Iterable[tuple[Cell, ...]]:
        return ((self.voice.write(sector), *_happened(counts)) for sector, counts in self.report.sectors.items())

    def _provinces(self) -> Iterable[tuple[Cell, ...]]:
        sums: dict[tuple[str, str], Counter[Happening]] = {}
        for commune, counts in self.report.communes:
            sums.setdefault((self._place(commune)[1], self._region(commune)), Counter()).update(counts)
        return ((*place, *_happened(counts)) for place, counts in sums.items())

    def _communes(self) -> Iterable[tuple[Cell, ...]]:
        for commune, counts in self.report.communes:
            yield (*self._place(commune), commune.population_2024, *_happened(counts))

    def _testimonies(self) -> Iterable[tuple[Cell, ...]]:
        for (state, village), count in sorted(self.report.testimonies.items()):
            yield self.voice.write(state), self._say("side.village" if village else "side.diaspora"), count

    def _place(self, commune: Commune) -> tuple[str, str]:
        if self.voice.language is Language.AR:
            return commune.name_ar, commune.province_ar
        return commune.name_fr, commune.province_fr

    def _region(self, commune: Commune) -> str:
        return commune.region_ar if self.voice.language is Language.AR else commune.region_fr


HAPPENED = tuple(Happening)
THREE = ("promised", "confirmed", "received")
PLACE = ("sector", "association", "commune", "province")
NEED = (
    *("reference", *PLACE, "households", "cost", "basis", "village_share"),
    *("state", "reported_on", "declared_by", "verified_on"),
)
PROJECT = ("reference", *PLACE, "partners", "state", "begun_on", "handed_over_on", "cost", "giver", *THREE)
MONEY = ("giver", "declared_by", "currency", *THREE, "promised_said", "confirmed_said", "received_said")


def _money(centimes: int) -> Decimal:
    return exact(centimes, Unit.MINOR)


def _euros(centimes: int, rate: int) -> Decimal:
    """Return centimes of a dirham in euros at a rate in ten-thousandths of a dirham."""
    return (Decimal(centimes) * 100 / rate).quantize(Decimal("0.01"))


def _three(columns: Columns) -> tuple[Decimal, Decimal, Decimal]:
    return _money(columns.promised), _money(columns.confirmed), _money(columns.received)


def _given(source: Source | None, columns: Columns) -> tuple[Cell, ...]:
    """Return the same of one source: a cell is empty where nobody counts."""
    *sums, received = _three(columns)
    return (*sums, None if source and uncounted(source, columns.received) else received)


def _happened(counts: Counter[Happening]) -> tuple[int, ...]:
    return tuple(counts[one] for one in HAPPENED)


def _day(moment: datetime | None) -> date | None:
    return moment.date() if moment else None
