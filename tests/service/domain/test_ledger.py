"""The ledger balances by construction, whatever is posted and taken back, in whatever currency, at whatever rate."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.errors import MoveError
from service.domain.ledger import (
    HIGHEST_RATE,
    LOWEST_RATE,
    RATE_UNIT,
    SPLITS,
    WAYS,
    Account,
    Amount,
    Columns,
    Posting,
    Rate,
    Source,
    columns,
    held,
    may_take_back,
    missing,
    steps,
    suggested,
    worth,
)
from service.domain.money import Currency, Money
from service.domain.sectors import Sector

DAY = date(2026, 11, 23)
Moves = list[tuple[Account, Account, int]]
minors, rates = st.integers(1, 10**12), st.integers(LOWEST_RATE, HIGHEST_RATE)
amounts = st.builds(lambda minor: Amount.of(minor, DAY), minors) | st.builds(
    lambda minor, rate: Amount.at(Money(minor, Currency.EUR), Rate(rate, DAY)), minors, rates
)
postings = st.tuples(st.sampled_from(sorted(WAYS)), amounts)
acts = st.lists(postings | st.integers(0, 20), max_size=30)


@given(acts)
def test_accounts_add_up_to_nothing_and_columns_stay_ordered_whatever_is_posted_and_taken_back(
    acts: list[tuple[Posting, Amount] | int],
) -> None:
    moves, back = Moves(), set[int]()
    for act in acts:
        if isinstance(act, int):
            _take_back(moves, back, act)
        else:
            _post(moves, *act)
        holds = held(moves)
        assert sum(holds.values()) == 0
        seen = columns(holds)
        assert 0 <= seen.received <= seen.confirmed <= seen.promised == -holds[Account.GIVER]


def _post(moves: Moves, posting: Posting, amount: Amount) -> None:
    try:
        parts = steps(held(moves), posting, amount)
    except MoveError:
        return
    # No centime is lost between the parts, as it was said and in dirhams.
    assert sum(part.dirhams for part in parts) == amount.dirhams
    assert sum(part.minor for part in parts) == amount.said.minor
    moves += [(part.out_of, part.into, part.dirhams) for part in parts]


def _take_back(moves: Moves, back: set[int], which: int) -> None:
    if which >= len(moves) or which in back:
        return
    out_of, into, dirhams = moves[which]
    if may_take_back(held(moves), into, dirhams):
        back |= {which, len(moves)}
        moves.append((into, out_of, dirhams))


@given(minors, rates)
def test_an_amount_is_rounded_once_half_to_even(minor: int, rate: int) -> None:
    assert worth(minor, rate) == round(Fraction(minor * rate, RATE_UNIT))


@pytest.mark.parametrize(("minor", "rate", "centimes"), [(1, 105_000, 10), (3, 105_000, 32), (5, 105_000, 52)])
def test_a_half_goes_to_the_even_centime(minor: int, rate: int, centimes: int) -> None:
    assert worth(minor, rate) == centimes


def test_what_arrives_is_taken_from_what_was_confirmed_then_promised_then_from_the_giver() -> None:
    holds = {Account.GIVER: -70, Account.PROMISED: 20, Account.CONFIRMED: 50, Account.RECEIVED: 0}
    parts = steps(holds, Posting.RECEIVE, Amount.of(100, DAY))
    assert [(part.out_of, part.dirhams) for part in parts] == [
        (Account.CONFIRMED, 50),
        (Account.PROMISED, 20),
        (Account.GIVER, 30),
    ]


@pytest.mark.parametrize("posting", [Posting.CONFIRM, Posting.RELEASE])
def test_no_more_is_confirmed_or_released_than_there_is(posting: Posting) -> None:
    holds = held([(Account.GIVER, Account.PROMISED, 50)])
    with pytest.raises(MoveError):
        steps(holds, posting, Amount.of(51, DAY))


@given(st.sampled_from(list(Sector)), st.integers(0, 10**12))
def test_a_suggested_split_adds_up_to_the_cost(sector: Sector, cost: int) -> None:
    parts = suggested(sector, cost)
    assert sum(parts.values()) == cost
    assert sum(SPLITS[sector].values()) == 100
    assert parts[Source.DIASPORA] >= 0


def test_what_is_missing_is_never_below_nothing() -> None:
    assert missing(100, 58) == 42
    assert missing(100, 130) == 0


def test_what_is_outstanding_has_not_arrived() -> None:
    assert (Columns(100, 80, 30) + Columns(1, 1, 1)).outstanding == 70
