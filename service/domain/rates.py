"""Rates of exchange as people write them."""

from decimal import Decimal, InvalidOperation

from service.domain.ledger import RATE_UNIT


def parse_rate(written: str) -> int:
    """Return a rate such as `10.8215` or `10,8` in ten-thousandths of a dirham.

    Raises ValueError when it is none, or finer.
    """
    try:
        rate = Decimal(written.strip().replace(",", ".")) * RATE_UNIT
    except InvalidOperation as error:
        raise ValueError("a rate is a number such as 10.8215") from error
    if not rate.is_finite() or rate != rate.to_integral_value():
        raise ValueError("a rate has at most four decimals")
    return int(rate)


def written_rate(rate: int) -> str:
    """Return a rate with its four decimals."""
    return f"{Decimal(rate) / RATE_UNIT:.4f}"
