"""Tables people keep in Excel, read as they come out of it: UTF-8 with or without a mark, commas or semicolons."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from service.domain.spreadsheet import guarded
from service.domain.text import NUL


@dataclass(frozen=True)
class Row:
    """One row: the line of the file it ends on, and its cells by column; None when they are more or fewer."""

    line: int
    cells: dict[str, str] | None


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Iterable[str]]) -> None:
    """Write a CSV file that a French Excel opens in columns, with nothing in it that Excel would compute."""
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(columns)
        writer.writerows(map(guarded, row) for row in rows)


def read_rows(path: Path, columns: Sequence[str], manual: str = "docs/imports.md") -> list[Row]:
    """Return the rows of a CSV file that are not blank; a refusal for its columns points to the manual.

    Raises ClickException with one sentence when it is not UTF-8, or its first line is not these columns in any order.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            if NUL in file.read():
                raise click.ClickException(f"{path.name} is not a table: it holds what is no text. Save it as CSV.")
            file.seek(0)
            head = file.readline()
            file.seek(0)
            reader = csv.DictReader(file, delimiter=";" if head.count(";") > head.count(",") else ",")
            reader.fieldnames = _header(path, reader.fieldnames or (), columns, manual)
            return list(_rows(reader))
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{path.name} is not UTF-8: in Excel, save it as “CSV UTF-8”.") from error
    except csv.Error as error:
        raise click.ClickException(f"{path.name} is not a table: {error}.") from error


def _header(path: Path, written: Sequence[str], columns: Sequence[str], manual: str) -> list[str]:
    header = [name.strip().lower() for name in written]
    missing = [name for name in columns if name not in header]
    strange = [name for name in header if name not in columns or header.count(name) > 1]
    if missing:
        raise click.ClickException(f"{path.name} lacks {', '.join(missing)} in its first line; see {manual}.")
    if strange:
        raise click.ClickException(f"{path.name} has a column {strange[0]!r} that is not known, or has it twice.")
    return header


def _rows(reader: "csv.DictReader[str]") -> Iterator[Row]:
    for cells in reader:
        if None in cells or None in cells.values():
            yield Row(reader.line_num, None)
        elif any(cell.strip() for cell in cells.values()):
            yield Row(reader.line_num, {name: cell.strip() for name, cell in cells.items()})
