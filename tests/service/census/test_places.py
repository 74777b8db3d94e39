"""Words of places: which communes, provinces and regions they are of."""

import pytest

from service.census.places import places_called
from service.domain.text import words

AIT_BAHA, CHTOUKA, SOUSS_MASSA = "09.163.01.03", "09.163", "09"


@pytest.mark.parametrize("typed", ["baha", "Baha", "aitbaha", "chtouka", "اشتوكة", "باها"])
def test_a_commune_is_called_by_a_word_of_its_own_or_of_its_province(typed: str) -> None:
    assert AIT_BAHA in places_called(words(typed)[0])


def test_a_province_and_a_region_have_names_of_their_own() -> None:
    assert CHTOUKA in places_called("chtouka")
    assert SOUSS_MASSA in places_called("souss")
    assert AIT_BAHA not in places_called("souss")


def test_a_word_is_found_by_how_it_begins() -> None:
    assert not places_called("oudannt")
