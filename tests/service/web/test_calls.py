"""The first admin page: whom to call back, and the associations for which nobody speaks any more."""

import pytest
from sqlalchemy import Engine

from service.container import Clock
from service.domain.states import AssociationState
from service.models import Callback
from service.models.session import reading, transaction
from service.usecases.callbacks import ask_callback
from service.usecases.leaving import forget
from tests.conftest import MovedClock
from tests.service.web.person import Person
from tests.service.web.registers import Registers

OFFICER, STRANGER = "+212600000001", "+212600000009"


@pytest.fixture
def asked(registers: Registers, engine: Engine, clock: MovedClock) -> list[int]:
    """An officer, then a phone that nobody knows."""
    registers.association()
    ids = []
    for phone in (OFFICER, STRANGER):
        with transaction(engine) as session:
            ids.append(ask_callback(session, clock(), phone=phone, channel="ussd").id)
        clock.move(minutes=1)
    return ids


def test_a_coordinator_sees_whom_to_call_the_longest_first(coordinator: Person, asked: list[int]) -> None:
    assert len(asked) == 2
    page = coordinator.get("/admin/").text
    for said in ("Ait Abdallah", "Secrétaire", "+212 6 00 00 00 01", "Français", "23/11/2026", "Pas encore inscrit"):
        assert said in page
    assert page.index("00 00 01") < page.index("00 00 09")


def test_who_was_called_is_off_the_list_once(coordinator: Person, asked: list[int], engine: Engine) -> None:
    answer = coordinator.send(f"/admin/calls/{asked[0]}/done", page="/admin/")
    assert answer.location == "/admin/"
    page = coordinator.get("/admin/").text
    assert "la personne a été rappelée" in page
    assert "00 00 01" not in page
    assert "00 00 09" in page
    assert coordinator.send(f"/admin/calls/{asked[0]}/done", page="/admin/").status_code == 409
    with reading(engine) as session:
        assert session.get_one(Callback, asked[0]).done_by.startswith("user:")


def test_a_viewer_sees_masked_numbers_and_calls_nobody(viewer: Person, asked: list[int]) -> None:
    page = viewer.get("/admin/").text
    assert "+212•••••01" in page
    assert "00 00 01" not in page
    assert "/done" not in page
    assert viewer.send(f"/admin/calls/{asked[0]}/done", page="/admin/").status_code == 403


def test_who_left_is_called_no_more_and_pages_show_a_dash(
    coordinator: Person, registers: Registers, asked: list[int], engine: Engine, clock: Clock
) -> None:
    registers.need(registers.association("Tamount", AssociationState.VERIFIED))
    for phone in (OFFICER, "+212600000002"):
        with transaction(engine) as session:
            forget(session, clock(), phone=phone)
    page = coordinator.get("/admin/").text
    assert "Ait Abdallah" in page.partition("Associations sans responsable")[2]
    assert "Tamount" in page.partition("Associations sans responsable")[2]
    assert "Secrétaire" not in page
    assert coordinator.send(f"/admin/calls/{asked[0]}/done", page="/admin/").status_code == 404
    assert coordinator.get("/admin/associations").status_code == 200
    assert '<bdi dir="ltr" class="number">-</bdi>' in coordinator.get("/admin/needs").text
    assert "gone-" not in coordinator.get("/admin/needs").text
