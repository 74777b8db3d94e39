"""Proposals: a diaspora association answers, the village decides, and each side hears of the other once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import Engine

from service.domain.errors import MoveError, NotAllowedError, NotFoundError
from service.domain.phone import show_phone
from service.domain.projects import Party, ProjectMove
from service.domain.states import NeedState, ProposalState
from service.models import Proposal
from service.models.diaspora import active_contact
from service.models.session import reading, transaction
from service.usecases.projects import move_project
from service.usecases.proposals import (
    accept_interest,
    expire_proposals,
    refuse_interest,
    remind,
)
from tests.service.usecases.record import audited, texts
from tests.service.usecases.story import CODE, NEIGHBOUR, WITNESS, Story
from tests.world import (
    LYON,
    SECRETARY,
    STRANGER,
    TREASURER,
    UTRECHT,
    diaspora,
    officer_of,
    village,
)


def test_a_yes_asks_every_officer_but_the_witness(story: Story) -> None:
    story.says_yes()
    assert story.told() == [(SECRETARY, "interest"), (TREASURER, "interest")]
    question = texts(story.engine, "interest")[0]
    for word in ("Lyon-Taliouine", "Lyon", "France", story.reference, CODE):
        assert word in question
    with reading(story.engine) as session:
        proposal = session.get_one(Proposal, story.lyon)
        contact = active_contact(session, LYON)
        assert contact
        assert (proposal.state, proposal.answered_at, proposal.answered_by) == (
            ProposalState.INTERESTED,
            story.clock(),
            contact.id,
        )
    assert audited(story.engine, "proposal") == [("contact", "proposal.interested")]
    assert story.need_state() is NeedState.VERIFIED


def test_a_yes_said_twice_asks_once(story: Story) -> None:
    story.says_yes()
    with pytest.raises(MoveError):
        story.says_yes()
    assert len(story.told()) == 2
    assert len(audited(story.engine, "proposal")) == 1


def test_a_no_keeps_its_reason_and_tells_nobody(story: Story) -> None:
    story.says_no(reason="trop loin")
    with reading(story.engine) as session:
        proposal = session.get_one(Proposal, story.lyon)
        assert (proposal.state, proposal.answer_reason) == (ProposalState.DECLINED, "trop loin")
    assert story.told() == []
    assert audited(story.engine, "proposal") == [("contact", "proposal.declined")]


def test_who_declined_or_let_it_lapse_may_still_say_yes(story: Story) -> None:
    story.says_no()
    story.says_yes()
    assert story.state() is ProposalState.INTERESTED
    story.clock.move(days=15)
    with transaction(story.engine) as session:
        assert expire_proposals(session, story.clock(), timedelta(days=14)) == 1
    story.says_yes(UTRECHT)
    assert story.state(story.utrecht) is ProposalState.INTERESTED


def test_who_was_interested_may_think_again_until_the_village_answers(story: Story) -> None:
    story.says_yes()
    story.says_no()
    assert story.state() is ProposalState.DECLINED
    with pytest.raises(MoveError):
        story.accepts()


@pytest.mark.parametrize("answer", [Story.says_yes, Story.says_no])
def test_a_need_that_was_not_shown_is_not_there(story: Story, engine: Engine, answer: Callable[..., None]) -> None:
    with transaction(engine) as session:
        diaspora(session, story.clock(), STRANGER, "Elsewhere")
    with pytest.raises(NotFoundError) as refused:
        answer(story, STRANGER)
    assert refused.value.values == {"reference": story.reference}
    assert story.told() == []


def test_the_village_accepts_and_each_side_gets_the_others_contact(story: Story) -> None:
    story.says_yes()
    story.clock.move(hours=3)
    story.accepts(TREASURER)
    assert story.told()[2:] == [
        (SECRETARY, "introduced_village"),
        (TREASURER, "introduced_village"),
        (LYON, "introduced_diaspora"),
    ]
    for text in texts(story.engine, "introduced_village"):
        assert "Fatima" in text
        assert show_phone(LYON) in text
    (to_lyon,) = texts(story.engine, "introduced_diaspora")
    assert show_phone(TREASURER) in to_lyon  # who said yes is who is called
    assert "Ait Abdallah" in to_lyon
    with reading(story.engine) as session:
        proposal = session.get_one(Proposal, story.lyon)
        assert (proposal.state, proposal.decided_at) == (ProposalState.INTRODUCED, story.clock())
        assert proposal.accepted_by == officer_of(session, TREASURER).id
    assert story.need_state() is NeedState.INTRODUCED
    assert audited(story.engine, "proposal")[1:] == [("officer", "proposal.introduced")]


def test_a_village_may_be_introduced_to_a_second_association(story: Story) -> None:
    story.says_yes()
    story.says_yes(UTRECHT)
    story.accepts()
    story.accepts(proposal=story.utrecht)
    assert (story.state(), story.state(story.utrecht)) == (ProposalState.INTRODUCED, ProposalState.INTRODUCED)
    assert story.need_state() is NeedState.INTRODUCED


def test_the_village_refuses_and_the_association_hears_it(story: Story) -> None:
    story.says_yes()
    story.refuses()
    assert story.state() is ProposalState.REFUSED
    assert story.told()[2:] == [(LYON, "refused")]
    assert audited(story.engine, "proposal")[1:] == [("officer", "proposal.refused")]
    assert story.need_state() is NeedState.VERIFIED


@pytest.mark.parametrize("decide", [Story.accepts, Story.refuses])
def test_a_witness_decides_nothing(story: Story, decide: Callable[..., None]) -> None:
    story.says_yes()
    with pytest.raises(NotAllowedError):
        decide(story, WITNESS)
    assert story.state() is ProposalState.INTERESTED
    assert len(story.told()) == 2


@pytest.mark.parametrize("decide", [Story.accepts, Story.refuses])
def test_another_villages_proposal_is_not_there(story: Story, decide: Callable[..., None]) -> None:
    with transaction(story.engine) as session:
        village(session, story.clock(), NEIGHBOUR, name="Ait Baha")
    story.says_yes()
    with pytest.raises(NotFoundError):
        decide(story, NEIGHBOUR)
    assert story.state() is ProposalState.INTERESTED


def test_a_proposal_that_does_not_exist_is_not_decided(story: Story) -> None:
    with pytest.raises(NotFoundError):
        story.accepts(proposal=story.utrecht + 1)


@pytest.mark.parametrize("second", [Story.accepts, Story.refuses])
@pytest.mark.parametrize("first", [Story.accepts, Story.refuses])
def test_what_is_decided_stays(story: Story, first: Callable[..., None], second: Callable[..., None]) -> None:
    story.says_yes()
    first(story)
    after, heard = story.state(), story.told()
    with pytest.raises(MoveError):
        second(story, TREASURER)
    assert (story.state(), story.told()) == (after, heard)


@pytest.mark.parametrize("decide", [Story.accepts, Story.refuses])
def test_nothing_is_decided_before_anyone_is_interested(story: Story, decide: Callable[..., None]) -> None:
    with pytest.raises(MoveError):
        decide(story)
    assert story.told() == []


def test_two_officers_who_accept_at_once_make_one_introduction(story: Story) -> None:
    story.says_yes()
    together = Barrier(2)

    def accept(phone: str) -> str:
        together.wait()
        try:
            story.accepts(phone)
        except MoveError:
            return "told that it changed"
        return "accepted"

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(accept, (SECRETARY, TREASURER))) == ["accepted", "told that it changed"]
    assert sorted(story.told()[2:]) == sorted(
        [(SECRETARY, "introduced_village"), (TREASURER, "introduced_village"), (LYON, "introduced_diaspora")]
    )
    assert [action for _, action in audited(story.engine, "proposal")] == ["proposal.interested", "proposal.introduced"]


def test_one_who_waits_for_the_others_decision_sees_it(story: Story) -> None:
    """The second begins while the first has decided and not yet committed."""
    story.says_yes()
    with ThreadPoolExecutor(1) as pool:
        with transaction(story.engine) as session:
            officer = officer_of(session, SECRETARY)
            accept_interest(session, story.clock(), officer=officer, proposal_id=story.lyon)
            late = pool.submit(story.refuses, TREASURER)
        with pytest.raises(MoveError):
            late.result()
    assert story.state() is ProposalState.INTRODUCED
    assert (LYON, "refused") not in story.told()


def test_one_who_had_looked_at_it_before_the_others_decision_sees_it(story: Story) -> None:
    """As an SMS does: what waits is read first, and answered in the same transaction."""
    story.says_yes()
    with reading(story.engine) as session:
        officer = officer_of(session, TREASURER)
        looked_at = session.get_one(Proposal, story.lyon)
        assert looked_at.state is ProposalState.INTERESTED
        if session.get_bind().dialect.name == "sqlite":
            session.commit()  # SQLite has one writer, and a reader sees what was
        story.accepts(SECRETARY)
        with pytest.raises(MoveError):
            refuse_interest(session, story.clock(), officer=officer, proposal_id=looked_at.id)
    assert (LYON, "refused") not in story.told()


def test_who_does_not_answer_is_reminded_once_and_who_did_is_not(story: Story) -> None:
    story.says_yes()
    story.clock.move(days=7, minutes=1)
    for _ in range(2):
        with transaction(story.engine) as session:
            assert remind(session, story.clock(), timedelta(days=7)) == 1
    assert story.told()[2:] == [(UTRECHT, "alert_reminder")]


def test_only_what_nobody_answered_lapses(story: Story) -> None:
    story.says_yes()
    story.clock.move(days=14)
    with transaction(story.engine) as session:
        assert expire_proposals(session, story.clock(), timedelta(days=14)) == 0
    story.clock.move(minutes=1)
    with transaction(story.engine) as session:
        assert expire_proposals(session, story.clock(), timedelta(days=14)) == 1
    assert (story.state(), story.state(story.utrecht)) == (ProposalState.INTERESTED, ProposalState.EXPIRED)
    assert audited(story.engine, "proposal")[1:] == [("job", "proposal.expired")]


def test_nobody_is_waited_for_once_the_works_are_over(story: Story) -> None:
    story.says_yes()
    story.accepts()
    for move, lapsed in ((ProjectMove.BEGIN_WORKS, 0), (ProjectMove.ACCEPT, 1), (ProjectMove.HAND_OVER, 0)):
        with transaction(story.engine) as session:
            move_project(session, story.clock(), need_id=story.need, move=move, party=Party.VILLAGE, actor="officer:1")
            assert expire_proposals(session, story.clock(), timedelta(days=14)) == lapsed
    assert (story.state(), story.state(story.utrecht)) == (ProposalState.INTRODUCED, ProposalState.EXPIRED)
