"""What everybody may see: what was done, counted and told; no amount, no phone, nobody who did not agree."""

import re
from collections.abc import Sequence
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from service import models
from service.domain.phone import show_phone
from service.domain.projects import Party, ProjectMove
from service.domain.testimonies import Publication, TestimonyState
from service.locales import Language, speaker
from service.models.associations import active_officer
from service.models.diaspora import active_contact
from service.models.needs import need_by_reference
from service.models.session import transaction
from service.usecases.listings import withdraw_listing
from service.usecases.phones import stop
from service.usecases.projects import move_project
from service.usecases.sheets import answer_consent
from service.usecases.testimonies import withdraw_testimony
from tests.conftest import MovedClock
from tests.service.web.person import MakeUser, Person
from tests.service.web.public_story import (
    CONTACT_NAME,
    HIDDEN_ASSOCIATION,
    NAMED_WORDS,
    NAMELESS_WORDS,
    PHONES,
    PRIVATE_WORDS,
    WAITING_TITLE,
    PublicStory,
    tell_public_story,
)
from tests.ussd.projects import WITNESS
from tests.world import LYON, SECRETARY

# One page is weighed with all that it asks for.
HEAVIEST = 60 * 1024
ONE = (Language.FR,)
PAPERS = {"public.experience_pdf", "public.card"}
LYONS_NAME = "Lyon-Taliouine"
AMOUNT = re.compile(r"[\d\u0660-\u0669][\s\u00a0\u202f.,]*(?:DH|MAD|EUR|€|dirham|euro|درهم|أورو)", re.IGNORECASE)
GIVING = re.compile(r"\b(?:dons?|donner|donate|donation|give|tarzzift|tabarru3|iban|rib)\b|تبرع", re.IGNORECASE)
# However their digits are grouped, with or without the country's.
NUMBERS = re.compile("|".join(r"[ ().-]{0,2}".join(phone[4:]) for phone in PHONES))
# What finished works cost is on their sheet, which both sides agreed to: it asks for nothing (docs/decisions).
SHEET = re.compile(r'<article class="sheet" lang=.*?</article>', re.DOTALL)


@pytest.fixture
def story(engine: Engine, clock: MovedClock) -> PublicStory:
    return tell_public_story(engine, clock())


def addresses(app: Flask, story: PublicStory) -> list[str]:
    """All that anybody may open, found in the route map."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("public.") and rule.endpoint not in PAPERS:
            references = [story.finished, story.running, story.waiting] if rule.arguments else [""]
            found += [rule.rule.replace("<reference>", one) for one in references]
    searched = ("eau", "taliouine", "lyon", story.finished, WAITING_TITLE, NAMED_WORDS, CONTACT_NAME)
    return [*sorted(found), *(f"/search?q={one}" for one in searched)]


def seen(
    app: Flask, story: PublicStory, *, sheets: bool = True, languages: Sequence[Language] = tuple(Language)
) -> dict[str, str]:
    """Everything that is public, by its address, in every language."""
    client, pages = app.test_client(), {}
    for address in addresses(app, story):
        for language in languages:
            joint = "&" if "?" in address else "?"
            answer = client.get(f"{address}{joint}lang={language}")
            if answer.status_code == 200:
                pages[f"{address} {language}"] = answer.text if sheets else SHEET.sub("", answer.text)
    return pages


def weight(client: FlaskClient, address: str) -> int:
    """What an address weighs, in octets."""
    with client.get(address) as answer:
        return len(answer.data)


def where(pages: dict[str, str], words: str) -> set[str]:
    """The addresses of pages on which something stands."""
    return {address.partition(" ")[0] for address, page in pages.items() if words in page}


def test_the_walk_sees_the_pages(app: Flask, story: PublicStory) -> None:
    pages = seen(app, story)
    kinds = {"/", "/projects", "/testimonies", "/figures", "/network", "/join", "/privacy", "/feed.xml", "/sitemap.xml"}
    assert kinds <= {address.partition(" ")[0] for address in pages}
    assert len(pages) >= 4 * 20


def test_no_public_page_has_a_phone_an_amount_or_a_way_to_give(app: Flask, story: PublicStory) -> None:
    ours = app.extensions["tiwizi"].settings.sms_number
    for address, page in seen(app, story, sheets=False).items():
        text = re.sub(r"<[^>]+>", " ", page)
        assert AMOUNT.findall(text) == [], address
        assert GIVING.findall(text) == [], address
    for address, page in seen(app, story).items():
        assert NUMBERS.findall(page.replace(show_phone(ours), "")) == [], address


def test_no_public_page_names_who_did_not_agree_or_what_waits(app: Flask, story: PublicStory) -> None:
    pages = seen(app, story)
    # What was typed is shown again.
    looked_for = {f"/search?q={one.partition(' ')[0]}" for one in (WAITING_TITLE, CONTACT_NAME)}
    for secret in (CONTACT_NAME, HIDDEN_ASSOCIATION, PRIVATE_WORDS, WAITING_TITLE, story.waiting, "Puits du bas"):
        assert where(pages, secret) - looked_for == set()
    # The village is named by its sheet and by the testimony whose author wanted it, nowhere else.
    allowed = {"/testimonies", f"/projects/{story.finished}", f"/experiences/{story.finished}", "/export/iati.xml"}
    assert {one for one in where(pages, "Ait Abdallah") if not one.startswith("/search")} <= allowed | {"/feed.xml"}


def test_what_waits_for_a_partner_or_is_stopped_has_no_page(
    person: Person, story: PublicStory, engine: Engine, clock: MovedClock
) -> None:
    assert person.get(f"/projects/{story.waiting}").status_code == 404
    assert person.get(f"/projects/{story.running}").status_code == 200
    with transaction(engine) as session:
        need = need_by_reference(session, story.running)
        assert need
        dispute = ProjectMove.DISPUTE
        move_project(
            session, clock(), need_id=need.id, move=dispute, party=Party.VILLAGE, actor="officer:1", reason="other"
        )
    assert person.get(f"/projects/{story.running}").status_code == 404
    assert story.running not in person.get("/projects").text


def test_a_project_tells_how_far_it_is_and_who_says_so(person: Person, story: PublicStory) -> None:
    running = person.get(f"/projects/{story.running}").text
    for said in ("Eau potable", "Taliouine (Taroudannt)", "84", "50 %", "pas encore confirmé", LYONS_NAME):
        assert said in running
    assert "Étude faite</li>" in running  # it says itself that it is done
    assert running.count('class="reached"') == 2  # the study and the well, as half usually means
    finished = person.get(f"/projects/{story.finished}").text
    for said in ("100 %", NAMED_WORDS.replace("'", "&#39;"), "Témoin, Ait Abdallah", f"/experiences/{story.finished}"):
        assert said in finished
    assert "+212•••02" in finished  # a number that slipped into somebody's words
    assert finished.count('class="reached"') == 5


def test_the_lists_are_narrowed_by_sector_and_stage(person: Person, story: PublicStory) -> None:
    finished = person.get("/projects", state="finished", sector="water").text
    assert story.finished in finished
    assert story.running not in finished
    assert story.running in person.get("/projects", state="running").text
    assert "Aucun projet ici" in person.get("/projects", sector="roads").text
    assert person.get("/projects", state="nothing", sector="nothing", page="x" * 9).status_code == 200


def test_long_lists_go_on_on_other_pages(person: Person, story: PublicStory, engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        need = need_by_reference(session, story.finished)
        officer = active_officer(session, SECRETARY)
        assert need
        assert officer
        for number in range(45):
            session.add(
                models.Testimony(
                    need_id=need.id,
                    officer_id=officer.id,
                    text=f"mot{number:02}",
                    language="fr",
                    publication=Publication.ANONYMOUS,
                    state=TestimonyState.PUBLISHED,
                    written_at=clock(),
                    decided_at=clock() + timedelta(minutes=number),
                )
            )
    assert "mot44" in person.get("/testimonies").text
    last = person.get("/testimonies", page="99").text
    assert "mot00" in last
    assert "mot44" not in last
    assert 'href="/testimonies?page=2"' in last


def test_figures_count_projects_and_households_only(person: Person, story: PublicStory) -> None:
    assert story
    page = person.get("/figures").text
    assert re.findall(r"<dd>([^<]*)</dd>", page) == ["2", "1", "168", "1"]
    assert re.findall(r"<dt>([^<]*)</dt>", page)[:3] == ["projets", "projet achevé", "foyers concernés"]
    assert "Taroudannt" in page
    assert "2026" in page


def test_the_network_counts_all_and_names_those_that_agreed(person: Person, story: PublicStory) -> None:
    assert story
    page = person.get("/network").text
    assert "2 associations" in page
    assert f"<bdi>{LYONS_NAME}</bdi>, <bdi>Lyon</bdi>" in page
    assert HIDDEN_ASSOCIATION not in page


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("eau", {"finished", "running"}),
        ("taliouine", {"finished", "running"}),
        ("تارودانت", {"finished", "running"}),
        ("aman", {"finished", "running"}),
        ("eau tiznit", set()),
        ("coule", {"finished"}),
        ("%", set()),
        ("", set()),
    ],
)
def test_the_search_finds_by_word_place_and_subject_in_any_language(
    person: Person, story: PublicStory, typed: str, found: set[str]
) -> None:
    page = person.get("/search", q=typed).text
    assert {one for one in ("finished", "running") if f"/projects/{getattr(story, one)}" in page} == found
    assert '<meta name="robots" content="noindex">' in page


def test_a_testimony_taken_back_is_gone_at_once_also_from_who_has_the_page(
    app: Flask, person: Person, story: PublicStory, engine: Engine, clock: MovedClock
) -> None:
    shown = NAMED_WORDS.replace("'", "&#39;")
    assert {"/testimonies", f"/projects/{story.finished}"} <= where(seen(app, story, languages=ONE), shown)
    mark = person.get("/testimonies").headers["ETag"]
    with transaction(engine) as session:
        author = active_officer(session, WITNESS)
        assert author
        withdraw_testimony(session, clock(), author=author, testimony_id=story.named, channel="ussd")
    assert {one for one in where(seen(app, story, languages=ONE), shown) if not one.startswith("/search")} == set()
    again = person.client.get("/testimonies", headers={"If-None-Match": mark})
    assert again.status_code == 200
    assert NAMELESS_WORDS in again.text


def test_a_sheet_is_gone_at_once_when_the_village_says_no(
    app: Flask, story: PublicStory, engine: Engine, clock: MovedClock
) -> None:
    path = f"/experiences/{story.finished}"
    assert {"/experiences", "/feed.xml", "/sitemap.xml", "/search?q=taliouine"} <= where(
        seen(app, story, languages=ONE), path
    )
    with transaction(engine) as session:
        author = active_officer(session, SECRETARY)
        assert author
        answer_consent(session, clock(), author=author, reference=story.finished, agreed=False, channel="sms")
    assert where(seen(app, story, languages=ONE), path) == set()
    # Nor is the village named for funders any more.
    assert "/export/iati.xml" not in where(seen(app, story, languages=ONE), "Ait Abdallah")


@pytest.mark.parametrize("how", ["phone", "stop"])
def test_an_association_that_takes_its_name_back_is_named_nowhere(
    app: Flask, story: PublicStory, engine: Engine, clock: MovedClock, how: str
) -> None:
    named = {"/network", f"/projects/{story.running}", f"/projects/{story.finished}", "/export/iati.xml"}
    assert named <= where(seen(app, story, languages=ONE), LYONS_NAME)
    with transaction(engine) as session:
        contact = active_contact(session, LYON)
        assert contact
        answer_consent(session, clock(), author=contact, reference=story.finished, agreed=False, channel="sms")
        if how == "stop":
            stop(session, clock(), LYON, "sms")
        else:
            withdraw_listing(session, clock(), association_id=story.lyon, actor="contact:1", channel="ussd")
    assert where(seen(app, story, languages=ONE), LYONS_NAME) == set()


def test_the_feed_is_atom_and_tells_sheets_and_finished_projects(person: Person, story: PublicStory) -> None:
    answer = person.get("/feed.xml")
    assert answer.mimetype == "application/atom+xml"
    atom = "{http://www.w3.org/2005/Atom}"
    feed = ET.fromstring(answer.text)  # noqa: S314  # we wrote it
    assert {entry.findtext(f"{atom}title") for entry in feed.iter(f"{atom}entry")} == {
        "L'eau au village",
        "Projet remis : Eau potable, Taliouine (Taroudannt)",
    }
    assert all(entry.findtext(f"{atom}id", "").startswith("http") for entry in feed.iter(f"{atom}entry"))
    assert story.running not in answer.text


def test_robots_find_the_pages_and_stay_out_of_the_rest(person: Person, story: PublicStory) -> None:
    robots = person.get("/robots.txt").text
    for closed in ("/admin/", "/hooks/", "/phone"):
        assert f"Disallow: {closed}\n" in robots
    assert "Sitemap: http://127.0.0.1:8000/sitemap.xml" in robots
    listed = re.findall(r"<loc>http://127.0.0.1:8000([^<]*)</loc>", person.get("/sitemap.xml").text)
    assert {f"/projects/{story.running}", f"/experiences/{story.finished}", "/privacy"} <= set(listed)
    assert {person.get(path).status_code for path in listed} == {200}


def test_a_page_says_which_it_is_and_which_it_is_in_other_languages(person: Person, story: PublicStory) -> None:
    page = person.get(f"/projects/{story.running}", lang="ar", utm="x").text
    base = f"http://127.0.0.1:8000/projects/{story.running}"
    assert f'<link rel="canonical" href="{base}?lang=ar">' in page
    for tag, code in (("fr", "fr"), ("ar", "ar"), ("shi-Latn", "shi"), ("en", "en")):
        assert f'hreflang="{tag}" href="{base}?lang={code}"' in page
    assert f'hreflang="x-default" href="{base}"' in page
    assert '<meta property="og:image" content="http://127.0.0.1:8000/static/share.png">' in page
    assert '<meta property="og:title" content="' in page
    with person.client.get("/static/share.png") as picture:
        assert picture.data.startswith(b"\x89PNG")


def test_a_page_that_has_not_changed_costs_a_line_and_one_with_a_person_is_never_kept(
    person: Person, story: PublicStory, make_user: MakeUser
) -> None:
    assert story
    first = person.get("/projects")
    assert first.headers["Cache-Control"] == "public, no-cache"
    assert {"Cookie", "Accept-Language"} <= set(first.vary)
    again = person.client.get("/projects", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = person.client.get("/projects", headers={"If-None-Match": first.headers["ETag"], "Accept-Language": "ar"})
    assert other.status_code == 200
    assert person.get("/projects", lang="en").headers["Cache-Control"] == "private, no-cache"
    make_user()
    person.sign_in()
    assert person.get("/projects").headers["Cache-Control"] == "no-store"
    assert "ETag" not in person.get("/projects").headers
    assert person.get("/admin/").headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("language", list(Language))
def test_no_page_is_too_heavy_for_a_slow_network(app: Flask, story: PublicStory, language: Language) -> None:
    client = app.test_client()
    for path in ("/", "/projects", f"/experiences/{story.finished}", "/join"):
        page = client.get(path, query_string={"lang": language.value})
        asked = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text))
        assert asked
        assert len(page.data) + sum(weight(client, one) for one in asked) <= HEAVIEST
        assert "<script" not in page.text
        assert re.findall(r'(?:src|action)="(?:https?:)?//', page.text) == []


def test_the_privacy_page_says_what_the_purge_does(person: Person) -> None:
    page = person.get("/privacy").text
    french = speaker("fr")
    assert page.count(french.say("public.privacy.months", count=12)) == 1
    for said in (("months", 24), ("days", 30), ("days", 7), ("days", 1)):
        assert french.say(f"public.privacy.{said[0]}", count=said[1]) in page
