"""What a round asks of the solver, and what it answers."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy.sparse

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Problem:
    """Who may be proposed to whom, how well each pair fits, and how many proposals each side can take.

    `score` is (needs, partners), float64, one explicit entry for each eligible pair, 0 < score <= 1, in canonical
    order (sorted, no duplicates). `need_slots` is (needs,) and `partner_slots` (partners,), integers >= 0. `bonus` is
    (needs,), what the first proposal of a need adds to the value, finite and >= 0. `solve` checks all of it.
    """

    score: "scipy.sparse.csr_array[np.float64]"
    need_slots: npt.NDArray[np.integer]
    partner_slots: npt.NDArray[np.integer]
    bonus: Floats


@dataclass(frozen=True)
class Assignment:
    """The chosen pairs, sorted by row then column, and the objective they reach, from the float scores."""

    needs: Ints
    partners: Ints
    value: float


def check(problem: Problem) -> None:
    """Raise `ValueError`, naming the array and the rule it breaks, unless the problem is well formed."""
    needs, partners = _check_score(problem.score)
    _check_slots("need_slots", problem.need_slots, needs)
    _check_slots("partner_slots", problem.partner_slots, partners)
    _check_bonus(problem.bonus, needs)


def _check_score(score: object) -> tuple[int, int]:
    if not isinstance(score, scipy.sparse.csr_array | scipy.sparse.csr_matrix):
        raise ValueError("score: must be a scipy.sparse.csr_array")  # noqa: TRY004 the contract promises ValueError
    if len(score.shape) != len(("needs", "partners")):
        raise ValueError(f"score: must have shape (needs, partners), not {score.shape}")
    if score.dtype != np.float64:
        raise ValueError(f"score: must be float64, not {score.dtype}")
    _check_structure(score)
    # Written so that NaN fails too.
    if not ((score.data > 0) & (score.data <= 1)).all():
        raise ValueError("score: every entry must be above 0 and at most 1")
    needs, partners = score.shape
    return needs, partners


def _check_structure(score: "scipy.sparse.csr_array | scipy.sparse.csr_matrix") -> None:
    needs, partners = score.shape
    indptr, indices = score.indptr, score.indices
    if indptr.shape != (needs + 1,) or indptr[0] != 0 or (np.diff(indptr) < 0).any():
        raise ValueError("score: indptr must start at 0, never fall, and have one entry more than there are needs")
    if not indices.shape == score.data.shape == (indptr[-1],):
        raise ValueError("score: indices and data must have the length that indptr says")
    if indices.size and (indices.min() < 0 or indices.max() >= partners):
        raise ValueError("score: every column must be one of the partners")
    rises = np.diff(indices) > 0
    starts = indptr[1:-1]
    rises[starts[(starts > 0) & (starts < indices.size)] - 1] = True
    if not rises.all():
        raise ValueError("score: columns must be sorted within each row and appear once")


def _check_slots(name: str, slots: object, length: int) -> None:
    if not isinstance(slots, np.ndarray) or slots.dtype.kind not in "iu":
        raise ValueError(f"{name}: must be a numpy array of integers")
    if slots.shape != (length,):
        raise ValueError(f"{name}: must have shape ({length},), not {slots.shape}")
    if (slots < 0).any():
        raise ValueError(f"{name}: must not be negative")


def _check_bonus(bonus: object, length: int) -> None:
    if not isinstance(bonus, np.ndarray) or bonus.dtype.kind not in "fiu":
        raise ValueError("bonus: must be a numpy array of numbers")
    if bonus.shape != (length,):
        raise ValueError(f"bonus: must have shape ({length},), not {bonus.shape}")
    if not (np.isfinite(bonus) & (bonus >= 0)).all():
        raise ValueError("bonus: must be finite and not negative")
