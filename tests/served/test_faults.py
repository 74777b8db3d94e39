"""What a database may do: be full, locked, away. Nothing is answered that is not kept, and all comes back by itself."""

import os
import resource
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus

import pytest
from sqlalchemy import create_engine, make_url, text

from service.models.session import make_engine
from tests.conftest import BACKENDS, POSTGRES_URL
from tests.crash.line import Line
from tests.crash.lives import Shared
from tests.crash.restarts import Up
from tests.crash.run import Crowd, stage
from tests.crash.stage import Clock, People, environment
from tests.served.conftest import processes_of

pytestmark = [pytest.mark.served, pytest.mark.timeout(240)]
OFFICERS = 200
LASTS = 10.0  # seconds
RECOVERS_WITHIN = 30.0
FULL_AT = 4096  # bytes: no page more can be written to any file


@dataclass
class Stage:
    """A program that runs under load, and its database's URL."""

    url: str
    crowd: Crowd
    phone: str
    texts: int = 0

    def writes(self) -> int:
        """Bring a text; return the status it was answered with, 0 for none."""
        self.texts += 1
        form = {"id": f"probe-{self.texts}", "from": self.phone, "to": "+212600000000", "date": "now", "text": "INFO"}
        return self.crowd.line.once("sms", form)[0]

    def recovery(self) -> float:
        """Return how many seconds passed until a text was taken again."""
        begun = time.monotonic()
        while self.writes() != HTTPStatus.OK:
            assert time.monotonic() - begun < RECOVERS_WITHIN, "it does not come back"
        return time.monotonic() - begun


@contextmanager
def under_load(database: str) -> Iterator[Stage]:
    """Have the whole program under load while the block runs; then nothing may be lost, doubled or in doubt."""
    with stage(database, 1, storms=0) as (folder, url, carrier):
        program = Up(folder, environment(url, carrier), log=os.devnull)
        people = People(make_engine(url), Clock())
        people.gather(OFFICERS)
        crowd = Crowd(people, Line(program.port), folder / "ledger", 1, Shared(), apart=True)
        with program.running():
            crowd.start()
            crowd.work_for(2)
            yield Stage(url, crowd, people.waiting[0])
            crowd.work_for(1)
            crowd.stop()
            crowd.settle()
        verdict = crowd.judge()
        assert verdict.held, verdict.wrong
        assert not verdict.unknown


def test_a_full_disk_is_no_answer_and_all_goes_on_when_there_is_room() -> None:
    with under_load("sqlite") as stage:
        processes = processes_of(stage.url)
        assert len(processes) >= 3  # web, its server process, worker
        limit(processes, FULL_AT)
        until = time.monotonic() + LASTS
        while time.monotonic() < until:
            assert stage.writes() != HTTPStatus.OK
        limit(processes, resource.RLIM_INFINITY)
        assert stage.recovery() < RECOVERS_WITHIN


def limit(processes: list[int], most: int) -> None:
    """Let processes write files up to so many bytes: beyond, a write fails as on a full disk."""
    for pid in processes:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))


def test_what_another_process_locks_for_ten_seconds_is_waited_for() -> None:
    with under_load("sqlite") as stage, make_engine(stage.url).connect() as other:
        other.exec_driver_sql("SELECT 1")  # whose BEGIN IMMEDIATE holds the lock
        statuses: list[int] = []
        caller = threading.Thread(target=lambda: statuses.append(stage.writes()))
        caller.start()
        time.sleep(LASTS)
        assert HTTPStatus.OK not in statuses
        other.rollback()
        caller.join()
        assert stage.recovery() < RECOVERS_WITHIN
        other.engine.dispose()


@pytest.mark.skipif("postgresql" not in BACKENDS, reason="needs a PostgreSQL server")
def test_a_server_that_is_away_is_no_answer_and_is_found_again() -> None:
    assert POSTGRES_URL
    with under_load(POSTGRES_URL) as stage:
        server = create_engine(POSTGRES_URL, isolation_level="AUTOCOMMIT")
        name = make_url(stage.url).database
        with server.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"), {"name": name}
            )
            until = time.monotonic() + LASTS
            while time.monotonic() < until:
                assert stage.writes() != HTTPStatus.OK
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
        server.dispose()
        assert stage.recovery() < RECOVERS_WITHIN
