"""What a phone tells over HTTP: signed, doubled, shuffled, late, forged; each counts once or not at all."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
import requests
from sqlalchemy import select
from structlog.testing import capture_logs

from service.app import create_app
from service.container import Container
from service.domain.states import MessageState
from service.messaging.liveness import Silence, silent
from service.messaging.outbox import tell
from service.models import AuditEntry, InboundEvent, Message, Phone, Receipt
from service.models.session import reading, transaction
from service.web.access import access_of
from service.web.gateways import make_gateways
from tests.conftest import MovedClock
from tests.peers.hooks import served
from tests.peers.smsgate import KEY, Caller, received, told
from tests.world import SECRETARY, STRANGER, newest_message, settle, village
from ussd.hooks import android_blueprint
from ussd.sessions import Conversations
from wsgi import doors

TOKEN = "a-hook-token-for-tests-only"
ID = "5f0c9a52-8d6c-5b0e-9c39-6d1c5f2f9b11"


@pytest.fixture
def held(container: Container, clock: MovedClock) -> Iterator[Conversations]:
    settle(container.engine)
    with transaction(container.engine) as session:
        village(session, clock())
    with_key = container.settings.model_copy(update={"android_signing_key": KEY})
    conversations = Conversations(replace(container, settings=with_key))
    yield conversations
    conversations.close()


@pytest.fixture
def address(held: Conversations) -> Iterator[str]:
    with served(create_app(held.container, doors(held))) as url:
        yield f"{url}/hooks/android/{TOKEN}/event"


@pytest.fixture
def phone(address: str, clock: MovedClock) -> Caller:
    return Caller(address, clock())


def inbox(container: Container, number: str) -> list[str]:
    with reading(container.engine) as session:
        texts = select(Message.text).where(Message.phone == number, Message.template != "association_verified")
        return list(session.scalars(texts.order_by(Message.id)))


def events(container: Container) -> list[InboundEvent]:
    with reading(container.engine) as session:
        return list(session.scalars(select(InboundEvent).order_by(InboundEvent.id)))


def nothing_happened(container: Container) -> bool:
    with reading(container.engine) as session:
        return not session.scalars(select(Receipt)).all() and not events(container)


def accepted(container: Container) -> None:
    with transaction(container.engine) as session:
        tell(session, container.clock(), event="x", phone=STRANGER, template="refused", reference="K7-4Q2")
        message = newest_message(session)
        message.state, message.gateway, message.provider_id = MessageState.ACCEPTED, "android", ID


def state(container: Container) -> MessageState:
    with reading(container.engine) as session:
        return session.scalars(select(Message.state).where(Message.provider_id == ID)).one()


def receipt(event: str, event_id: str = "e1", **changes: Any) -> dict[str, Any]:
    payload = {"messageId": ID, "sender": None, "recipient": STRANGER, "simNumber": 1, **changes}
    return told(event, event_id, payload)


def test_every_route_of_the_phone_is_for_gateways(held: Conversations) -> None:
    app = make_gateways({}, [android_blueprint(held)])
    rules = list(app.url_map.iter_rules())
    assert [(rule.rule, access_of(app, rule.endpoint)) for rule in rules] == [
        ("/hooks/android/<token>/event", "gateway")
    ]


def test_a_text_is_handled_and_answered_once_however_often_it_is_told(phone: Caller, container: Container) -> None:
    before = len(inbox(container, SECRETARY))
    assert [phone.post(received("e1", SECRETARY, "AIDE")) for _ in range(5)] == [200] * 5
    assert len(inbox(container, SECRETARY)) == before + 1
    (event,) = events(container)
    assert (event.gateway, event.kind, event.external_id, event.phone) == ("android", "sms", "e1", SECRETARY)
    assert event.payload["receivedAt"] == "2026-11-23T11:00:00.000+01:00"
    assert event.payload["text"] == "AIDE"


def test_two_texts_with_one_message_id_are_two(phone: Caller, container: Container) -> None:
    for event_id in ("e1", "e2"):
        assert phone.post(received(event_id, STRANGER, "bonjour", message_id="same")) == 200
    assert len(inbox(container, STRANGER)) == 2


@pytest.mark.parametrize("written", ["+212600000009", "0600000009", "06 00 00 00 09", "00212600000009"])
def test_a_sender_is_known_however_the_network_writes_the_number(
    phone: Caller, container: Container, written: str
) -> None:
    assert phone.post(received("e1", written, "bonjour")) == 200
    assert [event.phone for event in events(container)] == [STRANGER]
    assert len(inbox(container, STRANGER)) == 1


@pytest.mark.parametrize("name", ["IAM", "2020", "Maroc Tel."])
def test_a_service_that_writes_is_kept_and_not_answered(phone: Caller, container: Container, name: str) -> None:
    before = len(inbox(container, SECRETARY))
    assert phone.post(received("e1", name, "Votre solde")) == 200
    assert [event.phone for event in events(container)] == [name]
    with reading(container.engine) as session:
        assert session.get(Phone, name) is None
    assert len(inbox(container, SECRETARY)) == before


def test_an_older_version_that_says_phone_number_is_understood(phone: Caller, container: Container) -> None:
    text = {"messageId": "m", "message": "bonjour", "phoneNumber": STRANGER, "simNumber": None}
    assert phone.post(told("sms:received", "e1", text)) == 200
    assert len(inbox(container, STRANGER)) == 1
    accepted(container)
    old = told("sms:delivered", "e2", {"messageId": ID, "phoneNumber": STRANGER})
    assert phone.post(old) == 200
    assert state(container) is MessageState.DELIVERED


@pytest.mark.parametrize("text", ["", "\x00", "a\x00b", "\u202e😀", "\ud800", "x" * 60_000, "ⴰ" * 20_000])
def test_whatever_people_type_is_taken(phone: Caller, container: Container, text: str) -> None:
    body = json.dumps(received("e1", STRANGER, text), ensure_ascii="\ud800" in text).encode()
    assert phone.post_raw(body) == 200
    assert len(events(container)) == 1


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        ("sms:sent", MessageState.ACCEPTED),
        ("sms:delivered", MessageState.DELIVERED),
        ("sms:failed", MessageState.FAILED),
    ],
)
def test_what_became_of_a_text_is_on_disk_before_it_is_answered(
    phone: Caller, container: Container, event: str, expected: MessageState
) -> None:
    accepted(container)
    assert phone.post(receipt(event, reason="no service")) == 200
    assert state(container) is expected


def test_receipts_in_any_order_and_doubled_end_the_same(phone: Caller, container: Container) -> None:
    accepted(container)
    told_us = [receipt(f"sms:{one}", f"e-{one}") for one in ("sent", "delivered", "failed")]
    for number, order in enumerate(permutations(told_us)):
        with transaction(container.engine) as session:
            session.scalars(select(Message).where(Message.provider_id == ID)).one().state = MessageState.ACCEPTED
        renamed = [{**event, "id": f"{event['id']}{number}"} for event in order]
        assert phone.post_all(renamed, seed=number) == {200}
        assert state(container) is MessageState.DELIVERED
    with reading(container.engine) as session:
        assert len(session.scalars(select(Receipt)).all()) == 3 * 6


def test_a_receipt_of_a_text_we_do_not_know_is_kept(phone: Caller, container: Container) -> None:
    assert phone.post(receipt("sms:delivered", messageId="another-sender-s")) == 200
    with reading(container.engine) as session:
        kept = session.scalars(select(Receipt)).one()
        assert (kept.provider_id, kept.status, kept.message_id) == ("another-sender-s", "sms:delivered", None)


@pytest.mark.parametrize("event", ["system:ping", "mms:received", "sms:data-received", "never:heard"])
def test_what_is_no_concern_of_ours_is_answered_200_and_not_kept(
    phone: Caller, container: Container, event: str
) -> None:
    assert phone.post(told(event, "e1", {"health": {"status": "pass"}})) == 200
    assert nothing_happened(container)


@pytest.mark.parametrize(
    "event",
    [received("e1", STRANGER, "bonjour"), receipt("sms:sent"), told("system:ping", "e1", {}), told("x", "e1", {})],
)
def test_whatever_a_phone_tells_shows_that_it_lives(
    phone: Caller, container: Container, clock: MovedClock, event: dict[str, Any]
) -> None:
    assert phone.post(event, signature="0" * 64) == 401
    with reading(container.engine) as session:
        assert silent(session, clock(), {"android"}) == [Silence("android", None)]
    assert phone.post(event) == 200
    with reading(container.engine) as session:
        assert silent(session, clock(), {"android"}) == []


@pytest.mark.parametrize("late", [timedelta(minutes=5, seconds=1), timedelta(days=2), timedelta(minutes=-6)])
def test_a_copy_that_somebody_kept_is_refused(phone: Caller, container: Container, late: timedelta) -> None:
    assert phone.post(received("e1", SECRETARY, "AIDE"), late=late) == 401
    assert nothing_happened(container)
    assert phone.post(received("e1", SECRETARY, "AIDE"), late=timedelta(minutes=5)) == 200


@pytest.mark.parametrize("signature", ["", "0" * 64, "é", "g" * 64, "None"])
def test_what_is_wrongly_signed_is_refused_and_its_words_stay_out_of_the_log(
    phone: Caller, container: Container, signature: str
) -> None:
    with capture_logs() as logs:
        assert phone.post(received("e1", SECRETARY, "a secret word"), signature=signature) == 401
        assert replace(phone, key="another key").post(received("e1", SECRETARY, "a secret word")) == 401
    assert nothing_happened(container)
    assert [entry["event"] for entry in logs] == ["android.refused"] * 2
    assert "secret word" not in str(logs)
    assert SECRETARY not in str(logs)


def test_without_stamp_or_signature_nobody_comes_in(address: str, container: Container) -> None:
    body = json.dumps(received("e1", SECRETARY, "AIDE"))
    for headers in ({}, {"X-Timestamp": "soon"}, {"X-Signature": "0" * 64}, {"X-Timestamp": "9" * 30}):
        assert requests.post(address, data=body, headers=headers, timeout=20).status_code == 401
    assert nothing_happened(container)


def test_without_a_signing_key_there_is_no_such_hook(held: Conversations, clock: MovedClock) -> None:
    keyless = held.container.settings.model_copy(update={"android_signing_key": ""})
    conversations = Conversations(replace(held.container, settings=keyless))
    with served(create_app(conversations.container, doors(conversations))) as url:
        forged = Caller(f"{url}/hooks/android/{TOKEN}/event", clock(), key="")
        assert forged.post(received("e1", SECRETARY, "AIDE")) == 404
    conversations.close()


@pytest.mark.parametrize("token", ["wrong", f"{TOKEN}x", TOKEN[:-1]])
def test_a_wrong_token_finds_nothing(phone: Caller, container: Container, token: str) -> None:
    elsewhere = replace(phone, url=phone.url.replace(TOKEN, token))
    assert elsewhere.post(received("e1", SECRETARY, "AIDE")) == 404
    assert nothing_happened(container)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"not json", "body"),
        (b"\xff\xfe", "body"),
        (b"[]", "body"),
        (b"[" * 30_000, "body"),
        (b'{"event": "sms:received", "id": "e", "payload": [1]}', "body"),
        (b'{"id": "e"}', "event"),
        (b'{"event": ["sms:received"], "id": "e"}', "event"),
        (b'{"event": "sms:received", "payload": {"message": "x", "sender": "+212600000009"}}', "id"),
        (json.dumps(received("e" * 61, STRANGER, "x")).encode(), "id"),
        (json.dumps(received("e\x00", STRANGER, "x")).encode(), "id"),
        (json.dumps(received("e", "a secret +212 word", "x")).encode(), "phoneNumber"),
        (json.dumps(told("sms:received", "e", {"sender": STRANGER})).encode(), "text"),
        (json.dumps(receipt("sms:sent", messageId="")).encode(), "messageId"),
        (json.dumps(receipt("sms:sent", messageId="m" * 61)).encode(), "messageId"),
        (json.dumps(receipt("sms:failed", reason="\x00")).encode(), "reason"),
        (json.dumps(receipt("sms:sent", recipient="IAM")).encode(), "phoneNumber"),
        (json.dumps(receipt("sms:sent", recipient=None)).encode(), "phoneNumber"),
        (json.dumps(received("e", STRANGER, "x" * 70_000)).encode(), None),
    ],
)
def test_what_no_phone_could_have_sent_is_400_and_one_line_without_words_of_it(
    phone: Caller, container: Container, body: bytes, field: str | None
) -> None:
    assert phone.post_raw(body) == 400
    assert nothing_happened(container)
    with reading(container.engine) as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "hook.malformed")).all()
    assert [(entry.subject, entry.data) for entry in entries] == ([("event", {"field": field})] if field else [])


STRANGE: list[Any] = [
    *(None, True, -1, 1e308, 10**40, "", " ", "\x00", "\ud800", "\u202e", "x" * 5_000, [], [1], {}, {"a": {"b": []}}),
    *(ID, STRANGER, SECRETARY, "IAM", "+", "0", "sms:received", "sms:failed", "system:ping", "OUI K7-4Q2", "1"),
]
NAMES = [
    "id",
    "event",
    "payload",
    "deviceId",
    "messageId",
    "message",
    "text",
    "sender",
    "recipient",
    "phoneNumber",
    "reason",
]


def strange(dice: random.Random) -> bytes:
    """A body as a phone writes it, with a few values that no phone would write, and now and then cut short."""
    event = dice.choice([received("e", STRANGER, "x"), receipt("sms:sent"), receipt("sms:failed", reason="x")])
    for _ in range(dice.randint(1, 3)):
        part = dice.choice([event, event["payload"]])
        (part if isinstance(part, dict) else event)[dice.choice(NAMES)] = dice.choice(STRANGE)
    body = json.dumps({**event, "id": event.get("id") or dice.random()}).encode()
    return body[: dice.randint(0, len(body))] if dice.random() < 0.1 else body


def test_whatever_is_signed_is_answered_200_or_400_and_nothing_else(phone: Caller, container: Container) -> None:
    accepted(container)
    dice = random.Random(20_261_124)  # noqa: S311  # the same at every run
    answers = Counter(phone.post_raw(strange(dice)) for _ in range(400))
    assert set(answers) == {200, 400}
    assert min(answers.values()) > 50
