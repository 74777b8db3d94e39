"""Help in place: every admin page says in one line what it is for, in every language; the demo story has a tour."""

import re

import pytest
from flask import Flask
from sqlalchemy import Engine

from service.container import Clock
from service.locales import Language, speaker
from service.models.session import transaction
from service.web.access import access_of
from tests.service.web.person import Person
from tests.world import settle, village

# What is no page: a paper, a sound, a list to take away.
FILES = re.compile(r"\.(pdf|csv|xlsx|zip)$|/(file|sound|report)$")


def pages(app: Flask) -> list[str]:
    """Return the endpoints of all admin pages."""
    return sorted(
        {
            rule.endpoint
            for rule in app.url_map.iter_rules()
            if rule.endpoint.startswith("admin.")
            and "GET" in (rule.methods or ())
            and access_of(app, rule.endpoint) != "public"
            and not FILES.search(rule.rule)
        }
    )


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_every_admin_page_says_what_it_is_for_in_every_language(app: Flask) -> None:
    assert {"admin.home", "admin.need", "admin.messages"} <= set(pages(app))
    keys = {f"web.purpose.{endpoint.partition('.')[2]}" for endpoint in pages(app)}
    for language in Language:
        assert {key for key in keys if not speaker(language).knows(key)} == set(), language
        assert all(1 < len(speaker(language).say(key)) <= 120 for key in keys)


@pytest.mark.parametrize("language", Language)
def test_the_line_stands_on_the_pages(coordinator: Person, language: Language) -> None:
    for page, key in (("", "home"), ("needs", "needs"), ("diaspora", "diaspora"), ("password", "password")):
        line = speaker(language).say(f"web.purpose.{key}").replace("'", "&#39;")
        assert f'<p class="purpose">{line}</p>' in coordinator.get(f"/admin/{page}", lang=language).text


def test_on_a_card_the_line_stands_below_its_title(coordinator: Person) -> None:
    for page in ("password", "account/second-factor"):
        text = coordinator.get(f"/admin/{page}").text
        assert text.index('<div class="narrow">') < text.index("<h1>") < text.index('class="purpose"')


def test_there_is_a_tour_only_where_the_story_was_played(viewer: Person, engine: Engine, clock: Clock) -> None:
    settle(engine)
    assert viewer.get("/admin/tour").status_code == 404
    assert "/admin/tour" not in viewer.get("/admin/").text
    with transaction(engine) as session:
        village(session, clock(), "+212600001001", name="Association Tiwizi Ifri")
    assert 'href="/admin/tour"' in viewer.get("/admin/").text
    steps = re.findall(r'<li id="step-\d"><h2><a href="([^"]+)">([^<]+)', viewer.get("/admin/tour").text)
    # The list numbers them.
    assert [name for _, name in steps] == ["Le village"]
    pages = [viewer.client.get(step) for step, _ in steps]
    assert [page.status_code for page in pages] == [200]
    assert '<a href="/admin/tour#step-2">Continuer la visite</a>' in pages[0].text
    assert "Continuer la visite" not in viewer.get("/admin/associations").text
