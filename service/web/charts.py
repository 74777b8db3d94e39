"""Charts as numbers: what is drawn of a table, and where; `templates/admin/charts.html` only draws it."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from io import StringIO

from babel.numbers import format_decimal

from service.domain.spreadsheet import guarded
from service.locales import CONVENTIONS, Speaker

MOST_BARS = 20  # what goes on stands in the table
MOST_LABELS = 4  # below columns, where a phone is 360 pixels wide
HOURS_A_DAY, SHADES, MOST_DECIMALS = 24, 4, 2
LARGEST, THOUSAND = 9_999, 1_000


class Unit(StrEnum):
    """What a number is of, and how finely it is kept."""

    COUNT = "count"
    MINOR = "minor"  # centimes and cents
    MILLI = "milli"  # thousandths of the unit of the caps
    HOURS = "hours"  # shown as days


@dataclass(frozen=True)
class Column:
    """A column of numbers; `drawn` ones, which come first, are in the picture too."""

    title: str
    unit: Unit = Unit.COUNT
    drawn: bool = True


@dataclass(frozen=True)
class Row:
    """A line of the table, a bar of each drawn column; `code` is the place it is of, where it is of one."""

    label: str
    values: tuple[int, ...]
    code: str = ""


@dataclass(frozen=True)
class Tile:
    """A place on a map: its row of the table, and where it lies, in tiles from the north-west."""

    row: Row
    column: int
    line: int

    @property
    def many(self) -> str:
        """Its number in at most four characters: what is cut off on a phone would be another number."""
        value = self.row.values[0]
        return str(value) if value <= LARGEST else f"{value // THOUSAND}k"


@dataclass(frozen=True)
class Mark:
    """A bar: the number of its column (its pattern), the value, and how long it is, in percent of the longest."""

    pattern: int
    value: int
    length: float


@dataclass(frozen=True)
class Chart:
    """A picture and the table it is of. `kind` is `bars` or `columns` (of time); `name` is for addresses.

    A chart of places has all of them as tiles of a map, too. `left_out` names what has no row since it is all nothing.
    """

    name: str
    kind: str
    title: str
    about: str
    first: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    tiles: tuple[Tile, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def drawn(self) -> list[Column]:
        """The columns that are in the picture."""
        return [column for column in self.columns if column.drawn]

    @property
    def empty(self) -> bool:
        """Whether there is nothing to see."""
        return not any(any(row.values) for row in self.rows)

    @property
    def longest(self) -> int:
        """The greatest value that is drawn."""
        return max((value for row in self.rows for value in self._drawn(row)), default=0)

    @property
    def bars(self) -> Sequence[Row]:
        """The rows that have a bar."""
        return self.rows[:MOST_BARS]

    @property
    def most(self) -> int:
        """The greatest first number of a row."""
        return max((row.values[0] for row in self.rows), default=0)

    @property
    def every(self) -> int:
        """Of so many columns one has its label below it."""
        return -(-len(self.rows) // MOST_LABELS) or 1

    def marks(self, row: Row) -> list[Mark]:
        """Return the bars of a row."""
        most = max(self.longest, 1)
        return [Mark(place, value, round(max(value, 0) * 100 / most, 2)) for place, value in self._numbered(row)]

    def shade(self, row: Row) -> int:
        """Return how dark a tile is: 0 for nothing, 1 to 4 by its part of the greatest."""
        return -(-row.values[0] * SHADES // self.most) if row.values[0] > 0 else 0

    def cells(self, voice: Speaker, row: Row) -> list[str]:
        """Return a row's numbers as people read them."""
        return [shown(voice, value, column.unit) for value, column in zip(row.values, self.columns, strict=True)]

    def as_csv(self) -> str:
        """Return the table for a spreadsheet: UTF-8 with a mark, semicolons, plain numbers, no formula."""
        written = StringIO()
        writer = csv.writer(written, delimiter=";")
        writer.writerow(map(guarded, [self.first, *(column.title for column in self.columns)]))
        for row in self.rows:
            numbers = [str(exact(value, column.unit)) for value, column in zip(row.values, self.columns, strict=True)]
            writer.writerow([guarded(row.label), *numbers])
        return f"\ufeff{written.getvalue()}"

    def _drawn(self, row: Row) -> list[int]:
        return [value for _, value in self._numbered(row)]

    def _numbered(self, row: Row) -> list[tuple[int, int]]:
        drawn = [value for value, column in zip(row.values, self.columns, strict=True) if column.drawn]
        return list(enumerate(drawn))


def exact(value: int, unit: Unit) -> Decimal:
    """Return a number in whole units: dirhams, days."""
    match unit:
        case Unit.COUNT:
            return Decimal(value)
        case Unit.MINOR:
            return Decimal(value).scaleb(-2)
        case Unit.MILLI:
            return Decimal(value).scaleb(-3)
        case Unit.HOURS:
            return (Decimal(value) / HOURS_A_DAY).quantize(Decimal("0.1"))


def shown(voice: Speaker, value: int, unit: Unit) -> str:
    """Return a number in whole units as people of the voice's language read it."""
    return voice.write(value) if unit is Unit.COUNT else decimal_in(voice, exact(value, unit))


def decimal_in(voice: Speaker, number: Decimal) -> str:
    """Return a number with the decimals it has, two at most, as people of the voice's language read it."""
    decimals = min(MOST_DECIMALS, -int(number.as_tuple().exponent))
    written = format_decimal(number, f"#,##0.{'0' * decimals}", locale=CONVENTIONS[voice.language])
    return str(written).replace("\u202f", "\u00a0")
