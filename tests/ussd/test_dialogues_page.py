"""The page of all screens, which a coordinator hands to a village secretary."""

from importlib import import_module
from pkgutil import iter_modules

import pytest

import ussd.dialogues
from docs.make_dialogues import GREETINGS, PAGE, page
from tests.ussd.tour import PARTS
from ussd.engine.dialogue import Dialogue


@pytest.mark.timeout(300)  # a tour of all callers in four languages
def test_the_page_is_up_to_date() -> None:
    assert page() == PAGE.read_text(), "run python -m docs.make_dialogues"


def test_the_page_has_a_part_for_every_dialogue() -> None:
    modules = [import_module(f"ussd.dialogues.{module.name}") for module in iter_modules(ussd.dialogues.__path__)]
    names = {one.name for module in modules for one in vars(module).values() if isinstance(one, Dialogue)}
    written = PAGE.read_text()
    assert "need.report" in names
    # Two parts of one name would be one chapter.
    assert len({part.title for part in PARTS}) == len(PARTS)
    assert not [name for name in names - GREETINGS if f'<a id="{name}-' not in written]
