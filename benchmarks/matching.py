"""The exact assignment beside greedy's, and beside the same optimum as a linear program (HiGHS), in one run."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from time import perf_counter
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import scipy.optimize
import scipy.sparse

from service.matching import Assignment, Problem, solve
from service.matching.rounds import bonuses

Row = dict[str, str | float | int | None]
Chosen = npt.NDArray[np.bool_]
Answer = TypeVar("Answer")


def measure() -> list[Row]:
    """Return the rows of the benchmark table (contract, *Benchmarks*); well under a minute on two cores."""
    return [*beside_greedy("20k x 4k", a_round(20_000, 4_000, 97)), *beside_highs("2k x 400", a_round(2_000, 400, 50))]


def beside_greedy(size: str, problem: Problem) -> list[Row]:
    """Return time, scores and value of the optimum against greedy's on the same problem."""
    exact, seconds = timed(lambda: solve(problem))
    chosen, greedy_seconds = timed(lambda: greedy(problem))
    scores, greedy_scores = float(problem.score.data[chosen_by(problem, exact)].sum()), problem.score.data[chosen].sum()
    return [
        row(f"matching {size} time", seconds, "s", "greedy", greedy_seconds, problem),
        row(f"matching {size} scores", scores, "score", "greedy", float(greedy_scores), problem),
        row(f"matching {size} value", exact.value, "value", "greedy", value_of(problem, chosen), problem),
    ]


def beside_highs(size: str, problem: Problem) -> list[Row]:
    """Return time and value of the optimum against the same linear program solved by HiGHS."""
    exact, seconds = timed(lambda: solve(problem))
    best, highs_seconds = timed(lambda: by_linear_programming(problem))
    return [
        row(f"matching {size} time", seconds, "s", "HiGHS linear program", highs_seconds, problem),
        row(f"matching {size} value", exact.value, "value", "HiGHS linear program", best, problem),
    ]


def a_round(needs: int, partners: int, pairs_each: int) -> Problem:
    """Return a random round: 2 showings a need, 3 slots an association, coverage first; no two pairs tie."""
    dice = np.random.default_rng(20)
    cells = np.unique(
        np.repeat(np.arange(needs), pairs_each) * partners + dice.integers(0, partners, needs * pairs_each)
    )
    entries = (dice.uniform(0.05, 1, cells.size), (cells // partners, cells % partners))
    score = scipy.sparse.csr_array(entries, shape=(needs, partners))
    need_slots, partner_slots = np.full(needs, 2), np.full(partners, 3)
    return Problem(score, need_slots, partner_slots, bonuses(dice.integers(0, 90, needs), need_slots, partner_slots))


def rows_of(problem: Problem) -> npt.NDArray[np.int64]:
    """Return the need of each entry of the score."""
    return np.repeat(np.arange(problem.need_slots.size), np.diff(problem.score.indptr))


def greedy(problem: Problem) -> Chosen:
    """Take the best pair that still fits, first one for each need, then the rest; flags for the score's entries."""
    rows = rows_of(problem)
    of_row, of_col = rows.tolist(), problem.score.indices.tolist()
    taken = [0] * problem.partner_slots.size
    shown = [0] * problem.need_slots.size
    chosen = np.zeros(rows.size, dtype=np.bool_)
    rounds = (
        (problem.score.data + problem.bonus[rows], np.minimum(problem.need_slots, 1)),
        (problem.score.data, problem.need_slots),
    )
    for gain, slots in rounds:
        most, most_taken = slots.tolist(), problem.partner_slots.tolist()
        for entry in np.argsort(-gain, kind="stable").tolist():
            need, partner = of_row[entry], of_col[entry]
            if shown[need] < most[need] and taken[partner] < most_taken[partner] and not chosen[entry]:
                chosen[entry] = True
                shown[need] += 1
                taken[partner] += 1
    return chosen


def chosen_by(problem: Problem, answer: Assignment) -> Chosen:
    """Return flags for the score's entries."""
    width = problem.partner_slots.size
    keys = rows_of(problem) * width + problem.score.indices
    return np.isin(keys, answer.needs * width + answer.partners)


def value_of(problem: Problem, chosen: Chosen) -> float:
    """Return the objective of a choice of entries."""
    covered = np.unique(rows_of(problem)[chosen])
    return float(problem.score.data[chosen].sum() + problem.bonus[covered].sum())


def by_linear_programming(problem: Problem) -> float:
    """Return the optimum of the program as the design writes it: x on pairs, covered on needs."""
    rows, cols, count = rows_of(problem), problem.score.indices, problem.score.nnz
    needs, partners = problem.need_slots.size, problem.partner_slots.size
    each, ones = np.arange(count), np.ones(count)
    shown = scipy.sparse.csr_array((ones, (rows, each)), shape=(needs, count))
    taken = scipy.sparse.csr_array((ones, (cols, each)), shape=(partners, count))
    limits = [
        scipy.sparse.hstack([shown, scipy.sparse.csr_array((needs, needs))]),
        scipy.sparse.hstack([taken, scipy.sparse.csr_array((partners, needs))]),
        scipy.sparse.hstack([-shown, scipy.sparse.eye_array(needs)]),
    ]
    most = np.concatenate([problem.need_slots, problem.partner_slots, np.zeros(needs)])
    gains = np.concatenate([problem.score.data, problem.bonus])
    limit = scipy.optimize.LinearConstraint(scipy.sparse.vstack(limits), ub=most)
    found = scipy.optimize.milp(-gains, constraints=limit, bounds=scipy.optimize.Bounds(0, 1))
    if found.fun is None:
        raise ArithmeticError(found.message)
    return -found.fun


def timed(work: Callable[[], Answer]) -> tuple[Answer, float]:
    """Return what the work returns and how many seconds it took."""
    begun = perf_counter()
    answer = work()
    return answer, perf_counter() - begun


def row(name: str, value: float, unit: str, against: str, other: float, problem: Problem) -> Row:
    """Return one row of the table; `ratio` is value / the other's, `n` the number of eligible pairs."""
    return {
        "name": name,
        "value": value,
        "unit": unit,
        "against": against,
        "ratio": value / other,
        "p50_ms": None,
        "p99_ms": None,
        "n": problem.score.nnz,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


if __name__ == "__main__":
    print(json.dumps(measure(), indent=1))
