"""Where a silent phone, and any gateway in trouble, is seen: in what a supervisor reads, and on the first page."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from markupsafe import escape
from sqlalchemy import Engine

from service.app import create_app
from service.container import Container
from service.locales import Language, speaker
from service.messaging.health import start_gateway, stop_gateway
from service.messaging.liveness import heard
from service.models import GatewayState
from service.models.gateways import ALL
from service.models.session import transaction
from tests.conftest import MovedClock
from tests.service.web.person import MakeUser, Person

PHONE = "android"


@pytest.fixture
def station(container: Container) -> Container:
    """A service that sends through a phone."""
    settings = container.settings.model_copy(update={"sms_routes": {"+212": (PHONE,), "*": ("console",)}})
    return replace(container, settings=settings)


@pytest.fixture
def client(station: Container) -> FlaskClient:
    return create_app(station, []).test_client()


def tell(station: Container) -> None:
    with transaction(station.engine) as session:
        heard(session, station.clock(), PHONE)


def test_readiness_tells_of_the_phone_and_stays_ready(
    client: FlaskClient, station: Container, clock: MovedClock
) -> None:
    assert client.get("/readyz").get_json(force=True)[PHONE].startswith("never heard: run `tiwizi android register`")
    tell(station)
    assert client.get("/readyz").get_json(force=True)[PHONE] == "heard"
    clock.move(minutes=20)
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json(force=True)[PHONE].startswith("silent since 2026-11-23T10:00:00+00:00: look at")


@pytest.mark.parametrize("language", list(Language))
def test_the_first_admin_page_tells_of_the_phone_in_every_language(
    client: FlaskClient, station: Container, clock: MovedClock, make_user: MakeUser, language: Language
) -> None:
    make_user()
    person = Person(client)
    person.sign_in()
    voice = speaker(language)
    assert escape(voice.say("web.silent.never", name=PHONE)) in person.get("/admin/", lang=language).text
    tell(station)
    assert '<p class="problem">' not in person.get("/admin/").text
    clock.move(minutes=20)
    assert escape(voice.say("web.silent.since", name=PHONE, minutes=20)) in person.get("/admin/").text


@pytest.mark.parametrize("language", list(Language))
def test_a_link_that_is_down_is_told_where_a_phone_is(
    container: Container, make_user: MakeUser, language: Language
) -> None:
    settings = container.settings.model_copy(update={"sms_routes": {"*": ("smpp", "console")}})
    person = Person(create_app(replace(container, settings=settings), []).test_client())
    ready = person.get("/readyz")
    assert ready.status_code == 200
    assert ready.get_json(force=True)["smpp"].startswith("never heard: see that `tiwizi smpp` runs")
    make_user()
    person.sign_in()
    said = escape(speaker(language).say("web.silent.link", name="smpp"))
    assert said in person.get("/admin/", lang=language).text
    with transaction(container.engine) as session:
        heard(session, container.clock(), "smpp")
    assert person.get("/readyz").get_json(force=True)["smpp"] == "heard"
    assert '<p class="problem">' not in person.get("/admin/").text


def test_nothing_is_said_of_a_phone_that_no_route_uses(person: Person, make_user: MakeUser) -> None:
    assert PHONE not in person.get("/readyz").text
    make_user()
    person.sign_in()
    assert '<p class="problem">' not in person.get("/admin/").text


def test_a_gateway_that_is_stopped_or_fails_is_told(coordinator: Person, engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        stop_gateway(session, clock(), "console", "user:1")
    assert "La passerelle console est arrêtée" in coordinator.get("/admin/").text
    with transaction(engine) as session:
        start_gateway(session, clock(), "console", "user:1")
        stop_gateway(session, clock(), ALL, "user:1")
    page = coordinator.get("/admin/").text
    assert ("Les envois sont arrêtés" in page, "passerelle console" in page) == (True, False)
    with transaction(engine) as session:
        start_gateway(session, clock(), ALL, "user:1")
        state = session.get_one(GatewayState, "console")
        state.weight, state.weighed_at = 10, clock()
    page = coordinator.get("/admin/").text
    assert "La passerelle console est défaillante" in page
    assert 'href="/admin/messages#gateways"' in page
