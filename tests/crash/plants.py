"""Faults that the harness must find: each is put into the processes from outside, and the counts must show it."""

import uuid
from collections.abc import Callable, Mapping
from typing import Any

import service.messaging.outbox
import service.messaging.sender
import ussd.transports.sms
import ussd.work
from service.gateways.africastalking import AfricasTalkingGateway
from service.messaging.claims import Call
from service.messaging.sender import Sender


def retry_blindly() -> None:
    """Send again what is in doubt, as if the carrier knew our ids."""
    AfricasTalkingGateway.repeatable = True


def no_unique_key() -> None:
    """Let messages, turns and texts be written under a key of which there may be many."""
    _loosen(service.messaging.outbox, "add_once", "key")
    _loosen(ussd.work, "add_once", "key")
    _loosen(ussd.transports.sms, "first_time", "external_id")


def call_before_commit() -> None:
    """Make the call while the claim is not committed yet."""
    module: Any = service.messaging.sender
    claim = module.claim
    called: dict[tuple[int, ...], Any] = {}

    def calling(session: Any, settings: Any, gateway: Any, *rest: Any) -> list[Call]:
        calls: list[Call] = claim(session, settings, gateway, *rest)
        called.update({tuple(call.ids): gateway.send(call.batch) for call in calls})
        return calls

    module.claim = calling
    setattr(Sender, "_send", lambda _self, call: called.pop(tuple(call.ids)))  # noqa: B010  # no method is assigned


def _loosen(owner: Any, attribute: str, column: str) -> None:
    write = getattr(owner, attribute)

    def loose(*args: Any, **values: Any) -> Any:
        return write(*args, **{**values, column: f"{values[column]}~{uuid.uuid4().hex[:8]}"})

    setattr(owner, attribute, loose)


PLANTS: Mapping[str, Callable[[], None]] = {
    "blind-retry": retry_blindly,
    "no-unique-key": no_unique_key,
    "call-before-commit": call_before_commit,
}
