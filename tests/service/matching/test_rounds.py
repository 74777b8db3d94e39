"""Coverage comes first, and waiting counts."""

import numpy as np
import pytest
import scipy.sparse

from service.matching import Problem, solve
from service.matching.rounds import bonuses


def coverable(score: scipy.sparse.csr_array, need_slots: np.ndarray, partner_slots: np.ndarray) -> int:
    """How many needs can have one proposal: augmenting paths, one need at a time."""
    held: dict[int, list[int]] = {col: [] for col in range(partner_slots.size)}

    def place(row: int, seen: set[int]) -> bool:
        for col in score.indices[score.indptr[row] : score.indptr[row + 1]].tolist():
            if col in seen:
                continue
            seen.add(col)
            if len(held[col]) < partner_slots[col]:
                held[col].append(row)
                return True
            for other in list(held[col]):
                if place(other, seen):
                    held[col].remove(other)
                    held[col].append(row)
                    return True
        return False

    return sum(place(row, set()) for row in range(need_slots.size) if need_slots[row])


@pytest.mark.parametrize("seed", range(25))
def test_as_many_needs_as_possible_get_a_first_proposal_before_any_gets_a_second(seed: int) -> None:
    dice = np.random.default_rng(seed)
    needs, partners = 30, 12
    # Rich needs have high scores everywhere: without the bonus they would take every slot.
    table = np.where(dice.random((needs, partners)) < 0.25, dice.choice([0.01, 1.0], (needs, 1)), 0)
    score = scipy.sparse.csr_array(table)
    need_slots, partner_slots = dice.integers(0, 4, needs), dice.integers(0, 4, partners)
    bonus = bonuses(dice.integers(0, 90, needs), need_slots, partner_slots)
    covered = np.unique(solve(Problem(score, need_slots, partner_slots, bonus)).needs).size
    assert covered == coverable(score, need_slots, partner_slots)


def test_every_bonus_is_above_what_all_scores_together_can_be_worth() -> None:
    assert (bonuses(np.array([0, 5]), np.array([2, 2]), np.array([3, 3, 3])) > 4).all()


def test_the_longer_wait_has_the_larger_bonus_however_long() -> None:
    bonus = bonuses(np.array([0, 1, 60, 61, 400]), np.ones(5, dtype=int), np.ones(2, dtype=int))
    assert (np.diff(bonus) > 0).all()


def test_of_two_needs_for_one_slot_the_one_that_waited_a_day_longer_is_shown() -> None:
    score = scipy.sparse.csr_array(np.array([[1.0], [0.01]]))
    slots = np.array([1, 1])
    bonus = bonuses(np.array([10, 11]), slots, np.array([1]))
    assert solve(Problem(score, slots, np.array([1]), bonus)).needs.tolist() == [1]


@pytest.mark.parametrize("days", [np.array([-1.0]), np.array([np.nan]), np.array([np.inf])])
def test_a_wait_that_cannot_be_is_refused(days: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"^waiting_days:"):
        bonuses(days, np.array([1]), np.array([1]))
