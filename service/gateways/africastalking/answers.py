"""What became of a send, read from Africa's Talking's answer or from the want of one."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from service.domain.text import clean
from service.gateways.africastalking.codes import NO_RECIPIENTS, RECIPIENT, STATUS
from service.gateways.base import Outcome, Sent
from service.gateways.unsent import surely_unsent

NO_ID = "None"  # the API's Python shows in its JSON
LONGEST_REASON = 100
LONGEST_COST = 20
FEWEST_DIGITS = 6  # of a number written some other way that still tell whose it is
# When a phone is named twice, what most surely left counts: it is not sent again.
LEFT = (Outcome.RETRY, Outcome.REFUSED, Outcome.UNKNOWN, Outcome.ACCEPTED)


def read_answer(status: int, body: bytes, phones: Sequence[str]) -> dict[str, Sent]:
    """Return by phone what became of the one text sent to them. The body counts before the HTTP status, even a 409.

    `phones` are E.164, none twice. One of whom the answer says nothing is in doubt.
    """
    data = _data(body)
    if data is None:
        return dict.fromkeys(phones, Sent(STATUS.get(status, Outcome.UNKNOWN), reason=f"HTTP {status}"))
    recipients = data.get("Recipients") or []
    if recipients:
        return _by_phone(recipients, phones)
    message = _words(data, "Message", LONGEST_REASON)
    return dict.fromkeys(phones, Sent(NO_RECIPIENTS.get(message, Outcome.UNKNOWN), reason=message))


def read_failure(error: Exception) -> Sent:
    """Return what became of a send without an answer, from requests' or urllib3's error."""
    if surely_unsent(error):
        return Sent(Outcome.RETRY, reason=_cause(error))
    return Sent(Outcome.UNKNOWN, reason=type(error).__name__)


def named(body: bytes, name: str) -> Mapping[str, Any] | None:
    """Return the object that stands under a name in an answer, None when none does."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):  # no JSON, no UTF-8; or brackets by the thousand
        return None
    data = answer.get(name) if isinstance(answer, dict) else None
    return data if isinstance(data, dict) else None


def _data(body: bytes) -> Mapping[str, Any] | None:
    data = named(body, "SMSMessageData")
    return data if data is not None and isinstance(data.get("Recipients") or [], list) else None


def _by_phone(recipients: list[Any], phones: Sequence[str]) -> dict[str, Sent]:
    named: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for recipient in recipients:
        if isinstance(recipient, dict):
            named[str(recipient.get("number"))].append(recipient)
    numbers = list(named)
    if len(phones) == len(numbers) == 1 and _fits(numbers[0], phones[0]):
        named[phones[0]] = named[numbers[0]]
    return {phone: _of(named[phone]) for phone in phones}


def _fits(number: str, phone: str) -> bool:
    """Tell whether a number may be the phone's, written without its plus or as it is dialled within its country."""
    digits = number.lstrip("+0")
    return len(digits) >= FEWEST_DIGITS and phone.endswith(digits)


def _of(recipients: Sequence[Mapping[str, Any]]) -> Sent:
    told = [_sent(recipient) for recipient in recipients] or [Sent(Outcome.UNKNOWN, reason="not in the answer")]
    return max(told, key=lambda sent: LEFT.index(sent.outcome))


def _sent(recipient: Mapping[str, Any]) -> Sent:
    code, status = str(recipient.get("statusCode")), str(recipient.get("status"))
    outcome = RECIPIENT.get(code)
    provider_id = _words(recipient, "messageId")
    return Sent(
        outcome or Outcome.UNKNOWN,
        provider_id=None if provider_id in {"", NO_ID} else provider_id,
        reason="" if outcome is Outcome.ACCEPTED else clean(f"{code} {status}")[:LONGEST_REASON],
        cost=_words(recipient, "cost", LONGEST_COST),
    )


def _words(data: Mapping[str, Any], name: str, longest: int | None = None) -> str:
    """Return a value as a database can keep it: half characters and NUL are not words of the API."""
    return clean(str(data.get(name) or ""))[:longest]


def _cause(error: BaseException) -> str:
    """Return what was the matter in the end: `ConnectionRefusedError` says more than requests' `ConnectionError`."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return type(error).__name__
