"""Each part's number, worked out by hand."""

from collections.abc import Callable

import numpy as np
import pytest

from service.matching.scoring import PARTS, Weights, score
from service.matching.sides import Level, Needs, Partners

NeedsOf = Callable[..., Needs]
PartnersOf = Callable[..., Partners]


def part(name: str, needs: Needs, partners: Partners, pairs: list[tuple[int, int]]) -> list[float]:
    rows, cols = np.array(pairs).T
    values: list[float] = PARTS[name](needs, partners, rows, cols).tolist()
    return values


def test_the_default_weights_are_a_whole() -> None:
    assert sum(vars(Weights()).values()) == pytest.approx(1)
    assert list(vars(Weights())) == list(PARTS)


@pytest.mark.parametrize("weights", [{"origin": 0.9}, {"origin": -0.1, "sector": 0.6}, {"size": float("nan")}])
def test_weights_that_are_no_whole_are_refused(weights: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"^weights:"):
        Weights(**weights)


@pytest.mark.parametrize(
    ("level", "place", "expected"),
    [
        (Level.COMMUNE, 5, 1.0),
        (Level.CERCLE, 2, 0.8),
        (Level.PROVINCE, 1, 0.6),
        (Level.REGION, 0, 0.35),
        (Level.COUNTRY, 0, 0.1),
        (Level.COMMUNE, 4, 0.0),
        (Level.CERCLE, 5, 0.0),
    ],
)
def test_a_tie_counts_by_how_near_it_is(
    needs_of: NeedsOf, partners_of: PartnersOf, level: Level, place: int, expected: float
) -> None:
    partners = partners_of(2, origins=[(1, level, place), (0, Level.COMMUNE, 99)])
    assert part("origin", needs_of([5]), partners, [(0, 1)]) == [expected]


def test_the_closest_of_several_ties_counts(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    ties = [(0, Level.REGION, 0), (0, Level.CERCLE, 2), (0, Level.COUNTRY, 0), (0, Level.PROVINCE, 1)]
    assert part("origin", needs_of([5, 7, 0]), partners_of(1, origins=ties), [(0, 0), (1, 0), (2, 0)]) == [
        0.8,
        0.6,
        0.35,
    ]


def test_an_association_that_names_no_origin_is_tied_to_the_country(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    partners = partners_of(2, origins=[(0, Level.COMMUNE, 1)])
    assert part("origin", needs_of([5]), partners, [(0, 0), (0, 1)]) == [0.0, 0.1]


def test_interest_counts_by_its_strength(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    partners = partners_of(2, interests=[(0, 4, 1), (0, 2, 3), (1, 4, 2)])
    values = part("sector", needs_of([0, 0], sector=[4, 2]), partners, [(0, 0), (1, 0), (0, 1), (1, 1)])
    assert values == pytest.approx([1 / 3, 1, 2 / 3, 0])


@pytest.mark.parametrize(
    ("amount", "left", "expected"),
    [
        (100_000, 20_000, 1.0),
        (100_000, 100_000, 1.0),
        (100_000, 500_000, 1.0),
        (100_000, 10_000, 0.5),
        (100_000, 1_000_000, 0.5),
        (100_000, 0, 0.0),
        (0, 100_000, 0.0),
    ],
)
def test_size_is_full_where_a_useful_share_fits_and_falls_on_both_sides(
    needs_of: NeedsOf, partners_of: PartnersOf, amount: int, left: int, expected: float
) -> None:
    assert part("size", needs_of([0], amount=amount), partners_of(1, left=[left]), [(0, 0)]) == pytest.approx(
        [expected]
    )


@pytest.mark.parametrize(("days", "expected"), [(0, 0), (15, 0.25), (60, 1), (600, 1)])
def test_waiting_saturates_at_sixty_days(
    needs_of: NeedsOf, partners_of: PartnersOf, days: int, expected: float
) -> None:
    assert part("waiting", needs_of([0], days=days), partners_of(1), [(0, 0)]) == [expected]


def test_urgency_is_the_class_of_three(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    assert part("urgency", needs_of([0], urgency=3), partners_of(1), [(0, 0)]) == [1]
    assert part("urgency", needs_of([0], urgency=0), partners_of(1), [(0, 0)]) == [0]


def test_a_newcomer_starts_at_the_mean_of_all(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    # Together 6 good of 12 cases: mean 1/2. The first: (6 + 4/2) / (8 + 4); the second: (0 + 4/2) / (4 + 4).
    partners = partners_of(3, record=[(6, 5, 2, 1), (4, 0, 0, 0), (0, 0, 0, 0)])
    values = part("record", needs_of([0]), partners, [(0, 0), (0, 1), (0, 2)])
    assert values == pytest.approx([8 / 12, 2 / 8, 1 / 2])


def test_when_nobody_has_a_record_all_are_equal(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    assert part("record", needs_of([0]), partners_of(2), [(0, 0), (0, 1)]) == [0.5, 0.5]


def test_the_score_is_the_weighted_sum(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    needs = needs_of([5], urgency=3, days=30, evidence=0.4)
    partners = partners_of(1, origins=[(0, Level.CERCLE, 2)], interests=[(0, 0, 3)])
    values = score(needs, partners, Weights(), np.array([0]), np.array([0]))
    by_hand = 0.30 * 0.8 + 0.20 * 1 + 0.15 * 1 + 0.10 * 1 + 0.15 * 0.5 + 0.05 * 0.5 + 0.05 * 0.4
    assert values.tolist() == pytest.approx([by_hand])


def test_a_score_is_never_nothing(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    only_urgency = Weights(origin=0, sector=0, size=0, urgency=1, waiting=0, record=0, evidence=0)
    values = score(needs_of([0], urgency=0), partners_of(1), only_urgency, np.array([0]), np.array([0]))
    assert 0 < values[0] < 1e-6


def test_no_pairs_have_no_scores(needs_of: NeedsOf, partners_of: PartnersOf) -> None:
    none = np.empty(0, dtype=np.int64)
    assert score(needs_of([]), partners_of(1), Weights(), none, none).size == 0
