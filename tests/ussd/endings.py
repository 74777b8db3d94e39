"""Conversations that came to an end: each dialogue gone through by its lines, with all that was answered on the way."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from service.locales import Language
from tests.ussd.cast import CAST
from tests.ussd.tour import TYPED
from tests.ussd.walk import Walker
from ussd.dialogues.home import OFFERED
from ussd.engine.journal import DRAFTED, ENTERED, Journal
from ussd.engine.replay import MORE

MOST_STEPS = 60  # through one dialogue
LAST = 3  # entries, by which endings are told from each other
# What is asked in words, not in figures.
WORDS = {key for key, typed in TYPED.items() if not isinstance(typed, str)}


@dataclass(frozen=True)
class Ending:
    """Who began which dialogue (by its name), and how it came to an end."""

    who: str
    dialogue: str
    journal: Journal


def endings(session: Session, people: Collection[str]) -> Iterator[Ending]:
    """Go through whatever is offered to these people, each line of it once."""
    for who in people:
        for start in OFFERED:
            walker = Walker(session, CAST[who], Language.FR, start)
            journal, screen = walker.first()
            # Newcomers are asked first what language they speak.
            if dialogue_of(journal) in {OFFERED[start].name, "welcome"} and not screen.ended:
                found = {tuple(key for key, _ in one.entries[-LAST:]): one for one in _through(walker, journal)}
                yield from (Ending(who, dialogue_of(one), one) for one in found.values())


def dialogue_of(journal: Journal) -> str:
    """Return which dialogue began last."""
    return str([key for key, _ in journal.entries if key.startswith((DRAFTED, ENTERED))][-1][1:])


def _through(walker: Walker, begin: Journal) -> Iterator[Journal]:
    ahead, been, steps = [begin], set[tuple[str, str]](), 0
    while ahead and steps < MOST_STEPS:
        here = ahead.pop()
        while here.more:
            here, _ = walker.step(here, MORE)
        asked = walker.player.asked(here)
        key = asked.key if asked else ""
        words = TYPED.get(key, "")
        lines = [str(number) for number in range(1, len(here.shown) + 1)]
        for answer in lines or [words if isinstance(words, str) else words[Language.FR]]:
            steps += 1
            there, screen = walker.step(here, answer)
            if screen.ended:
                yield there
                continue
            after = walker.player.asked(there)
            way = (key, after.key if after else "")
            if way not in been:
                been.add(way)
                ahead.append(there)
