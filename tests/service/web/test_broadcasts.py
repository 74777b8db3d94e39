"""Broadcasts in the admin view: one writes, another approves, what came of each can be taken away."""

import csv
import io
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select

from jobs.broadcasts import send_broadcasts
from service.container import Container
from service.domain.roles import UserRole
from service.domain.states import AssociationState
from service.models import Broadcast, Message
from service.models.session import reading, transaction
from service.usecases.phones import stop
from tests.conftest import MovedClock
from tests.service.web.person import MakeUser, Person
from tests.service.web.registers import Registers
from tests.service.web.test_inbox import form_of

PAGE, NEW = "/admin/broadcasts", "/admin/broadcasts/new"
TEXT = "Réunion à Assaisse le 3 décembre."
Writes = Callable[..., str]


@pytest.fixture
def writes(coordinator: Person, registers: Registers) -> Writes:
    """Zahra writes to the officers of three villages; the address of the broadcast."""
    for name in ("Ait Abdallah", "Tamunt", "Ifri"):
        registers.association(name, AssociationState.VERIFIED)

    def write(**form: str) -> str:
        filled = {"who": "villages", "text-fr": TEXT, "no_appeal": "1", "form": form_of(coordinator, NEW), **form}
        answer = coordinator.send(PAGE, page=NEW, **filled)
        return answer.location or answer.text

    return write


def another(person: Person, make_user: MakeUser, role: UserRole = UserRole.COORDINATOR) -> Person:
    """Amina takes the browser over."""
    make_user("Amina", role)
    person.send("/admin/sign-out", page="/admin/")
    person.sign_in("Amina")
    return person


def test_a_broadcast_is_seen_before_it_is_kept(engine: Engine, writes: Writes) -> None:
    seen = writes(step="preview")
    assert all(said in seen for said in ("personnes : 3", TEXT, "<bdi>Tamunt</bdi>", "Proposer à l&#39;approbation"))
    with reading(engine) as session:
        assert session.scalars(select(Broadcast)).all() == []
    assert writes().startswith(f"{PAGE}/")


def test_one_writes_another_approves_and_the_result_can_be_taken_away(
    coordinator: Person,
    engine: Engine,
    container: Container,
    clock: MovedClock,
    make_user: MakeUser,
    writes: Writes,
) -> None:
    page = writes(place="09.541", commune="asais")
    with transaction(engine) as session:
        stop(session, clock(), "+212600000003", "ussd")
    seen = coordinator.get(page).text
    assert all(said in seen for said in ("Responsables de villages", "Assaisse", "a dit STOP", "personnes : 2"))
    assert "STOP : ne plus recevoir de SMS." in seen
    assert "Une autre personne doit" in seen
    assert f'href="{page}"' not in coordinator.get("/admin/").text  # its author may not approve it
    assert coordinator.send(f"{page}/approve", page=page).status_code == 403
    other = another(coordinator, make_user)
    assert f'href="{page}">Écrit par <bdi>Zahra</bdi>' in other.get("/admin/").text  # where it waits
    assert f"{page}/approve" in other.get(page).text
    assert other.send(f"{page}/approve", page=page).status_code == 302
    send_broadcasts(container)
    assert "en attente" in other.get(page).text
    results = other.get(f"{page}/results.csv")
    with results:
        lines = list(csv.reader(io.StringIO(results.text), delimiter=";"))
    assert [line[:3] for line in lines[1:]] == [
        ["'+212600000001", "fr", "queued"],
        ["'+212600000002", "fr", "queued"],
        ["'+212600000003", "", "left_out"],
    ]
    assert lines[3][3] == "stop"
    with reading(engine) as session:
        text = f"Tiwizi: {TEXT} STOP : ne plus recevoir de SMS."
        assert session.scalars(select(Message.text).where(Message.template == "broadcast")).all() == [text] * 2


def test_a_broadcast_is_held_goes_on_and_is_called_back(
    coordinator: Person, engine: Engine, make_user: MakeUser, writes: Writes
) -> None:
    page = writes()
    other = another(coordinator, make_user, UserRole.ADMIN)
    states = []
    for deed in ("approve", "pause", "resume", "cancel"):
        assert f"{page}/{deed}" in other.get(page).text
        assert other.send(f"{page}/{deed}", page=page).status_code == 302
        with reading(engine) as session:
            states.append(session.scalars(select(Broadcast.state)).one())
    assert states == ["sending", "paused", "sending", "cancelled"]
    assert other.send(f"{page}/resume", page="/admin/").status_code == 409
    like = other.get(NEW, like=page.rpartition("/")[2]).text
    assert TEXT in like
    assert 'value="villages" selected' in like


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"text-fr": ""}, "dans une langue au moins"),
        ({"text-fr": "x" * 600}, "dépasse 4 SMS"),
        ({"commune": "zzzzqqq"}, "ne trouvons pas cette commune"),
        ({"no_appeal": ""}, "Loi 18-18"),
    ],
)
def test_what_cannot_be_sent_is_said_and_what_was_typed_is_kept(
    engine: Engine, writes: Writes, form: dict[str, str], said: str
) -> None:
    again = writes(**{"text-en": "Meeting", **form}) if "text-fr" not in form else writes(**form)
    assert said in again
    assert '<p class="notice" role="status"' in again
    assert "Meeting" in again or "text-fr" in form
    with reading(engine) as session:
        assert session.scalars(select(Broadcast)).all() == []


def test_the_form_says_the_law(coordinator: Person) -> None:
    assert "il ne demande jamais d&#39;argent ni de don" in coordinator.get(NEW).text


def test_what_no_form_offers_asks_for_nothing(coordinator: Person, engine: Engine, writes: Writes) -> None:
    page = writes(role="king", state="x", sector="y", place="99", country="<b>")
    assert coordinator.get(page).status_code == 200
    with reading(engine) as session:
        asked = session.scalars(select(Broadcast.audience)).one()
    assert {value for name, value in asked.items() if name != "who"} == {""}


def test_what_an_association_is_is_not_said_of_its_people(coordinator: Person, writes: Writes) -> None:
    assert "Responsables de villages, association vérifiée" in coordinator.get(writes(state="verified")).text


def test_a_viewer_reads_masked_and_decides_nothing(
    coordinator: Person, container: Container, engine: Engine, make_user: MakeUser, writes: Writes
) -> None:
    page = writes()
    with transaction(engine) as session:
        session.scalars(select(Broadcast)).one().state = "sending"  # type: ignore[assignment]
    send_broadcasts(container)
    other = another(coordinator, make_user, UserRole.VIEWER)
    seen = other.get(page).text
    assert "+212•••••01" in seen
    assert "600000001" not in seen.replace(" ", "")
    assert TEXT in other.get(PAGE).text
    for path in (f"{page}/approve", f"{page}/pause", f"{page}/resume", f"{page}/cancel", PAGE):
        assert other.send(path, page="/admin/").status_code == 403
    assert {other.get(path).status_code for path in (NEW, f"{page}/results.csv")} == {403}
    assert other.get(f"{PAGE}/999").status_code == 404
