"""The page for native readers: it holds every text, keeps who read it, and forgets that when the text changes."""

from dataclasses import replace

from service.locales import Language
from service.locales.awaiting import AWAITED, HERE, Checkout, marks, page
from tests.service.locales.catalogues import DOMAINS, texts

CHECKOUT = Checkout(HERE)


def test_the_page_is_up_to_date() -> None:
    written = CHECKOUT.page.read_text()
    assert page(CHECKOUT.texts(), marks(written)) == written, "run python docs/make_translations.py"


def test_the_page_holds_every_text_of_the_languages_that_wait() -> None:
    awaiting = list(CHECKOUT.texts())
    read = marks(page(awaiting, dict.fromkeys((text.mark for text in awaiting), "F. A.")))
    assert set(AWAITED) == {Language.SHI, Language.AR}
    for language in AWAITED:
        forms = sum(len(some) for domain in DOMAINS for some in texts(language, domain).values())
        listed = [key for where, key, _ in read if where == language]
        assert len(listed) == len(set(listed)) == forms


def test_a_box_is_ticked_by_a_mark_which_stays_as_long_as_its_text() -> None:
    shi, ar = (text for text in CHECKOUT.texts() if text.key == "key.back")
    signed = {shi.mark: "F. A.", replace(ar, said="another text").mark: "M."}
    written = page([shi, ar], signed)
    assert f"| ☑ | `key.back` | {shi.french} | {shi.said} | F. A. |" in written
    assert f"| ☐ | `key.back` | {ar.french} | {ar.said} |  |" in written
    assert marks(written) == {shi.mark: "F. A."}


def test_a_text_of_several_lines_or_with_a_bar_keeps_its_mark() -> None:
    text = next(replace(text, said="yan | sin\nkrad") for text in CHECKOUT.texts())
    assert marks(page([text], {text.mark: "F. A."})) == {text.mark: "F. A."}
