"""What must be proposed to whom, now? Pure numerics: candidates, scores, assignment, reasons. Arrays in, arrays out."""

from service.matching.problem import Assignment, Problem
from service.matching.solve import solve

__all__ = ["Assignment", "Problem", "solve"]
