"""Structured logs on standard error: constant event names with fields, phones masked, secrets never."""

import json
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

# As people, gateways and addresses write a number: +212 612-345678, %2B212612345678, 00212612345678, 0612345678, and
# a bare 212612345678, which is what a form makes of a plus. Rather a number too many masked than one too few.
PHONE = re.compile(
    r"(?:\+|%2B|(?<!\d)00(?=[1-9]))(?:[ ().-]{0,2}\d){8,15}"
    r"|(?<![\w.-])0[1-9](?:[ .-]?\d){8}(?!\w)"
    r"|(?<![\w.-])[1-9]\d{10,14}(?!\w)",
    re.IGNORECASE,
)
# The token in the address of a hook or an invitation is all that who calls it proves themselves with.
TOKEN = re.compile(r"(/hooks/[^/\s]+/|/admin/invitation/)[^/\s?\"']+")
KEPT_FIRST, KEPT_LAST = 4, 2
# What JSON leaves as it is, and would end a line, order it anew or command the terminal of who reads it.
UNSEEN = re.compile("[\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]")


def set_up_logs() -> None:
    """Send structlog and the standard library's logs through one masked line format."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    last: list[structlog.typing.Processor] = [mask, structlog.processors.JSONRenderer(_line, ensure_ascii=False)]
    structlog.configure(
        processors=[*shared, *last],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last]
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)


def _line(event: Mapping[str, Any], **how: Any) -> str:
    """Return a line for the log, in which all that cannot be seen is written out as JSON does."""
    return UNSEEN.sub(lambda one: f"\\u{ord(one[0]):04x}", json.dumps(event, **how))


def mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask phone numbers and hook tokens in every field, however deep (a structlog processor)."""
    return {name: value if name == "timestamp" else masked(value) for name, value in event.items()}


def masked(value: Any) -> Any:
    """Return a value with the phone numbers and hook tokens in it masked, however deep."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return TOKEN.sub(r"\1•••", PHONE.sub(_hidden, value))
        case Mapping():
            return {masked(str(name)): masked(inner) for name, inner in value.items()}
        case list() | tuple() | set() | frozenset():
            return [masked(inner) for inner in value]
        case _:
            # What JSON would write of it anyway.
            return masked(repr(value))


def _hidden(phone: re.Match[str]) -> str:
    return f"{phone[0][:KEPT_FIRST]}•••{phone[0][-KEPT_LAST:]}"
