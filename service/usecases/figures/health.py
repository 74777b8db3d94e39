"""How messages fared: how many were taken, arrived, failed or are in doubt, by gateway and day, and what they cost."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.domain.states import MessageState
from service.models import Message
from service.models.moments import stamp
from service.usecases.figures.scope import Scope


class Fate(StrEnum):
    """What became of a message."""

    DELIVERED = "delivered"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    FAILED = "failed"
    WAITING = "waiting"


FATES: Mapping[MessageState, Fate] = {
    MessageState.DELIVERED: Fate.DELIVERED,
    MessageState.ACCEPTED: Fate.ACCEPTED,
    MessageState.UNKNOWN: Fate.UNKNOWN,
    MessageState.FAILED: Fate.FAILED,
    MessageState.EXPIRED: Fate.FAILED,
    MessageState.QUEUED: Fate.WAITING,
    MessageState.ATTEMPTING: Fate.WAITING,
}


@dataclass(frozen=True)
class Traffic:
    """Messages written in a day, month or year for one gateway, empty before they have one; `cost` in thousandths."""

    when: str
    gateway: str
    fates: Mapping[Fate, int]
    cost: int


def traffic(session: Session, scope: Scope) -> list[Traffic]:
    """Return how the messages of a period fared, in one statement; those told in a digest or called off left none."""
    when = stamp(Message.created_at, scope.grain)
    keys = (when, func.coalesce(Message.gateway, ""), Message.state)
    counted = select(*keys, func.count(), func.sum(Message.cost)).where(scope.has(Message.created_at))
    fates: dict[tuple[str, str], Counter[Fate]] = {}
    costs = Counter[tuple[str, str]]()
    for at, gateway, state, count, cost in session.execute(counted.group_by(*keys)):
        if state in FATES:
            fates.setdefault((at, gateway), Counter())[FATES[state]] += count
            costs[at, gateway] += int(cost)
    return [Traffic(*key, fates[key], costs[key]) for key in sorted(fates)]
