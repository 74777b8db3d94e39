"""`@dialogue`: a generator function that reads like the conversation."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from ussd.engine.prompts import End, Enter, Prompt, Recall, Show, Voice

Step = Prompt | Recall | Enter
Talk = Generator[Step, Any, End]


class Context(Protocol):
    """What the engine needs of whoever it talks with."""

    @property
    def voice(self) -> Voice:
        """The language to speak now; a dialogue may change it as it goes."""
        ...


C = TypeVar("C", bound=Context)


@dataclass(frozen=True)
class Dialogue(Generic[C]):
    """A conversation with a name and a version: a journal of another version starts again politely.

    `draft` says that it asks what nobody wants to type twice: dropped, it is offered to go on with.
    """

    name: str
    version: int
    draft: bool
    talk: Callable[[C], Talk]

    def __call__(self, ctx: C) -> Talk:
        """Begin: the journal notes which version it speaks with."""
        yield Enter(self.name, self.version, self.draft)
        return (yield from self.talk(ctx))


def reading(page: Show) -> Talk:
    """Stay at a page to read until back or the menu leads away."""
    while True:
        yield page


def dialogue(name: str, *, version: int = 1, draft: bool = False) -> Callable[[Callable[[C], Talk]], Dialogue[C]]:
    """Make a generator function a dialogue. Raise `version` when kept answers no longer mean the same."""
    return lambda talk: Dialogue(name, version, draft, talk)
