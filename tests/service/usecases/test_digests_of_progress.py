"""What a village reports, told to who hears once a day: only what still holds when the digest is written."""

import pytest
from sqlalchemy import select

from service.domain.kinds import Pace
from service.domain.progress import Stage
from service.domain.states import MessageState
from service.models import Message
from service.models.diaspora import active_contact
from service.models.messages import count_dead
from service.models.session import reading, transaction
from service.usecases.digests import change_pace, send_digests
from service.usecases.progress import Progress, confirm_progress, declare_progress, dispute_progress
from tests.service.usecases.story import CODE, Story
from tests.world import LYON, SECRETARY, TREASURER, officer_of


@pytest.fixture
def project(story: Story) -> Story:
    """The village and Lyon are introduced, and Lyon wants to hear once a day."""
    story.says_yes()
    story.accepts()
    paced(story, Pace.DAILY)
    return story


def paced(story: Story, pace: Pace) -> None:
    with transaction(story.engine) as session:
        contact = active_contact(session, LYON)
        assert contact
        change_pace(session, story.clock(), contact=contact, pace=pace)


def declared(story: Story, percent: int) -> int:
    with transaction(story.engine) as session:
        secretary = officer_of(session, SECRETARY)
        progress = Progress(Stage.WORKS, percent)
        return declare_progress(
            session, story.clock(), officer=secretary, reference=story.reference, progress=progress, code=CODE
        ).id


def confirmed(story: Story, report: int) -> None:
    with transaction(story.engine) as session:
        confirm_progress(session, story.clock(), officer=officer_of(session, TREASURER), report_id=report)


def disputed(story: Story, report: int) -> None:
    with transaction(story.engine) as session:
        dispute_progress(session, story.clock(), officer=officer_of(session, TREASURER), report_id=report, code=CODE)


def a_day_later(story: Story) -> None:
    story.clock.move(days=1)
    with transaction(story.engine) as session:
        send_digests(session, story.clock(), (21, 8))


def told(story: Story) -> list[tuple[str, MessageState]]:
    """Return how what is about progress fared with Lyon."""
    about = Message.subject.startswith("report:") | (Message.template == "digest")
    with reading(story.engine) as session:
        rows = session.execute(
            select(Message.template, Message.state).where(Message.phone == LYON, about).order_by(Message.id)
        )
        return [(template, state) for template, state in rows]


def test_what_nobody_has_confirmed_yet_is_told(project: Story) -> None:
    declared(project, 50)
    a_day_later(project)
    assert told(project) == [("progress_declared", MessageState.QUEUED)]


def test_what_was_confirmed_meanwhile_is_told_once(project: Story) -> None:
    confirmed(project, declared(project, 50))
    a_day_later(project)
    assert told(project) == [("progress_declared", MessageState.CANCELLED), ("progress_confirmed", MessageState.QUEUED)]


def test_what_was_disputed_meanwhile_is_not_told_and_is_no_dead_letter(project: Story) -> None:
    disputed(project, declared(project, 50))
    a_day_later(project)
    assert told(project) == [("progress_declared", MessageState.CANCELLED)]
    with reading(project.engine) as session:
        assert session.scalars(select(Message.reason).where(Message.final_at == project.clock())).all() == [
            "no longer news"
        ]
        assert not count_dead(session)


def test_what_was_declared_anew_meanwhile_is_told_as_it_was_said_last(project: Story) -> None:
    declared(project, 50)
    declared(project, 5)
    a_day_later(project)
    assert told(project) == [("progress_declared", MessageState.CANCELLED), ("progress_declared", MessageState.QUEUED)]


def test_a_digest_has_what_was_confirmed_and_what_came_after(project: Story) -> None:
    confirmed(project, declared(project, 50))
    declared(project, 60)
    a_day_later(project)
    assert [state for _, state in told(project)] == [
        *(MessageState.CANCELLED, MessageState.DIGESTED, MessageState.DIGESTED, MessageState.QUEUED),
    ]
    with reading(project.engine) as session:
        text = session.scalars(select(Message.text).where(Message.template == "digest")).one()
    assert text.startswith(f"Tiwizi, 2 nouvelles: {project.reference} 60% ")
    assert text.count(f"{project.reference} 50%") == 1


def test_who_wants_to_hear_at_once_again_hears_only_what_still_holds(project: Story) -> None:
    disputed(project, declared(project, 50))
    declared(project, 40)
    paced(project, Pace.AT_ONCE)
    assert told(project) == [("progress_declared", MessageState.CANCELLED), ("progress_declared", MessageState.QUEUED)]
