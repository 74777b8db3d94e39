"""The job that looks at the credit of gateways: what it keeps, what it says, and what it never does."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal

import pytest
from click.testing import CliRunner
from sqlalchemy import Engine, QueuePool
from structlog.testing import capture_logs

from jobs import make_jobs
from jobs.balances import look_at_balances
from jobs.commands import job
from service.container import Container
from service.gateways.base import Account, Balance, Gateway
from service.gateways.console import ConsoleGateway
from service.messaging.balances import balance_of, is_low
from service.messaging.health import stop_gateway
from service.models import GatewayState
from service.models.session import reading, transaction
from tests.conftest import MovedClock
from tests.peers.africastalking import AfricasTalkingPeer, Mood, Raw
from tests.peers.scripted import ScriptedGateway
from tests.service.gateways.test_africastalking import SHORT, gateway_at

NAME = "africastalking"


@pytest.fixture
def peer() -> Iterator[AfricasTalkingPeer]:
    with AfricasTalkingPeer() as peer:
        yield peer


@pytest.fixture
def station(container: Container, peer: AfricasTalkingPeer) -> Container:
    """A service with a gateway that has an account, and one that has none."""
    gateways: dict[str, Gateway] = {NAME: gateway_at(peer.url, timeout=SHORT), "console": ConsoleGateway()}
    return replace(container, gateways=gateways)


def kept(station: Container) -> tuple[Balance | None, datetime | None]:
    with reading(station.engine) as session:
        state = session.get(GatewayState, NAME)
        return (balance_of(state), state.balance_at) if state else (None, None)


def look(station: Container) -> tuple[str, list[str]]:
    """What the job returns, and what stands in the log."""
    with capture_logs() as logs:
        outcome = look_at_balances(station)
    return outcome, [f"{one['event']} {one['gateway']} {one.get('why') or one.get('balance')}" for one in logs]


def test_a_balance_is_kept_with_its_moment_and_renewed(
    station: Container, peer: AfricasTalkingPeer, clock: MovedClock
) -> None:
    assert look(station) == ("1 of 1 seen", [])
    assert kept(station) == (Balance("KES", 17_855_000), clock())
    clock.move(hours=1)
    peer.balance = "USD 2,000.25"
    assert look(station) == ("1 of 1 seen", [])
    assert kept(station) == (Balance("USD", 20_002_500), clock())


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (Raw(200, "<html>Welcome</html>"), "no balance in the answer"),
        (Raw(401, "The supplied authentication is invalid", "text/plain"), "HTTP 401"),
        (Mood.STALL, "ReadTimeoutError"),
        (Mood.DEAF, "ProtocolError"),
    ],
)
def test_what_was_known_stays_with_its_moment_when_a_look_fails(
    station: Container, peer: AfricasTalkingPeer, clock: MovedClock, fault: Mood | Raw, why: str
) -> None:
    peer.looks.append(fault)
    assert look(station) == ("0 of 1 seen", [f"gateway.balance_unknown {NAME} {why}"])
    assert kept(station) == (None, None)
    look(station)
    seen = kept(station)
    clock.move(hours=1)
    peer.looks.append(fault)
    assert look(station) == ("0 of 1 seen", [f"gateway.balance_unknown {NAME} {why}"])
    assert kept(station) == seen == (Balance("KES", 17_855_000), clock.now.replace(hour=10))


def test_a_look_changes_nothing_else_of_a_gateway(station: Container, clock: MovedClock) -> None:
    with transaction(station.engine) as session:
        stop_gateway(session, clock(), NAME, "cli")
    look(station)
    with reading(station.engine) as session:
        state = session.get_one(GatewayState, NAME)
        assert (state.stopped_at, state.stopped_by, state.weight, state.heard_at) == (clock(), "cli", 100, None)


def test_low_credit_is_logged_once_until_it_is_topped_up(station: Container, peer: AfricasTalkingPeer) -> None:
    low = [f"gateway.balance_low {NAME} KES 99.9999"]
    peer.balance = "KES 99.9999"
    assert look(station)[1] == low
    assert look(station)[1] == []
    peer.balance = "KES 100.00"
    assert look(station)[1] == []
    peer.balance = "KES 99.9999"
    assert look(station)[1] == low


@pytest.mark.parametrize(("amount", "low"), [(999_999, True), (1_000_000, False), (1_000_001, False), (-1, True)])
def test_low_is_less_than_the_limit(amount: int, *, low: bool) -> None:
    assert is_low(Balance("KES", amount), Decimal(100)) is low
    assert is_low(Balance("KES", amount), Decimal(0)) is (amount < 0)
    assert not is_low(None, Decimal(100))


@dataclass
class Prepaid(ScriptedGateway):
    """An account that notes how many connections to the database are in use while it is asked."""

    engine: Engine | None = None
    in_use: list[int] = field(default_factory=list)

    def balance(self) -> Balance:
        assert self.engine
        assert isinstance(self.engine.pool, QueuePool)
        self.in_use.append(self.engine.pool.checkedout())
        return Balance("EUR", 1)


def test_no_transaction_is_open_while_the_provider_is_asked(container: Container) -> None:
    gateway = Prepaid(engine=container.engine)
    assert isinstance(gateway, Account)
    look(replace(container, gateways={NAME: gateway}))
    assert gateway.in_use == [0]


def test_it_is_due_every_hour_and_at_an_operators_word(station: Container) -> None:
    (due,) = [one for one in make_jobs(station.settings) if one.name == "balances"]
    assert due.every.total_seconds() == 3600
    answer = CliRunner().invoke(job, ["balances"], obj=station, catch_exceptions=False)
    assert answer.output == "1 of 1 seen\n"
    assert kept(station)[0] == Balance("KES", 17_855_000)


def test_where_no_gateway_has_an_account_nobody_is_asked(container: Container) -> None:
    assert look(container) == ("0 of 0 seen", [])
