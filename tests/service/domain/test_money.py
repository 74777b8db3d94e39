"""Money: whole centimes of one currency."""

import pytest

from service.domain.money import Currency, Money


def test_whole_dirhams_are_kept_as_centimes() -> None:
    assert Money.of(320_000) == Money(32_000_000, Currency.MAD)
    assert Money.of(5_000, Currency.EUR).currency is Currency.EUR


@pytest.mark.parametrize(("minor", "major"), [(0, 0), (99, 0), (100, 1), (12_345, 123)])
def test_a_screen_shows_whole_units_rounded_down(minor: int, major: int) -> None:
    assert Money(minor).major == major


def test_dirhams_and_euros_are_not_the_same_money() -> None:
    assert Money.of(5) != Money.of(5, Currency.EUR)


def test_amounts_have_no_order_of_their_own() -> None:
    # Of two currencies none is "more": whoever compares says in which.
    with pytest.raises(TypeError):
        sorted([Money.of(5), Money.of(4, Currency.EUR)])  # type: ignore[type-var]  # what the test is about
