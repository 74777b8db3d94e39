"""Numbers that may be another person's: who sees them, and who confirms one."""

import pytest
from sqlalchemy import Engine

from service.domain.phone import show_phone
from service.models import Phone
from service.models.phones import doubt
from service.models.session import reading, transaction
from service.usecases.vouching import ask_to_vouch, must_verify
from tests.conftest import MovedClock
from tests.service.web.person import Person
from tests.ussd.projects import CODE, staffed_village
from tests.world import LYON, SECRETARY, STRANGER, diaspora, settle

PAGE = "/admin/numbers"


@pytest.fixture(autouse=True)
def _doubts(engine: Engine, clock: MovedClock) -> None:
    """The secretary's number is doubted, and she asked; so is Lyon's, whose contact has not called yet."""
    settle(engine)
    with transaction(engine) as session:
        staffed_village(session, clock())
        diaspora(session, clock())
        clock.move(hours=1)
        for number in (LYON, SECRETARY):
            doubt(session, clock(), session.get_one(Phone, number), "inactive")
        ask_to_vouch(session, clock(), phone=SECRETARY, channel="ussd", dial=CODE)


def test_who_asked_stands_first_and_a_coordinator_who_heard_their_voice_confirms(
    coordinator: Person, engine: Engine, clock: MovedClock
) -> None:
    page = coordinator.get(PAGE).text
    assert page.index("Ait Abdallah") < page.index("Lyon-Taliouine")
    assert show_phone(SECRETARY) in page
    assert coordinator.send(f"{PAGE}/confirm", page=PAGE, phone=SECRETARY).location == PAGE
    assert "Le numéro est confirmé" in coordinator.get(PAGE).text
    assert "Ait Abdallah" not in coordinator.get(PAGE).text
    with reading(engine) as session:
        assert not must_verify(session, clock(), SECRETARY)
        assert must_verify(session, clock(), LYON)


@pytest.mark.parametrize(("number", "status"), [(STRANGER, 404), ("", 404), ("'; --", 404)])
def test_a_number_that_speaks_for_nobody_is_not_found(coordinator: Person, number: str, status: int) -> None:
    assert coordinator.send(f"{PAGE}/confirm", page=PAGE, phone=number).status_code == status


def test_what_a_colleague_confirmed_meanwhile_is_told(coordinator: Person) -> None:
    coordinator.send(f"{PAGE}/confirm", page=PAGE, phone=SECRETARY)
    assert coordinator.send(f"{PAGE}/confirm", page=PAGE, phone=SECRETARY).status_code == 409


def test_a_viewer_sees_masked_numbers_and_confirms_none(viewer: Person, engine: Engine, clock: MovedClock) -> None:
    page = viewer.get(PAGE).text
    assert "+212•••••01" in page
    assert "600000001" not in page
    assert viewer.send(f"{PAGE}/confirm", page="/admin/", phone=SECRETARY).status_code == 403
    with reading(engine) as session:
        assert must_verify(session, clock(), SECRETARY)


def test_an_empty_page_says_how_it_fills(coordinator: Person, engine: Engine) -> None:
    with transaction(engine) as session:
        for number in (LYON, SECRETARY):
            session.get_one(Phone, number).doubted_at = None
    assert "Aucun numéro n&#39;attend" in coordinator.get(PAGE).text
