"""Residents are asked whether works are done; how many say yes is told, and never who."""

import pytest
from sqlalchemy import select

from jobs import make_jobs
from jobs.clock import run_job
from service.container import Container
from service.domain.errors import MoveError, NotAllowedError, NotFoundError
from service.domain.phone import GONE
from service.domain.progress import Stage
from service.domain.roles import OfficerRole, UserRole
from service.domain.states import AssociationState
from service.models import AuditEntry, Consent, Resident, SpotCheck, SpotQuestion, User, VillageAssociation
from service.models.session import reading, transaction
from service.models.spotchecks import SpotAnswer, active_resident, asked_of
from service.usecases.associations import register_association
from service.usecases.leaving import forget
from service.usecases.phones import know_phone, stop
from service.usecases.progress import Progress, confirm_progress, declare_progress
from service.usecases.purge import forget_inactive
from service.usecases.residents import RESIDENT_TEXT, join_village
from service.usecases.spotchecks import answer_question, conclude_checks
from tests.service.usecases.record import texts, told
from tests.service.usecases.story import CODE, WITNESS, Story
from tests.world import LYON, SECRETARY, STRANGER, TALIOUINE, TREASURER, officer_of, village

RESIDENTS = [f"+21260000010{number}" for number in range(7)]
COORDINATOR = "+212600000050"
YES, NO = SpotAnswer.YES, SpotAnswer.NO


@pytest.fixture
def project(story: Story) -> Story:
    """The village and Lyon are introduced; somebody coordinates, and nobody lives in the village yet."""
    story.says_yes()
    story.accepts()
    with transaction(story.engine) as session:
        user = {"name": "Malika", "role": UserRole.COORDINATOR, "password_hash": "-", "password_once": False}
        session.add(User(**user, phone=COORDINATOR, created_at=story.clock()))
        know_phone(session, story.clock(), COORDINATOR)
    story.before += len(story.told())
    return story


def joins(story: Story, *phones: str) -> None:
    with transaction(story.engine) as session:
        for phone in phones:
            know_phone(session, story.clock(), phone)
            join_village(session, story.clock(), phone=phone, channel="ussd", association_id=story.association)


def finishes(story: Story, stage: Stage = Stage.FINISHED) -> None:
    """The secretary says that the works are done, and the treasurer says so too."""
    with transaction(story.engine) as session:
        percent = 100 if stage is Stage.FINISHED else 60
        report = declare_progress(
            session,
            story.clock(),
            officer=officer_of(session),
            reference=story.reference,
            progress=Progress(stage, percent),
            code=CODE,
        )
        confirm_progress(session, story.clock(), officer=officer_of(session, TREASURER), report_id=report.id)


def asked(story: Story) -> list[str]:
    return [phone for phone, template in story.told() if template == "spot_question"]


def answers(story: Story, phone: str, answer: SpotAnswer, channel: str = "sms") -> None:
    with transaction(story.engine) as session:
        (question,) = asked_of(session, phone)
        answer_question(session, story.clock(), phone=phone, question_id=question.id, answer=answer, channel=channel)


def concludes(story: Story) -> int:
    with transaction(story.engine) as session:
        return conclude_checks(session, story.clock())


def outcome(story: Story) -> set[tuple[str, str]]:
    return {line for line in story.told() if line[1] in {"spot_told", "spot_few"}}


def test_five_residents_are_asked_once_works_are_said_to_be_done_by_two(project: Story) -> None:
    joins(project, *RESIDENTS)
    finishes(project, Stage.WORKS)
    assert asked(project) == []
    finishes(project)
    assert len(asked(project)) == len(set(asked(project))) == 5
    assert set(asked(project)) <= set(RESIDENTS)
    (text,) = set(texts(project.engine, "spot_question"))
    assert "L'eau coule-t-elle? Répondez 1 pour oui, 2 pour non" in text
    # While these are asked nobody else is.
    finishes(project)
    assert len(asked(project)) == 5


def test_the_share_is_told_to_village_partner_and_coordinator_when_all_have_answered(project: Story) -> None:
    joins(project, *RESIDENTS[:5])
    finishes(project)
    for phone in RESIDENTS[:4]:
        answers(project, phone, YES)
    assert concludes(project) == 0
    # Who dials is who they say; an SMS may be another's.
    answers(project, RESIDENTS[4], NO, "ussd")
    project.clock.move(hours=1)
    assert concludes(project) == 1
    assert outcome(project) == {(phone, "spot_told") for phone in (SECRETARY, TREASURER, WITNESS, LYON, COORDINATOR)}
    (text,) = set(texts(project.engine, "spot_told"))
    assert (
        "L'eau coule-t-elle? 4 oui sur 5 réponses, dont 4 par SMS (habitants tirés au sort, demandé le 23/11/2026)"
        in text
    )
    assert concludes(project) == 0


def test_after_three_days_those_who_have_answered_count_and_only_once(container: Container, project: Story) -> None:
    joins(project, *RESIDENTS[:5])
    finishes(project)
    for phone in RESIDENTS[:3]:
        answers(project, phone, NO)
    project.clock.move(days=2, hours=23)
    assert concludes(project) == 0
    project.clock.move(hours=1)
    (job,) = [one for one in make_jobs(container.settings) if one.name == "spot-checks"]
    service = Container(container.settings, container.engine, container.gateways, project.clock)
    assert run_job(service, job, project.clock()) == "1 told"
    assert run_job(service, job, project.clock()) == "taken"
    assert concludes(project) == 0
    assert len(outcome(project)) == len(texts(project.engine, "spot_told")) == 5
    assert "0 oui sur 3 réponses" in texts(project.engine, "spot_told")[0]
    with pytest.raises(ValueError, match="not enough values"):
        answers(project, RESIDENTS[3], YES)  # what is told is asked no more


def test_of_two_answers_no_share_is_told(project: Story) -> None:
    joins(project, *RESIDENTS[:5])
    finishes(project)
    for phone in RESIDENTS[:2]:
        answers(project, phone, YES)
    project.clock.move(days=3)
    assert concludes(project) == 1
    assert {template for _, template in outcome(project)} == {"spot_few"}
    (text,) = set(texts(project.engine, "spot_few"))
    assert "Trop peu de réponses" in text
    assert "2 oui" not in text


def test_where_only_two_could_be_asked_nobody_is(project: Story) -> None:
    joins(project, *RESIDENTS[:2])
    finishes(project)
    assert asked(project) == []
    project.clock.move(days=3)
    assert concludes(project) == 0


def test_no_second_answer_changes_the_first(project: Story) -> None:
    joins(project, *RESIDENTS[:5])
    finishes(project)
    answers(project, RESIDENTS[0], NO)
    with pytest.raises(MoveError):
        answers(project, RESIDENTS[0], YES)
    with reading(project.engine) as session:
        given = select(SpotQuestion.answer).where(SpotQuestion.answer.is_not(None))
        assert session.scalars(given).all() == [NO]


def test_nobody_answers_for_another(project: Story) -> None:
    joins(project, *RESIDENTS[:5])
    finishes(project)
    with transaction(project.engine) as session:
        (question,) = asked_of(session, RESIDENTS[0])
        with pytest.raises(NotFoundError):
            answer_question(
                session, project.clock(), phone=RESIDENTS[1], question_id=question.id, answer=YES, channel="sms"
            )


def test_who_said_what_is_in_no_message_and_in_no_audit_entry(project: Story) -> None:
    joins(project, *RESIDENTS[:5])
    finishes(project)
    with reading(project.engine) as session:
        before = session.scalars(select(AuditEntry.id)).all()
    for phone, answer in zip(RESIDENTS, (YES, NO, YES, NO, YES), strict=False):
        answers(project, phone, answer)
    with reading(project.engine) as session:
        assert session.scalars(select(AuditEntry.id)).all() == before


def test_who_was_asked_lately_is_not_asked_again(project: Story) -> None:
    joins(project, *RESIDENTS)
    finishes(project)
    first = set(asked(project))
    project.clock.move(days=3)
    concludes(project)
    joins(project, "+212600000107")
    finishes(project)
    assert set(asked(project)[5:]) == {*RESIDENTS, "+212600000107"} - first
    project.clock.move(days=91)
    concludes(project)
    before = len(asked(project))
    finishes(project)
    assert set(asked(project)[before:]) <= {*RESIDENTS, "+212600000107"}
    assert len(asked(project)[before:]) == 5


@pytest.mark.parametrize("phone", [SECRETARY, WITNESS, LYON])
def test_who_speaks_for_an_association_is_no_resident(project: Story, phone: str) -> None:
    with pytest.raises(NotAllowedError):
        joins(project, phone)


def test_a_village_that_is_not_verified_has_no_residents(project: Story) -> None:
    with transaction(project.engine) as session:
        session.get_one(VillageAssociation, project.association).state = AssociationState.PENDING
    with pytest.raises(NotFoundError):
        joins(project, STRANGER)


def test_a_resident_has_agreed_to_a_text_of_their_own_and_lives_in_one_village(project: Story) -> None:
    joins(project, STRANGER)
    joins(project, STRANGER)
    with transaction(project.engine) as session:
        other = village(session, project.clock(), "+212600000040", name="Tamaloukt").id
        join_village(session, project.clock(), phone=STRANGER, channel="ussd", association_id=other)
    with reading(project.engine) as session:
        consents = session.scalars(select(Consent.text_version).where(Consent.phone == STRANGER)).all()
        assert consents == [RESIDENT_TEXT]
        lived = session.execute(select(Resident.association_id, Resident.left_at).order_by(Resident.id)).all()
        assert [tuple(one) for one in lived] == [(project.association, project.clock()), (other, None)]


def test_who_says_stop_or_is_forgotten_is_asked_no_more(project: Story) -> None:
    joins(project, *RESIDENTS[:5])
    finishes(project)
    answers(project, RESIDENTS[0], YES)
    with transaction(project.engine) as session:
        stop(session, project.clock(), RESIDENTS[0], "sms")
        forget(session, project.clock(), phone=RESIDENTS[1])
    with reading(project.engine) as session:
        assert not active_resident(session, RESIDENTS[0])
        assert [one.phone.startswith(GONE) for one in session.scalars(select(Resident).order_by(Resident.id))][:2] == [
            False,
            True,
        ]
    for phone in RESIDENTS[2:5]:
        answers(project, phone, YES)
    # All who are still there have answered; what was answered before stays.
    assert concludes(project) == 1
    assert "4 oui sur 4 réponses" in texts(project.engine, "spot_told")[0]


def test_who_is_silent_for_two_years_is_forgotten_as_a_resident_too(project: Story) -> None:
    joins(project, STRANGER)
    project.clock.move(days=2 * 365 + 1)
    with transaction(project.engine) as session:
        forget_inactive(session, project.clock())
    with reading(project.engine) as session:
        assert not active_resident(session, STRANGER)


def test_who_founds_an_association_is_a_resident_no_more(project: Story) -> None:
    joins(project, STRANGER)
    with transaction(project.engine) as session:
        role = OfficerRole.PRESIDENT
        register_association(
            session, project.clock(), phone=STRANGER, role=role, commune_code=TALIOUINE, douar="Ifri", name="Ait Ali"
        )
        assert not active_resident(session, STRANGER)


def test_a_round_is_one_row_and_is_told_once_however_many_conclude(project: Story) -> None:
    joins(project, *RESIDENTS[:5])
    finishes(project)
    project.clock.move(days=4)
    assert [concludes(project) for _ in range(3)] == [1, 0, 0]
    with reading(project.engine) as session:
        assert len(session.scalars(select(SpotCheck)).all()) == 1
    assert len([line for line in told(project.engine) if line[1] == "spot_few"]) == 5
