"""SIGTERM under load: the real program, as `tiwizi up` starts it, is told to leave and started again."""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from service.cli.parts import wait_ready
from service.models.session import make_engine
from tests.crash.line import Line
from tests.crash.lives import Shared
from tests.crash.run import Crowd, stage
from tests.crash.stage import Clock, People, environment
from tests.crash.verdict import Verdict
from tests.served.conftest import free_port

LEAVES_WITHIN = 30.0  # seconds that a supervisor gives
WORKS_FOR = 1.0  # seconds under load, from when it is ready


@dataclass(frozen=True)
class Restarted:
    """What came of it: `slowest` is seconds from SIGTERM to the end, `statuses` how the program said it went."""

    slowest: float
    statuses: set[int]
    verdict: Verdict

    @property
    def held(self) -> bool:
        """Whether all left in time and by themselves, and nothing was lost, doubled or left in doubt."""
        return self.verdict.held and not self.verdict.unknown and self.slowest < LEAVES_WITHIN and self.statuses == {0}


def restart(times: int, seed: int, database: str) -> Restarted:
    """Start and stop the program so often while people call and a carrier carries well."""
    with stage(database, seed, storms=0) as (folder, url, carrier):
        port = free_port()
        surroundings = {**os.environ, **environment(url, carrier), "TIWIZI_PORT": str(port)}
        crowd = Crowd(People(make_engine(url), Clock()), Line(port), folder / "ledger", seed, Shared())
        crowd.start()
        ends = [_life(folder, surroundings, port, crowd, last=False) for _ in range(times)]
        ends.append(_life(folder, surroundings, port, crowd, last=True))
        return Restarted(max(took for took, _ in ends), {status for _, status in ends}, crowd.judge())


def _life(folder: Path, surroundings: dict[str, str], port: int, crowd: Crowd, *, last: bool) -> tuple[float, int]:
    """Live under load for a moment, the last time until all is done; return the seconds to the end, and the status."""
    with (folder / "up.log").open("ab") as log:
        command = [sys.executable, "-m", "wsgi", "up"]
        process = subprocess.Popen(
            command, env=surroundings, cwd=folder, stdout=log, stderr=log, start_new_session=True
        )
    try:
        wait_ready(f"http://127.0.0.1:{port}")
        until = time.monotonic() + WORKS_FOR
        while time.monotonic() < until:
            crowd.pace()
        if last:
            crowd.stop()
            crowd.settle()
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        status = process.wait(2 * LEAVES_WITHIN)
        return time.monotonic() - begun, status
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
