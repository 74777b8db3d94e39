"""The service, and the bare route it is measured against, each a real `serve` in a process group of its own."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from service.cli.parts import wait_ready

TOKEN = "a-hook-token-for-benchmarks-only"  # noqa: S105  # protects nothing
PATH = f"/hooks/africastalking/{TOKEN}/ussd"
SERVICE = (sys.executable, "-m", "wsgi", "web")
BARE = (sys.executable, str(Path(__file__).parent / "bare" / "wsgi.py"))
LEAVE_WITHIN = 35  # seconds
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A running server: its port, its process group, and the database it works for."""

    port: int
    group: int
    database: str

    def cpu_seconds(self) -> float:
        """Return the CPU that its processes took so far, and those PostgreSQL has for its database."""
        return sum(filter(None, (self._cpu_of(process) for process in Path("/proc").glob("[0-9]*"))))

    def _cpu_of(self, process: Path) -> float | None:
        try:
            # The name in brackets may hold anything; what follows it are numbers (man 5 proc).
            numbers = (process / "stat").read_text().rpartition(")")[2].split()
            ours = int(numbers[2]) == self.group or self.database in (process / "cmdline").read_text()
        except OSError:
            return None  # it ended meanwhile
        return (int(numbers[11]) + int(numbers[12])) / TICKS if ours else None


@contextmanager
def serving(command: Sequence[str], folder: Path, database_url: str) -> Iterator[Server]:
    """Run a server on a free port until the block ends; how many workers it has follows from the database."""
    port = _free_port()
    environment = {
        **os.environ,
        "TIWIZI_DATABASE_URL": database_url,
        "TIWIZI_PORT": str(port),
        "TIWIZI_HOOK_TOKENS": TOKEN,
        "TIWIZI_SECRET_KEY": "a-key-that-protects-nothing-but-benchmarks",
        "TIWIZI_SMS_ROUTES": "*=console",
    }
    process = subprocess.Popen(command, env=environment, cwd=folder, start_new_session=True)
    try:
        wait_ready(f"http://127.0.0.1:{port}", {"web": process})
        yield Server(port, process.pid, database_url.rpartition("/")[2])
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and end it."""
    process.terminate()
    try:
        process.wait(LEAVE_WITHIN)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
