"""A project's moves: one table says what is allowed, to whom, and what it takes back."""

from itertools import product

import pytest

from service.domain.errors import HandedOverError, MoveError, NotAllowedError
from service.domain.projects import LIVE, RULES, Party, ProjectMove, ProjectState, allowed, moved

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


def test_a_project_can_be_disputed_wherever_it_goes_on_and_withdrawn_until_it_is_handed_over() -> None:
    for move, after, states in (
        (ProjectMove.DISPUTE, ProjectState.DISPUTED, LIVE),
        (ProjectMove.WITHDRAW, ProjectState.WITHDRAWN, LIVE - {ProjectState.HANDED_OVER}),
    ):
        assert [moved(state, move, Party.VILLAGE, None) for state in states] == [after] * len(states)
        assert RULES[move].reason


@pytest.mark.parametrize("party", [Party.VILLAGE, Party.COORDINATOR])
@pytest.mark.parametrize(
    ("state", "earlier"),
    [(ProjectState.HANDED_OVER, None), (ProjectState.DISPUTED, ProjectState.HANDED_OVER)],
)
def test_what_is_handed_over_is_not_stopped_nor_by_the_way_of_a_dispute(
    state: ProjectState, earlier: ProjectState | None, party: Party
) -> None:
    with pytest.raises(HandedOverError):
        moved(state, ProjectMove.WITHDRAW, party, earlier)
    assert ProjectMove.WITHDRAW not in allowed(state, party, earlier)
    assert ProjectMove.WITHDRAW in allowed(ProjectState.DISPUTED, party, ProjectState.WORKS)


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
