"""Migrations lead up to the models, back down, and up again, on SQLite and PostgreSQL."""

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

from service.models.base import Base
from service.models.migrations import config, downgrade, up_to_date, upgrade
from service.models.session import make_engine


@pytest.fixture
def empty(engine: Engine, tmp_path: Path) -> Iterator[Engine]:
    """A database with nothing in it, of the same kind as the run's."""
    if engine.dialect.name == "sqlite":
        made = make_engine(f"sqlite:///{tmp_path}/empty.db")
        yield made
        made.dispose()
        return
    name = f"tiwizi_test_{uuid.uuid4().hex[:12]}"
    server = engine.execution_options(isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    made = make_engine(engine.url.set(database=name).render_as_string(hide_password=False))
    yield made
    made.dispose()
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


def tables(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names())


def test_there_is_one_head() -> None:
    assert len(ScriptDirectory.from_config(config()).get_heads()) == 1


def test_migrations_run_up_and_down_and_up_again(empty: Engine) -> None:
    assert not up_to_date(empty)
    upgrade(empty)
    first = tables(empty)
    assert first == {*Base.metadata.tables, "alembic_version"}
    assert up_to_date(empty)
    downgrade(empty)
    assert tables(empty) == {"alembic_version"}
    assert not up_to_date(empty)
    upgrade(empty)
    assert tables(empty) == first


def test_the_migrated_database_is_what_the_models_say(empty: Engine) -> None:
    upgrade(empty)
    with empty.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []
