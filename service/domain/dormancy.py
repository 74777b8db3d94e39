"""When a number may be another person's now: SIMs change hands, and operators give silent ones to somebody else."""

from collections.abc import Iterable
from datetime import datetime, timedelta

DORMANT = timedelta(days=90)


def is_dormant(now: datetime, signs: Iterable[datetime | None]) -> bool:
    """Tell whether the last sign of life of a number is 90 days old or more; no sign at all is none.

    A sign is what its owner did (a text, a dial, joining) or what somebody said who knows them; never that a text of
    ours was delivered, which anybody's hand may hold.
    """
    heard = [sign for sign in signs if sign is not None]
    return not heard or now - max(heard) >= DORMANT
