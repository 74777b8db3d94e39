"""Tables people keep in Excel, read as they come out of it: UTF-8 with or without a mark, commas or semicolons."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click


@dataclass(frozen=True)
class Row:
    """One row: the line of the file it ends on, and its cells by column, stripped; None when cells and columns differ."""

    line: int
    cells: dict[str, str] | None


def read_rows(path: Path, columns: Sequence[str]) -> list[Row]:
    """Return the rows of a CSV file that are not blank.

    Raises ClickException with one sentence when it is not UTF-8, or its first line is not these columns in any order.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines(keepends=True)
    except UnicodeDecodeError as error:
        raise click.ClickException(f"{path.name} is not UTF-8: in Excel, save it as “CSV UTF-8”.") from error
    head = lines[0] if lines else ""
    reader = csv.reader(lines, delimiter=";" if head.count(";") > head.count(",") else ",")
    header = [name.strip().lower() for name in next(reader, [])]
    _check(path, header, columns)
    return list(_rows(reader, header))


def _check(path: Path, header: list[str], columns: Sequence[str]) -> None:
    missing = [name for name in columns if name not in header]
    strange = [name for name in header if name not in columns or header.count(name) > 1]
    if missing:
        raise click.ClickException(f"{path.name} has no column {' or '.join(missing)}; see docs/imports.md.")
    if strange:
        raise click.ClickException(f"{path.name} has a column {strange[0]!r} that is not known or there twice.")


def _rows(reader: "csv._reader", header: list[str]) -> Iterator[Row]:
    for values in reader:
        cells = [value.strip() for value in values]
        if any(cells):
            fits = len(cells) == len(header)
            yield Row(reader.line_num, dict(zip(header, cells, strict=True)) if fits else None)
