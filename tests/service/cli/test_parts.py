"""Parts of a running service: when they count as ready, and what is said of one that ended."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest
from flask import Flask, Response

from service.cli import parts
from service.cli.parts import check_alive, is_ready, parts_of, wait_ready
from service.cli.serve import free_address
from service.settings import Settings
from tests.peers.hooks import served


def test_a_part_that_ended_is_named_at_once_and_not_waited_for() -> None:
    with subprocess.Popen([sys.executable, "-c", "raise SystemExit(3)"]) as ended:
        ended.wait()
    with pytest.raises(click.ClickException, match=r"The web ended by itself \(status 3\); see above\."):
        wait_ready("http://127.0.0.1:9", {"web": ended})


def test_parts_that_run_are_alive() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as running:
        check_alive({"worker": running})
        running.terminate()


@pytest.mark.parametrize(
    ("routes", "parts"),
    [
        ({"*": ("console",)}, ("web", "worker")),
        ({"+212": ("android", "smpp"), "*": ("console",)}, ("web", "worker", "smpp")),
    ],
)
def test_the_sms_centre_has_a_process_where_a_route_uses_it(
    settings: Settings, routes: dict[str, tuple[str, ...]], parts: tuple[str, ...]
) -> None:
    assert parts_of(settings.model_copy(update={"sms_routes": routes})) == parts


@pytest.fixture
def handlers() -> Iterator[None]:
    """This process's own signal handlers, put back afterwards."""
    kept = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    yield
    for number, handler in kept.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("handlers")
def test_a_part_that_will_not_leave_is_ended_with_all_it_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "LEAVE_WITHIN", 0.2)
    stubborn = "trap '' TERM; sleep 600 & echo $!; wait; wait"
    with subprocess.Popen(["sh", "-c", stubborn], stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout
        assert process.stdout.readline()
        parts._stop({"worker": process})
        assert process.stdout.read() == b"", "the pipe ends when nobody holds it any more"
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize(
    ("body", "status", "ready"),
    [
        ('{"status": "ready", "clock": "runs"}\n', 200, True),
        ('{"wrong": "migrations"}\n', 503, False),
        ("<!doctype html>Some other program, which answers everything", 200, False),
    ],
)
def test_only_a_service_of_ours_that_says_so_is_ready(body: str, status: int, *, ready: bool) -> None:
    app = Flask("somebody")
    app.add_url_rule("/readyz", view_func=lambda: Response(body, status))
    with served(app) as url:
        assert is_ready(url) is ready


def test_nobody_is_not_ready() -> None:
    assert not is_ready("http://127.0.0.1:9")


def test_a_port_that_somebody_shares_is_not_free(settings: Settings) -> None:
    with socket.socket() as somebody:
        somebody.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        somebody.bind(("127.0.0.1", 0))
        somebody.listen()
        here = settings.model_copy(update={"port": somebody.getsockname()[1]})
        with pytest.raises(click.ClickException, match=r"Cannot listen on 127\.0\.0\.1 port \d+ \(Address already"):
            free_address(here)
    assert free_address(here) == "127.0.0.1"


def test_a_host_may_have_a_name(settings: Settings) -> None:
    assert free_address(settings.model_copy(update={"host": "localhost", "port": 0})) == "127.0.0.1"


def test_an_address_of_another_machine_is_said_to_be_so(settings: Settings) -> None:
    with pytest.raises(click.ClickException, match=r"192\.0\.2\.1 port .* TIWIZI_HOST and TIWIZI_PORT"):
        free_address(settings.model_copy(update={"host": "192.0.2.1"}))
