"""A need or an association that a coordinator turns away: nobody is asked or introduced any more."""

import pytest

from service.domain.errors import MoveError
from service.domain.sectors import Urgency
from service.domain.states import NeedState, ProposalState
from service.models.session import transaction
from service.usecases.associations import reject_association, verify_association
from service.usecases.needs import verify_need
from tests.service.usecases.record import audited
from tests.service.usecases.story import Story
from tests.world import (
    LYON,
    UTRECHT,
)


def test_a_need_turned_away_is_closed_for_all_who_were_asked(story: Story) -> None:
    story.says_yes()
    story.turned_away()
    assert story.state() is ProposalState.REFUSED
    assert story.state(story.utrecht) is ProposalState.EXPIRED
    assert [line for line in story.told() if line[0] in {LYON, UTRECHT}] == [(LYON, "closed")]
    assert audited(story.engine, "proposal")[1:] == [("user", "proposal.refused"), ("user", "proposal.expired")]
    with pytest.raises(MoveError):
        story.accepts()


def test_a_late_yes_to_a_need_turned_away_asks_nobody(story: Story) -> None:
    story.turned_away()
    heard = story.told()
    with pytest.raises(MoveError):
        story.says_yes()
    assert (story.state(), story.told()) == (ProposalState.EXPIRED, heard)


def test_a_need_verified_again_may_be_answered_late(story: Story) -> None:
    story.turned_away()
    with transaction(story.engine) as session:
        verify_need(session, story.clock(), actor="user:1", need_id=story.need, urgency=Urgency.LOW)
    story.says_yes()
    story.accepts()
    assert story.need_state() is NeedState.INTRODUCED


def test_an_association_turned_away_is_introduced_to_nobody(story: Story) -> None:
    story.says_yes()
    with transaction(story.engine) as session:
        reject_association(session, story.clock(), actor="user:1", association_id=story.association, reason="doute")
    assert (LYON, "closed") in story.told()
    with pytest.raises(MoveError):
        story.accepts()
    with pytest.raises(MoveError):
        story.says_yes(UTRECHT)
    assert "introduced_village" not in dict(story.told()).values()
    story.clock.move(hours=1)
    with transaction(story.engine) as session:
        verify_association(session, story.clock(), actor="user:1", association_id=story.association, code="*1#")
    story.says_yes(UTRECHT)
    assert story.state(story.utrecht) is ProposalState.INTERESTED


def test_an_introduction_stays_when_the_association_is_turned_away(story: Story) -> None:
    story.says_yes()
    story.accepts()
    with transaction(story.engine) as session:
        reject_association(session, story.clock(), actor="user:1", association_id=story.association, reason="doute")
    assert story.state() is ProposalState.INTRODUCED
    assert story.state(story.utrecht) is ProposalState.EXPIRED
