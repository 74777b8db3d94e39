"""What became of a send, read from SMSGate's answer."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import requests

from service.gateways.android.codes import MENDABLE, STATUS
from service.gateways.base import Outcome, Sent

LONGEST_REASON = 100
TAKEN = frozenset({HTTPStatus.OK, HTTPStatus.CREATED, HTTPStatus.ACCEPTED})


def read_answer(response: requests.Response, message_id: str) -> Sent:
    """Return what became of the text with our `message_id`.

    A success counts only when it names the id: a hotel's welcome page is a 200 too. What is in doubt is asked again.
    """
    body = _object(response)
    if response.status_code in TAKEN:
        named = body.get("id") == message_id
        return Sent(Outcome.ACCEPTED, message_id) if named else Sent(Outcome.RETRY, reason="answer without our id")
    outcome = STATUS.get(response.status_code, Outcome.RETRY)
    if outcome is Outcome.ACCEPTED:
        return Sent(outcome, message_id)
    said = str(body.get("message", ""))
    if outcome is Outcome.REFUSED and any(part in said.lower() for part in MENDABLE):
        outcome = Outcome.RETRY
    return Sent(outcome, reason=f"HTTP {response.status_code} {said}".strip()[:LONGEST_REASON])


def _object(response: requests.Response) -> Mapping[str, Any]:
    try:
        body = response.json()
    except requests.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}
