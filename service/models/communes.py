"""Communes of Morocco (HCP, RGPH 2024): where villages are, and how a villager finds theirs."""

from dataclasses import dataclass

from sqlalchemy import Index, String, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.census.spelling import Search
from service.models.base import Base

MOST = 50.0  # percent


class Commune(Base):
    """A commune with its place in the country and the census indicators that matter to the sectors (percent, km)."""

    __tablename__ = "communes"
    __table_args__ = (Index(None, "province_code", "search_key"),)

    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    name_fr: Mapped[str] = mapped_column(String(80))
    name_ar: Mapped[str] = mapped_column(String(80))
    name_ascii: Mapped[str] = mapped_column(String(80))
    search_key: Mapped[str] = mapped_column(String(80))
    rural: Mapped[bool]
    cercle_code: Mapped[str | None] = mapped_column(String(16))
    province_code: Mapped[str] = mapped_column(String(16))
    province_fr: Mapped[str] = mapped_column(String(80))
    province_ar: Mapped[str] = mapped_column(String(80))
    region_code: Mapped[str] = mapped_column(String(4), index=True)
    region_fr: Mapped[str] = mapped_column(String(80))
    region_ar: Mapped[str] = mapped_column(String(80))
    population_2024: Mapped[int]
    population_2014: Mapped[int | None]
    households_2024: Mapped[int]
    electricity: Mapped[float | None]
    running_water: Mapped[float | None]
    toilet: Mapped[float | None]
    public_sewer: Mapped[float | None]
    paved_road_km: Mapped[float | None]
    school_enrolment: Mapped[float | None]
    illiteracy: Mapped[float | None]
    tachelhit: Mapped[float | None]


@dataclass(frozen=True)
class Region:
    """A region's census code (`09`) and names."""

    code: str
    fr: str
    ar: str


@dataclass(frozen=True)
class Province:
    """A province's or prefecture's census code (`09.541`) and names."""

    code: str
    fr: str
    ar: str


def regions(session: Session) -> list[Region]:
    """Return the regions that have communes, in the order of the census."""
    places = select(Commune.region_code, Commune.region_fr, Commune.region_ar).distinct()
    return [Region(*place) for place in session.execute(places.order_by(Commune.region_code))]


def provinces(session: Session, region_code: str) -> list[Province]:
    """Return the provinces and prefectures of a region by their French names; empty for a region nobody knows."""
    places = select(Commune.province_code, Commune.province_fr, Commune.province_ar).distinct()
    rows = session.execute(places.where(Commune.region_code == region_code))
    return sorted((Province(*place) for place in rows), key=lambda place: place.fr)


def find_communes(session: Session, province_code: str | None, typed: str, limit: int = 5) -> list[Commune]:
    """Return up to `limit` communes that may be meant by what was typed, best first, then by name; empty for nonsense.

    Looks in one province, or in all 1,503 communes (some 30 ms). See service.census.spelling for what is forgiven.
    """
    names = select(Commune.code, Commune.name_ascii, Commune.name_fr, Commune.name_ar)
    if province_code is not None:
        names = names.where(Commune.province_code == province_code)
    search = Search(typed)
    scored = ((-search.likeness(fr, ar), ascii_name, code) for code, ascii_name, fr, ar in session.execute(names))
    best = [code for _, _, code in sorted(score for score in scored if score[0])[:limit]]
    found = {commune.code: commune for commune in session.scalars(select(Commune).where(Commune.code.in_(best)))}
    return [found[code] for code in best]


def speaks_tachelhit(session: Session, commune_code: str | None, region_code: str) -> bool:
    """Tell whether most speak Tachelhit in a commune, or, when it is not known, in a region (HCP, RGPH 2024)."""
    place = Commune.region_code == region_code if commune_code is None else Commune.code == commune_code
    share = select(func.sum(Commune.tachelhit * Commune.population_2024) / func.sum(Commune.population_2024))
    return (session.scalar(share.where(place, Commune.tachelhit.is_not(None))) or 0.0) >= MOST
