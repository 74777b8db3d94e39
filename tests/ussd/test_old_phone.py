"""A phone that was switched off in the middle of what it said: what it says from then on counts for nothing."""

from collections.abc import Callable

import pytest

from service.container import Container
from service.models import Pledge, ProgressReport
from service.models.diaspora import active_contact
from service.models.session import transaction
from service.usecases.moving import remove_contact, replace_contact
from tests.conftest import MovedClock
from tests.ussd.conftest import Handset, rows
from tests.ussd.projects import project_of, staffed_village
from tests.world import LYON, SECRETARY, TREASURER, officer_of

NewHandset = Callable[[str], Handset]
PIN, NEWCOMER = "2580", "+33639980078"


@pytest.fixture
def project(container: Container, handset: NewHandset, clock: MovedClock) -> str:
    """The reference of the village's project with Lyon."""
    handset(SECRETARY)  # its country is settled
    with transaction(container.engine) as session:
        staffed_village(session, clock())
        return project_of(session, clock())


def test_an_officer_who_has_left_reports_nothing_with_the_last_key(
    container: Container, handset: NewHandset, project: str, clock: MovedClock
) -> None:
    treasurer = handset(TREASURER)
    treasurer.sends(f"AVANCEMENT {project} 40")
    while "1 Envoyer" not in treasurer.inbox()[-1]:
        assert len(treasurer.inbox()) < 12, treasurer.inbox()[-1]
        treasurer.sends("1")
    with transaction(container.engine) as session:
        officer_of(session, TREASURER).left_at = clock()
    for _ in range(2):
        treasurer.sends("1")
    assert rows(container, ProgressReport) == 0


@pytest.mark.parametrize("replaced", [True, False])
def test_a_contact_who_is_one_no_more_promises_nothing_with_the_code_that_waits(
    container: Container, handset: NewHandset, project: str, clock: MovedClock, *, replaced: bool
) -> None:
    lyon = handset(LYON)
    lyon.sends(f"DON {project} 5000 EUR")
    asked = lyon.sends("1")[-1]
    code = next(word for word in asked.replace(".", " ").replace(",", " ").split() if word.isdigit() and len(word) == 6)
    with transaction(container.engine) as session:
        contact = active_contact(session, LYON)
        assert contact
        if replaced:
            replace_contact(session, clock(), actor="user:1", contact_id=contact.id, name="Idir", phone=NEWCOMER)
        else:
            remove_contact(session, clock(), actor="user:1", contact_id=contact.id)
    lyon.sends(code)
    assert rows(container, Pledge) == 0
