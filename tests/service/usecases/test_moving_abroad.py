"""Associations of emigrants merge and split: nothing of what they shared is lost, and who left it can do nothing."""

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotFoundError
from service.domain.money import Currency, Money
from service.domain.projects import Grievance, ProjectState, Withdrawal
from service.domain.states import ProposalState
from service.domain.testimonies import Publication
from service.models import (
    Contact,
    DiasporaAssociation,
    LedgerEntry,
    PlanAgreement,
    Pledge,
    Proposal,
    testimonies,
)
from service.models.diaspora import active_contact
from service.models.proposals import partners_of
from service.models.session import reading, transaction
from service.usecases.disputes import dispute
from service.usecases.moving_abroad import merge_diaspora, split_diaspora
from service.usecases.phones import know_phone
from service.usecases.testimonies import note_testimony
from service.usecases.withdrawals import withdraw_partner
from tests.conftest import MovedClock
from tests.service.usecases.money import Account
from tests.world import LYON, SECRETARY, TREASURER, UTRECHT

COORDINATOR, ALI = "user:1", "+33639980099"
KEPT = (Pledge, LedgerEntry, Proposal, testimonies.Testimony)


@pytest.fixture
def account(engine: Engine, clock: MovedClock) -> Account:
    """Lyon is a partner of the village, has promised 5,000 EUR, part of which arrived, and has spoken of it."""
    account = Account(engine, clock)
    account.introduced()
    account.pledges()
    with transaction(account.engine) as session:
        note_testimony(
            session, account.clock(), author=contact(session, LYON), reference=account.reference,
            words="Nous sommes fiers de ce puits.", publication=Publication.NAMED, channel="sms",
        )  # fmt: skip
    account.before += len(account.told())
    return account


def contact(session: Session, phone: str) -> Contact:
    found = active_contact(session, phone)
    assert found
    return found


def numbers(account: Account) -> tuple[int, int]:
    """Return the numbers of Lyon's association and of Utrecht's."""
    with reading(account.engine) as session:
        return contact(session, LYON).association_id, contact(session, UTRECHT).association_id


def merges(account: Account) -> int:
    lyon, utrecht = numbers(account)
    with transaction(account.engine) as session:
        merge_diaspora(session, account.clock(), actor=COORDINATOR, number=lyon, into=utrecht)
    return utrecht


def counts(account: Account) -> list[int]:
    with reading(account.engine) as session:
        return [session.scalar(select(func.count()).select_from(entity)) or 0 for entity in KEPT]


def partners(account: Account) -> list[str]:
    with reading(account.engine) as session:
        return [proposal.diaspora.name for proposal in partners_of(session, account.need)]


def test_an_association_goes_on_in_another_with_all_that_it_shared(account: Account) -> None:
    before, promised = counts(account), account.columns()
    utrecht = merges(account)
    assert counts(account) == before
    assert partners(account) == ["Utrecht-Souss"]
    assert account.columns("Utrecht-Souss") == promised
    with reading(account.engine) as session:
        assert contact(session, LYON).association_id == utrecht
        assert session.scalars(select(Pledge.diaspora_id)).all() == [utrecht]
        gone = session.scalars(select(DiasporaAssociation).where(DiasporaAssociation.name == "Lyon-Taliouine")).one()
        assert gone.left_at
        assert gone.state_reason == "-> Utrecht-Souss"
        kept = session.get_one(DiasporaAssociation, utrecht)
        assert kept.yearly_capacity == 2 * 200_000_00
        assert len(kept.origins) == len({origin.place_code for origin in kept.origins})
    told = account.told()
    assert (LYON, "contact_welcome") in told
    assert {(SECRETARY, "contact_changed"), (TREASURER, "contact_changed")} <= set(told)
    # Whoever was there before carries the project on as well.
    with transaction(account.engine) as session:
        dispute(
            session, account.clock(), who=contact(session, UTRECHT), reference=account.reference,
            reason=Grievance.MONEY,
        )  # fmt: skip


def test_of_two_partners_of_one_project_one_is_left_with_both_promises_and_all_agree_anew(account: Account) -> None:
    account.says_yes(UTRECHT)
    account.accepts(proposal=account.utrecht)
    account.pledges(Money.of(1_000, Currency.EUR), UTRECHT)
    for who in (SECRETARY, LYON, UTRECHT):
        account.agrees(who)
    thousand = Money.of(1_000, Currency.EUR)
    account.counts(account.declares(thousand), thousand)
    waits = account.declares(thousand)
    before, both = counts(account), account.columns() + account.columns("Utrecht-Souss")
    assert account.project().state is ProjectState.PLANNED
    merges(account)
    assert counts(account) == before
    assert partners(account) == ["Utrecht-Souss"]
    assert "Lyon-Taliouine" not in account.lines()
    assert account.columns("Utrecht-Souss") == both
    assert account.project().state is ProjectState.INTRODUCED
    account.agrees(SECRETARY)
    assert account.agrees(LYON)  # who answers for Utrecht now
    assert account.project().state is ProjectState.PLANNED
    # What was declared before is counted after.
    account.counts(waits, thousand)
    assert account.columns("Utrecht-Souss").received == 2 * both.received
    # What was promised as two is given back as one.
    with transaction(account.engine) as session:
        withdraw_partner(
            session, account.clock(), contact=contact(session, UTRECHT), reference=account.reference,
            reason=Withdrawal.MEANS,
        )  # fmt: skip
    assert account.columns("Utrecht-Souss").outstanding == 0


@pytest.mark.parametrize("answer", ["no", "nothing", "yes"])
def test_the_farther_of_two_answers_counts_for_both(account: Account, answer: str) -> None:
    if answer == "no":
        account.says_no(UTRECHT, "trop cher")
    elif answer == "yes":
        account.says_yes(UTRECHT)
    merges(account)
    assert account.state(account.utrecht) is ProposalState.INTRODUCED
    assert account.state(account.lyon) is ProposalState.WITHDRAWN
    assert partners(account) == ["Utrecht-Souss"]


def test_what_both_agreed_to_goes_on_being_agreed_to(account: Account) -> None:
    account.agrees(SECRETARY)
    account.agrees(LYON)
    utrecht = merges(account)
    assert account.project().state is ProjectState.PLANNED
    with reading(account.engine) as session:
        assert set(session.scalars(select(PlanAgreement.diaspora_id))) == {0, utrecht}


def test_an_association_splits_and_who_stays_has_no_voice_in_what_goes(account: Account) -> None:
    lyon, _ = numbers(account)
    with transaction(account.engine) as session:
        know_phone(session, account.clock(), ALI)
        ali = Contact(association_id=lyon, phone=ALI, name="Ali", joined_at=account.clock())
        session.add(ali)
        session.flush()
        ali_id = ali.id
    before, promised = counts(account), account.columns()
    with transaction(account.engine) as session:
        split_diaspora(
            session, account.clock(), actor=COORDINATOR, number=lyon, name="Lyon-Ifri", contacts=[ali_id],
            needs=[account.need],
        )  # fmt: skip
    assert counts(account) == before
    assert partners(account) == ["Lyon-Ifri"]
    assert account.columns("Lyon-Ifri") == promised
    assert [who for who, what in account.told() if what == "contact_welcome"] == [ALI]
    with transaction(account.engine) as session, pytest.raises(NotFoundError):
        dispute(
            session, account.clock(), who=contact(session, LYON), reference=account.reference, reason=Grievance.MONEY
        )
    with transaction(account.engine) as session:
        dispute(
            session, account.clock(), who=contact(session, ALI), reference=account.reference, reason=Grievance.MONEY
        )
    assert account.project().state is ProjectState.DISPUTED


def test_somebody_stays_behind_and_nothing_is_merged_into_itself(account: Account) -> None:
    lyon, utrecht = numbers(account)
    with reading(account.engine) as session:
        only = contact(session, LYON).id
    cases: list[tuple[list[int], list[int], str, type[Exception]]] = [
        ([only], [], "Lyon-Ifri", MoveError),
        ([], [], "Lyon-Ifri", MoveError),
        ([only], [], "Utrecht-Souss", MoveError),
        ([10_000], [], "Lyon-Ifri", NotFoundError),
        ([only], [10_000], "Lyon-Ifri", NotFoundError),
    ]
    for contacts, needs, name, error in cases:
        with transaction(account.engine) as session, pytest.raises(error):
            split_diaspora(
                session, account.clock(), actor=COORDINATOR, number=lyon, name=name, contacts=contacts, needs=needs
            )
    for number, into, refused in ((lyon, lyon, MoveError), (lyon, 10_000, NotFoundError)):
        with transaction(account.engine) as session, pytest.raises(refused):
            merge_diaspora(session, account.clock(), actor=COORDINATOR, number=number, into=into)
    merges(account)
    with transaction(account.engine) as session, pytest.raises(NotFoundError):
        merge_diaspora(session, account.clock(), actor=COORDINATOR, number=utrecht, into=lyon)
