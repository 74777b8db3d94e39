"""A phone that goes away for an hour and comes back sends each message once, and tells what became of it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import Engine, func, select

from service.container import Container
from service.domain.states import MessageState
from service.messaging.outbox import tell
from service.messaging.sender import drain
from service.models import Message
from service.models.session import reading, transaction
from tests.conftest import MovedClock
from tests.peers.smsgate import Mood, SmsGatePeer
from tests.service.gateways.test_android import gateway_at

MESSAGES = 8


@pytest.fixture
def peer() -> Iterator[SmsGatePeer]:
    with SmsGatePeer() as peer:
        yield peer


@pytest.fixture
def post(container: Container, peer: SmsGatePeer) -> Container:
    """A service all of whose messages go through the phone."""
    settings = container.settings.model_copy(update={"sms_routes": {"*": ("android",)}})
    return replace(container, settings=settings, gateways={"android": gateway_at(peer.url)})


def queue(post: Container, first: int, count: int) -> None:
    with transaction(post.engine) as session:
        for number in range(first, first + count):
            event, phone = f"K{number}", f"+2126123456{number:02}"
            tell(session, post.clock(), event=event, phone=phone, template="need_saved", reference=event)


def states(engine: Engine) -> dict[MessageState, int]:
    with reading(engine) as session:
        rows = session.execute(select(Message.state, func.count()).group_by(Message.state))
        return {state: count for state, count in rows}  # noqa: C416  # rows are no pairs to the type checker


def work(post: Container, clock: MovedClock, minutes: int) -> None:
    """Let the worker look every minute."""
    for _ in range(minutes):
        while drain(post):
            pass
        clock.move(minutes=1)


def sent(peer: SmsGatePeer) -> Counter[str]:
    return Counter(line.phone for line in peer.ledger)


def test_a_phone_that_is_away_for_an_hour_sends_each_message_once(
    post: Container, peer: SmsGatePeer, clock: MovedClock
) -> None:
    queue(post, 0, MESSAGES)
    peer.go_away()
    work(post, clock, minutes=30)
    queue(post, MESSAGES, MESSAGES)
    work(post, clock, minutes=30)
    assert states(post.engine) == {MessageState.QUEUED: 2 * MESSAGES}
    peer.come_back()
    work(post, clock, minutes=90)
    assert states(post.engine) == {MessageState.ACCEPTED: 2 * MESSAGES}
    assert set(sent(peer).values()) == {1}
    assert len(peer.ledger) == 2 * MESSAGES


@pytest.mark.parametrize("mood", [Mood.RESET, Mood.PARTIAL, Mood.GARBAGE, Mood.BROKEN, Mood.STALL])
def test_a_phone_that_goes_away_in_the_middle_of_an_answer_sends_each_message_once(
    post: Container, peer: SmsGatePeer, clock: MovedClock, mood: Mood
) -> None:
    queue(post, 0, 2)
    peer.plan.extend([mood, mood])
    drain(post)
    assert len(peer.ledger) == 2
    assert states(post.engine) == {MessageState.QUEUED: 2}
    peer.go_away()
    work(post, clock, minutes=60)
    peer.come_back()
    work(post, clock, minutes=60)
    assert states(post.engine) == {MessageState.ACCEPTED: 2}
    assert [*sent(peer).values()] == [1, 1]
