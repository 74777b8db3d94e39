"""Whom a spot check asks."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from service.domain.spotchecks import LATELY, ROUND, Candidate, drawn

NOW = datetime(2026, 11, 23, tzinfo=UTC)
PEOPLE = st.lists(
    st.builds(
        Candidate,
        st.integers(1, 50),
        st.none() | st.integers(0, 400).map(lambda days: NOW - timedelta(days=days)),
    ),
    unique_by=lambda one: one.id,
)


@given(people=PEOPLE, seed=st.text())
def test_at_most_five_are_asked_each_once_and_nobody_who_was_asked_lately(people: list[Candidate], seed: str) -> None:
    asked = drawn(people, seed, NOW)
    rested = {one.id for one in people if one.asked_at is None or one.asked_at <= NOW - LATELY}
    assert len(asked) == len(set(asked)) == min(ROUND, len(rested))
    assert set(asked) <= rested


@given(people=PEOPLE, seed=st.text())
def test_who_draws_again_draws_the_same_in_whatever_order_they_are_named(people: list[Candidate], seed: str) -> None:
    assert drawn(people, seed, NOW) == drawn(reversed(people), seed, NOW)


def test_who_was_never_asked_goes_first_then_whom_it_was_longest_ago() -> None:
    old, older = NOW - timedelta(days=100), NOW - timedelta(days=200)
    people = [Candidate(1, old), Candidate(2, older), Candidate(3, None), Candidate(4, NOW - timedelta(days=89))]
    assert drawn(people, "K7-4Q2", NOW) == [3, 2, 1]


def test_another_project_draws_others() -> None:
    people = [Candidate(number, None) for number in range(50)]
    assert len({tuple(drawn(people, seed, NOW)) for seed in ("K7-4Q2", "W7-4WQ", "VV-9EV")}) == 3
