"""A phone that goes away for an hour and comes back sends each message once, and tells what became of it."""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from sqlalchemy import Engine, func, select

from service.container import Container
from service.domain.kinds import MANNERS, Kind
from service.domain.states import MessageState
from service.gateways.android import AndroidGateway
from service.gateways.base import Outgoing, Sent
from service.messaging import routing
from service.messaging.claims import claim
from service.messaging.health import locked_state
from service.messaging.liveness import heard
from service.messaging.outbox import tell
from service.messaging.receipts import DOUBTED
from service.messaging.records import Answered, settle
from service.messaging.sender import LEASE, drain
from service.messaging.unknown import resend_unknown
from service.models import Message
from service.models.session import reading, transaction
from service.usecases.messages import dead_letters, gateways_now, replay
from service.web.android import take_event
from tests.conftest import MovedClock
from tests.peers.smsgate import Mood, SmsGatePeer, Taken
from tests.service.gateways.test_android import gateway_at
from tests.service.messaging.test_sender import FakeGateway

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


def tell_of(post: Container, peer: SmsGatePeer, *events: str) -> None:
    """Let the phone tell what became of each text it took."""
    for line, event in product(list(peer.ledger), events):
        tell_of_one(post, peer, line, event)


def tell_of_one(post: Container, peer: SmsGatePeer, line: Taken, event: str) -> None:
    told = peer.sent(event, line, f"{event} {line.id}")
    take_event(post, {"event": event, "id": told["id"], "messageId": line.id, "phoneNumber": line.phone})


TOLD = pytest.mark.parametrize(
    ("events", "state"),
    [
        (("sms:sent",), MessageState.ACCEPTED),
        (("sms:sent", "sms:delivered"), MessageState.DELIVERED),
        (("sms:delivered", "sms:sent"), MessageState.DELIVERED),
        (("sms:sent", "sms:failed"), MessageState.FAILED),
    ],
)


@TOLD
def test_what_the_phone_tells_of_a_text_it_gave_no_answer_to_ends_the_doubt(
    post: Container, peer: SmsGatePeer, clock: MovedClock, events: tuple[str, ...], state: MessageState
) -> None:
    queue(post, 0, 1)
    peer.plan.append(Mood.RESET)
    drain(post)
    assert states(post.engine) == {MessageState.QUEUED: 1}
    tell_of(post, peer, *events)
    assert states(post.engine) == {state: 1}
    peer.go_away()  # its webhooks still come
    work(post, clock, minutes=120)
    with transaction(post.engine) as session:
        assert resend_unknown(session, clock()) == 0
    peer.come_back()
    work(post, clock, minutes=5)
    assert states(post.engine) == {state: 1}
    assert [*sent(peer).values()] == [1]


class During(AndroidGateway):
    """The phone, and what happens while it is called."""

    def __init__(self, peer: SmsGatePeer, happens: Callable[[], None]) -> None:
        self._api = gateway_at(peer.url)._api
        self._sim, self._happens = 0, happens

    def send(self, batch: Sequence[Outgoing]) -> list[Sent]:
        answered = super().send(batch)
        self._happens()
        return answered


@TOLD
@pytest.mark.parametrize("moods", [[Mood.ACCEPT], [Mood.RESET], [Mood.RESET, Mood.ACCEPT], [Mood.RESET] * 5])
def test_what_the_phone_tells_during_a_call_counts(
    post: Container,
    peer: SmsGatePeer,
    clock: MovedClock,
    events: tuple[str, ...],
    state: MessageState,
    moods: list[Mood],
) -> None:
    queue(post, 0, 1)
    peer.plan.extend(moods)
    while len(peer.plan) > 1:
        drain(post)
        clock.move(hours=2)
    during = During(peer, lambda: tell_of(post, peer, *events))
    drain(replace(post, gateways={during.name: during}))
    assert states(post.engine) == {state: 1}
    work(post, clock, minutes=120)
    assert states(post.engine) == {state: 1}
    assert [*sent(peer).values()] == [1]


@TOLD
def test_what_the_phone_tells_counts_also_when_its_caller_dies(
    post: Container, peer: SmsGatePeer, clock: MovedClock, events: tuple[str, ...], state: MessageState
) -> None:
    def die() -> None:
        tell_of(post, peer, *events)
        raise SystemExit

    queue(post, 0, 1)
    during = During(peer, die)
    with pytest.raises(SystemExit):
        drain(replace(post, gateways={during.name: during}))
    peer.go_away()
    clock.now += LEASE + timedelta(seconds=1)
    drain(post)
    assert states(post.engine) == {state: 1}
    peer.come_back()


def test_what_stayed_in_doubt_is_sent_once_more_under_the_id_that_the_phone_has(
    post: Container, peer: SmsGatePeer, clock: MovedClock
) -> None:
    queue(post, 0, 1)
    peer.plan.append(Mood.RESET)
    drain(post)
    peer.go_away()
    work(post, clock, minutes=120)
    assert states(post.engine) == {MessageState.UNKNOWN: 1}
    clock.now += DOUBTED
    with transaction(post.engine) as session:
        assert resend_unknown(session, clock()) == 1
    peer.come_back()
    work(post, clock, minutes=5)
    assert states(post.engine) == {MessageState.ACCEPTED: 1}
    tell_of(post, peer, "sms:delivered")
    assert states(post.engine) == {MessageState.DELIVERED: 1}
    assert [*sent(peer).values()] == [1]


def test_a_phone_that_takes_texts_and_cannot_send_them_loses_them_to_the_next_gateway_and_nothing_is_lost(
    post: Container, peer: SmsGatePeer, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "DICE", random.Random(20_261_128))  # noqa: S311  # the same on every run
    other = FakeGateway()
    both = post.settings.model_copy(update={"sms_routes": {"*": ("android", other.name)}})
    post = replace(post, settings=both, gateways={**post.gateways, other.name: other})

    def pass_minutes(minutes: int, event: str, first: int) -> None:
        for number in range(minutes):
            queue(post, first + number, 1)
            drain(post)
            for line in peer.ledger[len(told) :]:
                told.append(line)
                tell_of_one(post, peer, line, event)
            clock.move(seconds=10)

    told: list[Taken] = []
    pass_minutes(60, "sms:failed", 0)
    lost = len(told)
    assert 0 < lost < 30
    assert len(other.sent) == 60 - lost
    with reading(post.engine) as session:
        assert {one.name for one in gateways_now(session, clock(), ["android", other.name]) if one.weight < 50} == {
            "android"
        }
        letters = dead_letters(session, 100)
    assert len(letters) == lost
    assert all(letter.may_replay for letter in letters)

    clock.move(minutes=10)
    pass_minutes(20, "sms:sent", 60)
    assert len(told) == lost + 20
    with transaction(post.engine) as session:
        for letter in letters:
            replay(session, clock(), actor="user:1", message_id=letter.id)
    drain(post)
    assert states(post.engine) == {MessageState.ACCEPTED: 80}
    assert len({line.id for line in peer.ledger}) == len(peer.ledger) == 20 + 2 * lost
    with reading(post.engine) as session:
        assert dead_letters(session, 1) == []


@pytest.mark.parametrize("given_back", [False, True])
def test_what_is_in_doubt_at_a_phone_that_no_route_names_any_more_is_sent_once_more_another_way(
    post: Container, peer: SmsGatePeer, clock: MovedClock, *, given_back: bool
) -> None:
    queue(post, 0, 1)
    peer.plan.append(Mood.RESET)
    drain(post)
    clock.move(minutes=2)
    if given_back:
        give_back_uncalled(post)
    other = FakeGateway()
    routes = post.settings.model_copy(update={"sms_routes": {"*": (other.name,)}})
    changed = replace(post, settings=routes, gateways={other.name: other})
    drain(changed)
    assert (states(post.engine), other.sent) == ({MessageState.UNKNOWN: 1}, [])
    clock.now += DOUBTED
    with transaction(post.engine) as session:
        assert resend_unknown(session, clock()) == 1
    drain(changed)
    assert states(post.engine) == {MessageState.ACCEPTED: 1}
    assert len(other.sent) == 1


def give_back_uncalled(post: Container) -> None:
    """Claim what waits and give it back, as a worker does that is told to end."""
    android, now = post.gateways["android"], post.clock()
    with transaction(post.engine) as session:
        calls = claim(session, post.settings, android, locked_state(session, "android"), now, 1, 1)
        assert calls
        settle(session, android, now, [Answered(call, None) for call in calls])


def test_what_waits_for_a_phone_that_is_off_for_hours_leaves_when_it_is_back(
    post: Container, peer: SmsGatePeer, clock: MovedClock
) -> None:
    def be_heard() -> None:
        with transaction(post.engine) as session:
            heard(session, clock(), "android")

    queue(post, 0, 3)
    be_heard()
    peer.go_away()
    work(post, clock, minutes=360)
    assert states(post.engine) == {MessageState.QUEUED: 3}
    peer.come_back()
    be_heard()
    work(post, clock, minutes=21)
    assert states(post.engine) == {MessageState.ACCEPTED: 3}
    assert len(peer.ledger) == 3


def test_what_waits_for_a_phone_that_stays_away_ends_with_its_life(
    post: Container, peer: SmsGatePeer, clock: MovedClock
) -> None:
    with transaction(post.engine) as session:
        heard(session, clock(), "android")
    queue(post, 0, 1)
    peer.go_away()
    work(post, clock, minutes=240)
    assert states(post.engine) == {MessageState.QUEUED: 1}
    clock.now += MANNERS[Kind.RECORD].life
    drain(post)
    assert states(post.engine) == {MessageState.EXPIRED: 1}
    peer.come_back()
