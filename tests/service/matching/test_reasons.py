"""What is said is true, and is what weighed most."""

from collections.abc import Callable
from itertools import product

import numpy as np
import pytest

from service.matching.reasons import REASON_KEYS, Reason, reasons
from service.matching.scoring import PARTS, Weights
from service.matching.sides import Level, Needs, Partners

NeedsOf = Callable[..., Needs]
PartnersOf = Callable[..., Partners]


def reasons_of(needs: Needs, partners: Partners, weights: Weights | None = None) -> tuple[Reason, ...]:
    return reasons(needs, partners, weights or Weights(), np.array([0]), np.array([0]))[0]


def test_the_three_parts_that_weighed_most_are_said_heaviest_first(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    # origin .30, size .15 (fits), sector .20 x 2/3 = .13, urgency .10, waiting .15 x 1/4
    needs = needs_of([5], sector=[2], amount=100_000, urgency=3, days=15, evidence=0.9)
    partners = partners_of(1, origins=[(0, Level.COMMUNE, 5)], interests=[(0, 2, 2)], left=[60_000])
    assert reasons_of(needs, partners) == (
        Reason("reason.origin.commune", {"place": 5}),
        Reason("reason.size", {"percent": 60}),
        Reason("reason.sector", {"sector": 2}),
    )


@pytest.mark.parametrize(
    ("level", "place", "key"),
    [
        (Level.COMMUNE, 5, "reason.origin.commune"),
        (Level.CERCLE, 2, "reason.origin.cercle"),
        (Level.PROVINCE, 1, "reason.origin.province"),
        (Level.REGION, 0, "reason.origin.region"),
    ],
)
def test_the_tie_is_named_at_its_own_level(
    needs_of: NeedsOf, partners_of: PartnersOf, level: Level, place: int, key: str
) -> None:
    partners = partners_of(1, origins=[(0, level, place)], interests=[(0, 0, 1)])
    assert Reason(key, {"place": place}) in reasons_of(needs_of([5], urgency=0, days=0), partners)


def test_weak_parts_are_not_said(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    needs = needs_of([5], amount=100_000, urgency=1, days=6, evidence=0.49)
    partners = partners_of(1, interests=[(0, 0, 1)], left=[9_000])
    assert reasons_of(needs, partners) == (
        Reason("reason.sector", {"sector": 0}),
        Reason("reason.origin.country", {}),
    )


def test_urgency_waiting_and_census_are_said_with_their_figures(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    needs = needs_of([5], amount=0, urgency=2, days=75, evidence=0.625)
    partners = partners_of(1, origins=[(0, Level.COMMUNE, 1)])
    assert reasons_of(needs, partners) == (
        Reason("reason.waiting", {"days": 75}),
        Reason("reason.urgency", {"urgency": 2}),
        Reason("reason.evidence", {"percent": 62}),
    )


def test_the_record_is_never_said_even_when_it_is_all_that_counts(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    only_record = Weights(origin=0, sector=0, size=0, urgency=0, waiting=0, record=1, evidence=0)
    partners = partners_of(1, interests=[(0, 0, 3)], record=[(9, 9, 9, 9)])
    assert reasons_of(needs_of([5]), partners, only_record) == ()


def test_a_great_capacity_is_said_as_the_whole_and_not_more(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    partners = partners_of(1, interests=[(0, 0, 1)], left=[300_000])
    assert Reason("reason.size", {"percent": 100}) in reasons_of(needs_of([5], urgency=0, days=0), partners)


def test_means_that_nobody_declared_are_no_reason(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    told = {
        declared: {reason.key for reason in reasons_of(needs_of([5]), partners_of(1, declared=declared))}
        for declared in (True, False)
    }
    assert ("reason.size" in told[True], "reason.size" in told[False]) == (True, False)


def test_every_reason_is_true_and_has_a_known_key(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    least = {"origin": 0.1, "sector": 0.3, "size": 0.5, "urgency": 0.6, "waiting": 0.1, "evidence": 0.5}
    pair = (np.array([0]), np.array([0]))
    said = set()
    stories = product([0, 1, 3], [0, 10, 90], [0.0, 0.7], [0, 50_000, 10_000_000], Level)
    for urgency, days, evidence, amount, level in stories:
        needs = needs_of([0], urgency=urgency, days=days, evidence=evidence, amount=amount)
        partners = partners_of(1, origins=[(0, level, 0)], interests=[(0, 0, 2)])
        keys = [reason.key for reason in reasons_of(needs, partners)]
        said.update(keys)
        assert 2 <= len(set(keys)) == len(keys) <= 3
        for name in (key.split(".")[1] for key in keys):
            assert PARTS[name](needs, partners, *pair)[0] >= least[name]
    assert said == set(REASON_KEYS)
