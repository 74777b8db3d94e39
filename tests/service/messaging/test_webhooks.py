"""Programs are told of every fact once and in order, as often as it takes, with proof of who tells them."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select, update

import service.messaging.webhooks as sending
from docs.examples.tiwizi_client import read_event
from service.container import Container
from service.domain.errors import MoveError, NotFoundError
from service.domain.events import DeliveryState, Event, about, event_of
from service.messaging.webhooks import LEASE, WAITS, deliver, secret_of, signed
from service.models import Delivery, Need, Webhook
from service.models.session import reading, transaction
from service.usecases.needs import reject_need
from service.usecases.purge import purge
from service.usecases.webhooks import replay, subscribe, unsubscribe
from tests.conftest import MovedClock
from tests.peers.webhooks import Receiver, receiver
from tests.service.web.api.conftest import populate
from tests.world import need_of, settle, village

ADMIN = "user:1"
DAY = timedelta(days=1)


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture
def here(container: Container) -> Container:
    """A service that may tell programs on this machine."""
    settings = container.settings.model_copy(update={"webhooks_loopback": True, "public_url": "https://tiwizi.example"})
    return Container(settings, container.engine, container.gateways, container.clock)


@pytest.fixture
def told(here: Container, hook: Receiver) -> Webhook:
    """A program that is told of needs, and the village whose needs they are."""
    settle(here.engine)
    with transaction(here.engine) as session:
        village(session, here.clock())
        return subscribed(session, here, hook.url, Event.NEED_REPORTED, Event.NEED_VERIFIED)


def subscribed(session: Any, here: Container, url: str, *events: Event) -> Webhook:
    return subscribe(session, here.clock(), actor=ADMIN, url=url, events=events, loopback=True)


def need(here: Container) -> str:
    with transaction(here.engine) as session:
        return need_of(session, here.clock()).reference


def states(engine: Engine) -> list[tuple[DeliveryState, int, str]]:
    with reading(engine) as session:
        found = session.scalars(select(Delivery).order_by(Delivery.id))
        return [(one.state, one.attempts, one.outcome) for one in found]


def test_a_fact_is_told_with_proof_and_nothing_of_a_person(here: Container, hook: Receiver, told: Webhook) -> None:
    reference = need(here)
    assert deliver(here) == 2
    secret = secret_of(here.settings.secret_key, told)
    events = [read_event(secret, got.headers, got.body, here.clock().timestamp()) for got in hook.got]
    assert [event["type"] for event in events] == ["need.reported", "need.verified"]
    assert events[0] == {
        "type": "need.reported",
        "timestamp": here.clock().isoformat(),
        "data": {
            "resource": "needs",
            "id": reference,
            "url": f"https://tiwizi.example/api/v1/needs/{reference}",
        },
    }
    assert {(got.path, got.headers["content-type"]) for got in hook.got} == {("/hook?from=tiwizi", "application/json")}
    assert len(set(hook.ids)) == 2
    assert states(here.engine) == [(DeliveryState.DELIVERED, 1, "")] * 2
    assert deliver(here) == 0


def test_a_signature_is_what_the_standard_s_example_has() -> None:
    # The test vector of standardwebhooks.com's reference libraries.
    headers = signed(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        datetime.fromtimestamp(1614265330, UTC),
        b'{"test": 2432232314}',
    )
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_what_is_rolled_back_is_told_to_nobody(here: Container, told: Webhook) -> None:
    def half_way() -> None:
        with transaction(here.engine) as session:
            need_of(session, here.clock())
            raise RuntimeError(told.id)

    with pytest.raises(RuntimeError):
        half_way()
    assert deliver(here) == 0
    assert states(here.engine) == []


def test_what_happened_before_a_program_asked_is_not_for_it(
    here: Container, hook: Receiver, clock: MovedClock, told: Webhook
) -> None:
    need(here)
    clock.move(seconds=1)
    with transaction(here.engine) as session:
        unsubscribe(session, clock(), actor=ADMIN, webhook_id=told.id)
        subscribed(session, here, hook.url, Event.NEED_REPORTED)
    need(here)
    assert deliver(here) == 1


def test_only_what_was_asked_for_is_told(here: Container, hook: Receiver, told: Webhook) -> None:
    with transaction(here.engine) as session:
        number = need_of(session, here.clock()).id
        reject_need(session, here.clock(), actor=ADMIN, need_id=number, reason="doublon")
        subscribed(session, here, hook.url, Event.NEED_REJECTED)
    assert deliver(here) == 3
    told_of = sorted(json.loads(got.body)["type"] for got in hook.got)
    assert told_of == ["need.rejected", "need.reported", "need.verified"]
    with transaction(here.engine) as session:
        unsubscribe(session, here.clock(), actor=ADMIN, webhook_id=told.id)
    need(here)
    assert deliver(here) == 0
    with transaction(here.engine) as session, pytest.raises(NotFoundError):
        unsubscribe(session, here.clock(), actor=ADMIN, webhook_id=told.id)


def test_every_event_of_a_project_s_life_can_be_read_where_it_says(here: Container, hook: Receiver) -> None:
    settle(here.engine)
    with transaction(here.engine) as session:
        subscribed(session, here, hook.url, *Event)
        populate(session, here.clock())
    assert deliver(here) == len(hook.got) > 20
    events = [json.loads(got.body) for got in hook.got]
    assert {event["type"] for event in events} >= {
        *("need.verified", "project.moved", "progress.reported", "sheet.published", "testimony.published"),
        *("association.registered", "diaspora.registered", "proposal.interested", "proposal.introduced"),
    }
    with reading(here.engine) as session:
        references = set(session.scalars(select(Need.reference)))
    assert all(event["data"]["id"] in references or event["data"]["id"].isdigit() for event in events)
    assert "+212" not in "".join(got.body.decode() for got in hook.got)


def test_every_event_has_something_it_is_about() -> None:
    assert {event for event in Event if event_of(event) is not event} == set()
    assert all(about(event).resource for event in Event)
    assert event_of("user.signed_in") is None
    assert event_of("project.begin_works") is Event.PROJECT_MOVED


def test_who_answers_500_is_asked_again_for_a_day_with_the_same_id_and_then_waits_for_somebody(
    here: Container, hook: Receiver, clock: MovedClock, told: Webhook
) -> None:
    hook.statuses = [500]
    began = clock()
    with transaction(here.engine) as session:
        need_of(session, clock(), verified=False)
    deliver(here)
    for wait in WAITS:
        assert deliver(here) == 0
        clock.move(seconds=1.2 * wait.total_seconds())
        assert deliver(here) == 1
    assert states(here.engine) == [(DeliveryState.DEAD, 10, "HTTP 500")]
    assert timedelta(hours=20) < clock() - began < timedelta(hours=30)
    assert sum(WAITS, timedelta()) < DAY
    assert len(set(hook.ids)) == 1
    assert len({got.body for got in hook.got}) == 1
    assert len({got.headers["webhook-timestamp"] for got in hook.got}) == 10
    hook.statuses = [200]
    with transaction(here.engine) as session:
        number = session.scalars(select(Delivery.id)).one()
        replay(session, clock(), actor=ADMIN, webhook_id=told.id, delivery_id=number)
    assert deliver(here) == 1
    assert states(here.engine) == [(DeliveryState.DELIVERED, 1, "")]
    with transaction(here.engine) as session, pytest.raises(MoveError):
        replay(session, clock(), actor=ADMIN, webhook_id=told.id, delivery_id=number)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404, 410, 429, 503])
def test_no_redirect_is_followed_and_only_2xx_is_taken(
    here: Container, hook: Receiver, told: Webhook, status: int
) -> None:
    hook.statuses, hook.headers = [status], {"Location": hook.url}
    with transaction(here.engine) as session:
        assert told.id
        need_of(session, here.clock(), verified=False)
    assert deliver(here) == len(hook.got) == 1
    assert states(here.engine) == [(DeliveryState.QUEUED, 1, f"HTTP {status}")]


def test_who_does_not_answer_keeps_only_itself_waiting(
    here: Container, hook: Receiver, told: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.gateways.webhook.LONGEST", 2.0)
    hook.stalls = True
    with receiver() as quick:
        with transaction(here.engine) as session:
            assert told.id
            subscribed(session, here, quick.url, Event.NEED_REPORTED)
            need_of(session, here.clock(), verified=False)
        assert deliver(here) == 2
        assert len(quick.got) == 1
    stalled, taken = sorted(states(here.engine))[::-1]
    assert taken == (DeliveryState.DELIVERED, 1, "")
    assert stalled[:2] == (DeliveryState.QUEUED, 1)
    assert "imeout" in stalled[2] or "closed" in stalled[2] or "Disconnected" in stalled[2]


def test_nobody_listening_is_a_try(here: Container, told: Webhook) -> None:
    with transaction(here.engine) as session:
        session.execute(update(Webhook).where(Webhook.id == told.id).values(url="http://127.0.0.1:1/"))
        need_of(session, here.clock(), verified=False)
    assert deliver(here) == 1
    [(state, attempts, outcome)] = states(here.engine)
    assert (state, attempts) == (DeliveryState.QUEUED, 1)
    assert "ConnectionRefusedError" in outcome


def test_a_crash_between_the_sending_and_the_noting_tells_again_with_the_same_id(
    here: Container, hook: Receiver, clock: MovedClock, told: Webhook, monkeypatch: pytest.MonkeyPatch
) -> None:
    with transaction(here.engine) as session:
        assert told.id
        need_of(session, clock(), verified=False)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(sending, "_settle", dies)
        with pytest.raises(KeyboardInterrupt):
            deliver(here)
    assert [state for state, *_ in states(here.engine)] == [DeliveryState.ATTEMPTING]
    assert deliver(here) == 0
    clock.move(seconds=LEASE.total_seconds())
    assert deliver(here) == 1
    assert len(hook.got) == 2
    assert len(set(hook.ids)) == 1
    assert hook.got[0].body == hook.got[1].body
    assert states(here.engine) == [(DeliveryState.DELIVERED, 2, "")]


def test_who_was_given_up_cannot_undo_what_came_after(here: Container, clock: MovedClock, told: Webhook) -> None:
    with transaction(here.engine) as session:
        assert told.id
        need_of(session, clock(), verified=False)
    assert sending.spread(here) == 1
    [late] = sending._claim(here, 8)
    clock.move(seconds=LEASE.total_seconds())
    [now] = sending._claim(here, 8)
    sending._settle(here, late, "HTTP 500")
    assert [state for state, *_ in states(here.engine)] == [DeliveryState.ATTEMPTING]
    sending._settle(here, now, "")
    assert states(here.engine) == [(DeliveryState.DELIVERED, 2, "")]


def test_many_workers_tell_each_fact_once_and_in_order(here: Container, hook: Receiver, told: Webhook) -> None:
    assert told.id
    references = [need(here) for _ in range(12)]
    workers = [threading.Thread(target=deliver, args=(here,)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    deliver(here)
    assert len(hook.ids) == len(set(hook.ids)) == 24
    assert {json.loads(got.body)["data"]["id"] for got in hook.got} == set(references)


def test_one_that_leaves_begins_nothing_more(here: Container, hook: Receiver, told: Webhook) -> None:
    assert told.id
    need(here)
    stopping = threading.Event()
    stopping.set()
    assert deliver(here, stopping) == 0
    assert len(states(here.engine)) == 2
    assert hook.got == []


def test_what_was_told_is_forgotten_after_a_month(here: Container, clock: MovedClock, told: Webhook) -> None:
    assert told.id
    need(here)
    deliver(here)
    for days, kept in ((30, 2), (1, 0)):
        clock.move(days=days)
        with transaction(here.engine) as session:
            purge(session, clock())
        assert len(states(here.engine)) == kept


def test_two_subscriptions_have_two_secrets_and_another_key_has_others(here: Container, hook: Receiver) -> None:
    with transaction(here.engine) as session:
        first, second = (subscribed(session, here, hook.url, Event.NEED_REPORTED) for _ in range(2))
    key = here.settings.secret_key
    secrets = {secret_of(key, first), secret_of(key, second), secret_of(f"{key}x", first)}
    assert len(secrets) == 3
    assert all(secret.startswith("whsec_") and len(secret) == 38 for secret in secrets)
