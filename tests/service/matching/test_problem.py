"""Malformed input is refused with the name of the array and the rule."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import scipy.sparse

from service.matching import Problem, solve

GOOD = Problem(
    score=scipy.sparse.csr_array(np.array([[0.5, 1.0, 0.0], [0.0, 0.2, 0.3]])),
    need_slots=np.array([1, 2]),
    partner_slots=np.array([1, 1, 1]),
    bonus=np.array([0.0, 4.0]),
)


def raw(data: list[float], indices: list[int], indptr: list[int]) -> object:
    """Build a 2 x 3 score from its parts, unseen by scipy's own checks."""
    score = scipy.sparse.csr_array((2, 3), dtype=np.float64)
    score.data, score.indices, score.indptr = np.array(data, dtype=np.float64), np.array(indices), np.array(indptr)
    return score


MALFORMED = [
    ("score", GOOD.score.toarray(), "csr_array"),
    ("score", GOOD.score.tocsc(), "csr_array"),
    ("score", scipy.sparse.csr_array(np.array([0.5, 0.0])), "shape"),
    ("score", GOOD.score.astype(np.float32), "float64"),
    ("score", raw([0.5, np.nan], [0, 1], [0, 1, 2]), "above 0"),
    ("score", raw([0.5, 0.0], [0, 1], [0, 1, 2]), "above 0"),
    ("score", raw([0.5, -0.1], [0, 1], [0, 1, 2]), "above 0"),
    ("score", raw([0.5, 1.1], [0, 1], [0, 1, 2]), "at most 1"),
    ("score", raw([0.5, np.inf], [0, 1], [0, 1, 2]), "at most 1"),
    ("score", raw([0.5, 0.5], [1, 0], [0, 2, 2]), "sorted"),
    ("score", raw([0.5, 0.5], [1, 1], [0, 2, 2]), "once"),
    ("score", raw([0.5, 0.5], [1, 1], [0, 0, 2]), "once"),
    ("score", raw([0.5], [3], [0, 1, 1]), "column"),
    ("score", raw([0.5], [-1], [0, 1, 1]), "column"),
    ("score", raw([0.5, 0.5], [0, 1], [0, 2, 1]), "indptr"),
    ("score", raw([0.5, 0.5], [0, 1], [0, 2]), "indptr"),
    ("score", raw([0.5, 0.5], [0, 1], [0, 1, 1]), "length"),
    ("score", raw([0.5], [0, 1], [0, 1, 2]), "length"),
    ("need_slots", np.array([1]), "shape"),
    ("need_slots", np.array([[1, 2]]), "shape"),
    ("need_slots", np.array([1, -1]), "negative"),
    ("need_slots", np.array([1.0, 2.0]), "integers"),
    ("need_slots", np.array([True, False]), "integers"),
    ("need_slots", [1, 2], "integers"),
    ("partner_slots", np.array([1, 1]), "shape"),
    ("partner_slots", np.array([1, 1, -3]), "negative"),
    ("partner_slots", np.array([1, 1, 1.5]), "integers"),
    ("bonus", np.array([0.0]), "shape"),
    ("bonus", np.array([0.0, np.nan]), "finite"),
    ("bonus", np.array([0.0, np.inf]), "finite"),
    ("bonus", np.array([0.0, -1.0]), "negative"),
    ("bonus", np.array(["0", "4"]), "numbers"),
]


@pytest.mark.parametrize(("name", "value", "rule"), MALFORMED)
def test_a_malformed_array_is_named_with_its_rule(name: str, value: object, rule: str) -> None:
    changed: dict[str, Any] = {name: value}
    problem = replace(GOOD, **changed)
    with pytest.raises(ValueError, match=f"^{name}: .*{rule}"):
        solve(problem)


def test_a_well_formed_problem_is_not_refused() -> None:
    assert solve(GOOD).partners.tolist() == [1, 2]


def test_columns_may_start_again_in_each_row_and_rows_may_be_empty() -> None:
    score = scipy.sparse.csr_array(np.array([[0, 0], [0.5, 0.5], [0, 0], [0.5, 0.5], [0, 0]]))
    answer = solve(Problem(score, np.ones(5, dtype=int), np.array([1, 1]), np.zeros(5)))
    assert answer.needs.tolist() == [1, 3]


def test_solving_changes_nothing_in_the_problem() -> None:
    before = [GOOD.score.toarray(), GOOD.need_slots.copy(), GOOD.partner_slots.copy(), GOOD.bonus.copy()]
    solve(GOOD)
    after = [GOOD.score.toarray(), GOOD.need_slots, GOOD.partner_slots, GOOD.bonus]
    assert all(np.array_equal(one, other) for one, other in zip(before, after, strict=True))
