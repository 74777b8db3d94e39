"""How SMSGate proves that a webhook comes from the phone."""

import hashlib
import hmac
from datetime import UTC, datetime, timedelta

TOLERANCE = timedelta(minutes=5)
LONGEST_STAMP = 12  # digits of the seconds since 1970


def genuine(key: str, body: bytes, stamp: str, signature: str) -> bool:
    """Tell whether `signature` (`X-Signature`, hex HMAC-SHA256) is that of the raw body followed by `X-Timestamp`.

    Takes as long for a wrong one. Nothing is genuine without a key.
    """
    expected = hmac.new(key.encode(), body + stamp.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected.encode(), signature.strip().lower().encode()) and bool(key)


def fresh(stamp: str, now: datetime) -> bool:
    """Tell whether `X-Timestamp` (seconds since 1970, UTC) is at most five minutes from now, before or after."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= LONGEST_STAMP):
        return False
    return abs(now - datetime(1970, 1, 1, tzinfo=UTC) - timedelta(seconds=int(stamp))) <= TOLERANCE
