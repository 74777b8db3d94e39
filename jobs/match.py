"""The matching job: overdue proposals lapse, then what is open is proposed."""

from datetime import timedelta
from typing import TYPE_CHECKING

import structlog

from service.container import Container
from service.models.session import compute_for_long, transaction
from service.usecases.proposals import expire_proposals

if TYPE_CHECKING:
    from service.usecases.matching import Round

log = structlog.get_logger()


def match(container: Container) -> str:
    """Run a round; returns how many were proposed and how many needs wait."""
    # SciPy and OR-tools take a second to load, which no start of the web need wait for.
    from service.matching.scoring import Weights  # noqa: PLC0415  # see above
    from service.usecases.matching import match_needs  # noqa: PLC0415  # see above

    settings, now = container.settings, container.clock()
    with transaction(container.engine) as session:
        compute_for_long(session)
        lapsed = expire_proposals(session, now, after=timedelta(days=settings.expiry_days))
        done = match_needs(session, now, settings.match_slots, Weights(**settings.match_weights))
    log.info("match.round", proposed=len(done.proposed), held_back=len(done.held_back), lapsed=lapsed)
    return f"{len(done.proposed)} proposed, {len(done.held_back)} held back, {lapsed} lapsed"


def rehearse(container: Container) -> "Round":
    """Plan a round and write nothing."""
    from service.matching.scoring import Weights  # noqa: PLC0415  # as in `match`
    from service.usecases.matching import plan_round  # noqa: PLC0415  # as in `match`

    settings = container.settings
    with transaction(container.engine) as session:
        compute_for_long(session)
        return plan_round(session, container.clock(), settings.match_slots, Weights(**settings.match_weights))


def explain(planned: "Round") -> list[str]:
    """Return a round in plain lines: who would be asked and why, and what held back each need that got nothing."""
    lines = [
        f"{one.need.reference} -> {one.diaspora.name}: score {one.score:.3f}; "
        + ", ".join(f"{reason.key.removeprefix('reason.')} {_values(reason.values)}".strip() for reason in one.reasons)
        for one in planned.proposed
    ]
    return lines + [f"{need.reference} held back: {why.value.replace('_', ' ')}" for need, why in planned.held_back]


def _values(values: dict[str, int]) -> str:
    return " ".join(f"{name}={value}" for name, value in values.items() if name not in {"place", "sector"})
