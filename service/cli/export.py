"""`tiwizi export`: projects for funders (IATI), and all that is kept about a person."""

import json
import sys
from typing import BinaryIO

import click

from service.cli.database import migrated
from service.container import Container
from service.domain.phone import parse_phone
from service.models.session import transaction
from service.usecases.iati import Reporter, activities, count_activities
from service.usecases.personal import personal_data

OUTPUT = click.option(
    "--output", type=click.File("wb"), default="-", help="Write to this file; to standard output when not said."
)


@click.group()
def export() -> None:
    """Write what is kept into a file."""


@export.command()
@click.option("--amounts", is_flag=True, help="With what was confirmed and received: for funders, not for the public.")
@OUTPUT
@click.pass_obj
def iati(container: Container, *, amounts: bool, output: BinaryIO) -> None:
    """Write finished and running projects as activities of IATI 2.03."""
    settings = container.settings
    reporter = Reporter(settings.iati_reference, settings.iati_name)
    with migrated(container):
        total = count_activities(container.engine)
        parts = activities(container.engine, container.clock(), reporter, amounts=amounts)
        with click.progressbar(parts, length=total + 3, label=f"{total} projects", file=sys.stderr) as bar:
            output.writelines(bar)


@export.command()
@click.argument("phone")
@OUTPUT
@click.pass_obj
def person(container: Container, *, phone: str, output: BinaryIO) -> None:
    """Write all that is kept about whoever has the number PHONE, as JSON. It is noted that this was done."""
    try:
        number = parse_phone(phone)
    except ValueError as error:
        raise click.ClickException(f"{phone!r} is not a phone number.") from error
    with migrated(container), transaction(container.engine) as session:
        kept = personal_data(session, container.clock(), phone=number, actor="operator")
    output.write(json.dumps(kept, ensure_ascii=False, indent=1).encode() + b"\n")
