"""Where a phone answers."""

import pytest

from service.domain.countries import country_abroad, country_named, time_zone_of


@pytest.mark.parametrize(
    ("phone", "country"),
    [("+33639980001", "FR"), ("+15145550000", "CA"), ("+212600000009", None), ("+881631234567", None)],
)
def test_a_number_tells_its_country_unless_it_is_moroccan_or_nobodys(phone: str, country: str | None) -> None:
    assert country_abroad(phone) == country


@pytest.mark.parametrize(
    ("phone", "country", "zone"),
    [
        ("+33639980001", "FR", "Europe/Paris"),
        ("+34600000001", "ES", "Europe/Madrid"),
        ("+15145550000", "CA", "America/Toronto"),  # the city's, not another of the country's
        ("+212600000009", "NL", "Europe/Amsterdam"),  # a Moroccan number kept abroad
        ("+212600000009", "ZZ", "UTC"),
    ],
)
def test_a_number_tells_its_time_zone(phone: str, country: str, zone: str) -> None:
    assert time_zone_of(phone, country) == zone


@pytest.mark.parametrize(
    ("typed", "country"),
    [("suisse", "CH"), ("Etats Unis", "US"), ("كندا", "CA"), ("Sweden", "SE"), ("Europe", None), ("x", None)],
)
def test_a_country_is_known_by_its_names(typed: str, country: str | None) -> None:
    assert country_named(typed) == country
