"""Village associations: registered by a phone, verified or turned away by a coordinator."""

import pytest
from sqlalchemy import Engine, func, select

from service.domain.errors import MoveError, NotFoundError
from service.domain.roles import OfficerRole
from service.domain.states import AssociationState
from service.locales import Language
from service.models import Officer, VillageAssociation
from service.models.session import reading, transaction
from service.usecases.associations import register_association, reject_association, verify_association
from service.usecases.phones import know_phone
from tests.conftest import MovedClock
from tests.service.usecases.record import audited, reasons, texts, told
from tests.world import SECRETARY, STRANGER, TALIOUINE, TREASURER, settle


@pytest.fixture
def registered(engine: Engine, clock: MovedClock) -> int:
    """An association that waits for a coordinator; its id."""
    settle(engine)
    return register(engine, clock)


def register(engine: Engine, clock: MovedClock, phone: str = SECRETARY) -> int:
    with transaction(engine) as session:
        know_phone(session, clock(), phone, Language.FR)
        association = register_association(
            session,
            clock(),
            phone=phone,
            role=OfficerRole.SECRETARY,
            commune_code=TALIOUINE,
            douar="Ifri",
            name="Tamunt",
        )
        return association.id


def join(engine: Engine, clock: MovedClock, association: int, phone: str, role: OfficerRole) -> Officer:
    with transaction(engine) as session:
        know_phone(session, clock(), phone, Language.FR)
        officer = Officer(association_id=association, phone=phone, role=role, joined_at=clock())
        session.add(officer)
        return officer


def state_of(engine: Engine, association: int) -> AssociationState:
    with reading(engine) as session:
        return session.get_one(VillageAssociation, association).state


def test_a_phone_registers_its_association_and_is_told(engine: Engine, clock: MovedClock, registered: int) -> None:
    with reading(engine) as session:
        association = session.get_one(VillageAssociation, registered)
        (officer,) = association.active_officers
        assert (association.name, association.douar, association.commune.name_fr) == ("Tamunt", "Ifri", "Taliouine")
        assert (association.state, association.decided_at) == (AssociationState.PENDING, None)
        assert (officer.phone, officer.role, officer.joined_at) == (SECRETARY, OfficerRole.SECRETARY, clock())
        assert association.registered_at == clock()
    assert told(engine) == [(SECRETARY, "association_saved")]
    assert audited(engine, "association") == [("officer", "association.registered")]


def test_a_phone_speaks_for_one_association_at_a_time(engine: Engine, clock: MovedClock, registered: int) -> None:
    with pytest.raises(MoveError):
        register(engine, clock)
    with reading(engine) as session:
        assert session.scalars(select(VillageAssociation.id)).all() == [registered]
    assert told(engine) == [(SECRETARY, "association_saved")]


def test_who_left_an_association_may_register_another(engine: Engine, clock: MovedClock, registered: int) -> None:
    with transaction(engine) as session:
        session.get_one(VillageAssociation, registered).officers[0].left_at = clock()
    assert register(engine, clock) != registered


def test_a_coordinator_verifies_and_every_officer_is_told(engine: Engine, clock: MovedClock, registered: int) -> None:
    join(engine, clock, registered, TREASURER, OfficerRole.TREASURER)
    clock.move(days=1)
    with transaction(engine) as session:
        association = verify_association(session, clock(), actor="user:3", association_id=registered, code="*1#")
        assert association.decided_at == clock()
    assert state_of(engine, registered) is AssociationState.VERIFIED
    assert told(engine)[1:] == [(SECRETARY, "association_verified"), (TREASURER, "association_verified")]
    assert "composez *1# ou" in texts(engine, "association_verified")[0]
    assert audited(engine, "association")[1:] == [("user", "association.verified")]


def test_a_coordinator_turns_away_with_a_reason_that_officers_read(
    engine: Engine, clock: MovedClock, registered: int
) -> None:
    with transaction(engine) as session:
        reject_association(session, clock(), actor="user:3", association_id=registered, reason="nom du douar ?")
    assert state_of(engine, registered) is AssociationState.REJECTED
    assert told(engine)[1:] == [(SECRETARY, "association_rejected")]
    assert "nom du douar ?" in texts(engine, "association_rejected")[0]
    assert reasons(engine) == ["nom du douar ?"]
    with reading(engine) as session:
        assert session.get_one(VillageAssociation, registered).state_reason == "nom du douar ?"


def test_who_left_hears_nothing(engine: Engine, clock: MovedClock, registered: int) -> None:
    gone = join(engine, clock, registered, STRANGER, OfficerRole.PRESIDENT)
    with transaction(engine) as session:
        session.get_one(Officer, gone.id).left_at = clock()
    with transaction(engine) as session:
        verify_association(session, clock(), actor="user:3", association_id=registered, code="*1#")
    assert STRANGER not in dict(told(engine))


def test_a_decision_can_be_taken_back_and_is_told_each_time(engine: Engine, clock: MovedClock, registered: int) -> None:
    for decide in ("verify", "reject", "verify"):
        clock.move(minutes=1)
        with transaction(engine) as session:
            if decide == "verify":
                verify_association(session, clock(), actor="user:3", association_id=registered, code="*1#")
            else:
                reject_association(session, clock(), actor="user:3", association_id=registered, reason="doublon")
    assert [template for _, template in told(engine)[1:]] == [
        "association_verified",
        "association_rejected",
        "association_verified",
    ]
    with reading(engine) as session:
        assert session.get_one(VillageAssociation, registered).state_reason == ""


def test_the_same_decision_twice_is_refused_and_told_once(engine: Engine, clock: MovedClock, registered: int) -> None:
    with transaction(engine) as session:
        verify_association(session, clock(), actor="user:3", association_id=registered, code="*1#")
    clock.move(minutes=1)
    with pytest.raises(MoveError), transaction(engine) as session:
        verify_association(session, clock(), actor="user:4", association_id=registered, code="*1#")
    assert len(told(engine)) == 2
    assert len(audited(engine, "association")) == 2


def test_an_association_that_does_not_exist_is_not_decided(engine: Engine, clock: MovedClock, registered: int) -> None:
    with pytest.raises(NotFoundError), transaction(engine) as session:
        verify_association(session, clock(), actor="user:3", association_id=registered + 1, code="*1#")
    with pytest.raises(NotFoundError), transaction(engine) as session:
        reject_association(session, clock(), actor="user:3", association_id=registered + 1, reason="-")
    with reading(engine) as session:
        assert session.scalar(select(func.count()).select_from(VillageAssociation)) == 1
