"""What arrives: said by one, counted by a second person; a difference is told, and nothing is overwritten."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine, select

from service.domain.errors import MoveError, NotAllowedError, NotFoundError
from service.domain.ledger import ArrivalState
from service.domain.money import Currency, Money
from service.domain.projects import Party, ProjectMove
from service.domain.roles import ChangeKind
from service.domain.states import ChangeState
from service.models import LedgerEntry, Officer, OfficerChange
from service.models.session import reading, transaction
from service.usecases.arrivals import correct_arrival
from service.usecases.phones import know_phone
from service.usecases.projects import move_project
from tests.conftest import MovedClock
from tests.service.usecases.money import EUROS, Account, dirhams
from tests.service.usecases.record import audited, texts
from tests.service.usecases.story import NEIGHBOUR, WITNESS
from tests.world import LYON, SECRETARY, TREASURER, officer_of, village

SOME = Money.of(50_000)


@pytest.fixture
def account(engine: Engine, clock: MovedClock) -> Account:
    """Lyon and the village agree to a plan in which Lyon gives 5 000 EUR: 54 000 DH."""
    account = Account(engine, clock)
    account.introduced()
    account.pledges()
    account.agrees(SECRETARY)
    account.agrees(LYON)
    return account


def corrects(account: Account, arrival: int, reason: str = "faux reçu") -> None:
    with transaction(account.engine) as session:
        correct_arrival(session, account.clock(), actor="user:1", arrival_id=arrival, reason=reason)


def test_what_one_declares_is_received_when_a_second_counts_the_same(account: Account) -> None:
    arrival = account.declares(EUROS)
    assert account.columns() == dirhams(54_000, 54_000, 0)
    assert [one for one in account.told() if one[1] == "arrival_to_count"] == [
        (TREASURER, "arrival_to_count"),
        (WITNESS, "arrival_to_count"),
    ]
    account.clock.move(days=1)
    account.counts(arrival, EUROS)
    assert account.columns() == dirhams(54_000, 54_000, 54_000)
    assert account.arrival(arrival).state is ArrivalState.CONFIRMED
    heard = {phone for phone, template in account.told() if template == "arrival_confirmed"}
    assert heard == {SECRETARY, TREASURER, LYON}
    (said,) = set(texts(account.engine, "arrival_confirmed"))
    assert "5 000 EUR recus (Lyon-Taliouine)" in said
    # Who said it, who confirmed it, and when.
    assert "par le secrétariat le 23/11/2026, confirmé par la trésorerie le 24/11/2026" in said
    assert "Tout ce qui était promis est arrivé" in said


def test_less_than_was_confirmed_is_told_with_what_is_left(account: Account) -> None:
    account.counts(account.declares(SOME), SOME)
    assert account.columns() == dirhams(54_000, 54_000, 50_000)
    (said,) = set(texts(account.engine, "arrival_confirmed"))
    assert "Reste 4 000 DH." in said
    assert ("officer", "arrival.unlike_promise") in audited(account.engine, "arrival")


def test_more_than_was_confirmed_comes_from_the_giver_and_is_told(account: Account) -> None:
    more = Money.of(60_000)
    account.counts(account.declares(more), more)
    assert account.columns() == dirhams(60_000, 60_000, 60_000)
    (said,) = set(texts(account.engine, "arrival_confirmed"))
    assert "6 000 DH de plus que confirm" in said


def test_another_amount_moves_nothing_and_is_told_to_all_concerned(account: Account) -> None:
    arrival = account.declares(SOME)
    account.counts(arrival, Money.of(48_000))
    assert account.arrival(arrival).state is ArrivalState.DIFFERENT
    assert account.columns() == dirhams(54_000, 54_000, 0)
    told = [one for one in account.told() if one[1].startswith("arrival_different")]
    assert told == [
        (SECRETARY, "arrival_different"),
        (TREASURER, "arrival_different"),
        (LYON, "arrival_different_giver"),
    ]
    (village_text,), (giver_text,) = (
        set(texts(account.engine, template)) for template in ("arrival_different", "arrival_different_giver")
    )
    for said in (village_text, giver_text):
        assert "50 000 DH" in said
        assert "48 000 DH" in said
    assert f"RECU {account.reference}" in village_text  # what to do next
    assert giver_text.count("23/11/2026") == 2
    assert ("officer", "arrival.different") in audited(account.engine, "arrival")
    with pytest.raises(MoveError):
        account.counts(arrival, SOME)
    # They count again together, and declare anew: the one before waits for nobody.
    again = account.declares(Money.of(48_000), TREASURER)
    assert account.arrival(arrival).state is ArrivalState.WITHDRAWN
    account.counts(again, Money.of(48_000), SECRETARY)
    assert account.columns() == dirhams(54_000, 54_000, 48_000)


def test_who_declared_never_counts_whatever_phone_or_role_they_have_since(account: Account) -> None:
    arrival = account.declares(SOME)
    with pytest.raises(NotAllowedError):
        account.counts(arrival, SOME, SECRETARY)
    first, second = "+212600000041", "+212600000042"
    with transaction(account.engine) as session:
        # The secretary's part goes to another SIM, and from there to a third.
        old = officer_of(session)
        for phone in (first, second):
            know_phone(session, account.clock(), phone)
            old.left_at = account.clock()
            session.add(
                OfficerChange(
                    association_id=old.association_id,
                    kind=ChangeKind.HAND_OVER,
                    role=old.role,
                    officer_id=old.id,
                    phone=phone,
                    state=ChangeState.DONE,
                    asked_by=old.id,
                    asked_at=account.clock(),
                )
            )
            session.flush()
            old = Officer(association_id=old.association_id, phone=phone, role=old.role, joined_at=account.clock())
            session.add(old)
            session.flush()
    with pytest.raises(NotAllowedError):
        account.counts(arrival, SOME, second)
    assert account.columns() == dirhams(54_000, 54_000, 0)
    account.counts(arrival, SOME, WITNESS)


def test_nothing_is_counted_twice(account: Account) -> None:
    arrival = account.declares(SOME)
    account.counts(arrival, SOME)
    for phone in (TREASURER, WITNESS):
        with pytest.raises(MoveError):
            account.counts(arrival, SOME, phone)
    assert account.columns() == dirhams(54_000, 54_000, 50_000)


def test_the_same_said_twice_waits_once(account: Account) -> None:
    account.declares(SOME)
    with pytest.raises(MoveError):
        account.declares(SOME, TREASURER)


def test_a_witness_declares_nothing_and_a_neighbour_sees_nothing(account: Account) -> None:
    with pytest.raises(NotAllowedError):
        account.declares(SOME, WITNESS)
    with transaction(account.engine) as session:
        village(session, account.clock(), NEIGHBOUR, name="Tamaloukt")
    with pytest.raises(NotFoundError):
        account.declares(SOME, NEIGHBOUR)
    arrival = account.declares(SOME)
    with pytest.raises(NotFoundError):
        account.counts(arrival, SOME, NEIGHBOUR)


def test_a_project_in_dispute_receives_nothing(account: Account) -> None:
    arrival = account.declares(SOME)
    with transaction(account.engine) as session:
        move_project(
            session,
            account.clock(),
            need_id=account.need,
            move=ProjectMove.DISPUTE,
            party=Party.COORDINATOR,
            actor="user:1",
            reason="...",
        )
    with pytest.raises(MoveError):
        account.counts(arrival, SOME)
    with pytest.raises(MoveError):
        account.declares(Money.of(10))


def test_a_correction_enters_back_what_was_received_and_is_told_with_its_reason(account: Account) -> None:
    more = Money.of(60_000)
    arrival = account.declares(more)
    account.counts(arrival, more)
    with pytest.raises(ValueError, match="reason"):
        corrects(account, arrival, "")
    corrects(account, arrival)
    assert account.columns() == dirhams(54_000, 54_000, 0)
    assert account.arrival(arrival).state is ArrivalState.WITHDRAWN
    with reading(account.engine) as session:
        entries = session.scalars(select(LedgerEntry).filter_by(arrival_id=arrival).order_by(LedgerEntry.id)).all()
    assert [entry.dirhams for entry in entries] == [5_400_000, 600_000, 600_000, 5_400_000]
    assert [entry.takes_back for entry in entries] == [None, None, entries[1].id, entries[0].id]
    heard = {phone for phone, template in account.told() if template == "arrival_corrected"}
    assert heard == {SECRETARY, TREASURER, LYON}
    (said,) = set(texts(account.engine, "arrival_corrected"))
    assert "faux recu" in said
    with pytest.raises(MoveError):
        corrects(account, arrival)


def test_an_arrival_is_worth_what_its_money_was_on_the_day_it_was_declared(account: Account) -> None:
    account.counts(account.declares(Money(12_345, Currency.EUR)), Money(12_345, Currency.EUR))
    assert account.columns().received == 133_326  # 123,45 EUR at 10,80


def test_of_two_who_count_at_once_only_one_counts(account: Account) -> None:
    arrival = account.declares(SOME)
    gate = Barrier(2)

    def counts(phone: str) -> str:
        gate.wait()
        try:
            account.counts(arrival, SOME, phone)
        except MoveError:
            return "moved"
        return "counted"

    with ThreadPoolExecutor(2) as threads:
        outcomes = list(threads.map(counts, (TREASURER, WITNESS)))
    assert sorted(outcomes) == ["counted", "moved"]
    assert account.columns() == dirhams(54_000, 54_000, 50_000)


def test_two_that_are_counted_at_once_are_both_received_out_of_what_is_there(account: Account) -> None:
    arrivals = [account.declares(SOME), account.declares(Money.of(10_000))]
    gate = Barrier(2)

    def counts(arrival: int) -> None:
        gate.wait()
        account.counts(arrival, account.arrival(arrival).amount)

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(counts, arrivals))
    # 54 000 were confirmed; the rest is the giver's.
    assert account.columns() == dirhams(60_000, 60_000, 60_000)
