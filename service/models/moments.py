"""Moments as both databases count them: by their UTC day, month or year, and the hours from one to another."""

from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Integer, String, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class Grain(StrEnum):
    """How finely time is counted."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


# How many characters of 2026-11-26 say so.
LENGTHS = {Grain.DAY: 10, Grain.MONTH: 7, Grain.YEAR: 4}


class stamp(FunctionElement[str]):  # noqa: N801  # called in statements, as functions are
    """The UTC day, month or year of a moment: `2026-11-26`, `2026-11`, `2026`."""

    type = String()
    inherit_cache = True

    def __init__(self, moment: InstrumentedAttribute[Any], grain: Grain) -> None:
        """Write `moment` as finely as `grain` says."""
        # Written out: PostgreSQL takes two parameters of one value for two, and what is grouped by for another thing.
        super().__init__(moment, literal_column(str(LENGTHS[grain])))


class hours(FunctionElement[int]):  # noqa: N801  # as above
    """The whole hours from one moment to another."""

    type = Integer()
    inherit_cache = True

    def __init__(self, before: ColumnElement[Any], after: ColumnElement[Any]) -> None:
        """Count from `before` to `after`."""
        super().__init__(before, after)


@compiles(stamp)
def _stamp(element: stamp, compiler: SQLCompiler, **how: Any) -> str:
    moment, length = (compiler.process(clause, **how) for clause in element.clauses)
    return f"left(to_char({moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD'), {length})"


@compiles(stamp, "sqlite")
def _stamp_sqlite(element: stamp, compiler: SQLCompiler, **how: Any) -> str:
    # What SQLite keeps is UTC, written so that it begins with the day.
    moment, length = (compiler.process(clause, **how) for clause in element.clauses)
    return f"substr({moment}, 1, {length})"


@compiles(hours)
def _hours(element: hours, compiler: SQLCompiler, **how: Any) -> str:
    before, after = (compiler.process(clause, **how) for clause in element.clauses)
    return f"CAST(floor(extract(epoch FROM {after} - {before}) / 3600) AS INTEGER)"


@compiles(hours, "sqlite")
def _hours_sqlite(element: hours, compiler: SQLCompiler, **how: Any) -> str:
    before, after = (compiler.process(clause, **how) for clause in element.clauses)
    return f"((CAST(strftime('%s', {after}) AS INTEGER) - CAST(strftime('%s', {before}) AS INTEGER)) / 3600)"
