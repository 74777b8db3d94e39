"""A phone that falls silent is told of once; where it is looked after, it is seen until it is heard again."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from sqlalchemy import event
from structlog.testing import capture_logs

from service.container import Container
from service.messaging.liveness import Silence, heard, silent, watch
from service.models import GatewayState
from service.models.session import reading, transaction
from tests.conftest import MovedClock

PHONE = "android"


@pytest.fixture
def station(container: Container) -> Container:
    """A service that sends through a phone."""
    settings = container.settings.model_copy(update={"sms_routes": {"+212": (PHONE,), "*": ("console",)}})
    return replace(container, settings=settings)


def tell(station: Container) -> None:
    with transaction(station.engine) as session:
        heard(session, station.clock(), PHONE)


def silences(station: Container) -> list[Silence]:
    with reading(station.engine) as session:
        return silent(session, station.clock(), {PHONE})


def warnings(station: Container) -> list[str]:
    with capture_logs() as logs:
        watch(station)
    return [f"{entry['event']} {entry['gateway']} {entry['since']}" for entry in logs]


def test_a_phone_is_silent_after_a_quarter_of_an_hour(station: Container, clock: MovedClock) -> None:
    assert silences(station) == [Silence(PHONE, None)]
    tell(station)
    began = clock()
    clock.move(minutes=14, seconds=59)
    assert silences(station) == []
    clock.move(seconds=1)
    assert silences(station) == [Silence(PHONE, began)]
    tell(station)
    assert silences(station) == []


def test_each_silence_is_warned_of_once(station: Container, clock: MovedClock) -> None:
    assert warnings(station) == ["gateway.silent android ever"]
    assert warnings(station) == []
    for _ in range(2):
        tell(station)
        assert warnings(station) == []
        since = clock().isoformat()
        clock.move(minutes=15)
        assert warnings(station) == [f"gateway.silent android {since}"]
        clock.move(hours=3)
        assert warnings(station) == []


def test_of_many_who_watch_one_warns(station: Container, clock: MovedClock) -> None:
    tell(station)
    clock.move(minutes=16)
    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(lambda _: watch(station), range(5))) == 1


def test_a_phone_that_comes_back_is_said_to(station: Container, clock: MovedClock) -> None:
    watch(station)
    with capture_logs() as logs:
        tell(station)
        clock.move(minutes=1)
        tell(station)
    assert [entry["event"] for entry in logs] == ["gateway.heard_again"]


def test_a_busy_phone_writes_once_a_minute(station: Container, clock: MovedClock) -> None:
    tell(station)
    written: list[str] = []

    def note(*told: object) -> None:
        written.extend(str(one) for one in told if str(one).startswith(("UPDATE", "INSERT")))

    event.listen(station.engine, "before_cursor_execute", note)
    for _ in range(11):
        clock.move(seconds=5)
        tell(station)
    assert written == []
    clock.move(seconds=5)
    tell(station)
    event.remove(station.engine, "before_cursor_execute", note)
    assert written
    with reading(station.engine) as session:
        assert session.get_one(GatewayState, PHONE).heard_at == clock()


def test_a_gateway_that_says_nothing_by_nature_is_not_missed(container: Container, clock: MovedClock) -> None:
    clock.move(days=1)
    assert watch(container) == 0
