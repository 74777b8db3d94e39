"""What waits for a gateway whose own process is not there goes another way, where there is one; then it ends."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from service.container import Container
from service.domain.states import MessageState
from service.messaging.liveness import heard, watch
from service.messaging.outbox import tell
from service.messaging.sender import drain
from service.models import Message
from service.models.session import reading, transaction
from tests.conftest import MovedClock
from tests.peers.scripted import ScriptedGateway

SMPP, QUEUED, EXPIRED = "smpp", MessageState.QUEUED, MessageState.EXPIRED
PHONE = "+212612345678"


@pytest.fixture
def other() -> ScriptedGateway:
    """The gateway that the worker holds; `smpp` is held by nobody."""
    return ScriptedGateway()


@pytest.fixture
def worker(container: Container, other: ScriptedGateway) -> Container:
    return routed(replace(container, gateways={other.name: other}), (SMPP, other.name))


def routed(worker: Container, gateways: tuple[str, ...]) -> Container:
    """Send all of Morocco through these, the rest through the worker's own."""
    routes = {"+212": gateways, "*": ("africastalking",)}
    return replace(worker, settings=worker.settings.model_copy(update={"sms_routes": routes}))


def queue(worker: Container, count: int) -> None:
    with transaction(worker.engine) as session:
        for number in range(count):
            event, phone = f"K{number}", f"{PHONE[:-2]}{number:02}"
            tell(session, worker.clock(), event=event, phone=phone, template="need_saved", reference=event)


def tell_that_it_is_there(worker: Container) -> None:
    with transaction(worker.engine) as session:
        heard(session, worker.clock(), SMPP)


def states(worker: Container) -> set[tuple[MessageState, str | None, str]]:
    with reading(worker.engine) as session:
        return {(one.state, one.gateway, one.reason) for one in session.scalars(select(Message))}


def test_what_nobody_would_take_goes_through_the_next_gateway(worker: Container, other: ScriptedGateway) -> None:
    queue(worker, 20)
    drain(worker)
    assert (states(worker), other.sent) == ({(QUEUED, SMPP, "")}, [])
    assert watch(worker) == 1
    drain(worker)
    assert len({one.phone for one in other.sent}) == len(other.sent) == 20
    assert watch(worker) == 0


def test_it_is_given_five_minutes_and_carries_again_when_it_is_heard_again(
    worker: Container, other: ScriptedGateway, clock: MovedClock
) -> None:
    tell_that_it_is_there(worker)
    queue(worker, 20)
    for seconds in (0, 299):
        clock.move(seconds=seconds)
        watch(worker)
        drain(worker)
        assert (states(worker), other.sent) == ({(QUEUED, SMPP, "")}, [])
    tell_that_it_is_there(worker)
    clock.move(minutes=5)
    watch(worker)
    # Whose route is looked for now does not even try the first.
    drain(worker)
    assert len(other.sent) == 20
    tell_that_it_is_there(worker)
    with transaction(worker.engine) as session:
        tell(session, clock(), event="later", phone=PHONE, template="need_saved", reference="later")
    drain(worker)
    assert (QUEUED, SMPP, "") in states(worker)
    assert len(other.sent) == 20


def test_what_had_begun_there_stays(worker: Container, other: ScriptedGateway) -> None:
    queue(worker, 3)
    drain(worker)
    with transaction(worker.engine) as session:
        first, second, third = session.scalars(select(Message.id).order_by(Message.id))
        begun = update(Message).values(attempt_id="a", attempts=1)
        session.execute(begun.where(Message.id == first).values(state=MessageState.UNKNOWN, next_at=worker.clock()))
        session.execute(begun.where(Message.id == second).values(state=MessageState.ATTEMPTING))
        session.execute(begun.where(Message.id == third))
    watch(worker)
    drain(worker)
    assert other.sent == []
    assert {gateway for _, gateway, _ in states(worker)} == {SMPP}


@pytest.mark.parametrize("routed_before", [True, False])
def test_where_there_is_no_other_it_waits_and_ends_when_it_is_too_late(
    worker: Container, other: ScriptedGateway, clock: MovedClock, *, routed_before: bool
) -> None:
    alone = routed(worker, (SMPP,))
    queue(alone, 3)
    if routed_before:
        drain(alone)
    before = states(alone)
    clock.move(days=6, hours=23)
    watch(alone)
    assert states(alone) == before == {(QUEUED, SMPP if routed_before else None, "")}
    clock.move(hours=1)
    watch(alone)
    assert {(state, reason) for state, _, reason in states(alone)} == {(EXPIRED, "too late")}
    with reading(alone.engine) as session:
        assert set(session.scalars(select(Message.final_at))) == {clock()}
    assert other.sent == []


def test_one_that_is_heard_keeps_what_waits_for_it(worker: Container, clock: MovedClock) -> None:
    tell_that_it_is_there(worker)
    queue(worker, 1)
    drain(worker)
    with transaction(worker.engine) as session:
        session.execute(update(Message).values(expires_at=clock()))
    assert watch(worker) == 0
    assert states(worker) == {(QUEUED, SMPP, "")}
