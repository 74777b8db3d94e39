"""Where low credit at a gateway is seen: on the first page, on the page of messages, in what Prometheus reads."""

import re
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import pytest
from flask.testing import FlaskClient
from markupsafe import escape

from jobs.balances import look_at_balances
from service.app import create_app
from service.container import Container
from service.locales import Language, speaker
from service.web.metrics import KEPT
from tests.conftest import MovedClock
from tests.peers.africastalking import AfricasTalkingPeer, Mood
from tests.service.gateways.test_africastalking import gateway_at
from tests.service.web.person import MakeUser, Person
from tests.service.web.test_metrics import samples

NAME = "africastalking"
CELL = re.compile(r'data-label="Crédit">(.*?)</td>', re.DOTALL)
TAGS = re.compile(r"<[^>]+>")


@pytest.fixture
def peer() -> Iterator[AfricasTalkingPeer]:
    with AfricasTalkingPeer() as peer:
        yield peer


@pytest.fixture
def station(container: Container, peer: AfricasTalkingPeer) -> Container:
    """A service that sends through an account, or else prints."""
    routes = {"+212": (NAME,), "*": ("console",)}
    settings = container.settings.model_copy(update={"sms_routes": routes, "sms_low_balance": Decimal(5_000)})
    return replace(container, settings=settings, gateways={NAME: gateway_at(peer.url)})


@pytest.fixture
def client(station: Container) -> FlaskClient:
    return create_app(station, []).test_client()


@pytest.fixture
def reader(client: FlaskClient, make_user: MakeUser) -> Person:
    make_user()
    person = Person(client)
    person.sign_in()
    return person


def cells(person: Person) -> list[str]:
    """What stands under Credit, of the gateways of which something does."""
    found = CELL.findall(person.get("/admin/messages").text)
    return [" ".join(TAGS.sub(" ", one).replace("\xa0", " ").split()) for one in found]


def test_the_first_page_tells_of_low_credit_until_it_is_topped_up(
    reader: Person, station: Container, peer: AfricasTalkingPeer, clock: MovedClock
) -> None:
    assert '<p class="problem">' not in reader.get("/admin/").text
    look_at_balances(station)
    page = reader.get("/admin/").text
    assert page.count('<p class="problem">') == 1
    assert "Le crédit de la passerelle africastalking est bas." in page
    assert "<bdi>1\xa0785,50\xa0KES</bdi>" in page
    assert 'href="/admin/messages#gateways"' in page
    peer.balance = "KES 5,000.00"  # exactly the limit is enough
    clock.move(minutes=20)
    look_at_balances(station)
    page = reader.get("/admin/").text
    assert ('<p class="problem">' in page, 'class="calm"' in page) == (False, True)


@pytest.mark.parametrize("language", list(Language))
def test_it_is_told_in_every_language(reader: Person, station: Container, language: Language) -> None:
    look_at_balances(station)
    said = speaker(language).say("web.today.low", name=NAME)
    assert escape(said) in reader.get("/admin/", lang=language).text


def test_the_page_of_messages_tells_the_credit_and_when_it_was_seen(
    reader: Person, station: Container, peer: AfricasTalkingPeer, clock: MovedClock
) -> None:
    assert cells(reader) == []
    look_at_balances(station)
    assert cells(reader) == ["crédit bas 1 785,50 KES 23/11/2026 11:00"]
    peer.balance = "EUR 6000.0001"
    clock.move(minutes=20)
    look_at_balances(station)
    assert cells(reader) == ["6 000,0001 EUR 23/11/2026 11:20"]
    # What cannot be seen now is told as it was, with its moment.
    peer.looks.append(Mood.RESET)
    clock.move(minutes=20)
    look_at_balances(station)
    assert cells(reader) == ["6 000,0001 EUR 23/11/2026 11:20"]


def test_nothing_is_said_of_an_account_that_no_route_uses_any_more(
    station: Container, container: Container, make_user: MakeUser
) -> None:
    look_at_balances(station)
    make_user()
    person = Person(create_app(container, []).test_client())
    person.sign_in()
    assert '<p class="problem">' not in person.get("/admin/").text
    assert cells(person) == []


def test_prometheus_reads_the_credit_whether_it_is_low_and_how_old_that_is(
    client: FlaskClient, station: Container, peer: AfricasTalkingPeer, clock: MovedClock
) -> None:
    assert not [name for name, _ in samples(client) if name.startswith("tiwizi_gateway_balance")]
    look_at_balances(station)
    clock.move(minutes=30)
    figures = samples(client)
    assert figures["tiwizi_gateway_balance", frozenset({NAME, "KES"})] == pytest.approx(1785.5)
    assert figures["tiwizi_gateway_balance_low", frozenset({NAME})] == 1
    assert figures["tiwizi_gateway_balance_age_seconds", frozenset({NAME})] == 1800
    peer.balance = "KES 5000"
    look_at_balances(station)
    clock.now += KEPT
    assert samples(client)["tiwizi_gateway_balance_low", frozenset({NAME})] == 0
