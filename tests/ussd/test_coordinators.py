"""A coordinator by phone: what waits, who it is, and a decision that only they can make, once."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from service.container import Container
from service.domain.roles import OfficerRole, UserRole
from service.domain.sectors import Urgency
from service.domain.states import AssociationState, NeedState
from service.locales import Language
from service.models import AuditEntry, Callback, Need, Phone, User, VillageAssociation
from service.models.session import reading, transaction
from service.security import hash_pin
from service.usecases.associations import register_association, verify_association
from service.usecases.callbacks import ask_callback
from service.usecases.leaving import forget
from service.usecases.phones import know_phone
from service.usecases.pins import set_pin
from tests.conftest import MovedClock
from tests.service.usecases.record import texts
from tests.ussd.conftest import Handset
from tests.world import SECRETARY, STRANGER, TALIOUINE, need_of, village

NewHandset = Callable[[str], Handset]
COORDINATOR = "+212600000050"
PIN = "2580"


def works_by_phone(container: Container, clock: MovedClock, role: UserRole = UserRole.COORDINATOR) -> int:
    with transaction(container.engine) as session:
        user = User(
            name="Zahra", role=role, password_hash="", password_once=False, phone=COORDINATOR, created_at=clock()
        )
        session.add(user)
        session.flush()
        set_pin(session, clock(), COORDINATOR, hash_pin(container.settings.secret_key, COORDINATOR, PIN))
        return user.id


def registered(container: Container, clock: MovedClock, language: Language = Language.FR) -> int:
    with transaction(container.engine) as session:
        know_phone(session, clock(), SECRETARY, language)
        return register_association(
            session,
            clock(),
            phone=SECRETARY,
            role=OfficerRole.SECRETARY,
            commune_code=TALIOUINE,
            douar="Ifri",
            name="Ait Abdallah",
        ).id


def association(container: Container) -> VillageAssociation:
    with reading(container.engine) as session:
        return session.scalars(select(VillageAssociation)).one()


def need(container: Container) -> Need:
    with reading(container.engine) as session:
        return session.scalars(select(Need)).one()


@pytest.fixture
def coordinator(container: Container, handset: NewHandset, clock: MovedClock) -> Handset:
    phone = handset(COORDINATOR)
    works_by_phone(container, clock)
    return phone


def test_an_association_is_verified_in_three_keys_and_a_pin(
    container: Container, clock: MovedClock, coordinator: Handset
) -> None:
    registered(container, clock)
    coordinator.dial()
    assert coordinator.types("2").startswith("Quelle association ?\n1 Ait Abdallah")
    assert coordinator.types("1").startswith(
        "Ait Abdallah\nDouar Ifri, Taliouine\nInscrite le 23/11/2026\n1 Vérifier\n2 Ne pas retenir\n3 Qui appeler"
    )
    assert "Secrétaire +212600000001" in coordinator.types("3")
    coordinator.types("0", "1")
    assert association(container).state is AssociationState.PENDING
    assert coordinator.types(PIN).startswith("Ait Abdallah est vérifiée")
    assert association(container).state is AssociationState.VERIFIED
    assert len(texts(container.engine, "association_verified")) == 1
    with reading(container.engine) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "association.verified")).one()
        assert entry.actor == f"user:{session.scalars(select(User.id)).one()}"


@pytest.mark.parametrize(
    ("language", "reason"), [(Language.FR, "récépissé manquant"), (Language.SHI, "txssa lwrqt n ljm3iya")]
)
def test_a_reason_is_told_in_the_language_of_the_village(
    container: Container, clock: MovedClock, coordinator: Handset, language: Language, reason: str
) -> None:
    registered(container, clock, language)
    coordinator.dial()
    coordinator.types("2", "1")
    assert "1 récépissé manquant" in coordinator.types("2")
    coordinator.types("1", PIN)
    found = association(container)
    assert (found.state, found.state_reason) == (AssociationState.REJECTED, reason)
    assert reason in texts(container.engine, "association_rejected")[0]


def test_a_need_is_verified_with_its_urgency(container: Container, clock: MovedClock, coordinator: Handset) -> None:
    with transaction(container.engine) as session:
        village(session, clock())
        need_of(session, clock(), verified=False)
    coordinator.dial()
    assert "Eau potable" in coordinator.types("1")
    assert 'Eau potable, 84 foyers\n320 000 DH, village 60 000 DH\n"Puits du bas"' in coordinator.types("1")
    assert "Secrétaire +212600000001" in coordinator.types("3")
    coordinator.types("0", "1", "2")
    assert "le village l'apprend" in coordinator.types(PIN).lower()
    assert (need(container).state, need(container).urgency) == (NeedState.VERIFIED, Urgency.HIGH)


def test_a_need_of_an_unverified_association_can_only_be_turned_away(
    container: Container, clock: MovedClock, coordinator: Handset
) -> None:
    registered(container, clock)
    with transaction(container.engine) as session:
        need_of(session, clock(), verified=False)
    coordinator.dial()
    screen = coordinator.types("1", "1")
    assert screen.startswith("Association pas encore vérifiée")
    assert "Vérifier" not in screen + coordinator.types("98")
    assert "1 pas assez précis" in coordinator.types("1")
    coordinator.types("1", PIN)
    assert (need(container).state, need(container).state_reason) == (NeedState.REJECTED, "pas assez précis")


def test_what_was_decided_on_the_web_meanwhile_stays(
    container: Container, clock: MovedClock, coordinator: Handset
) -> None:
    number = registered(container, clock)
    coordinator.dial()
    coordinator.types("2", "1", "2", "1")
    with transaction(container.engine) as session:
        verify_association(session, clock(), actor="user:9", association_id=number, code="*1#")
    assert "Cela a changé" in coordinator.types(PIN)
    assert association(container).state is AssociationState.VERIFIED


def test_a_wrong_pin_decides_nothing(container: Container, clock: MovedClock, coordinator: Handset) -> None:
    registered(container, clock)
    coordinator.dial()
    assert "code" in coordinator.types("2", "1", "1", "1111")
    assert association(container).state is AssociationState.PENDING


def test_empty_lists_say_so(coordinator: Handset) -> None:
    for key, said in (("1", "Aucun besoin"), ("2", "Aucune association"), ("3", "Personne n'attend")):
        coordinator.dial()
        assert said in coordinator.types(key)


def test_a_viewer_sees_a_masked_number_and_decides_nothing(
    container: Container, clock: MovedClock, handset: NewHandset
) -> None:
    phone = handset(COORDINATOR)
    works_by_phone(container, clock, UserRole.VIEWER)
    registered(container, clock)
    with transaction(container.engine) as session:
        need_of(session, clock(), verified=False)
        ask_callback(session, clock(), phone=STRANGER, channel="ussd")
    for line in ("1", "2", "3"):
        phone.dial()
        phone.types(line, "1", "1", "2", "98", "1")
        seen = "".join(one.text for one in phone.seen)
        for hidden in ("Vérifier", "Ne pas retenir", "C'est fait", SECRETARY[-8:], STRANGER[-8:]):
            assert hidden not in seen
        assert "+212" in seen
    assert association(container).state is AssociationState.PENDING
    assert need(container).state is NeedState.REPORTED


def test_who_is_no_coordinator_any_more_decides_nothing(
    container: Container, clock: MovedClock, coordinator: Handset
) -> None:
    registered(container, clock)
    coordinator.dial()
    coordinator.types("2", "1", "1")
    with transaction(container.engine) as session:
        session.scalars(select(User)).one().role = UserRole.VIEWER
    assert "Cela a changé" in coordinator.types(PIN)
    assert association(container).state is AssociationState.PENDING


def test_someone_is_called_and_then_nobody_waits(container: Container, clock: MovedClock, coordinator: Handset) -> None:
    registered(container, clock, Language.SHI)
    with transaction(container.engine) as session:
        ask_callback(session, clock(), phone=SECRETARY, channel="sms")
    clock.move(hours=1)
    with transaction(container.engine) as session:
        ask_callback(session, clock(), phone=STRANGER, channel="ussd")
    coordinator.dial()
    # The longest first; a phone that nobody knows by its number.
    assert "1 Ait Abdallah\n2 +212600000009" in coordinator.types("3")
    assert coordinator.types("1").startswith(
        "Ait Abdallah, Secrétaire\n+212600000001\nLangue : tachelhit\nDepuis le 23/11/2026\n1 C'est fait"
    )
    assert "noté" in coordinator.types("1")
    coordinator.dial()
    assert "Pas encore inscrit" in coordinator.types("3", "1")
    with transaction(container.engine) as session:
        forget(session, clock(), phone=STRANGER)
    assert "Cela a changé" in coordinator.types("1")
    with reading(container.engine) as session:
        assert session.scalars(select(Callback.done_by)).all() == [f"user:{session.scalars(select(User.id)).one()}"]
        assert session.get(Phone, STRANGER) is None
