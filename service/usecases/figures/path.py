"""How far needs came on the way from a village's word to the handover, and how long each step took."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import CTE, ColumnElement, case, func, literal, select, union_all
from sqlalchemy.orm import Session

from service.domain.projects import ProjectState
from service.domain.states import ProposalState
from service.models import Need, Project, Proposal
from service.models.moments import hours
from service.models.projects import ProjectStep
from service.usecases.figures.scope import Scope

# Who said yes once, whatever came of it; what was declined afterwards is a no.
SAID_YES = (ProposalState.INTERESTED, ProposalState.INTRODUCED, ProposalState.REFUSED, ProposalState.WITHDRAWN)
WHOLE = 100


class Step(StrEnum):
    """A need's way."""

    REPORTED = "reported"
    VERIFIED = "verified"
    PROPOSED = "proposed"
    INTEREST = "interest"
    INTRODUCED = "introduced"
    PLANNED = "planned"
    WORKS = "works"
    HANDED_OVER = "handed_over"


STEPS = tuple(Step)
REACHED: Mapping[Step, ProjectState] = {
    Step.PLANNED: ProjectState.PLANNED,
    Step.WORKS: ProjectState.WORKS,
    Step.HANDED_OVER: ProjectState.HANDED_OVER,
}


@dataclass(frozen=True)
class Wait:
    """How many waited for a step, and how long half of them and nine of ten waited at most, in hours."""

    count: int
    median: int
    ninetieth: int


def funnel(session: Session, scope: Scope) -> dict[Step, int]:
    """Return how many of the needs that were reported in the period reached each step, or a later one, until today."""
    ways = _ways(scope)
    reached = [func.count(_first(ways, STEPS[place:])) for place in range(len(STEPS))]
    return dict(zip(STEPS, session.execute(select(*reached).select_from(ways)).one(), strict=True))


def waits(session: Session, scope: Scope) -> dict[Step, Wait]:
    """Return how long needs that were reported in the period waited for each step since the one before they took.

    A step that a need left out is not waited for; one that nobody took is left out.
    """
    ways = _ways(scope)
    parts = [_histogram(ways, place) for place in range(1, len(STEPS))]
    found: defaultdict[Step, list[tuple[int, int]]] = defaultdict(list)
    for step, waited, count in session.execute(union_all(*parts)):
        found[Step(step)].append((waited, count))
    return {step: _wait(sorted(found[step])) for step in STEPS if step in found}


def percentile(histogram: Sequence[tuple[int, int]], percent: int) -> int:
    """Return the smallest value that so many percent do not exceed (nearest rank), of sorted (value, count) pairs."""
    rank = -(-sum(count for _, count in histogram) * percent // WHOLE)
    for value, count in histogram:
        rank -= count
        if rank <= 0:
            return value
    raise ValueError("an empty histogram has no percentiles")


def _ways(scope: Scope) -> CTE:
    """Return for each need of the scope when it first took each step; None for those it did not take.

    The database makes it once, however often a statement reads it.
    """
    reported = select(Need.id).where(scope.has(Need.reported_at))
    said_yes = case((Proposal.state.in_(SAID_YES), Proposal.answered_at))
    asked = select(
        Proposal.need_id,
        func.min(Proposal.proposed_at).label(Step.PROPOSED),
        func.min(said_yes).label(Step.INTEREST),
    )
    went = select(
        ProjectStep.need_id,
        *(func.min(case((ProjectStep.after == state, ProjectStep.at))).label(step) for step, state in REACHED.items()),
    )
    proposals = asked.where(Proposal.need_id.in_(reported)).group_by(Proposal.need_id).subquery()
    steps = went.where(ProjectStep.need_id.in_(reported)).group_by(ProjectStep.need_id).subquery()
    needs = (
        select(
            Need.reported_at.label(Step.REPORTED),
            Need.verified_at.label(Step.VERIFIED),
            proposals.c[Step.PROPOSED],
            proposals.c[Step.INTEREST],
            Project.begun_at.label(Step.INTRODUCED),
            *(steps.c[step] for step in REACHED),
        )
        .select_from(Need)
        .outerjoin(proposals, proposals.c.need_id == Need.id)
        .outerjoin(Project, Project.need_id == Need.id)
        .outerjoin(steps, steps.c.need_id == Need.id)
        .where(scope.has(Need.reported_at))
    )
    return (scope.here(needs) if scope.province else needs).cte("ways").prefix_with("MATERIALIZED")


def _first(ways: CTE, steps: Sequence[Step]) -> ColumnElement[Any]:
    columns = [ways.c[step] for step in steps]
    return func.coalesce(*columns) if len(columns) > 1 else columns[0]


def _histogram(ways: CTE, place: int) -> Any:
    """Return how many waited how many hours for a step since the last one before it."""
    step, before = ways.c[STEPS[place]], _first(ways, STEPS[:place][::-1])
    waited = hours(before, step)
    return (
        select(literal(STEPS[place].value), waited, func.count())
        .where(step.is_not(None), step >= before)
        .group_by(waited)
    )


def _wait(histogram: Sequence[tuple[int, int]]) -> Wait:
    counted = sum(count for _, count in histogram)
    return Wait(counted, percentile(histogram, 50), percentile(histogram, 90))
