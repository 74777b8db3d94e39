"""The census as the service reads it."""

from collections import Counter
from dataclasses import fields

import pytest

from service.census import CREDIT, CensusCommune, communes
from service.models import Commune


@pytest.fixture(scope="module")
def census() -> dict[str, CensusCommune]:
    return {commune.code: commune for commune in communes()}


def test_morocco_has_1503_communes_and_souss_massa_175_in_6_provinces(census: dict[str, CensusCommune]) -> None:
    souss = [commune for commune in census.values() if commune.region_code == "09"]
    assert len(census) == 1503
    assert len(souss) == 175
    assert sum(commune.rural for commune in souss) == 152
    assert Counter(commune.province_code for commune in souss) == {
        "09.001": 13,
        "09.163": 22,
        "09.273": 6,
        "09.541": 89,
        "09.551": 20,
        "09.581": 25,
    }


def test_taliouine_is_as_the_census_says(census: dict[str, CensusCommune]) -> None:
    taliouine = census["09.541.01.11"]
    assert taliouine == CensusCommune(
        code="09.541.01.11",
        name_fr="Taliouine",
        name_ar="تالوين",
        name_ascii="Taliouine",
        search_key="taliouine",
        rural=False,
        cercle_code=None,
        province_code="09.541",
        province_fr="Taroudannt",
        province_ar="تارودانت",
        region_code="09",
        region_fr="Souss-Massa",
        region_ar="سوس-ماسة",
        population_2024=7040,
        population_2014=6727,
        households_2024=1753,
        electricity=98.3,
        running_water=97.1,
        toilet=98.9,
        public_sewer=4.4,
        paved_road_km=None,
        school_enrolment=98.6,
        illiteracy=22.6,
        tachelhit=94.4,
    )


def test_figures_are_of_the_whole_commune_and_of_both_sexes(census: dict[str, CensusCommune]) -> None:
    # Drargua has an urban centre, whose figures (99.2, 96.3, 19.9) HCP gives apart, as those of men and women.
    drargua = census["09.001.05.09"]
    assert drargua.rural
    assert drargua.population_2024 == 107_621
    assert (drargua.electricity, drargua.public_sewer, drargua.illiteracy) == (98.3, 71.2, 23)


def test_a_name_with_marks_has_an_ascii_name_beside_it(census: dict[str, CensusCommune]) -> None:
    belfaa = census["09.163.05.11"]
    assert (belfaa.name_fr, belfaa.name_ascii, belfaa.search_key) == ("Belfaâ", "Belfaa", "belfaa")
    assert all(commune.name_ascii.isascii() and commune.search_key.isalnum() for commune in census.values())


def test_percentages_are_percentages_and_few_are_missing(census: dict[str, CensusCommune]) -> None:
    shares = ("electricity", "running_water", "toilet", "public_sewer", "school_enrolment", "illiteracy", "tachelhit")
    for share in shares:
        values = [getattr(commune, share) for commune in census.values()]
        known = [value for value in values if value is not None]
        assert len(values) - len(known) <= 6, share
        assert 0 <= min(known) < max(known) <= 100, share
    rural = [commune.paved_road_km for commune in census.values() if commune.rural]
    assert sum(road is None for road in rural) == 3  # nomads' communes of the far south


def test_a_commune_of_the_census_has_the_columns_of_the_register() -> None:
    assert {field.name for field in fields(CensusCommune)} == set(Commune.__table__.columns.keys())


def test_hcp_and_the_licence_are_credited() -> None:
    assert "HCP" in CREDIT
    assert "CC BY 4.0" in CREDIT
