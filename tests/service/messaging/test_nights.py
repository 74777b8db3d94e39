"""What a claim looks at: the night of each receiver, and what was stopped while a call waited for its connection."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import select

from service.container import Container
from service.domain.kinds import Kind
from service.domain.states import MessageState
from service.gateways.base import Outcome, Outgoing, Sent
from service.messaging.health import stop_gateway
from service.messaging.outbox import write
from service.messaging.receivers import receiver
from service.messaging.sender import drain
from service.messaging.unknown import resend_unknown
from service.models import Message
from service.models.session import reading, transaction
from service.usecases.phones import stop
from tests.conftest import MovedClock
from tests.service.messaging.test_quiet import PARIS, utc
from tests.service.messaging.test_sender import FakeGateway

EVENING, NIGHT, MORNING = utc("2026-11-23", 19, 50), utc("2026-11-23", 21, 30), utc("2026-11-24", 7)
AT_ONCE = {Kind.REPLY, Kind.SECURITY}
OTHERS = ("+33639980002", "+33639980003", "+33639980004")


class Post:
    """A gateway with one connection, and what waits for it."""

    def __init__(self, container: Container, clock: MovedClock) -> None:
        self.gateway, self.clock = FakeGateway(), clock
        settings = container.settings.model_copy(update={"sms_routes": {"*": (self.gateway.name,)}})
        self.container = replace(container, settings=settings, gateways={self.gateway.name: self.gateway})

    def write(self, kind: Kind, phone: str = PARIS, zone: str | None = None) -> None:
        with transaction(self.container.engine) as session:
            receiver(session, phone).zone = zone
            now = self.clock()
            write(session, now, event="e", phone=phone, language="fr", kind=kind, template="written", text="Bonjour")

    def drain(self) -> list[str]:
        """Send what may be sent; return to whom."""
        before = len(self.gateway.sent)
        drain(self.container)
        return [one.phone for one in self.gateway.sent[before:]]

    def states(self) -> dict[str, tuple[MessageState, int]]:
        with reading(self.container.engine) as session:
            return {one.phone: (one.state, one.attempts) for one in session.scalars(select(Message))}

    def waits_until(self) -> datetime:
        with reading(self.container.engine) as session:
            return session.scalars(select(Message).where(Message.state == MessageState.QUEUED)).one().next_at

    def answers(self, outcome: Outcome) -> None:
        self.gateway.answer = lambda _: Sent(outcome)

    def meanwhile(self, act: Callable[[], None]) -> None:
        """Let this happen within the first call, which takes two seconds."""
        waiting = [act]

        def answer(message: Outgoing) -> Sent:
            while waiting:
                waiting.pop()()
                self.clock.move(seconds=2)
            return Sent(Outcome.ACCEPTED, f"id-{message.id}")

        self.gateway.answer = answer


@pytest.fixture
def post(container: Container, clock: MovedClock) -> Post:
    return Post(container, clock)


@pytest.mark.parametrize("kind", Kind)
def test_at_night_only_what_its_reader_waits_for_leaves(post: Post, kind: Kind) -> None:
    post.clock.now = NIGHT
    post.write(kind)
    assert post.drain() == ([PARIS] if kind in {*AT_ONCE, Kind.RECORD} else [])


@pytest.mark.parametrize("kind", Kind)
def test_what_was_held_up_until_the_night_waits_for_the_morning(post: Post, kind: Kind) -> None:
    post.clock.now = NIGHT
    post.write(kind)
    post.clock.move(minutes=31)
    assert post.drain() == ([PARIS] if kind in AT_ONCE else [])
    if kind not in AT_ONCE:
        assert post.waits_until() == MORNING
        post.clock.now = MORNING
        assert post.drain() == [PARIS]


def test_night_is_where_the_receiver_lives(post: Post) -> None:
    post.clock.now = utc("2026-11-23", 12)
    post.write(Kind.NEWS, zone="America/Toronto")
    post.write(Kind.NEWS, OTHERS[0])
    assert post.drain() == [OTHERS[0]]
    assert post.waits_until() == utc("2026-11-23", 13)


def test_what_a_sender_may_still_hold_when_the_night_begins_waits(post: Post) -> None:
    post.clock.now = utc("2026-11-23", 19, 57)
    post.write(Kind.NEWS)
    assert post.drain() == []
    assert post.waits_until() == MORNING


@pytest.mark.parametrize("outcome", [Outcome.RETRY, Outcome.UNKNOWN])
def test_what_is_sent_again_is_not_sent_again_at_night(post: Post, outcome: Outcome) -> None:
    post.clock.now = EVENING
    post.write(Kind.NEWS)
    post.answers(outcome)
    assert post.drain() == [PARIS]
    post.answers(Outcome.ACCEPTED)
    post.clock.move(hours=3)
    with transaction(post.container.engine) as session:
        resend_unknown(session, post.clock())
    assert post.drain() == []
    assert post.waits_until() == MORNING
    post.clock.now = MORNING
    assert post.drain() == [PARIS]


def test_who_said_stop_while_a_call_waited_is_not_in_it(post: Post) -> None:
    post.gateway.bulk = 2
    phones = (PARIS, *OTHERS)
    for phone in phones:
        post.write(Kind.NEWS, phone)

    def say_stop() -> None:
        with transaction(post.container.engine) as session:
            stop(session, post.clock(), phones[3], "ussd")

    post.meanwhile(say_stop)
    assert post.drain() == list(phones[:3])
    assert post.states()[phones[3]] == (MessageState.CANCELLED, 0)


def test_a_gateway_that_was_stopped_begins_no_call_that_waited(post: Post) -> None:
    for phone in (PARIS, *OTHERS):
        post.write(Kind.NEWS, phone)

    def stop_it() -> None:
        with transaction(post.container.engine) as session:
            stop_gateway(session, post.clock(), post.gateway.name, "user:1")

    post.meanwhile(stop_it)
    assert post.drain() == [PARIS]
    assert {post.states()[phone] for phone in OTHERS} == {(MessageState.QUEUED, 0)}
