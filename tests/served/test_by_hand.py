"""docs/by-hand.md, run as it is written: its commands in one shell, its readers' clicks by a coordinator."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import pytest

from service.cli.coordinator import Coordinator
from tests.served.conftest import TOKEN, Service, serving

pytestmark = pytest.mark.served

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "by-hand.md").read_text()
# A block of commands, or a paragraph that asks for clicks.
STEP = re.compile(r"```sh\n(?P<commands>.*?)```|\*\*In the browser\*\*(?P<clicks>.*?)\n\n", re.DOTALL)
DONE = "this-command-is-done"
SMS_WITHIN = 30  # seconds


@dataclass
class Shell:
    """A shell that keeps its variables from one command to the next."""

    process: subprocess.Popen[str]

    def run(self, commands: str) -> str:
        """Return what was said, on both outputs; a command that fails ends the shell, and the test."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{commands}\necho {DONE}\n")
        self.process.stdin.flush()
        said = ""
        while DONE not in said:
            line = self.process.stdout.readline()
            assert line, f"{commands}\nfailed:\n{said}"
            said += line
        return said.partition(DONE)[0]

    def check(self, commands: str, expected: str | None) -> None:
        """Run commands of the page, and see what they say; a text on its way is waited for."""
        words = self.run(f'printf %s "{expected}"') if expected else ""
        until = monotonic() + SMS_WITHIN
        while words not in (said := self.run(commands)):
            waits = commands.splitlines()[-1].startswith("inbox ") and monotonic() < until
            assert waits, f"{commands}\nshould say {words!r}, but says:\n{said}"
            sleep(0.3)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service in a folder that looks as a checkout does after `make run DEMO=0`."""
    folder = tmp_path_factory.mktemp("by-hand")
    (folder / "docs").symlink_to(ROOT / "docs")
    (folder / "var").mkdir()
    (folder / "var" / "hook_token").write_text(f"{TOKEN}\n")
    with serving(folder, "web", "worker") as service:
        yield service


@contextmanager
def shell_in(service: Service) -> Iterator[Shell]:
    """A shell that finds `tiwizi`, as the page asks for."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with subprocess.Popen(
        ["bash", "-e"],
        env={**service.environment, "PATH": path},
        cwd=service.folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        yield Shell(process)


def commands_of(block: str) -> Iterator[tuple[str, str | None]]:
    """Give the commands up to each line that says what the answer contains, with those words."""
    parts = re.split(r"^#: (.*)\n", block, flags=re.MULTILINE)
    for commands, words in zip(parts[::2], [*parts[1::2], None], strict=True):
        if commands:
            yield commands, words


def clicks(service: Service, shell: Shell) -> Iterator[Callable[[], None]]:
    """Give what the page asks to do in the browser, in its order."""
    created = service.tiwizi("admin", "create", "Zahra", "--role", "coordinator", "--json")
    coordinator = Coordinator(service.url, "Zahra", json.loads(created.stdout)["password"])
    yield lambda: coordinator.decides("/admin/associations", "Association Ifri", "verify")
    yield lambda: coordinator.decides("/admin/needs", shell.run("echo $REF").strip(), "verify", urgency="high")


@pytest.mark.skipif(not shutil.which("curl"), reason="THE PAGE IS NOT TRIED. curl not found: apt-get install curl")
def test_the_page_does_what_it_says(running: Service) -> None:
    told = 0
    with shell_in(running) as shell:
        browser = clicks(running, shell)
        for step in STEP.finditer(PAGE.replace("http://127.0.0.1:8000", running.url)):
            if step["clicks"]:
                next(browser)()
                continue
            for command, expected in commands_of(step["commands"]):
                shell.check(command, expected)
                told += expected is not None
        assert next(browser, None) is None
    assert told == PAGE.count("\n#: ")
