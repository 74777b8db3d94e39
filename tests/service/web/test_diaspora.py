"""Coordinators see which associations of emigrants wait, and decide."""

import pytest
from playwright.sync_api import Page
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.container import Clock
from service.domain.phone import show_phone
from service.domain.sectors import Sector
from service.domain.states import AssociationState
from service.locales import Language
from service.models import AuditEntry, DiasporaAssociation, Message
from service.models.session import reading, transaction
from service.usecases.diaspora import pause_alerts
from service.usecases.enrolment import enrol_diaspora
from tests.service.web.person import MakeUser, Person
from tests.service.web.registers import assaisse
from tests.service.web.test_pages import LONG, complaints, look, page, sign_in

__all__ = ["complaints", "page"]  # fixtures of the pages in a browser

PARIS, GHENT = "+33639980077", "+32470000077"
BIDI = "Gand \u202eevil\u202c <script>alert(1)</script>"


def enrol(session: Session, now: Clock, name: str = "Amis du Souss", phone: str = PARIS) -> int:
    session.merge(assaisse())
    session.flush()
    association = enrol_diaspora(
        session,
        now(),
        phone=phone,
        channel="sms",
        language=Language.FR,
        name=name,
        city="Lyon",
        country="FR",
        contact_name="Malika",
        origins=["09.541.07.07", "09"],
        sectors=[Sector.WATER, Sector.ROADS],
        yearly_capacity=None,
    )
    return association.id


@pytest.fixture
def number(engine: Engine, clock: Clock) -> int:
    with transaction(engine) as session:
        return enrol(session, clock)


def state_of(engine: Engine, number: int) -> AssociationState:
    with reading(engine) as session:
        return session.get_one(DiasporaAssociation, number).state


@pytest.mark.usefixtures("number")
def test_who_waits_is_counted_and_shown_with_what_they_said(coordinator: Person) -> None:
    assert "<b>1</b> association de MRE attend une vérification" in coordinator.get("/admin/").text
    shown = coordinator.get("/admin/diaspora").text
    for word in ("Amis du Souss", "Lyon", "France", "Assaisse, Souss-Massa", "Eau potable, Piste et route", "Malika"):
        assert word in shown
    assert show_phone(PARIS) in shown
    assert "non précisé" in shown
    arabic = coordinator.get("/admin/diaspora", lang="ar").text
    assert "فرنسا" in arabic
    assert "أسايس" in arabic


def test_a_coordinator_verifies_and_the_contact_hears_of_it(coordinator: Person, engine: Engine, number: int) -> None:
    answer = coordinator.send(f"/admin/diaspora/{number}/verify", page="/admin/diaspora")
    assert answer.location == "/admin/diaspora"
    assert "Amis du Souss est vérifiée" in coordinator.get("/admin/diaspora").text
    assert state_of(engine, number) is AssociationState.VERIFIED
    with reading(engine) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "diaspora.verified")).one()
        told = session.scalars(select(Message).where(Message.template == "diaspora_verified")).one()
    assert entry.actor.startswith("user:")
    assert told.phone == PARIS
    again = coordinator.send(f"/admin/diaspora/{number}/verify", page="/admin/diaspora")
    assert again.status_code == 409


def test_a_coordinator_rejects_with_a_reason_and_may_mend_it(coordinator: Person, engine: Engine, number: int) -> None:
    reject = f"/admin/diaspora/{number}/reject"
    coordinator.send(reject, page="/admin/diaspora", reason=" \u200b")
    assert "Rien n&#39;est refusé encore" in coordinator.get("/admin/diaspora").text
    assert state_of(engine, number) is AssociationState.PENDING
    coordinator.send(reject, page="/admin/diaspora", reason="Personne ne répond au numéro")
    shown = coordinator.get("/admin/diaspora").text
    assert "Personne ne répond au numéro" in shown
    assert state_of(engine, number) is AssociationState.REJECTED
    coordinator.send(f"/admin/diaspora/{number}/verify", page="/admin/diaspora")
    assert state_of(engine, number) is AssociationState.VERIFIED


@pytest.mark.parametrize("what", ["verify", "reject"])
def test_a_form_without_its_token_is_refused(coordinator: Person, engine: Engine, number: int, what: str) -> None:
    assert coordinator.client.post(f"/admin/diaspora/{number}/{what}", data={"reason": "x"}).status_code == 400
    assert state_of(engine, number) is AssociationState.PENDING


def test_a_viewer_sees_masked_phones_and_decides_nothing(viewer: Person, engine: Engine, number: int) -> None:
    shown = viewer.get("/admin/diaspora").text
    assert "Amis du Souss" in shown
    assert "+336•••••77" in shown
    assert PARIS[3:] not in shown.replace(" ", "")
    assert "/verify" not in shown
    for what in ("verify", "reject"):
        assert viewer.send(f"/admin/diaspora/{number}/{what}", page="/admin/", reason="x").status_code == 403
    assert state_of(engine, number) is AssociationState.PENDING


def test_a_stranger_is_sent_to_sign_in(person: Person) -> None:
    assert "/admin/sign-in" in str(person.get("/admin/diaspora").location)


def test_what_people_typed_is_escaped_and_hides_nothing(coordinator: Person, engine: Engine, number: int) -> None:
    with transaction(engine) as session:
        session.get_one(DiasporaAssociation, number).name = BIDI
    shown = coordinator.get("/admin/diaspora").text
    assert "<bdi>Gand ⟨U+202E⟩evil⟨U+202C⟩ &lt;script&gt;alert(1)&lt;/script&gt;</bdi>" in shown
    assert "\u202e" not in shown


def test_a_pause_is_seen_while_it_lasts(coordinator: Person, engine: Engine, clock: Clock, number: int) -> None:
    with transaction(engine) as session:
        contact = session.get_one(DiasporaAssociation, number).active_contacts[0]
        pause_alerts(session, clock(), contact=contact, days=30)
    assert "en pause jusqu&#39;au 23/12/2026" in coordinator.get("/admin/diaspora").text
    clock.move(days=30)  # type: ignore[attr-defined]  # the tests' own clock
    coordinator.sign_in()
    assert "en pause" not in coordinator.get("/admin/diaspora").text


@pytest.mark.browser
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_page_fits_narrow_and_wide_windows(
    page: Page, complaints: list[str], engine: Engine, clock: Clock, make_user: MakeUser
) -> None:
    with transaction(engine) as session:
        enrol(session, clock, LONG[:80])
        enrol(session, clock, "جمعية أبناء تاليوين بمدينة غنت", GHENT)
    make_user()
    sign_in(page)
    page.get_by_role("link", name="associations de MRE attendent").click()
    look(page, "diaspora")
    page.get_by_text("Refuser").nth(0).click()
    page.get_by_label("Pourquoi ?").first.fill("Nous ne joignons personne au numéro donné.")
    look(page, "diaspora-rejecting")
    page.get_by_role("button", name="Refuser").first.click()
    look(page, "diaspora-confirming")
    page.get_by_role("button", name="Oui, confirmer").click()
    assert "est refusée" in page.get_by_role("status").inner_text()
    page.get_by_role("button", name="C'est vérifié").first.click()
    page.get_by_role("button", name="Oui, confirmer").click()
    assert "est vérifiée" in page.get_by_role("status").inner_text()
    look(page, "diaspora-decided")
    page.goto("/admin/diaspora?lang=ar")
    look(page, "diaspora-ar")
    assert complaints == []
