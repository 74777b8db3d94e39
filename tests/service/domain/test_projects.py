"""A project's moves: one table says what is allowed, to whom, and what it takes back."""

from itertools import product

import pytest

from service.domain.errors import MoveError, NotAllowedError
from service.domain.projects import LIVE, RULES, Party, ProjectMove, ProjectState, moved

STOPPED = frozenset({ProjectState.DISPUTED, ProjectState.WITHDRAWN})


@pytest.mark.parametrize(("state", "move", "party"), list(product(ProjectState, ProjectMove, Party)))
def test_the_table_allows_refuses_or_leads_back(state: ProjectState, move: ProjectMove, party: Party) -> None:
    rule = RULES[move]
    earlier = ProjectState.WORKS if state in STOPPED else None
    if state not in rule.before:
        with pytest.raises(MoveError):
            moved(state, move, party, earlier)
    elif party not in rule.who:
        with pytest.raises(NotAllowedError):
            moved(state, move, party, earlier)
    else:
        assert moved(state, move, party, earlier) is (rule.after or ProjectState.WORKS)


def test_every_state_is_reached_and_only_the_last_is_left_by_nobody() -> None:
    reached = {rule.after for rule in RULES.values()} - {None}
    assert reached == set(ProjectState)
    left = frozenset().union(*(rule.before for rule in RULES.values()))
    assert set(ProjectState) - left == {ProjectState.CLOSED}


def test_a_project_can_be_disputed_or_withdrawn_wherever_it_goes_on() -> None:
    for state in LIVE:
        for move, after in (
            (ProjectMove.DISPUTE, ProjectState.DISPUTED),
            (ProjectMove.WITHDRAW, ProjectState.WITHDRAWN),
        ):
            assert moved(state, move, Party.VILLAGE, None) is after
            assert RULES[move].reason


def test_what_was_stopped_goes_on_from_where_it_was_and_only_a_coordinator_lets_it() -> None:
    for move, state in ((ProjectMove.SETTLE, ProjectState.DISPUTED), (ProjectMove.TAKE_UP, ProjectState.WITHDRAWN)):
        for earlier in LIVE:
            assert moved(state, move, Party.COORDINATOR, earlier) is earlier
        for party in (Party.VILLAGE, Party.DIASPORA):
            with pytest.raises(NotAllowedError):
                moved(state, move, party, ProjectState.WORKS)
        # Nobody knows where it was: it stays.
        with pytest.raises(MoveError):
            moved(state, move, Party.COORDINATOR, None)
