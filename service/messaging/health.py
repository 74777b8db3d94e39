"""What all processes know together of the gateways: rate, health, and whether somebody has stopped them."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from service.domain.states import MessageState
from service.gateways.registry import APART
from service.messaging.once import add_once
from service.models import GatewayState, Message
from service.models.audit import record
from service.models.gateways import ALL

WHOLE = 100
# A gateway that fails loses half its weight at once, at most every few seconds, and wins it back in ten minutes or by
# what it carries well.
LOSES_EVERY = timedelta(seconds=5)
RECOVERS_A_MINUTE = 10
WELL_DONE = 5
# However badly it did, one message in fifty tries it.
LEAST = 2
# A phone that serves as a gateway and has not been heard for so long has no network or no battery.
SILENT_AFTER = timedelta(minutes=15)
# A process that holds a gateway says every minute that it is linked.
UNLINKED_AFTER = timedelta(minutes=5)
THOUSAND = 1000
# Of what waits: that it waits to be handed once more to a gateway that may have it.
BEGUN = Message.attempt_id.is_not(None)


def locked_state(session: Session, name: str) -> GatewayState:
    """Return a gateway's state, made when it is new, locked: one process at a time claims what it carries."""
    state = session.get(GatewayState, name, with_for_update=True, populate_existing=True)
    if state is None:
        add_once(session, GatewayState, unique="name", name=name, tokens=0, weight=WHOLE, stopped_by="")
        state = session.get_one(GatewayState, name, with_for_update=True)
    return state


def stopped(session: Session) -> frozenset[str]:
    """Return the gateways that somebody stopped, `*` for all."""
    return frozenset(session.scalars(select(GatewayState.name).where(GatewayState.stopped_at.is_not(None))))


def weights(session: Session, now: datetime) -> Mapping[str, int]:
    """Return the weight of each gateway that there is something to say of, 0 to 100; of the others it is 100."""
    return {state.name: weight(state, now) for state in session.scalars(select(GatewayState))}


def runs(worth: Mapping[str, int], name: str) -> bool:
    """Tell from the `weights` whether anything may be sent through a gateway now."""
    return bool(worth.get(ALL, WHOLE) and worth.get(name, WHOLE))


def is_silent(name: str, heard_at: datetime | None, now: datetime) -> bool:
    """Tell whether a gateway that should be heard was not for long, or ever."""
    return heard_at is None or now - heard_at >= (UNLINKED_AFTER if name in APART else SILENT_AFTER)


def fell_silent(state: GatewayState, now: datetime) -> bool:
    """Tell whether a gateway that had been heard was not for long."""
    return state.heard_at is not None and is_silent(state.name, state.heard_at, now)


def weight(state: GatewayState, now: datetime) -> int:
    """Return what a gateway's word is worth now: 0 when it is stopped, little when it is silent, else as it did.

    One that only a process of its own may try is worth 0 too when it is silent: what was routed there would fail
    nowhere, and find no other way.
    """
    held_by_none = state.name in APART and is_silent(state.name, state.heard_at, now)
    if state.stopped_at is not None or held_by_none:
        return 0
    if fell_silent(state, now):
        return LEAST
    minutes = (now - state.weighed_at) / timedelta(minutes=1) if state.weighed_at else 0
    return max(LEAST, min(WHOLE, state.weight + int(minutes * RECOVERS_A_MINUTE)))


def weigh(state: GatewayState, now: datetime, well: int, badly: int) -> None:
    """Note how many calls went well and how many failed for the gateway's own reasons."""
    worth = weight(state, now)
    if badly > well and (state.weighed_at is None or worth == WHOLE or now - state.weighed_at >= LOSES_EVERY):
        state.weight, state.weighed_at = max(LEAST, worth // 2), now
    elif well and not badly and worth < WHOLE:
        state.weight, state.weighed_at = min(WHOLE, worth + WELL_DONE), now


def tokens(state: GatewayState, now: datetime, rate: float | None, wanted: int) -> int:
    """Return how many messages the gateway's token bucket lets through now; it fills with `rate` a second."""
    return wanted if rate is None else _filled(state, now, rate) // THOUSAND


def spend_tokens(state: GatewayState, now: datetime, rate: float | None, count: int) -> None:
    """Take the tokens of as many messages as were claimed."""
    if rate is not None and count:
        state.tokens, state.tokens_at = _filled(state, now, rate) - count * THOUSAND, now


def _filled(state: GatewayState, now: datetime, rate: float) -> int:
    most = max(THOUSAND, int(rate * THOUSAND))  # a second's worth, one message at least
    if state.tokens_at is None:
        return most
    return min(most, state.tokens + int((now - state.tokens_at).total_seconds() * rate * THOUSAND))


def stop_gateway(session: Session, now: datetime, name: str, by: str) -> None:
    """Send nothing more through a gateway, through any for `*`; what it has not begun goes through another."""
    state = locked_state(session, name)
    state.stopped_at, state.stopped_by = state.stopped_at or now, state.stopped_by or by
    record(session, now, by, "gateway.stopped", f"gateway:{name}")
    unroute(session, Message.gateway == name)


def start_gateway(session: Session, now: datetime, name: str, by: str) -> None:
    """Send through a gateway again, with a fresh reputation."""
    state = locked_state(session, name)
    state.stopped_at, state.stopped_by, state.weight, state.weighed_at = None, "", WHOLE, now
    record(session, now, by, "gateway.started", f"gateway:{name}")
    # What waits at one that stays stopped may be for this one.
    unroute(session, Message.gateway.in_(stopped(session)))


def unroute_strangers(session: Session, now: datetime, known: Collection[str]) -> None:
    """Let what waits for a gateway that no route names any more be routed anew; what it may have begun is in doubt."""
    strange = Message.gateway.not_in(known)
    unroute(session, strange)
    _change_waiting(session, BEGUN, strange, state=MessageState.UNKNOWN, next_at=now)


def unroute(session: Session, which: ColumnElement[bool]) -> None:
    """Take the gateway from waiting messages; not from what a gateway may have begun, which would send it twice."""
    _change_waiting(session, ~BEGUN, which, gateway=None)


def _change_waiting(session: Session, *which: ColumnElement[bool], **values: object) -> None:
    waiting = update(Message).where(Message.state == MessageState.QUEUED, *which)
    session.execute(waiting.values(**values).execution_options(synchronize_session=False))
