"""Africa's Talking's traps: every answer and every want of one, on a real socket and as tables of raw bodies."""

import json
import socket
from collections.abc import Iterator

import pytest
import requests
from pydantic import ValidationError
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NameResolutionError

from service.gateways.africastalking import AfricasTalkingGateway
from service.gateways.africastalking.answers import read_answer, read_failure
from service.gateways.base import Outcome, Outgoing, Sent
from service.settings import Settings
from tests.peers.africastalking import KEY, AfricasTalkingPeer, Mood

PHONE = "+212612345678"
TEXT = "Tiwizi: besoin reçu"
SHORT_TIMEOUT = (2.0, 0.2)


@pytest.fixture
def peer() -> Iterator[AfricasTalkingPeer]:
    with AfricasTalkingPeer() as peer:
        yield peer


def gateway_at(url: str, key: str = KEY, sender: str = "") -> AfricasTalkingGateway:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own parameter
        at_username="tiwizi",
        at_api_key=key,
        at_sender=sender,
        at_base_url=url,
    )
    return AfricasTalkingGateway(settings, timeout=SHORT_TIMEOUT)


def send(gateway: AfricasTalkingGateway, phone: str = PHONE) -> Sent:
    (sent,) = gateway.send([Outgoing("1", phone, TEXT)])
    return sent


def test_a_text_reaches_the_network_with_its_sender(peer: AfricasTalkingPeer) -> None:
    sent = send(gateway_at(peer.url, sender="Tiwizi"))
    (line,) = peer.ledger
    assert (line.phone, line.text, line.sender) == (PHONE, TEXT, "Tiwizi")
    assert sent == Sent(Outcome.ACCEPTED, line.message_id)


def test_without_a_sender_none_is_named(peer: AfricasTalkingPeer) -> None:
    send(gateway_at(peer.url + "/version1/"))
    assert peer.ledger[0].sender == ""


@pytest.mark.parametrize(
    ("mood", "outcome", "reason", "accepted"),
    [
        (Mood.ACCEPT_AS_CONFLICT, Outcome.ACCEPTED, "", 1),
        (Mood.ACCEPT_IN_OTHER_JSON, Outcome.ACCEPTED, "", 1),
        (Mood.STALL, Outcome.UNKNOWN, "ReadTimeout", 1),
        (Mood.RESET, Outcome.UNKNOWN, "ConnectionError", 1),
        (Mood.PARTIAL, Outcome.UNKNOWN, "ChunkedEncodingError", 1),
        (Mood.GARBAGE, Outcome.UNKNOWN, "HTTP 201", 1),
        (Mood.BROKEN, Outcome.UNKNOWN, "HTTP 500", 1),
        (Mood.INVALID_SENDER, Outcome.RETRY, "InvalidSenderId", 0),
        (Mood.EMPTY, Outcome.UNKNOWN, "", 0),
        (403, Outcome.REFUSED, "403 InvalidPhoneNumber", 0),
        (405, Outcome.RETRY, "405 InsufficientBalance", 0),
        (406, Outcome.REFUSED, "406 UserInBlacklist", 0),
        (999, Outcome.UNKNOWN, "999 NeverHeardOf", 0),
    ],
)
def test_what_may_have_left_is_never_called_sure(
    peer: AfricasTalkingPeer, mood: Mood | int, outcome: Outcome, reason: str, accepted: int
) -> None:
    peer.plan.append(mood)
    sent = send(gateway_at(peer.url))
    assert (sent.outcome, sent.reason) == (outcome, reason)
    assert len(peer.ledger) == accepted
    if accepted:
        assert outcome in {Outcome.ACCEPTED, Outcome.UNKNOWN}


def test_a_wrong_key_is_retried_because_an_operator_can_mend_it(peer: AfricasTalkingPeer) -> None:
    assert send(gateway_at(peer.url, key="wrong")) == Sent(Outcome.RETRY, reason="HTTP 401")


def test_a_wrong_address_of_the_api_is_retried(peer: AfricasTalkingPeer) -> None:
    assert send(gateway_at(peer.url + "/elsewhere")) == Sent(Outcome.RETRY, reason="HTTP 404")
    with pytest.raises(ValidationError, match="address"):
        gateway_at("http:///")  # stops the start instead


def test_a_refused_connection_is_retried() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        assert send(gateway_at(url)) == Sent(Outcome.RETRY, reason="ConnectionError")


def test_a_name_that_does_not_resolve_is_retried() -> None:
    connection = HTTPConnection("api.test")
    cause = NameResolutionError("api.test", connection, socket.gaierror())
    error = requests.ConnectionError()
    error.__context__ = MaxRetryError(None, "/", cause)  # type: ignore[arg-type]  # no pool is needed to tell a name
    error.__context__.__cause__ = cause
    assert read_failure(error).outcome is Outcome.RETRY
    assert read_failure(requests.ConnectTimeout()).outcome is Outcome.RETRY
    assert read_failure(requests.ConnectionError()).outcome is Outcome.UNKNOWN


def test_what_is_no_phone_number_is_refused_without_a_request(peer: AfricasTalkingPeer) -> None:
    assert send(gateway_at(peer.url), phone="0612").outcome is Outcome.REFUSED
    assert peer.ledger == []


def test_one_failure_does_not_stop_the_others(peer: AfricasTalkingPeer) -> None:
    peer.plan.extend([Mood.RESET, Mood.ACCEPT, 406])
    sent = gateway_at(peer.url).send([Outgoing(str(number), f"+21261234567{number}", TEXT) for number in range(3)])
    assert [one.outcome for one in sent] == [Outcome.UNKNOWN, Outcome.ACCEPTED, Outcome.REFUSED]


def recipient(**changes: object) -> str:
    normal = {"number": PHONE, "statusCode": 101, "status": "Success", "messageId": "a1", "cost": "0"}
    return json.dumps({"SMSMessageData": {"Message": "Sent", "Recipients": [{**normal, **changes}]}})


@pytest.mark.parametrize(
    ("label", "status", "body", "expected"),
    [
        ("processed", 201, recipient(statusCode=100), Sent(Outcome.ACCEPTED, "a1")),
        ("queued", 201, recipient(statusCode=102), Sent(Outcome.ACCEPTED, "a1")),
        ("a code as text", 201, recipient(statusCode="101"), Sent(Outcome.ACCEPTED, "a1")),
        ("no id", 201, recipient(messageId="None"), Sent(Outcome.ACCEPTED)),
        ("null id", 201, recipient(messageId=None), Sent(Outcome.ACCEPTED)),
        ("risk hold", 201, recipient(statusCode=401, status="RiskHold"), Sent(Outcome.REFUSED, "a1", "401 RiskHold")),
        ("sender", 201, recipient(statusCode=402, status="S"), Sent(Outcome.RETRY, "a1", "402 S")),
        ("type", 201, recipient(statusCode=404, status="S"), Sent(Outcome.REFUSED, "a1", "404 S")),
        ("no route", 201, recipient(statusCode=407, status="S"), Sent(Outcome.REFUSED, "a1", "407 S")),
        ("do not disturb", 201, recipient(statusCode=409, status="S"), Sent(Outcome.REFUSED, "a1", "409 S")),
        ("server error", 201, recipient(statusCode=500, status="S"), Sent(Outcome.UNKNOWN, "a1", "500 S")),
        ("gateway error", 201, recipient(statusCode=501, status="S"), Sent(Outcome.UNKNOWN, "a1", "501 S")),
        ("rejected", 201, recipient(statusCode=502, status="S"), Sent(Outcome.REFUSED, "a1", "502 S")),
        ("number written otherwise", 201, recipient(number="0612345678"), Sent(Outcome.ACCEPTED, "a1")),
        ("no code", 201, recipient(statusCode=None, status="S"), Sent(Outcome.UNKNOWN, "a1", "None S")),
        ("not JSON", 200, "Success", Sent(Outcome.UNKNOWN, reason="HTTP 200")),
        ("another JSON", 200, '["Success"]', Sent(Outcome.UNKNOWN, reason="HTTP 200")),
        ("null", 201, "null", Sent(Outcome.UNKNOWN, reason="HTTP 201")),
        ("data is text", 201, '{"SMSMessageData": "x"}', Sent(Outcome.UNKNOWN, reason="HTTP 201")),
        (
            "recipients are text",
            201,
            '{"SMSMessageData": {"Recipients": "x"}}',
            Sent(Outcome.UNKNOWN, reason="HTTP 201"),
        ),
        (
            "recipients are numbers",
            201,
            '{"SMSMessageData": {"Recipients": [1]}}',
            Sent(Outcome.UNKNOWN, reason="answer for other numbers"),
        ),
        ("recipients are null", 201, '{"SMSMessageData": {"Recipients": null}}', Sent(Outcome.UNKNOWN)),
        ("a redirect", 302, "", Sent(Outcome.RETRY, reason="HTTP 302")),
        ("bad request", 400, "Request is missing required form field 'to'", Sent(Outcome.REFUSED, reason="HTTP 400")),
        ("too many", 429, "", Sent(Outcome.RETRY, reason="HTTP 429")),
        ("overloaded", 503, "", Sent(Outcome.UNKNOWN, reason="HTTP 503")),
    ],
)
def test_an_answer_is_read_for_what_it_says_and_no_more(label: str, status: int, body: str, expected: Sent) -> None:
    response = requests.Response()
    response.status_code, response._content = status, body.encode()
    assert read_answer(response, PHONE) == expected, label
