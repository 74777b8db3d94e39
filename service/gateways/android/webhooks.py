"""Which events the phone tells, and where: registered once, kept by the phone (or by the server before it)."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import requests

from service.gateways.android.api import Api
from service.gateways.android.codes import RECEIPT

EVENTS = ("sms:received", *RECEIPT, "system:ping")
TAKEN = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})
LONGEST_ANSWER = 200


class PhoneError(Exception):
    """The phone did not do what it was asked: one sentence for whoever set it up."""


@dataclass(frozen=True)
class Webhook:
    """Where the phone tells an event."""

    id: str
    event: str
    url: str


def register(api: Api, url: str) -> None:
    """Have all events told to `url`. Done again, it replaces what it did before: each has an id of ours.

    Raises PhoneError.
    """
    for event in EVENTS:
        _asked(api, "POST", {"id": f"tiwizi-{event.replace(':', '-')}", "event": event, "url": url})


def registered(api: Api) -> list[Webhook]:
    """Return all that is registered, ours or not.

    Raises PhoneError.
    """
    listed = _asked(api, "GET")
    rows: Sequence[Any] = listed if isinstance(listed, list) else []
    return [Webhook(*(str(row.get(name, "")) for name in ("id", "event", "url"))) for row in rows]


def _asked(api: Api, method: str, body: dict[str, str] | None = None) -> Any:
    try:
        answer = api.ask(method, "/webhooks", body)
        if answer.status_code in TAKEN:
            return answer.json()
    except requests.JSONDecodeError as error:
        raise PhoneError("something answers at TIWIZI_ANDROID_URL, but it is not SMSGate") from error
    except requests.RequestException as error:
        raise PhoneError(f"no answer at TIWIZI_ANDROID_URL ({type(error).__name__})") from error
    if answer.status_code in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        raise PhoneError("the phone refuses TIWIZI_ANDROID_USER or TIWIZI_ANDROID_PASSWORD")
    raise PhoneError(f"the phone answered {answer.status_code}: {answer.text[:LONGEST_ANSWER]}")
