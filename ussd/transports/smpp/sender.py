"""Who a deliver_sm comes from."""

from service.domain.phone import parse_phone
from service.gateways.smpp.wire import Address

GATEWAY = "smpp"
INTERNATIONAL, ALPHANUMERIC = 1, 5  # TON
LONGEST = 16  # characters that are kept of what is no phone


def sender(source: Address) -> str:
    """Return the E.164 number of a phone, or a name or short number as it came.

    Centres leave the type of a number open, or say that it is national when it has its country.
    """
    if source.ton == ALPHANUMERIC:
        return source.number[:LONGEST]
    with_country = "+" + source.number.lstrip("+0")
    forms = (with_country, source.number) if source.ton == INTERNATIONAL else (source.number, with_country)
    return next(filter(None, map(_phone, forms)), source.number[:LONGEST])


def _phone(written: str) -> str | None:
    try:
        return parse_phone(written)
    except ValueError:
        return None
