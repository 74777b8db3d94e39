"""Merging and splitting associations of emigrants: said twice, with what is at stake, before anything happens."""

import pytest
from sqlalchemy import Engine, select

from service.models import Contact, Project
from service.models.diaspora import active_contact
from service.models.proposals import partners_of
from service.models.session import reading, transaction
from service.usecases.phones import know_phone
from tests.conftest import MovedClock
from tests.service.web.person import Person
from tests.ussd.projects import project_of, staffed_village
from tests.world import LYON, UTRECHT, diaspora, settle

ALI = "+33639980099"


@pytest.fixture
def project(engine: Engine, clock: MovedClock) -> int:
    """The number of a village's project with Lyon, which has two contacts; Utrecht is there as well."""
    settle(engine)
    with transaction(engine) as session:
        staffed_village(session, clock())
        project_of(session, clock())
        diaspora(session, clock(), UTRECHT, "Utrecht-Souss")
        lyon = active_contact(session, LYON)
        assert lyon
        know_phone(session, clock(), ALI)
        session.add(Contact(association_id=lyon.association_id, phone=ALI, name="Ali", joined_at=clock()))
        session.flush()
        return session.scalars(select(Project.need_id)).one()


def numbers(engine: Engine) -> tuple[int, int, int]:
    """Return the numbers of Lyon's association, Utrecht's, and of the contact Ali."""
    with reading(engine) as session:
        lyon, utrecht, ali = (active_contact(session, phone) for phone in (LYON, UTRECHT, ALI))
        assert lyon
        assert utrecht
        assert ali
        return lyon.association_id, utrecht.association_id, ali.id


def partners(engine: Engine, need: int) -> list[str]:
    with reading(engine) as session:
        return [proposal.diaspora.name for proposal in partners_of(session, need)]


def test_an_association_is_merged_into_another_once_it_was_said_twice(
    coordinator: Person, engine: Engine, project: int
) -> None:
    lyon, utrecht, _ = numbers(engine)
    page = f"/admin/diaspora/{lyon}/moving"
    assert page in coordinator.get("/admin/diaspora").text
    asked = coordinator.send(f"/admin/diaspora/{lyon}/merge", page=page, into=str(utrecht)).text
    told = ("Lyon-Taliouine s&#39;arrête et continue dans Utrecht-Souss", "Personnes : 2", "Projets : 1")
    assert [said for said in told if said not in asked] == []
    assert "Témoignages : " not in asked  # there are none
    assert partners(engine, project) == ["Lyon-Taliouine"]
    coordinator.send(f"/admin/diaspora/{lyon}/merge", page=page, into=str(utrecht), sure="yes")
    assert partners(engine, project) == ["Utrecht-Souss"]
    assert coordinator.get(page).status_code == 404


def test_a_part_of_an_association_goes_on_by_itself(coordinator: Person, engine: Engine, project: int) -> None:
    lyon, _, ali = numbers(engine)
    page = f"/admin/diaspora/{lyon}/moving"
    form = {"name": "Lyon-Ifri", "contact": str(ali), "need": str(project)}
    assert coordinator.send(f"/admin/diaspora/{lyon}/split", page=page, **{**form, "name": " "}).location == page
    assert "Lyon-Ifri" in coordinator.send(f"/admin/diaspora/{lyon}/split", page=page, **form).text
    assert partners(engine, project) == ["Lyon-Taliouine"]
    coordinator.send(f"/admin/diaspora/{lyon}/split", page=page, **form, sure="yes")
    assert partners(engine, project) == ["Lyon-Ifri"]


@pytest.mark.parametrize("into", ["", "x", "999999", "9" * 30])
def test_what_is_no_association_is_merged_into_by_none(
    coordinator: Person, engine: Engine, project: int, into: str
) -> None:
    lyon, _, _ = numbers(engine)
    page = f"/admin/diaspora/{lyon}/moving"
    for sure in ({}, {"sure": "yes"}):
        assert coordinator.send(f"/admin/diaspora/{lyon}/merge", page=page, into=into, **sure).status_code == 404
    assert partners(engine, project) == ["Lyon-Taliouine"]
