"""What means no good, said wherever a phone can say something: it breaks nothing and nobody else is shown it so."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, select
from sqlalchemy.orm import Session

from service.domain.text import INVISIBLE
from service.locales import Language
from service.messaging.segments import measure
from service.models.base import Base
from service.models.session import transaction
from tests.hostile import CLASS, COMPUTED, RAW, TEXTS
from tests.ussd.cast import CAST, PIN
from tests.ussd.endings import WORDS, endings
from tests.ussd.others import Watch
from tests.ussd.tour import play
from tests.ussd.walk import Walker
from tests.world import settle
from ussd.engine.journal import Journal
from ussd.engine.prompts import Prompt
from ussd.engine.replay import MORE, Screen
from ussd.engine.typed import Secret, Text

ASKED = ("newcomer", "emigrant", "officer", "lone officer", "partnered officer", "contact", "partnered contact")
FURTHER = 8
# A gateway's own payload is kept as it came, and shown with what cannot be seen written out.
RAW_COLUMNS = {"inbound_events.payload"}


@dataclass(frozen=True)
class Question:
    """A question that is answered in words: who is asked, what was answered before, and after."""

    who: str
    key: str
    journal: Journal

    def said(self, session: Session, text: str) -> Screen:
        """Answer it with a text, and go on to the end as before."""
        walker, here = Walker(session, CAST[self.who], Language.FR), self.journal.copy()
        screen = walker.player.answer(here, text)
        fits(screen)
        for _ in range(FURTHER):
            asked = None if screen.ended else walker.player.asked(here)
            if asked is None or asked.key == self.key:
                break
            screen = walker.player.answer(here, answer_to(asked, here))
            fits(screen)
        return screen


def fits(screen: Screen) -> None:
    size = measure(screen.text)
    assert size.units <= (160 if size.encoding == "gsm7" else 70), screen.text
    assert not shows(screen.text), screen.text


def shows(text: str) -> bool:
    """Tell whether a text holds what cannot be seen, or what was computed of another."""
    unseen = any(unicodedata.category(letter) in INVISIBLE for letter in text if letter != "\n")
    return unseen or COMPUTED in text or CLASS in text


def answer_to(asked: Prompt, here: Journal) -> str:
    if here.more:
        return MORE  # a summary is read to its end
    return PIN if isinstance(asked, Secret) else "Ifri" if isinstance(asked, Text) else "1"


def questions(session: Session) -> list[Question]:
    """Return every question that is answered in words, in every conversation that comes to an end."""
    found: dict[tuple[str, str], Question] = {}
    for one in endings(session, ASKED):
        entries = one.journal.entries
        for place, (key, _) in enumerate(entries):
            if key in WORDS:
                before = Journal(entries[:place], later=entries[place + 1 :])
                found.setdefault((one.dialogue, key), Question(one.who, key, before))
    return list(found.values())


@pytest.mark.timeout(300)
def test_words_in_every_dialogue_are_kept_without_what_cannot_be_seen(engine: Engine) -> None:
    settle(engine)
    with transaction(engine) as session:
        play(session, Language.FR)
    watch, wrong, ended = Watch(engine), list[str](), set[str]()
    with Session(engine) as session:
        asked = questions(session)
        assert {one.key for one in asked} >= WORDS - {"diaspora.country.typed"}
        connection = session.connection()
        texts = TEXTS if engine.dialect.name == "sqlite" else RAW
        for question in asked:
            for text in texts:
                watch.written.clear()
                with session.begin_nested() as point:
                    if question.said(session, text).ended:
                        ended.add(question.key)
                    session.flush()
                    wrong += [f"{question.key} {text[:20]!r}: {one}" for one in unseen(connection, watch.written)]
                    point.rollback()
    assert wrong == []
    assert ended >= {"need.title", "association.name", "testimony.words"}


def unseen(connection: Connection, tables: set[str]) -> Iterator[str]:
    """Return what these tables hold that cannot be seen."""
    for name in tables:
        for row in connection.execute(select(Base.metadata.tables[name])).mappings():
            for column, value in row.items():
                if f"{name}.{column}" not in RAW_COLUMNS and any(map(shows, strings(value))):
                    yield f"{name}.{column}: {value!r}"


def strings(value: Any) -> Iterator[str]:
    """Return the texts in a value, however deep."""
    match value:
        case str():
            yield value
        case dict():
            yield from (text for inner in value.values() for text in strings(inner))
        case list() | tuple():
            yield from (text for inner in value for text in strings(inner))
