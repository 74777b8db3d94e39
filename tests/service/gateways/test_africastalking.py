"""Africa's Talking's traps: every answer and every want of one, on a real socket and as tables of raw bodies."""

import json
import socket
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests
from pydantic import ValidationError
from urllib3.connection import HTTPConnection
from urllib3.exceptions import MaxRetryError, NameResolutionError

from service.gateways.africastalking import AfricasTalkingGateway
from service.gateways.africastalking.answers import read_answer, read_failure
from service.gateways.africastalking.connections import LONGEST_ANSWER, LONGEST_IDLE_S
from service.gateways.base import Outcome, Outgoing, Sent
from service.settings import Settings
from tests.peers.africastalking import (
    EMPTY,
    GARBAGE,
    INVALID_SENDER,
    JSON,
    KEY,
    AfricasTalkingPeer,
    Mood,
    Raw,
    Step,
)

PHONE = "+212612345678"
TEXT = "Tiwizi: besoin reçu"
COST = "MAD 0.8000"
PATIENT, SHORT = (5.0, 30.0), (5.0, 0.1)  # seconds to connect and to wait for a byte


@pytest.fixture
def peer() -> Iterator[AfricasTalkingPeer]:
    with AfricasTalkingPeer() as peer:
        yield peer


def gateway_at(
    url: str, key: str = KEY, sender: str = "", timeout: tuple[float, float] = PATIENT
) -> AfricasTalkingGateway:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own parameter
        at_username="tiwizi",
        at_api_key=key,
        at_sender=sender,
        at_base_url=url,
    )
    return AfricasTalkingGateway(settings, timeout=timeout)


def send(gateway: AfricasTalkingGateway, phone: str = PHONE) -> Sent:
    (sent,) = gateway.send([Outgoing("1", phone, TEXT)])
    return sent


def batch(count: int) -> list[Outgoing]:
    return [Outgoing(f"id-{number}", f"+2126000000{number:02d}", TEXT) for number in range(count)]


def outcomes(sent: list[Sent]) -> dict[Outcome, int]:
    return Counter(one.outcome for one in sent)


def test_a_text_reaches_the_network_with_its_sender(peer: AfricasTalkingPeer) -> None:
    sent = send(gateway_at(peer.url, sender="Tiwizi"))
    (line,) = peer.ledger
    assert (line.phone, line.text, line.sender) == (PHONE, TEXT, "Tiwizi")
    assert sent == Sent(Outcome.ACCEPTED, line.message_id, cost=COST)


def test_without_a_sender_none_is_named(peer: AfricasTalkingPeer) -> None:
    send(gateway_at(peer.url + "/version1/"))
    assert peer.ledger[0].sender == ""


def test_an_address_without_a_host_stops_the_start() -> None:
    with pytest.raises(ValidationError, match="address"):
        gateway_at("http:///")


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
    assert (peer.requests, len(peer.ledger)) == (0, 0)


def test_a_full_batch_is_one_request_that_is_queued_there(peer: AfricasTalkingPeer) -> None:
    gateway = gateway_at(peer.url)
    asked = batch(gateway.bulk)
    sent = gateway.send(asked)
    assert [(one.outcome, one.provider_id) for one in sent] == [
        (Outcome.ACCEPTED, line.message_id) for line in peer.ledger
    ]
    assert [line.phone for line in peer.ledger] == [message.phone for message in asked]
    assert (peer.requests, len(sent)) == (1, 100)


@pytest.mark.parametrize(
    ("step", "expected", "accepted"),
    [
        (GARBAGE, {Outcome.UNKNOWN: 5}, 5),
        (EMPTY, {Outcome.UNKNOWN: 5}, 0),
        (INVALID_SENDER, {Outcome.RETRY: 5}, 0),
        (Raw(429), {Outcome.RETRY: 5}, 0),
        (Mood.STALL, {Outcome.UNKNOWN: 5}, 5),
        (Mood.PARTIAL, {Outcome.UNKNOWN: 5}, 5),
        (Mood.MISSING, {Outcome.ACCEPTED: 4, Outcome.UNKNOWN: 1}, 5),
        (Mood.DOUBLED, {Outcome.ACCEPTED: 5}, 5),
        (Mood.STRANGERS, {Outcome.ACCEPTED: 5}, 5),
        (405, {Outcome.RETRY: 5}, 0),
        ({"+212600000001": 403, "+212600000003": 405}, {Outcome.ACCEPTED: 3, Outcome.REFUSED: 1, Outcome.RETRY: 1}, 3),
    ],
)
def test_of_a_batch_each_phone_has_the_outcome_that_the_answer_gives_it(
    peer: AfricasTalkingPeer, step: Step, expected: dict[Outcome, int], accepted: int
) -> None:
    peer.plan.append(step)
    asked = batch(5)
    sent = gateway_at(peer.url, timeout=SHORT if step is Mood.STALL else PATIENT).send(asked)
    assert outcomes(sent) == expected
    assert len(peer.ledger) == accepted
    ids = {line.phone: line.message_id for line in peer.ledger}
    for message, one in zip(asked, sent, strict=True):
        if one.outcome is Outcome.ACCEPTED:
            assert one.provider_id == ids[message.phone]


def test_one_that_is_no_phone_does_not_spoil_the_batch(peer: AfricasTalkingPeer) -> None:
    asked = [*batch(2), Outgoing("wrong", "0612", TEXT), Outgoing("last", PHONE, TEXT)]
    sent = [one.outcome for one in gateway_at(peer.url).send(asked)]
    assert sent == [Outcome.ACCEPTED, Outcome.ACCEPTED, Outcome.REFUSED, Outcome.ACCEPTED]
    assert peer.requests == 1


def test_a_phone_is_in_no_request_twice_for_the_answer_could_not_tell_which_is_which(peer: AfricasTalkingPeer) -> None:
    peer.plan.extend([Mood.ACCEPT, 406])
    asked = [Outgoing("1", PHONE, TEXT), Outgoing("2", "+212600000001", TEXT), Outgoing("3", PHONE, TEXT)]
    sent = [one.outcome for one in gateway_at(peer.url).send(asked)]
    assert sent == [Outcome.ACCEPTED, Outcome.ACCEPTED, Outcome.REFUSED]
    assert [line.phone for line in peer.ledger] == [PHONE, "+212600000001"]


def test_a_connection_is_kept_for_the_next_request(peer: AfricasTalkingPeer) -> None:
    gateway = gateway_at(peer.url)
    for _ in range(5):
        assert send(gateway).outcome is Outcome.ACCEPTED
    assert (peer.requests, peer.connections) == (5, 1)


def test_threads_at_once_have_a_connection_each_and_keep_it(peer: AfricasTalkingPeer) -> None:
    gateway = gateway_at(peer.url)
    peer.latency = 0.01
    with ThreadPoolExecutor(gateway.connections) as threads:
        sent = list(threads.map(lambda message: gateway.send([message])[0], batch(96)))
    assert outcomes(sent) == {Outcome.ACCEPTED: 96}
    assert len({one.provider_id for one in sent}) == 96
    assert peer.connections <= gateway.connections


def test_a_connection_that_the_other_side_has_closed_is_not_used_again(peer: AfricasTalkingPeer) -> None:
    gateway = gateway_at(peer.url)
    for count in (1, 2, 3):
        assert send(gateway).outcome is Outcome.ACCEPTED
        peer.hang_up()
        assert (peer.requests, peer.connections) == (count, count)


def test_a_connection_that_has_rested_is_not_trusted(peer: AfricasTalkingPeer) -> None:
    gateway = gateway_at(peer.url)
    send(gateway)
    pools: Any = gateway._service._manager.pools
    (key,) = pools.keys()
    (kept,) = filter(None, pools[key].pool.queue)
    kept._rests_since -= LONGEST_IDLE_S
    assert send(gateway).outcome is Outcome.ACCEPTED
    assert (peer.requests, peer.connections) == (2, 2)


@pytest.mark.parametrize("mood", [Mood.DEAF, Mood.CLOSE, Mood.RESET])
def test_what_fails_on_a_kept_connection_is_in_doubt_and_not_sent_again(peer: AfricasTalkingPeer, mood: Mood) -> None:
    gateway = gateway_at(peer.url)
    send(gateway)
    peer.plan.append(mood)
    assert send(gateway) == Sent(Outcome.UNKNOWN, reason="ProtocolError")
    assert (peer.requests, peer.connections) == (2, 1)
    assert send(gateway).outcome is Outcome.ACCEPTED


def test_of_an_endless_answer_only_the_beginning_is_read(peer: AfricasTalkingPeer) -> None:
    peer.plan.append(Raw(201, " " * 20 * LONGEST_ANSWER, JSON))
    answer = gateway_at(peer.url)._service.send(TEXT, [PHONE])
    assert LONGEST_ANSWER <= len(answer.body) < 2 * LONGEST_ANSWER


def recipient(**changes: object) -> dict[str, object]:
    return {"number": PHONE, "statusCode": 101, "status": "Success", "messageId": "a1", "cost": COST, **changes}


def answer(*recipients: dict[str, object]) -> str:
    return json.dumps({"SMSMessageData": {"Message": "Sent", "Recipients": recipients}})


def paid(outcome: Outcome, provider_id: str | None = "a1", reason: str = "") -> Sent:
    return Sent(outcome, provider_id, reason, COST)


@pytest.mark.parametrize(
    ("label", "body", "expected"),
    [
        ("a code as text", answer(recipient(statusCode="101")), paid(Outcome.ACCEPTED)),
        ("no id", answer(recipient(messageId="None")), paid(Outcome.ACCEPTED, None)),
        ("null id", answer(recipient(messageId=None)), paid(Outcome.ACCEPTED, None)),
        ("an id no database keeps", answer(recipient(messageId="a\x001\ud800")), paid(Outcome.ACCEPTED, "a 1")),
        ("no cost", answer(recipient(cost=None)), Sent(Outcome.ACCEPTED, "a1")),
        ("a long cost", answer(recipient(cost="9" * 50)), Sent(Outcome.ACCEPTED, "a1", cost="9" * 20)),
        ("as dialled at home", answer(recipient(number="0612345678")), paid(Outcome.ACCEPTED)),
        ("without its plus", answer(recipient(number="212612345678")), paid(Outcome.ACCEPTED)),
        ("another's", answer(recipient(number="+33612345679")), Sent(Outcome.UNKNOWN, reason="not in the answer")),
        ("hardly a number", answer(recipient(number="8")), Sent(Outcome.UNKNOWN, reason="not in the answer")),
        ("no code", answer(recipient(statusCode=None, status="S")), paid(Outcome.UNKNOWN, reason="None S")),
        ("refused, then sent", answer(recipient(statusCode=407), recipient()), paid(Outcome.ACCEPTED)),
        (
            "refused twice",
            answer(recipient(statusCode=405), recipient(statusCode=406, status="S")),
            paid(Outcome.REFUSED, reason="406 S"),
        ),
        ("sent, then in doubt", answer(recipient(), recipient(statusCode=500)), paid(Outcome.ACCEPTED)),
        ("null", "null", Sent(Outcome.UNKNOWN, reason="HTTP 201")),
        ("data is text", '{"SMSMessageData": "x"}', Sent(Outcome.UNKNOWN, reason="HTTP 201")),
        ("recipients are text", '{"SMSMessageData": {"Recipients": "x"}}', Sent(Outcome.UNKNOWN, reason="HTTP 201")),
        (
            "recipients are numbers",
            '{"SMSMessageData": {"Recipients": [1]}}',
            Sent(Outcome.UNKNOWN, reason="not in the answer"),
        ),
        ("recipients are null", '{"SMSMessageData": {"Recipients": null}}', Sent(Outcome.UNKNOWN)),
        ("brackets by the thousand", "[" * 100_000, Sent(Outcome.UNKNOWN, reason="HTTP 201")),
    ],
)
def test_an_answer_is_read_for_what_it_says_and_no_more(label: str, body: str, expected: Sent) -> None:
    assert read_answer(201, body.encode(), [PHONE]) == {PHONE: expected}, label


def test_a_number_written_otherwise_fits_nobody_when_several_were_asked() -> None:
    # In the Netherlands and in Morocco, the same digits are dialled for different people.
    dutch = "+31612345678"
    told = read_answer(201, answer(recipient(number="0612345678")).encode(), [PHONE, dutch])
    assert {sent.outcome for sent in told.values()} == {Outcome.UNKNOWN}


def test_what_is_no_text_at_all_is_in_doubt() -> None:
    assert read_answer(200, b"\xff\xfe\x00", [PHONE])[PHONE].outcome is Outcome.UNKNOWN
