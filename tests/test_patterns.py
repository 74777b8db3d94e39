"""No pattern takes for ever, whatever somebody sends: each meets the longest text that can come in.

No time is measured: a pattern that goes back over and over runs into the time that any test has.
"""

import importlib
import pkgutil
import re
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

import jobs
import service
import ussd
from service.web.hook import LARGEST_BODY

# What patterns repeat, and a last letter at which they fail.
REPEATED = (
    "a",
    "1",
    " ",
    "'",
    "re ",
    "1 ",
    "1.",
    "a-",
    "tiwizi",
    "-",
    "\t",
    "é",
    "،",
    "()",
    "a1 ",
    "+",
    "1,1 ",
    "http://a",
)
ENDS = ("", "!", "\n", "x")
GO_ON = ("search", "sub", "subn", "findall", "finditer", "split")


def patterns() -> Iterator[tuple[str, re.Pattern[str]]]:
    for package in (service, ussd, jobs):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if ".migrations" not in module.name:
                for name, value in vars(importlib.import_module(module.name)).items():
                    for one in patterns_in(value):
                        yield f"{module.name}.{name}", one


def patterns_in(value: Any) -> Iterator[re.Pattern[str]]:
    match value:
        case re.Pattern() if isinstance(value.pattern, str):
            yield value
        case dict():
            yield from (one for inner in value.values() for one in patterns_in(inner))
        case tuple() | list():
            yield from (one for inner in value for one in patterns_in(inner))


FOUND = {pattern: name for name, pattern in patterns()}
FILES = [path for package in (service, ussd, jobs) for path in Path(package.__path__[0]).rglob("*.py")]
SOURCE = "\n".join(path.read_text() for path in FILES)


def ways_of(name: str) -> set[str]:
    """How a pattern is used: what goes on from each letter takes longer than what begins at the first one."""
    used = set(re.findall(rf"\b{name.rpartition('.')[2]}\b[^\n(]*\.(\w+)\(", SOURCE))
    return {"search" if way in GO_ON else way for way in used & {*GO_ON, "match", "fullmatch"}} or {"search"}


def test_the_patterns_are_found() -> None:
    assert len(FOUND) > 30
    assert ways_of("service.domain.text.WORD") == {"search"}
    assert ways_of("service.domain.spreadsheet.FORMULA") == {"match"}


@pytest.mark.parametrize("pattern", FOUND, ids=list(FOUND.values()))
@pytest.mark.timeout(60)
def test_a_pattern_comes_to_an_end(pattern: re.Pattern[str]) -> None:
    ways = [getattr(pattern, way) for way in ways_of(FOUND[pattern])]
    for repeated, end in product(REPEATED, ENDS):
        text = repeated * (LARGEST_BODY // len(repeated)) + end
        for way in ways:
            way(text)
