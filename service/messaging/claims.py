"""Claims: which waiting messages a sender may take now, each by one sender only. Committed before any call."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session, aliased

from service.domain.kinds import MANNERS, PRIORITIES
from service.domain.states import MessageState
from service.gateways.base import Gateway, Outgoing
from service.gateways.registry import REHEARSES
from service.messaging.budget import Wanted, country_allowed, reserve
from service.messaging.health import locked_state, spend_tokens, stopped, tokens
from service.messaging.outbox import STOP_CONFIRMATION
from service.messaging.quiet import waits_until
from service.messaging.routing import route_due
from service.models import Message, Phone
from service.models.base import table_of
from service.models.gateways import ALL
from service.settings import Settings

LEASE = timedelta(minutes=2)  # far longer than any gateway's time-outs: when it ends, its holder is gone
CAP_WAIT = timedelta(minutes=10)
MESSAGES = table_of(Message)
SET_ASIDE = (
    update(MESSAGES)
    .where(MESSAGES.c.id == bindparam("row"))
    .values(state=bindparam("to"), reason=bindparam("why"), next_at=bindparam("then"), final_at=bindparam("ended"))
)
TAKE = (
    update(MESSAGES)
    .where(MESSAGES.c.id == bindparam("row"))
    .values(
        state=MessageState.ATTEMPTING,
        attempts=MESSAGES.c.attempts + 1,
        attempt_id=bindparam("attempt"),
        lease_until=bindparam("until"),
        cost=bindparam("costs"),
        cost_day=bindparam("day"),
    )
)


@dataclass(frozen=True)
class Call:
    """Messages of one text that go to the gateway together; not after `lease_until`, when others give them up."""

    attempt_id: str
    begun_at: datetime
    ids: Sequence[int]
    batch: Sequence[Outgoing]

    @property
    def lease_until(self) -> datetime:
        """When whoever made the claim counts as gone."""
        return self.begun_at + LEASE


@dataclass(frozen=True)
class Aside:
    """What becomes of a message that is not sent now, and why."""

    state: MessageState
    reason: str = ""
    until: datetime | None = None


def claim(session: Session, settings: Settings, gateway: Gateway, now: datetime, calls: int, rows: int) -> list[Call]:
    """Take up to `rows` messages that are due, in up to `calls` calls, in the caller's transaction.

    One message of a phone is under way at a time: so they come in order, and a receipt tells which it is about.
    """
    state = locked_state(session, gateway.name)
    if stopped(session) & {ALL, gateway.name}:
        return []
    rate = settings.sms_rates.get(gateway.name)
    wanted = min(rows, tokens(state, now, rate, rows))
    fit = _fit(session, settings, gateway.name, now, _waiting(session, settings, gateway.name, now, wanted))
    groups = _groups(fit, gateway.bulk)[:calls]
    costs = _reserved(session, settings, gateway.name, now, [one for group in groups for one in group])
    begun = [_call([one for one in group if one.id in costs], now) for group in groups]
    taken = [call for call in begun if call.ids]
    _take(session, taken, costs, now)
    spend_tokens(state, now, rate, sum(len(call.ids) for call in taken))
    return taken


def _waiting(session: Session, settings: Settings, gateway: str, now: datetime, rows: int) -> list[Any]:
    found = _due(session, gateway, now, rows)
    if len(found) < rows and route_due(session, settings, now):
        found = _due(session, gateway, now, rows)
    return found


def _due(session: Session, gateway: str, now: datetime, rows: int) -> list[Any]:
    """Return the messages that are due, by priority, then by how long they are; locked."""
    found: list[Any] = []
    # Each priority by itself: an index leads to what is due of one, past the thousands that wait for the morning.
    for priority in PRIORITIES:
        if len(found) < rows:
            values = {"through": gateway, "priority": priority, "now": now, "most": rows - len(found)}
            found += session.execute(DUE, values).all()
    return found


UNDER_WAY = aliased(Message)
DUE = (
    select(
        *(Message.id, Message.phone, Message.text, Message.parts, Message.kind, Message.template),
        *(Message.key, Message.created_at, Message.expires_at, Message.attempt_id, Message.next_at, Message.resent),
        *(Phone.stopped_at, Phone.zone),
    )
    .join(Phone, Phone.number == Message.phone)
    .where(
        Message.state == MessageState.QUEUED,
        Message.gateway == bindparam("through"),
        Message.priority == bindparam("priority"),
        Message.next_at <= bindparam("now"),
        Message.phone.not_in(select(UNDER_WAY.phone).where(UNDER_WAY.state == MessageState.ATTEMPTING)),
    )
    .order_by(Message.next_at, Message.id)
    .limit(bindparam("most"))
    .with_for_update(of=Message, skip_locked=True)
)


def _fit(session: Session, settings: Settings, gateway: str, now: datetime, due: list[Any]) -> list[Any]:
    """Return those that may be sent now, one a phone, and set the others aside."""
    firsts = list({one.phone: one for one in reversed(due)}.values())[::-1]
    aside = {one.id: _aside(settings, gateway, now, one) for one in firsts}
    _set_aside(session, now, [(one, why) for one in firsts if (why := aside[one.id])])
    return [one for one in firsts if not aside[one.id]]


def _aside(settings: Settings, gateway: str, now: datetime, one: Any) -> Aside | None:
    # STOP is looked at again: a message may have been written at the same moment, or come back.
    if one.stopped_at is not None and one.template != STOP_CONFIRMATION:
        return Aside(MessageState.CANCELLED, "stop")
    if one.expires_at <= now:
        return Aside(MessageState.EXPIRED, "too late")
    if gateway in REHEARSES:
        return None
    if not country_allowed(settings, one.phone):
        return Aside(MessageState.FAILED, "country not allowed")
    if MANNERS[one.kind].by_day:
        morning = waits_until(now, one.phone, one.zone, settings.quiet_hours)
        return Aside(MessageState.QUEUED, until=morning) if morning else None
    return None


def _groups(fit: Sequence[Any], bulk: int) -> list[list[Any]]:
    """Return the messages by call: of one text, as many as one call carries."""
    texts: dict[str, list[list[Any]]] = {}
    groups = []
    for one in fit:
        same = texts.setdefault(one.text, [])
        if not same or len(same[-1]) == bulk:
            same.append([])
            groups.append(same[-1])
        same[-1].append(one)
    return groups


def _reserved(session: Session, settings: Settings, gateway: str, now: datetime, fit: Sequence[Any]) -> dict[int, int]:
    """Return what each costs, reserved; those over a cap wait."""
    wanted = [Wanted(one.id, one.phone, one.parts, one.kind) for one in fit]
    costs, over = reserve(session, settings, now.astimezone(UTC).date(), gateway, wanted)
    later = now + CAP_WAIT
    full = [(one, Aside(MessageState.QUEUED, f"cap: {over[one.id]}", later)) for one in fit if one.id in over]
    _set_aside(session, now, full)
    return costs


def _set_aside(session: Session, now: datetime, messages: Iterable[tuple[Any, Aside]]) -> None:
    rows = [
        {
            "row": one.id,
            "to": why.state,
            "why": why.reason,
            "then": why.until or one.next_at,
            "ended": None if why.state is MessageState.QUEUED else now,
        }
        for one, why in messages
    ]
    if rows:
        session.connection().execute(SET_ASIDE, rows)


def _call(messages: Sequence[Any], now: datetime) -> Call:
    batch = [Outgoing(_own_id(one), one.phone, one.text) for one in messages]
    return Call(uuid.uuid4().hex, now, [one.id for one in messages], batch)


def _take(session: Session, calls: Sequence[Call], costs: dict[int, int], now: datetime) -> None:
    day = now.astimezone(UTC).date()
    rows = [
        {"row": number, "attempt": call.attempt_id, "until": call.lease_until, "costs": costs[number], "day": day}
        for call in calls
        for number in call.ids
    ]
    if rows:
        session.connection().execute(TAKE, rows)


def _own_id(one: Any) -> str:
    """Return an id that stays the same from attempt to attempt, and that no other database's message has.

    What is sent again on purpose has a new one, or a gateway that knows the old one would not carry it.
    """
    again = f"|{one.resent}" if one.resent else ""
    return str(uuid.uuid5(uuid.NAMESPACE_OID, f"{one.key}|{one.created_at.isoformat()}{again}"))
