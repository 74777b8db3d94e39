"""What the acts of the story have in common: its people, and what they have found out."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from service.cli.coordinator import Coordinator
from service.cli.story import Actor, StoryError

REFERENCE = re.compile(r"\b[A-Z0-9]{2,3}-[A-Z0-9]{3}\b")


@dataclass(frozen=True)
class Place:
    """Where the village is, in the language of the story; `typed` is how its people write the commune."""

    province: str
    commune: str
    typed: str
    douar: str


@dataclass
class Tale:
    """The people of the story, and its world.

    `duty` is the phone of a coordinator, who is told what the village and Lyon are.
    `job` runs what the clock would. `later` lets days pass and tells whether they did: a real clock is not moved.
    """

    secretary: Actor
    treasurer: Actor
    lyon: Actor
    duty: Actor
    residents: tuple[Actor, Actor, Actor]
    place: Place
    association: str
    diaspora: str
    meet: Callable[[], Coordinator]
    job: Callable[[str], None]
    later: Callable[[int], bool]
    reference: str = ""
    signed_in: Coordinator | None = None

    @property
    def coordinator(self) -> Coordinator:
        """The coordinator, who signs in when first needed."""
        self.signed_in = self.signed_in or self.meet()
        return self.signed_in

    def learns_reference(self, text: str) -> None:
        """Remember the need's reference. Raises StoryError when the text names none."""
        found = REFERENCE.search(text)
        if not found:
            raise StoryError(f"no reference is in:\n{text}")
        self.reference = found[0]
