"""Delivery receipts as SMS centres write them: optional parameters, or a text that each writes in its own way."""

import re
from dataclasses import dataclass
from typing import Literal

from service.gateways.smpp.codes import ACCEPTED, STATES
from service.gateways.smpp.texts import decode
from service.gateways.smpp.wire import Delivered, Submit, Tag

# esm_class, bits 5 to 2: a receipt of the centre's, or a notice on the way (5.2.12).
KIND, RECEIPT, ON_THE_WAY = 0x3C, 0x04, 0x20
# `id:77 sub:001 dlvrd:001 submit date:… done date:… stat:DELIVRD err:000 text:…` (appendix B), more or less.
FIELD = r"(?:^|\s){}\s*[:=]\s*(\S+)"
ID, STAT, ERR = (re.compile(FIELD.format(name), re.IGNORECASE) for name in ("id", "stat", "err"))
QUOTED = re.compile(r"(?:^|\s)text\s*[:=]", re.IGNORECASE)  # what follows is somebody's text

Ids = Literal["same", "decimal", "hex"]


@dataclass(frozen=True)
class Report:
    """A receipt: the centre's id of the message, its state in a word of `codes.RECEIPT`, the network's error."""

    provider_id: str
    status: str
    reason: str


def taken(submit: Submit, bind: str, answered: str) -> Delivered:
    """Return the receipt that says what an answer to a submit did, with the id there, when it comes too late."""
    tlvs: dict[int, bytes] = {
        Tag.RECEIPTED_MESSAGE_ID: answered.encode("latin-1"),
        Tag.MESSAGE_STATE: bytes([ACCEPTED]),
    }
    return Delivered(bind, "", submit.destination, submit.source, b"", submit.coding, RECEIPT, tlvs)


def is_receipt(delivered: Delivered) -> bool:
    """Tell a receipt from what a person wrote, to which some centres give an id as well."""
    told = {Tag.RECEIPTED_MESSAGE_ID, Tag.MESSAGE_STATE} <= delivered.tlvs.keys()
    return told or delivered.esm_class & KIND in {RECEIPT, ON_THE_WAY}


def read_report(delivered: Delivered, ids: Ids) -> Report | None:
    """Return what a receipt says, None when it names no message. Its parameters count before its text."""
    tlvs = delivered.tlvs
    said = QUOTED.split(decode(delivered.body, delivered.coding), maxsplit=1)[0]
    named = tlvs.get(Tag.RECEIPTED_MESSAGE_ID, b"").rstrip(b"\0").decode("latin-1")
    provider_id = id_sent(named, ids) if named else _id_told(_found(ID, said), ids)
    state = STATES.get(int.from_bytes(tlvs.get(Tag.MESSAGE_STATE, b"")))
    error = tlvs.get(Tag.NETWORK_ERROR_CODE, b"").hex()
    if not provider_id:
        return None
    return Report(provider_id, state or _found(STAT, said).upper(), _found(ERR, said) or error)


def id_sent(answered: str, ids: Ids) -> str:
    """Return an id of a submit_sm_resp as we keep it.

    Some centres write it in hexadecimal there and in decimal in the receipts' text (`decimal`), or the other way round
    (`hex`): then it is kept as a number.
    """
    return {"same": answered, "decimal": _number(answered, 16), "hex": _number(answered, 10)}[ids]


def _id_told(told: str, ids: Ids) -> str:
    return {"same": told, "decimal": _number(told, 10), "hex": _number(told, 16)}[ids]


def _number(written: str, base: int) -> str:
    try:
        return str(int(written, base))
    except ValueError:
        return written


def _found(pattern: re.Pattern[str], said: str) -> str:
    match = pattern.search(said)
    return match[1] if match else ""
