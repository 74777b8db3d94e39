"""What pages say exists in every language; what the catalogues have is looked at in `tests/service/locales`."""

import re
from pathlib import Path

import pytest

import service.usecases.users
import service.web
from service.domain.errors import TiwiziError
from service.locales import Language, speaker

WEB = Path(service.web.__file__).parent
OURS = "**/*.html"
SAID = re.compile(r'\bt\("([a-z0-9_.]+)"[,)]')
SAID_BY_VIEWS = re.compile(r'say\(\s*"(web\.[a-z0-9_.]+)"')


def said() -> set[str]:
    pages = [path.read_text() for path in (WEB / "templates").glob(OURS)]
    views = [path.read_text() for path in WEB.glob("**/*.py")]
    return {key for page in pages for key in SAID.findall(page)} | {
        key for view in views for key in SAID_BY_VIEWS.findall(view)
    }


def errors(root: type[TiwiziError] = TiwiziError) -> set[type[TiwiziError]]:
    return {root}.union(*(errors(one) for one in root.__subclasses__()))


def test_the_walk_finds_the_texts() -> None:
    assert {"web.skip", "web.sign_in.failed", "web.reason.needed", "web.home.money.what"} <= said()


@pytest.mark.parametrize("language", list(Language))
def test_every_text_of_a_page_exists(language: Language) -> None:
    assert {key for key in said() if not speaker(language).knows(key)} == set()


@pytest.mark.parametrize("language", list(Language))
def test_every_error_can_be_told(language: Language) -> None:
    assert service.usecases.users.WeakPasswordError in errors()
    untold = {
        error.key
        for error in errors()
        if not any(speaker(language).knows(f"{room}{error.key}") for room in ("web.", ""))
    }
    assert untold == set()
