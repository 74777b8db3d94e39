"""What the phones say: a need is reported, in the caller's language; each reply's first line is known beforehand."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from urllib.parse import urlencode

from benchmarks.country import Caller
from benchmarks.load import Turn
from service.domain.money import Money
from service.domain.sectors import Sector
from service.locales import Language, speaker
from service.messaging.segments import fold

TITLE = "Puits du bas"


class Step(NamedTuple):
    """What is typed, and the screen that comes: how it goes on, and which text begins it with which of its lines."""

    typed: str
    word: str
    key: str
    line: int = 0


# Dial, report a need, its sector, households, cost, share, title, send.
STEPS = (
    Step("", "CON", "home.officer"),
    Step("1", "CON", "need.sector"),
    Step("1", "CON", "need.households"),
    Step("84", "CON", "need.cost"),
    Step("320000", "CON", "need.share"),
    Step("60000", "CON", "need.title"),
    Step(TITLE, "CON", "need.review"),
    Step("1", "END", "need.saved"),
)
# The summary takes two screens in Arabic.
NEXT_PAGE = Step("98", "CON", "need.review", -1)
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
    return Conversation([], _turns(caller)[:1])


def middle(caller: Caller) -> Conversation:
    """Go from the sector to the review: five turns, none of which changes a fact."""
    turns = _turns(caller)
    return Conversation(turns[1:2], turns[2:7])


def fact(caller: Caller) -> Conversation:
    """Answer the review with the `1` that writes the need."""
    turns = _turns(caller)
    return Conversation(turns[6:-1], turns[-1:])


def whole(caller: Caller) -> Conversation:
    """Report a need, from the dial to the reference: eight turns, in Arabic nine."""
    return Conversation([], _turns(caller))


def _turns(caller: Caller) -> list[Turn]:
    session = f"ATUid_{uuid.uuid4().hex}"
    steps = [*STEPS[:-1], *([NEXT_PAGE] if caller.language is Language.AR else []), STEPS[-1]]
    typed = [step.typed for step in steps]
    return [
        Turn(_form(caller, session, typed[1 : place + 1]), _expected(caller, step)) for place, step in enumerate(steps)
    ]


def _form(caller: Caller, session: str, typed: Sequence[str]) -> str:
    """Return the form of a step: the carrier sends everything typed so far each time."""
    return urlencode(
        {
            "sessionId": session,
            "phoneNumber": caller.number,
            "serviceCode": "*384*84#",
            "networkCode": "99999",
            "text": "*".join(typed),
        }
    )


def _expected(caller: Caller, step: Step) -> str:
    # The reference is not known beforehand: the line ends where it would stand.
    said = speaker(caller.language).say(step.key, **VALUES, name=caller.association_name, reference="\n")
    line = said.splitlines()[step.line]
    return f"{step.word} {fold(line)}"
