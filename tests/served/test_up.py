"""`tiwizi up`: everything in one command, from an empty folder to Ctrl-C."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from time import monotonic, sleep

import pytest
import requests
from sqlalchemy import func, select

from service.cli.coordinator import Coordinator
from service.cli.parts import is_ready
from service.cli.story import StoryError
from service.container import utc_now
from service.models import Need, User, VillageAssociation
from service.models.session import make_engine, reading, transaction
from tests.served.conftest import await_end, free_port, processes_of, serving
from tests.world import village

pytestmark = pytest.mark.served

ADDRESS = re.compile(r"^  (?:Phone simulator|Admin view|Public pages) +(http://\S+)$", re.MULTILINE)
PASSWORD = re.compile(r"admin, with the one-time password (\S+) \(shown only now\)")
SAID_LAST = "Public pages"
TOGETHER = 4  # up, web, the server process of web, worker


@dataclass
class Up:
    """`tiwizi up` in a folder, as `make run` starts it."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder}/var/tiwizi.db"

    def start(self, *options: str, until: str = SAID_LAST) -> None:
        """Start it, and wait until it has said something."""
        with (self.folder / "said").open("wb") as said, (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "wsgi", "up", *options],
                env={**os.environ, "TIWIZI_DATABASE_URL": self.database_url, "TIWIZI_PORT": str(self.port)},
                cwd=self.folder,
                stdout=said,
                stderr=log,
                start_new_session=True,
            )
        patience = monotonic() + 90
        while until not in self.said():
            assert self.process.poll() is None, self.log()
            assert monotonic() < patience, self.log()
            sleep(0.1)

    def end(self, number: int) -> int:
        """Send the signal that a terminal or a supervisor would; return the exit status."""
        assert self.process
        os.killpg(self.process.pid, number)
        return self.process.wait(30)

    def said(self) -> str:
        return (self.folder / "said").read_text()

    def log(self) -> str:
        return (self.folder / "log").read_text()

    def count(self, entity: type) -> int:
        engine = make_engine(self.database_url)
        with reading(engine) as session:
            counted = session.scalar(select(func.count()).select_from(entity))
        engine.dispose()
        return counted or 0

    def clear(self) -> None:
        """Leave nothing running, whatever a test found."""
        for number in processes_of(str(self.folder)):
            os.kill(number, signal.SIGKILL)
        if self.process:
            self.process.wait()


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """The first run, from an empty folder."""
    up = Up(tmp_path_factory.mktemp("first"), free_port())
    try:
        up.start("--first-run", until="First sign-in")
        yield up
    finally:
        up.clear()


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    made = Up(tmp_path, free_port())
    yield made
    made.clear()


def test_the_first_run_says_where_everything_is_and_it_is_there(first: Up) -> None:
    addresses = ADDRESS.findall(first.said())
    assert addresses == [f"{first.url}{path}" for path in ("/phone", "/admin/", "/")]
    for address in addresses:
        assert requests.get(address, timeout=15).status_code == HTTPStatus.OK
    assert "Traceback" not in first.log()


def test_the_first_run_plays_the_story(first: Up) -> None:
    assert "The story played to its end" in first.said()
    assert first.count(VillageAssociation) == first.count(Need) == 1


def test_the_one_time_password_opens_once(first: Up) -> None:
    (password,) = PASSWORD.findall(first.said())
    Coordinator(first.url, "admin", password)  # signs in and replaces it
    with pytest.raises(StoryError, match="401"):
        Coordinator(first.url, "admin", password)


def test_a_second_start_keeps_the_data_and_invents_no_password(up: Up) -> None:
    up.start("--first-run", "--no-demo", until="First sign-in")
    assert up.count(VillageAssociation) == 0
    assert len(processes_of(str(up.folder))) == TOGETHER
    assert up.end(signal.SIGTERM) == 0
    assert processes_of(str(up.folder)) == []

    engine = make_engine(up.database_url)
    with transaction(engine) as session:
        village(session, utc_now())
    engine.dispose()

    up.start("--first-run")
    requests.get(f"{up.url}/phone", timeout=15).raise_for_status()
    assert up.end(signal.SIGINT) == 0
    assert up.said().endswith("Stopped.\n")
    assert "Traceback" not in up.log()
    assert "Unexpected exit" not in up.log()
    assert not PASSWORD.search(up.said())
    assert "demo" not in up.said()
    assert (up.count(VillageAssociation), up.count(User)) == (1, 1)
    await_end(str(up.folder))


def test_when_a_part_ends_by_itself_all_ends_with_a_sentence(tmp_path: Path, up: Up) -> None:
    up.start("--first-run", "--no-demo")
    assert up.process
    (worker,) = (number for number in processes_of(str(tmp_path)) if b"worker" in command_line(number))
    os.kill(worker, signal.SIGKILL)
    assert up.process.wait(60) == 1
    assert "Error: The worker ended by itself (status -9); see above.\n" in up.log()
    await_end(str(tmp_path))


def test_a_server_process_does_not_outlive_the_web_that_was_killed(tmp_path: Path) -> None:
    with serving(tmp_path, "web") as service:
        service.parts["web"].kill()
        service.parts["web"].wait()
        await_end(str(tmp_path))
        assert not is_ready(service.url)
        service.start("web")


def command_line(number: int) -> bytes:
    return Path(f"/proc/{number}/cmdline").read_bytes()
