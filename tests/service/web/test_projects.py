"""The pages of projects: what is shown of each, and what a coordinator may do."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine

from service.domain.projects import Party, ProjectMove, ProjectState
from service.messaging.outbox import tell
from service.models import Need, ProgressReport, Project
from service.models.associations import active_officer
from service.models.diaspora import active_contact
from service.models.session import reading, transaction
from service.usecases.projects import move_project
from tests.conftest import MovedClock
from tests.service.web.person import Person
from tests.ussd.projects import half_done, project_of, staffed_village
from tests.world import LYON, TREASURER, settle


@pytest.fixture
def project(engine: Engine, clock: MovedClock) -> int:
    """The number of a village's project with Lyon, half done a while ago."""
    settle(engine)
    with transaction(engine) as session:
        staffed_village(session, clock())
        reference = project_of(session, clock())
        half_done(session, clock() - timedelta(days=40), reference)
        project = session.query(Project).one()
        project.begun_at = project.moved_at = clock() - timedelta(days=50)
        return project.need_id


@pytest.mark.usefixtures("project")
def test_the_list_says_where_a_project_is_and_since_when_it_is_silent(coordinator: Person) -> None:
    page = coordinator.get("/admin/projects").text
    told = ("Lyon-Taliouine", "Travaux en cours", "260\u00a0000\u00a0DH", "50 %", "14/10/2026")
    assert [said for said in told if said not in page] == []
    assert "Lyon-Taliouine" in coordinator.get("/admin/projects", state="works").text
    assert "Lyon-Taliouine" not in coordinator.get("/admin/projects", state="closed").text


def test_more_spent_than_received_is_said_and_what_it_may_be(coordinator: Person, engine: Engine, project: int) -> None:
    said = "C&#39;est 260\u00a0000\u00a0DH de plus que ce qui est noté reçu"
    assert said not in coordinator.get(f"/admin/projects/{project}").text
    with transaction(engine) as session:
        session.query(ProgressReport).one().spent = 260_000_00
    assert said in coordinator.get(f"/admin/projects/{project}").text


def test_what_is_done_misses_nothing_any_more_and_says_what_came(
    coordinator: Person, engine: Engine, clock: MovedClock, project: int
) -> None:
    pages = ("/admin/projects", f"/admin/projects/{project}", f"/admin/projects/{project}/money")
    assert all("il manque 260\u00a0000\u00a0DH" in coordinator.get(page).text for page in pages[1:])
    with transaction(engine) as session:
        for move in (ProjectMove.ACCEPT, ProjectMove.HAND_OVER):
            move_project(session, clock(), need_id=project, move=move, party=Party.VILLAGE, actor="officer:1")
    assert [page for page in pages if "manque" in coordinator.get(page).text] == []
    assert "<dt>Reçu</dt><dd>0\u00a0DH</dd>" in coordinator.get(pages[0]).text
    told = (
        "Coût 320\u00a0000\u00a0DH, reçu 0\u00a0DH.",
        "Les 320\u00a0000\u00a0DH de différence",
        "donné sur place, non compté",
    )
    assert [(page, said) for page in pages[1:] for said in told if said not in coordinator.get(page).text] == []


def test_the_page_of_a_project_tells_its_record_and_a_viewer_may_do_nothing(viewer: Person, project: int) -> None:
    page = viewer.get(f"/admin/projects/{project}").text
    assert all(said in page for said in ("Mise en relation", "Début des travaux", "Avancement", "SMS"))
    assert '<form method="post" action="/admin/projects' not in page
    assert viewer.get("/admin/projects/999").status_code == 404


def test_no_code_that_proves_something_is_in_the_record(viewer: Person, engine: Engine, project: int) -> None:
    with transaction(engine) as session:
        reference = session.get_one(Need, project).reference
        now = session.get_one(Project, project).begun_at
        tell(session, now, event="code", phone=LYON, template="dialogue", reply=True, text=f"{reference} 402817")
    assert "402817" not in viewer.get(f"/admin/projects/{project}").text


def test_a_coordinator_stops_a_project_with_a_reason_and_lets_it_go_on(
    coordinator: Person, engine: Engine, project: int
) -> None:
    page = f"/admin/projects/{project}"
    coordinator.send(f"{page}/dispute", page=page)
    assert state(engine, project) is ProjectState.WORKS  # without a reason nothing moves
    coordinator.send(f"{page}/dispute", page=page, reason="devis perdu")
    assert state(engine, project) is ProjectState.DISPUTED
    assert "devis perdu" in coordinator.get(page).text
    coordinator.send(f"{page}/settle", page=page, reason="devis retrouvé")
    assert state(engine, project) is ProjectState.WORKS


def test_a_project_gets_a_time_of_its_own(coordinator: Person, engine: Engine, project: int) -> None:
    page = f"/admin/projects/{project}"
    coordinator.send(f"{page}/report-days", page=page, days="60")
    with reading(engine) as session:
        assert session.get_one(Project, project).report_days == 60


@pytest.mark.usefixtures("project")
def test_a_contact_is_replaced_and_another_has_died(coordinator: Person, engine: Engine) -> None:
    with reading(engine) as session:
        contact = active_contact(session, LYON)
        assert contact
    coordinator.send(f"/admin/contacts/{contact.id}/replace", page="/admin/diaspora", name="Ali", phone="0639980099")
    with reading(engine) as session:
        assert active_contact(session, LYON) is None
        new = active_contact(session, "+33639980099")
        assert new
    asked = coordinator.send(f"/admin/contacts/{new.id}/remove", page="/admin/diaspora").text
    assert "personne d&#39;autre ne répond" in asked
    with reading(engine) as session:
        assert active_contact(session, "+33639980099")  # nothing happens before it is said twice
    coordinator.send(f"/admin/contacts/{new.id}/remove", page="/admin/diaspora", sure="yes")
    with reading(engine) as session:
        assert active_contact(session, "+33639980099") is None


def test_an_association_is_split_on_its_page(coordinator: Person, engine: Engine, project: int) -> None:
    with reading(engine) as session:
        old = session.get_one(Need, project).association_id
        treasurer = active_officer(session, TREASURER)
        assert treasurer
    assert "Séparer en deux" in coordinator.get("/admin/associations", id=str(old)).text
    form = {"name": "Ifri d'en haut", "officer": str(treasurer.id), "need": str(project)}
    asked = coordinator.send(f"/admin/associations/{old}/split", page="/admin/associations", **form).text
    assert all(said in asked for said in ("Ifri d&#39;en haut", "Personnes : 1", "Besoins : 1", "Projets : 1"))
    with reading(engine) as session:
        assert session.get_one(Need, project).association_id == old
    coordinator.send(f"/admin/associations/{old}/split", page="/admin/associations", **form, sure="yes")
    with reading(engine) as session:
        assert session.get_one(Need, project).association.name == "Ifri d'en haut"


def state(engine: Engine, number: int) -> ProjectState:
    with reading(engine) as session:
        return session.get_one(Project, number).state


def test_a_project_says_what_is_next_and_by_when(
    coordinator: Person, engine: Engine, clock: MovedClock, project: int
) -> None:
    page = f"/admin/projects/{project}"
    assert "appelez le village : des nouvelles étaient attendues pour le 13/11/2026." in coordinator.get(page).text
    coordinator.send(f"{page}/report-days", page=page, days="60")
    assert "dit où il en est (SMS AVANCEMENT), attendu pour le 13/12/2026." in coordinator.get(page).text
    coordinator.send(f"{page}/dispute", page=page, reason="devis perdu")
    assert "appelez les deux côtés avant le 26/11/2026" in coordinator.get(page).text
    coordinator.send(f"{page}/settle", page=page, reason="devis retrouvé")
    with transaction(engine) as session:
        for move in (ProjectMove.ACCEPT, ProjectMove.HAND_OVER):
            move_project(session, clock(), need_id=project, move=move, party=Party.VILLAGE, actor="officer:1")
    handed_over = coordinator.get(page).text
    assert "nous demanderons au village par SMS si cela marche" in handed_over
    # What is there for good cannot be stopped, and how it is in a year nobody knows.
    assert [move for move in ("withdraw", "follow_up") if f"{page}/{move}" in handed_over] == []


def test_what_is_handed_over_is_not_stopped_even_by_who_asks_without_a_button(
    coordinator: Person, engine: Engine, clock: MovedClock, project: int
) -> None:
    page = f"/admin/projects/{project}"
    with transaction(engine) as session:
        for move in (ProjectMove.ACCEPT, ProjectMove.HAND_OVER):
            move_project(session, clock(), need_id=project, move=move, party=Party.VILLAGE, actor="officer:1")
    for before in (ProjectState.HANDED_OVER, ProjectState.DISPUTED):
        refused = coordinator.send(f"{page}/withdraw", page=page, reason="doublon")
        assert (refused.status_code, "il ne s&#39;arrête plus" in refused.text) == (409, True)
        assert state(engine, project) is before
        coordinator.send(f"{page}/dispute", page=page, reason="devis perdu")
        assert f"{page}/withdraw" not in coordinator.get(page).text


def test_how_it_is_a_year_on_is_chosen_from_what_the_village_could_say(
    coordinator: Person, engine: Engine, clock: MovedClock, project: int
) -> None:
    page = f"/admin/projects/{project}"
    with transaction(engine) as session:
        for move in (ProjectMove.ACCEPT, ProjectMove.HAND_OVER):
            ago = clock() - timedelta(days=366)
            move_project(session, ago, need_id=project, move=move, party=Party.VILLAGE, actor="officer:1")
    asked = coordinator.get(page).text
    assert "S&#39;il ne répond pas, appelez-le" in asked
    assert '<option value="works">Cela marche</option>' in asked
    coordinator.send(f"{page}/follow_up", page=page, reason="works")
    assert state(engine, project) is ProjectState.CLOSED
    assert "plus rien, le projet est achevé" in coordinator.get(page).text
