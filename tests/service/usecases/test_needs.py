"""Needs: declared by an officer, opened or turned away by a coordinator."""

import pytest
from sqlalchemy import Engine, select

from service.domain import reference
from service.domain.errors import MoveError, NotAllowedError, NotFoundError
from service.domain.money import Money
from service.domain.reference import parse_reference
from service.domain.roles import OfficerRole
from service.domain.sectors import Sector, Urgency
from service.domain.states import NeedState
from service.locales import Language
from service.models import Need, Officer
from service.models.contributions import missing_of
from service.models.session import reading, transaction
from service.usecases import needs as subject
from service.usecases.associations import reject_association
from service.usecases.needs import reject_need, verify_need
from service.usecases.phones import know_phone
from tests.conftest import MovedClock
from tests.service.usecases.record import audited, reasons, texts, told
from tests.world import SECRETARY, TREASURER, need_of, officer_of, settle, village


@pytest.fixture
def association(engine: Engine, clock: MovedClock) -> int:
    """A verified association with a secretary and a treasurer; its id."""
    settle(engine)
    with transaction(engine) as session:
        verified = village(session, clock())
        know_phone(session, clock(), TREASURER, Language.SHI)
        verified.officers.append(Officer(phone=TREASURER, role=OfficerRole.TREASURER, joined_at=clock()))
        return verified.id


@pytest.fixture
def declared(engine: Engine, clock: MovedClock, association: int) -> int:
    """A need that waits for a coordinator; its id."""
    assert association
    with transaction(engine) as session:
        return need_of(session, clock(), TREASURER, verified=False).id


def test_an_officer_declares_a_need_and_gets_its_reference(engine: Engine, clock: MovedClock, declared: int) -> None:
    with reading(engine) as session:
        need = session.get_one(Need, declared)
        assert (need.cost, need.village_share) == (32_000_000, 6_000_000)  # centimes
        assert missing_of(session, need) == Money.of(260_000)
        assert (need.sector, need.households, need.title) == (Sector.WATER, 84, "Puits du bas")
        assert (need.title_language, need.reported_at) == (Language.SHI, clock())
        assert (need.state, need.urgency, need.verified_at) == (NeedState.REPORTED, Urgency.NORMAL, None)
        assert parse_reference(need.reference) == need.reference
        given = need.reference
    assert told(engine)[-1] == (TREASURER, "need_saved")
    assert given in texts(engine, "need_saved")[0]
    assert audited(engine, "need") == [("officer", "need.reported")]


def test_a_witness_declares_nothing(engine: Engine, clock: MovedClock, association: int) -> None:
    with transaction(engine) as session:
        officer_of(session).role = OfficerRole.WITNESS
    before = told(engine)
    with pytest.raises(NotAllowedError), transaction(engine) as session:
        need_of(session, clock(), verified=False)
    with reading(engine) as session:
        assert session.scalars(select(Need)).all() == []
    assert told(engine) == before
    assert association


@pytest.mark.usefixtures("association")
def test_references_are_unique_even_when_the_dice_repeat(
    engine: Engine, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    thrown = {
        False: iter([f"22-22{reference.check_character('2222')}"] * 3),
        True: iter(
            [f"222-22{reference.check_character('22222')}"] * 2 + [f"333-33{reference.check_character('33333')}"]
        ),
    }
    monkeypatch.setattr(subject, "new_reference", lambda *, longer: next(thrown[longer]))
    with transaction(engine) as session:
        references = [need_of(session, clock(), verified=False).reference for _ in range(3)]
    assert [one[:-1] for one in references] == ["22-22", "222-22", "333-33"]


def test_a_verified_need_is_open_and_the_village_knows(engine: Engine, clock: MovedClock, declared: int) -> None:
    clock.move(days=1)
    before = len(told(engine))
    with transaction(engine) as session:
        need = verify_need(session, clock(), actor="user:3", need_id=declared, urgency=Urgency.HIGH)
        assert (need.state, need.urgency, need.verified_at) == (NeedState.VERIFIED, Urgency.HIGH, clock())
    assert told(engine)[before:] == [(SECRETARY, "need_verified"), (TREASURER, "need_verified")]
    assert audited(engine, "need")[1:] == [("user", "need.verified")]


def test_a_need_waits_for_its_association(engine: Engine, clock: MovedClock, association: int, declared: int) -> None:
    with transaction(engine) as session:
        reject_association(session, clock(), actor="user:3", association_id=association, reason="doublon")
    with pytest.raises(NotAllowedError), transaction(engine) as session:
        verify_need(session, clock(), actor="user:3", need_id=declared, urgency=Urgency.HIGH)
    with reading(engine) as session:
        need = session.get_one(Need, declared)
        assert (need.state, need.urgency, need.verified_at) == (NeedState.REPORTED, Urgency.NORMAL, None)


def test_a_need_turned_away_says_why(engine: Engine, clock: MovedClock, declared: int) -> None:
    with transaction(engine) as session:
        reject_need(session, clock(), actor="user:3", need_id=declared, reason="montant ?")
    with reading(engine) as session:
        need = session.get_one(Need, declared)
        assert (need.state, need.state_reason) == (NeedState.REJECTED, "montant ?")
    assert told(engine)[-2:] == [(SECRETARY, "need_rejected"), (TREASURER, "need_rejected")]
    assert all("montant ?" in text for text in texts(engine, "need_rejected"))
    assert audited(engine, "need")[1:] == [("user", "need.rejected")]
    assert reasons(engine) == ["montant ?"]


def test_a_need_turned_away_may_still_be_verified(engine: Engine, clock: MovedClock, declared: int) -> None:
    with transaction(engine) as session:
        reject_need(session, clock(), actor="user:3", need_id=declared, reason="montant ?")
    clock.move(hours=1)
    with transaction(engine) as session:
        need = verify_need(session, clock(), actor="user:3", need_id=declared, urgency=Urgency.LOW)
        assert (need.state, need.state_reason) == (NeedState.VERIFIED, "")


def test_a_need_is_decided_once(engine: Engine, clock: MovedClock, declared: int) -> None:
    with transaction(engine) as session:
        verify_need(session, clock(), actor="user:3", need_id=declared, urgency=Urgency.LOW)
    before = told(engine)
    clock.move(minutes=1)
    with pytest.raises(MoveError), transaction(engine) as session:
        verify_need(session, clock(), actor="user:4", need_id=declared, urgency=Urgency.CRITICAL)
    with reading(engine) as session:
        need = session.get_one(Need, declared)
        assert need.urgency is Urgency.LOW
        assert need.verified_at is not None
        assert need.verified_at < clock()
    assert told(engine) == before


def test_a_need_that_brought_two_sides_together_stays(engine: Engine, clock: MovedClock, declared: int) -> None:
    with transaction(engine) as session:
        session.get_one(Need, declared).state = NeedState.INTRODUCED
    with pytest.raises(MoveError), transaction(engine) as session:
        reject_need(session, clock(), actor="user:3", need_id=declared, reason="-")


def test_a_need_that_does_not_exist_is_not_decided(engine: Engine, clock: MovedClock, declared: int) -> None:
    with pytest.raises(NotFoundError), transaction(engine) as session:
        verify_need(session, clock(), actor="user:3", need_id=declared + 1, urgency=Urgency.LOW)
    with pytest.raises(NotFoundError), transaction(engine) as session:
        reject_need(session, clock(), actor="user:3", need_id=declared + 1, reason="-")
