"""States: each table says for every state where it may go, and nothing else is allowed."""

from collections.abc import Mapping
from enum import StrEnum
from itertools import permutations, product
from typing import Any

import pytest

from service.domain.errors import MoveError
from service.domain.states import (
    ASSOCIATION_MOVES,
    MESSAGE_MOVES,
    NEED_MOVES,
    PROPOSAL_MOVES,
    AssociationState,
    MessageState,
    NeedState,
    ProposalState,
    move,
)

Moves = Mapping[Any, frozenset[Any]]
# The states that nothing leaves.
TABLES: list[tuple[type[StrEnum], Moves, set[StrEnum]]] = [
    (AssociationState, ASSOCIATION_MOVES, set()),
    (NeedState, NEED_MOVES, {NeedState.INTRODUCED}),
    (ProposalState, PROPOSAL_MOVES, {ProposalState.WITHDRAWN, ProposalState.REFUSED}),
    (MessageState, MESSAGE_MOVES, {MessageState.DELIVERED, MessageState.CANCELLED, MessageState.DIGESTED}),
]
tables = pytest.mark.parametrize(("enum", "moves", "last"), TABLES)


@tables
def test_a_table_speaks_of_every_state_of_its_kind(enum: type[StrEnum], moves: Moves, last: set[StrEnum]) -> None:
    assert set(moves) == set(enum)
    assert set().union(*moves.values()) <= set(enum)
    assert {state for state, after in moves.items() if not after} == last


@tables
def test_every_state_but_the_first_is_reached(enum: type[StrEnum], moves: Moves, last: set[StrEnum]) -> None:
    first = next(iter(enum))
    reached, ahead = {first}, [first]
    while ahead:
        new = moves[ahead.pop()] - reached
        reached |= new
        ahead += new
    assert reached == set(enum)
    assert first not in last


@tables
def test_the_table_decides_each_move_and_refusals_say_what_was_tried(
    enum: type[StrEnum], moves: Moves, last: set[StrEnum]
) -> None:
    for before, after in product(enum, enum):
        if after in moves[before]:
            assert move(moves, before, after) is after
            continue
        with pytest.raises(MoveError) as refused:
            move(moves, before, after)
        assert refused.value.values == {"before": before, "after": after}
    assert all(move_away not in last for move_away in moves if moves[move_away])


@tables
def test_nothing_moves_to_where_it_is(enum: type[StrEnum], moves: Moves, last: set[StrEnum]) -> None:
    assert [state for state in enum if state in moves[state]] == []
    assert last <= set(enum)


def test_receipts_in_any_order_end_in_the_same_state() -> None:
    receipts = (MessageState.EXPIRED, MessageState.FAILED, MessageState.DELIVERED)
    for order in permutations(receipts):
        state = MessageState.ACCEPTED
        for after in order:
            state = after if after in MESSAGE_MOVES[state] else state
        assert state is MessageState.DELIVERED


def test_a_village_is_asked_before_anyone_is_introduced() -> None:
    into = {before for before, after in PROPOSAL_MOVES.items() if ProposalState.INTRODUCED in after}
    assert into == {ProposalState.INTERESTED}


def test_only_a_verified_need_is_introduced() -> None:
    into = {before for before, after in NEED_MOVES.items() if NeedState.INTRODUCED in after}
    assert into == {NeedState.VERIFIED}
