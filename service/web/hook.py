"""What every gateway callback passes first: the token in its path, the caller's address, the fields of its form.

Shared by `service.web.receipts`, `service.web.android` and `ussd.hooks`.
"""

import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import NoReturn
from urllib.parse import parse_qsl

from flask import abort, request

from service.container import Container
from service.domain.phone import parse_phone
from service.models.audit import record
from service.models.session import transaction
from service.security import token_fits

LONGEST_FIELD = 1_000  # characters, of anything that nobody typed
LONGEST_ID = 60  # Africa's Talking's have 38
IDS = frozenset({"id", "sessionId", "messageId"})
# What no gateway leaves empty: two events without an id would be one.
FILLED = IDS | {"status"}
TYPED = "text"
NUL = "\x00"
# Who writes from no phone: a service's short number, a sender's name (TS 23.040: eleven characters).
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 .&_-]{0,10}")


def check_hook(container: Container, token: str) -> None:
    """Let a gateway in; 404, as slowly as for a right one, for a wrong token or an address that is not on the list."""
    fits = token_fits(container.settings.hook_tokens, token)
    if not (fits and address_allowed(container.settings.hook_addresses)):
        abort(404)


def fields(
    container: Container, gateway: str, required: Sequence[str], phone: str = "phoneNumber", *, named: bool = False
) -> dict[str, str]:
    """Return the form of a callback, its phone in E.164, or as it is where one that is `named` need not be a phone.

    400, with one audit line that holds neither text nor phone, when a gateway could not have sent it.
    """
    # Read here: werkzeug's way through streams and multi-dicts takes as long as the rest of a turn's request.
    sent = request.get_data(cache=False).decode("utf-8", "replace")
    form = dict(parse_qsl(sent, keep_blank_values=True, separator="&"))
    return likely(container, gateway, form, required, phone, named=named)


def likely(
    container: Container,
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
        malformed(container, gateway, wrong)
    return form


def malformed(container: Container, gateway: str, field: str) -> NoReturn:
    """Answer 400 and note which field was missing or wrong, and nothing else."""
    with transaction(container.engine) as session:
        kind = request.path.rpartition("/")[2]
        record(session, container.clock(), f"gateway:{gateway}", "hook.malformed", kind, field=field[:40])
    abort(400)


def _missing(form: dict[str, str], required: Sequence[str]) -> str | None:
    filled = {name for name, value in form.items() if value.strip() or name not in FILLED}
    return next((name for name in required if name not in filled), None)


def _unlikely(form: dict[str, str]) -> str | None:
    """Return a field that no gateway writes so. What people type is another matter: `text` is left to its reader."""
    written = ((name, value) for name, value in form.items() if name != TYPED)
    return next((name for name, value in written if len(value) > _longest(name) or NUL in value), None)


def _longest(name: str) -> int:
    return LONGEST_ID if name in IDS else LONGEST_FIELD


def address_allowed(allowed: Sequence[str]) -> bool:
    """Tell whether the caller is in one of the networks; everybody is when there is none."""
    if not allowed:
        return True
    address = ip_address(request.remote_addr or "0.0.0.0")  # noqa: S104  # nobody's address, on no list
    return any(address in ip_network(one, strict=False) for one in allowed)
