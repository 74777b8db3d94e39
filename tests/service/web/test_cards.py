"""Cards on paper: one page each, in every language, with where to dial and write to."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from service.locales import Language, speaker
from service.web.cards import WORDS, Holder
from tests.service.web.person import Person


def text_of(paper: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(paper)).pages]


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("holder", Holder)
def test_a_card_is_one_page_with_the_number_and_all_words(person: Person, holder: Holder, language: Language) -> None:
    page = person.get("/join", lang=language).text
    path = f"/cards/{holder}-{language}.pdf"
    assert f'href="{path}"' in page
    answer = person.get(path)
    assert answer.mimetype == "application/pdf"
    (said,) = text_of(answer.data)
    assert "+212" in said
    assert ("*384*84#" in said) == (holder is Holder.VILLAGE)
    # Arabic comes back joined in shapes; its words are looked at on paper, and read in tests of the keywords.
    if language is not Language.AR:
        assert [one for one in WORDS[holder] if speaker(language).say(f"card.word.{one}") not in said] == []


@pytest.mark.parametrize("path", ["/cards/nobody-fr.pdf", "/cards/village-xx.pdf"])
def test_there_is_no_card_for_others(person: Person, path: str) -> None:
    assert person.get(path).status_code == 404
