"""Lists of unequal length, kept as one flat array with where each begins."""

import numpy as np

from service.matching.problem import Ints


def spread(starts: Ints, counts: Ints) -> Ints:
    """Return the positions `starts[k], …, starts[k] + counts[k] - 1` for each k, one list after the other."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if ends.size else 0
    shifts: Ints = np.repeat(starts - (ends - counts), counts)
    return np.arange(total) + shifts
