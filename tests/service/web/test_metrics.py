"""`/metrics`: figures that any worker reads from the database, without a phone, a name or a text in them."""

from dataclasses import replace
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import event

from jobs.ticks import take_tick
from service.app import create_app
from service.container import Container
from service.domain.kinds import Kind
from service.domain.states import MessageState
from service.gateways.base import Outcome, Sent
from service.messaging.health import locked_state, stop_gateway, weigh
from service.messaging.outbox import tell
from service.messaging.receipts import take_receipt
from service.messaging.sender import drain
from service.models.session import transaction
from service.web.metrics import KEPT
from tests.conftest import MovedClock
from tests.peers.scripted import ScriptedGateway
from tests.world import LYON, SECRETARY, diaspora, settle, village

PHONE, NAME = "+212612345678", "africastalking"
Samples = dict[tuple[str, frozenset[str]], float]
ALL = frozenset({"all"})


@pytest.fixture
def gateway() -> ScriptedGateway:
    return ScriptedGateway()


@pytest.fixture
def container(container: Container, gateway: ScriptedGateway) -> Container:
    settings = container.settings.model_copy(update={"sms_routes": {"*": (NAME,)}})
    return replace(container, settings=settings, gateways={NAME: gateway})


@pytest.fixture
def client(container: Container) -> FlaskClient:
    return create_app(container, []).test_client()


def samples(client: FlaskClient) -> Samples:
    """What Prometheus reads: name and values of the labels that say something."""
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return {
        (sample.name, frozenset(filter(None, sample.labels.values()))): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def queue(container: Container, event: str, phone: str = PHONE, template: str = "need_saved") -> None:
    with transaction(container.engine) as session:
        tell(session, container.clock(), event=event, phone=phone, template=template, reference="K7-4Q2")


def test_an_empty_service_has_figures(client: FlaskClient) -> None:
    figures = samples(client)
    assert figures["tiwizi_message_oldest_due_seconds", frozenset()] == 0
    assert figures["tiwizi_gateway_weight", frozenset({NAME})] == 1
    assert figures["tiwizi_gateway_stopped", frozenset({"*"})] == 0
    assert figures["tiwizi_spending", ALL] == 0
    assert figures["tiwizi_cap", ALL] == 50


def test_figures_tell_how_messages_gateways_money_and_jobs_fare(
    client: FlaskClient, container: Container, gateway: ScriptedGateway, clock: MovedClock
) -> None:
    gateway.answer = lambda _: Sent(Outcome.UNKNOWN, reason="ReadTimeout")
    queue(container, "doubt")
    drain(container)
    queue(container, "waits", template="need_verified")
    assert take_tick(container.engine, "match", clock(), "here", clock())
    with transaction(container.engine) as session:
        receipt = {"gateway": NAME, "provider_id": "strange", "phone": LYON, "status": "Success", "reason": ""}
        take_receipt(session, clock(), **receipt)
        stop_gateway(session, clock(), "*", "cli")
        weigh(locked_state(session, NAME), clock(), 0, 1)
    clock.move(seconds=90)
    figures = samples(client)
    assert figures["tiwizi_messages", frozenset({MessageState.UNKNOWN, Kind.RECORD})] == 1
    assert figures["tiwizi_messages", frozenset({MessageState.QUEUED, Kind.NEWS})] == 1
    assert figures["tiwizi_message_oldest_due_seconds", frozenset()] == 90
    assert figures["tiwizi_receipts_unmatched", frozenset()] == 1
    assert figures["tiwizi_gateway_stopped", frozenset({"*"})] == 1
    assert figures["tiwizi_gateway_stopped", frozenset({NAME})] == 0
    assert 0 < figures["tiwizi_gateway_weight", frozenset({NAME})] < 1
    assert figures["tiwizi_job_last_run_seconds", frozenset({"match"})] == 90
    assert figures["tiwizi_spending", ALL] == pytest.approx(0.08)
    assert figures["tiwizi_spending", frozenset({"country", "MA"})] == pytest.approx(0.08)


def test_what_an_association_or_a_phone_costs_is_not_there(
    client: FlaskClient, container: Container, clock: MovedClock
) -> None:
    settle(container.engine)
    with transaction(container.engine) as session:
        village(session, clock(), SECRETARY)
        diaspora(session, clock(), LYON)
    queue(container, "lyon", LYON)
    drain(container)
    text = client.get("/metrics").text
    spent = {labels for name, labels in samples(client) if name == "tiwizi_spending"}
    assert spent == {ALL, frozenset({"country", "MA"}), frozenset({"country", "FR"})}
    for secret in ("Ait Abdallah", "Lyon", SECRETARY[-7:], LYON[-7:], "K7-4Q2"):
        assert secret not in text


def test_however_many_ask_messages_are_counted_every_fifteen_seconds(
    client: FlaskClient, container: Container, clock: MovedClock
) -> None:
    statements: list[str] = []
    event.listen(container.engine, "before_cursor_execute", lambda _c, _k, statement, *_: statements.append(statement))
    before = samples(client)
    asked = len(statements)
    assert asked
    queue(container, "late")
    asked = len(statements)
    assert samples(client) == before
    assert len(statements) == asked
    clock.now += KEPT
    assert samples(client)["tiwizi_messages", frozenset({MessageState.QUEUED, Kind.RECORD})] == 1


def test_two_workers_say_the_same(container: Container, client: FlaskClient) -> None:
    queue(container, "one")
    assert samples(client) == samples(create_app(container, []).test_client())


@pytest.mark.parametrize(
    ("address", "headers", "changed", "status"),
    [
        ("127.0.0.1", {}, {}, 200),
        ("::1", {}, {}, 200),
        ("192.0.2.7", {}, {}, 404),
        ("192.0.2.7", {}, {"metrics_addresses": ("192.0.2.0/24",)}, 200),
        # Behind a proxy on the same machine everybody seems to be here.
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, {}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, {"proxies": 1}, 404),
        ("127.0.0.1", {"X-Forwarded-For": "192.0.2.7"}, {"proxies": 1, "metrics_addresses": ("192.0.2.7",)}, 200),
    ],
)
def test_figures_are_for_those_whom_the_settings_name(
    container: Container, address: str, headers: dict[str, str], changed: dict[str, object], status: int
) -> None:
    app = create_app(replace(container, settings=container.settings.model_copy(update=changed)), [])
    answer = app.test_client().get("/metrics", headers=headers, environ_base={"REMOTE_ADDR": address})
    assert answer.status_code == status
    assert ("tiwizi_cap" in answer.text) is (status == 200)


def test_a_cap_of_nothing_is_a_figure_too(container: Container) -> None:
    none = replace(container, settings=container.settings.model_copy(update={"cap_day": Decimal(0)}))
    assert samples(create_app(none, []).test_client())["tiwizi_cap", ALL] == 0
