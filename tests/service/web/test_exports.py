"""The page of exports: asking, seeing how far they are, fetching what is one's own."""

from pathlib import Path
from threading import Event

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from service.container import Container
from service.domain.roles import UserRole
from service.locales import speaker
from service.models import AuditEntry, Export, ListingConsent
from service.models.session import reading, transaction
from service.settings import Settings
from service.usecases.exports import make_next
from tests.conftest import MovedClock
from tests.service.web.person import MakeUser, Person
from tests.service.web.public_story import PRIVATE_WORDS, PublicStory, tell_public_story

PAGE = "/admin/exports"


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"exports_folder": str(tmp_path / "exports")})


@pytest.fixture
def story(engine: Engine, clock: MovedClock) -> PublicStory:
    return tell_public_story(engine, clock())


def work(container: Container) -> None:
    while make_next(container.engine, container.settings, container.clock, "worker", Event()):
        pass


def test_a_coordinator_asks_for_projects_and_fetches_them(
    coordinator: Person, container: Container, story: PublicStory
) -> None:
    assert story
    assert "Aucun fichier" in coordinator.get(PAGE).text
    # On a phone, what a list of choices holds is cut.
    assert "<select" not in coordinator.get(PAGE).text
    look_again = speaker("fr").say("web.exports.refresh")
    assert look_again not in coordinator.get(PAGE).text
    coordinator.send(f"{PAGE}/iati", page=PAGE, amounts="yes")
    waiting = coordinator.get(PAGE).text
    assert "attend" in waiting
    # A page that reloads itself takes the keyboard away from who reads it.
    assert look_again in waiting
    assert "http-equiv" not in waiting
    work(container)
    number = _number(container)
    ready = coordinator.get(PAGE).text
    assert look_again not in ready
    assert f'href="{PAGE}/{number}/file"' in ready
    with coordinator.get(f"{PAGE}/{number}/file") as file:
        assert (file.status_code, file.mimetype) == (200, "application/xml")
        assert f"attachment; filename=tiwizi-iati-{number}.xml" in file.headers["Content-Disposition"]
    assert coordinator.get(f"{PAGE}/{number}").status_code == 404  # nothing of a person


def test_a_coordinator_reads_what_is_kept_about_a_person(
    coordinator: Person, container: Container, story: PublicStory
) -> None:
    assert story
    assert coordinator.send(f"{PAGE}/person", page=PAGE, phone="nobody").status_code == 302
    assert "ne se lit pas" in coordinator.get(PAGE).text
    coordinator.send(f"{PAGE}/person", page=PAGE, phone="+33 6 39 98 00 01")
    work(container)
    number = _number(container)
    page = coordinator.get(f"{PAGE}/{number}").text
    for said in ("+33 6 39 98 00 01", "Fatima", PRIVATE_WORDS, "Ses accords", "listing_consents"):
        assert said in page
    with coordinator.get(f"{PAGE}/{number}/file") as file:
        assert file.mimetype == "application/json"
    with reading(container.engine) as session:
        actions = list(session.scalars(select(AuditEntry.action).where(AuditEntry.actor.startswith("user:"))))
    assert {"export.asked", "person.exported", "export.fetched"} <= set(actions)


def test_a_file_is_for_who_asked_for_it_and_for_admins(
    app: Flask, coordinator: Person, container: Container, make_user: MakeUser, story: PublicStory
) -> None:
    assert story
    coordinator.send(f"{PAGE}/person", page=PAGE, phone="+33639980001")
    work(container)
    number = _number(container)
    make_user("Idder")
    other = Person(app.test_client())
    other.sign_in("Idder")
    assert f"{PAGE}/{number}/file" not in other.get(PAGE).text
    assert other.get(f"{PAGE}/{number}/file").status_code == 403
    assert other.get(f"{PAGE}/{number}").status_code == 403
    make_user("Anir", UserRole.ADMIN)
    admin = Person(app.test_client())
    admin.sign_in("Anir")
    with admin.get(f"{PAGE}/{number}/file") as file:
        assert file.status_code == 200
    assert admin.get(f"{PAGE}/999/file").status_code == 404


def test_who_only_looks_may_not_ask(viewer: Person) -> None:
    assert viewer.get(PAGE).status_code == 403
    assert viewer.send(f"{PAGE}/iati", page="/admin/password").status_code == 403


def test_nobody_asks_for_what_nobody_makes(coordinator: Person) -> None:
    assert coordinator.send(f"{PAGE}/everything", page=PAGE).status_code == 404


def test_a_coordinator_notes_the_agreement_on_paper_to_be_named_and_its_end(
    coordinator: Person, engine: Engine, story: PublicStory
) -> None:
    with transaction(engine) as session:
        for consent in session.scalars(select(ListingConsent)):
            session.delete(consent)
    page = "/admin/diaspora"
    assert "Lyon-Taliouine" not in coordinator.get("/network").text
    coordinator.send(f"{page}/{story.lyon}/list", page=page)
    assert "Lyon-Taliouine" in coordinator.get("/network").text
    with reading(engine) as session:
        kept = session.scalars(select(ListingConsent)).one()
        assert (kept.channel, kept.actor.partition(":")[0], kept.withdrawn_at) == ("paper", "user", None)
    assert "Nommée sur le site depuis" in coordinator.get(page).text
    coordinator.send(f"{page}/{story.lyon}/unlist", page=page)
    assert "Lyon-Taliouine" not in coordinator.get("/network").text
    assert coordinator.send(f"{page}/999/list", page=page).status_code == 404


def _number(container: Container) -> int:
    with reading(container.engine) as session:
        return session.scalars(select(Export.id).order_by(Export.id.desc())).first() or 0
