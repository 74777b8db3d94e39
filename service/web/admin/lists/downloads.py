"""Lists as files: CSV as the reader's spreadsheet takes it, and XLSX; nothing in them is ever a formula."""

import csv
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from io import TextIOWrapper
from typing import IO

import xlsxwriter
from flask import Response, send_file

from service.domain.spreadsheet import guarded
from service.domain.text import words
from service.locales import Language
from service.web.admin.lists.cells import Plain
from service.web.current import language, now
from service.web.showing import here

Rows = Iterable[Sequence[Plain]]
# Excel splits columns and reads decimals as the reader's country does: only English has commas between columns.
ENGLISH = frozenset({Language.EN})
NOT_IN_NAMES, LONGEST_SHEET_NAME = re.compile(r"[\[\]:*?/\\']"), 31  # of a sheet in Excel
WIDTH = 18  # characters of a column
LONGEST_PART, LONGEST_NAME = 30, 120  # characters of a file's name: no computer cuts it
MOST_ROWS = 1_048_576  # of one sheet of a workbook
MIME = {"csv": "text/csv", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def write_csv(rows: Rows, file: IO[bytes], _title: str) -> None:
    """Write rows as UTF-8 with a mark, which tells Excel so, with the separators of the page's language."""
    english = language() in ENGLISH
    text = TextIOWrapper(file, encoding="utf-8-sig", newline="")
    lines = csv.writer(text, delimiter="," if english else ";")
    for row in rows:
        lines.writerow([_csv_cell(value, "." if english else ",") for value in row])
    text.detach()


def write_xlsx(rows: Rows, file: IO[bytes], title: str) -> None:
    """Write rows as a workbook, of which one row at a time is in memory; a new sheet begins where one is full.

    Sheets have the title of the list, and arrows to filter by.
    """
    options = {"constant_memory": True, "default_date_format": "yyyy-mm-dd"}
    with xlsxwriter.Workbook(file, options) as book:
        moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        for number, row in enumerate(rows):
            if number % MOST_ROWS == 0:
                sheet = book.add_worksheet(_sheet_name(title, number // MOST_ROWS))
                sheet.set_column(0, len(row) - 1, WIDTH)
                sheet.autofilter(0, 0, MOST_ROWS - 1, len(row) - 1)
                sheet.freeze_panes(1, 0)
            for column, value in enumerate(row):
                match value:
                    case str():
                        sheet.write_string(number % MOST_ROWS, column, value)
                    case datetime():
                        sheet.write_datetime(number % MOST_ROWS, column, value, moment)
                    case date():
                        sheet.write_datetime(number % MOST_ROWS, column, value)
                    case _:
                        sheet.write_number(number % MOST_ROWS, column, value)


WRITERS: Mapping[str, Callable[[Rows, IO[bytes], str], None]] = {"csv": write_csv, "xlsx": write_xlsx}


def download(rows: Rows, name: str, kind: str, title: str) -> Response:
    """Return rows as a file called `name` and the day; written to disk first, so that no reader is waited for.

    A slow line then holds neither a database's snapshot nor memory.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115  # the answer closes it
    WRITERS[kind](rows, file, title)
    file.seek(0)
    day = here(now()).date().isoformat()
    return send_file(file, MIME[kind], as_attachment=True, download_name=f"tiwizi-{name}-{day}.{kind}")


def file_name(name: str, narrowed: Iterable[str]) -> str:
    """Return a list's name with what it is narrowed to in small ASCII letters, `needs-taroudannt`: two look unalike."""
    parts = ("-".join(words(one))[:LONGEST_PART].strip("-") for one in narrowed)
    return "-".join([name, *filter(None, parts)])[:LONGEST_NAME].strip("-")


def _sheet_name(title: str, full: int) -> str:
    """Return a name that Excel takes, told apart where sheets before it are full."""
    more = f" {full + 1}" if full else ""
    return NOT_IN_NAMES.sub(" ", title)[: LONGEST_SHEET_NAME - len(more)] + more


def _csv_cell(value: Plain, point: str) -> str:
    match value:
        case str():
            return guarded(value)
        case datetime():
            return value.strftime("%Y-%m-%d %H:%M")
        case float():
            return f"{value:.2f}".replace(".", point)
        case _:
            return str(value)
