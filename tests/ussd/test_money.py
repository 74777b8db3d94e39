"""A project's money by phone: the plan is seen and agreed to, what arrives is declared and counted."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from service.container import Container
from service.domain.ledger import ArrivalState, Columns
from service.domain.money import Currency, Money
from service.domain.projects import ProjectState
from service.models import Arrival, LedgerEntry, PlanAgreement, Pledge, Project
from service.models.contributions import contributions_of
from service.models.diaspora import active_contact
from service.models.needs import need_by_reference
from service.models.session import reading, transaction
from service.usecases.pledges import make_pledge
from tests.conftest import MovedClock
from tests.ussd.conftest import Handset, rows
from tests.ussd.projects import CODE, WITNESS, project_of, staffed_village
from tests.world import LYON, SECRETARY, TREASURER

NewHandset = Callable[[str], Handset]
PIN = ("2580", "2580")


@pytest.fixture
def project(container: Container, handset: NewHandset, clock: MovedClock) -> str:
    """The reference of the village's project, for which Lyon promised 5 000 EUR."""
    handset(SECRETARY)  # its country is settled
    with transaction(container.engine) as session:
        staffed_village(session, clock())
        reference = project_of(session, clock())
        contact = active_contact(session, LYON)
        assert contact
        amount = Money.of(5_000, Currency.EUR)
        make_pledge(session, clock(), contact=contact, reference=reference, amount=amount, code=CODE)
    return reference


def line(container: Container, reference: str, name: str = "Lyon-Taliouine") -> Columns:
    with reading(container.engine) as session:
        need = need_by_reference(session, reference)
        assert need
        lines = contributions_of(session, need.id)
        return next(one.columns for one in lines if one.diaspora and one.diaspora.name == name)


def code_in(text: str) -> str:
    return text.rsplit(":", maxsplit=1)[-1].split(maxsplit=1)[0]


def arrivals(container: Container) -> list[ArrivalState]:
    with reading(container.engine) as session:
        return list(session.scalars(select(Arrival.state).order_by(Arrival.id)))


def test_what_arrives_is_declared_by_one_and_counted_by_a_second(
    container: Container, handset: NewHandset, project: str
) -> None:
    secretary, treasurer, lyon = map(handset, (SECRETARY, TREASURER, LYON))
    secretary.dial()
    assert "3 Déclarer une arrivée" in secretary.types("3")
    assert secretary.types("3", "2", "50000").startswith(f"{project} : arrivé 50 000 DH de Lyon-Taliouine")
    assert "doit compter aussi" in secretary.types("1", *PIN)
    assert line(container, project).received == 0
    assert f"envoyez RECU {project}" in treasurer.inbox()[-1]
    assert f"Arrivée pour {project} à compter" in treasurer.dial()
    assert "Secrétaire (23/11/2026) dit 50 000 DH de Lyon-Taliouine" in treasurer.types("1")
    assert f"C'est recu pour {project}" in treasurer.types("1", *PIN)
    assert line(container, project).received == 5_000_000
    said = lyon.inbox()[-1]
    assert "50 000 DH recus" in said
    assert "par le secrétariat le 23/11/2026, confirmé par la trésorerie le 23/11/2026" in said
    assert "à compter" not in handset(WITNESS).dial()


def test_who_declared_is_not_asked_to_count(container: Container, handset: NewHandset, project: str) -> None:
    secretary = handset(SECRETARY)
    secretary.dial()
    secretary.types("3", "3", "2", "50000", "1", *PIN)
    assert "compter" not in secretary.dial().lower()
    # Nor by the word that would have a colleague count.
    assert secretary.sends(f"RECU {project}")[0].startswith("De qui est-ce arriv")
    assert arrivals(container) == [ArrivalState.DECLARED]


def test_another_amount_is_told_to_both_and_to_the_giver(
    container: Container, handset: NewHandset, project: str
) -> None:
    secretary, treasurer, lyon = map(handset, (SECRETARY, TREASURER, LYON))
    secretary.dial()
    secretary.types("3", "3", "2", "50000", "1", *PIN)
    treasurer.dial()
    assert "Recomptez ensemble" in treasurer.types("1", "2", "48000", *PIN)
    assert arrivals(container) == [ArrivalState.DIFFERENT]
    assert line(container, project).received == 0
    for phone in (secretary, treasurer, lyon):
        assert "50 000 DH" in phone.inbox()[-1]
        assert "48 000 DH" in phone.inbox()[-1]


def test_by_sms_one_line_declares_and_the_code_sent_back_proves(
    container: Container, handset: NewHandset, project: str
) -> None:
    secretary, treasurer = handset(SECRETARY), handset(TREASURER)
    (from_whom,) = secretary.sends(f"RECU {project} 500 EUR")
    assert from_whom.startswith("De qui est-ce arriv")
    (review,) = secretary.sends("2")
    assert "500 EUR de Lyon-Taliouine" in review
    (asked,) = secretary.sends("1")
    # A forged sender gets this far, and no further: the code went to the true one.
    assert rows(container, Arrival) == 0
    assert "doit compter aussi" in secretary.sends(code_in(asked))[0]
    (question,) = treasurer.sends(f"RECU {project}")
    assert "Combien avez-vous compt" in question
    (asked,) = treasurer.sends("1")
    assert arrivals(container) == [ArrivalState.DECLARED]
    for wrong in ("000000", "1", f"RECU {project} 500 EUR"):
        treasurer.sends(wrong)
    assert arrivals(container) == [ArrivalState.DECLARED]
    treasurer.sends(f"RECU {project}")
    (asked,) = treasurer.sends("1")
    treasurer.sends(code_in(asked))
    assert arrivals(container) == [ArrivalState.CONFIRMED]
    assert line(container, project).received == 540_000


def test_a_forged_promise_moves_nothing_without_the_code(
    container: Container, handset: NewHandset, project: str
) -> None:
    lyon = handset(LYON)
    before = rows(container, LedgerEntry)
    lyon.sends(f"DON {project} 7000 EUR")
    lyon.sends("1")
    lyon.sends("000000")
    assert rows(container, LedgerEntry) == before
    assert rows(container, Pledge) == 1


def test_the_plan_is_seen_and_agreed_to_by_both_sides(container: Container, handset: NewHandset, project: str) -> None:
    secretary, lyon = handset(SECRETARY), handset(LYON)
    secretary.dial()
    plan = secretary.types("3", "2")
    assert plan.startswith(f"{project} : cout 320 000 DH.\nIl manque 206 000 DH.\n1 D'accord avec ce plan")
    assert "Nous demandons aux autres" in secretary.types("1", "1", *PIN)
    assert f"PLAN {project}" in lyon.inbox()[-1]
    assert line(container, project) == Columns(5_400_000, 0, 0)
    lyon.sends(f"PLAN {project}")
    lyon.sends("1")
    (asked,) = lyon.sends("1")
    assert rows(container, PlanAgreement) == 1
    assert "convenu" in lyon.sends(code_in(asked))[0]
    assert line(container, project) == Columns(5_400_000, 5_400_000, 0)
    lyon.sends(f"PLAN {project}")
    (seen,) = lyon.sends("2")
    # Who said it, who confirmed it, and when.
    assert "Dit par Lyon-Taliouine le 23/11/2026" in seen
    assert "Confirmé 54 000 DH : Secrétaire 23/11/2026" in seen


def test_a_line_of_the_commune_is_added_with_what_is_often_given_and_opens_the_plan_again(
    container: Container, handset: NewHandset, project: str
) -> None:
    secretary, lyon = handset(SECRETARY), handset(LYON)
    secretary.dial()
    assert "Souvent 30 % du cout : 96 000 DH" in secretary.types("3", "2", "4", "5")
    assert f"{project} : La commune, 96 000 DH en tout" in secretary.types("96000")
    assert "chacun doit encore dire son accord" in secretary.types("1", *PIN)
    (plan,) = lyon.sends(f"PLAN {project}")
    assert "Il manque 110 000 DH" in plan
    assert "La commune 96 000" in plan
    assert rows(container, PlanAgreement) == 0


def test_of_a_finished_project_nothing_is_missing(container: Container, handset: NewHandset, project: str) -> None:
    with transaction(container.engine) as session:
        session.scalars(select(Project)).one().state = ProjectState.HANDED_OVER
    (plan,) = handset(LYON).sends(f"PLAN {project}")
    assert plan.startswith(f"{project} : cout 320 000 DH.\n1 ")


def test_a_no_to_the_plan_changes_nothing(container: Container, handset: NewHandset, project: str) -> None:
    secretary = handset(SECRETARY)
    secretary.dial()
    assert "Rien n'a changé" in secretary.types("3", "2", "1", "2")
    assert rows(container, PlanAgreement) == 0
    assert project
