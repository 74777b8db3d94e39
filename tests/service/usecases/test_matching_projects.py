"""A project's money and the matching: what it lacks is looked for, and what was promised is not there any more."""

import pytest
from sqlalchemy import Engine

from service.domain.money import Money
from service.models.session import transaction
from service.usecases.sides import read_sides
from tests.conftest import MovedClock
from tests.service.usecases.money import Account
from tests.world import LYON, TREASURER

LACKING = Money.of(206_000)  # 320 000, less 60 000 of the village and 5 000 euros


@pytest.fixture
def account(engine: Engine, clock: MovedClock) -> Account:
    """Lyon and the village came together, and Lyon promised 5 000 euros."""
    account = Account(engine, clock)
    account.introduced()
    account.pledges()
    return account


def looked_for(account: Account) -> dict[int, int]:
    """Return what is looked for of each need that is shown to more associations, in centimes of a dirham."""
    with transaction(account.engine) as session:
        sides = read_sides(session, account.clock(), slots=2)
        return {need.id: int(amount) for need, amount in zip(sides.needs, sides.need_side.open_amount, strict=True)}


def left_to(account: Account, name: str) -> int:
    """Return what an association can still give this year, in centimes of a dirham."""
    with transaction(account.engine) as session:
        sides = read_sides(session, account.clock(), slots=2)
        place = [partner.name for partner in sides.partners].index(name)
        return int(sides.partner_side.capacity_left[place])


def test_a_project_is_shown_to_others_only_once_its_plan_is_agreed_and_lacks_something(account: Account) -> None:
    assert looked_for(account) == {}
    account.agrees(LYON)
    account.agrees(TREASURER)
    assert looked_for(account) == {account.need: LACKING.minor}


def test_a_project_that_lacks_nothing_is_shown_to_nobody(account: Account) -> None:
    account.pledges(Money.of(500_000))
    account.agrees(LYON)
    account.agrees(TREASURER)
    assert account.missing() == Money(0)
    assert looked_for(account) == {}


def test_what_was_promised_this_year_is_not_left_and_is_again_next_year(account: Account, clock: MovedClock) -> None:
    assert left_to(account, "Lyon-Taliouine") == Money.of(200_000 - 54_000).minor
    clock.move(days=365)
    assert left_to(account, "Lyon-Taliouine") == Money.of(200_000).minor
