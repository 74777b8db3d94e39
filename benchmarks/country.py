"""The world of the benchmarks: a migrated database with the census, thousands of associations and their officers."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path

from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.orm import Session

from service.domain.roles import OfficerRole
from service.domain.states import AssociationState
from service.locales import Language
from service.models import Commune, Officer, Phone, VillageAssociation
from service.models.migrations import upgrade
from service.models.session import make_engine, transaction
from service.usecases.communes import load_communes
from tests.conftest import POSTGRES_URL

ASSOCIATIONS = 5_000
ROLES = (OfficerRole.PRESIDENT, OfficerRole.TREASURER, OfficerRole.SECRETARY)
LANGUAGES = tuple(Language)
FOUNDED = datetime(2026, 1, 5, 9, tzinfo=UTC)


@dataclass(frozen=True)
class Caller:
    """An officer's phone, the language it is spoken to in, and the association's number."""

    number: str
    language: Language
    association: int

    @property
    def association_name(self) -> str:
        """What the first screen greets with."""
        return f"Association Tiwizi {self.association}"


def callers() -> list[Caller]:
    """Return every officer's phone: three an association, the languages in equal parts."""
    return [
        Caller(f"+2126000{place:05}", LANGUAGES[place % len(LANGUAGES)], 1 + place // len(ROLES))
        for place in range(ASSOCIATIONS * len(ROLES))
    ]


@contextmanager
def database(backend: str, folder: Path) -> Iterator[str]:
    """Make a migrated and peopled database for the block; gives its URL."""
    with _postgresql() if backend == "PostgreSQL" else _sqlite(folder) as url:
        engine = make_engine(url)
        upgrade(engine)
        with transaction(engine) as session:
            load_communes(session)
            _people(session)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("ANALYZE")
        engine.dispose()
        yield url


def backends() -> list[str]:
    """Return which databases can be measured here."""
    return ["SQLite", "PostgreSQL"] if POSTGRES_URL else ["SQLite"]


@contextmanager
def _sqlite(folder: Path) -> Iterator[str]:
    yield f"sqlite:///{folder.resolve()}/bench.db"


@contextmanager
def _postgresql() -> Iterator[str]:
    assert POSTGRES_URL  # noqa: S101  # or it were no backend
    name = f"tiwizi_bench_{uuid.uuid4().hex[:12]}"
    server = create_engine(POSTGRES_URL, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    try:
        yield server.url.set(database=name).render_as_string(hide_password=False)
    finally:
        with server.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        server.dispose()


def _people(session: Session) -> None:
    communes = list(session.scalars(select(Commune.code).where(Commune.rural).order_by(Commune.code)))
    everyone = callers()
    session.execute(
        insert(Phone),
        [{"number": caller.number, "language": caller.language, "seen_at": FOUNDED} for caller in everyone],
    )
    session.execute(
        insert(VillageAssociation),
        [
            {
                "id": caller.association,
                "name": caller.association_name,
                "douar": f"Douar {caller.association}",
                "commune_code": communes[caller.association % len(communes)],
                "state": AssociationState.VERIFIED,
                "registered_at": FOUNDED,
                "decided_at": FOUNDED,
            }
            for caller in everyone[:: len(ROLES)]
        ],
    )
    session.execute(
        insert(Officer),
        [
            {"association_id": caller.association, "phone": caller.number, "role": role, "joined_at": FOUNDED}
            for caller, role in zip(everyone, cycle(ROLES), strict=False)
        ],
    )
