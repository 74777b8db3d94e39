"""The financing plan: what the village declared begins it, each change is an entry, all agree to one version."""

import pytest
from sqlalchemy import Engine

from service.domain.errors import MoveError, NotAllowedError, NotFoundError
from service.domain.ledger import Source
from service.domain.money import Currency, Money
from service.domain.projects import Party, ProjectMove, ProjectState
from service.models import Need
from service.models.session import reading, transaction
from service.usecases.contributions import confirm_line, set_line, write_line
from service.usecases.needs import Details, add_details
from service.usecases.projects import move_project
from service.usecases.rates import set_rate
from service.usecases.statements import Statement, statement_of
from tests.conftest import MovedClock
from tests.service.usecases.money import EUROS, Account, dirhams
from tests.service.usecases.record import audited, texts
from tests.service.usecases.story import WITNESS
from tests.world import LYON, SECRETARY, TREASURER, UTRECHT, officer_of

COMMUNE = Money.of(96_000)


@pytest.fixture
def account(engine: Engine, clock: MovedClock) -> Account:
    """Lyon and the village came together; nothing is promised but the village's share."""
    account = Account(engine, clock)
    account.introduced()
    return account


def writes(account: Account, amount: Money = COMMUNE, source: Source = Source.COMMUNE, phone: str = SECRETARY) -> int:
    with transaction(account.engine) as session:
        officer = officer_of(session, phone)
        values = {"reference": account.reference, "source": source, "amount": amount}
        return write_line(session, account.clock(), officer=officer, **values).id  # type: ignore[arg-type]  # as named


def sees_paper(account: Account, line: int) -> None:
    with transaction(account.engine) as session:
        confirm_line(session, account.clock(), actor="user:1", contribution_id=line, paper="PV du conseil")


def stated(account: Account) -> Statement:
    with reading(account.engine) as session:
        return statement_of(session, session.get_one(Need, account.need))


def test_a_plan_begins_with_what_the_village_said_it_gives_and_how(engine: Engine, clock: MovedClock) -> None:
    account = Account(engine, clock)
    with transaction(engine) as session:
        said = Details(share_cash=Money.of(20_000), share_land=Money.of(15_000))
        add_details(session, clock(), officer=officer_of(session), reference=account.reference, details=said)
    assert account.missing() == Money.of(260_000)
    account.introduced()
    # What it did not say how is labour; the partner has its line before it promises anything.
    assert {name: line.columns for name, line in account.lines().items()} == {
        "village_cash": dirhams(20_000, 0, 0),
        "village_labour": dirhams(25_000, 0, 0),
        "village_land": dirhams(15_000, 0, 0),
        "Lyon-Taliouine": dirhams(0, 0, 0),
    }
    assert account.missing() == Money.of(260_000)


def test_what_is_missing_is_what_nobody_promised(account: Account) -> None:
    account.pledges()
    assert account.missing() == Money.of(206_000)
    writes(account)
    assert account.missing() == Money.of(110_000)
    account.pledges(Money.of(500_000))
    assert account.missing() == Money(0)


def test_both_sides_agree_to_the_same_version_and_then_what_they_promised_is_confirmed(account: Account) -> None:
    account.pledges()
    assert not account.agrees(LYON)
    assert account.columns() == dirhams(54_000, 0, 0)
    assert {phone for phone, template in account.told() if template == "plan_to_agree"} == {SECRETARY, TREASURER}
    assert "ou composez *1#" in texts(account.engine, "plan_to_agree")[-1]
    assert account.agrees(TREASURER)
    assert account.project().state is ProjectState.PLANNED
    assert account.columns() == dirhams(54_000, 54_000, 0)
    assert account.columns("village_labour") == dirhams(60_000, 60_000, 0)
    assert {phone for phone, template in account.told() if template == "plan_agreed"} == {SECRETARY, TREASURER, LYON}


def test_a_plan_that_changed_since_it_was_seen_is_not_agreed_to(account: Account) -> None:
    seen = account.project().plan_version
    account.pledges()
    with pytest.raises(MoveError):
        account.agrees(SECRETARY, seen)
    account.agrees(SECRETARY)
    with pytest.raises(MoveError):
        account.agrees(TREASURER)  # the village has agreed


def test_who_has_no_say_does_not_agree(account: Account) -> None:
    with pytest.raises(NotAllowedError):
        account.agrees(WITNESS)
    with pytest.raises(NotFoundError):
        account.agrees(UTRECHT)


def test_a_change_after_the_agreement_opens_the_plan_again_and_is_told(account: Account) -> None:
    account.pledges()
    account.agrees(SECRETARY)
    account.agrees(LYON)
    writes(account)
    assert account.project().state is ProjectState.INTRODUCED
    assert {phone for phone, template in account.told() if template == "plan_changed"} == {SECRETARY, TREASURER, LYON}
    account.agrees(LYON)
    assert account.agrees(SECRETARY)
    # What an institution gives, a coordinator confirms, who sees the paper.
    assert account.columns("commune") == dirhams(96_000, 0, 0)


def test_a_second_partner_has_to_agree_as_well(account: Account) -> None:
    account.pledges()
    account.agrees(SECRETARY)
    account.agrees(LYON)
    account.says_yes(UTRECHT)
    account.accepts(proposal=account.utrecht)
    assert account.project().state is ProjectState.INTRODUCED
    account.agrees(SECRETARY)
    assert not account.agrees(LYON)
    assert account.agrees(UTRECHT)


def test_a_coordinator_confirms_what_an_institution_gives_on_paper_seen(account: Account) -> None:
    line = writes(account)
    sees_paper(account, line)
    assert account.columns("commune") == dirhams(96_000, 96_000, 0)
    with pytest.raises(MoveError):
        sees_paper(account, line)  # nothing is left to confirm
    with pytest.raises(NotAllowedError):
        sees_paper(account, account.lines()["Lyon-Taliouine"].id)
    assert ("user", "contribution.confirmed") in audited(account.engine, "contribution")


def test_a_line_is_changed_by_what_it_is_more_or_less_and_not_below_what_arrived(account: Account) -> None:
    line = writes(account)
    assert writes(account, Money.of(100_000)) == line
    assert account.columns("commune") == dirhams(100_000, 0, 0)
    account.counts(account.declares(Money.of(30_000), line="commune"), Money.of(30_000))
    writes(account, Money.of(30_000))
    assert account.columns("commune") == dirhams(30_000, 30_000, 30_000)
    with pytest.raises(MoveError):
        writes(account, Money.of(29_999))


def test_nobody_writes_a_line_for_a_diaspora_association(account: Account) -> None:
    for amount, source in ((COMMUNE, Source.DIASPORA), (EUROS, Source.COMMUNE), (Money(0), Source.PROVINCE)):
        with pytest.raises(ValueError, match=r"amount|line"):
            writes(account, amount, source)
    with pytest.raises(NotAllowedError):
        writes(account, phone=WITNESS)


def test_what_is_promised_for_nothing_is_given_back(engine: Engine, clock: MovedClock) -> None:
    account = Account(engine, clock)
    account.pledges()
    assert account.missing() == Money.of(206_000)
    account.refuses()
    assert account.columns() == dirhams(0, 0, 0)
    assert account.missing() == Money.of(260_000)
    assert ("officer", "contribution.released") in audited(engine, "need")


def test_a_need_that_is_turned_away_gives_back_what_was_promised(engine: Engine, clock: MovedClock) -> None:
    account = Account(engine, clock)
    account.pledges()
    account.turned_away()
    assert account.columns() == dirhams(0, 0, 0)


def test_a_stopped_project_takes_no_promise_and_no_line(account: Account) -> None:
    with transaction(account.engine) as session:
        values = {"move": ProjectMove.DISPUTE, "party": Party.VILLAGE, "actor": "officer:1", "reason": "..."}
        move_project(session, account.clock(), need_id=account.need, **values)  # type: ignore[arg-type]  # as named
    with pytest.raises(MoveError):
        account.pledges()
    with pytest.raises(MoveError):
        writes(account)


def test_a_coordinator_writes_a_line_too(account: Account) -> None:
    with transaction(account.engine) as session:
        set_line(
            session,
            account.clock(),
            need_id=account.need,
            source=Source.STATE_PROGRAMME,
            amount=COMMUNE,
            label="INDH",
            party=Party.COORDINATOR,
            actor="user:1",
        )
    assert account.columns("INDH") == dirhams(96_000, 0, 0)


def test_the_statement_adds_up_to_the_centime_across_currencies_and_rates(account: Account) -> None:
    account.pledges(Money(333_333, Currency.EUR))
    account.clock.move(days=1)
    with transaction(account.engine) as session:
        values = {"currency": Currency.EUR, "day": account.clock().date(), "source": "Bank Al-Maghrib"}
        set_rate(session, account.clock(), rate=107_777, actor="user:1", **values)  # type: ignore[arg-type]  # as named
    account.pledges(Money(12_345, Currency.EUR))
    account.agrees(SECRETARY)
    account.agrees(LYON)
    arrived = Money(400_001, Currency.EUR)
    account.counts(account.declares(arrived), arrived)
    statement = stated(account)
    arrival = statement.lines[-1]
    # One line, though it went through two accounts: as it was said, at its rate, in dirhams.
    assert (arrival.said, arrival.rate.rate, arrival.dirhams) == (arrived, 107_777, 4_311_091)
    assert [line.dirhams for line in statement.lines if line.posting == "promise"] == [6_000_000, 3_599_996, 133_051]
    in_all = sum((line.columns for line in account.lines().values()), start=dirhams(0, 0, 0))
    assert statement.columns == in_all == arrival.columns
    assert statement.missing == 32_000_000 - in_all.promised


def test_a_promise_keeps_the_rate_it_was_made_at(account: Account) -> None:
    account.pledges()
    account.clock.move(days=1)
    with transaction(account.engine) as session:
        values = {"currency": Currency.EUR, "day": account.clock().date(), "source": "Bank Al-Maghrib"}
        set_rate(session, account.clock(), rate=110_000, actor="user:1", **values)  # type: ignore[arg-type]  # as named
    assert account.columns() == dirhams(54_000, 0, 0)
    account.pledges()
    assert account.columns() == dirhams(109_000, 0, 0)


@pytest.mark.parametrize(
    ("rate", "days", "source"), [(0, 0, "BAM"), (2_000_000, 0, "BAM"), (108_000, 1, "BAM"), (108_000, 0, " ")]
)
def test_a_rate_that_cannot_be_is_not_set(account: Account, rate: int, days: int, source: str) -> None:
    day = account.clock().date().replace(day=23 + days)
    with transaction(account.engine) as session, pytest.raises(ValueError, match=r"rate|source"):
        set_rate(session, account.clock(), currency=Currency.EUR, day=day, rate=rate, source=source, actor="user:1")
