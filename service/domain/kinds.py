"""Kinds of messages: who goes first, how long each is worth sending, and who may be woken for it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Kind(StrEnum):
    """What a message is to its reader."""

    REPLY = "reply"  # answers what they have just sent; confirmation codes among them
    SECURITY = "security"  # protects them: a role changed, a PIN unlocked
    RECORD = "record"  # confirms what they did, with its reference
    ALERT = "alert"  # asks for their answer
    NEWS = "news"  # tells what others did
    DIGEST = "digest"  # several alerts and news in one
    BROADCAST = "broadcast"  # one text for many, written by a person


@dataclass(frozen=True)
class Manner:
    """How a kind is treated. `life` is how long after it was written it is still sent.

    `awake` is how long after that its receiver is taken to be awake: what comes later, as a text that a cap or a silent
    gateway held up, waits for their morning. `twice` may be sent again when nobody can tell whether it left, since a
    double does no harm; `reserve` is the per cent it may use of the money that is kept: answers, which anybody can ask
    for, leave some to security.
    """

    priority: int
    life: timedelta
    awake: timedelta
    twice: bool
    reserve: int


NEVER, HALF_AN_HOUR, HOUR, DAY = timedelta(0), timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)
MANNERS: Mapping[Kind, Manner] = {
    Kind.REPLY: Manner(0, 6 * HOUR, awake=6 * HOUR, twice=True, reserve=50),
    Kind.SECURITY: Manner(1, DAY, awake=DAY, twice=False, reserve=100),
    Kind.RECORD: Manner(2, 7 * DAY, awake=HALF_AN_HOUR, twice=True, reserve=0),
    Kind.ALERT: Manner(3, 2 * DAY, awake=NEVER, twice=True, reserve=0),
    Kind.NEWS: Manner(4, 7 * DAY, awake=NEVER, twice=True, reserve=0),
    Kind.DIGEST: Manner(5, 2 * DAY, awake=NEVER, twice=False, reserve=0),
    Kind.BROADCAST: Manner(6, 7 * DAY, awake=NEVER, twice=False, reserve=0),
}
# Each priority is one kind's.
KIND_OF = {manner.priority: kind for kind, manner in MANNERS.items()}
PRIORITIES = tuple(sorted(manner.priority for manner in MANNERS.values()))


class Pace(StrEnum):
    """How often a person wants to hear of news and alerts that need not be answered at once."""

    AT_ONCE = "at_once"
    DAILY = "daily"
    WEEKLY = "weekly"
