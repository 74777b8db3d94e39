"""What SMS centres deliver twice, in parts, late or in their own way; without a centre, so that the order is exact."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from service.container import Container
from service.gateways.smpp.wire import Address, Delivered, Tag
from service.models import InboundEvent, Need, Receipt
from service.models.session import reading
from tests.conftest import MovedClock
from tests.ussd.conftest import Handset, rows
from tests.world import SECRETARY
from ussd.sessions import Conversations
from ussd.transports.smpp import Incoming
from ussd.transports.smpp.sender import sender

HERE = Address(0, 0, "84")
FIRST, SECOND = "bind-one", "bind-two"


@pytest.fixture
def incoming(conversations: Conversations) -> Incoming:
    return Incoming(conversations)


def sms(text: str | bytes, bind: str = FIRST, phone: str = SECRETARY, **more: Any) -> Delivered:
    body = text if isinstance(text, bytes) else text.encode("ascii")
    told = Delivered(bind, "", Address(1, 1, phone[1:]), HERE, body, 0)
    return replace(told, **more)


def turn(typed: str, operation: int, session: int = 7, **more: Any) -> Delivered:
    tlvs = {Tag.USSD_SERVICE_OP: bytes([operation]), Tag.ITS_SESSION_INFO: bytes([session, 0])}
    return sms(typed, tlvs=tlvs, service_type="USSD", **more)


def taken(container: Container, kind: str = "sms") -> list[str]:
    """The texts that were handled."""
    with reading(container.engine) as session:
        kept = session.scalars(select(InboundEvent).where(InboundEvent.kind == kind).order_by(InboundEvent.id))
        return [one.payload["text"] for one in kept]


@pytest.mark.parametrize(
    ("ton", "written", "meant"),
    [
        (1, "212612345678", "+212612345678"),
        (1, "+212612345678", "+212612345678"),
        (0, "212612345678", "+212612345678"),
        (0, "0612345678", "+212612345678"),
        (2, "0612345678", "+212612345678"),
        (2, "212612345678", "+212612345678"),
        (0, "33639980001", "+33639980001"),
        (1, "33639980001", "+33639980001"),
        (0, "0033639980001", "+33639980001"),
        (5, "IAM", "IAM"),
        (3, "3434", "3434"),
        (0, "", ""),
    ],
)
def test_a_number_is_read_however_a_centre_writes_it(ton: int, written: str, meant: str) -> None:
    assert sender(Address(ton, 1, written)) == meant


def test_the_same_text_twice_on_one_bind_is_two_texts(
    container: Container, secretary: Handset, incoming: Incoming
) -> None:
    for text in ("BESOIN", "1", "84", "1"):
        incoming(sms(text))
    assert taken(container) == ["BESOIN", "1", "84", "1"]
    assert len(secretary.inbox()) >= 4


@pytest.mark.usefixtures("secretary")
def test_a_text_that_comes_again_on_the_next_bind_is_handled_once(container: Container, incoming: Incoming) -> None:
    for text in ("BESOIN", "1"):
        incoming(sms(text))
    incoming(sms("1", SECOND))
    assert taken(container) == ["BESOIN", "1"]
    # The person goes on, with the same key.
    incoming(sms("1", SECOND))
    assert taken(container) == ["BESOIN", "1", "1"]


@pytest.mark.usefixtures("secretary")
def test_a_text_that_comes_again_after_a_restart_is_handled_once(
    container: Container, incoming: Incoming, clock: MovedClock
) -> None:
    incoming(sms("BESOIN"))
    restarted = Conversations(container)
    Incoming(restarted)(sms("BESOIN", SECOND))
    assert taken(container) == ["BESOIN"]
    clock.move(minutes=11)
    Incoming(restarted)(sms("BESOIN", SECOND))
    assert len(taken(container)) == 2
    restarted.close()


@pytest.mark.usefixtures("secretary")
def test_a_text_that_took_so_long_that_the_centre_gave_up_waiting_is_handled_once(
    container: Container, incoming: Incoming
) -> None:
    slow = sms("BESOIN")
    incoming(replace(slow, arrived=slow.arrived - 30))
    incoming(sms("BESOIN"))
    assert taken(container) == ["BESOIN"]


@pytest.mark.usefixtures("secretary")
def test_a_text_that_came_again_while_it_was_handled_is_handled_once(container: Container, incoming: Incoming) -> None:
    first, again = sms("BESOIN"), sms("BESOIN")
    incoming(first)
    incoming(again)
    assert taken(container) == ["BESOIN"]


@pytest.mark.usefixtures("secretary")
def test_a_text_whose_commit_failed_is_handled_when_it_comes_again(container: Container, incoming: Incoming) -> None:
    def fail(_session: Session) -> None:
        raise OSError("disk full")

    event.listen(Session, "before_commit", fail, once=True)
    with pytest.raises(OSError, match="disk full"):
        incoming(sms("BESOIN"))
    incoming(sms("BESOIN"))
    assert taken(container) == ["BESOIN"]


def headed(number: int, total: int, octets: bytes, reference: int = 9, wide: bool = False) -> bytes:  # noqa: FBT001, FBT002
    named = reference.to_bytes(2 if wide else 1)
    element = bytes([8 if wide else 0, len(named) + 2]) + named + bytes([total, number])
    return bytes([len(element)]) + element + octets


LONG = "Le puits du bas est à sec 😀 " * 4
OCTETS = LONG.encode("utf-16-be")
CUT = OCTETS.index("😀".encode("utf-16-be")) + 2  # in the middle of a pair


@pytest.mark.usefixtures("secretary")
@pytest.mark.parametrize("wide", [False, True])
@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_the_parts_of_a_long_text_are_one_text_in_whatever_order(
    container: Container, incoming: Incoming, order: tuple[int, int], *, wide: bool
) -> None:
    parts = {1: headed(1, 2, OCTETS[:CUT], wide=wide), 2: headed(2, 2, OCTETS[CUT:], wide=wide)}
    for number in order:
        assert taken(container) == []
        incoming(sms(parts[number], coding=8, esm_class=0x40))
    assert taken(container) == [LONG]
    with reading(container.engine) as session:
        assert session.scalars(select(InboundEvent.id).where(InboundEvent.kind == "sms-part")).all() == []


@pytest.mark.usefixtures("secretary")
def test_parts_may_be_told_by_optional_parameters_and_bodies_by_a_payload(
    container: Container, incoming: Incoming
) -> None:
    for number, octets in ((1, OCTETS[:CUT]), (2, OCTETS[CUT:])):
        named = {Tag.SAR_REFERENCE: b"\x00\x09", Tag.SAR_TOTAL: b"\x02", Tag.SAR_NUMBER: bytes([number])}
        incoming(sms(octets, coding=8, tlvs=named))
    assert taken(container) == [LONG]


@pytest.mark.usefixtures("secretary")
def test_a_part_of_yesterdays_text_is_no_part_of_todays(
    container: Container, incoming: Incoming, clock: MovedClock
) -> None:
    incoming(sms(headed(1, 2, b"hier "), esm_class=0x40))
    clock.move(days=1)
    incoming(sms(headed(2, 2, b"le puits"), esm_class=0x40))
    assert taken(container) == []
    incoming(sms(headed(1, 2, b"ce matin "), esm_class=0x40))
    assert taken(container) == ["ce matin le puits"]


@pytest.mark.usefixtures("secretary")
def test_a_centre_that_repeats_the_last_part_after_a_lost_answer_brings_nothing_new(
    container: Container, incoming: Incoming
) -> None:
    incoming(sms(headed(1, 2, b"le puits "), esm_class=0x40))
    incoming(sms(headed(2, 2, b"du bas"), esm_class=0x40))
    incoming(sms(headed(2, 2, b"du bas"), SECOND, esm_class=0x40))
    assert taken(container) == ["le puits du bas"]


def test_what_came_before_the_screen_was_ready_is_no_answer_to_it(secretary: Handset, incoming: Incoming) -> None:
    assert secretary
    menu = incoming(turn("*384*84#", 1))
    assert menu
    answer = turn("1", 18)
    screen = incoming(answer)
    assert screen
    assert incoming(answer) is None
    following = incoming(turn("1", 18))
    assert following
    assert following.body not in {screen.body, menu.body}


def test_two_sessions_of_one_phone_are_two(secretary: Handset, incoming: Incoming) -> None:
    assert secretary
    menu, other = incoming(turn("*384*84#", 1)), incoming(turn("*384*84#", 1, session=8))
    assert menu
    assert other
    assert menu.body == other.body
    assert menu.tlvs[Tag.ITS_SESSION_INFO][0] == 7
    assert other.tlvs[Tag.ITS_SESSION_INFO][0] == 8


def test_a_carrier_that_names_sessions_otherwise_gets_its_own_name_back(
    container: Container, secretary: Handset
) -> None:
    assert secretary
    settings = container.settings.model_copy(update={"smpp_ussd_session_tag": "0x1501"})
    conversations = Conversations(replace(container, settings=settings))
    screen = Incoming(conversations)(sms("*384*84#", tlvs={0x0501: b"\x01", 0x1501: b"session-77"}))
    assert screen
    assert (screen.tlvs[0x1501], screen.service_type) == (b"session-77", "USSD")
    conversations.close()


def test_a_session_that_is_over_is_answered_no_more(
    container: Container, secretary: Handset, incoming: Incoming
) -> None:
    assert secretary
    incoming(turn("*384*84#", 1))
    for typed in ("1", "1", "84", "320000", "60000", "Puits du bas", "1"):
        last = incoming(turn(typed, 18))
    assert last
    assert last.tlvs[Tag.USSD_SERVICE_OP] == b"\x11"
    assert incoming(turn("", 18)) is None
    assert incoming(turn("", 19)) is None
    assert rows(container, Need) == 1


def test_who_dials_without_a_number_is_not_answered(container: Container, incoming: Incoming) -> None:
    assert incoming(turn("*384*84#", 1, source=Address(5, 0, "IAM"))) is None
    assert rows(container, InboundEvent) == 0


def test_a_name_that_texts_is_kept_and_not_answered(
    container: Container, secretary: Handset, incoming: Incoming
) -> None:
    before = len(secretary.inbox())
    incoming(sms("Solde: 12 DH", source=Address(5, 0, "IAM")))
    assert taken(container) == ["Solde: 12 DH"]
    assert len(secretary.inbox()) == before


@pytest.mark.usefixtures("secretary")
def test_a_receipt_is_kept_with_its_words(container: Container, incoming: Incoming) -> None:
    incoming(sms("id:77 stat:UNDELIV err:021 text:OUI", esm_class=4))
    incoming(sms("gibberish", esm_class=4))
    with reading(container.engine) as session:
        (receipt,) = session.scalars(select(Receipt)).all()
        assert (receipt.provider_id, receipt.status, receipt.reason) == ("77", "UNDELIV", "021")
        assert receipt.phone == SECRETARY
    assert taken(container) == []
