"""The SMS centre's link and what it carries, against two servers that others wrote."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from service.gateways.base import Outcome, Outgoing, Sent
from service.gateways.smpp import SmppGateway
from service.gateways.smpp.link import HANDLERS
from service.gateways.smpp.receipts import Report, is_receipt, read_report
from service.gateways.smpp.wire import Delivered
from tests.peers.smpp import ACCOUNT, Centre, free_port, rust_centre, until
from tests.peers.smpp_npm import NodeCentre
from tests.service.gateways.conftest import HASTY, PATIENT, QUICK, linked

PHONE = "+212612345678"
TEXT = "Tiwizi: besoin reçu {84}".replace("ç", "c")
# A pair that would straddle the cut after 153 septets, or 67 units.
GSM7_AT_THE_CUT = "a" * 152 + "€" + "b" * 151 + "[" + "fin{}"
UCS2_AT_THE_CUT = "أ" * 66 + "😀" + "ب" * 65 + "🚰" + "نهاية"


def send(gateway: SmppGateway, text: str = TEXT, own_id: str = "1") -> Sent:
    (sent,) = gateway.send([Outgoing(own_id, PHONE, text)])
    return sent


def test_a_text_reaches_the_network_with_its_sender_and_asks_for_a_receipt(centre: Centre) -> None:
    with linked(centre.port) as gateway:
        sent = send(gateway)
    (line,) = centre.carried
    assert sent == Sent(Outcome.ACCEPTED, line.message_id)
    assert (line.source, line.destination, line.text) == ("0600000000", PHONE[1:], TEXT)
    assert (line.coding, line.esm_class, line.receipt, line.service_type) == (0, 0, 1, "")


def test_the_account_is_what_the_operator_gave(npm: NodeCentre) -> None:
    with linked(npm.port):
        pass
    until(lambda: npm.told("closed"))
    (bound,) = npm.told("bound")
    assert {f"smpp_{name}": bound[name] for name in ("system_id", "password", "system_type")} == ACCOUNT
    assert len(npm.told("unbound")) == 1


@pytest.mark.parametrize("text", [GSM7_AT_THE_CUT, UCS2_AT_THE_CUT], ids=["gsm7", "ucs2"])
def test_a_long_text_goes_in_parts_that_joined_are_the_text(centre: Centre, text: str) -> None:
    with linked(centre.port) as gateway:
        sent = send(gateway, text)
    first, second, third = centre.carried
    assert first.text + second.text + third.text == text
    assert [line.udh[3:] for line in centre.carried] == [bytes([first.udh[3], 3, number]) for number in (1, 2, 3)]
    assert [line.udh[:3] for line in centre.carried] == [b"\x05\x00\x03"] * 3
    assert [line.receipt for line in centre.carried] == [0, 0, 1]
    assert {line.esm_class for line in centre.carried} == {0x40}
    assert sent == Sent(Outcome.ACCEPTED, third.message_id)


@pytest.mark.parametrize("text", [GSM7_AT_THE_CUT, UCS2_AT_THE_CUT], ids=["gsm7", "ucs2"])
def test_a_long_text_goes_whole_as_a_payload_where_the_operator_wants_that(centre: Centre, text: str) -> None:
    with linked(centre.port, smpp_long_messages="payload") as gateway:
        sent = send(gateway, text)
    (line,) = centre.carried
    assert (line.text, line.esm_class, line.udh) == (text, 0, b"")
    assert sent == Sent(Outcome.ACCEPTED, line.message_id)


def test_a_part_in_the_smaller_alphabet_goes_in_that_of_the_whole(centre: Centre) -> None:
    text = "Ait Abdallah " * 10 + "ⵉⵜⵔⵉ"
    with linked(centre.port) as gateway:
        send(gateway, text)
    assert {line.coding for line in centre.carried} == {8}
    assert "".join(line.text for line in centre.carried) == text


def test_parts_sent_again_complete_those_that_arrived_before(centre: Centre) -> None:
    with linked(centre.port) as gateway:
        for own_id in ("1", "1", "2"):
            send(gateway, GSM7_AT_THE_CUT, own_id)
    references = [line.udh[3] for line in centre.carried]
    assert references[:3] == references[3:6] != references[6:]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (0x08, Outcome.RETRY),
        (0x0A, Outcome.RETRY),
        (0x0B, Outcome.REFUSED),
        (0x45, Outcome.RETRY),
        (0xFF, Outcome.UNKNOWN),
    ],
)
def test_a_refusal_is_read_for_what_it_says(centre: Centre, status: int, outcome: Outcome) -> None:
    centre.plan.append(status)
    with linked(centre.port) as gateway:
        assert send(gateway) == Sent(outcome, reason=f"status 0x{status:08x}")


def test_a_status_that_an_operator_made_up_is_a_refusal_since_no_error_accepts(npm: NodeCentre) -> None:
    npm.plan.append(0x40B)
    with linked(npm.port) as gateway:
        assert send(gateway) == Sent(Outcome.REFUSED, reason="status 0x0000040b")


@pytest.mark.parametrize(
    ("life", "validity"),
    [
        (60, "000000000100000R"),
        (6 * 3600, "000000060000000R"),
        (7 * 86_400 - 1, "000006235959000R"),
        (7 * 86_400, "000007000000000R"),
        (32 * 86_400, "000031000000000R"),
    ],
)
def test_the_centre_tries_no_longer_than_a_text_is_worth_it(npm: NodeCentre, life: int, validity: str) -> None:
    with linked(npm.port) as gateway:
        gateway.send([Outgoing("1", PHONE, GSM7_AT_THE_CUT, life)])
    assert [line.validity for line in npm.carried] == [validity] * 3


def test_a_centre_that_will_not_be_told_how_long_to_try_decides_itself(centre: Centre) -> None:
    centre.plan.append(0x62)
    with linked(centre.port) as gateway:
        sent = send(gateway)
    assert sent == Sent(Outcome.ACCEPTED, centre.carried[1].message_id)
    assert centre.carried[1].validity == ""
    assert [line.text for line in centre.carried] == [TEXT] * 2


@pytest.mark.parametrize("status", [0x58, 0x14])
def test_who_is_too_fast_tries_later_and_slows_down(centre: Centre, status: int) -> None:
    centre.plan.append(status)
    with linked(centre.port) as gateway:
        assert send(gateway) == Sent(Outcome.RETRY, reason=f"status 0x{status:08x}")
        gap, pause = gateway._pace._gap, gateway._pace._next
        assert send(gateway).outcome is Outcome.ACCEPTED
        assert gateway._pace._next == pytest.approx(pause + gap)  # it had its turn after the pause
        assert 0 < gateway._pace._gap < gap


def test_a_later_part_that_is_too_fast_is_sent_again_at_once_and_not_the_first(centre: Centre) -> None:
    centre.plan.extend(["", 0x58])
    with linked(centre.port) as gateway:
        sent = send(gateway, GSM7_AT_THE_CUT)
    assert sent == Sent(Outcome.ACCEPTED, centre.carried[-1].message_id)
    assert [line.udh[5] for line in centre.carried] == [1, 2, 2, 3]


@pytest.mark.parametrize("mood", ["stall", "reset", 0x0B])
def test_what_has_left_in_part_is_never_called_sure(centre: Centre, mood: str | int) -> None:
    centre.plan.extend(["", mood])
    with linked(centre.port, timing=HASTY) as gateway:
        sent = send(gateway, GSM7_AT_THE_CUT)
    assert sent.outcome is Outcome.UNKNOWN
    assert sent.reason.startswith("part 2 of 3: ")


def test_what_was_in_flight_when_the_link_broke_is_in_doubt_and_the_link_comes_back_by_itself(centre: Centre) -> None:
    centre.plan.extend(["stall", "stall", "reset"])
    with linked(centre.port) as gateway, ThreadPoolExecutor(3) as pool:
        sent = list(pool.map(lambda number: send(gateway, own_id=str(number)), range(3)))
        assert sent == [Sent(Outcome.UNKNOWN, reason="the link was lost")] * 3
        until(lambda: centre.binds == 2)
        assert gateway.link.wait_bound(PATIENT)
        assert send(gateway).outcome is Outcome.ACCEPTED
    assert len(centre.carried) == 4


def test_a_centre_that_says_nothing_leaves_the_text_in_doubt(centre: Centre) -> None:
    centre.plan.append("stall")
    with linked(centre.port, timing=HASTY) as gateway:
        assert send(gateway) == Sent(Outcome.UNKNOWN, reason="no response")
        assert send(gateway).outcome is Outcome.ACCEPTED


@pytest.mark.parametrize("text", [TEXT, GSM7_AT_THE_CUT], ids=["one part", "the last of three"])
def test_an_answer_that_comes_too_late_is_told_like_a_receipt(centre: Centre, text: str) -> None:
    came: list[Delivered] = []
    centre.plan.extend([*[""] * (2 if text == GSM7_AT_THE_CUT else 0), "late"])
    with linked(centre.port, came.append, HASTY) as gateway:
        assert send(gateway, text).outcome is Outcome.UNKNOWN
        centre.answer()
        until(lambda: came)
    (told,) = came
    assert read_report(told, "same") == Report(centre.carried[-1].message_id, "ACCEPTD", "")
    assert (told.source.number, is_receipt(told)) == (PHONE[1:], True)


def test_a_late_answer_to_what_was_not_the_last_part_tells_nothing(centre: Centre) -> None:
    came: list[Delivered] = []
    centre.plan.append("late")
    with linked(centre.port, came.append, HASTY) as gateway:
        assert send(gateway, GSM7_AT_THE_CUT).outcome is Outcome.UNKNOWN
        centre.answer()
        centre.deliver(PHONE[1:], b"OUI")  # what comes after it
    assert [one.body for one in came] == [b"OUI"]


def test_without_a_bind_nothing_leaves(npm: NodeCentre) -> None:
    npm.order("refuse", status=0x0E)
    with linked(npm.port, timing=HASTY, bound=False) as gateway:
        until(lambda: len(npm.told("refused")) > 1)
        assert send(gateway) == Sent(Outcome.RETRY, reason="not bound")
        npm.order("refuse", status=0)
        assert gateway.link.wait_bound(PATIENT)
        assert send(gateway).outcome is Outcome.ACCEPTED
    assert len(npm.carried) == 1


def test_a_centre_that_is_not_there_is_tried_until_it_is() -> None:
    with linked(free_port(), timing=HASTY, bound=False) as gateway:
        until(lambda: gateway.link._failures > 1)
        assert send(gateway) == Sent(Outcome.RETRY, reason="not bound")


def test_who_has_left_sends_nothing_and_keeps_nobody_waiting(centre: Centre) -> None:
    with linked(centre.port, timing=replace(QUICK, bind=600)) as gateway:
        pass
    assert [send(gateway) for _ in range(100)] == [Sent(Outcome.RETRY, reason="not bound")] * 100
    assert centre.carried == []


def test_who_leaves_while_binding_does_leave() -> None:
    with rust_centre() as centre:
        for _ in range(30):
            with linked(centre.port, bound=False) as gateway:
                gateway.link.wait_bound(0.001)
            assert not gateway.link._thread.is_alive()


def test_a_link_that_died_silently_is_found_out_and_bound_anew(npm: NodeCentre) -> None:
    npm.order("deaf", on=True)
    with linked(npm.port, timing=HASTY, smpp_enquire_seconds=1):
        until(lambda: npm.binds == 2)
    assert npm.told("enquired")


def test_a_quiet_link_is_kept(npm: NodeCentre) -> None:
    with linked(npm.port, smpp_enquire_seconds=1):
        until(lambda: len(npm.told("enquired")) == 2)
        npm.order("enquire")
        until(lambda: npm.told("enquire_answered") == [{"event": "enquire_answered", "status": 0}])
    assert npm.binds == 1


def test_no_more_are_on_their_way_than_the_window_allows(centre: Centre) -> None:
    centre.plan.extend(["stall", "stall"])
    with linked(centre.port, timing=HASTY, smpp_window=2) as gateway, ThreadPoolExecutor(3) as pool:
        assert gateway.connections == 2
        waiting = [pool.submit(send, gateway, own_id=str(number)) for number in range(3)]
        until(lambda: len(centre.carried) == 2)
        # The third goes when one of the others is given up.
        assert [one.result().outcome for one in waiting].count(Outcome.UNKNOWN) == 2
        assert len(centre.carried) == 3


def test_what_no_phone_has_is_refused_here(centre: Centre) -> None:
    with linked(centre.port) as gateway:
        assert gateway.send([Outgoing("1", "gone-12ab", TEXT)])[0].outcome is Outcome.REFUSED
    assert centre.carried == []


def test_what_came_is_answered_when_it_was_handled_and_not_before(centre: Centre) -> None:
    free, came = threading.Event(), []

    def handle(delivered: Delivered) -> None:
        came.append(delivered)
        assert free.wait(PATIENT)

    with linked(centre.port, handle):
        until(lambda: centre.binds == 1)
        answer = centre.begin("212612345678", b"OUI", op=18, info=b"\x07\x02", service_type="USSD")
        until(lambda: came)
        assert not answer.done()
        free.set()
        assert answer.result(PATIENT) == 0
    assert (came[0].source.number, came[0].destination.number, came[0].body) == ("212612345678", "84", b"OUI")
    assert (came[0].service_type, came[0].tlvs[0x0501], came[0].tlvs[0x1383]) == ("USSD", b"\x12", b"\x07\x02")


def test_what_could_not_be_handled_is_brought_again(centre: Centre) -> None:
    def fail(_delivered: Delivered) -> None:
        raise OSError("disk full")

    with linked(centre.port, fail) as gateway:
        until(lambda: centre.binds == 1)
        assert centre.deliver("212612345678", b"OUI") == 0x64
        assert send(gateway).outcome is Outcome.ACCEPTED


def test_what_one_phone_sends_is_handled_in_its_order_and_another_need_not_wait(npm: NodeCentre) -> None:
    free, came = threading.Event(), []
    one, another = _two_phones()

    def handle(delivered: Delivered) -> None:
        if delivered.source.number == one:
            assert free.wait(PATIENT)
        came.append(delivered.body)

    with linked(npm.port, handle):
        until(lambda: npm.binds == 1)
        answers = [npm.begin(one, bytes([number])) for number in range(10)]
        assert npm.deliver(another, b"OUI") == 0
        free.set()
        assert [answer.result(PATIENT) for answer in answers] == [0] * 10
    assert came == [b"OUI", *(bytes([number]) for number in range(10))]


def _two_phones() -> tuple[str, str]:
    """Two that have not the same thread."""
    one = "212612345678"
    others = (f"2126123456{number}" for number in range(10, 99))
    return one, next(other for other in others if hash(other) % HANDLERS != hash(one) % HANDLERS)


def test_what_cannot_be_read_is_refused_for_good_and_does_no_harm(npm: NodeCentre) -> None:
    with linked(npm.port) as gateway:
        until(lambda: npm.binds == 1)
        npm.order("raw", hex="00000016000000050000000000000063555353440061")
        assert send(gateway).outcome is Outcome.ACCEPTED
        npm.order("raw", hex="00000010000000030000000000000064")  # query_sm, which is not ours to answer
        until(lambda: len(npm.told("responded")) == 2)
    assert [(one["command"], one["status"]) for one in npm.told("responded")] == [
        ("deliver_sm_resp", 0x65),
        ("generic_nack", 0x03),
    ]


def test_octets_that_are_no_pdu_end_the_link_and_it_comes_back(npm: NodeCentre) -> None:
    with linked(npm.port):
        until(lambda: npm.binds == 1)
        npm.order("raw", hex=b"HTTP/1.1 400 Bad Request".hex())
        until(lambda: npm.binds == 2)
