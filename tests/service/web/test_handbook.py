"""The coordinator's handbook: what it says is what the pages say, and everybody at the admin view finds it."""

from io import BytesIO

import pytest
from PIL import Image
from pypdf import PdfReader

from docs.make_handbook import PAPER, PROSE, draw_handbook, pictures_of
from service.locales import Language, speaker
from tests.service.web.person import Person

HEAVIEST = 1_200_000  # bytes: what a slow line takes in a few minutes


def without(_name: str) -> Image.Image | None:
    return None


def read(paper: bytes) -> PdfReader:
    return PdfReader(BytesIO(paper))


def said(paper: bytes) -> list[str]:
    return [page.extract_text() for page in read(paper).pages]


def test_the_handbook_says_what_the_pages_say_and_shows_them() -> None:
    prose, paper = PROSE.read_text(encoding="utf-8"), PAPER.read_bytes()
    assert said(paper) == said(draw_handbook(prose, without)), "run python -m docs.make_handbook"
    names = pictures_of(prose)
    assert names
    assert sum(len(page.images) for page in read(paper).pages) == len(names)
    assert len(paper) < HEAVIEST


def test_a_reference_the_catalogue_does_not_know_is_no_handbook() -> None:
    for prose, wrong in (("# A\n\n{web.nowhere}", KeyError), ("# A\n\n{web.inbox.hint}", ValueError)):
        with pytest.raises(wrong):
            draw_handbook(prose, without)


def test_who_is_signed_in_finds_it_at_the_foot_of_each_page(coordinator: Person) -> None:
    for language in Language:
        link = (
            f'href="/static/handbook.pdf" hreflang="fr" type="application/pdf">{speaker(language).say("web.handbook")}<'
        )
        assert link in coordinator.get("/admin/", lang=language).text
    with coordinator.get("/static/handbook.pdf") as answer:
        assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
