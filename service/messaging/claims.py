"""Claims: which waiting messages a sender may take now, each by one sender only. Committed before any call."""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from hashlib import blake2b
from typing import Any

from sqlalchemy import CTE, ColumnElement, Select, bindparam, case, func, select, union_all, update
from sqlalchemy.orm import Session, aliased

from service.domain.broadcasts import BroadcastState
from service.domain.kinds import MANNERS, PRIORITIES, Kind
from service.domain.states import MessageState
from service.gateways.base import Gateway, Outgoing
from service.gateways.registry import REHEARSES
from service.messaging.budget import Wanted, country_allowed, reserve
from service.messaging.health import runs, spend_tokens, tokens, weights
from service.messaging.outbox import STOP_CONFIRMATION
from service.messaging.quiet import waits_until
from service.messaging.routing import route_due
from service.models import Broadcast, BroadcastReceiver, GatewayState, Message, Phone
from service.models.base import table_of
from service.models.many import for_each_database
from service.settings import Settings

LEASE = timedelta(minutes=4)  # far longer than any gateway's time-outs: when it ends, its holder is gone
# How long a phone waits for what became of its last message: by then its receipt has come, mostly, and an id that comes
# is no other's.
FRESH_DOUBT = timedelta(minutes=10)
SHORTEST_LIFE = 60  # seconds
ONCE_MORE = 1  # in `resent`: by the service itself
ID_BYTES = 16
CAP_WAIT = timedelta(minutes=10)
# How often one claim looks past what it cannot send, each time twice as far, before others may write.
LOOKS, FURTHEST = 20, 1_000
MESSAGES, PHONES = table_of(Message), table_of(Phone)
SET_ASIDE = (
    update(MESSAGES)
    .where(MESSAGES.c.id == bindparam("row"))
    .values(
        state=bindparam("to"),
        reason=bindparam("why"),
        next_at=func.coalesce(bindparam("then", type_=MESSAGES.c.next_at.type), MESSAGES.c.next_at),
        final_at=bindparam("ended"),
    )
)
# What its gateway may have begun is handed over once more under the same id, so it leaves and is paid for once.
PAID = MESSAGES.c.attempt_id.is_not(None) & (MESSAGES.c.cost > 0)
TAKE = for_each_database(
    lambda among: (
        update(MESSAGES)
        .where(among(MESSAGES.c.id, "ids"))
        .values(
            state=MessageState.ATTEMPTING,
            gateway=bindparam("through"),
            attempts=MESSAGES.c.attempts + 1,
            attempt_id=bindparam("attempt"),
            lease_until=bindparam("until"),
            cost=bindparam("costs"),
            cost_day=case((PAID, MESSAGES.c.cost_day), else_=bindparam("day", type_=MESSAGES.c.cost_day.type)),
        )
    )
)


@dataclass(frozen=True)
class Call:
    """Messages of one text that go to the gateway together; not after `lease_until`, when others give them up.

    `attempt_id` is that of the claim, which may be of several calls; `messages` are rows as they were then.
    """

    attempt_id: str
    begun_at: datetime
    messages: Sequence[Any]

    @cached_property
    def ids(self) -> Sequence[int]:
        """Which messages these are."""
        return [one.id for one in self.messages]

    @cached_property
    def batch(self) -> Sequence[Outgoing]:
        """What the gateway gets. Whoever makes the call makes it: then others may claim meanwhile."""
        return [Outgoing(own_id(one), one.phone, one.text, _seconds_left(one, self.begun_at)) for one in self.messages]

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


def claim(
    session: Session, settings: Settings, gateway: Gateway, state: GatewayState, now: datetime, calls: int, rows: int
) -> list[Call]:
    """Take up to `rows` messages that are due, in up to `calls` calls, in the transaction that locked the state.

    One message of a phone is under way at a time, or freshly in doubt: so they come in order, and a receipt tells which
    it is about.
    """
    worth = weights(session, now)
    if not runs(worth, gateway.name):
        return []
    rate = settings.sms_rates.get(gateway.name)
    look = wanted = min(rows, tokens(state, now, rate, rows))
    # What is due is taken, set aside or another's, so the next look finds others.
    for _ in range(LOOKS):
        due = _waiting(session, gateway.name, now, look)
        if not due:
            break
        ours = _ours(session, settings, gateway.name, worth, due)
        fit = _fit(session, settings, gateway.name, now, ours)[:wanted]
        groups = _groups(fit, gateway.bulk)[:calls]
        costs = _reserved(session, settings, gateway.name, now, [one for group in groups for one in group])
        attempt_id = uuid.uuid4().hex
        begun = [Call(attempt_id, now, [one for one in group if one.id in costs]) for group in groups]
        if taken := [call for call in begun if call.messages]:
            _take(session, gateway.name, taken, costs, now)
            spend_tokens(state, now, rate, sum(len(call.ids) for call in taken))
            return taken
        look = max(look, min(FURTHEST, 2 * look))
    return []


def _waiting(session: Session, gateway: str, now: datetime, rows: int) -> Sequence[Any]:
    """Return the first messages that are due, for this gateway or not routed yet, the most urgent first; locked."""
    connection = session.connection()
    ids = connection.scalars(LOOK, {"through": gateway, "now": now, "doubted": now - FRESH_DOUBT, "most": rows}).all()
    return connection.execute(DUE[connection.dialect.name], {"ids": list(ids)}).all() if ids else ()


def _ours(
    session: Session, settings: Settings, gateway: str, worth: Mapping[str, int], due: Sequence[Any]
) -> list[Any]:
    """Return those that this gateway carries, having routed those that were not."""
    unrouted = [one for one in due if one.gateway is None]
    elsewhere = route_due(session, settings.sms_routes, worth, gateway, unrouted) if unrouted else ()
    return [one for one in due if one.id not in elsewhere]


UNDER_WAY = aliased(Message)


def _next(priority: int, routed: ColumnElement[bool], busy: CTE) -> Select[Any]:
    # Each by itself: an index leads to what is due of one, past the thousands that wait for the morning. The gateway is
    # the same of all, but only with it PostgreSQL sees that its index has them in this order.
    found = (
        select(Message.id, Message.priority, Message.next_at)
        .where(Message.state == MessageState.QUEUED, routed, Message.priority == priority)
        .where(Message.next_at <= bindparam("now"), Message.phone.not_in(select(busy.c.phone)))
        .order_by(Message.gateway, Message.next_at, Message.id)
        .limit(bindparam("most"))
    )
    return select(found.subquery())


def _look() -> Select[int]:
    """Return the statement for the first messages that are due: of this gateway, or of none yet."""
    # With their priorities an index leads to the few that are fresh.
    doubted = (
        select(UNDER_WAY.phone)
        .where(UNDER_WAY.state == MessageState.UNKNOWN, UNDER_WAY.gateway == bindparam("through"))
        .where(UNDER_WAY.priority.in_(PRIORITIES), UNDER_WAY.next_at > bindparam("doubted"))
    )
    busy = select(UNDER_WAY.phone).where(UNDER_WAY.state == MessageState.ATTEMPTING).union_all(doubted).cte("busy")
    routed = (Message.gateway == bindparam("through"), Message.gateway.is_(None))
    every = union_all(*(_next(priority, one, busy) for priority in PRIORITIES for one in routed)).subquery()
    return select(every.c.id).order_by(every.c.priority, every.c.next_at, every.c.id).limit(bindparam("most"))


LOOK = _look()
# The state of the broadcast that a message is of; looked up for no other kind.
BROADCAST = case(
    (
        MESSAGES.c.kind == Kind.BROADCAST,
        select(Broadcast.state)
        .join(BroadcastReceiver, BroadcastReceiver.broadcast_id == Broadcast.id)
        .where(BroadcastReceiver.phone == MESSAGES.c.phone, BroadcastReceiver.message_id == MESSAGES.c.id)
        .scalar_subquery(),
    )
)
DUE = for_each_database(
    lambda among: (
        select(
            *(MESSAGES.c[name] for name in ("id", "phone", "text", "parts", "kind", "template")),
            *(MESSAGES.c[name] for name in ("key", "created_at", "expires_at", "resent", "gateway")),
            *(PHONES.c.stopped_at, PHONES.c.zone, MESSAGES.c.cost, PAID.label("paid")),
            BROADCAST.label("broadcast"),
        )
        .join(PHONES, PHONES.c.number == MESSAGES.c.phone)
        .where(among(MESSAGES.c.id, "ids"), MESSAGES.c.state == MessageState.QUEUED)
        .order_by(MESSAGES.c.priority, MESSAGES.c.next_at, MESSAGES.c.id)
        .with_for_update(of=MESSAGES, skip_locked=True)
    )
)

STOPPED = for_each_database(
    lambda among: (
        select(PHONES.c.number).where(among(PHONES.c.number, "phones"), PHONES.c.stopped_at.is_not(None)).limit(1)
    )
)


def _fit(session: Session, settings: Settings, gateway: str, now: datetime, due: list[Any]) -> list[Any]:
    """Return those that may be sent now, one a phone, and set the others aside."""
    firsts = list({one.phone: one for one in reversed(due)}.values())[::-1]
    aside = {one.id: _aside(settings, gateway, now, one) for one in firsts}
    _set_aside(session, now, [(one, why) for one in firsts if (why := aside[one.id])])
    return [one for one in firsts if not aside[one.id]]


def _aside(settings: Settings, gateway: str, now: datetime, one: Any) -> Aside | None:
    if back := _called_back(now, one):
        return back
    if one.expires_at <= now:
        return Aside(MessageState.EXPIRED, "too late")
    if gateway in REHEARSES:
        return None
    if not country_allowed(settings, one.phone):
        return Aside(MessageState.FAILED, "country not allowed")
    if now - one.created_at >= MANNERS[one.kind].awake:
        # A call may begin, and leave, until its lease ends.
        morning = waits_until(now, one.phone, one.zone, settings.quiet_hours, within=LEASE)
        return Aside(MessageState.QUEUED, until=morning) if morning else None
    return None


def _called_back(now: datetime, one: Any) -> Aside | None:
    # STOP is looked at again: a message may have been written at the same moment, or come back.
    if one.stopped_at is not None and one.template != STOP_CONFIRMATION:
        return Aside(MessageState.CANCELLED, "stop")
    # So is a broadcast: when it was held or called back, this one may have been on its way.
    if one.broadcast is BroadcastState.CANCELLED:
        return Aside(MessageState.CANCELLED, "withdrawn")
    if one.broadcast is BroadcastState.PAUSED:
        return Aside(MessageState.QUEUED, until=now + CAP_WAIT)
    # And what a phone that was switched off, or somebody who was forgotten, took the life of amid the call.
    return Aside(MessageState.CANCELLED, "left") if one.expires_at == one.created_at else None


def still_right(session: Session, gateway: str, call: Call, now: datetime) -> bool:
    """Tell whether a call that waited may still begin: neither its gateway nor one of its phones was stopped."""
    if not runs(weights(session, now), gateway):
        return False
    phones = [one.phone for one in call.messages if one.template != STOP_CONFIRMATION]
    connection = session.connection()
    return connection.scalar(STOPPED[connection.dialect.name], {"phones": phones}) is None


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
    wanted = [Wanted(one.id, one.phone, one.parts, one.kind) for one in fit if not one.paid]
    costs, over = reserve(session, settings, now.astimezone(UTC).date(), gateway, wanted)
    later = now + CAP_WAIT
    full = [(one, Aside(MessageState.QUEUED, f"cap: {over[one.id]}", later)) for one in fit if one.id in over]
    _set_aside(session, now, full)
    return costs | {one.id: one.cost for one in fit if one.paid}


def _set_aside(session: Session, now: datetime, messages: Iterable[tuple[Any, Aside]]) -> None:
    rows = [
        {
            "row": one.id,
            "to": why.state,
            "why": why.reason,
            "then": why.until,
            "ended": None if why.state is MessageState.QUEUED else now,
        }
        for one, why in messages
    ]
    if rows:
        session.connection().execute(SET_ASIDE, rows)


def _take(session: Session, gateway: str, calls: Sequence[Call], costs: dict[int, int], now: datetime) -> None:
    # Few prices are different, and one statement for many rows takes a tenth of one for each.
    ids: dict[int, list[int]] = defaultdict(list)
    for call in calls:
        for number in call.ids:
            ids[costs[number]].append(number)
    first = calls[0]
    same = {
        "through": gateway,
        "attempt": first.attempt_id,
        "until": first.lease_until,
        "day": now.astimezone(UTC).date(),
    }
    connection = session.connection()
    for cost, numbers in ids.items():
        connection.execute(TAKE[connection.dialect.name], {"ids": numbers, "costs": cost, **same})


def _seconds_left(one: Any, now: datetime) -> int:
    return max(SHORTEST_LIFE, int((one.expires_at - now).total_seconds()))


def own_id(one: Any) -> str:
    """Return an id that stays the same from attempt to attempt, and that no other database's message has.

    Also when the service sends once more what is in doubt: a gateway that carries an id once tells that it has it. Not
    when people do, who know better: then it should carry it.
    """
    again = f"|{one.resent}" if one.resent > ONCE_MORE else ""
    return blake2b(f"{one.key}|{one.created_at.isoformat()}{again}".encode(), digest_size=ID_BYTES).hexdigest()
