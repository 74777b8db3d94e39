"""Spot checks: what residents answered is told when all have, or after three days."""

from service.container import Container
from service.models.session import transaction
from service.usecases.spotchecks import conclude_checks


def tell_spot_checks(container: Container) -> str:
    """Tell the outcome of the rounds that are over; returns how many."""
    with transaction(container.engine) as session:
        return f"{conclude_checks(session, container.clock())} told"
