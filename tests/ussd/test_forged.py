"""A forged SMS, with the right sender but without the code that only the real phone gets, moves nothing.

Nor does a phone that may be in other hands by now, until somebody has vouched for its number.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import update

from service.cli.story import Actor, Said
from service.container import Container
from service.domain.money import Currency, Money
from service.domain.projects import Grievance, ProjectState, Withdrawal
from service.domain.roles import OfficerRole
from service.domain.testimonies import Publication
from service.models import Phone, Project
from service.models.contributions import contributions_of
from service.models.needs import need_by_reference
from service.models.phones import doubt
from service.models.session import transaction
from service.usecases.arrivals import declare_arrival
from service.usecases.progress import declare_progress
from service.usecases.vouching import confirm_number
from tests.conftest import MovedClock
from tests.service.usecases.partnership.seen import Seen
from tests.ussd.projects import CODE, HALF, project_of, staffed_village
from tests.ussd.whole_story import World
from tests.world import LYON, SECRETARY, STRANGER, TREASURER, officer_of, settle
from wsgi import make_app

WRONG = "000000"


@dataclass(frozen=True)
class Deed:
    """What somebody does by SMS until the code is asked for, and the table that it changes once the code is sent."""

    who: str
    texts: Callable[[Actor, str], None]
    changes: str
    state: ProjectState = ProjectState.WORKS


def texts(*said: str) -> Callable[[Actor, str], None]:
    """Return the texts of a deed, in which `{}` stands for the project's reference."""
    return lambda phone, reference: phone.types(*(one.format(reference) for one in said))


def says_it(phone: Actor, _: str) -> None:
    phone.types("TEMOIGNAGE", "L'eau coule enfin chez nous.")
    phone.picks(Publication.NAMED, "review.send")


def invites(phone: Actor, _: str) -> None:
    phone.types("BUREAU")
    phone.picks("officers.add", OfficerRole.WITNESS)
    phone.types(STRANGER)
    phone.picks("review.send")


def hands_over_a_role(phone: Actor, _: str) -> None:
    phone.types("BUREAU")
    phone.picks("officers.hand_over", OfficerRole.SECRETARY)
    phone.types(STRANGER)
    phone.picks("review.send")


def agrees_to_the_plan(phone: Actor, _: str) -> None:
    phone.types("PLAN")
    phone.picks("plan.agree.line", "plan.agree.yes")


def declares_an_arrival(phone: Actor, _: str) -> None:
    phone.types("RECU")
    phone.picks("Lyon-Taliouine")
    phone.types("5000 EUR")
    phone.picks("review.send")


def counts_an_arrival(phone: Actor, _: str) -> None:
    phone.types("RECU")
    phone.picks("arrival.count.same")


def chooses(line: str, *then: Said) -> Callable[[Actor, str], None]:
    """Return the texts that lead through a project's menu."""

    def act(phone: Actor, reference: str) -> None:
        phone.types(f"PROJET {reference}")
        phone.follows(f"project.line.{line}")
        phone.picks(*then)

    return act


DEEDS = {
    "a handover": Deed(
        SECRETARY, chooses("hand_over", "project.hand_over.yes"), "project_steps", ProjectState.ACCEPTED
    ),
    "works that are not right": Deed(LYON, chooses("reopen", Grievance.FAULTY), "project_steps", ProjectState.ACCEPTED),
    "a village that withdraws": Deed(SECRETARY, chooses("withdraw", Withdrawal.MEANS), "project_steps"),
    "a partner who withdraws": Deed(LYON, chooses("withdraw", Withdrawal.MEANS), "proposals"),
    "a dispute": Deed(LYON, chooses("dispute", Grievance.MONEY), "project_steps"),
    "a plan the village agrees to": Deed(SECRETARY, agrees_to_the_plan, "plan_agreements"),
    "a plan the partner agrees to": Deed(LYON, agrees_to_the_plan, "plan_agreements"),
    "an arrival that is declared": Deed(SECRETARY, declares_an_arrival, "arrivals"),
    "an arrival that is counted": Deed(TREASURER, counts_an_arrival, "ledger_entries"),
    "a pledge": Deed(LYON, texts("DON {} 5000 EUR", "1"), "pledges"),
    "a testimony of the village": Deed(SECRETARY, says_it, "testimonies"),
    "a testimony of the partner": Deed(LYON, says_it, "testimonies"),
    "a new officer": Deed(SECRETARY, invites, "officer_changes"),
    "a role that is handed over": Deed(SECRETARY, hands_over_a_role, "officer_changes"),
    "a report that is confirmed": Deed(TREASURER, texts("CONFIRMER {}", "1"), "progress_reports"),
    "an officer who leaves": Deed(SECRETARY, texts("QUITTER", "1"), "officers"),
}


@pytest.fixture
def world(container: Container, clock: MovedClock) -> World:
    settle(container.engine)
    return World(make_app(container), container, clock)


@pytest.fixture
def reference(world: World) -> str:
    """A project half done, of which everything may be said."""
    with transaction(world.container.engine) as session:
        staffed_village(session, world.clock())
        reference = project_of(session, world.clock())
        secretary = officer_of(session, SECRETARY)
        declare_progress(session, world.clock(), officer=secretary, reference=reference, progress=HALF, code=CODE)
        need = need_by_reference(session, reference)
        assert need
        (line,) = [one for one in contributions_of(session, need.id) if one.diaspora]
        declare_arrival(
            session,
            world.clock(),
            officer=secretary,
            reference=reference,
            contribution_id=line.id,
            amount=Money.of(1_000, Currency.EUR),
            code=CODE,
        )
        return reference


@pytest.mark.parametrize("name", DEEDS)
def test_without_the_code_nothing_is_moved_and_with_it_the_same_texts_count(
    world: World, reference: str, name: str
) -> None:
    deed = DEEDS[name]
    with transaction(world.container.engine) as session:
        session.execute(update(Project).values(state=deed.state))
    before = facts(world)
    phone = world.texting(deed.who)
    deed.texts(phone, reference)
    phone.sees("code.ask")
    assert facts(world) == before
    phone.types(WRONG)
    assert facts(world) == before
    phone.sees("code.wrong")
    phone.proves()
    changed = {table for table, rows in facts(world).items() if rows != before[table]}
    assert deed.changes in changed


@pytest.mark.parametrize("name", DEEDS)
def test_a_number_that_may_be_another_s_moves_nothing_before_somebody_vouches_and_then_the_same_texts_count(
    world: World, reference: str, name: str
) -> None:
    deed = DEEDS[name]
    with transaction(world.container.engine) as session:
        session.execute(update(Project).values(state=deed.state))
        doubt(session, world.clock() + timedelta(seconds=1), session.get_one(Phone, deed.who), "inactive")
    before = facts(world)
    phone = world.texting(deed.who)
    deed.texts(phone, reference)
    phone.sees("number.coordinator" if deed.who == LYON else "number.colleague")
    phone.picks("number.ask", "number.again")
    phone.sees("number.waiting")
    assert facts(world) == before
    with transaction(world.container.engine) as session:
        confirm_number(session, world.clock(), actor="user:1", phone=deed.who)
    phone.hears("sms.vouched")
    phone.picks("number.again")
    phone.proves()
    changed = {table for table, rows in facts(world).items() if rows != before[table]}
    assert deed.changes in changed


def facts(world: World) -> dict[str, list[dict[str, object]]]:
    """Return all that is written of the partnership; that somebody wrote, and what they were answered, is none."""
    seen = Seen.of(world.container.engine)
    return {table: rows for table, rows in seen.tables.items() if table not in {"messages", "phones"}}
