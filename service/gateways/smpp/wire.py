"""PDUs of SMPP 3.4, written and read with smpplib but for their optional parameters.

smpplib 2.2.4 raises KeyError for what its table of a PDU lacks (`ussd_service_op` in a deliver_sm), reads numbers by
its own lengths instead of those sent, cuts the last letter of what has no zero behind it, and takes what breaks off
for whole.
"""

import struct
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Any

from smpplib import command, exceptions, smpp

HEADER = 16  # octets: length, command, status, sequence
LONGEST = 70_000  # octets: a message_payload may have 65,535
RESPONSE = 0x80000000
UDH = 0x40  # of esm_class: the body begins with a header of its own


class Command(IntEnum):
    """The requests that a centre may send us."""

    DELIVER_SM = 0x05
    UNBIND = 0x06
    ENQUIRE_LINK = 0x15


class Tag(IntEnum):
    """Optional parameters that we read or write (5.3.2)."""

    RECEIPTED_MESSAGE_ID = 0x001E
    SAR_REFERENCE = 0x020C
    SAR_TOTAL = 0x020E
    SAR_NUMBER = 0x020F
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427
    USSD_SERVICE_OP = 0x0501
    ITS_SESSION_INFO = 0x1383


class MalformedError(Exception):
    """What came is no PDU."""


@dataclass(frozen=True)
class Address:
    """A number or name, its type (TON) and its plan (NPI)."""

    ton: int
    npi: int
    number: str


@dataclass(frozen=True)
class Submit:
    """A text, or one part of it, for the centre to carry. `tlvs` are optional parameters by their tags.

    `life` is for how many seconds the centre is to try; 0 leaves it to the centre.
    """

    source: Address
    destination: Address
    body: bytes
    coding: int
    esm_class: int = 0
    receipt: bool = False
    service_type: str = ""
    tlvs: Mapping[int, bytes] = field(default_factory=dict)
    life: int = 0


@dataclass(frozen=True)
class Delivered:
    """What a deliver_sm brought: a text, a receipt or a turn of a USSD dialogue.

    `bind` names the connection it came on; `arrived` is the seconds of `time.monotonic`.
    """

    bind: str
    service_type: str
    source: Address
    destination: Address
    body: bytes
    coding: int
    esm_class: int = 0
    tlvs: Mapping[int, bytes] = field(default_factory=dict)
    arrived: float = field(default_factory=time.monotonic)


@dataclass(frozen=True)
class Header:
    """The first octets of a PDU."""

    command: int
    status: int
    sequence: int


class _Numbers:
    """smpplib wants a client that counts; the connection counts itself."""

    sequence = 0

    def next_sequence(self) -> int:
        return 0


_NUMBERS = _Numbers()


class _SubmitSm(command.SubmitSM):  # type: ignore[misc]  # smpplib has no types
    def generate_params(self) -> bytes:
        tlvs = (struct.pack(">HH", tag, len(value)) + value for tag, value in self.tlvs.items())
        return bytes(super().generate_params()) + b"".join(tlvs)


class _ReadsTlvs:
    def parse_optional_params(self, data: bytes) -> None:
        self.tlvs = dict(_tlvs(data))


class _DeliverSm(_ReadsTlvs, command.DeliverSM):  # type: ignore[misc]  # smpplib has no types
    sm_length = None  # until it is read

    def _parse_string(self, field: str, data: bytes, pos: int, length: int | None = None) -> tuple[bytes, int]:
        if b"\0" not in data[pos:]:
            raise MalformedError(f"{field} does not end")
        parsed: tuple[bytes, int] = super()._parse_string(field, data, pos, length)
        return parsed


def write(name: str, sequence: int, **fields: Any) -> bytes:
    """Return a PDU by smpplib's name for it."""
    return _numbered(smpp.make_pdu(name, client=_NUMBERS, **fields), sequence)


def write_submit(submit: Submit, sequence: int) -> bytes:
    """Return a submit_sm."""
    pdu = _SubmitSm(
        "submit_sm",
        client=_NUMBERS,
        service_type=submit.service_type,
        source_addr_ton=submit.source.ton,
        source_addr_npi=submit.source.npi,
        source_addr=submit.source.number,
        dest_addr_ton=submit.destination.ton,
        dest_addr_npi=submit.destination.npi,
        destination_addr=submit.destination.number,
        esm_class=submit.esm_class,
        validity_period=_validity(submit.life) if submit.life else None,
        registered_delivery=int(submit.receipt),
        data_coding=submit.coding,
        short_message=submit.body,
        tlvs=submit.tlvs,
    )
    return _numbered(pdu, sequence)


def frames(buffer: bytearray) -> Iterator[bytes]:
    """Take the whole PDUs out of what was received.

    Raises MalformedError when no PDU begins like this: nothing that follows can be read.
    """
    while len(buffer) >= HEADER:
        length = int.from_bytes(buffer[:4])
        if not HEADER <= length <= LONGEST:
            raise MalformedError(f"a PDU of {length} octets")
        if len(buffer) < length:
            return
        yield bytes(buffer[:length])
        del buffer[:length]


def read_header(raw: bytes) -> Header:
    """Return the header of a PDU."""
    return Header(*struct.unpack(">LLL", raw[4:HEADER]))


def read_message_id(raw: bytes) -> str:
    """Return the centre's id in a submit_sm_resp, "" when there is none. Some centres close it with no zero."""
    return raw[HEADER:].partition(b"\0")[0].decode("latin-1")


def read_delivered(raw: bytes, bind: str) -> Delivered:
    """Return what a deliver_sm brought.

    Raises MalformedError.
    """
    pdu = _DeliverSm("deliver_sm", client=_NUMBERS)
    _parse(pdu, raw)
    if pdu.sm_length is None or len(pdu.short_message or b"") != pdu.sm_length:
        raise MalformedError("it breaks off")
    tlvs: dict[int, bytes] = getattr(pdu, "tlvs", {})
    return Delivered(
        bind,
        _text(pdu.service_type),
        Address(pdu.source_addr_ton, pdu.source_addr_npi, _text(pdu.source_addr)),
        Address(pdu.dest_addr_ton, pdu.dest_addr_npi, _text(pdu.destination_addr)),
        pdu.short_message or tlvs.get(Tag.MESSAGE_PAYLOAD, b""),
        pdu.data_coding,
        pdu.esm_class,
        tlvs,
    )


def _validity(seconds: int) -> str:
    """Return a time from now on as 7.1.1.2 writes it, YYMMDDhhmmss000R; at most 31 days."""
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    day, hour = divmod(hours, 24)
    return f"0000{min(day, 31):02}{hour:02}{minute:02}{second:02}000R"


def _numbered(pdu: Any, sequence: int) -> bytes:
    pdu.sequence = sequence
    return bytes(pdu.generate())


def _parse(pdu: Any, raw: bytes) -> None:
    try:
        pdu.parse(raw)
    except (struct.error, exceptions.UnknownCommandError) as error:
        raise MalformedError(str(error)) from error


def _tlvs(data: bytes) -> Iterator[tuple[int, bytes]]:
    while len(data) >= 4:  # noqa: PLR2004  # two octets of tag, two of length
        tag, length = struct.unpack(">HH", data[:4])
        yield tag, data[4 : 4 + length]
        data = data[4 + length :]


def _text(octets: bytes | None) -> str:
    return (octets or b"").rstrip(b"\0").decode("latin-1")
