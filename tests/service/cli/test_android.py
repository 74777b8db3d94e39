"""`tiwizi android`: a phone is told where to tell what happens, against a stand-in of the phone."""

import json
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from service.cli.android import android
from service.container import Container
from tests.peers.smsgate import KEY, PASSWORD, USER, SmsGatePeer

EVENTS = ["sms:delivered", "sms:failed", "sms:received", "sms:sent", "system:ping"]
TOKEN = "a-hook-token-for-tests-only"
HERE = f"https://tiwizi.example/hooks/android/{TOKEN}/event"


@pytest.fixture
def peer() -> Iterator[SmsGatePeer]:
    with SmsGatePeer() as peer:
        yield peer


@pytest.fixture
def station(container: Container, peer: SmsGatePeer) -> Container:
    return with_settings(
        container,
        android_url=peer.url,
        android_user=USER,
        android_password=PASSWORD,
        android_signing_key=KEY,
        public_url="https://tiwizi.example/",
    )


def with_settings(container: Container, **changes: object) -> Container:
    return replace(container, settings=container.settings.model_copy(update=changes))


def run(container: Container, *words: str) -> Result:
    return CliRunner().invoke(android, words, obj=container)


def test_all_events_are_told_here_and_listed_without_the_token(station: Container, peer: SmsGatePeer) -> None:
    answer = run(station, "register")
    assert (answer.exit_code, answer.output.splitlines()) == (0, [f"{event:<16} here" for event in EVENTS])
    assert sorted(one["event"] for one in peer.webhooks.values()) == EVENTS
    assert {one["url"] for one in peer.webhooks.values()} == {HERE}
    assert TOKEN not in answer.output


def test_done_again_it_replaces_what_it_did_before(station: Container, peer: SmsGatePeer) -> None:
    run(station, "register")
    moved = with_settings(station, hook_tokens=("another-token-for-tests", TOKEN))
    listed = run(moved, "webhooks")
    assert listed.exit_code == 1
    assert "Not told here: sms:received, " in listed.output
    assert "https://tiwizi.example/hooks/android/•••/event" in listed.output
    assert TOKEN not in listed.output
    assert run(moved, "register").exit_code == 0
    assert len(peer.webhooks) == len(EVENTS)
    assert run(moved, "webhooks").exit_code == 0


def test_what_others_registered_is_listed_and_left_alone(station: Container, peer: SmsGatePeer) -> None:
    peer.webhooks["x"] = {"id": "x", "event": "sms:received", "url": "https://other.example/", "source": "Local"}
    listed = json.loads(run(station, "register", "--json").output)
    assert {"event": "sms:received", "told": "https://other.example/"} in listed
    assert len(listed) == len(EVENTS) + 1
    assert "x" in peer.webhooks


@pytest.mark.parametrize("name", ["android_url", "android_user", "android_password"])
def test_a_missing_setting_is_named(station: Container, name: str) -> None:
    answer = run(with_settings(station, **{name: ""}), "register")
    assert (answer.exit_code, f"TIWIZI_{name.upper()}: is missing" in answer.output) == (1, True)


@pytest.mark.parametrize("url", ["", "http://tiwizi.example"])
def test_an_address_the_phone_would_not_call_is_refused(station: Container, peer: SmsGatePeer, url: str) -> None:
    answer = run(with_settings(station, public_url=url), "register")
    assert (answer.exit_code, answer.output.startswith("Error: TIWIZI_PUBLIC_URL: ")) == (1, True)
    assert peer.webhooks == {}


def test_what_the_phone_refuses_is_said_in_one_sentence(station: Container, peer: SmsGatePeer) -> None:
    assert run(with_settings(station, android_password="x"), "register").output == (
        "Error: the phone refuses TIWIZI_ANDROID_USER or TIWIZI_ANDROID_PASSWORD.\n"
    )
    elsewhere = run(with_settings(station, android_url=f"{peer.url}/there"), "webhooks")
    assert (elsewhere.exit_code, "the phone answered 404" in elsewhere.output) == (1, True)
    peer.go_away()
    away = run(station, "register").output
    peer.come_back()
    assert away == "Error: no answer at TIWIZI_ANDROID_URL (ConnectionError).\n"


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>a router</html>")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # http.server's signature
        """Keep the tests' output clean."""


def test_something_else_at_the_address_is_told_apart(station: Container) -> None:
    with HTTPServer(("127.0.0.1", 0), _Page) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        answer = run(with_settings(station, android_url=f"http://127.0.0.1:{server.server_port}"), "webhooks")
        thread.join()
    assert answer.output == "Error: something answers at TIWIZI_ANDROID_URL, but it is not SMSGate.\n"
