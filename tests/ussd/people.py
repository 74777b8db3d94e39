"""What people type who mean well, and what others do."""

import re
from collections.abc import Mapping

from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.models import Message
from tests.ussd.projects import COORDINATOR, WITNESS
from tests.world import LYON, SECRETARY, STRANGER, TREASURER
from ussd.engine.prompts import Prompt
from ussd.engine.typed import Amount, Number, Secret
from ussd.transports.keywords import WORDS, Action

PIN = "2580"
NUMBERS = (STRANGER, SECRETARY, TREASURER, WITNESS, LYON, COORDINATOR)
WHO = st.sampled_from(NUMBERS)
# Which lines are chosen, one after the other; then always the first, which leads on.
ROUTE = st.lists(st.integers(0, 8), max_size=6)
STRAIGHT_ON = (0,) * 16
_ALL = (Action.MENU, Action.CALLBACK, Action.LANGUAGE, Action.LEAVE)
_VILLAGE = (*_ALL, Action.PROGRESS, Action.CONFIRM, Action.TESTIMONY, Action.MINE, Action.PIN)
# Who begins what by SMS; what is not offered them leads to the menu.
MAY: Mapping[str, tuple[Action, ...]] = {
    STRANGER: (*_ALL, Action.ENROL, Action.JOIN, Action.NEED, Action.PLEDGE),
    SECRETARY: (*_VILLAGE, Action.NEED, Action.OFFICERS),
    TREASURER: (*_VILLAGE, Action.NEED, Action.OFFICERS),
    WITNESS: (*_VILLAGE, Action.OFFICERS),
    LYON: (*_ALL, Action.MINE, Action.PLEDGE, Action.PROFILE, Action.PAUSE, Action.NEED),
    COORDINATOR: (*_ALL, Action.PIN, Action.PAUSE),
}
BEGINS = st.sampled_from([(who, WORDS[action][0]) for who, actions in MAY.items() for action in actions])
CODE = re.compile(r"\b\d{6}\b")
# What a person who means well types, by the keys of the questions; else see `sensible`.
TYPED: Mapping[str, tuple[str, ...]] = {
    "need.households": ("84", "٨٤"),
    "need.cost": ("320 000", "320000 dh"),
    "need.title": ("Puits du bas", "بئر أسفل"),
    "association.place.typed": ("taliouine",),
    "diaspora.origins.typed": ("tal", "1"),
    "diaspora.country.typed": ("Suisse",),
    "diaspora.name": ("Genève-Souss", "Lyon-Taliouine"),
    "progress.next.day": ("15/3", "1"),
    "officers.add.number": ("0600000009", "0600000077"),
    "officers.hand_over.number": ("0600000009", "0600000078"),
}
SECRETS = {"pin.ask": PIN, "pin.new": PIN, "pin.again": PIN}
WORD = "Ifri n'Ait"

ODD = (
    st.sampled_from(["", " ", "*", "**", "1*1", "#", "%", "{0.__class__}", "%s%n", "'; DROP TABLE needs;--", "\x00"])
    | st.sampled_from(["\u202e1", "😀", "é" * 300, "9" * 400, "٩٩", "7", "8", "99", "000", "-1", "1.5", "0.0", "1 2"])
    | st.sampled_from(["oui", "non", "2580", "0000", "9173", "123456", "menu"])
    | st.text(max_size=8)
)
TEXTS = st.sampled_from(
    [
        *(word for words in WORDS.values() for word in words[:2]),
        *("1", "2", "3", "0", "00", "98", "K7-4Q2", "OUI K7-4Q2", "PAUSE 30", "LANGUE en", "PROGRES 60", "JOIN 123456"),
        *("BESOIN EAU 84 320000 puits", "oui peut etre", "merci beaucoup", "OIU", "DON 5000", "PIN 2580", ""),
    ]
)
REFERRING = ("OUI", "NON", "NON trop cher", "INFO", "DON {} 5000 EUR", "PROGRES {} 60", "CONFIRMER")


def sensible(session: Session, who: str, prompt: Prompt | None, shown: int, pick: int) -> str:
    """Return what answers a question that shows so many lines; the first is what most choose."""
    if shown:
        return str(max(pick - 1, 0) % shown + 1)
    key = prompt.key if prompt else ""
    match prompt:
        case _ if key in TYPED:
            return TYPED[key][pick % len(TYPED[key])]
        case Secret():
            return SECRETS.get(key) or _code_sent(session, who)
        case Number() | Amount():
            return "1" if prompt.none and pick == 8 else str(min(max(prompt.low, 60), prompt.high))
        case _:
            return WORD


def _code_sent(session: Session, who: str) -> str:
    texts = session.scalars(select(Message.text).where(Message.phone == who).order_by(Message.id))
    codes = [code for text in texts for code in CODE.findall(text)]
    return codes[-1] if codes else "000000"
