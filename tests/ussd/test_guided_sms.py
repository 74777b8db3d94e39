"""Whoever has only SMS reaches every dialogue, by its word and by the numbers of the menu."""

from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.container import Container
from service.domain.money import Money
from service.domain.roles import ChangeKind, OfficerRole, UserRole
from service.domain.states import AssociationState
from service.models import Contribution, JournalRow, Need, Phone, User, VillageAssociation
from service.models.session import reading, transaction
from service.usecases.arrivals import declare_arrival
from service.usecases.officers import ask_change
from service.usecases.phones import know_phone
from tests.conftest import MovedClock
from tests.ussd.conftest import Handset
from tests.ussd.projects import WITNESS, half_done, lyon_asked, lyon_interested, project_of, staffed_village
from tests.ussd.residents import VILLAGER, settled
from tests.ussd.texting import NewHandset, code_in, other
from tests.world import LYON, SECRETARY, STRANGER, TREASURER, need_of, officer_of, village
from ussd.dialogues.home import OFFERED
from ussd.engine.journal import DRAFTED, ENTERED

COORDINATOR, NEIGHBOUR, IDLE = "+212600000050", "+212600000051", "+212600000061"
# What SMS does by other means: START, and a PIN, which it never asks.
NOT_BY_SMS = {OFFERED["sms"].name, OFFERED["pin"].name}
TO_STRANGERS_MENU = ("MENU", "3", "1")


def busy(session: Session, now: datetime) -> None:
    """Let something wait for everybody."""
    staffed_village(session, now)
    reference = project_of(session, now)
    half_done(session, now, reference)
    line = session.scalars(select(Contribution).order_by(Contribution.id)).first()
    assert line
    declare_arrival(
        session, now, officer=officer_of(session, TREASURER), reference=reference, contribution_id=line.id,
        amount=Money.of(20_000), code="*384*84#",
    )  # fmt: skip
    lyon_asked(session, now, need_of(session, now))
    need = need_of(session, now)
    lyon_asked(session, now, need)
    lyon_interested(session, now, need)
    session.flush()
    session.get_one(Phone, WITNESS).vouch_asked_at = now
    ask_change(
        session, now, officer=officer_of(session), kind=ChangeKind.ADD, role=OfficerRole.WITNESS,
        phone=STRANGER, dial="*384*84#", pepper="pepper",
    )  # fmt: skip
    for phone in (VILLAGER, IDLE):
        know_phone(session, now, phone)
    settled(session, now, officer_of(session).association_id, VILLAGER, IDLE)
    village(session, now, NEIGHBOUR, name="Tamaloukt").state = AssociationState.PENDING
    need_of(session, now, NEIGHBOUR, verified=False)
    user = User(name="Zahra", role=UserRole.COORDINATOR, password_hash="", password_once=False, created_at=now)
    user.phone = COORDINATOR
    session.add(user)


@pytest.fixture
def anybody(container: Container, handset: NewHandset, clock: MovedClock) -> Handset:
    phone = handset(SECRETARY)
    with transaction(container.engine) as session:
        busy(session, clock())
    return phone


def inside(container: Container, number: str) -> str:
    """Return the dialogue that a phone is in."""
    with reading(container.engine) as session:
        row = session.get(JournalRow, number)
        entered = [key for key, _ in row.state["entries"] if key[0] in {DRAFTED, ENTERED}] if row else []
    return str(entered[-1][1:]) if entered else ""


def lines(screen: str) -> list[str]:
    """Return the numbers of the lines of a menu."""
    return [line.split(" ")[0] for line in screen.split("\n") if line[0].isdigit() and not line.startswith("0")]


def test_every_dialogue_is_reached_by_the_numbers_of_the_menu(
    container: Container, anybody: Handset, clock: MovedClock
) -> None:
    reached = set()

    def opens(phone: Handset, *typed: str) -> str:
        for text in typed:
            clock.move(minutes=3)
            (shown,) = phone.sends(text)
        reached.add(inside(container, phone.number))
        return shown

    for number in (SECRETARY, TREASURER, WITNESS, LYON, COORDINATOR, VILLAGER, STRANGER):
        phone, way = other(anybody, number), TO_STRANGERS_MENU if number == STRANGER else ("MENU",)
        opens(phone, *way, "0", "1")  # help, and a call
        for line in lines(opens(phone, *way)):
            shown = opens(phone, *way, line)
            if "Autre" in shown or inside(container, number) == "home":
                for further in lines(shown):
                    opens(phone, *way, line, further)
    assert {dialogue.name for dialogue in OFFERED.values()} - NOT_BY_SMS <= reached


@pytest.mark.parametrize(
    ("who", "word", "name"),
    [
        (SECRETARY, "BESOIN", "need.report"),
        (SECRETARY, "LISTE", "need.mine"),
        (SECRETARY, "AVANCEMENT", "progress.report"),
        (TREASURER, "CONFIRMER", "progress.confirm"),
        (WITNESS, "CONFIRMER", "progress.confirm"),
        (SECRETARY, "TEMOIGNAGE", "testimony"),
        (SECRETARY, "BUREAU", "officers"),
        (SECRETARY, "LANGUE", "language.change"),
        (SECRETARY, "RAPPEL", "callback"),
        (SECRETARY, "QUITTER", "leave"),
        (SECRETARY, "OUI", "interest.answer"),
        (LYON, "LISTE", "diaspora.proposals"),
        (LYON, "DON", "pledge"),
        (LYON, "PROFIL", "diaspora.profile"),
        (LYON, "PAUSE", "diaspora.pause"),
        (LYON, "TEMOIGNAGE", "testimony"),
        (COORDINATOR, "MENU", "home"),
        (COORDINATOR, "LANGUE", "language.change"),
    ],
)
def test_a_word_leads_straight_to_its_dialogue(
    container: Container, anybody: Handset, who: str, word: str, name: str
) -> None:
    assert len(other(anybody, who).sends(word)) == 1
    assert inside(container, who).startswith(name)


def test_a_pin_is_never_asked_by_sms(anybody: Handset) -> None:
    for text in ("PIN", "CODE 1234", "code secret"):
        assert "ne s'écrit jamais par SMS" in anybody.sends(text)[0]


def test_a_coordinator_verifies_by_sms_with_the_code_sent_back(container: Container, anybody: Handset) -> None:
    coordinator = other(anybody, COORDINATOR)
    for text in ("MENU", "2", "1"):
        coordinator.sends(text)
    code = code_in(coordinator.sends("1")[0])
    assert waiting(container) == ["Tamaloukt"]
    assert "Ce n'est pas ce code" in coordinator.sends("000000" if code != "000000" else "111111")[0]
    assert waiting(container) == ["Tamaloukt"]
    assert "est vérifiée" in coordinator.sends(code)[0]
    assert waiting(container) == []


def test_a_coordinator_may_ask_about_every_need_and_a_village_only_about_its_own(
    container: Container, anybody: Handset
) -> None:
    with reading(container.engine) as session:
        references = session.scalars(select(Need.reference).order_by(Need.id)).all()
    own, its = references[0], references[-1]
    coordinator, neighbour = other(anybody, COORDINATOR), other(anybody, NEIGHBOUR)
    assert [coordinator.sends(f"INFO {one}")[0].startswith(f"{one}:") for one in (own, its)] == [True, True]
    assert [neighbour.sends(f"INFO {one}")[0].startswith(f"{one}:") for one in (own, its)] == [False, True]


def test_one_s_own_need_that_has_no_works_yet_is_said_to_stand_where_it_stands(
    container: Container, anybody: Handset
) -> None:
    with reading(container.engine) as session:
        *_, last = session.scalars(select(Need.reference).order_by(Need.id)).all()
    neighbour = other(anybody, NEIGHBOUR)
    for word in ("AVANCEMENT", "CONFIRMER", "DON"):
        assert neighbour.sends(f"{word} {last}")[0].startswith(f"{last}: Eau potable")


def waiting(container: Container) -> list[str]:
    """Return the names of the associations that wait for a coordinator."""
    with reading(container.engine) as session:
        pending = VillageAssociation.state == AssociationState.PENDING
        return list(session.scalars(select(VillageAssociation.name).where(pending)))
