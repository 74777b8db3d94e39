"""SIGTERM under load: the real program, as `tiwizi up` starts it, is told to leave and started again."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
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


@dataclass
class Up:
    """`tiwizi up` with a database and a carrier, as a supervisor starts and ends it."""

    folder: Path
    settings: Mapping[str, str]
    port: int = field(default_factory=free_port)
    # Where what it says goes; a disk that is full would take no word either.
    log: str = "up.log"

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """Have it ready while the block runs; what is left of it afterwards is killed."""
        surroundings = {**os.environ, **self.settings, "TIWIZI_PORT": str(self.port)}
        with (self.folder / self.log).open("ab") as log:
            command = [sys.executable, "-m", "wsgi", "up"]
            process = subprocess.Popen(
                command, env=surroundings, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )
        try:
            wait_ready(f"http://127.0.0.1:{self.port}")
            yield process
        finally:
            if process.poll() is None:
                self.end(process)

    def end(self, process: subprocess.Popen[bytes]) -> tuple[float, int]:
        """Tell it to leave; return how many seconds that took, and its status. It is killed when it does not."""
        begun = time.monotonic()
        process.send_signal(signal.SIGTERM)
        try:
            status = process.wait(2 * LEAVES_WITHIN)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        return time.monotonic() - begun, status


def restart(times: int, seed: int, database: str) -> Restarted:
    """Start and stop the program so often while people call and a carrier carries well."""
    with stage(database, seed, storms=0) as (folder, url, carrier):
        program = Up(folder, environment(url, carrier))
        people = People(make_engine(url), Clock())
        crowd = Crowd(people, Line(program.port), folder / "ledger", seed, Shared())
        crowd.start()
        ends = []
        for life in range(times + 1):
            with program.running() as process:
                crowd.work_for(WORKS_FOR)
                if life == times:
                    crowd.stop()
                    crowd.settle()
                ends.append(program.end(process))
        return Restarted(max(took for took, _ in ends), {status for _, status in ends}, crowd.judge())
