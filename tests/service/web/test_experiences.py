"""Sheets everybody may read, on a page and on paper; what coordinators do until then."""

from collections.abc import Callable, Iterator
from io import BytesIO

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page
from pypdf import PdfReader
from sqlalchemy import Engine, select

from service.container import Clock
from service.domain.testimonies import Publication, SheetState
from service.models import Need
from service.models.session import reading, transaction
from service.models.sheets import ExperienceSheet
from service.usecases.experiences import Experience, Quote
from service.usecases.testimonies import note_testimony, publish_testimony
from service.web.pdf import draw_sheet
from tests.service.web.person import Person
from tests.ussd.projects import WITNESS, handed_over, project_of, sheet_published, staffed_village
from tests.world import officer_of, settle

MakeNeed = Callable[..., Need]
# What must be on no public page: money that is asked for, and how to reach a person.
FORBIDDEN = ("+212", "IBAN", "RIB", "Donner", "faire un don", "Il manque", "Fatima")


@pytest.fixture
def project(engine: Engine, clock: Clock) -> Need:
    """A project that was handed over; nobody drafted its sheet."""
    settle(engine)
    with transaction(engine) as session:
        staffed_village(session, clock())
        reference = project_of(session, clock())
        need = session.scalars(select(Need).where(Need.reference == reference)).one()
        handed_over(session, clock(), need)
        assert need.association.commune
        return need


@pytest.fixture
def published(engine: Engine, clock: Clock, project: Need) -> str:
    """The reference of a project whose sheet is published, with a testimony; Lyon agreed to be named."""
    with transaction(engine) as session:
        need = session.get_one(Need, project.id)
        sheet_published(session, clock(), need)
        words = note_testimony(
            session,
            clock(),
            author=officer_of(session, WITNESS),
            reference=need.reference,
            words="L'eau <b>coule</b>",
            publication=Publication.NAMED,
            channel="ussd",
        )
        publish_testimony(session, clock(), actor="user:1", testimony_id=words.id)
        return need.reference


def states(engine: Engine) -> list[SheetState]:
    with reading(engine) as session:
        return list(session.scalars(select(ExperienceSheet.state).order_by(ExperienceSheet.language)))


def text_of(paper: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(paper)).pages)


def test_sheets_are_found_by_sector_and_by_word(person: Person, published: str) -> None:
    for found in ({}, {"sector": "water"}, {"q": "taliouine"}, {"q": "autorisation", "sector": "water"}):
        assert f'href="/experiences/{published}"' in person.get("/experiences", **found).text
    for nothing in ({"sector": "roads"}, {"q": "safran"}):
        assert "Rien ne correspond encore" in person.get("/experiences", **nothing).text
    assert person.get("/experiences", sector="whatever", q="x" * 500).status_code == 200


def test_a_sheet_says_what_was_done_with_whom_and_nothing_that_asks(person: Person, published: str) -> None:
    page = person.get(f"/experiences/{published}").text
    for said in ("L&#39;eau au village", "Lyon-Taliouine", "320 000 DH", "Remise au village", "Témoin, Ait Abdallah"):
        assert said in page
    assert "L&#39;eau &lt;b&gt;coule&lt;/b&gt;" in page
    for one in FORBIDDEN:
        assert one not in page


def test_who_reads_arabic_reads_the_arabic_sheet_and_others_the_french_one(person: Person, published: str) -> None:
    arabic = person.get(f"/experiences/{published}", lang="ar").text
    assert '<article class="sheet" lang="ar" dir="rtl">' in arabic
    assert "الماء في القرية" in arabic
    english = person.get(f"/experiences/{published}", lang="en").text
    assert '<article class="sheet" lang="fr" dir="ltr">' in english


def test_only_papers_that_are_published_are_offered(
    person: Person, engine: Engine, project: Need, published: str
) -> None:
    papers = f"/experiences/{published}.pdf?language="
    both = person.get(f"/experiences/{published}").text
    assert (f"{papers}fr" in both, f"{papers}ar" in both) == (True, True)
    with transaction(engine) as session:
        session.get_one(ExperienceSheet, (project.id, "ar")).state = SheetState.DRAFT
    french = person.get(f"/experiences/{published}").text
    assert (f"{papers}fr" in french, f"{papers}ar" in french) == (True, False)


@pytest.mark.parametrize("path", ["/experiences/K7-4Q2", "/experiences/nothing", "/experiences/K7-4Q2.pdf"])
def test_what_is_not_published_is_not_there(person: Person, project: Need, path: str) -> None:
    assert person.get(path).status_code == 404
    assert person.get(f"/experiences/{project.reference}").status_code == 404


def test_the_paper_in_french_says_what_the_page_says(person: Person, published: str) -> None:
    answer = person.get(f"/experiences/{published}.pdf", language="fr")
    assert answer.mimetype == "application/pdf"
    assert f"tiwizi-{published}-fr.pdf" in answer.headers["Content-Disposition"]
    read = PdfReader(BytesIO(answer.data))
    assert len(read.pages) <= 2
    said = text_of(answer.data)
    for one in ("L'eau au village", "Lyon-Taliouine", "320 000 DH", "Demander l'autorisation avant.", published):
        assert one in said
    for one in FORBIDDEN:
        assert one not in said


def test_the_paper_in_arabic_has_its_sentences_in_the_order_they_are_read(person: Person, published: str) -> None:
    said = text_of(person.get(f"/experiences/{published}.pdf", language="ar").data)
    # Shaped on paper, and letters of the alphabet in the text: what is copied out can be searched.
    assert "طلب الرخصة قبل شراء الأنابيب" in said
    assert "الماء في القرية" in said
    # Digits from left to right among words from right to left.
    assert "320.000" in said
    assert "23/11/2026" in said
    assert published in said


def test_every_letter_on_paper_has_its_font_in_the_file(person: Person, published: str) -> None:
    read = PdfReader(BytesIO(person.get(f"/experiences/{published}.pdf", language="ar").data))
    fonts = [font.get_object() for page in read.pages for font in page["/Resources"]["/Font"].values()]  # type: ignore[index]  # pypdf's dictionaries
    assert fonts
    for font in fonts:
        descriptor = font["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        assert "/FontFile2" in descriptor
        assert "Amiri" in descriptor["/FontName"]


def test_a_long_story_takes_two_pages_and_letters_no_font_has_are_left_out() -> None:
    long = "Le puits a été creusé de douze mètres. " * 15
    quotes = tuple(Quote(f"😀 {long[:300]}", "fr", "Témoin, Ait Abdallah ⵣ") for _ in range(4))
    steps = tuple(
        ("23/11/2026", "50 %, Travaux (Secrétaire 23/11/2026, confirmé Trésorier 23/11/2026)") for _ in "12345678"
    )
    money = (("Source", "Promis", "Confirmé", "Reçu"), *(("Lyon", "1 DH", "1 DH", "1 DH") for _ in "123456"))
    read = Experience("K7-4Q2", "fr", "W" * 80, "Ifri", long, (("Lieu", "Ifri"),), money, steps, long, long, quotes)
    paper = draw_sheet(read)
    assert len(PdfReader(BytesIO(paper)).pages) in {2, 3}
    assert "😀" not in text_of(paper)


def test_a_coordinator_drafts_completes_asks_and_publishes(coordinator: Person, engine: Engine, project: Need) -> None:
    listed, page = "/admin/sheets", f"/admin/sheets/{project.id}"
    assert "pas encore de fiche" in coordinator.get(listed).text
    coordinator.send(f"{page}/draft", page=listed)
    assert states(engine) == [SheetState.DRAFT, SheetState.DRAFT]
    shown = coordinator.get(page).text
    # Each thing that is lacking is named, and leads to where it is mended.
    assert '<a href="#consents">Il manque l&#39;accord du village.</a>' in shown
    for code, name in (("fr", "Français"), ("ar", "العربية")):
        to_write = f'<a href="#lessons-{code}">À écrire : Ce que le village ferait autrement.</a>'
        assert f"<bdi>{name}</bdi>: {to_write}" in shown
        assert f'id="lessons-{code}"' in shown
    form = {"title": "L'eau", "summary": "Une ligne\r\n\r\net une autre \u202e", "difficulties": "", "lessons": "Tout"}
    coordinator.send(f"{page}/complete", page=page, language="fr", **form)
    with reading(engine) as session:
        sheet = session.scalars(select(ExperienceSheet).where(ExperienceSheet.language == "fr")).one()
        assert (sheet.title, sheet.summary) == ("L'eau", "Une ligne\net une autre")
    left = coordinator.get(page).text
    assert ("#lessons-fr" in left, "#lessons-ar" in left) == (False, True)
    assert coordinator.send(f"{page}/publish", page=page, language="fr").status_code == 409
    coordinator.send(f"{page}/ask", page=page)
    asked = coordinator.get(page).text
    assert "demandé le" in asked
    assert "Demander l&#39;accord par SMS" in asked
    assert coordinator.get(f"{page}/fr.pdf").data.startswith(b"%PDF")
    assert coordinator.get(f"{page}/en.pdf").status_code == 404


def test_the_list_says_of_each_language_how_far_its_sheet_is(
    coordinator: Person, engine: Engine, project: Need, published: str
) -> None:
    assert published
    with transaction(engine) as session:
        session.get_one(ExperienceSheet, (project.id, "ar")).state = SheetState.DRAFT
    for asked in ({}, {"state": "draft"}, {"state": "published"}):
        listed = coordinator.get("/admin/sheets", **asked).text
        assert 'Français <span class="state published">publiée</span>' in listed
        assert 'العربية <span class="state draft">brouillon</span>' in listed
        assert '<tr role="row" class="waits">' in listed
    page = coordinator.get(f"/admin/sheets/{project.id}").text
    left = page.partition("Ce qui reste à faire")[2].partition("</ul>")[0]
    assert '<input type="hidden" name="language" value="ar">' in left
    assert "Publier cette fiche" in left
    # The first page says which one waits.
    today = coordinator.get("/admin/").text.partition(f'href="/admin/sheets/{project.id}"')[2].partition("</li>")[0]
    assert ("العربية" in today, "Français" in today) == (True, False)
    # All have answered, and what is taken down stands with what is published.
    assert "Demander l&#39;accord par SMS" not in page
    publication = page.partition(">Ce qui est public<")[2].partition("</section>")[0]
    assert "Retirer de la publication" in publication


def test_a_published_sheet_is_taken_down(coordinator: Person, engine: Engine, project: Need, published: str) -> None:
    page = f"/admin/sheets/{project.id}"
    assert f'href="/experiences/{published}?lang=fr"' in coordinator.get(page).text
    coordinator.send(f"{page}/withdraw", page=page)
    assert states(engine) == [SheetState.WITHDRAWN, SheetState.WITHDRAWN]
    assert coordinator.get(f"/experiences/{published}").status_code == 404


def test_who_only_looks_changes_no_sheet(viewer: Person, engine: Engine, project: Need, published: str) -> None:
    assert published
    page = f"/admin/sheets/{project.id}"
    assert "Retirer" not in viewer.get(page).text
    assert viewer.send(f"{page}/withdraw", page="/admin/password").status_code == 403
    assert states(engine) == [SheetState.PUBLISHED, SheetState.PUBLISHED]


@pytest.fixture(params=[360, 1280])
def tab(request: pytest.FixtureRequest, chromium: Browser) -> Iterator[Page]:
    page = chromium.new_page(viewport={"width": request.param, "height": 800})
    yield page
    page.close()


@pytest.mark.browser
@pytest.mark.parametrize("language", ["fr", "ar", "en"])
def test_no_page_is_wider_than_its_screen(app: Flask, served: str, published: str, tab: Page, language: str) -> None:
    assert app
    for path in ("/experiences", f"/experiences/{published}"):
        tab.goto(f"{served}{path}?lang={language}")
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
