"""The numbers and words of SMPP 3.4 and what they mean to us. Source: SMPP 3.4, 5.1.3, 5.2.28, appendix B."""

from collections.abc import Mapping

from service.domain.states import MessageState
from service.gateways.base import Outcome

OK = 0x00
# What we answer when something is wrong here: to be brought again, or never.
NOT_NOW, NEVER = 0x64, 0x65
INVALID_COMMAND = 0x03
NO_SUCH_LIFE = 0x62  # the centre takes no `validity_period`, or none so long
THROTTLED = frozenset({0x14, 0x58})  # its queue is full, or we are too fast

# `command_status` of a submit_sm_resp or generic_nack: with an error there, the text was not accepted. Retried: what
# passes by itself, or an operator can mend within the hour and a half of the retries. What is in no table is refused.
STATUS: Mapping[int, Outcome] = {
    OK: Outcome.ACCEPTED,
    0x04: Outcome.RETRY,  # not bound as one who may send
    0x08: Outcome.RETRY,  # system error
    0x0A: Outcome.RETRY,  # invalid source address: TIWIZI_SMPP_SOURCE is wrong
    0x0B: Outcome.REFUSED,  # invalid destination address
    0x14: Outcome.RETRY,  # message queue full
    0x15: Outcome.RETRY,  # invalid service type
    0x45: Outcome.RETRY,  # submit failed
    0x48: Outcome.RETRY,  # invalid source TON: TIWIZI_SMPP_SOURCE_TON is wrong
    0x49: Outcome.RETRY,  # invalid source NPI: TIWIZI_SMPP_SOURCE_NPI is wrong
    0x58: Outcome.RETRY,  # throttled
    0x64: Outcome.RETRY,  # temporary error of an application
    0x65: Outcome.REFUSED,  # permanent error of an application
    0x66: Outcome.REFUSED,  # rejected by an application
    0xFF: Outcome.UNKNOWN,  # unknown error: the centre does not know either
}

ACCEPTED = 6
# `message_state` of a receipt, in the words that its text has for it.
STATES: Mapping[int, str] = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    ACCEPTED: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}
# What a receipt's word says of its message; UNKNOWN, as a word nobody knows, says nothing.
RECEIPT: Mapping[str, MessageState] = {
    "ENROUTE": MessageState.ACCEPTED,
    "ACCEPTD": MessageState.ACCEPTED,
    "DELIVRD": MessageState.DELIVERED,
    "UNDELIV": MessageState.FAILED,
    "REJECTD": MessageState.FAILED,
    "DELETED": MessageState.FAILED,
    "EXPIRED": MessageState.EXPIRED,
}
# `network_error_code` of a receipt (5.3.2.31: the kind of network, here GSM, then its error) that tells that the number
# is nobody's at this time. What a centre writes after `err:` in the text means something else at each.
INACTIVE = frozenset({"030001"})  # unknown subscriber (3GPP TS 29.002)


def outcome_of(status: int) -> Outcome:
    """Return what became of a submit: a status that nobody told us of is still a refusal (5.1.3)."""
    return STATUS.get(status, Outcome.REFUSED)
