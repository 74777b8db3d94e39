"""Communes of Morocco (HCP, RGPH 2024): where villages are."""

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from service.models.base import Base


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
