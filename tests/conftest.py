"""What all tests share: a migrated database on SQLite and, where one is reachable, on PostgreSQL; a moved clock."""

import os
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from argon2 import PasswordHasher
from hypothesis import settings as hypothesis_settings
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from service import security
from service.container import Container
from service.gateways.console import ConsoleGateway
from service.models.base import Base
from service.models.migrations import upgrade
from service.models.session import make_engine
from service.settings import Settings

# The operator's own, a machine that trusts its loopback, the role that tests/tools.sh makes.
POSTGRES_URLS = (
    os.environ.get("TIWIZI_TEST_POSTGRES_URL"),
    "postgresql+psycopg://postgres@127.0.0.1/postgres",
    "postgresql+psycopg://tiwizi_test:tiwizi_test@127.0.0.1/postgres",
)


QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
# The same examples on every run, and no verdict by the clock.
hypothesis_settings.register_profile("tiwizi", deadline=None, derandomize=True, database=None)
hypothesis_settings.load_profile("tiwizi")


@dataclass
class MovedClock:
    """A clock that stands still until a test moves it."""

    now: datetime = field(default_factory=lambda: datetime(2026, 11, 23, 10, 0, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.now

    def move(self, **delta: float) -> None:
        self.now += timedelta(**delta)


def _postgres_url() -> str | None:
    """Return where a PostgreSQL server answers, if one does."""
    for url in filter(None, POSTGRES_URLS):
        engine = create_engine(url, connect_args={"connect_timeout": 3})
        try:
            with engine.connect():
                return url
        except OperationalError:
            continue
        finally:
            engine.dispose()
    return None


POSTGRES_URL = _postgres_url()
BACKENDS = ["sqlite", "postgresql"] if POSTGRES_URL else ["sqlite"]


def pytest_report_header() -> str:
    """Say loudly when PostgreSQL is left out."""
    if "postgresql" in BACKENDS:
        return "databases: SQLite and PostgreSQL"
    return "databases: SQLite ONLY. PostgreSQL not reachable: start one and set TIWIZI_TEST_POSTGRES_URL."


@pytest.fixture(scope="session", params=BACKENDS)
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated, empty database of its own for this test run."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('db')}/tiwizi.db"
        _migrate(url)
        yield url
        return
    name = f"tiwizi_test_{uuid.uuid4().hex[:12]}"
    assert POSTGRES_URL  # or it were no backend
    server = create_engine(POSTGRES_URL, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        # No test cuts the server's power.
        connection.execute(text(f"ALTER DATABASE {name} SET synchronous_commit = off"))
    url = server.url.set(database=name).render_as_string(hide_password=False)
    try:
        _migrate(url)
        yield url
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()


def _migrate(url: str) -> None:
    engine = make_engine(url)
    upgrade(engine)
    engine.dispose()


@pytest.fixture(scope="session", autouse=True)
def hash_quickly() -> None:
    """A secret is hashed slowly against thieves who guess. There are none here, and many secrets."""
    spare_hashes()


def spare_hashes() -> None:
    """Have this process hash secrets in no time."""
    security._HASHER = QUICK


@pytest.fixture(scope="session")
def one_engine(database_url: str) -> Iterator[Engine]:
    """One engine for all, which waits for no disk: what it learnt of the statements stays."""
    engine = make_engine(database_url, durable=False)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(one_engine: Engine) -> Iterator[Engine]:
    """An engine on the run's database, empty again after the test; who listens to it hears no other test's."""
    yield one_engine.execution_options()
    empty(one_engine)


def empty(engine: Engine) -> None:
    """Delete all rows."""
    deletes = [str(table.delete()) for table in reversed(Base.metadata.sorted_tables)]
    with engine.begin() as connection:
        # PostgreSQL takes them in one trip, SQLite one by one.
        for statement in ["; ".join(deletes)] if engine.dialect.name == "postgresql" else deletes:
            connection.exec_driver_sql(statement)


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def settings(engine: Engine) -> Settings:
    return Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own parameter
        database_url=engine.url.render_as_string(hide_password=False),
        secret_key="a-key-that-protects-nothing-but-tests",
        hook_tokens=("a-hook-token-for-tests-only",),
    )


@pytest.fixture
def container(settings: Settings, engine: Engine, clock: MovedClock) -> Container:
    return Container(settings, engine, {"console": ConsoleGateway()}, clock)
