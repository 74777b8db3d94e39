"""The real program on a real port: started, killed and started again."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep

import pytest
from sqlalchemy import Engine

from service.cli.parts import wait_ready
from service.container import Container, utc_now
from service.gateways.console import ConsoleGateway
from service.models.migrations import upgrade
from service.models.session import make_engine, transaction
from service.settings import Settings
from service.usecases.communes import load_communes
from tests.service.web.phone.conftest import chromium

__all__ = ["chromium"]  # the browser of the simulator's tests serves here as well

TOKEN = "a-hook-token-for-tests-only"  # protects nothing
KEY = "a-key-that-protects-nothing-but-tests"


@dataclass
class Service:
    """`tiwizi web` and `tiwizi worker` on a database; each part is its own process group, so that a kill takes all."""

    folder: Path
    database_url: str
    port: int
    parts: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    routes: str = "*=console"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "TIWIZI_DATABASE_URL": self.database_url,
            "TIWIZI_PORT": str(self.port),
            "TIWIZI_HOOK_TOKENS": TOKEN,
            "TIWIZI_SECRET_KEY": KEY,
            "TIWIZI_SMS_ROUTES": self.routes,
        }

    @contextmanager
    def container(self, **settings: object) -> Iterator[Container]:
        """What a command of this service would hold, with some settings of its own."""
        same = {"database_url": self.database_url, "port": self.port, "hook_tokens": (TOKEN,), "secret_key": KEY}
        made = Settings(_env_file=None, **{**same, **settings})  # type: ignore[call-arg,arg-type]  # as pydantic reads
        engine = make_engine(self.database_url)
        yield Container(made, engine, {"console": ConsoleGateway()}, utc_now)
        engine.dispose()

    def start(self, part: str) -> None:
        log = (self.folder / f"{part}.log").open("ab")
        command = [sys.executable, "-m", "wsgi", part]
        self.parts[part] = subprocess.Popen(
            command, env=self.environment, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
        )
        log.close()
        if part == "web":
            wait_ready(self.url)

    def kill(self, part: str) -> None:
        """`kill -9`, on the process and all it started."""
        process = self.parts.pop(part)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def restart(self, part: str) -> None:
        self.kill(part)
        self.start(part)

    def tiwizi(
        self, *arguments: str, typed: str = "", within: float = 90, **settings: str
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end, with what is typed through a pipe and environment variables of its own."""
        return subprocess.run(
            [sys.executable, "-m", "wsgi", *arguments],
            env={**self.environment, **settings},
            cwd=self.folder,
            input=typed,
            capture_output=True,
            text=True,
            check=False,
            timeout=within,
        )

    def log(self, part: str) -> str:
        return (self.folder / f"{part}.log").read_text()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def processes_of(mark: str) -> list[int]:
    """Return the processes that have a text such as a folder's name in their environment, whoever their parent is."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            surroundings = entry.read_bytes()
        except (FileNotFoundError, PermissionError, ProcessLookupError):
            continue
        if mark.encode() in surroundings:
            found.append(int(entry.parent.name))
    return found


def await_end(mark: str, within: float = 30) -> None:
    """Wait until no process has the text in its environment."""
    until = monotonic() + within
    while left := processes_of(mark):
        assert monotonic() < until, f"processes {left} are still there"
        sleep(0.1)


@contextmanager
def serving(folder: Path, *parts: str) -> Iterator[Service]:
    """Parts of a service on a SQLite database of its own with the census in it, for tests that share one."""
    running = Service(folder, f"sqlite:///{folder}/tiwizi.db", free_port())
    engine = make_engine(running.database_url)
    upgrade(engine)
    with transaction(engine) as session:
        load_communes(session)
    engine.dispose()
    try:
        for part in parts:
            running.start(part)
        yield running
    finally:
        for part in list(running.parts):
            running.kill(part)


@pytest.fixture
def service(engine: Engine, tmp_path: Path) -> Iterator[Service]:
    """A service on the run's database with the census in it; nothing is started yet."""
    with transaction(engine) as session:
        load_communes(session)
    running = Service(tmp_path, engine.url.render_as_string(hide_password=False), free_port())
    yield running
    for part in list(running.parts):
        running.kill(part)
