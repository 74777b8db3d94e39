"""Leaving by phone: what it says, what protects it, and that the number is found nowhere afterwards."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import current_thread
from time import sleep

import pytest
from sqlalchemy import Engine, event, select, text

from service.container import Container
from service.domain.broadcasts import BroadcastState, LeftOut
from service.domain.phone import GONE
from service.domain.roles import ChangeKind, OfficerRole, UserRole
from service.domain.sectors import Urgency
from service.domain.states import ChangeState, NeedState
from service.messaging.receipts import take_receipt
from service.messaging.sender import drain
from service.models import (
    AnsweredTurn,
    Broadcast,
    BroadcastReceiver,
    Contact,
    InboundEvent,
    Message,
    Need,
    Officer,
    OfficerChange,
    Resident,
    User,
)
from service.models.associations import active_officer
from service.models.base import Base
from service.models.diaspora import active_contact
from service.models.session import reading, transaction
from service.security import hash_pin
from service.usecases.needs import verify_need
from service.usecases.phones import know_phone
from service.usecases.pins import set_pin
from service.usecases.proposals import accept_interest, express_interest
from tests.conftest import MovedClock
from tests.service.usecases.record import told
from tests.ussd.conftest import Handset
from tests.world import LYON, SECRETARY, TREASURER, diaspora, need_of, officer_of, proposed, village

NewHandset = Callable[[str], Handset]
PIN = "2580"


def opens(phone: Handset, line: str) -> str:
    """Dial and go to a line of the first screen, or of the one behind *other*."""
    phone.dial()
    for wanted in (line, "Autre"):
        while wanted not in phone.seen[-1].text and "98" in phone.seen[-1].text:
            phone.types("98")
        if wanted in phone.seen[-1].text:
            screen = phone.types(number_of(phone.seen[-1].text, wanted))
            return screen if wanted == line else phone.types(number_of(turned_to(phone, line), line))
        phone.dial()
    raise AssertionError(phone.seen[-1].text)


def turned_to(phone: Handset, line: str) -> str:
    while line not in phone.seen[-1].text:
        assert "98" in phone.seen[-1].text
        phone.types("98")
    return phone.seen[-1].text


def number_of(screen: str, line: str) -> str:
    return next(one.partition(" ")[0] for one in screen.split("\n") if one.endswith(line))


def found(container: Container, phone: str) -> list[str]:
    """Return all rows of all tables that hold the number, however it is grouped."""
    held = []
    with container.engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(text(f"SELECT * FROM {table.name}")):  # noqa: S608  # our own names
                plain = str(tuple(row)).replace(" ", "").replace("-", "")
                if phone[-8:] in plain:
                    held.append(f"{table.name}: {row}")
    return held


def tables(container: Container, phone: str) -> set[str]:
    return {row.partition(":")[0] for row in found(container, phone)}


def colleague(container: Container, clock: MovedClock, phone: str = TREASURER) -> None:
    with transaction(container.engine) as session:
        know_phone(session, clock(), phone)
        association = officer_of(session).association
        association.officers.append(Officer(phone=phone, role=OfficerRole.TREASURER, joined_at=clock()))


def leaves_by_sms(clock: MovedClock, phone: Handset) -> None:
    opens(phone, "Quitter Tiwizi")
    clock.move(minutes=1)
    asked = phone.sends("1")[0]
    phone.sends(next(word for word in asked.replace("\n", " ").split(" ") if word.isdigit() and len(word) == 6))


def protect(container: Container, clock: MovedClock, phone: str) -> None:
    with transaction(container.engine) as session:
        set_pin(session, clock(), phone, hash_pin(container.settings.secret_key, phone, PIN))


def introduced(container: Container, clock: MovedClock) -> str:
    """Lyon and the village have each other's number, in messages that were sent and that wait."""
    with transaction(container.engine) as session:
        need = need_of(session, clock())
        proposal = proposed(session, clock(), need, diaspora(session, clock()))
        contact = active_contact(session, LYON)
        assert contact
        express_interest(session, clock(), contact=contact, reference=need.reference, code="*384*84#")
        accept_interest(session, clock(), officer=officer_of(session), proposal_id=proposal.id)
        return need.reference


def full_life(container: Container, clock: MovedClock, secretary: Handset) -> str:
    """All that may hold the number: an introduction, texts both ways, receipts, an invitation, a call, a PIN."""
    colleague(container, clock)
    protect(container, clock, SECRETARY)
    reference = introduced(container, clock)
    drain(container)
    secretary.sends("AIDE")
    with transaction(container.engine) as session:
        take_receipt(session, clock(), gateway="console", provider_id="x", phone=SECRETARY, status="Success", reason="")
        session.add(
            OfficerChange(
                association_id=officer_of(session).association_id,
                kind=ChangeKind.ADD,
                role=OfficerRole.WITNESS,
                phone=SECRETARY,
                code_hash="",
                state=ChangeState.ASKED,
                asked_by=officer_of(session, TREASURER).id,
                asked_at=clock(),
            )
        )
        session.add(
            User(
                name="Zahra",
                role=UserRole.COORDINATOR,
                password_hash="",
                password_once=False,
                phone=SECRETARY,
                created_at=clock(),
            )
        )
        its_id = officer_of(session).association_id
        session.add(Resident(association_id=its_id, phone=SECRETARY, joined_at=clock(), left_at=clock()))
        lyon = active_contact(session, LYON)
        assert lyon
        lyon.association.contacts.append(Contact(phone=SECRETARY, name="Fatima", joined_at=clock()))
        session.flush()
        writer = session.scalars(select(User)).one()
        session.add(
            Broadcast(
                id=1,
                form="f",
                audience={},
                texts={},
                state=BroadcastState.SENT,
                written_by=writer.id,
                written_at=clock(),
            )
        )
        session.flush()
        session.add(BroadcastReceiver(broadcast_id=1, phone=SECRETARY, left_out=LeftOut.STOP, at=clock()))
        # What a colleague was shown, whenever that was.
        session.add(AnsweredTurn(key="other", reply="END Secrétaire 06 00-00 00 01", answered_at=clock()))
    secretary.dial()
    secretary.types("0", "1", "1")
    return reference


def test_after_leaving_the_number_is_in_no_column_of_no_table(
    container: Container, clock: MovedClock, secretary: Handset
) -> None:
    reference = full_life(container, clock, secretary)
    # A table that gets a phone must be filled above, and emptied by leaving.
    holds_phones = {table.name for table in Base.metadata.sorted_tables if "phone" in table.columns}
    assert holds_phones | {"phones", "answered_turns"} == tables(container, SECRETARY)
    assert "Vous quittez Ait Abdallah." in opens(secretary, "Quitter Tiwizi")
    assert "code secret" in secretary.types("1")
    assert secretary.types(PIN).startswith("C'est fait : votre numéro est effacé")
    assert secretary.seen[-1].ended
    assert found(container, SECRETARY) == []
    assert secretary.again() == secretary.seen[-1]
    assert found(container, SECRETARY) == []
    with reading(container.engine) as session:
        need = session.scalars(select(Need).where(Need.reference == reference)).one()
        reporter = session.get_one(Officer, need.reported_by)
        assert (need.state, reporter.role) == (NeedState.INTRODUCED, OfficerRole.SECRETARY)
        assert reporter.phone.startswith(GONE)
        assert reporter.left_at == clock()
        assert session.scalars(select(InboundEvent.payload)).all() == [{}]


def test_nothing_is_sent_afterwards_and_a_new_dial_begins_anew(
    container: Container, clock: MovedClock, secretary: Handset
) -> None:
    colleague(container, clock)
    with transaction(container.engine) as session:
        number = need_of(session, clock(), verified=False).id
    drain(container)
    opens(secretary, "Quitter Tiwizi")
    secretary.types("1")
    assert secretary.seen[-1].ended
    with transaction(container.engine) as session:
        verify_need(session, clock(), actor="user:1", need_id=number, urgency=Urgency.HIGH)
    assert [one for one in told(container.engine) if one[1] in {"officer_left", "need_verified"}] == [
        (TREASURER, "officer_left"),
        (TREASURER, "need_verified"),
    ]
    drain(container)
    with reading(container.engine) as session:
        assert {one.phone for one in session.scalars(select(Message).where(Message.text != ""))} == {TREASURER}
    assert secretary.dial().startswith("Tiwizi. Langue")


def test_who_says_no_or_hangs_up_stays(container: Container, secretary: Handset) -> None:
    opens(secretary, "Quitter Tiwizi")
    assert "rien n'est effacé" in secretary.types("2")
    opens(secretary, "Quitter Tiwizi")
    assert "Ait Abdallah" in secretary.dial()
    with reading(container.engine) as session:
        assert active_officer(session, SECRETARY)


def test_a_wrong_pin_lets_nobody_leave(container: Container, clock: MovedClock, secretary: Handset) -> None:
    protect(container, clock, SECRETARY)
    opens(secretary, "Quitter Tiwizi")
    secretary.types("1")
    for _ in range(5):
        secretary.types("1111")
    assert "refusé" in secretary.types(PIN)
    with reading(container.engine) as session:
        assert active_officer(session, SECRETARY)


def test_the_last_answer_sent_five_times_at_once_is_one_leaving(
    container: Container, clock: MovedClock, secretary: Handset
) -> None:
    colleague(container, clock)
    opens(secretary, "Quitter Tiwizi")
    secretary.text += "*1"
    with ThreadPoolExecutor(5) as pool:
        screens = set(pool.map(lambda _: secretary.again(), range(5)))
    assert len(screens) == 1
    assert told(container.engine).count((TREASURER, "officer_left")) == 1
    assert found(container, SECRETARY) == []


def test_by_sms_a_code_is_sent_back_and_only_the_last_answer_goes_out(
    container: Container, clock: MovedClock, secretary: Handset
) -> None:
    colleague(container, clock)
    leaves_by_sms(clock, secretary)
    assert [one.startswith("C'est fait : votre numéro") for one in secretary.inbox()] == [True]
    # The last answer is written to the number, and that is all there is of it.
    assert tables(container, SECRETARY) == {"messages", "phones"}


@pytest.fixture
def slow_writing() -> Iterator[None]:
    """What is dialled reaches the database half a second later."""

    def tarry(*_: object) -> None:
        if current_thread().name == "journals":
            sleep(0.5)

    event.listen(Engine, "before_cursor_execute", tarry)
    yield
    event.remove(Engine, "before_cursor_execute", tarry)


@pytest.mark.usefixtures("slow_writing")
def test_what_was_dialled_just_before_is_not_written_after_one_left_by_sms(
    container: Container, clock: MovedClock, secretary: Handset
) -> None:
    colleague(container, clock)
    leaves_by_sms(clock, secretary)
    secretary.conversations.journals.flush()
    assert tables(container, SECRETARY) == {"messages", "phones"}


def test_a_contact_leaves_with_a_name_and_the_association_is_asked_no_more(
    container: Container, clock: MovedClock, handset: NewHandset
) -> None:
    with transaction(container.engine) as session:
        village(session, clock())
        proposed(session, clock(), need_of(session, clock()), diaspora(session, clock()))
    phone = handset(LYON)
    assert "Vous quittez Lyon-Taliouine. Votre nom" in opens(phone, "Quitter Tiwizi")
    phone.types("1")
    assert found(container, LYON) == []
    with container.engine.connect() as connection:
        every = [str(row) for row in connection.execute(text("SELECT * FROM contacts"))]
    assert "Fatima" not in str(every)
    # Only the officers hear of what is theirs.
    assert [one for one in told(container.engine) if one[0] == LYON] == []
