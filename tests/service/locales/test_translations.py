"""The page for native readers: it holds every text, keeps who read it, and forgets that when the text changes."""

from docs.make_translations import AWAITED, PAGE, marks, page
from service.locales import Language
from tests.service.locales.catalogues import DOMAINS, texts


def test_the_page_is_up_to_date() -> None:
    written = PAGE.read_text()
    assert page(marks(written)) == written, "run python docs/make_translations.py"


def test_the_page_holds_every_text_of_the_languages_that_wait() -> None:
    rows = marks(page({}))
    assert set(AWAITED) == {Language.SHI, Language.AR}
    for language in AWAITED:
        forms = sum(len(some) for domain in DOMAINS for some in texts(language, domain).values())
        listed = [key for where, key, _ in rows if where == language and key != "key"]
        assert len(listed) == len(set(listed)) == forms


def test_a_mark_stays_as_long_as_its_text() -> None:
    read = {row: "" for row in marks(page({})) if row[1] == "key.back"}
    shi, ar = sorted(read, reverse=True)
    kept = marks(page({shi: "F. A.", ("ar", "key.back", "another text"): "M."}))
    assert kept[shi] == "F. A."
    assert kept[ar] == ""
