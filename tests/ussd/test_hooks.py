"""Africa's Talking's callbacks as they come over HTTP: raw payloads, and what a carrier is answered."""

from collections.abc import Iterator
from io import BytesIO
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from service.app import create_app
from service.container import Container
from service.models import AuditEntry, InboundEvent, JournalRow, Message
from service.models.base import Base
from service.models.session import reading, transaction
from tests.conftest import MovedClock
from tests.world import SECRETARY, STRANGER, settle, village
from ussd.sessions import Conversations
from wsgi import doors

HOOKS = "/hooks/africastalking/a-hook-token-for-tests-only"
TURN = {
    "sessionId": "ATUid_0123456789abcdef0123456789abcdef",
    "phoneNumber": SECRETARY,
    "serviceCode": "*384*84#",
    "text": "",
    "networkCode": "99999",
}
SMS = {
    "date": "2017-05-03T06:04:45Z",
    "from": STRANGER,
    "to": "+212600000000",
    "id": "28e0df68-d5a8-4a0c-b1a2-3a6b5d4c7e2f",
    "linkId": "SampleLinkId123",
    "text": "bonjour",
}
END = {
    "date": "2026-11-23 10:00:00",
    "sessionId": TURN["sessionId"],
    "serviceCode": TURN["serviceCode"],
    "networkCode": "99999",
    "phoneNumber": SECRETARY,
    "status": "Incomplete",
    "cost": "KES 0.10",
    "durationInMillis": "61000",
    "hopsCount": "7",
    "input": "1*1*84*1234",
    "lastAppResponse": "CON secret",
    "errorMessage": "",
}


@pytest.fixture
def carrier(container: Container, clock: MovedClock) -> Iterator[FlaskClient]:
    settle(container.engine)
    with transaction(container.engine) as session:
        village(session, clock())
    conversations = Conversations(container)
    with create_app(container, doors(conversations)).test_client() as client:
        yield client
    conversations.close()


def count(container: Container, entity: type[Base]) -> int:
    with reading(container.engine) as session:
        return session.scalar(select(func.count()).select_from(entity)) or 0


def test_a_turn_is_answered_as_plain_text_that_begins_with_con_or_end(carrier: FlaskClient) -> None:
    first = carrier.post(f"{HOOKS}/ussd", data=TURN)
    assert (first.status_code, first.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert first.text.startswith("CON Ait Abdallah\n1 Signaler un besoin")
    answers = ["1", "1", "84", "320000", "60000", "Puits", "1"]
    for typed in range(1, len(answers) + 1):
        last = carrier.post(f"{HOOKS}/ussd", data={**TURN, "text": "*".join(answers[:typed])})
    assert last.text.startswith("END Recu. R\u00e9f ")


@pytest.mark.parametrize("hook", ["ussd", "ussd-end", "sms", "receipt", "opt-out"])
def test_a_wrong_token_is_not_found_and_leaves_nothing(carrier: FlaskClient, container: Container, hook: str) -> None:
    before = count(container, AuditEntry)
    for token in ("wrong", "a-hook-token-for-tests-onlx", "%00"):
        answer = carrier.post(f"/hooks/africastalking/{token}/{hook}", data={**TURN, **SMS, **END})
        assert (answer.status_code, answer.text) == (404, "Not Found\n")
    assert (count(container, AuditEntry), count(container, InboundEvent)) == (before, 0)


@pytest.mark.parametrize(
    ("hook", "payload"),
    [
        ("ussd", {}),
        ("ussd", {**TURN, "phoneNumber": ""}),
        ("ussd", {**TURN, "phoneNumber": "not a phone"}),
        ("ussd", {**TURN, "phoneNumber": "+1"}),
        ("ussd", {**TURN, "sessionId": "x" * 61}),
        ("sms", {**SMS, "id": "x" * 61}),
        ("ussd-end", {**END, "sessionId": "x" * 61}),
        ("ussd", {**TURN, "sessionId": "x\x00"}),
        ("ussd", {name: value for name, value in TURN.items() if name != "text"}),
        ("ussd-end", {**END, "phoneNumber": "?"}),
        ("sms", {name: value for name, value in SMS.items() if name != "id"}),
        ("sms", {**SMS, "from": "+1 Tiwizi"}),
        ("sms", {**SMS, "id": ""}),
        ("ussd", {**TURN, "sessionId": " "}),
        ("ussd-end", {**END, "sessionId": ""}),
        ("ussd-end", {**END, "status": ""}),
        ("ussd-end", {name: value for name, value in END.items() if name != "status"}),
        ("ussd-end", {**END, "errorMessage": "x" * 1_001}),
    ],
)
def test_a_malformed_callback_is_400_and_leaves_one_audit_line(
    carrier: FlaskClient, container: Container, hook: str, payload: dict[str, str]
) -> None:
    before = count(container, AuditEntry)
    answer = carrier.post(f"{HOOKS}/{hook}", data=payload)
    assert (answer.status_code, answer.text) == (400, "Bad Request\n")
    assert count(container, AuditEntry) == before + 1
    assert [count(container, entity) for entity in (InboundEvent, JournalRow)] == [0, 0]
    with reading(container.engine) as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
    assert entry
    assert entry.action == "hook.malformed"
    assert SECRETARY not in str(entry.data)


def test_a_body_beyond_64_kilobytes_is_400(carrier: FlaskClient) -> None:
    assert carrier.post(f"{HOOKS}/ussd", data={**TURN, "text": "9" * 70_000}).status_code == 400


def test_a_body_that_ends_before_the_length_it_says_is_400_and_no_turn(
    carrier: FlaskClient, container: Container
) -> None:
    whole = urlencode({**TURN, "text": "1*12"}).encode()
    answer = carrier.post(f"{HOOKS}/ussd", data=whole[:-1], environ_overrides={"CONTENT_LENGTH": str(len(whole))})
    assert (answer.status_code, answer.text) == (400, "Bad Request\n")
    assert count(container, JournalRow) == 0
    assert carrier.post(f"{HOOKS}/ussd", data=whole).status_code == 200


def test_a_body_in_parts_that_says_no_length_is_read_to_its_end(carrier: FlaskClient) -> None:
    def sent(form: dict[str, str]) -> TestResponse:
        return carrier.post(
            f"{HOOKS}/ussd",
            input_stream=BytesIO(urlencode(form).encode()),
            headers={"Transfer-Encoding": "chunked"},
            environ_overrides={"wsgi.input_terminated": True},
        )

    assert sent(TURN).text.startswith("CON Ait Abdallah\n1 Signaler un besoin")
    assert sent({**TURN, "text": "9" * 70_000}).status_code == 400


@pytest.mark.parametrize("typed", ["**", "#", "0" * 40, "\x00", "\u202e\u2066", "😀😀", "é" * 500, "9" * 60_000, "%2A"])
def test_hostile_text_is_always_a_screen(carrier: FlaskClient, typed: str) -> None:
    carrier.post(f"{HOOKS}/ussd", data=TURN)
    answer = carrier.post(f"{HOOKS}/ussd", data={**TURN, "text": typed})
    assert answer.status_code == 200
    assert answer.text.startswith("CON ")
    assert carrier.post(f"{HOOKS}/ussd", data={**TURN, "text": typed}).data == answer.data


def test_a_sessions_end_is_kept_once_without_what_was_typed(carrier: FlaskClient, container: Container) -> None:
    for _ in range(3):
        assert carrier.post(f"{HOOKS}/ussd-end", data={**END, "text": "1*1*84*1234", "new": "1234"}).status_code == 200
    with reading(container.engine) as session:
        event = session.scalars(select(InboundEvent)).one()
    assert (event.gateway, event.kind, event.phone) == ("africastalking", "ussd-end", SECRETARY)
    assert event.external_id == END["sessionId"]
    told = ("date", "status", "cost", "durationInMillis", "hopsCount", "networkCode", "errorMessage")
    assert event.payload == {name: END[name] for name in told}


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "Failed", "errorMessage": "Session timed out", "cost": "0.1"},
        {"status": "Odd", "hopsCount": "", "durationInMillis": "never", "cost": "-", "networkCode": "abc", "date": "?"},
    ],
)
def test_an_end_is_kept_in_the_carriers_words_also_odd_ones(
    carrier: FlaskClient, container: Container, changes: dict[str, str]
) -> None:
    assert carrier.post(f"{HOOKS}/ussd-end", data={**END, **changes}).status_code == 200
    with reading(container.engine) as session:
        assert changes.items() <= session.scalars(select(InboundEvent)).one().payload.items()


def test_an_end_that_says_only_what_it_must_is_kept(carrier: FlaskClient, container: Container) -> None:
    least = {name: END[name] for name in ("sessionId", "phoneNumber", "status")}
    assert carrier.post(f"{HOOKS}/ussd-end", data=least).status_code == 200
    assert count(container, InboundEvent) == 1


def test_who_was_cut_off_is_invited_back_once_however_often_the_end_is_told(
    carrier: FlaskClient, container: Container
) -> None:
    before = count(container, Message)
    for text in ("", "1", "1*1", "1*1*84"):
        carrier.post(f"{HOOKS}/ussd", data={**TURN, "text": text})
    for _ in range(3):
        assert carrier.post(f"{HOOKS}/ussd-end", data=END).status_code == 200
    assert count(container, Message) == before + 1
    with reading(container.engine) as session:
        assert session.scalars(select(Message.template).order_by(Message.id.desc())).first() == "dropped"


def test_of_an_sms_only_known_fields_are_kept(carrier: FlaskClient, container: Container) -> None:
    carrier.post(f"{HOOKS}/sms", data={**SMS, "note": "1234"})
    with reading(container.engine) as session:
        assert session.scalars(select(InboundEvent)).one().payload == SMS


def test_an_sms_is_taken_once_and_answered_once(carrier: FlaskClient, container: Container) -> None:
    before = count(container, Message)
    for _ in range(3):
        answer = carrier.post(f"{HOOKS}/sms", data=SMS)
        assert (answer.status_code, answer.text) == (200, "")
    assert count(container, InboundEvent) == 1
    assert count(container, Message) == before + 1


@pytest.mark.parametrize(
    "changes",
    [
        {"text": ""},
        {"text": "\x00AIDE\x00"},
        {"date": "2017-05-03 06:04:45"},
        {"from": "+33639980001", "networkCode": "abc", "cost": "0"},
        {"text": "x" * 5_000},
    ],
)
def test_an_odd_sms_is_kept_and_answered(carrier: FlaskClient, container: Container, changes: dict[str, str]) -> None:
    assert carrier.post(f"{HOOKS}/sms", data={**SMS, **changes}).status_code == 200
    assert count(container, InboundEvent) == 1


@pytest.mark.parametrize("method", ["get", "put", "delete"])
def test_only_posts_are_callbacks(carrier: FlaskClient, method: str) -> None:
    assert carrier.open(f"{HOOKS}/ussd", method=method).status_code == 405


def status(container: Container, headers: dict[str, str] | None = None, **changes: object) -> int:
    """Return how a service with other settings answers a turn."""
    settings = container.settings.model_copy(update=changes)
    conversations = Conversations(Container(settings, container.engine, container.gateways, container.clock))
    client = create_app(conversations.container, doors(conversations)).test_client()
    answer = client.post(f"{HOOKS}/ussd", data=TURN, headers=headers or {})
    conversations.close()
    return answer.status_code


def test_only_listed_addresses_may_call_when_there_is_a_list(container: Container) -> None:
    settle(container.engine)
    assert status(container, hook_addresses=("10.0.0.0/8",)) == 404
    assert status(container, hook_addresses=("10.0.0.0/8", "127.0.0.1")) == 200


def test_behind_a_proxy_the_forwarded_address_counts_and_otherwise_it_does_not(container: Container) -> None:
    settle(container.engine)
    forwarded = {"X-Forwarded-For": "52.48.80.7"}
    listed = ("52.48.80.0/24",)
    assert status(container, forwarded, hook_addresses=listed, proxies=0) == 404
    assert status(container, forwarded, hook_addresses=listed, proxies=1) == 200
