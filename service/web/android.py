"""What a phone that runs SMSGate tells us: signed, under an id of its own, and again until it is answered 200."""

import json
from collections.abc import Mapping
from typing import Any

import structlog
from flask import abort, request

from service.container import Container
from service.domain.states import MessageState
from service.gateways.android import RECEIPT
from service.gateways.android.signature import fresh, genuine
from service.messaging.health import locked_state, weigh
from service.messaging.receipts import take_receipt
from service.models.inbound import first_time
from service.models.session import transaction
from service.web.hook import likely, malformed

log = structlog.get_logger()

GATEWAY = "android"
RECEIVED = "sms:received"
PING = "system:ping"
# Which event needs which fields; all others are heard, and no more.
NEEDED: Mapping[str, tuple[str, ...]] = {RECEIVED: ("id", "text"), **dict.fromkeys(RECEIPT, ("id", "messageId"))}


def read_event(container: Container) -> dict[str, str]:
    """Return the fields of an event whose signature is right: `event`, `id`, `phoneNumber`, `text` and others.

    Who is not the phone is answered 401, and nothing of the body is looked at; 400 for what no phone could have sent.
    """
    body = request.get_data(cache=False)
    _admit(container, body)
    form = _fields(container, body)
    name = form.get("event", "")
    if not name or not form.get("id"):
        malformed(container, request.environ, GATEWAY, "id" if name else "event")
    if name in NEEDED:
        return likely(container, request.environ, GATEWAY, form, NEEDED[name], named=name == RECEIVED)
    return form


def take_event(container: Container, form: Mapping[str, str]) -> None:
    """Keep a receipt; an event nobody asked for is only noted in the log.

    What the phone could not send, no credit or no network mostly, says as much of it as a call that fails.
    """
    name = form["event"]
    if name not in RECEIPT:
        if name != PING:
            log.info("android.event_ignored", name=name[:40])
        return
    now = container.clock()
    with transaction(container.engine) as session:
        new = first_time(
            session,
            gateway=GATEWAY,
            kind="receipt",
            external_id=form["id"],
            phone=form["phoneNumber"],
            payload={"event": name},
            received_at=now,
        )
        if new:
            take_receipt(
                session,
                now,
                gateway=GATEWAY,
                provider_id=form["messageId"],
                phone=form["phoneNumber"],
                status=name,
                reason=form.get("reason", ""),
            )
    if new and RECEIPT[name] is MessageState.FAILED:
        # Apart: the sender holds phones and gateway in either order.
        with transaction(container.engine) as session:
            weigh(locked_state(session, GATEWAY), now, well=0, badly=1)


def _admit(container: Container, body: bytes) -> None:
    key = container.settings.android_signing_key
    if not key:
        abort(404)
    stamp, signature = request.headers.get("X-Timestamp", ""), request.headers.get("X-Signature", "")
    if not genuine(key, body, stamp, signature):
        log.warning("android.refused", why="signature: TIWIZI_ANDROID_SIGNING_KEY is not the phone's")
        abort(401)
    if not fresh(stamp, container.clock()):
        log.warning("android.refused", why="time: an old copy, or the phone's clock is wrong")
        abort(401)


def _fields(container: Container, body: bytes) -> dict[str, str]:
    """Return all texts and numbers of an event and of its payload, under the names that the house's hooks use."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        malformed(container, request.environ, GATEWAY, "body")
    if not isinstance(told, dict) or not isinstance(told.get("payload") or {}, dict):
        malformed(container, request.environ, GATEWAY, "body")
    form = _written(told.get("payload") or {}) | _written(told)
    if "message" in form:
        form["text"] = form.pop("message")
    # The older versions' name for both is `phoneNumber`.
    other = form.get("sender" if form.get("event") == RECEIVED else "recipient")
    return {**form, "phoneNumber": other} if other else form


def _written(values: Mapping[str, Any]) -> dict[str, str]:
    # Half a surrogate pair is no character, and no database takes it.
    texts = {name: value for name, value in values.items() if isinstance(value, str | int)}
    return {name: str(value).encode("utf-8", "replace").decode() for name, value in texts.items()}
