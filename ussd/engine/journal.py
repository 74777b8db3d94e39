"""What is kept of a conversation between two turns."""

from dataclasses import dataclass, field
from typing import Any

# Entries that nobody typed begin with these: what was looked up; which dialogue began, one that is worth going on with
# when it was dropped, or one that is not.
LOOKED, DRAFTED, ENTERED = "=", "#", "~"


@dataclass
class Journal:
    """All that is kept of a conversation: accepted answers as `[key, value]`, and how the screen stands now.

    `more` says that a page follows; `shown` are the options on it, so that a list that changes meanwhile cannot shift
    an answer. `correcting` says that the lines to correct are on the screen; `resuming`, that the question whether to
    go on is. While an answer is corrected, `later` holds those after it, to be taken again, and `before` what to return
    to when the correction is dropped.
    """

    entries: list[list[Any]] = field(default_factory=list)
    page: int = 0
    more: bool = False
    shown: list[list[str]] = field(default_factory=list)
    later: list[list[Any]] = field(default_factory=list)
    before: list[list[Any]] = field(default_factory=list)
    correcting: bool = False
    resuming: bool = False

    @property
    def begun(self) -> bool:
        """Whether something was answered inside a dialogue that a person would not want to type again.

        Where another one begins within it, what was answered before is as dear.
        """
        drafted = [place for place, (key, _) in enumerate(self.entries) if key.startswith(DRAFTED)]
        return bool(drafted) and any(typed(key) for key, _ in self.entries[drafted[0] + 1 :])

    def copy(self) -> "Journal":
        """Return a journal that can go on without this one; entries themselves never change."""
        return Journal(
            list(self.entries),
            self.page,
            self.more,
            list(self.shown),
            list(self.later),
            list(self.before),
            self.correcting,
            self.resuming,
        )

    def correct(self, key: str) -> None:
        """Ask the last answer to `key` again, and whatever was asked because of it (`key.…`); keep the rest."""
        place = max(place for place, (entry_key, _) in enumerate(self.entries) if entry_key == key)
        self.before = self.entries
        self.later = [entry for entry in self.entries[place + 1 :] if not entry[0].startswith(f"{key}.")]
        self.entries = self.entries[:place]
        self.correcting = False

    def drop_correction(self) -> None:
        """Go back to the answers as they were."""
        if self.later or self.before:
            self.entries = self.before
        self.later, self.before, self.correcting = [], [], False

    def back_to(self, before: "Journal") -> None:
        """Be as `before` was when it was copied."""
        vars(self).update(vars(before.copy()))

    def cut(self, place: int) -> None:
        """Forget the answers from `place` on."""
        del self.entries[place:]
        self.later, self.before, self.correcting, self.page = [], [], False, 0


def typed(key: str) -> bool:
    """Tell whether an entry is an answer that a person typed."""
    return not key.startswith((LOOKED, DRAFTED, ENTERED))
