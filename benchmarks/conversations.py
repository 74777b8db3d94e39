"""What the phones say: a need is reported, in the caller's language; each reply's first line is known beforehand."""

import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from benchmarks.country import Caller
from benchmarks.sockets import Turn
from service.domain.money import Money
from service.domain.sectors import Sector
from service.locales import speaker
from service.messaging.segments import fold

TITLE = "Puits du bas"
# What is typed, and the prompt that comes next: report a need, its sector, households, cost, share, title, send.
STEPS = (
    ("1", "CON", "need.sector"),
    ("1", "CON", "need.households"),
    ("84", "CON", "need.cost"),
    ("320000", "CON", "need.share"),
    ("60000", "CON", "need.title"),
    (TITLE, "CON", "need.review"),
    ("1", "END", "need.saved"),
)
VALUES: dict[str, Any] = {
    "sector": next(iter(Sector)),
    "households": 84,
    "cost": Money.of(320_000),
    "share": Money.of(60_000),
    "title": TITLE,
}

# A caller's turns, of which the first leads to where the measurement begins.
Conversation = Callable[[Caller], list[Turn]]


def middle(caller: Caller) -> list[Turn]:
    """Dial into the report of a need; then five turns, none of which changes a fact."""
    return _turns(caller, range(1, 7))


def fact(caller: Caller) -> list[Turn]:
    """Dial up to the review; then the `1` that writes the need."""
    return _turns(caller, range(6, 8))


def _turns(caller: Caller, places: range) -> list[Turn]:
    session = f"ATUid_{uuid.uuid4().hex}"
    return [Turn(_form(caller, session, place), _expected(caller, place)) for place in places]


def _form(caller: Caller, session: str, place: int) -> str:
    """Return the form of the turn after `place` answers: the carrier sends all of them each time."""
    return urlencode(
        {
            "sessionId": session,
            "phoneNumber": caller.number,
            "serviceCode": "*384*84#",
            "networkCode": "99999",
            "text": "*".join(typed for typed, _, _ in STEPS[:place]),
        }
    )


def _expected(caller: Caller, place: int) -> str:
    _, word, key = STEPS[place - 1]
    # The reference is not known beforehand: the line ends where it would stand.
    said = speaker(caller.language).say(key, **VALUES, reference="\n")
    return f"{word} {fold(said.splitlines()[0])}"
