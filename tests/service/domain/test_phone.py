"""Phone numbers: as people and gateways write them, in one form inside."""

import pytest

from service.domain.phone import mask_phone, parse_phone, show_phone

WRITTEN = [
    ("MA", "0612345678", "+212612345678"),
    ("MA", "06 12 34 56 78", "+212612345678"),
    ("MA", "06.12.34.56.78", "+212612345678"),
    ("MA", "+212 612-345678", "+212612345678"),
    ("MA", "00212612345678", "+212612345678"),
    ("MA", "212612345678", "+212612345678"),
    ("MA", " 212612345678", "+212612345678"),  # a plus that a form decoded
    ("MA", "٠٦١٢٣٤٥٦٧٨", "+212612345678"),
    ("MA", "+33 6 39 98 00 01", "+33639980001"),
    ("MA", "0033639980001", "+33639980001"),
    ("FR", "06 39 98 00 01", "+33639980001"),
    ("FR", "+33 (0)6 39 98 00 01", "+33639980001"),
    ("NL", "06-12345678", "+31612345678"),
    ("NL", "+31 6 12345678", "+31612345678"),
    ("NL", "0031612345678", "+31612345678"),
]


@pytest.mark.parametrize(("region", "written", "inside"), WRITTEN)
def test_a_number_is_understood_however_it_is_written(region: str, written: str, inside: str) -> None:
    assert parse_phone(written, region) == inside


@pytest.mark.parametrize("inside", sorted({inside for _, _, inside in WRITTEN}))
def test_a_number_inside_is_read_as_itself(inside: str) -> None:
    assert parse_phone(inside) == inside
    assert parse_phone(show_phone(inside)) == inside


@pytest.mark.parametrize("written", ["", "+", "abc", "22222", "0612", "+2126", "+212612345678901234", "+999612345678"])
def test_what_no_network_could_have_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="phone number"):
        parse_phone(written)


def test_a_local_number_without_its_area_is_refused() -> None:
    with pytest.raises(ValueError, match="phone number"):
        parse_phone("+1 5550123")


def test_numbers_are_shown_as_people_write_them_to_each_other() -> None:
    # Where the spaces go is the library's to know, and changes with its releases.
    shown = show_phone("+212612345678")
    assert shown.startswith("+212 6")
    assert [digit for digit in shown if digit.isdigit()] == list("212612345678")
    assert show_phone("+33639980001") == "+33 6 39 98 00 01"


@pytest.mark.parametrize("inside", sorted({inside for _, _, inside in WRITTEN}))
def test_a_masked_number_keeps_four_signs_and_the_last_two(inside: str) -> None:
    masked = mask_phone(inside)
    assert masked.startswith(inside[:4])
    assert masked.endswith(inside[-2:])
    assert inside[4:-2] not in masked
    assert len([sign for sign in masked if sign.isdigit()]) == 5
