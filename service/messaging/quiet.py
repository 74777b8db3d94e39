"""Quiet hours: nobody is woken for what can wait until their morning."""

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from service.domain.countries import zone_of


def waits_until(
    now: datetime, phone: str, zone: str | None, quiet: tuple[int, int], within: timedelta = timedelta(0)
) -> datetime | None:
    """Return when the quiet hours of a phone's owner end, None when it is day there, and will be for so long.

    `quiet` is when they begin and end, in full hours of the clock in `zone` (None: where the number is from); equal
    hours mean that there are none.
    """
    begin, end = quiet
    there = ZoneInfo(zone or zone_of(phone))
    for local in (now.astimezone(there), (now + within).astimezone(there)):
        late, early = local.hour >= begin, local.hour < end
        if (late or early) if begin > end else (late and early):
            day = local.date() + timedelta(days=1 if begin > end and late else 0)
            return datetime.combine(day, time(end), there)
    return None
