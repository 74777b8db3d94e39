"""SMPP's octets: alphabets, receipts of many centres, PDUs that no centre should send, and how fast is too fast."""

from threading import Event

import pytest

from service.gateways.base import Outcome
from service.gateways.smpp.codes import STATUS, outcome_of
from service.gateways.smpp.pace import LONGEST_GAP, Pace
from service.gateways.smpp.receipts import Ids, Report, id_sent, is_receipt, read_report
from service.gateways.smpp.texts import decode, encode, parts
from service.gateways.smpp.wire import (
    Address,
    Delivered,
    MalformedError,
    Tag,
    frames,
    read_delivered,
    read_message_id,
    write,
)
from tests.service.messaging.test_segments import EXTENSION, TABLE

FROM = Address(1, 1, "212612345678")


def delivered(
    body: bytes = b"", coding: int = 0, esm_class: int = 4, tlvs: dict[int, bytes] | None = None
) -> Delivered:
    return Delivered("bind", "", FROM, Address(0, 0, "84"), body, coding, esm_class, tlvs or {})


def test_every_letter_of_gsm7_has_the_code_of_the_standards_table() -> None:
    for row, codes in TABLE.items():
        for place, letter in enumerate(codes):
            if letter is not None:
                assert encode(chr(letter), (0, 8)) == (bytes([row + place]), 0)
                assert decode(bytes([row + place]), 0) == chr(letter)


def test_every_letter_of_the_extension_comes_back() -> None:
    text = "".join(sorted(EXTENSION))
    body, _ = encode(text, (0, 8))
    assert body[::2] == b"\x1b" * len(text)
    assert decode(body, 0) == text


@pytest.mark.parametrize(
    ("octets", "coding", "text"),
    [
        ("é".encode("latin-1"), 0, "é"),  # a centre whose own alphabet is Latin-1
        (b"\x09", 0, "Ç"),
        (b"\x1b\x65", 15, "€"),
        (b"OUI", 1, "OUI"),
        (b"\xe9", 3, "é"),
        ("نعم".encode("utf-16-be"), 8, "نعم"),
        ("نعم".encode("utf-16-be"), 0x48, "نعم"),
        (b"\x06\x46\x06", 8, "ن\ufffd"),
        (b"", 8, ""),
    ],
)
def test_what_comes_is_read_in_the_alphabet_it_names(octets: bytes, coding: int, text: str) -> None:
    assert decode(octets, coding) == text


def test_an_operators_codings_are_used() -> None:
    assert [part.coding for part in parts("OUI", "1", (1, 24), "udh") + parts("نعم", "1", (1, 24), "udh")] == [1, 24]


@pytest.mark.parametrize(
    ("label", "body", "expected"),
    [
        (
            "as the standard shows it",
            b"id:0123456789 sub:001 dlvrd:001 submit date:2611231000 done date:2611231001 stat:DELIVRD err:000 text:x",
            Report("0123456789", "DELIVRD", "000"),
        ),
        ("other letters", b"ID:ab-7 SUB:001 DLVRD:000 STAT:undeliv ERR:0a1", Report("ab-7", "UNDELIV", "0a1")),
        ("spaces", b"id: 77 stat: EXPIRED err: 5", Report("77", "EXPIRED", "5")),
        ("no error", b"id:77 stat:REJECTD", Report("77", "REJECTD", "")),
        ("a word nobody knows", b"id:77 stat:PARKED", Report("77", "PARKED", "")),
        ("somebody's text", b"id:77 text:id:78 stat:DELIVRD", Report("77", "", "")),
        ("another order", b"stat:DELIVRD id:77", Report("77", "DELIVRD", "")),
        ("no id", b"stat:DELIVRD sub:001", None),
        ("nothing", b"", None),
    ],
)
def test_a_receipts_text_is_read_as_centres_write_it(label: str, body: bytes, expected: Report | None) -> None:
    assert read_report(delivered(body), "same") == expected, label


def test_optional_parameters_count_before_the_text() -> None:
    tlvs: dict[int, bytes] = {Tag.RECEIPTED_MESSAGE_ID: b"AB12\0", Tag.MESSAGE_STATE: b"\x02"}
    assert read_report(delivered(b"id:9 stat:UNDELIV err:1", tlvs=tlvs), "same") == Report("AB12", "DELIVRD", "1")
    without_zero = {**tlvs, Tag.RECEIPTED_MESSAGE_ID: b"AB12", Tag.NETWORK_ERROR_CODE: b"\x03\x00\x05"}
    assert read_report(delivered(tlvs=without_zero), "same") == Report("AB12", "DELIVRD", "030005")


@pytest.mark.parametrize(
    ("ids", "answered", "told"),
    [("same", "A7", b"A7"), ("decimal", "A7", b"0000000167"), ("hex", "0167", b"A7"), ("decimal", "uuid-1", b"uuid-1")],
)
def test_an_id_is_the_same_in_whatever_base_it_is_written(ids: Ids, answered: str, told: bytes) -> None:
    report = read_report(delivered(b"id:" + told + b" stat:DELIVRD"), ids)
    assert report
    assert report.provider_id == id_sent(answered, ids)
    named = read_report(delivered(tlvs={Tag.RECEIPTED_MESSAGE_ID: answered.encode()}), ids)
    assert named
    assert named.provider_id == id_sent(answered, ids)


@pytest.mark.parametrize(
    ("esm_class", "tlvs", "expected"),
    [
        (0x04, {}, True),
        (0x20, {}, True),
        (0x00, {Tag.RECEIPTED_MESSAGE_ID: b"7", Tag.MESSAGE_STATE: b"\x02"}, True),
        (0x00, {Tag.RECEIPTED_MESSAGE_ID: b"7"}, False),
        (0x00, {}, False),
        (0x40, {}, False),
        (0x08, {}, False),
    ],
)
def test_a_receipt_is_told_from_a_text(esm_class: int, tlvs: dict[int, bytes], *, expected: bool) -> None:
    assert is_receipt(delivered(esm_class=esm_class, tlvs=tlvs)) is expected


@pytest.mark.parametrize(
    ("body", "named"),
    [(b"abc\0", "abc"), (b"abc", "abc"), (b"a", "a"), (b"\0", ""), (b"", ""), (b"abc\0\x04\x25\0\x01\x02", "abc")],
)
def test_an_id_is_whole_whether_or_not_a_zero_closes_it(body: bytes, named: str) -> None:
    answer = write("submit_sm_resp", 1, message_id="")[:16] + body
    assert read_message_id(len(answer).to_bytes(4) + answer[4:]) == named


def test_pdus_are_taken_out_as_they_become_whole() -> None:
    first, second = write("enquire_link", 1), write("unbind", 2)
    buffer = bytearray(first + second[:5])
    assert list(frames(buffer)) == [first]
    buffer += second[5:]
    assert list(frames(buffer)) == [second]
    assert buffer == b""


@pytest.mark.parametrize("octets", [b"\x00\x00\x00\x0f" + bytes(12), b"GET / HTTP/1.1\r\n", bytes(16)])
def test_what_is_no_pdu_is_said_to_be_none(octets: bytes) -> None:
    with pytest.raises(MalformedError):
        list(frames(bytearray(octets)))


def test_parameters_of_any_tag_and_length_are_read_and_cut_ones_do_no_harm() -> None:
    mandatory = write("deliver_sm", 1, source_addr="212612345678", destination_addr="84", short_message=b"OUI")
    odd = b"\x05\x01\x00\x02\x00\x12" + b"\x14\x99\x00\x01\x07" + b"\x13\x83\x00\x09\x07"
    told = read_delivered((len(mandatory + odd)).to_bytes(4) + mandatory[4:] + odd, "bind")
    assert (told.body, told.source.number) == (b"OUI", "212612345678")
    assert told.tlvs == {0x0501: b"\x00\x12", 0x1499: b"\x07", 0x1383: b"\x07"}


def test_a_body_in_a_payload_is_the_body() -> None:
    empty = write("deliver_sm", 1, source_addr="2126", destination_addr="84")
    payload = b"\x04\x24\x00\x03OUI"
    assert read_delivered((len(empty + payload)).to_bytes(4) + empty[4:] + payload, "bind").body == b"OUI"


def test_a_pdu_that_breaks_off_is_malformed() -> None:
    whole = write("deliver_sm", 1, source_addr="212612345678", destination_addr="84", short_message=b"OUI")
    for length in range(17, len(whole)):
        with pytest.raises(MalformedError):
            read_delivered(whole[:length], "bind")


def test_only_what_was_accepted_or_may_have_been_is_not_called_unsent() -> None:
    surely_not = {Outcome.RETRY, Outcome.REFUSED}
    assert {status for status in range(0x500) if outcome_of(status) not in surely_not} == {0x00, 0xFF}
    assert outcome_of(0x40B) is Outcome.REFUSED
    assert STATUS[0x58] is STATUS[0x14] is Outcome.RETRY


def test_who_is_always_too_fast_waits_no_longer_than_a_sender_can() -> None:
    leaving = Event()
    pace = Pace(leaving)
    assert pace.wait()
    for _ in range(20):
        pace.slow()
    assert pace._gap == LONGEST_GAP
    leaving.set()
    assert [pace.wait() for _ in range(10)] == [False] * 10
    for _ in range(100):
        pace.close_up()
    assert pace._gap == 0
