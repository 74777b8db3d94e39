"""A village reports how its works advance; a second person says whether it is so; the partner hears of both."""

from collections.abc import Callable
from datetime import date

import pytest
from sqlalchemy import select

from service.container import Container
from service.domain.milestones import Milestone
from service.domain.progress import HelpWanted, Problem, Stage
from service.domain.states import ReportState
from service.models import ProgressReport
from service.models.session import reading, transaction
from tests.conftest import MovedClock
from tests.ussd.conftest import Handset, rows
from tests.ussd.projects import WITNESS, half_done, project_of, staffed_village
from tests.world import LYON, SECRETARY, TREASURER, officer_of

NewHandset = Callable[[str], Handset]
# On the first screen of an officer with a project: a well dug, 40 %, 200 000 DH, permit, advice, a step with its day.
REPORT = ("2", "2", "40", "200000", "3", "3", "Poser la pompe", "15/3/2027")


@pytest.fixture
def project(container: Container, handset: NewHandset, clock: MovedClock) -> str:
    """The reference of the village's project with Lyon."""
    handset(SECRETARY)  # its country is settled
    with transaction(container.engine) as session:
        staffed_village(session, clock())
        return project_of(session, clock())


@pytest.fixture
def reported(container: Container, project: str, clock: MovedClock) -> str:
    """The project, half done as the secretary says."""
    with transaction(container.engine) as session:
        half_done(session, clock(), project)
    return project


def reports(container: Container) -> list[ProgressReport]:
    with reading(container.engine) as session:
        return list(session.scalars(select(ProgressReport).order_by(ProgressReport.id)))


def states(container: Container) -> list[ReportState]:
    return [report.state for report in reports(container)]


def test_a_report_is_declared_then_confirmed_by_a_second_person(
    container: Container, handset: NewHandset, project: str, clock: MovedClock
) -> None:
    secretary, treasurer, witness, lyon = map(handset, (SECRETARY, TREASURER, WITNESS, LYON))
    secretary.dial()
    summary = secretary.types(*REPORT)
    assert summary.startswith(
        f"{project} : Puits creusé, 40 %\nDépensé 200 000 DH\nProblème : Autorisation\nAide : Conseil"
    )
    assert rows(container, ProgressReport) == 0
    assert "vos collègues sont priés" in secretary.types("1").lower()
    (report,) = reports(container)
    assert (report.milestone, report.stage, report.percent) == (Milestone.DUG, Stage.WORKS, 40)
    assert report.spent == 20_000_000
    assert (report.problem, report.help_wanted) == (Problem.PERMIT, HelpWanted.ADVICE)
    assert (report.next_step, report.next_on) == ("Poser la pompe", date(2027, 3, 15))
    assert (report.state, report.reported_at, report.language) == (ReportState.DECLARED, clock(), "fr")
    for colleague in (treasurer, witness):
        assert "le secrétariat déclare 40%, Puits creusé" in colleague.inbox()[-1]
        assert "*384*84# ou envoyez CONFIRMER" in colleague.inbox()[-1]
    assert "Déclaré par le secrétariat le 23/11/2026, pas encore confirmé" in lyon.inbox()[-1]

    clock.move(hours=5)
    assert f"Avancement de {project} à confirmer" in witness.dial()
    asked = witness.types("1")
    assert asked.startswith(f"{project} : Puits creusé, 40 %\nDépensé 200 000 DH")
    assert "Secrétaire, 23/11/2026. Est-ce exact" in witness.types("98")
    assert f"L'avancement de {project} est confirmé" in witness.types("1")
    (report,) = reports(container)
    assert (report.state, report.confirmed_at) == (ReportState.CONFIRMED, clock())
    with reading(container.engine) as session:
        assert report.confirmed_by == officer_of(session, WITNESS).id
    assert "Déclaré par le secrétariat le 23/11/2026, confirmé par le témoin le 23/11/2026" in lyon.inbox()[-1]


@pytest.mark.parametrize(("typed", "percent"), [("1", 0), ("60 %", 60), ("٦٠٪", 60), ("100", 100), ("2", 2)])
def test_a_part_of_a_hundred_is_read_as_people_write_it(
    container: Container, handset: NewHandset, project: str, typed: str, percent: int
) -> None:
    assert project
    secretary = handset(SECRETARY)
    secretary.dial()
    secretary.types("2", "7", typed, "1", "1", "1", "1")
    assert reports(container)[0].percent == percent


def test_nobody_is_trapped_where_0_could_be_a_number(handset: NewHandset, project: str) -> None:
    assert project
    secretary = handset(SECRETARY)
    secretary.dial()
    secretary.types("2", "7")
    assert "1 Pas commencé (0 %)" in secretary.seen[-1].text
    assert secretary.types("120").startswith("Un nombre de 2 à 100.")
    assert secretary.types("0").startswith("Où en sont")


def test_only_what_is_to_the_point_is_asked(container: Container, handset: NewHandset, project: str) -> None:
    secretary = handset(SECRETARY)
    secretary.dial()
    assert secretary.types("2", "5").startswith("Dépensé en tout")  # finished is all of it
    assert secretary.types("1", "1").startswith("La suite")  # no problem wants no help
    assert secretary.types("1").startswith(f"{project} : L'eau coule, 100 %\n1 Envoyer")  # and nothing planned, no day
    assert "Avancement" not in secretary.types("2")
    assert secretary.types("1", "2", "90").startswith(f"{project} : Puits creusé, 90 %")
    secretary.types("1")
    (report,) = reports(container)
    assert (report.percent, report.spent, report.next_step, report.next_on) == (90, None, "", None)


def test_a_step_is_planned_for_a_day_to_come(handset: NewHandset, project: str) -> None:
    assert project
    secretary = handset(SECRETARY)
    secretary.dial()
    secretary.types(*REPORT[:-1])
    assert secretary.types("15/3/2020").startswith("Une date")
    assert "Puis : Poser la pompe (15/03/2027)" in secretary.types("15 3")


def test_the_project_is_asked_when_there_are_several(
    container: Container, handset: NewHandset, project: str, clock: MovedClock
) -> None:
    with transaction(container.engine) as session:
        other = project_of(session, clock())
    secretary = handset(SECRETARY)
    secretary.dial()
    assert secretary.types("2") == f"Quel projet ?\n1 {other} Eau potable\n2 {project} Eau potable\n0 Retour  00 Menu"
    secretary.types("2", "5", "1", "1", "1", "1")
    with reading(container.engine) as session:
        assert session.scalars(select(ProgressReport)).one().need.reference == project


def test_the_one_who_declared_is_not_asked(handset: NewHandset, reported: str) -> None:
    assert "confirmer" not in handset(SECRETARY).dial().lower()
    assert f"Avancement de {reported} à confirmer" in handset(TREASURER).dial()


def test_a_no_is_told_to_the_one_who_declared_and_to_nobody_else(
    container: Container, handset: NewHandset, reported: str
) -> None:
    secretary, treasurer, lyon = handset(SECRETARY), handset(TREASURER), handset(LYON)
    before = lyon.inbox()
    treasurer.dial()
    treasurer.types("1")
    assert f"C'est noté pour {reported}" in treasurer.types("2")
    assert states(container) == [ReportState.DISPUTED]
    assert "la trésorerie ne confirme pas 50%" in secretary.inbox()[-1]
    assert lyon.inbox() == before
    assert "confirmer" not in handset(WITNESS).dial().lower()


@pytest.mark.parametrize("second", ["1", "2"])
def test_of_two_who_answer_at_once_one_is_told_that_it_changed(
    container: Container, handset: NewHandset, reported: str, second: str
) -> None:
    assert reported
    treasurer, witness = handset(TREASURER), handset(WITNESS)
    for phone in (treasurer, witness):
        phone.dial()
        phone.types("1")
    assert "est confirmé" in treasurer.types("1")
    assert witness.types(second).startswith("Cela a changé")
    assert states(container) == [ReportState.CONFIRMED]


def test_what_was_declared_anew_is_what_waits(
    container: Container, handset: NewHandset, reported: str, clock: MovedClock
) -> None:
    witness = handset(WITNESS)
    witness.dial()
    witness.types("1")
    with transaction(container.engine) as session:
        half_done(session, clock(), reported, TREASURER)
    assert witness.types("1").startswith("Cela a changé")
    assert states(container) == [ReportState.DECLARED, ReportState.DECLARED]
    witness.dial()
    assert "Trésorier" in witness.types("1")
    assert f"Avancement de {reported} à confirmer" in handset(SECRETARY).dial()
    assert "confirmer" not in handset(TREASURER).dial().lower()


def test_by_sms_a_yes_needs_the_code_that_was_sent(container: Container, handset: NewHandset, reported: str) -> None:
    assert reported
    witness = handset(WITNESS)
    (question,) = witness.sends("CONFIRMER")
    assert "50 %" in question
    (asked,) = witness.sends("1")
    assert states(container) == [ReportState.DECLARED]
    code = asked.split(":")[-1].split()[0]
    (answer,) = witness.sends(code)
    assert "est confirmé" in answer
    assert states(container) == [ReportState.CONFIRMED]


def test_who_is_alone_in_the_office_is_told_that_somebody_must_confirm(
    container: Container, handset: NewHandset, project: str, clock: MovedClock
) -> None:
    assert project
    with transaction(container.engine) as session:
        for phone in (TREASURER, WITNESS):
            officer_of(session, phone).left_at = clock()
    secretary = handset(SECRETARY)
    secretary.dial()
    assert "Un collègue doit confirmer" in secretary.types("2", "5", "1", "1", "1", "1")


def test_who_left_meanwhile_confirms_nothing(
    container: Container, handset: NewHandset, reported: str, clock: MovedClock
) -> None:
    assert reported
    witness = handset(WITNESS)
    witness.dial()
    witness.types("1")
    with transaction(container.engine) as session:
        officer_of(session, WITNESS).left_at = clock()
    assert witness.types("1").startswith("Cela a changé")
    assert states(container) == [ReportState.DECLARED]


def test_the_same_turn_twice_declares_once(container: Container, handset: NewHandset, project: str) -> None:
    assert project
    secretary = handset(SECRETARY)
    secretary.dial()
    secretary.types(*REPORT, "1")
    assert secretary.again() == secretary.seen[-1]
    assert rows(container, ProgressReport) == 1
