"""Needs are found by what is searched, and by what a list is narrowed to."""

import pytest

from tests.service.web.person import Person
from tests.service.web.test_lists import references


@pytest.mark.usefixtures("needs")
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ({"q": "k7 4qe"}, ["K7-4QE"]),
        ({"q": "ecole"}, ["K7-4QE"]),
        ({"q": "ÉCO bas"}, ["K7-4QE"]),
        ({"q": "puits ecole"}, []),
        ({"q": "uits"}, []),  # a word is found by how it begins
        ({"q": "abdallah puits"}, ["A3-BCD"]),
        ({"q": "ait test"}, ["K7-4QE", "A3-BCD"]),
        ({"q": "صالح"}, ["A4-BCA"]),
        ({"q": "تيويزي"}, ["A4-BCA"]),
        ({"q": "assai"}, ["K7-4QE", "A4-BCA", "A3-BCD"]),  # the commune
        ({"q": "أسايس puits"}, ["A3-BCD"]),
        ({"q": "taroudan ecole"}, ["K7-4QE"]),  # the province
        ({"q": "baha"}, []),
        ({"q": "0600000001"}, ["K7-4QE", "A3-BCD"]),
        ({"q": "+212 6 00 00 00 02"}, ["A4-BCA"]),
        ({"q": "0600000003"}, []),
        ({"q": "%"}, []),
        ({"q": "!"}, []),
        ({"state": "verified"}, ["A4-BCA", "A3-BCD"]),
        ({"state": "nonsense"}, ["K7-4QE", "A4-BCA", "A3-BCD"]),
        ({"sector": "roads", "state": "verified"}, ["A3-BCD"]),
        ({"urgency": "critical"}, []),
        ({"province": "09.541"}, ["K7-4QE", "A4-BCA", "A3-BCD"]),
        ({"province": "01.001"}, []),
        ({"commune": "09.541.07.07", "q": "puits"}, ["A3-BCD"]),
        ({"since": "2026-11-23", "until": "2026-11-23"}, ["K7-4QE", "A4-BCA", "A3-BCD"]),
        ({"since": "2026-11-24"}, []),
        ({"until": "2026-11-22"}, []),
        ({"since": "yesterday"}, ["K7-4QE", "A4-BCA", "A3-BCD"]),
        ({"association": "999"}, []),
        ({"association": "x"}, ["K7-4QE", "A4-BCA", "A3-BCD"]),
        ({"sort": "reported"}, ["K7-4QE", "A3-BCD", "A4-BCA"]),
        ({"sort": "-reported"}, ["A4-BCA", "A3-BCD", "K7-4QE"]),
        ({"sort": "title; drop table needs"}, ["K7-4QE", "A4-BCA", "A3-BCD"]),
    ],
)
def test_needs_are_found_by_what_is_asked(coordinator: Person, asked: dict[str, str], found: list[str]) -> None:
    page = coordinator.get("/admin/needs", **asked).text
    assert references(page) == found
    assert ("Rien ne correspond" in page) is (found == [])
