"""`tiwizi migrate` and `tiwizi admin create`."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from click.testing import CliRunner, Result
from sqlalchemy import func, select

from service.cli.admin import admin
from service.cli.imports import imports
from service.cli.migrate import migrate
from service.container import Container
from service.models import AuditEntry, Commune, User
from service.models.migrations import config, upgrade
from service.models.session import make_engine, reading, transaction
from service.security import password_fits


@pytest.fixture
def fresh(container: Container, tmp_path: Path) -> Iterator[Container]:
    """A service whose database has nothing in it yet."""
    engine = make_engine(f"sqlite:///{tmp_path}/new/tiwizi.db")
    yield replace(container, engine=engine)
    engine.dispose()


def run(container: Container, *arguments: str) -> Result:
    command = {"migrate": migrate, "admin": admin, "import": imports}[arguments[0]]
    return CliRunner().invoke(command, arguments[1:], obj=container, catch_exceptions=False)


def test_a_new_database_gets_its_tables_and_communes(fresh: Container) -> None:
    first, again = run(fresh, "migrate"), run(fresh, "migrate", "--json")
    assert (first.exit_code, again.exit_code) == (0, 0)
    assert "1503 communes" in first.stdout
    [head] = ScriptDirectory.from_config(config()).get_heads()
    assert json.loads(again.stdout) == {"revision": head, "communes": 1503}
    with reading(fresh.engine) as session:
        assert session.scalar(select(func.count()).select_from(Commune)) == 1503


def test_a_database_that_does_not_answer_is_said_so_in_one_sentence(container: Container) -> None:
    engine = make_engine("postgresql+psycopg://tiwizi:secret-word@127.0.0.1:1/tiwizi")
    result = run(replace(container, engine=engine), "migrate")
    assert result.exit_code == 1
    assert "does not answer" in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert "secret-word" not in result.stderr


def test_a_database_of_a_newer_program_is_left_alone(fresh: Container) -> None:
    upgrade(fresh.engine)
    with transaction(fresh.engine) as session:
        session.connection().exec_driver_sql("UPDATE alembic_version SET version_num = 'from the future'")
    result = run(fresh, "migrate")
    assert result.exit_code == 1
    assert "another version of Tiwizi" in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize("arguments", [("admin", "create", "Amina"), ("import", "diaspora", "{file}")])
def test_commands_that_need_tables_say_how_to_have_them(
    fresh: Container, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    file = tmp_path / "diaspora.csv"
    file.write_text(Path("docs/examples/diaspora.csv").read_text(encoding="utf-8"), encoding="utf-8")
    result = run(fresh, *(argument.format(file=file) for argument in arguments))
    assert result.exit_code == 1
    assert "tiwizi migrate" in result.stderr


def test_an_admin_is_created_with_a_password_shown_once(container: Container) -> None:
    result = run(container, "admin", "create", "Amina", "--json")
    assert result.exit_code == 0
    told = json.loads(result.stdout)
    assert (told["name"], told["role"]) == ("Amina", "admin")
    with reading(container.engine) as session:
        user = session.scalars(select(User)).one()
        assert user.password_once
        assert password_fits(user.password_hash, told["password"])
        kept = repr([(entry.action, entry.data) for entry in session.scalars(select(AuditEntry))])
    assert told["password"] not in kept


def test_a_coordinator_is_created_in_words(container: Container) -> None:
    result = run(container, "admin", "create", "Driss", "--role", "coordinator")
    assert result.exit_code == 0
    assert "Driss may sign in as coordinator" in result.stdout


def test_a_name_is_given_once(container: Container) -> None:
    run(container, "admin", "create", "Amina")
    result = run(container, "admin", "create", "Amina")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "Error: A user named 'Amina' exists already.\n"


def test_a_role_that_does_not_exist_is_mistyped(container: Container) -> None:
    assert run(container, "admin", "create", "Amina", "--role", "queen").exit_code == 2
