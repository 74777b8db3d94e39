"""Answers that are written often, in each language: those of the catalogues, as admins reworded and added to them."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.locales import Language, speaker
from service.models.audit import record
from service.models.conversations import CannedAnswer

SEEDED = ("received", "call_you", "which_village", "how_to", "never_money")
LONGEST_NAME, LONGEST_CANNED = 40, 600
Canned = Mapping[str, Mapping[Language, str]]


def canned_answers(session: Session) -> Canned:
    """Return the answers by name and language, first those of the catalogues, then what admins added."""
    found = {name: {one: speaker(one).say(f"canned.{name}") for one in Language} for name in SEEDED}
    for row in session.scalars(select(CannedAnswer).order_by(CannedAnswer.name)):
        found.setdefault(row.name, {})[row.language] = row.text
    return {name: {one: text for one, text in texts.items() if text} for name, texts in found.items()}


def word_canned(session: Session, now: datetime, *, actor: str, name: str, texts: Mapping[Language, str]) -> None:
    """Keep an answer as it is worded now; in a language where it is empty it is offered no more."""
    for language, text in texts.items():
        session.merge(CannedAnswer(name=name, language=language, text=text))
    record(session, now, actor, "canned.worded", f"canned:{name}")
