"""Conversations as data: how `tests/conversations/*.yaml` is read; its README is for whoever writes one."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.ussd.scenery import FACTS, GIVEN, PHONES, Fact

FOLDER = Path(__file__).parents[1] / "conversations"
CHECKS = {"sees", "ends", "never", "by sms", "sms sees"}
KEYED = {"dials", "types", "dials long"}
REPEATED = {"again", "late", "loses", "drops"}
WRITTEN = {"texts", "gets", "gets nothing"}
DECIDED = {"verifies", "rejects", "confirms"}
TIMES = re.compile(r"<(\d+) times (.+?)>")


@dataclass(frozen=True)
class Step:
    """One thing that somebody does, and what they see then. `by_sms` and `sms_sees` are for where there is no USSD."""

    who: str
    does: str
    what: tuple[str, ...]
    sees: tuple[str, ...]
    ends: tuple[str, ...]
    never: tuple[str, ...]
    by_sms: tuple[str, ...] | None
    sms_sees: tuple[str, ...]

    def __str__(self) -> str:
        """Read as it is written in the file."""
        return f"{self.who} {self.does}: {', '.join(self.what)[:60]}"


@dataclass(frozen=True)
class Conversation:
    """One story: what is there before, what is said, and what is so at the end; `about` is the name of its file."""

    about: str
    story: str
    given: tuple[str, ...]
    steps: tuple[Step, ...]
    facts: Mapping[str, Fact]

    @property
    def ways(self) -> tuple[str, ...]:
        """How it can be held: by SMS too where every dial says what is sent instead, only so where nobody dials."""
        by_sms = all(step.by_sms is not None for step in self._dials)
        return (*(("ussd",) if self.dialled else ()), "http", *(("sms",) if by_sms else ()))

    @property
    def dialled(self) -> bool:
        """Whether somebody dials; else all of it is texts."""
        return bool(self._dials)

    @property
    def _dials(self) -> list[Step]:
        return [step for step in self.steps if step.does.startswith("dials")]


@cache
def conversations() -> tuple[Conversation, ...]:
    """Return all of them, in the order of the files.

    Raises ValueError with a sentence that names the story when one is not written as the README says.
    """
    return tuple(_conversation(path.stem, written) for path in sorted(FOLDER.glob("*.yaml")) for written in _read(path))


def _read(path: Path) -> Iterator[dict[str, Any]]:
    # BaseLoader makes texts of everything: 00, 1.500 and NO stay what a person typed.
    yield from yaml.load(path.read_text(), Loader=yaml.BaseLoader)  # noqa: S506  # it builds nothing but texts


def _conversation(about: str, written: dict[str, Any]) -> Conversation:
    story = written["story"]
    unknown = set(written) - {"story", "given", "talk", "facts"}
    unknown |= {one for one in _texts(written.get("given", [])) if one not in GIVEN}
    unknown |= set(written.get("facts", {})) - set(FACTS)
    if unknown:
        raise ValueError(f"{story}: what is {sorted(unknown)}?")
    return Conversation(
        about,
        story,
        _texts(written.get("given", [])),
        tuple(_step(story, step) for step in written["talk"]),
        written.get("facts", {}),
    )


def _step(story: str, written: dict[str, Any]) -> Step:
    done = [key for key in written if key not in CHECKS]
    who, _, does = done[0].partition(" ") if len(done) == 1 else ("", "", "")
    known = (
        (who == "clock" and does == "moves")
        or (who == "coordinator" and does in DECIDED)
        or (who in PHONES and does in KEYED | REPEATED | WRITTEN)
    )
    if not known:
        raise ValueError(f"{story}: who does what in {written}?")
    sees, ends, never, sms_sees = (_texts(written.get(check, [])) for check in ("sees", "ends", "never", "sms sees"))
    by_sms = _texts(written["by sms"]) if "by sms" in written else None
    return Step(who, does, _texts(written[done[0]], keep_empty=does == "types"), sees, ends, never, by_sms, sms_sees)


def _texts(written: Any, *, keep_empty: bool = False) -> tuple[str, ...]:
    """Return one text, or a list of them; nothing after the colon is none."""
    if isinstance(written, list):
        return tuple(_long(one) for one in written)
    return (_long(written),) if written or keep_empty else ()


def _long(text: str) -> str:
    return TIMES.sub(lambda found: found[2] * int(found[1]), text)
