"""The real program on a real port: started, killed and started again."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Engine

from service.cli.up import wait_ready
from service.models.session import transaction
from service.usecases.communes import load_communes

TOKEN = "a-hook-token-for-tests-only"  # protects nothing


@dataclass
class Service:
    """`tiwizi web` and `tiwizi worker` on a database; each part is its own process group, so that a kill takes all."""

    folder: Path
    database_url: str
    port: int
    parts: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

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
            "TIWIZI_SECRET_KEY": "a-key-that-protects-nothing-but-tests",
            "TIWIZI_SMS_ROUTES": "*=console",
        }

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

    def tiwizi(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "wsgi", *arguments]
        return subprocess.run(
            command, env=self.environment, cwd=self.folder, capture_output=True, text=True, check=False, timeout=90
        )

    def log(self, part: str) -> str:
        return (self.folder / f"{part}.log").read_text()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def service(engine: Engine, tmp_path: Path) -> Iterator[Service]:
    """A service on the run's database with the census in it; nothing is started yet."""
    with transaction(engine) as session:
        load_communes(session)
    running = Service(tmp_path, engine.url.render_as_string(hide_password=False), free_port())
    yield running
    for part in list(running.parts):
        running.kill(part)
