"""The credit at gateways that are paid beforehand: with none, nothing leaves."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from service.gateways.base import Balance
from service.messaging.health import locked_state
from service.models import GatewayState


def balance_of(state: GatewayState) -> Balance | None:
    """Return the credit that a gateway's account was last seen to have, None when it was never seen or has none."""
    if state.balance is None or state.balance_currency is None:
        return None
    return Balance(state.balance_currency, state.balance)


def is_low(balance: Balance | None, limit: Decimal) -> bool:
    """Tell whether it is time to top up: less than `limit` is left, in units of the account's own currency."""
    return balance is not None and balance.units < limit


def note_balance(session: Session, now: datetime, gateway: str, balance: Balance) -> Balance | None:
    """Keep what an account was seen to have at this moment; return what it was known to have before."""
    state = locked_state(session, gateway)
    before = balance_of(state)
    state.balance, state.balance_currency, state.balance_at = balance.amount, balance.currency, now
    return before
