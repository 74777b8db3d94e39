"""The index finds exactly what looking at all pairs would find."""

from collections.abc import Callable

import numpy as np
import pytest

from service.matching.candidates import candidates
from service.matching.sides import Level, Needs, Partners

NeedsOf = Callable[..., Needs]
PartnersOf = Callable[..., Partners]
NOBODY = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))


def is_tied(needs: Needs, partners: Partners, row: int, col: int) -> bool:
    places = [needs.commune[row], needs.cercle[row], needs.province[row], needs.region[row]]
    origins = partners.origins
    mine = [(level, place) for who, level, place in zip(*vars(origins).values(), strict=True) if who == col]
    return not mine or any(level == Level.COUNTRY or places[level] == place for level, place in mine)


def accepts(needs: Needs, partners: Partners, row: int, col: int) -> bool:
    interests = partners.interests
    return bool(((interests.partner == col) & (interests.sector == needs.sector[row])).any())


def by_looking_at_all(needs: Needs, partners: Partners, blocked: set[tuple[int, int]]) -> list[tuple[int, int]]:
    return [
        (row, col)
        for row in range(needs.commune.size)
        for col in range(partners.slots.size)
        if accepts(needs, partners, row, col)
        and is_tied(needs, partners, row, col)
        and partners.slots[col] > 0
        and partners.capacity_left[col] > 0
        and (row, col) not in blocked
    ]


@pytest.mark.parametrize("seed", range(20))
def test_the_index_finds_the_same_pairs_as_looking_at_all(
    needs_of: NeedsOf, partners_of: PartnersOf, seed: int
) -> None:
    dice = np.random.default_rng(seed)
    needs = needs_of(dice.integers(0, 12, 40), sector=dice.integers(0, 4, 40))
    size = 25
    levels = dice.choice(len(Level), 40, p=[0.4, 0.25, 0.2, 0.1, 0.05])
    partners = partners_of(
        size,
        origins=[
            (who, level, place)
            for who, level, place in zip(dice.integers(0, 18, 40), levels, dice.integers(0, 12, 40), strict=True)
        ],
        interests=[
            (int(who), int(sector), 2) for who in range(size) for sector in dice.permutation(5)[: dice.integers(0, 4)]
        ],
        slots=dice.integers(0, 3, size),
        left=dice.integers(0, 3, size) * 1000,
    )
    blocked = (dice.integers(0, 40, 60), dice.integers(0, size, 60))
    expected = by_looking_at_all(needs, partners, set(zip(*(side.tolist() for side in blocked), strict=True)))
    rows, cols = candidates(needs, partners, blocked)
    assert expected
    assert list(zip(rows.tolist(), cols.tolist(), strict=True)) == expected


def test_an_association_tied_at_several_levels_is_one_candidate(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    ties = [(0, Level.COMMUNE, 5), (0, Level.CERCLE, 2), (0, Level.PROVINCE, 1), (0, Level.COMMUNE, 5)]
    rows, cols = candidates(needs_of([5, 4]), partners_of(1, origins=ties, interests=[(0, 0, 3)]), NOBODY)
    assert (rows.tolist(), cols.tolist()) == ([0, 1], [0, 0])


def test_an_association_of_elsewhere_is_no_candidate(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    partners = partners_of(1, origins=[(0, Level.PROVINCE, 0)], interests=[(0, 0, 3)])
    assert candidates(needs_of([5]), partners, NOBODY)[0].size == 0


@pytest.mark.parametrize(("slots", "left"), [([0], [1000]), ([1], [0]), ([1], [-5])])
def test_an_association_without_a_slot_or_means_is_no_candidate(
    needs_of: NeedsOf, partners_of: PartnersOf, slots: list[int], left: list[int]
) -> None:
    partners = partners_of(1, interests=[(0, 0, 3)], slots=slots, left=left)
    assert candidates(needs_of([5]), partners, NOBODY)[0].size == 0


def test_a_blocked_pair_is_no_candidate_but_its_neighbours_are(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    partners = partners_of(2, interests=[(0, 0, 3), (1, 0, 3)])
    rows, cols = candidates(needs_of([5, 5]), partners, (np.array([0, 1]), np.array([1, 1])))
    assert (rows.tolist(), cols.tolist()) == ([0, 1], [0, 0])


def test_nobody_on_either_side_is_no_pair(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    assert candidates(needs_of([]), partners_of(1, interests=[(0, 0, 1)]), NOBODY)[0].size == 0
    assert candidates(needs_of([1]), partners_of(1), NOBODY)[0].size == 0
