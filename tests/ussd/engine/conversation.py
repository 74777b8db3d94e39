"""A phone on the desk: plays a dialogue with no database, from a list of inputs."""

from dataclasses import dataclass
from typing import Any

from ussd.engine.dialogue import Dialogue
from ussd.engine.journal import Journal
from ussd.engine.paging import USSD_BUDGET, Budget
from ussd.engine.replay import Player, Screen


class EchoVoice:
    """Says the key and its values, so that a test sees what was asked for."""

    def say(self, key: str, /, *, count: int | None = None, **values: Any) -> str:
        said = {**values, "count": count} if count is not None else values
        return " ".join([key, *(f"{name}={self.write(value)}" for name, value in said.items())])

    def write(self, value: object) -> str:
        return str(value)


@dataclass
class Desk:
    """A context that counts what the dialogue did to the world."""

    facts: list[Any]
    looks: list[str]

    @property
    def voice(self) -> EchoVoice:
        return EchoVoice()


class Phone:
    """Types answers and remembers every screen."""

    def __init__(self, root: Dialogue[Desk], budget: Budget = USSD_BUDGET) -> None:
        self.facts: list[Any] = []
        self.looks: list[str] = []
        self.player = Player(root, lambda: Desk(self.facts, self.looks), budget)
        self.journal = Journal()
        self.screens: list[Screen] = []

    def dial(self) -> str:
        return self._seen(self.player.show(self.journal))

    def types(self, *answers: str) -> str:
        for answer in answers:
            self._seen(self.player.answer(self.journal, answer))
        return self.screens[-1].text

    def _seen(self, screen: Screen) -> str:
        self.screens.append(screen)
        return screen.text
