"""Which gateway carries a message: by the prefix of its number, and by how the gateways fare."""

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import bindparam, update
from sqlalchemy.orm import Session

from service.messaging.health import WHOLE
from service.models import Message
from service.models.base import table_of
from service.models.many import for_each_database

DICE = secrets.SystemRandom()
MESSAGES = table_of(Message)
ROUTE = for_each_database(
    lambda among: update(MESSAGES).where(among(MESSAGES.c.id, "ids")).values(gateway=bindparam("through"))
)


def route(routes: Mapping[str, tuple[str, ...]], phone: str) -> tuple[str, ...]:
    """Return the gateways, best first, of the longest prefix that an E.164 number begins with; `*` is that of all."""
    prefix = max((prefix for prefix in routes if phone.startswith(prefix)), key=len, default="*")
    return routes[prefix]


def choose(gateways: tuple[str, ...], worth: Mapping[str, int]) -> str:
    """Return the gateway for the next message.

    The first one, unless it is failing: then it gets as many in a hundred as its weight, and the next ones the rest.
    When all are stopped, it waits at the first for one to be started.
    """
    open_ones = [name for name in gateways if worth.get(name, WHOLE)]
    for name in open_ones[:-1]:
        if DICE.randrange(WHOLE) < worth.get(name, WHOLE):
            return name
    return open_ones[-1] if open_ones else gateways[0]


def route_due(
    session: Session,
    routes: Mapping[str, tuple[str, ...]],
    worth: Mapping[str, int],
    ours: str,
    unrouted: Sequence[Any],
) -> set[int]:
    """Choose a gateway for messages that have none, rows with `id` and `phone` that the caller's transaction locked.

    Returns the ids of those that are not for `ours`, which are written. Those that are are about to be taken: to write
    that beforehand would double what it costs. Not long before they are sent, so a gateway that fails has few.
    """
    chosen: dict[str, list[int]] = defaultdict(list)
    for one in unrouted:
        chosen[choose(route(routes, one.phone), worth)].append(one.id)
    chosen.pop(ours, None)
    connection = session.connection()
    for name, numbers in chosen.items():
        connection.execute(ROUTE[connection.dialect.name], {"ids": numbers, "through": name})
    return {number for numbers in chosen.values() for number in numbers}
