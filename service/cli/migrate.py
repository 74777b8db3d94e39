"""`tiwizi migrate`: the tables and the communes, as this version of the program needs them."""

import json

import click
from alembic.script import ScriptDirectory
from rich.console import Console
from rich.progress import Progress

from service.cli.database import reached
from service.container import Container
from service.models.migrations import config, upgrade
from service.models.session import transaction
from service.usecases.communes import load_communes


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print what was done as one JSON object.")
@click.pass_obj
def migrate(container: Container, *, as_json: bool) -> None:
    """Bring the database up to date and load the communes of the census. Done again, it changes nothing."""
    communes = bring_up_to_date(container)
    revision = ScriptDirectory.from_config(config()).get_current_head()
    if as_json:
        click.echo(json.dumps({"revision": revision, "communes": communes}))
    else:
        click.echo(f"The database is at revision {revision}, with {communes} communes.")


def bring_up_to_date(container: Container) -> int:
    """Upgrade the tables, load the communes with a progress bar on a terminal, and return how many there are.

    Raises ClickException when the database does not answer or is of a newer version.
    """
    with reached(container):
        upgrade(container.engine)
        return _load(container)


def _load(container: Container) -> int:
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Communes of the census (HCP, RGPH 2024)", total=None)
        with transaction(container.engine) as session:
            return load_communes(session, lambda done, total: bar.update(task, completed=done, total=total))
