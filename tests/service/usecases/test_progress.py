"""Progress: one person declares, another confirms, and never the same one twice."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from threading import Barrier

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotAllowedError, NotFoundError, TiwiziError
from service.domain.progress import Stage
from service.domain.roles import ChangeKind, OfficerRole
from service.domain.states import AssociationState, ChangeState, ReportState
from service.models import Officer, OfficerChange, ProgressReport, VillageAssociation
from service.models.associations import active_officer
from service.models.progress import waiting_reports
from service.models.session import reading, transaction
from service.usecases.leaving import forget
from service.usecases.phones import know_phone
from service.usecases.progress import Progress, confirm_progress, declare_progress, dispute_progress
from tests.service.usecases.record import audited
from tests.service.usecases.story import CODE, NEIGHBOUR, WITNESS, Story
from tests.world import LYON, SECRETARY, TREASURER, officer_of, village

HALF = Progress(Stage.WORKS, 50)
NEW_SIM, NEWER_SIM = "+212600000007", "+212600000006"


@pytest.fixture
def project(story: Story) -> Story:
    """The village and Lyon are introduced."""
    story.says_yes()
    story.accepts()
    story.before += len(story.told())
    return story


def declares(session: Session, now: datetime, phone: str, reference: str) -> ProgressReport:
    officer = officer_of(session, phone)
    return declare_progress(session, now, officer=officer, reference=reference, progress=HALF, code=CODE)


def confirms(session: Session, now: datetime, phone: str, report: int) -> ProgressReport:
    return confirm_progress(session, now, officer=officer_of(session, phone), report_id=report)


def disputes(session: Session, now: datetime, phone: str, report: int) -> ProgressReport:
    return dispute_progress(session, now, officer=officer_of(session, phone), report_id=report, code=CODE)


def declared(story: Story, phone: str = SECRETARY) -> int:
    with transaction(story.engine) as session:
        return declares(session, story.clock(), phone, story.reference).id


def state(story: Story, report: int) -> ReportState:
    with reading(story.engine) as session:
        return session.get_one(ProgressReport, report).state


def test_who_hears_of_it(project: Story) -> None:
    report = declared(project)
    assert project.told() == [
        (TREASURER, "progress_to_confirm"),
        (WITNESS, "progress_to_confirm"),
        (LYON, "progress_declared"),  # Utrecht was asked and is no partner
    ]
    with transaction(project.engine) as session:
        confirms(session, project.clock(), TREASURER, report)
    assert project.told()[3:] == [(LYON, "progress_confirmed")]
    assert audited(project.engine, "report") == [("officer", "progress.declared"), ("officer", "progress.confirmed")]


def test_a_reporter_who_left_is_not_told_of_a_no(project: Story) -> None:
    report = declared(project)
    with transaction(project.engine) as session:
        officer_of(session, SECRETARY).left_at = project.clock()
        disputes(session, project.clock(), WITNESS, report)
    assert project.told()[3:] == []
    assert audited(project.engine, "report")[1:] == [("officer", "progress.disputed")]


def test_only_officers_declare_and_only_their_own_projects(project: Story) -> None:
    with transaction(project.engine) as session:
        village(session, project.clock(), NEIGHBOUR, name="Ait Baha")
    for phone, refused in ((WITNESS, NotAllowedError), (NEIGHBOUR, NotFoundError)):
        with pytest.raises(refused):
            declared(project, phone)
    report = declared(project)
    with pytest.raises(NotFoundError), transaction(project.engine) as session:
        confirms(session, project.clock(), NEIGHBOUR, report)


def test_there_is_no_progress_without_a_partner(story: Story) -> None:
    with pytest.raises(MoveError):
        declared(story)


@pytest.mark.parametrize("answer", [confirms, disputes])
def test_nothing_is_declared_or_answered_once_the_association_was_turned_away(
    project: Story, answer: Callable[[Session, datetime, str, int], object]
) -> None:
    report = declared(project)
    with transaction(project.engine) as session:
        session.get_one(VillageAssociation, project.association).state = AssociationState.REJECTED
    with pytest.raises(MoveError):
        declared(project)
    with pytest.raises(MoveError), transaction(project.engine) as session:
        answer(session, project.clock(), WITNESS, report)


@pytest.mark.parametrize("second", [confirms, disputes])
@pytest.mark.parametrize("first", [confirms, disputes])
def test_what_was_answered_stays(
    project: Story,
    first: Callable[[Session, datetime, str, int], object],
    second: Callable[[Session, datetime, str, int], object],
) -> None:
    report = declared(project)
    with transaction(project.engine) as session:
        first(session, project.clock(), TREASURER, report)
    after = state(project, report)
    with pytest.raises(MoveError), transaction(project.engine) as session:
        second(session, project.clock(), WITNESS, report)
    assert state(project, report) is after


def test_two_who_confirm_at_once_make_one_confirmation(project: Story) -> None:
    report = declared(project)
    together = Barrier(2)

    def confirm(phone: str) -> str:
        together.wait()
        try:
            with transaction(project.engine) as session:
                confirms(session, project.clock(), phone, report)
        except MoveError:
            return "told that it changed"
        return "confirmed"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(confirm, (TREASURER, WITNESS))) == ["confirmed", "told that it changed"]
    assert [told for told in project.told() if told[1] == "progress_confirmed"] == [(LYON, "progress_confirmed")]


def test_an_older_report_lapses_when_a_newer_one_is_declared(project: Story) -> None:
    old, new = declared(project), declared(project, TREASURER)
    with reading(project.engine) as session:
        assert [report.id for report in waiting_reports(session, officer_of(session, WITNESS))] == [new]
    with pytest.raises(MoveError), transaction(project.engine) as session:
        confirms(session, project.clock(), WITNESS, old)


def handing_over(old: str, new: str) -> Callable[..., None]:
    """Return what lets a SIM change: the role goes to the new number."""

    def act(session: Session, now: datetime, _reference: str) -> None:
        before = active_officer(session, old)
        if not before or active_officer(session, new):
            return
        _leaves(session, now, before)
        before.association.officers.append(Officer(phone=new, role=before.role, joined_at=now))
        session.add(
            OfficerChange(
                association_id=before.association_id,
                kind=ChangeKind.HAND_OVER,
                role=before.role,
                officer_id=before.id,
                phone=new,
                state=ChangeState.DONE,
                asked_by=before.id,
                asked_at=now,
            )
        )

    return act


hands_over, hands_over_again = handing_over(SECRETARY, NEW_SIM), handing_over(NEW_SIM, NEWER_SIM)


def is_forgotten(session: Session, now: datetime, _reference: str) -> None:
    """Nobody remembers the number in the middle any more."""
    if not active_officer(session, NEW_SIM):
        forget(session, now, phone=NEW_SIM)
        know_phone(session, now, NEW_SIM)


def comes_back(session: Session, now: datetime, _reference: str) -> None:
    """The treasurer leaves and is let in again as the witness."""
    before = active_officer(session, TREASURER)
    if before and before.role is not OfficerRole.WITNESS:
        _leaves(session, now, before)
        before.association.officers.append(Officer(phone=TREASURER, role=OfficerRole.WITNESS, joined_at=now))


def lets_in(phone: str) -> Callable[..., None]:
    """Return what makes a number that speaks for nobody a witness."""

    def act(session: Session, now: datetime, _reference: str) -> None:
        if not active_officer(session, phone):
            association = officer_of(session, WITNESS).association
            association.officers.append(Officer(phone=phone, role=OfficerRole.WITNESS, joined_at=now))

    return act


def _leaves(session: Session, now: datetime, officer: Officer) -> None:
    officer.left_at = now
    session.flush()


def on_the_last(answer: Callable[[Session, datetime, str, int], object], phone: str) -> Callable[..., None]:
    def act(session: Session, now: datetime, _reference: str) -> None:
        last = session.scalars(select(ProgressReport.id).order_by(ProgressReport.id.desc())).first()
        if last and active_officer(session, phone):
            answer(session, now, phone, last)

    return act


def declaring(phone: str) -> Callable[..., None]:
    def act(session: Session, now: datetime, reference: str) -> None:
        if active_officer(session, phone):
            declares(session, now, phone, reference)

    return act


PHONES = (SECRETARY, TREASURER, WITNESS, NEW_SIM, NEWER_SIM)
ACTS = [
    *(on_the_last(answer, phone) for answer in (confirms, disputes) for phone in PHONES),
    *map(declaring, PHONES),
    hands_over,
    hands_over_again,
    lets_in(SECRETARY),
    is_forgotten,
    comes_back,
]


def person_of(phone: str) -> str:
    """Tell who holds a number; only the secretary has had one that is forgotten."""
    return {TREASURER: "treasurer", WITNESS: "witness"}.get(phone, "secretary")


def play(engine: Engine, now: datetime, reference: str, acts: Sequence[Callable[..., None]]) -> None:
    """Let everybody do what they may, whoever they may be by now; then undo it all."""
    with Session(engine) as session:
        know_phone(session, now, NEW_SIM)
        know_phone(session, now, NEWER_SIM)
        for act in acts:
            with suppress(TiwiziError), session.begin_nested():
                act(session, now, reference)
        for report in session.scalars(select(ProgressReport)):
            if report.confirmer:
                assert person_of(report.confirmer.phone) != person_of(report.reporter.phone)
        for phone in PHONES:
            if officer := active_officer(session, phone):
                waiting = waiting_reports(session, officer)
                assert person_of(phone) not in {person_of(report.reporter.phone) for report in waiting}
        session.rollback()


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.sampled_from(ACTS), min_size=2, max_size=8))
def test_nobody_both_declares_and_confirms(project: Story, acts: list[Callable[..., None]]) -> None:
    play(project.engine, project.clock(), project.reference, acts)


@pytest.mark.parametrize(
    "acts",
    [
        [declaring(SECRETARY), hands_over, on_the_last(confirms, NEW_SIM)],
        [declaring(SECRETARY), hands_over, hands_over_again, on_the_last(confirms, NEWER_SIM)],
        [declaring(SECRETARY), hands_over, hands_over_again, is_forgotten, on_the_last(confirms, NEWER_SIM)],
        [hands_over, declaring(NEW_SIM), lets_in(SECRETARY), on_the_last(disputes, SECRETARY)],
        [declaring(TREASURER), comes_back, on_the_last(confirms, TREASURER)],
        [declaring(TREASURER), on_the_last(disputes, WITNESS), on_the_last(confirms, TREASURER)],
    ],
    ids=[
        "with a new SIM",
        "with a newer SIM",
        "past a forgotten SIM",
        "with the old SIM",
        "back as the witness",
        "after a no",
    ],
)
def test_nor_in_the_ways_one_might_try(project: Story, acts: list[Callable[..., None]]) -> None:
    play(project.engine, project.clock(), project.reference, acts)
