"""The parts of a running service as processes of their own: web, worker, and smpp where a route uses it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO

import click
import requests

from service.settings import Settings

READY_WITHIN = 60  # seconds
LEAVE_WITHIN = 28  # seconds; each part takes at most 25, and a supervisor gives 30 in all

ALWAYS = ("web", "worker")

Parts = Mapping[str, subprocess.Popen[bytes]]


def parts_of(settings: Settings) -> tuple[str, ...]:
    """Return the parts that a service with these settings has."""
    return (*ALWAYS, "smpp") if "smpp" in settings.used_gateways else ALWAYS


@contextmanager
def running_parts(
    settings: Mapping[str, str] | None = None, output: IO[bytes] | None = None, names: Sequence[str] = ALWAYS
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Run these parts while the block lasts, with `TIWIZI_*` settings of their own.

    SIGTERM and SIGHUP end the block as Ctrl-C does. What the parts say goes to `output`, by default
    where this process says it.
    """
    parts: dict[str, subprocess.Popen[bytes]] = {}
    try:
        _on_signals(_leave)
        for name in names:
            parts[name] = _start(name, settings or {}, output)
        yield parts
    finally:
        _stop(parts)


def surroundings(settings: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment with other settings."""
    return {**os.environ, **settings}


def wait_ready(url: str, parts: Parts | None = None) -> None:
    """Return when the service is ready.

    Raises ClickException when it is not within a minute, or one of its parts ended.
    """
    until = time.monotonic() + READY_WITHIN
    while time.monotonic() < until:
        if is_ready(url):
            return
        check_alive(parts or {})
        time.sleep(0.1)
    raise click.ClickException(f"The service did not become ready at {url} within {READY_WITHIN} seconds.")


def is_ready(url: str) -> bool:
    """Tell whether a service of ours answers there and is ready."""
    try:
        answer = requests.get(f"{url}/readyz", timeout=5)
    except requests.RequestException:
        return False
    return answer.ok and '"ready"' in answer.text


def check_alive(parts: Parts) -> None:
    """Return when all parts run.

    Raises ClickException naming the part that ended.
    """
    for name, process in parts.items():
        if process.poll() is not None:
            raise click.ClickException(f"The {name} ended by itself (status {process.returncode}); see above.")


def _start(name: str, settings: Mapping[str, str], output: IO[bytes] | None) -> subprocess.Popen[bytes]:
    # A session of its own: Ctrl-C is for this process, which then lets the parts finish.
    return subprocess.Popen(  # noqa: S603  # our own program
        [sys.executable, "-m", "wsgi", name],
        env=surroundings(settings),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


def _on_signals(act: Callable[[int, object], None] | signal.Handlers) -> None:
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, act)


def _leave(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _stop(parts: Parts) -> None:
    """Ask each to finish, and end with all they started those that have not after 28 seconds."""
    # It is over within 28 seconds; who asks twice would leave parts behind.
    _on_signals(signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for process in parts.values():
        process.terminate()
    until = time.monotonic() + LEAVE_WITHIN
    for process in parts.values():
        try:
            process.wait(max(0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
