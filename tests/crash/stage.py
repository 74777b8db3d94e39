"""What a run of the harness stands on: a database of its own, a clock that may be moved, and people."""

import ctypes
import itertools
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.sharedctypes import RawValue
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.orm import Session

from service.container import Container
from service.domain.kinds import Pace
from service.gateways.registry import make_gateways
from service.locales import Language
from service.models.diaspora import Contact
from service.models.migrations import upgrade
from service.models.session import make_engine, transaction
from service.settings import Settings
from service.usecases.phones import know_phone
from tests.peers.africastalking import KEY
from tests.world import diaspora, settle, village

TOKEN = "a-hook-token-for-tests-only"  # protects nothing
HOOKS = f"/hooks/africastalking/{TOKEN}"
SECRET = "a-key-that-protects-nothing-but-tests"
PLENTY = "1000000"
TOGETHER = 20
# Of an association that hears daily, each contact has nine o'clock an hour after the other.
DAILY_IN = (2, 3, 4)
NINE = 9
MANY_SLOTS = 12  # or there were seldom two things for a digest


class Clock:
    """The time of this machine, moved on for all processes that were forked since."""

    def __init__(self) -> None:
        self._ahead: Any = RawValue(ctypes.c_double, 0.0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self._ahead.value)

    def move(self, by: timedelta) -> None:
        self._ahead.value += by.total_seconds()


def environment(url: str, carrier: str) -> dict[str, str]:
    """Return the settings of a service that sends through the stand-in at any hour, whatever it costs."""
    caps = ("DAY", "COUNTRY", "ASSOCIATION", "PHONE")
    return {
        "TIWIZI_DATABASE_URL": url,
        "TIWIZI_SECRET_KEY": SECRET,
        "TIWIZI_HOOK_TOKENS": TOKEN,
        "TIWIZI_SMS_ROUTES": "*=africastalking",
        "TIWIZI_AT_API_KEY": KEY,
        "TIWIZI_AT_BASE_URL": carrier,
        "TIWIZI_QUIET_HOURS": "0-0",
        "TIWIZI_MATCH_EVERY_MINUTES": "10",
        **{f"TIWIZI_CAP_{cap}": PLENTY for cap in caps},
    }


def make_settings(url: str, carrier: str) -> Settings:
    """Return the same settings, read."""
    named = {name.removeprefix("TIWIZI_").lower(): value for name, value in environment(url, carrier).items()}
    return Settings(_env_file=None, **named)  # type: ignore[call-arg,arg-type]  # as pydantic reads an environment


def hold(settings: Settings, engine: Engine, clock: Clock) -> Container:
    """Return a container with gateways of its own, whose connections no other process has."""
    return Container(settings, engine, make_gateways(settings), clock)


@contextmanager
def fresh_database(database: str, folder: Path) -> Iterator[str]:
    """Make a migrated database: `sqlite`, in the folder, or one of its own on the server at an URL; gives its URL."""
    if database == "sqlite":
        yield _migrated(f"sqlite:///{folder}/tiwizi.db")
        return
    name = f"tiwizi_crash_{uuid.uuid4().hex[:12]}"
    server = create_engine(database, isolation_level="AUTOCOMMIT")
    _tell(server, f"CREATE DATABASE {name}")
    try:
        yield _migrated(make_url(database).set(database=name).render_as_string(hide_password=False))
    finally:
        _tell(server, f"DROP DATABASE {name} WITH (FORCE)")


def _tell(server: Engine, command: str) -> None:
    with server.connect() as connection:
        connection.execute(text(command))
    server.dispose()


def _migrated(url: str) -> str:
    engine = make_engine(url)
    upgrade(engine)
    settle(engine)
    engine.dispose()
    return url


@dataclass
class People:
    """Villages that nobody has spoken for yet, and those abroad who hear of them; made in batches."""

    engine: Engine
    clock: Clock
    waiting: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def officer(self) -> str:
        """Return the phone of a verified village's officer who has not called yet."""
        if not self.waiting:
            self._settle()
        return self.waiting.pop()

    def gather(self, officers: int) -> None:
        """Have so many wait, so that nobody looks into the database for a while."""
        while len(self.waiting) < officers:
            self._settle()

    def newcomer(self) -> str:
        """Return a phone that nobody knows."""
        return f"+2127{next(self.numbers):08d}"

    def _settle(self) -> None:
        with transaction(self.engine) as session:
            for number in itertools.islice(self.numbers, TOGETHER):
                phone = f"+2126{number:08d}"
                village(session, self.clock(), phone, name=f"Village {number}")
                self.waiting.append(phone)
            diaspora(session, self.clock(), f"+336{number:08d}", name=f"Association {number}")
            self._settle_daily(session, number)

    def _settle_daily(self, session: Session, number: int) -> None:
        now, phones = self.clock(), [f"+3377{number:05d}{hours:02d}" for hours in DAILY_IN]
        association = diaspora(session, now, phones[0], name=f"Association {number} that hears daily")
        association.attention_slots = MANY_SLOTS
        for one, hours in zip(phones, DAILY_IN, strict=True):
            phone = know_phone(session, now, one, Language.FR)
            west = ((now + timedelta(hours=hours)).hour - NINE + 12) % 24 - 12
            phone.pace, phone.zone = Pace.DAILY, f"Etc/GMT{west:+d}"
        session.flush()
        association.contacts += [Contact(phone=one, name="Fatima", joined_at=now) for one in phones[1:]]
