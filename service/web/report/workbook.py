"""The yearly report as a workbook: numbers are numbers, days are days, and what people typed is never a formula."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from service.domain.text import visible
from service.locales import Language, speaker
from service.usecases.figures.year import YearReport
from service.web.report.tables import Cell, Table, Tables

NARROWEST, WIDEST, LOOKED_AT = 10, 60, 200  # characters, rows
FORMATS = {"head": {"bold": True, "text_wrap": True, "bottom": 1}, "money": {"num_format": "#,##0.00"}}
FORMATS |= {"count": {"num_format": "#,##0"}, "day": {"num_format": "dd/mm/yyyy"}}
# Sheets of more rows than are kept in memory go to disk row by row.
OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}


def workbook(report: YearReport, language: Language) -> bytes:
    """Return the report as XLSX, one sheet a table; read from right to left in Arabic."""
    voice, file = speaker(language), BytesIO()
    with Workbook(file, OPTIONS) as book:
        book.set_properties({"title": voice.say("report.title", year=str(report.year)), "author": "Tiwizi"})
        formats = {name: book.add_format(what) for name, what in FORMATS.items()}
        for table in Tables(report, voice).all():
            sheet = book.add_worksheet(table.title[:31])
            if language is Language.AR:
                sheet.right_to_left()
            _write(sheet, table, formats)
    return file.getvalue()


def _write(sheet: Worksheet, table: Table, formats: dict[str, Any]) -> None:
    for column, width in enumerate(_widths(table)):
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)
    if table.rows:
        sheet.autofilter(0, 0, len(table.rows), len(table.heads) - 1)
    for column, head in enumerate(table.heads):
        sheet.write_string(0, column, head, formats["head"])
    for line, row in enumerate(table.rows, 1):
        for column, cell in enumerate(row):
            _put(sheet, line, column, cell, formats)


def _put(sheet: Worksheet, line: int, column: int, cell: Cell, formats: dict[str, Any]) -> None:
    match cell:
        case None:
            return
        case str():
            sheet.write_string(line, column, visible(cell))
        case date():
            sheet.write_datetime(line, column, cell, formats["day"])
        case Decimal():
            sheet.write_number(line, column, float(cell), formats["money"])
        case _:
            sheet.write_number(line, column, cell, formats["count"])


def _widths(table: Table) -> Sequence[int]:
    """Return how wide each column is to be, by its head and its first rows."""
    shown = [table.heads, *table.rows[:LOOKED_AT]]
    return [min(WIDEST, max(NARROWEST, *(len(str(row[at])) + 2 for row in shown))) for at in range(len(table.heads))]
