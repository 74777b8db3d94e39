"""What became of a send, read from Africa's Talking's answer or from the want of one."""

import ssl
from collections.abc import Iterator, Mapping
from typing import Any

import requests
from urllib3.exceptions import NewConnectionError

from service.gateways.africastalking.codes import NO_RECIPIENTS, RECIPIENT, STATUS
from service.gateways.base import Outcome, Sent

NO_ID = "None"  # the API's Python shows in its JSON
LONGEST_REASON = 100


def read_answer(response: requests.Response, phone: str) -> Sent:
    """Return what became of the one text sent to `phone`. The body counts before the status, even a 409."""
    data = _data(response)
    if data is None:
        return _by_status(response.status_code)
    recipients = data.get("Recipients") or []
    recipient = _recipient(recipients, phone)
    if recipient is not None:
        return _by_recipient(recipient)
    if recipients:
        return Sent(Outcome.UNKNOWN, reason="answer for other numbers")
    message = str(data.get("Message", ""))[:LONGEST_REASON]
    return Sent(NO_RECIPIENTS.get(message, Outcome.UNKNOWN), reason=message)


def read_failure(error: requests.RequestException) -> Sent:
    """Return what became of a send without an answer: it is retried only when surely nothing had left."""
    unsent = isinstance(error, requests.ConnectTimeout | ValueError) or any(
        isinstance(cause, NewConnectionError | ssl.SSLCertVerificationError) for cause in _causes(error)
    )
    return Sent(Outcome.RETRY if unsent else Outcome.UNKNOWN, reason=type(error).__name__)


def _data(response: requests.Response) -> Mapping[str, Any] | None:
    try:
        body = response.json()
    except requests.JSONDecodeError:
        return None
    data = body.get("SMSMessageData") if isinstance(body, dict) else None
    return data if isinstance(data, dict) and isinstance(data.get("Recipients") or [], list) else None


def _recipient(recipients: list[Any], phone: str) -> Mapping[str, Any] | None:
    named = [one for one in recipients if isinstance(one, dict)]
    ours = [one for one in named if one.get("number") == phone] or (named if len(recipients) == 1 else [])
    return ours[0] if ours else None


def _by_recipient(recipient: Mapping[str, Any]) -> Sent:
    code, status = str(recipient.get("statusCode")), str(recipient.get("status"))
    outcome = RECIPIENT.get(code)
    provider_id = str(recipient.get("messageId") or NO_ID)
    return Sent(
        outcome or Outcome.UNKNOWN,
        provider_id=None if provider_id == NO_ID else provider_id,
        reason="" if outcome is Outcome.ACCEPTED else f"{code} {status}"[:LONGEST_REASON],
    )


def _by_status(status: int) -> Sent:
    return Sent(STATUS.get(status, Outcome.UNKNOWN), reason=f"HTTP {status}")


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
