"""`tiwizi import`: registers that an NGO keeps in a table. A dry run first, one line an error, all or nothing."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
from sqlalchemy.orm import Session

from service.cli.database import migrated
from service.cli.registers import ASSOCIATION_COLUMNS, DIASPORA_COLUMNS, Cells, add_association, add_diaspora
from service.cli.spreadsheet import Row, read_rows
from service.container import Container
from service.models.session import transaction

Add = Callable[[Session, datetime, Cells], bool]


@dataclass(frozen=True)
class Outcome:
    """What became of one row: `new`, `known` (already there, left as it is) or `error`, and the words for it."""

    line: int
    outcome: str
    said: str


def _table(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
        click.option("--yes", is_flag=True, help="Write; without it nothing is changed."),
        click.option("--json", "as_json", is_flag=True, help="Print what became of each line as one JSON object."),
        click.pass_obj,
    ):
        command = option(command)
    return command


@click.group("import")
def imports() -> None:
    """Fill the registers from CSV files; docs/imports.md describes their columns.

    A dry run, unless --yes is given. One line an error, all or nothing; what is already there is left as it is.
    """


@imports.command()
@_table
def diaspora(container: Container, *, file: Path, yes: bool, as_json: bool) -> None:
    """Register the associations of emigrants in FILE."""
    _run(container, read_rows(file, DIASPORA_COLUMNS), add_diaspora, write=yes, as_json=as_json)


@imports.command()
@_table
def associations(container: Container, *, file: Path, yes: bool, as_json: bool) -> None:
    """Register the village associations in FILE; a coordinator verifies them afterwards."""
    _run(container, read_rows(file, ASSOCIATION_COLUMNS), add_association, write=yes, as_json=as_json)


def _run(container: Container, rows: Sequence[Row], add: Add, *, write: bool, as_json: bool) -> None:
    with migrated(container):
        outcomes, written = _import(container, rows, add, write=write)
    if as_json:
        click.echo(json.dumps({"written": written, "lines": [asdict(one) for one in outcomes]}, ensure_ascii=False))
    else:
        _say(outcomes, written=written)
    if any(one.outcome == "error" for one in outcomes):
        raise click.exceptions.Exit(1)


def _import(container: Container, rows: Sequence[Row], add: Add, *, write: bool) -> tuple[list[Outcome], bool]:
    """Add all rows in one transaction, which only stays when it is wanted and no row failed: the dry run is the run."""
    now = container.clock()
    with transaction(container.engine) as session:
        outcomes = [_outcome(session, now, row, add) for row in rows]
        stays = write and not any(one.outcome == "error" for one in outcomes)
        if not stays:
            session.rollback()
    return outcomes, stays


def _outcome(session: Session, now: datetime, row: Row, add: Add) -> Outcome:
    if row.cells is None:
        return Outcome(row.line, "error", "has more or fewer cells than there are columns")
    try:
        added = add(session, now, row.cells)
    except ValueError as error:
        return Outcome(row.line, "error", str(error))
    name = row.cells["name"]
    return Outcome(row.line, "new", f"{name!r} is new") if added else Outcome(row.line, "known", f"{name!r} is there")


def _say(outcomes: Sequence[Outcome], *, written: bool) -> None:
    for one in outcomes:
        click.echo(f"line {one.line}: {one.said}", err=one.outcome == "error")
    click.echo(_summary(Counter(one.outcome for one in outcomes), written=written))


def _summary(count: Counter[Any], *, written: bool) -> str:
    counted = f"{count['new']} new, {count['known']} already there, {count['error']} with an error"
    if written:
        return f"Written: {counted}."
    if count["error"]:
        return f"Nothing was written: {counted}."
    return f"Dry run, nothing was written: {counted}. Add --yes to write."
