"""Balances: how much credit the gateways' accounts still have, asked outside any transaction."""

import structlog

from service.container import Container
from service.gateways.base import Account, NoBalanceError
from service.messaging.balances import is_low, note_balance
from service.models.session import transaction

log = structlog.get_logger()


def look_at_balances(container: Container) -> str:
    """Ask each account that gateways have; returns how many answered. Of the others, what was last known is kept."""
    accounts = [gateway for gateway in container.gateways.values() if isinstance(gateway, Account)]
    return f"{sum(_look(container, one) for one in accounts)} of {len(accounts)} seen"


def _look(container: Container, account: Account) -> bool:
    try:
        balance = account.balance()
    except NoBalanceError as error:
        log.warning("gateway.balance_unknown", gateway=account.name, why=str(error))
        return False
    with transaction(container.engine) as session:
        before = note_balance(session, container.clock(), account.name, balance)
    limit = container.settings.sms_low_balance
    if is_low(balance, limit) and not is_low(before, limit):
        log.warning("gateway.balance_low", gateway=account.name, balance=str(balance))
    return True
