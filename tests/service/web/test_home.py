"""The public page: what Tiwizi is, in any of its languages, without amounts, names or a way to give."""

import re

import pytest
from sqlalchemy import Engine

from service.app import create_app
from service.container import Clock, Container
from service.domain.phone import show_phone
from service.domain.states import AssociationState, NeedState, ProposalState
from service.locales import Language, speaker
from service.models import DiasporaAssociation, Proposal
from service.models.session import transaction
from tests.service.web.person import Person
from tests.service.web.registers import Registers


def introduce(engine: Engine, clock: Clock, need_id: int, name: str, state: ProposalState) -> None:
    with transaction(engine) as session:
        diaspora = DiasporaAssociation(
            name=name, city="Lyon", country="FR", time_zone="Europe/Paris", registered_at=clock()
        )
        session.add(diaspora)
        session.flush()
        session.add(
            Proposal(need_id=need_id, diaspora_id=diaspora.id, state=state, score=0.5, reasons=[], proposed_at=clock())
        )


def figures(page: str) -> list[str]:
    return re.findall(r"<dd>([^<]*)</dd>", page)


def test_the_page_says_how_to_reach_tiwizi(person: Person, container: Container) -> None:
    page = person.get("/").text
    assert container.settings.ussd_code in page
    assert show_phone(container.settings.sms_number) in page
    assert 'href="/admin/"' in page
    assert "HCP, RGPH 2024" in page


def test_the_page_says_that_tiwizi_never_asks_for_money(person: Person) -> None:
    assert "loi 18-18" in person.get("/").text


def test_figures_count_what_was_verified_and_introduced(
    person: Person, registers: Registers, engine: Engine, clock: Clock
) -> None:
    assert figures(person.get("/").text) == ["0", "0", "0", "0"]
    verified = registers.association(state=AssociationState.VERIFIED)
    registers.association(state=AssociationState.PENDING)
    introduced = registers.need(verified, state=NeedState.INTRODUCED)
    registers.need(verified, state=NeedState.VERIFIED, reference="AA-AAA")
    registers.need(verified, state=NeedState.REPORTED, reference="BB-BBB")
    introduce(engine, clock, introduced, "Lyon-Taliouine", ProposalState.INTRODUCED)
    introduce(engine, clock, introduced, "Lyon-Assaisse", ProposalState.PROPOSED)
    assert figures(person.get("/").text) == ["1", "1", "2", "1"]
    page = person.get("/").text
    for said in ("commune au registre", "association de village vérifiée", "besoins vérifiés", "mise en relation"):
        assert f"<dt>{said}</dt>" in page


def test_the_page_names_nobody_and_shows_no_need(person: Person, registers: Registers) -> None:
    registers.need(registers.association("Tamount n Tizi", state=AssociationState.VERIFIED), title="Puits du bas")
    page = person.get("/").text
    for secret in ("Tamount", "Puits", "320", "K7-4Q2", "600000001", "DH"):
        assert secret not in page.replace(show_phone("+212600000000"), "")


def test_the_practice_phone_is_offered_only_where_it_is_on(container: Container, person: Person) -> None:
    assert 'href="/phone"' in person.get("/").text
    off = container.settings.model_copy(update={"simulator": False})
    closed = create_app(Container(off, container.engine, container.gateways, container.clock), [])
    assert "/phone" not in closed.test_client().get("/").text


@pytest.mark.parametrize("language", list(Language))
def test_each_language_is_a_page_of_its_own(person: Person, language: Language) -> None:
    page = person.get("/", lang=language).text
    assert f"<h2>{speaker(language).say('web.home.diaspora')}</h2>" in page
    assert ('dir="rtl">\n<head>' in page) is (language is Language.AR)


def test_a_chosen_language_is_remembered_and_an_unknown_one_ignored(person: Person) -> None:
    person.get("/", lang="ar")
    assert 'lang="ar" dir="rtl"' in person.get("/").text
    assert 'lang="ar" dir="rtl"' in person.get("/", lang="tlh").text
    assert 'lang="ar" dir="rtl"' in person.get("/admin/sign-in").text


@pytest.mark.parametrize(
    ("accepted", "tag"),
    [("en-GB,en;q=0.9", "en"), ("ar-MA", "ar"), ("shi", "shi-Latn"), ("de,nl;q=0.5", "fr"), ("", "fr")],
)
def test_the_browser_says_which_language_it_likes(person: Person, accepted: str, tag: str) -> None:
    page = person.client.get("/", headers={"Accept-Language": accepted}).text
    assert f'<html lang="{tag}"' in page


def test_a_link_to_another_language_stays_on_the_page_and_on_this_site(person: Person) -> None:
    page = person.get("/admin/sign-in", next="/admin/needs", _external="1", _scheme="javascript").text
    assert 'href="/admin/sign-in?next=%2Fadmin%2Fneeds&amp;_external=1&amp;_scheme=javascript&amp;lang=ar"' in page
    assert 'href="javascript' not in page
