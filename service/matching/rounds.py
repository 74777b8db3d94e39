"""What puts coverage first: every open need is shown to somebody before any is shown twice."""

import numpy as np
import numpy.typing as npt

from service.matching.problem import Floats
from service.matching.sides import Numbers


def bonuses(
    waiting_days: Numbers, need_slots: npt.NDArray[np.integer], partner_slots: npt.NDArray[np.integer]
) -> Floats:
    """Return the bonus for the first proposal of each need, (needs,) float64.

    All are above min(need_slots.sum(), partner_slots.sum()), the most that all scores together can be worth, so the
    optimum covers as many needs as can be covered. One more day of waiting outweighs one score, whatever it is, and
    waiting is not capped: a need that is passed over comes first in the end. Raises `ValueError` unless every wait is
    finite and not negative.
    """
    if not (np.isfinite(waiting_days) & (waiting_days >= 0)).all():
        raise ValueError("waiting_days: must be finite and not negative")
    most_proposals = min(int(need_slots.sum()), int(partner_slots.sum()))
    days: Floats = waiting_days.astype(np.float64)
    return most_proposals + 1.0 + days
