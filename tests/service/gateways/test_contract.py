"""What every gateway promises, each against something real."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest

from service.gateways.base import Account, Gateway, Outcome, Outgoing
from service.gateways.console import ConsoleGateway
from service.gateways.registry import APART, MAKERS, RECEIPTS, make_gateways
from service.settings import KNOWN_GATEWAYS, Settings
from tests.peers.africastalking import AfricasTalkingPeer
from tests.peers.smpp import rust_centre
from tests.peers.smsgate import SmsGatePeer
from tests.service.gateways.conftest import linked
from tests.service.gateways.test_africastalking import gateway_at
from tests.service.gateways.test_android import gateway_at as phone_at

LEFT = {Outcome.ACCEPTED, Outcome.DELIVERED}
BATCH = [Outgoing(f"id-{number}", f"+21261234567{number}", "le même texte") for number in range(3)]


@contextmanager
def console() -> Iterator[Gateway]:
    yield ConsoleGateway()


@contextmanager
def africastalking() -> Iterator[Gateway]:
    with AfricasTalkingPeer() as peer:
        yield gateway_at(peer.url)


@contextmanager
def android() -> Iterator[Gateway]:
    with SmsGatePeer() as peer:
        yield phone_at(peer.url)


@contextmanager
def smpp() -> Iterator[Gateway]:
    with rust_centre() as centre, linked(centre.port) as gateway:
        yield gateway


GATEWAYS = {"console": console, "africastalking": africastalking, "android": android, "smpp": smpp}
NAMES = [*MAKERS, *APART]


@pytest.fixture(params=[GATEWAYS[name] for name in NAMES], ids=NAMES)
def gateway(request: pytest.FixtureRequest) -> Iterator[Gateway]:
    make: Callable[[], AbstractContextManager[Gateway]] = request.param
    with make() as gateway:
        yield gateway


def test_each_text_has_its_own_outcome_and_its_own_id(gateway: Gateway) -> None:
    calls = range(0, len(BATCH), gateway.bulk)
    sent = [one for start in calls for one in gateway.send(BATCH[start : start + gateway.bulk])]
    assert [one.outcome in LEFT for one in sent] == [True] * 3
    assert len({one.provider_id for one in sent}) == 3


def test_no_texts_have_no_outcomes(gateway: Gateway) -> None:
    assert gateway.send([]) == []


def test_a_gateway_has_the_name_it_is_registered_under(gateway: Gateway) -> None:
    assert gateway.name in NAMES


def test_only_a_gateway_that_is_paid_beforehand_has_an_account(gateway: Gateway) -> None:
    assert isinstance(gateway, Account) is (gateway.name == "africastalking")


def test_the_settings_and_the_registry_know_the_same_gateways() -> None:
    assert set(KNOWN_GATEWAYS) == set(NAMES) >= set(RECEIPTS)
    assert not APART & MAKERS.keys()


def test_only_the_gateways_of_some_route_are_made_and_none_that_has_a_process_of_its_own() -> None:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own parameter
        at_api_key="key",
        sms_routes={"+33": ("smpp",), "*": ("africastalking",)},
    )
    assert list(make_gateways(settings)) == ["africastalking"]
