"""What every command that needs the database says when it cannot have it."""

from collections.abc import Iterator
from contextlib import contextmanager

import click
from alembic.util import CommandError
from sqlalchemy.exc import OperationalError

from service.container import Container
from service.models.migrations import up_to_date


@contextmanager
def reached(container: Container) -> Iterator[None]:
    """Say in one sentence that the database does not answer, instead of a traceback.

    Raises ClickException.
    """
    try:
        yield
    except OperationalError as error:
        address = container.engine.url.render_as_string(hide_password=True)
        reason = str(error.orig).strip().splitlines()[0]
        raise click.ClickException(f"The database at {address} does not answer: {reason}.") from error
    except CommandError as error:
        raise click.ClickException(f"The database is of another version of Tiwizi: {error}.") from error


@contextmanager
def migrated(container: Container) -> Iterator[None]:
    """As `reached`, for commands that need the tables and the communes to be there.

    Raises ClickException.
    """
    with reached(container):
        if not up_to_date(container.engine):
            raise click.ClickException("The database is not up to date: run `tiwizi migrate` first.")
        yield
