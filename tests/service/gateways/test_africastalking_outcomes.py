"""What Africa's Talking may do with a text, and the state in which its message then stands in the database."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace

import pytest
from sqlalchemy import select

from service.container import Container
from service.domain.states import MessageState
from service.gateways.africastalking import AfricasTalkingGateway
from service.messaging.outbox import tell
from service.messaging.sender import drain
from service.models import Message
from service.models.session import transaction
from tests.peers.africastalking import BROKEN, EMPTY, GARBAGE, INVALID_SENDER, JSON, AfricasTalkingPeer, Mood, Raw, Step
from tests.service.gateways.test_africastalking import PATIENT, PHONE, SHORT, gateway_at

ACCEPTED, FAILED, UNKNOWN, AGAIN = (
    MessageState.ACCEPTED,
    MessageState.FAILED,
    MessageState.UNKNOWN,
    MessageState.QUEUED,
)


@dataclass(frozen=True)
class Row:
    """A label, what the carrier does, the state that follows, the words beside it, and how many texts were accepted."""

    label: str
    step: Step
    state: MessageState
    reason: str = ""
    accepted: int = 0


def said(**changes: object) -> Raw:
    """An answer with one recipient, some of whose words are changed."""
    normal = {"number": PHONE, "statusCode": 101, "status": "Success", "messageId": "a1", "cost": "0"}
    return Raw(201, json.dumps({"SMSMessageData": {"Message": "Sent", "Recipients": [{**normal, **changes}]}}), JSON)


ROWS = [
    Row("processed", 100, ACCEPTED, accepted=1),
    Row("sent", 101, ACCEPTED, accepted=1),
    Row("queued", 102, ACCEPTED, accepted=1),
    Row("risk hold", 401, FAILED, "401 RiskHold"),
    Row("invalid sender", 402, AGAIN, "402 InvalidSenderId"),
    Row("invalid number", 403, FAILED, "403 InvalidPhoneNumber"),
    Row("unsupported number", 404, FAILED, "404 UnsupportedNumberType"),
    Row("no balance", 405, AGAIN, "405 InsufficientBalance"),
    Row("blacklisted", 406, FAILED, "406 UserInBlacklist"),
    Row("no route", 407, FAILED, "407 CouldNotRoute"),
    Row("do not disturb", 409, FAILED, "409 DoNotDisturbRejection"),
    Row("their server's error", 500, UNKNOWN, "500 InternalServerError"),
    Row("their gateway's error", 501, UNKNOWN, "501 GatewayError"),
    Row("rejected by the gateway", 502, FAILED, "502 RejectedByGateway"),
    Row("a code nobody told us of", 999, UNKNOWN, "999 NeverHeardOf"),
    Row("invalid sender, no recipients", INVALID_SENDER, AGAIN, "InvalidSenderId"),
    Row("nothing said of anybody", EMPTY, UNKNOWN),
    Row("a message nobody told us of", Raw(201, '{"SMSMessageData":{"Message":"Hm","Recipients":[]}}'), UNKNOWN, "Hm"),
    Row("accepted with 409", Mood.ACCEPT_AS_CONFLICT, ACCEPTED, accepted=1),
    Row("accepted in another content type", Mood.ACCEPT_IN_OTHER_JSON, ACCEPTED, accepted=1),
    Row("accepted as plain text", replace(said(), kind="text/plain"), ACCEPTED),
    Row("named twice", Mood.DOUBLED, ACCEPTED, accepted=1),
    Row("named among strangers", Mood.STRANGERS, ACCEPTED, accepted=1),
    Row("left out", Mood.MISSING, UNKNOWN, "Sent to 1/1 Total Cost: MAD 0.8000 Message parts: 1", accepted=1),
    Row("another number", said(number="+33639980001"), UNKNOWN, "not in the answer"),
    Row("a number as dialled at home", said(number="0612345678"), ACCEPTED),
    Row("accepted without an id", said(messageId="None"), ACCEPTED),
    Row("a code as text", said(statusCode="101"), ACCEPTED),
    Row("no code", said(statusCode=None), UNKNOWN, "None Success"),
    Row("words no database keeps", said(statusCode=407, status="a\x00\ud800b"), FAILED, "407 a b"),
    Row("stalled", Mood.STALL, UNKNOWN, "ReadTimeoutError", accepted=1),
    Row("reset before it was accepted", Mood.DEAF, UNKNOWN, "ProtocolError"),
    Row("reset after it was accepted", Mood.RESET, UNKNOWN, "ProtocolError", accepted=1),
    Row("closed without a word", Mood.CLOSE, UNKNOWN, "ProtocolError", accepted=1),
    Row("broken off half-way", Mood.PARTIAL, UNKNOWN, "ProtocolError", accepted=1),
    Row("a page of the hotel's network", GARBAGE, UNKNOWN, "HTTP 201", accepted=1),
    Row("no body", Raw(201, "", JSON), UNKNOWN, "HTTP 201"),
    Row("a list", Raw(201, "[]", JSON), UNKNOWN, "HTTP 201"),
    Row("null", Raw(201, "null", JSON), UNKNOWN, "HTTP 201"),
    Row("data is a list", Raw(201, '{"SMSMessageData": []}', JSON), UNKNOWN, "HTTP 201"),
    Row("recipients are an object", Raw(201, '{"SMSMessageData":{"Recipients":{"a":1}}}', JSON), UNKNOWN, "HTTP 201"),
    Row("recipients are numbers", Raw(201, '{"SMSMessageData":{"Recipients":[1]}}'), UNKNOWN, "not in the answer"),
    Row("brackets by the thousand", Raw(201, "[" * 100_000, JSON), UNKNOWN, "HTTP 201"),
    Row("megabytes", Raw(201, "x" * 5_000_000, JSON), UNKNOWN, "HTTP 201"),
    Row("gzip that is none", Raw(201, "{}", f"{JSON}\r\nContent-Encoding: gzip"), UNKNOWN, "DecodeError"),
    Row(
        "two lengths",
        Raw(201, "{}", f"{JSON}\r\nContent-Length: 1", accepts=True),
        UNKNOWN,
        "InvalidHeader",
        accepted=1,
    ),
    Row("200 with a word", Raw(200, "Success", "text/plain"), UNKNOWN, "HTTP 200"),
    Row("204", Raw(204), UNKNOWN, "HTTP 204"),
    Row("301", Raw(301, "", "text/html\r\nLocation: /elsewhere"), AGAIN, "HTTP 301"),
    Row("302", Raw(302, "", "text/html\r\nLocation: /elsewhere"), AGAIN, "HTTP 302"),
    Row("400", Raw(400, "Request is missing required form field 'to'", "text/plain"), FAILED, "HTTP 400"),
    Row("401", Raw(401, "The supplied authentication is invalid", "text/plain"), AGAIN, "HTTP 401"),
    Row("403", Raw(403), AGAIN, "HTTP 403"),
    Row("404", Raw(404), AGAIN, "HTTP 404"),
    Row("405", Raw(405), AGAIN, "HTTP 405"),
    Row("409 without a body", Raw(409), UNKNOWN, "HTTP 409"),
    Row("418, of which nobody told us", Raw(418), UNKNOWN, "HTTP 418"),
    Row("429", Raw(429), AGAIN, "HTTP 429"),
    Row("500 after it was accepted", BROKEN, UNKNOWN, "HTTP 500", accepted=1),
    Row("502", Raw(502), UNKNOWN, "HTTP 502"),
    Row("503", Raw(503), UNKNOWN, "HTTP 503"),
    Row("504", Raw(504), UNKNOWN, "HTTP 504"),
]


@pytest.fixture
def peer() -> Iterator[AfricasTalkingPeer]:
    with AfricasTalkingPeer() as peer:
        yield peer


def drained(container: Container, gateway: AfricasTalkingGateway) -> Message:
    """Send a message, twice over; return it as it stands then."""
    settings = container.settings.model_copy(update={"sms_routes": {"*": (gateway.name,)}})
    post = replace(container, settings=settings, gateways={gateway.name: gateway})
    with transaction(post.engine) as session:
        tell(session, post.clock(), event="x", phone=PHONE, template="refused", reference="K7-4Q2")
    assert (drain(post), drain(post)) == (1, 0)
    with transaction(post.engine) as session:
        return session.scalars(select(Message)).one()


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.label)
def test_each_outcome_lands_the_message_in_its_state(container: Container, peer: AfricasTalkingPeer, row: Row) -> None:
    peer.plan.append(row.step)
    message = drained(container, gateway_at(peer.url, timeout=SHORT if row.step is Mood.STALL else PATIENT))
    assert (message.state, message.reason) == (row.state, row.reason)
    assert (peer.requests, len(peer.ledger)) == (1, row.accepted)
    if row.accepted:
        assert row.state in {ACCEPTED, UNKNOWN}
    for line in peer.ledger:
        assert message.provider_id in {line.message_id, None}
    assert (message.final_at is not None) == (row.state is FAILED)
    assert (message.next_at > container.clock()) == (row.state is AGAIN)


def test_the_table_is_long_enough_to_be_believed() -> None:
    labels = {row.label for row in ROWS} | {label for label, _, _ in NOBODY}
    assert len(labels) == len(ROWS) + len(NOBODY) >= 40
    assert {row.state for row in ROWS} == {ACCEPTED, FAILED, UNKNOWN, AGAIN}


@contextmanager
def a_port_where_nobody_listens() -> Iterator[str]:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{nobody.getsockname()[1]}"


@contextmanager
def a_peer_without_tls() -> Iterator[str]:
    """A server that says so in plain text when it hears no HTTP."""
    with AfricasTalkingPeer() as peer:
        yield peer.url.replace("http:", "https:")


@contextmanager
def a_peer(path: str = "") -> Iterator[str]:
    with AfricasTalkingPeer() as peer:
        yield peer.url + path


NOBODY: list[tuple[str, Callable[[], AbstractContextManager[str]], str]] = [
    ("refused connection", a_port_where_nobody_listens, "ConnectionRefusedError"),
    ("a name that nobody has", lambda: nullcontext("http://gateway.invalid"), "gaierror"),
    ("a name that is none", lambda: nullcontext(f"http://{'a' * 64}.invalid"), "UnicodeError"),
    ("a port that is none", lambda: nullcontext("http://127.0.0.1:99999"), "LocationParseError"),
    ("a wrong path", lambda: a_peer("/elsewhere"), "HTTP 404"),
    ("no TLS where it was asked for", a_peer_without_tls, "SSLError"),
]


@pytest.mark.parametrize(("label", "place", "reason"), NOBODY, ids=[row[0] for row in NOBODY])
def test_what_cannot_have_arrived_is_sent_again_later(
    container: Container, label: str, place: Callable[[], AbstractContextManager[str]], reason: str
) -> None:
    with place() as url:
        message = drained(container, gateway_at(url))
    assert (message.state, message.reason) == (AGAIN, reason), label


def test_a_wrong_key_is_sent_again_later_because_an_operator_can_mend_it(
    container: Container, peer: AfricasTalkingPeer
) -> None:
    message = drained(container, gateway_at(peer.url, key="wrong"))
    assert (message.state, message.reason) == (AGAIN, "HTTP 401")
    assert not peer.ledger
