"""`tiwizi statement` and `tiwizi rates`: what a project was promised and received, and what a euro is worth."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import click
from sqlalchemy import select

from service.cli.database import migrated
from service.cli.spreadsheet import write_rows
from service.container import Container
from service.domain.money import Currency
from service.domain.rates import parse_rate, written_rate
from service.domain.reference import parse_reference
from service.domain.text import visible
from service.locales import Language, Speaker, speaker
from service.models.contributions import ExchangeRate
from service.models.needs import need_by_reference
from service.models.session import reading, transaction
from service.usecases.rates import set_rate
from service.usecases.statements import Statement, StatementLine, statement_of

COLUMNS = (
    *("day", "who", "giver", "entry", "amount", "currency", "rate", "rate_day", "dirhams"),
    *("promised", "confirmed", "received", "reason"),
)
AS_TEXT = "{:10}  {:14.14}  {:26.26}  {:10}  {:>14} {:8}  {:>7} {:10}  {:>14}  {:>14}  {:>14}  {:>14}"


@click.command()
@click.argument("reference")
@click.option("--csv", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write a table to this file.")
@click.pass_obj
def statement(container: Container, *, reference: str, file: Path | None) -> None:
    """Print the money of the project REFERENCE: each entry with its rate, and the columns as they stood after it."""
    with migrated(container), reading(container.engine) as session:
        need = need_by_reference(session, parse_reference(reference) or reference)
        if not need:
            raise click.ClickException(f"No need has the reference {reference!r}.")
        stated = statement_of(session, need)
    rows = [_cells(speaker(Language.EN), line) for line in stated.lines]
    if file:
        write_rows(file, COLUMNS, rows)
        click.echo(f"{len(rows)} entries of {need.reference} are in {file}.")
        return
    for line in _as_text(stated, rows):
        click.echo(line)


@click.group()
def rates() -> None:
    """Set and list what a euro is worth, to compare promises with costs."""


@rates.command(name="set")
@click.argument("rate")
@click.option("--day", type=click.DateTime(["%Y-%m-%d"]), help="The day it is of; today when not said.")
@click.option("--source", required=True, help="Where it was read, such as “Bank Al-Maghrib”.")
@click.pass_obj
def set_(container: Container, *, rate: str, day: datetime | None, source: str) -> None:
    """Set what a euro is worth in dirhams, such as 10.8215. Entries made before keep the rate they were made with."""
    now = container.clock()
    on = day.date() if day else now.date()
    try:
        with migrated(container), transaction(container.engine) as session:
            row = set_rate(
                session,
                now,
                currency=Currency.EUR,
                day=on,
                rate=parse_rate(rate),
                source=source,
                actor="operator",
            )
    except ValueError as error:
        raise click.ClickException(f"{str(error).capitalize()}.") from error
    click.echo(f"1 EUR = {written_rate(row.rate)} MAD from {row.day} on.")


@rates.command(name="list")
@click.pass_obj
def list_(container: Container) -> None:
    """List the rates that were set, the newest first."""
    with migrated(container), reading(container.engine) as session:
        rows = session.scalars(select(ExchangeRate).order_by(ExchangeRate.day.desc())).all()
    for row in rows:
        click.echo(f"{row.day}  1 {row.currency} = {written_rate(row.rate)} MAD  {row.source} ({row.set_by})")


def _cells(voice: Speaker, line: StatementLine) -> list[str]:
    return [
        str(line.at.date()),
        visible(voice.write(line.who)),
        visible(voice.write(line.giver)),
        line.posting.value,
        _centimes(line.said.minor),
        line.said.currency.value,
        written_rate(line.rate.rate),
        str(line.rate.day),
        _centimes(line.dirhams),
        *(_centimes(one) for one in (line.columns.promised, line.columns.confirmed, line.columns.received)),
        visible(line.reason),
    ]


def _centimes(minor: int) -> str:
    return f"{Decimal(minor) / 100:.2f}"


def _as_text(stated: Statement, rows: list[list[str]]) -> Iterator[str]:
    need = stated.need
    left = stated.missing
    reached = f"received {_centimes(stated.columns.received)}" if left is None else f"missing {_centimes(left)}"
    yield f"{need.reference}: cost {_centimes(need.cost)} MAD, {reached} MAD"
    yield AS_TEXT.format(*(name.replace("_", " ") for name in COLUMNS[:-1])).rstrip()
    for row in rows:
        yield f"{AS_TEXT.format(*row[:-1])}  {row[-1]}".rstrip()
    in_all = (stated.columns.promised, stated.columns.confirmed, stated.columns.received)
    yield AS_TEXT.format("in all", *[""] * 8, *map(_centimes, in_all)).rstrip()
