"""The answer is the optimum, and of all optima the first by row, then column."""

from dataclasses import replace
from itertools import product

import numpy as np
import numpy.typing as npt
import pytest
import scipy.optimize
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st

from service.matching import Assignment, Problem, solve
from service.matching.face import optimal_face
from service.matching.network import best_flow, finest_digits, network
from service.matching.solve import optimum
from service.matching.ties import settle_ties

Pairs = list[tuple[int, int]]


def pairs(answer: Assignment) -> Pairs:
    return list(zip(answer.needs.tolist(), answer.partners.tolist(), strict=True))


def dense(
    score: npt.ArrayLike, need_slots: npt.ArrayLike, partner_slots: npt.ArrayLike, bonus: npt.ArrayLike = 0.0
) -> Problem:
    scores = scipy.sparse.csr_array(np.atleast_2d(np.array(score, dtype=np.float64)))
    bonuses = np.broadcast_to(np.array(bonus, dtype=np.float64), (scores.shape[0],))
    return Problem(scores, np.array(need_slots, dtype=int), np.array(partner_slots, dtype=int), bonuses)


def value_of(problem: Problem, chosen: Pairs) -> float:
    scores = problem.score.toarray()
    covered = {row for row, _ in chosen}
    return float(sum(scores[pair] for pair in chosen) + sum(problem.bonus[row] for row in covered))


def feasible(problem: Problem, chosen: Pairs) -> bool:
    shown = np.bincount([row for row, _ in chosen], minlength=problem.need_slots.size)
    taken = np.bincount([col for _, col in chosen], minlength=problem.partner_slots.size)
    return bool((shown <= problem.need_slots).all() and (taken <= problem.partner_slots).all())


def all_assignments(problem: Problem) -> list[Pairs]:
    """Every feasible choice; one that takes an earlier pair comes before one that does not."""
    eligible = list(zip(*(axis.tolist() for axis in problem.score.nonzero()), strict=True))
    choices = ([pair for pair, taken in zip(eligible, bits, strict=True) if taken] for bits in all_bits(len(eligible)))
    return [chosen for chosen in choices if feasible(problem, chosen)]


def all_bits(length: int) -> "product[tuple[bool, ...]]":
    return product((True, False), repeat=length)


def best_by_trying_all(problem: Problem) -> tuple[float, Pairs]:
    tried = [(value_of(problem, chosen), chosen) for chosen in all_assignments(problem)]
    best = max(value for value, _ in tried)
    return best, next(chosen for value, chosen in tried if value > best - 1e-9)


@st.composite
def tiny_problems(draw: st.DrawFn) -> Problem:
    needs, partners = draw(st.sampled_from([(1, 1), (1, 4), (2, 2), (2, 4), (3, 3), (4, 2), (5, 2), (9, 1)]))
    # Few different scores, so that ties are usual; then any score at all.
    scores = draw(st.sampled_from([st.just(0.5), st.sampled_from([0.25, 0.5, 1.0]), st.floats(0.001, 1.0)]))
    table = draw(st.lists(st.just(0.0) | scores, min_size=needs * partners, max_size=needs * partners))
    slots = st.integers(0, 3)
    bonus = st.sampled_from([0.0, 0.25, 1.0, 15.0, 16.0])
    return dense(
        np.reshape(table, (needs, partners)),
        draw(st.lists(slots, min_size=needs, max_size=needs)),
        draw(st.lists(slots, min_size=partners, max_size=partners)),
        draw(st.lists(bonus, min_size=needs, max_size=needs)),
    )


@settings(derandomize=True, max_examples=300, deadline=None, database=None)
@given(tiny_problems())
def test_no_feasible_assignment_is_better_and_of_equals_the_first_is_taken(problem: Problem) -> None:
    best, first = best_by_trying_all(problem)
    answer = solve(problem)
    assert answer.value == pytest.approx(best, abs=1e-9)
    assert pairs(answer) == first
    assert answer.value == pytest.approx(value_of(problem, pairs(answer)), abs=1e-12)


def random_problem(seed: int, needs: int, partners: int, pairs_each: int, *, digits: int = 17) -> Problem:
    dice = np.random.default_rng(seed)
    cells = np.unique(
        np.repeat(np.arange(needs), pairs_each) * partners + dice.integers(0, partners, needs * pairs_each)
    )
    scores = np.round(dice.uniform(0.06, 1, cells.size), digits)
    score = scipy.sparse.csr_array((scores, (cells // partners, cells % partners)), shape=(needs, partners))
    need_slots, partner_slots = dice.integers(0, 4, needs), dice.integers(0, 5, partners)
    coverage = min(need_slots.sum(), partner_slots.sum()) + 1
    bonus = dice.choice([np.zeros(needs), coverage + dice.integers(0, 40, needs).astype(float)])
    return Problem(score, need_slots, partner_slots, bonus)


def best_by_linear_programming(problem: Problem) -> float:
    """The same optimum as written in the design: x on pairs, covered on needs, by HiGHS."""
    coo = problem.score.tocoo()
    needs, partners = coo.shape
    count = coo.nnz
    each = np.arange(count)
    shown = scipy.sparse.csr_array((np.ones(count), (coo.row, each)), shape=(needs, count))
    taken = scipy.sparse.csr_array((np.ones(count), (coo.col, each)), shape=(partners, count))
    nobody = scipy.sparse.csr_array((partners, needs))
    rows = scipy.sparse.vstack(
        [
            scipy.sparse.hstack([shown, scipy.sparse.csr_array((needs, needs))]),
            scipy.sparse.hstack([taken, nobody]),
            scipy.sparse.hstack([-shown, scipy.sparse.eye_array(needs)]),
        ]
    )
    limits = np.concatenate([problem.need_slots, problem.partner_slots, np.zeros(needs)])
    gains = np.concatenate([coo.data, problem.bonus])
    limit = scipy.optimize.LinearConstraint(rows, ub=limits)
    answer = scipy.optimize.milp(-gains, constraints=limit, bounds=scipy.optimize.Bounds(0, 1))
    assert answer.fun is not None, answer.message
    return -answer.fun


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("digits", [1, 17])
def test_a_medium_problem_reaches_the_optimum_that_linear_programming_finds(seed: int, digits: int) -> None:
    problem = random_problem(seed, 150, 60, 12, digits=digits)
    answer = solve(problem)
    assert feasible(problem, pairs(answer))
    assert answer.value == pytest.approx(best_by_linear_programming(problem), rel=1e-12, abs=1e-7)


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (dense(np.full((2, 2), 0.5), [1, 1], [1, 1]), [(0, 0), (1, 1)]),
        (dense(np.full((3, 1), 0.5), [1, 1, 1], [1]), [(0, 0)]),
        (dense(np.full((1, 3), 0.5), [2], [1, 1, 1]), [(0, 0), (0, 1)]),
        (dense(np.full((3, 3), 0.5), [2, 2, 2], [1, 1, 1]), [(0, 0), (0, 1), (1, 2)]),
        (dense(np.full((3, 3), 0.5), [2, 2, 2], [1, 1, 1], 7), [(0, 0), (1, 1), (2, 2)]),
        # 0.1 + 0.2 is not 0.3 in binary, but it is in the village.
        (dense([[0.1, 0.3], [0.3, 0.5]], [1, 1], [1, 1]), [(0, 0), (1, 1)]),
        (dense([[0.1 + 0.2], [0.3]], [1, 1], [1]), [(0, 0)]),
        (dense([[0.3], [0.1 + 0.2]], [1, 1], [1]), [(0, 0)]),
    ],
)
def test_ties_go_to_the_first_row_then_the_first_column(problem: Problem, expected: Pairs) -> None:
    assert pairs(solve(problem)) == expected


def test_all_scores_equal_is_filled_from_the_top() -> None:
    answer = solve(dense(np.full((40, 30), 0.7), [2] * 40, [1] * 30))
    assert pairs(answer) == [(row, 2 * row + turn) for row in range(15) for turn in range(2)]


def test_the_order_in_which_pairs_were_entered_does_not_matter() -> None:
    problem = random_problem(3, 80, 30, 10, digits=1)
    coo = problem.score.tocoo()
    shuffle = np.random.default_rng(1).permutation(coo.nnz)
    entries = (coo.data[shuffle], (coo.row[shuffle], coo.col[shuffle]))
    score = scipy.sparse.csr_array(entries, shape=coo.shape)
    again = solve(Problem(score, problem.need_slots, problem.partner_slots, problem.bonus))
    assert pairs(again) == pairs(solve(problem))
    assert again.value == solve(problem).value


def test_the_answer_depends_on_no_particular_optimum_of_the_solver() -> None:
    problem = random_problem(4, 60, 25, 10, digits=1)
    net = network(problem, finest_digits(problem))
    used = best_flow(net)
    # The same problem with needs and partners counted from the other end: the solver meets everything in another order.
    mirrored = Problem(
        scipy.sparse.csr_array(problem.score.toarray()[::-1, ::-1]),
        problem.need_slots[::-1],
        problem.partner_slots[::-1],
        problem.bonus[::-1],
    )
    back = network(mirrored, finest_digits(mirrored))
    other = best_flow(back)
    assert used is not None
    assert other is not None
    other = other[::-1]
    assert (used != other).any(), "the two optima should differ, or this test shows nothing"
    one_face, other_face = optimal_face(net, used), optimal_face(net, other)
    assert one_face is not None
    assert other_face is not None
    assert (settle_ties(net, one_face, used) == settle_ties(net, other_face, other)).all()


def test_a_choice_that_is_not_optimal_is_not_believed() -> None:
    problem = dense([[0.4, 0.5], [0.5, 0.4]], [1, 1], [1, 1])
    net = network(problem, 3)
    assert optimal_face(net, np.array([False, True, True, False])) is not None
    assert optimal_face(net, np.array([True, False, False, True])) is None
    assert optimal_face(net, np.array([False, False, False, False])) is None
    assert optimal_face(net, np.array([False, True, False, False])) is None


def test_unfinished_ties_still_leave_an_optimum_that_begins_as_it_should() -> None:
    problem = dense(np.full((12, 12), 0.5), [2] * 12, [2] * 12)
    net = network(problem, finest_digits(problem))
    used = best_flow(net)
    assert used is not None
    face = optimal_face(net, used)
    assert face is not None
    cut_short = settle_ties(net, face, used, most_steps=5)
    assert cut_short.sum() == used.sum()
    assert optimal_face(net, cut_short) is not None


def test_costs_too_large_for_the_solver_are_made_coarser_until_they_fit() -> None:
    problem = replace(random_problem(6, 300, 100, 20), bonus=np.zeros(300))
    assert best_flow(network(problem, 18)) is None
    chosen = optimum(problem, 18)
    assert problem.score.data[chosen].sum() == pytest.approx(best_by_linear_programming(problem), rel=1e-12)


@pytest.mark.parametrize("bonus", [1e6, 1e12, 1e18, 1e30])
def test_a_very_large_bonus_keeps_the_value_exact_to_a_float(bonus: float) -> None:
    problem = dense([[0.9, 0.8], [0.7, 0.1]], [2, 2], [1, 1], bonus)
    assert solve(problem).value == pytest.approx(2 * bonus + 1.5, rel=1e-15)


@pytest.mark.parametrize("shape", [(0, 0), (0, 5), (5, 0), (5, 4)])
def test_an_empty_problem_has_an_empty_answer(shape: tuple[int, int]) -> None:
    needs, partners = shape
    score = scipy.sparse.csr_array(shape, dtype=np.float64)
    answer = solve(Problem(score, np.ones(needs, dtype=int), np.ones(partners, dtype=int), np.ones(needs)))
    assert pairs(answer) == []
    assert answer.value == 0
    assert answer.needs.dtype.kind == answer.partners.dtype.kind == "i"


def test_a_side_without_slots_gets_nothing() -> None:
    assert pairs(solve(dense(np.full((2, 2), 0.5), [0, 2], [2, 0], 9))) == [(1, 0)]


def test_slots_beyond_any_count_do_no_harm() -> None:
    many = np.array([2**62, 2**62])
    score = scipy.sparse.csr_array(np.full((2, 2), 0.5))
    assert len(pairs(solve(Problem(score, many, many.astype(np.uint64), np.ones(2))))) == 4
