"""Alembic migrations, run by `tiwizi migrate`."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

HERE = Path(__file__).parent


def config(engine: Engine | None = None) -> Config:
    """Return Alembic's configuration, bound to an engine."""
    made = Config()
    made.set_main_option("script_location", str(HERE))
    made.attributes["engine"] = engine
    return made


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Bring the database to a revision."""
    command.upgrade(config(engine), revision)


def downgrade(engine: Engine, revision: str = "base") -> None:
    """Take the database back to a revision."""
    command.downgrade(config(engine), revision)


def up_to_date(engine: Engine) -> bool:
    """Tell whether the database is at the newest revision."""
    with engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_heads()
    return set(current) == set(ScriptDirectory.from_config(config()).get_heads())
