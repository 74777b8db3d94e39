"""What became of a send, read from SMSGate's answer or from the want of one.

What is in doubt keeps our id as the provider's: the phone knows the text by no other, so its receipts find it.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import requests

from service.gateways.android.codes import SAID, STATUS
from service.gateways.base import Outcome, Sent
from service.gateways.unsent import surely_unsent

LONGEST_REASON = 100
TAKEN = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})


def read_answer(response: requests.Response, message_id: str) -> Sent:
    """Return what became of the text with our `message_id`.

    A success counts only when it names the id: a hotel's welcome page is a 200 too.
    """
    body = _object(response)
    if response.status_code in TAKEN:
        named = body.get("id") == message_id
        return _sent(Outcome.ACCEPTED, message_id) if named else _sent(Outcome.UNKNOWN, message_id, "not our id")
    said = str(body.get("message", ""))
    outcome = _outcome(response.status_code, said.lower())
    reason = "" if outcome is Outcome.ACCEPTED else f"HTTP {response.status_code} {said}".strip()
    return _sent(outcome, message_id, reason)


def read_failure(error: requests.RequestException, message_id: str) -> Sent:
    """Return what became of a send without an answer."""
    outcome = Outcome.RETRY if surely_unsent(error) else Outcome.UNKNOWN
    return _sent(outcome, message_id, type(error).__name__)


def _sent(outcome: Outcome, message_id: str, reason: str = "") -> Sent:
    may_have_it = outcome in {Outcome.ACCEPTED, Outcome.UNKNOWN}
    return Sent(outcome, message_id if may_have_it else None, reason[:LONGEST_REASON])


def _outcome(status: int, said: str) -> Outcome:
    for (where, part), outcome in SAID.items():
        if where == status and part in said:
            return outcome
    return STATUS.get(status, Outcome.UNKNOWN)


def _object(response: requests.Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except requests.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}
