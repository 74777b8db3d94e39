"""What the stand-in says, in Africa's Talking's words."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from http import HTTPStatus
from typing import Any

JSON = "application/json"
HTML = "text/html"
PLAIN = "text/plain"
COST = 0.8
BALANCE = "KES 1785.50"
STRANGER = "+254700000000"
# What `status` says beside a `statusCode`.
STATUSES = {
    100: "Success",
    101: "Success",
    102: "Success",
    401: "RiskHold",
    402: "InvalidSenderId",
    403: "InvalidPhoneNumber",
    404: "UnsupportedNumberType",
    405: "InsufficientBalance",
    406: "UserInBlacklist",
    407: "CouldNotRoute",
    409: "DoNotDisturbRejection",
    500: "InternalServerError",
    501: "GatewayError",
    502: "RejectedByGateway",
}
SENT, QUEUED = 101, 102
ACCEPTED = frozenset({100, SENT, QUEUED})


class Mood(StrEnum):
    """What the server does with one request."""

    ACCEPT = "accept"
    ACCEPT_AS_CONFLICT = "accept, and answer 409 with a normal body"
    ACCEPT_IN_OTHER_JSON = "accept, and answer with a content type the SDK does not read"
    MISSING = "accept, and leave the last recipient out of the answer"
    DOUBLED = "accept, and name each recipient twice"
    STRANGERS = "accept, and name recipients that nobody asked for as well"
    DEAF = "reset the connection before anything is accepted"
    STALL = "accept, and never answer"
    RESET = "accept, and reset the connection"
    CLOSE = "accept, and close the connection without a word"
    PARTIAL = "accept, and break off in the middle of the answer"


@dataclass(frozen=True)
class Raw:
    """An answer that says just this, whether or not the texts were accepted."""

    status: int
    body: str | bytes = ""
    kind: str = HTML
    accepts: bool = False


# A mood; an answer; a `statusCode` for every recipient; or one for some phones, where the others are accepted.
Step = Mood | Raw | int | Mapping[str, int]


def recipient(phone: str, code: int, message_id: str = "None") -> dict[str, Any]:
    """Return what is said of one recipient."""
    return {
        "cost": f"MAD {COST:.4f}" if code in ACCEPTED else "0",
        "messageId": message_id,
        "messageParts": 1,
        "number": phone,
        "status": STATUSES.get(code, "NeverHeardOf"),
        "statusCode": code,
    }


def body(recipients: Sequence[Mapping[str, Any]], message: str) -> str:
    """Return a whole answer's body."""
    return json.dumps({"SMSMessageData": {"Message": message, "Recipients": recipients}})


def total(recipients: Sequence[Mapping[str, Any]]) -> str:
    """Return what is said of all."""
    sent = sum(one["statusCode"] in ACCEPTED for one in recipients)
    return f"Sent to {sent}/{len(recipients)} Total Cost: MAD {COST * sent:.4f} Message parts: 1"


def normal(recipients: Sequence[Mapping[str, Any]], status: int = 201) -> Raw:
    """Return the answer as it should be."""
    return Raw(status, body(recipients, total(recipients)), JSON)


def account(balance: str) -> Raw:
    """Return what is said of an account."""
    return Raw(200, json.dumps({"UserData": {"balance": balance}}), JSON)


def said(mood: Mood, recipients: Sequence[Mapping[str, Any]]) -> Raw:
    """Return the answer of a mood in which all is accepted and something is answered."""
    match mood:
        case Mood.ACCEPT_AS_CONFLICT:
            return normal(recipients, 409)
        case Mood.ACCEPT_IN_OTHER_JSON:
            return replace(normal(recipients), kind=f"{JSON}; charset=utf-8")
        case Mood.MISSING:
            return Raw(201, body(recipients[:-1], total(recipients)), JSON)
        case Mood.DOUBLED:
            return normal([*recipients, *recipients])
        case Mood.STRANGERS:
            return normal([recipient(STRANGER, SENT, "ATXid_strange"), *recipients])
        case _:
            return normal(recipients)


def response(status: int, kind: str, content: str | bytes) -> bytes:
    """Return a whole HTTP response."""
    data = content.encode() if isinstance(content, str) else content
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


GARBAGE = Raw(201, "<html>Welcome to the hotel's network</html>", accepts=True)
BROKEN = Raw(500, "<h1>Internal Server Error</h1>", accepts=True)
INVALID_SENDER = Raw(201, body([], "InvalidSenderId"), JSON)
EMPTY = Raw(201, body([], ""), JSON)
