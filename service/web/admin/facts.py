"""What the census (HCP, RGPH 2024) says of a commune that helps to judge a need."""

from collections.abc import Mapping

from service.domain.sectors import Sector
from service.models import Commune

# Columns of Commune; each is also the last part of its catalogue key `web.fact.…`.
ALWAYS = ("population_2024", "households_2024")
USUALLY = ("running_water", "electricity")
BY_SECTOR: Mapping[Sector, tuple[str, ...]] = {
    Sector.SANITATION: ("public_sewer", "toilet"),
    Sector.ROADS: ("paved_road_km",),
    Sector.EDUCATION: ("school_enrolment", "illiteracy"),
    Sector.HEALTH: ("paved_road_km", "running_water"),
}


def facts_for(commune: Commune, sector: Sector | None) -> list[tuple[str, int]]:
    """Return (catalogue key, figure) pairs; the key's text says the unit. What HCP left blank is left out."""
    columns = (*ALWAYS, *(BY_SECTOR.get(sector, USUALLY) if sector else USUALLY))
    figures = [(column, getattr(commune, column)) for column in columns]
    return [(f"web.fact.{column}", round(figure)) for column, figure in figures if figure is not None]
