"""The exact optimum of a round."""

import math

import numpy as np

from service.matching.face import optimal_face
from service.matching.network import best_flow, finest_digits, network
from service.matching.problem import Assignment, Flags, Ints, Problem, check
from service.matching.ties import settle_ties

# Each step down makes costs ten times smaller; 64-bit integers have fewer digits than this.
MOST_TRIES = 20


def solve(problem: Problem) -> Assignment:
    """Return the assignment of the highest value: scores of its pairs plus the bonus of each need with a proposal.

    Exactness: scores and bonuses are rounded to the finest power of ten that the solver's int64 costs can carry
    (with coverage bonuses: 10**-9 at 20,000 x 4,000, 10**-8 at 100,000 x 20,000; never finer than 10**-15).
    The rounded problem is solved exactly, and that is proved each time by its prices. So the value is below the true
    optimum by at most (proposals + covered needs) x that power of ten, counting the larger of the two assignments.

    Ties: among assignments of equal rounded value, the one that takes the first pair (by row, then by column) that
    any of them takes, then the next, and so on. The answer therefore depends neither on the solver's inner order nor
    on the machine. When a very large, very tangled set of pairs ties (see `ties.MOST_STEPS`), the rule holds for the
    pairs settled first and the rest is one optimal choice, the same at every run of the same OR-tools version.

    Raises `ValueError` that names the array and the rule when the input is malformed.
    """
    check(problem)
    used = optimum(problem, finest_digits(problem))
    rows = np.repeat(np.arange(problem.need_slots.size), np.diff(problem.score.indptr))[used]
    cols = problem.score.indices[used].astype(np.int64)
    return Assignment(needs=rows, partners=cols, value=_value(problem, used, rows))


def optimum(problem: Problem, finest: int) -> Ints:
    """Return the chosen positions of `score.data`, rising, of a well-formed problem at `finest` digits or fewer.

    Fewer only where the solver's prices overflow, which it reports, or where the proof of the optimum fails.
    """
    for digits in range(finest, finest - MOST_TRIES, -1):
        net = network(problem, digits)
        if not net.rows.size:
            return net.position
        used = best_flow(net)
        face = None if used is None else optimal_face(net, used)
        if used is not None and face is not None:
            chosen: Flags = settle_ties(net, face, used)
            return net.position[chosen]
    raise ArithmeticError("The min-cost flow solver found no optimum at any precision.")


def _value(problem: Problem, used: Ints, rows: Ints) -> float:
    # fsum is exact, so the sum does not depend on how a machine's vector unit groups it.
    return math.fsum(problem.score.data[used].tolist()) + math.fsum(problem.bonus[np.unique(rows)].tolist())
