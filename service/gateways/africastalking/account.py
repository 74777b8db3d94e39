"""The credit of an account, read from Africa's Talking's answer about it."""

import re
from decimal import Decimal
from http import HTTPStatus

from service.gateways.africastalking.answers import named
from service.gateways.base import Balance, NoBalanceError

# `KES 1785.50`, with four decimals at most as in all its amounts; perhaps with commas between thousands. What is
# written in any other way is not known to be money: it is not guessed.
WRITTEN = re.compile(r"([A-Z]{3}) (-?(?:[0-9]{1,12}|[0-9]{1,3}(?:,[0-9]{3}){1,3})(?:\.[0-9]{1,4})?)")


def read_balance(status: int, body: bytes) -> Balance:
    """Return the balance that an answer tells. Raises NoBalanceError when it tells none."""
    if status != HTTPStatus.OK:
        raise NoBalanceError(f"HTTP {status}")
    told = (named(body, "UserData") or {}).get("balance")
    written = WRITTEN.fullmatch(told) if isinstance(told, str) else None
    if written is None:
        raise NoBalanceError("no balance in the answer")
    return Balance(written[1], int(Decimal(written[2].replace(",", "")).scaleb(4)))
