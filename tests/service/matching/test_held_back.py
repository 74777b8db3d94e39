"""Each need that got nothing is told why."""

from collections.abc import Callable

import numpy as np

from service.matching import Assignment
from service.matching.held_back import HeldBack, held_back
from service.matching.sides import Level, Needs, Partners

NeedsOf = Callable[..., Needs]
PartnersOf = Callable[..., Partners]


def given(*rows: int) -> Assignment:
    return Assignment(np.array(rows, dtype=np.int64), np.zeros(len(rows), dtype=np.int64), 0.0)


def test_each_kind_of_obstacle_has_its_own_name(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    needs = needs_of([5] * 7, sector=[0, 0, 1, 1, 2, 3, 3])
    partners = partners_of(
        5,
        interests=[(0, 0, 3), (1, 1, 3), (2, 1, 3), (3, 3, 3), (4, 3, 3)],
        slots=[1, 0, 1, 1, 0],
        left=[1000, 1000, 0, 1000, 1000],
    )
    # Need 5 was declined by both who accept its sector; need 6 by the one that is free, and the other is busy.
    blocked = (np.array([5, 5, 6, 0]), np.array([3, 4, 3, 4]))
    assert held_back(needs, partners, blocked, given(0)) == {
        1: HeldBack.OUTBID,
        2: HeldBack.ALL_BUSY,
        3: HeldBack.ALL_BUSY,
        4: HeldBack.NO_PARTNER_FOR_SECTOR,
        5: HeldBack.ALL_DECLINED,
        6: HeldBack.ALL_BUSY,
    }


def test_an_association_of_elsewhere_does_not_count(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    partners = partners_of(1, origins=[(0, Level.COMMUNE, 1)], interests=[(0, 0, 3)])
    nobody = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    assert held_back(needs_of([5, 1]), partners, nobody, given()) == {
        0: HeldBack.NO_PARTNER_FOR_SECTOR,
        1: HeldBack.OUTBID,
    }


def test_when_every_need_has_a_proposal_nothing_is_held_back(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    nobody = (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64))
    assert held_back(needs_of([5, 1]), partners_of(1), nobody, given(0, 1, 1)) == {}
