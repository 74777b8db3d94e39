"""What the phones say: a need is reported, in the caller's language; each reply's first line is known beforehand."""

import uuid
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from benchmarks.country import Caller
from benchmarks.load import Turn
from service.domain.money import Money
from service.domain.sectors import Sector
from service.locales import speaker
from service.messaging.segments import fold

TITLE = "Puits du bas"
# What is typed, and the screen that comes: dial, report a need, its sector, households, cost, share, title, send.
STEPS = (
    ("", "CON", "home.officer"),
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


@dataclass(frozen=True)
class Conversation:
    """A caller's turns: those that lead to where the measurement begins, and those measured."""

    before: list[Turn]
    measured: list[Turn]


def dial(caller: Caller) -> Conversation:
    """Dial: the service looks up who calls and greets."""
    return Conversation([], _turns(caller, range(1)))


def middle(caller: Caller) -> Conversation:
    """Go from the sector to the review: five turns, none of which changes a fact."""
    at_the_sector, *rest = _turns(caller, range(1, 7))
    return Conversation([at_the_sector], rest)


def fact(caller: Caller) -> Conversation:
    """Answer the review with the `1` that writes the need."""
    at_the_review, confirmed = _turns(caller, range(6, 8))
    return Conversation([at_the_review], [confirmed])


def whole(caller: Caller) -> Conversation:
    """Report a need, from the dial to the reference: eight turns."""
    return Conversation([], _turns(caller, range(len(STEPS))))


def _turns(caller: Caller, steps: range) -> list[Turn]:
    session = f"ATUid_{uuid.uuid4().hex}"
    return [Turn(_form(caller, session, step), _expected(caller, step)) for step in steps]


def _form(caller: Caller, session: str, step: int) -> str:
    """Return the form of a step: the carrier sends everything typed so far each time."""
    return urlencode(
        {
            "sessionId": session,
            "phoneNumber": caller.number,
            "serviceCode": "*384*84#",
            "networkCode": "99999",
            "text": "*".join(typed for typed, _, _ in STEPS[1 : step + 1]),
        }
    )


def _expected(caller: Caller, step: int) -> str:
    _, word, key = STEPS[step]
    # The reference is not known beforehand: the line ends where it would stand.
    said = speaker(caller.language).say(key, **VALUES, name=caller.association_name, reference="\n")
    return f"{word} {fold(said.splitlines()[0])}"
