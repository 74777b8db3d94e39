"""Walking through the dialogues screen by screen: what a dialogue writes at its end is undone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from service.locales import Language, Speaker, speaker
from service.settings import Settings
from tests.ussd.cast import DIAL, PEPPER
from ussd.dialogues.context import Context
from ussd.dialogues.home import home
from ussd.engine.journal import Journal
from ussd.engine.paging import USSD_BUDGET
from ussd.engine.replay import Player, Screen
from ussd.work import Work

NOW = datetime(2026, 11, 23, tzinfo=UTC)


class Overheard(Speaker):
    """A voice that notes which texts it was asked for, less those that write a value."""

    def __init__(self, language: Language) -> None:
        """Begin with none; the catalogues are read once for all."""
        vars(self).update(vars(speaker(language)))
        self.keys: set[str] = set()

    def say(self, key: str, /, *, count: int | None = None, **values: Any) -> str:
        """Note the key and say it."""
        self.keys.add(key)
        return super().say(key, count=count, **values)

    def write(self, value: object) -> str:
        """Write a value, and note nothing."""
        return speaker(self.language).write(value)


@dataclass
class Listening(Context):
    """A context whose voices are listened to."""

    voices: Mapping[str, Overheard] = field(default_factory=dict)

    @property
    def voice(self) -> Overheard:
        """The language spoken now."""
        return self.voices[self.language]


class Walker:
    """Somebody's phone in one language."""

    def __init__(self, session: Session, phone: str, language: Language, start: str = "") -> None:
        """Stand at the first screen."""
        self.session, self.language = session, language
        self._voices = {one.value: Overheard(one) for one in Language}
        work = Work.within(session, phone, NOW)
        # Said here, so that no operator's variables change what is walked through.
        settings = Settings(
            _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own parameter
            secret_key=PEPPER,
            sms_number="+212600000000",
            ussd_code=DIAL,
            home_region="09",
        )
        self.player = Player(
            home,
            lambda: Listening(phone, work, NOW, "ussd", settings, start, language=language, voices=self._voices),
            USSD_BUDGET,
        )

    def heard(self, *, clear: bool = True) -> frozenset[str]:
        """Return the catalogue keys that were said since this was last cleared."""
        keys = frozenset(key for voice in self._voices.values() for key in voice.keys)
        for voice in self._voices.values() if clear else ():
            voice.keys.clear()
        return keys

    def first(self) -> tuple[Journal, Screen]:
        """Dial."""
        journal = Journal()
        return journal, self.player.show(journal)

    def step(self, journal: Journal, typed: str) -> tuple[Journal, Screen]:
        """Type an answer; return where that leads, and leave `journal` as it was."""
        there = journal.copy()
        with self.session.begin_nested() as point:
            screen = self.player.answer(there, typed)
            # Nothing that happens counts, a wrong guess neither.
            point.rollback()
        return there, screen
