"""What every gateway callback passes first: the token in its path, the caller's address, the fields of its form.

Shared by `service.web.receipts`, `service.web.android` and `ussd.hooks`.
"""

import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import NoReturn
from urllib.parse import parse_qsl
from wsgiref.types import WSGIEnvironment

from flask import abort, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge
from werkzeug.wsgi import get_content_length, get_input_stream

from service.container import Container
from service.domain.phone import parse_phone
from service.domain.text import NUL
from service.models.audit import record
from service.models.session import transaction
from service.security import token_fits

LARGEST_BODY = 64 * 1024  # bytes; a gateway's callback, and a form of ours, have a few hundred
LONGEST_FIELD = 1_000  # characters, of anything that nobody typed
LONGEST_ID = 60  # Africa's Talking's have 38
IDS = frozenset({"id", "sessionId", "messageId"})
# What no gateway leaves empty: two events without an id would be one.
FILLED = IDS | {"status"}
TYPED = "text"
# Who writes from no phone: a service's short number, a sender's name (TS 23.040: eleven characters).
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .&_-]{0,10}")


def check_hook(container: Container, token: str) -> None:
    """Let a gateway in; 404, as slowly as for a right one, for a wrong token or an address that is not on the list."""
    check_caller(container, request.environ, token)


def check_caller(container: Container, environ: WSGIEnvironment, token: str) -> None:
    """Let a gateway in as `check_hook`, where Flask has not seen the request."""
    fits = token_fits(container.settings.hook_tokens, token)
    if not (fits and address_allowed(container.settings.hook_addresses, environ.get("REMOTE_ADDR"))):
        abort(404)


def fields(
    container: Container, gateway: str, required: Sequence[str], phone: str = "phoneNumber", *, named: bool = False
) -> dict[str, str]:
    """Return the form of a callback, its phone in E.164, or as it is where one that is `named` need not be a phone.

    400, with one audit line that holds neither text nor phone, when a gateway could not have sent it.
    """
    return read_fields(container, request.environ, gateway, required, phone, named=named)


def read_fields(
    container: Container,
    environ: WSGIEnvironment,
    gateway: str,
    required: Sequence[str],
    phone: str = "phoneNumber",
    *,
    named: bool = False,
) -> dict[str, str]:
    """Return the form of a callback as `fields`, where Flask has not seen the request."""
    # Werkzeug's way through multi-dicts takes as long as the rest of a turn's request.
    form = dict(parse_qsl(_body(environ).decode("utf-8", "replace"), keep_blank_values=True, separator="&"))
    return likely(container, environ, gateway, form, required, phone, named=named)


def likely(
    container: Container,
    environ: WSGIEnvironment,
    gateway: str,
    form: dict[str, str],
    required: Sequence[str],
    phone: str = "phoneNumber",
    *,
    named: bool = False,
) -> dict[str, str]:
    """Return fields that a gateway could have sent, as `fields` does; 400 otherwise."""
    wrong = _missing(form, required) or _unlikely(form)
    try:
        form[phone] = parse_phone(form.get(phone, ""))
    except ValueError:
        if not (named and NAME.fullmatch(form.get(phone, ""))):
            wrong = wrong or phone
    if wrong:
        malformed(container, environ, gateway, wrong)
    return form


def _body(environ: WSGIEnvironment) -> bytes:
    """Return what was sent, at most `LARGEST_BODY`; what says its length is read at once, without werkzeug's stream."""
    length = get_content_length(environ)
    if length is not None and length <= LARGEST_BODY:
        sent: bytes = environ["wsgi.input"].read(length)
        if len(sent) < length:
            raise ClientDisconnected
        return sent
    # Refuses a length that is larger; what says none would be cut at the limit, which is therefore one beyond ours.
    sent = get_input_stream(environ, max_content_length=LARGEST_BODY + 1).read()
    if len(sent) > LARGEST_BODY:
        raise RequestEntityTooLarge
    return sent


def malformed(container: Container, environ: WSGIEnvironment, gateway: str, field: str) -> NoReturn:
    """Answer 400 and note which field was missing or wrong, and nothing else."""
    kind = environ["PATH_INFO"].rpartition("/")[2]
    with transaction(container.engine) as session:
        record(session, container.clock(), f"gateway:{gateway}", "hook.malformed", kind, field=field[:40])
    abort(400)


def _missing(form: dict[str, str], required: Sequence[str]) -> str | None:
    for name in required:
        if name not in form or (name in FILLED and not form[name].strip()):
            return name
    return None


def _unlikely(form: dict[str, str]) -> str | None:
    """Return a field that no gateway writes so. What people type is another matter: `text` is left to its reader."""
    for name, value in form.items():
        if name != TYPED and (len(value) > (LONGEST_ID if name in IDS else LONGEST_FIELD) or NUL in value):
            return name
    return None


def address_allowed(allowed: Sequence[str], caller: str | None) -> bool:
    """Tell whether a caller's address is in one of the networks; everybody's is when there is none."""
    if not allowed:
        return True
    address = ip_address(caller or "0.0.0.0")  # noqa: S104  # nobody's address, on no list
    return any(address in ip_network(one, strict=False) for one in allowed)
