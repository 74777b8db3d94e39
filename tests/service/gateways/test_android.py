"""A phone as a gateway: every answer and every want of one, on a real socket and as a table of raw bodies."""

import socket
from collections.abc import Iterator
from threading import Thread

import pytest
import requests
from pydantic import ValidationError

from service.gateways.android import LONGEST_LIFE, AndroidGateway
from service.gateways.android.answers import read_answer, read_failure
from service.gateways.base import Outcome, Outgoing, Sent
from service.settings import Settings
from tests.peers.smsgate import KEY, PASSWORD, USER, Mood, SmsGatePeer

PHONE = "+212612345678"
TEXT = "Tiwizi : besoin reçu, تم"
ID = "5f0c9a52-8d6c-5b0e-9c39-6d1c5f2f9b11"
SHORT_TIMEOUT = (2.0, 0.2)


@pytest.fixture
def peer() -> Iterator[SmsGatePeer]:
    with SmsGatePeer() as peer:
        yield peer


def gateway_at(url: str, password: str = PASSWORD, sim: int = 0) -> AndroidGateway:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own parameter
        android_url=url,
        android_user=USER,
        android_password=password,
        android_signing_key=KEY,
        android_sim=sim,
    )
    return AndroidGateway(settings, timeout=SHORT_TIMEOUT)


def send(gateway: AndroidGateway, message_id: str = ID) -> Sent:
    (sent,) = gateway.send([Outgoing(message_id, PHONE, TEXT)])
    return sent


def test_a_text_reaches_the_phone_under_our_id_with_a_report_and_an_end(peer: SmsGatePeer) -> None:
    assert send(gateway_at(peer.url)) == Sent(Outcome.ACCEPTED, ID)
    (line,) = peer.ledger
    assert (line.id, line.phone, line.text) == (ID, PHONE, TEXT)
    assert (line.sim, line.ttl, line.report) == (None, LONGEST_LIFE, True)


@pytest.mark.parametrize("sim", [1, 2, 3])
def test_the_sim_of_the_settings_sends(peer: SmsGatePeer, sim: int) -> None:
    send(gateway_at(peer.url, sim=sim))
    assert peer.ledger[0].sim == sim


@pytest.mark.parametrize("prefix", ["", "/api/3rdparty/v1"])
@pytest.mark.parametrize("copied", ["", "/", "/messages", "/message", "/messages/"])
def test_a_phone_and_a_server_are_addressed_alike_however_the_address_was_copied(prefix: str, copied: str) -> None:
    with SmsGatePeer(prefix) as peer:
        assert send(gateway_at(peer.url + copied)).outcome is Outcome.ACCEPTED
        assert len(peer.ledger) == 1


@pytest.mark.parametrize(
    ("mood", "outcome", "reason", "taken"),
    [
        (Mood.STALL, Outcome.UNKNOWN, "ReadTimeout", 1),
        (Mood.RESET, Outcome.UNKNOWN, "ConnectionError", 1),
        (Mood.PARTIAL, Outcome.UNKNOWN, "ChunkedEncodingError", 1),
        (Mood.GARBAGE, Outcome.UNKNOWN, "not our id", 1),
        (Mood.BROKEN, Outcome.UNKNOWN, "HTTP 500 database is locked", 1),
        (Mood.PORTAL, Outcome.UNKNOWN, "not our id", 0),
        (Mood.REFUSE, Outcome.UNKNOWN, "ConnectionError", 0),
        ((400, "invalid phone number"), Outcome.REFUSED, "HTTP 400 invalid phone number", 0),
        ((400, "No devices registered"), Outcome.RETRY, "HTTP 400 No devices registered", 0),
        ((503, "queue limits exceeded"), Outcome.RETRY, "HTTP 503 queue limits exceeded", 0),
    ],
)
def test_what_is_in_doubt_is_repeated_and_leaves_once(
    peer: SmsGatePeer, mood: Mood | tuple[int, str], outcome: Outcome, reason: str, taken: int
) -> None:
    peer.plan.append(mood)
    gateway = gateway_at(peer.url)
    sent = send(gateway)
    assert sent == Sent(outcome, ID if outcome is Outcome.UNKNOWN else None, reason)
    assert len(peer.ledger) == taken
    assert send(gateway) == Sent(Outcome.ACCEPTED, ID)
    assert [line.id for line in peer.ledger] == [ID]


@pytest.mark.parametrize("mood", [Mood.ACCEPT, Mood.ACCEPT_SILENTLY])
def test_an_id_that_the_phone_has_is_as_good_as_sent(peer: SmsGatePeer, mood: Mood) -> None:
    gateway = gateway_at(peer.url)
    peer.plan.extend([mood, mood])
    assert [send(gateway), send(gateway)] == [Sent(Outcome.ACCEPTED, ID)] * 2
    assert len(peer.ledger) == 1


def test_a_wrong_password_or_address_is_retried_because_an_operator_can_mend_it(peer: SmsGatePeer) -> None:
    assert send(gateway_at(peer.url, password="wrong")) == Sent(Outcome.RETRY, reason="HTTP 401 Unauthorized")
    assert send(gateway_at(peer.url + "/elsewhere")) == Sent(Outcome.RETRY, reason="HTTP 404 Not Found")
    with pytest.raises(ValidationError, match="address"):
        gateway_at("192.168.1.20:8080")  # stops the start instead
    assert peer.ledger == []


def test_a_phone_that_is_away_is_tried_again() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        assert send(gateway_at(url)) == Sent(Outcome.RETRY, reason="ConnectionError")
    assert read_failure(requests.ConnectTimeout(), ID).outcome is Outcome.RETRY
    assert read_failure(requests.ConnectionError(), ID) == Sent(Outcome.UNKNOWN, ID, "ConnectionError")


def test_an_id_is_never_longer_than_the_phone_takes(peer: SmsGatePeer) -> None:
    assert len(ID) == 36
    assert send(gateway_at(peer.url), message_id=ID + "x").outcome is Outcome.REFUSED


def test_one_failure_does_not_stop_the_others(peer: SmsGatePeer) -> None:
    peer.plan.extend([Mood.RESET, Mood.ACCEPT, (400, "no")])
    sent = gateway_at(peer.url).send([Outgoing(str(number), PHONE, TEXT) for number in range(3)])
    assert [one.outcome for one in sent] == [Outcome.UNKNOWN, Outcome.ACCEPTED, Outcome.REFUSED]


def test_a_connection_is_kept_by_each_thread(peer: SmsGatePeer) -> None:
    gateway = gateway_at(peer.url)

    def work(name: str) -> None:
        for number in range(10):
            send(gateway, message_id=f"{name}{number}")

    workers = [Thread(target=work, args=(name,)) for name in "ab"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert (len(peer.ledger), peer.connections) == (20, 2)


ACCEPTED, REFUSED = Outcome.ACCEPTED, Outcome.REFUSED
RETRY, UNKNOWN = Outcome.RETRY, Outcome.UNKNOWN
TAKEN = f'{{"id": "{ID}", "state": "Pending"}}'


@pytest.mark.parametrize(
    ("label", "status", "body", "outcome", "reason"),
    [
        ("taken", 202, TAKEN, ACCEPTED, ""),
        ("taken, by an older version", 201, TAKEN, ACCEPTED, ""),
        ("taken before", 409, '{"message": "Message with the same ID already exists"}', ACCEPTED, ""),
        ("taken before, said in no JSON", 409, "Conflict", ACCEPTED, ""),
        ("another's id", 202, '{"id": "x"}', UNKNOWN, "not our id"),
        ("no id", 202, "{}", UNKNOWN, "not our id"),
        ("a list", 200, "[]", UNKNOWN, "not our id"),
        ("null", 202, "null", UNKNOWN, "not our id"),
        ("nothing", 202, "", UNKNOWN, "not our id"),
        ("no content", 204, "", UNKNOWN, "HTTP 204"),
        ("moved", 301, "", RETRY, "HTTP 301"),
        ("a redirect", 307, "", RETRY, "HTTP 307"),
        ("no text", 400, '{"message": "Text message is empty"}', REFUSED, "HTTP 400 Text message is empty"),
        ("no JSON", 400, "Bad Request", REFUSED, "HTTP 400"),
        ("no phone there", 400, '{"message": "No devices registered"}', RETRY, "HTTP 400 No devices registered"),
        ("another phone", 400, '{"message": "Invalid device ID"}', RETRY, "HTTP 400 Invalid device ID"),
        ("wrong password", 401, '{"message": "Unauthorized"}', RETRY, "HTTP 401 Unauthorized"),
        ("forbidden", 403, "", RETRY, "HTTP 403"),
        ("wrong address", 404, "", RETRY, "HTTP 404"),
        ("wrong method", 405, "", RETRY, "HTTP 405"),
        ("too long", 413, "", REFUSED, "HTTP 413"),
        ("never heard of", 418, "", UNKNOWN, "HTTP 418"),
        ("not to be processed", 422, "", REFUSED, "HTTP 422"),
        ("too many", 429, "", RETRY, "HTTP 429"),
        ("broken", 500, '{"message": 7}', UNKNOWN, "HTTP 500 7"),
        ("a proxy without a phone", 502, "<h1>Bad Gateway</h1>", UNKNOWN, "HTTP 502"),
        ("full", 503, '{"message": "queue limits exceeded: 9"}', RETRY, "HTTP 503 queue limits exceeded: 9"),
        ("a proxy that is busy", 503, "<h1>Unavailable</h1>", UNKNOWN, "HTTP 503"),
        ("a novel", 500, f'{{"message": "{"x" * 500}"}}', UNKNOWN, f"HTTP 500 {'x' * 91}"),
    ],
)
def test_an_answer_is_read_for_what_it_says_and_no_more(
    label: str, status: int, body: str, outcome: Outcome, reason: str
) -> None:
    response = requests.Response()
    response.status_code, response._content = status, body.encode()
    assert read_answer(response, ID) == Sent(outcome, ID if outcome in {ACCEPTED, UNKNOWN} else None, reason), label
