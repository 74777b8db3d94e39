"""Nobody is woken: quiet hours by the receiver's clock, also on the days when the clocks change."""

from datetime import UTC, datetime

import pytest

from service.messaging.quiet import waits_until

NIGHTS = (21, 8)
PARIS, TIZNIT, TORONTO = "+33639980001", "+212612345678", "+14165550123"


def utc(day: str, hour: int, minute: int = 0) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour:02}:{minute:02}:00+00:00")


@pytest.mark.parametrize(
    ("phone", "zone", "now", "until"),
    [
        (PARIS, None, utc("2026-11-23", 12), None),
        (PARIS, None, utc("2026-11-23", 19, 59), None),
        (PARIS, None, utc("2026-11-23", 20), utc("2026-11-24", 7)),
        (PARIS, None, utc("2026-11-23", 6, 59), utc("2026-11-23", 7)),
        (PARIS, None, utc("2026-11-23", 7), None),
        (TIZNIT, None, utc("2026-11-23", 20), utc("2026-11-24", 7)),  # UTC+1, but not in Ramadan:
        (TIZNIT, None, utc("2026-02-20", 20), None),
        (TIZNIT, None, utc("2026-02-20", 21), utc("2026-02-21", 8)),
        (TORONTO, None, utc("2026-11-23", 12), utc("2026-11-23", 13)),
        (PARIS, "America/Toronto", utc("2026-11-23", 12), utc("2026-11-23", 13)),
        # The night of 25 October is an hour longer in Paris, that of 29 March an hour shorter.
        (PARIS, None, utc("2026-10-24", 20), utc("2026-10-25", 7)),
        (PARIS, None, utc("2026-03-28", 21), utc("2026-03-29", 6)),
        (PARIS, None, utc("2026-10-25", 0, 30), utc("2026-10-25", 7)),
    ],
)
def test_what_can_wait_waits_for_the_morning(
    phone: str, zone: str | None, now: datetime, until: datetime | None
) -> None:
    found = waits_until(now, phone, zone, NIGHTS)
    assert (found and found.astimezone(UTC)) == until


def test_equal_hours_mean_that_no_hour_is_quiet() -> None:
    assert all(waits_until(utc("2026-11-23", hour), PARIS, None, (0, 0)) is None for hour in range(24))


def test_quiet_hours_may_lie_within_a_day() -> None:
    asleep = [hour for hour in range(24) if waits_until(utc("2026-11-23", hour), PARIS, "UTC", (13, 15))]
    assert asleep == [13, 14]
