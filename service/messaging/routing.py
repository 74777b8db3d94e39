"""Which gateway carries a message: by the prefix of its number, and by how the gateways fare."""

import secrets
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from service.domain.states import MessageState
from service.messaging.health import WHOLE, stopped, weights
from service.models import Message
from service.models.base import table_of
from service.models.gateways import ALL
from service.models.many import for_each_database
from service.settings import Settings

AT_ONCE = 1_000
DICE = secrets.SystemRandom()
MESSAGES = table_of(Message)
ROUTE = for_each_database(
    lambda among: update(MESSAGES).where(among(MESSAGES.c.id, "ids")).values(gateway=bindparam("through"))
)


def route(routes: Mapping[str, tuple[str, ...]], phone: str) -> tuple[str, ...]:
    """Return the gateways, best first, of the longest prefix that an E.164 number begins with; `*` is that of all."""
    prefix = max((prefix for prefix in routes if phone.startswith(prefix)), key=len, default="*")
    return routes[prefix]


def choose(gateways: tuple[str, ...], worth: Mapping[str, int], closed: Collection[str]) -> str | None:
    """Return the gateway for the next message, None when all are stopped.

    The first one, unless it is failing: then it gets as many in a hundred as its weight, and the next ones the rest.
    """
    open_ones = [name for name in gateways if name not in closed]
    for name in open_ones[:-1]:
        if DICE.randrange(WHOLE) < worth.get(name, WHOLE):
            return name
    return open_ones[-1] if open_ones else None


def route_due(session: Session, settings: Settings, now: datetime) -> int:
    """Give messages that are due and have none a gateway, in the caller's transaction. Returns how many.

    Not long before they are sent, so that a gateway that fails in the meantime has few.
    """
    closed = stopped(session)
    if ALL in closed:
        return 0
    worth = weights(session, now)
    waiting = session.execute(UNROUTED, {"now": now, "most": AT_ONCE}).all()
    chosen: dict[str | None, list[int]] = defaultdict(list)
    for number, phone in waiting:
        chosen[choose(route(settings.sms_routes, phone), worth, closed)].append(number)
    chosen.pop(None, None)
    connection = session.connection()
    for name, numbers in chosen.items():
        connection.execute(ROUTE[connection.dialect.name], {"ids": numbers, "through": name})
    return sum(map(len, chosen.values()))


UNROUTED = (
    select(Message.id, Message.phone)
    .where(Message.state == MessageState.QUEUED, Message.gateway.is_(None), Message.next_at <= bindparam("now"))
    # By the gateway, which none has: only so PostgreSQL sees that its index has them in this order.
    .order_by(Message.gateway, Message.priority, Message.next_at, Message.id)
    .limit(bindparam("most"))
    .with_for_update(skip_locked=True)
)
