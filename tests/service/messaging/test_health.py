"""Gateways that fail lose their weight to the next and win it back; rates are kept; people can stop them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from service.container import Container
from service.domain.states import MessageState
from service.gateways.base import Gateway, Outcome, Outgoing, Sent
from service.messaging.health import (
    LEAST,
    SILENT_AFTER,
    locked_state,
    start_gateway,
    stop_gateway,
    weight,
)
from service.messaging.outbox import tell
from service.messaging.routing import choose
from service.messaging.sender import drain
from service.models import AuditEntry, GatewayState, Message
from service.models.gateways import ALL
from service.models.session import reading, transaction
from tests.conftest import MovedClock
from tests.service.messaging.test_sender import FakeGateway

FIRST, SECOND = "africastalking", "console"


def fails(_: Outgoing) -> Sent:
    return Sent(Outcome.RETRY, reason="no route")


class Post:
    """Two gateways on one route."""

    def __init__(self, container: Container, **settings: object) -> None:
        self.first, self.second = FakeGateway(name=FIRST), FakeGateway(name=SECOND)
        gateways: dict[str, Gateway] = {FIRST: self.first, SECOND: self.second}
        routes = {"*": (FIRST, SECOND)}
        changed = container.settings.model_copy(update={"sms_routes": routes, "quiet_hours": (0, 0), **settings})
        self.container = replace(container, settings=changed, gateways=gateways)
        self.told = 0

    def queue(self, count: int) -> None:
        with transaction(self.container.engine) as session:
            for _ in range(count):
                self.told += 1
                phone = f"+33639{self.told:06}"
                event = f"e{self.told}"
                tell(session, self.container.clock(), event=event, phone=phone, template="refused", reference="K7-4Q2")

    def change(self, act: Callable[..., None], name: str) -> None:
        with transaction(self.container.engine) as session:
            act(session, self.container.clock(), name, "user:1")

    def weight(self) -> int:
        with transaction(self.container.engine) as session:
            return weight(locked_state(session, FIRST), self.container.clock())

    def states(self) -> Counter[MessageState]:
        with reading(self.container.engine) as session:
            return Counter(session.scalars(select(Message.state)))


@pytest.fixture
def post(container: Container) -> Post:
    return Post(container)


def test_all_goes_through_the_first_while_it_does_well(post: Post) -> None:
    post.queue(20)
    drain(post.container)
    assert (len(post.first.sent), len(post.second.sent)) == (20, 0)


def test_a_gateway_that_fails_loses_its_weight_and_the_next_carries_what_it_could_not(
    post: Post, clock: MovedClock
) -> None:
    post.first.answer = fails
    for _ in range(6):
        post.queue(10)
        drain(post.container)
        clock.move(seconds=10)
    assert post.weight() < 30
    for _ in range(60):  # an hour
        drain(post.container)
        clock.move(minutes=1)
    # What had five attempts through a gateway that fails is given up; hardly any has.
    carried = post.states()[MessageState.ACCEPTED]
    assert carried == len(post.second.sent) >= 50
    assert len({one.id for one in post.second.sent}) == carried


def test_a_gateway_recovers_by_itself(post: Post, clock: MovedClock) -> None:
    post.first.answer = fails
    for _ in range(10):
        # So many that chance does not spare it.
        post.queue(5)
        drain(post.container)
        clock.move(seconds=10)
    assert post.weight() < 30
    post.first.answer = lambda message: Sent(Outcome.ACCEPTED, message.id)
    clock.move(minutes=10)
    assert post.weight() == 100


def test_a_number_that_is_refused_says_nothing_of_the_gateway(post: Post) -> None:
    post.first.answer = lambda _: Sent(Outcome.REFUSED, reason="403")
    post.queue(10)
    drain(post.container)
    assert post.weight() == 100


def test_the_last_of_a_route_carries_what_is_left_however_it_fares() -> None:
    assert choose((FIRST,), {FIRST: 2}) == FIRST
    assert choose((FIRST, SECOND), {FIRST: 0, SECOND: 2}) == SECOND
    assert choose((FIRST, SECOND), {FIRST: 0, SECOND: 0}) == FIRST
    shares = Counter(choose((FIRST, SECOND), {FIRST: 50}) for _ in range(2_000))
    assert 850 < shares[FIRST] < 1150


def test_a_gateway_not_heard_for_a_quarter_of_an_hour_is_hardly_used(post: Post, clock: MovedClock) -> None:
    with transaction(post.container.engine) as session:
        locked_state(session, FIRST).heard_at = clock()
    assert post.weight() == 100
    clock.now += SILENT_AFTER + timedelta(seconds=1)
    assert post.weight() == LEAST


def test_a_stopped_gateway_carries_nothing_and_the_other_takes_over(post: Post) -> None:
    post.queue(5)
    post.change(stop_gateway, FIRST)
    drain(post.container)
    assert (len(post.first.sent), len(post.second.sent)) == (0, 5)
    post.change(start_gateway, FIRST)
    post.queue(5)
    drain(post.container)
    assert len(post.first.sent) == 5
    with reading(post.container.engine) as session:
        audited = session.scalars(select(AuditEntry.action).where(AuditEntry.actor == "user:1")).all()
        assert audited == ["gateway.stopped", "gateway.started"]


def test_what_waits_for_a_stopped_gateway_holds_nothing_else_back(container: Container) -> None:
    post = Post(container, sms_routes={"*": (FIRST,), "+212": (SECOND,)})
    post.change(stop_gateway, FIRST)
    post.queue(1_100)
    with transaction(container.engine) as session:
        phone = "+212612000001"
        tell(session, container.clock(), event="later", phone=phone, template="refused", reference="K7-4Q2")
    drain(post.container)
    assert [one.phone for one in post.second.sent] == [phone]


def test_what_waits_because_all_of_its_route_are_stopped_goes_through_the_first_that_is_started(post: Post) -> None:
    post.change(stop_gateway, FIRST)
    post.change(stop_gateway, SECOND)
    post.queue(5)
    drain(post.container)
    assert post.states() == {MessageState.QUEUED: 5}
    post.change(start_gateway, SECOND)
    drain(post.container)
    assert (len(post.first.sent), len(post.second.sent)) == (0, 5)


def test_when_all_is_stopped_nothing_leaves_and_nothing_is_lost(post: Post, clock: MovedClock) -> None:
    post.queue(5)
    post.change(stop_gateway, ALL)
    drain(post.container)
    clock.move(minutes=5)
    drain(post.container)
    assert post.states() == {MessageState.QUEUED: 5}
    post.change(start_gateway, ALL)
    drain(post.container)
    assert post.states() == {MessageState.ACCEPTED: 5}


def test_a_gateway_is_given_no_more_a_second_than_it_asks_for(container: Container, clock: MovedClock) -> None:
    post = Post(container, sms_rates={FIRST: 2.0}, sms_routes={"*": (FIRST,)})
    post.queue(7)
    counts = []
    for _ in range(4):
        drain(post.container)
        counts.append(len(post.first.sent))
        clock.move(seconds=1)
    assert counts == [2, 4, 6, 7]


def test_a_slow_rate_adds_up(container: Container, clock: MovedClock) -> None:
    post = Post(container, sms_rates={FIRST: 0.1}, sms_routes={"*": (FIRST,)})
    post.queue(3)
    for _ in range(4):
        drain(post.container)
        clock.move(seconds=5)
    assert len(post.first.sent) == 2


def test_what_waits_for_a_gateway_that_no_route_names_any_more_goes_another_way(post: Post) -> None:
    post.queue(3)
    with transaction(post.container.engine) as session:
        for message in session.scalars(select(Message)):
            message.gateway = "android"
    drain(post.container)
    assert post.states() == {MessageState.ACCEPTED: 3}


def test_what_a_repeatable_gateway_may_have_begun_stays_with_it(post: Post, clock: MovedClock) -> None:
    post.first.repeatable = True
    post.first.answer = lambda _: Sent(Outcome.UNKNOWN, reason="time-out")
    post.queue(1)
    drain(post.container)
    assert post.states() == {MessageState.QUEUED: 1}
    post.change(stop_gateway, FIRST)
    clock.move(minutes=2)
    drain(post.container)
    assert post.second.sent == []
    post.change(start_gateway, FIRST)
    post.first.answer = lambda message: Sent(Outcome.ACCEPTED, message.id)
    drain(post.container)
    assert post.states() == {MessageState.ACCEPTED: 1}
    assert len({one.id for one in post.first.sent}) == 1


def test_the_states_of_gateways_are_made_once(post: Post) -> None:
    post.queue(2)
    drain(post.container)
    with reading(post.container.engine) as session:
        assert set(session.scalars(select(GatewayState.name))) == {FIRST, SECOND}
