"""What is a sign of life of a number, and how long it may be without one."""

from datetime import UTC, datetime, timedelta

import pytest

from service.domain.dormancy import DORMANT, is_dormant

NOW = datetime(2026, 11, 26, tzinfo=UTC)
LATELY, LONG_AGO = NOW - DORMANT + timedelta(seconds=1), NOW - DORMANT


@pytest.mark.parametrize(
    ("signs", "dormant"),
    [
        ([LATELY], False),
        ([LONG_AGO], True),
        ([LONG_AGO, LATELY], False),  # somebody vouched since
        ([LATELY, LONG_AGO], False),
        ([None, LATELY], False),
        ([None, None], True),
    ],
)
def test_a_number_is_dormant_after_90_days_without_a_sign(signs: list[datetime | None], *, dormant: bool) -> None:
    assert is_dormant(NOW, signs) is dormant
