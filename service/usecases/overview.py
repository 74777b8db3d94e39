"""What everybody may know of the whole: how many projects, where and when, and who takes part; counts only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, case, extract, func, select
from sqlalchemy.orm import Session

from service.domain.sectors import Sector
from service.domain.text import search_key
from service.locales import Language, speaker
from service.models.associations import VillageAssociation
from service.models.communes import Commune, Province
from service.models.diaspora import DiasporaAssociation
from service.models.listings import is_listed, is_member
from service.models.needs import Need
from service.models.projects import Project
from service.usecases.published import FINISHED, SHOWN, shown_projects


@dataclass(frozen=True)
class Count:
    """How many projects there are of something, how many of them are finished, and the households they serve."""

    what: Any
    projects: int
    finished: int
    households: int


@dataclass(frozen=True)
class Overview:
    """The projects that everybody may see, counted."""

    sectors: Sequence[Count]
    provinces: Sequence[Count]
    years: Sequence[tuple[int, int]]

    @property
    def total(self) -> Count:
        """All of them."""
        ones = self.sectors
        return Count(
            None, *(sum(getattr(one, part) for one in ones) for part in ("projects", "finished", "households"))
        )


def overview(session: Session) -> Overview:
    """Count projects by sector and by province, the most first, and those handed over by year, the newest first."""
    year = extract("year", Project.handed_over_at)
    ended = select(year, func.count()).where(Project.state.in_(FINISHED), Project.handed_over_at.is_not(None))
    names = (Commune.province_code, Commune.province_fr, Commune.province_ar)
    return Overview(
        sectors=[Count(Sector(sector), *rest) for sector, *rest in session.execute(_counted(Need.sector))],
        provinces=[Count(Province(*row[:3]), *row[3:]) for row in session.execute(_counted(*names))],
        years=[(int(one), count) for one, count in session.execute(ended.group_by(year).order_by(year.desc()))],
    )


def _counted(*by: Any) -> Select[Any]:
    projects = func.count().label("projects")
    finished = func.sum(case((Project.state.in_(FINISHED), 1), else_=0))
    return (
        select(*by, projects, finished, func.sum(Need.households))
        .select_from(Project)
        .join(Project.need)
        .join(Need.association)
        .join(VillageAssociation.commune)
        .where(Project.state.in_(SHOWN))
        .group_by(*by)
        .order_by(projects.desc(), by[0])
    )


@dataclass(frozen=True)
class Country:
    """How many associations take part from a country, and those that agreed to be named, each with its city."""

    code: str
    count: int
    listed: Sequence[tuple[str, str]]


def network(session: Session) -> list[Country]:
    """Return the countries from which associations take part, the most first."""
    counted = select(DiasporaAssociation.country, func.count()).where(is_member())
    rows = session.execute(counted.group_by(DiasporaAssociation.country)).all()
    named: dict[str, list[tuple[str, str]]] = {}
    agreed = select(DiasporaAssociation).where(is_listed()).order_by(DiasporaAssociation.name)
    for one in session.scalars(agreed):
        named.setdefault(one.country, []).append((one.name, one.city))
    found = [Country(code, count, named.get(code, [])) for code, count in rows]
    return sorted(found, key=lambda one: (-one.count, one.code))


def found_projects(session: Session, typed: str, limit: int) -> Sequence[Project]:
    """Return the projects of which each word typed is a sector, a commune, a province or the reference."""
    found = shown_projects()
    for word in typed.split():
        key = search_key(word)
        if key:
            places = Commune.search_key.contains(key) | Commune.name_ar.contains(word, autoescape=True)
            within = Commune.province_code.in_(_provinces(session, key, word))
            about = Need.sector.in_(_sectors(key))
            found = found.where(places | within | about | (Need.reference == word.upper()))
    return session.scalars(found.limit(limit)).all()


def _provinces(session: Session, key: str, word: str) -> list[str]:
    names = select(Commune.province_code, Commune.province_fr, Commune.province_ar).distinct()
    return [code for code, fr, ar in session.execute(names) if key in search_key(fr) or word in ar]


def _sectors(key: str) -> list[Sector]:
    """Return the sectors that are called so in some language."""
    called: Mapping[Sector, str] = {
        one: " ".join(search_key(speaker(language).write(one)) for language in Language) for one in Sector
    }
    return [one for one, names in called.items() if key in names]
