"""Whether the gateways that tell regularly that they live still do: a phone loses its power, a link its centre."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

import structlog
from sqlalchemy import Engine, bindparam, select, update
from sqlalchemy.orm import Session

from service.domain.states import MessageState
from service.gateways.registry import APART, PINGS
from service.messaging.health import BEGUN, is_silent, locked_state, weights
from service.messaging.routing import route_due
from service.models import GatewayState, Message
from service.models.base import table_of
from service.models.many import for_each_database
from service.models.session import reading, transaction
from service.settings import Settings

log = structlog.get_logger()

KEPT_EVERY = timedelta(minutes=1)  # a busy phone's events need not each write when it was heard


class Silence(NamedTuple):
    """A gateway that nothing was heard of since then; `since` is None when it never told anything."""

    name: str
    since: datetime | None


class Holder(Protocol):
    """What the watch needs of a running service: a part of service.container.Container."""

    @property
    def settings(self) -> Settings:
        """The routes are there."""

    @property
    def engine(self) -> Engine:
        """The database."""

    @property
    def clock(self) -> Callable[[], datetime]:
        """This moment, aware."""


def expected(settings: Settings) -> frozenset[str]:
    """Return the gateways in use that should be heard of."""
    return settings.used_gateways & PINGS


def heard(session: Session, now: datetime, gateway: str) -> None:
    """Note that a gateway has told us something, whatever it was; a later silence is warned of anew."""
    known = session.get(GatewayState, gateway)
    if known and known.heard_at and known.warned_at is None and now - known.heard_at < KEPT_EVERY:
        return
    state = locked_state(session, gateway)
    if state.warned_at is not None:
        log.info("gateway.heard_again", gateway=gateway)
    state.heard_at, state.warned_at = now, None


def silent(session: Session, now: datetime, names: Collection[str]) -> list[Silence]:
    """Return which of these gateways have told nothing for long, or ever, by name."""
    last = {
        state.name: state.heard_at
        for state in session.scalars(select(GatewayState).where(GatewayState.name.in_(names)))
    }
    silences = [Silence(name, last.get(name)) for name in sorted(names)]
    return [one for one in silences if is_silent(one.name, one.since, now)]


def watch(container: Holder) -> int:
    """Warn in the log of each gateway that fell silent, once in a silence whoever watches; return how many.

    What waits for one that only a process of its own may try gives way as long as it is silent.
    """
    now = container.clock()
    with reading(container.engine) as session:
        silences = silent(session, now, expected(container.settings))
    warned = sum(_warn(container.engine, now, one) for one in silences)
    for one in silences:
        if one.name in APART:
            with transaction(container.engine) as session:
                _give_way(session, container.settings, now, one.name)
    return warned


# What is routed nowhere belongs to whoever comes first, and that may be nobody.
STUCK = (
    select(Message.id, Message.phone, Message.expires_at)
    .where(Message.state == MessageState.QUEUED, ~BEGUN)
    .where(
        (Message.gateway == bindparam("through"))
        | (Message.gateway.is_(None) & (Message.expires_at <= bindparam("now")))
    )
    .with_for_update(skip_locked=True)
)
MESSAGES = table_of(Message)
TOO_LATE = for_each_database(
    lambda among: (
        update(MESSAGES)
        .where(among(MESSAGES.c.id, "ids"))
        .values(state=MessageState.EXPIRED, reason="too late", final_at=bindparam("now"))
    )
)


def _give_way(session: Session, settings: Settings, now: datetime, gateway: str) -> None:
    """Have what waits for a gateway that nobody holds go through the next of its route, as if it had none yet.

    Where there is no other it waits on, or ends when that is too late: whoever holds the gateway is not there to see.
    """
    waiting = session.execute(STUCK, {"through": gateway, "now": now}).all()
    late = [one.id for one in waiting if one.expires_at <= now]
    connection = session.connection()
    connection.execute(TOO_LATE[connection.dialect.name], {"ids": late, "now": now})
    others = [one for one in waiting if one.expires_at > now]
    route_due(session, settings.sms_routes, weights(session, now), gateway, others)


def _warn(engine: Engine, now: datetime, silence: Silence) -> bool:
    with transaction(engine) as session:
        state = locked_state(session, silence.name)
        if state.warned_at is not None or state.heard_at != silence.since:
            return False
        state.warned_at = now
        since = silence.since.isoformat() if silence.since else "ever"
        log.warning("gateway.silent", gateway=silence.name, since=since)
        return True
