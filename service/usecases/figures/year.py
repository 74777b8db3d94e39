"""A year for the ministry and for funders: every figure of the yearly report, gathered once and then only written."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from service.domain.ledger import Columns, Rate, Source
from service.domain.money import Currency
from service.domain.needs import CostBasis
from service.domain.projects import ProjectState
from service.domain.roles import OfficerRole
from service.domain.sectors import Sector
from service.domain.states import NeedState, ProposalState
from service.domain.testimonies import TestimonyState
from service.models import Commune, DiasporaAssociation, Need, Officer, Project, Proposal, Testimony, VillageAssociation
from service.models.contributions import Contribution, LedgerEntry
from service.models.needs import NeedDetails
from service.usecases.figures.counts import Happening, by, happenings
from service.usecases.figures.money import Sum, money_by_project, money_of
from service.usecases.figures.path import Step, Wait, funnel, waits
from service.usecases.figures.scope import Scope
from service.usecases.rates import rate_on

FIRST, LAST = 2000, 2199


class NeedRow(NamedTuple):
    """A need that was reported in the year; money in centimes of a dirham. `by` is who declared it."""

    reference: str
    sector: Sector
    association: str
    commune: Commune
    households: int
    cost: int
    basis: CostBasis | None
    village_share: int
    state: NeedState
    by: OfficerRole
    reported_at: datetime
    verified_at: datetime | None


@dataclass(frozen=True)
class ProjectRow:
    """A project that began, was handed over or had money entered in the year; `money` is the year's, by source."""

    reference: str
    sector: Sector
    association: str
    commune: Commune
    partners: tuple[str, ...]
    state: ProjectState
    begun_at: datetime
    handed_over_at: datetime | None
    cost: int
    money: Mapping[Source, Columns]


@dataclass(frozen=True)
class YearReport:
    """All that the report says of a year; `euro` is the rate that held at its end, or holds today."""

    year: int
    drawn_at: datetime
    euro: Rate
    needs: list[NeedRow]
    projects: list[ProjectRow]
    money: list[Sum]
    communes: list[tuple[Commune, Counter[Happening]]]
    sectors: dict[Sector, Counter[Happening]]
    funnel: dict[Step, int]
    waits: dict[Step, Wait]
    testimonies: Counter[tuple[TestimonyState, bool]]

    @property
    def happened(self) -> Counter[Happening]:
        """How much happened in all."""
        return sum(self.sectors.values(), Counter())

    @property
    def in_all(self) -> Columns:
        """The year's money in all."""
        return sum((one.dirhams for one in self.money), Columns())


def report_of(session: Session, now: datetime, year: int) -> YearReport:
    """Gather the figures of a year of the whole country, in a dozen statements. Raises ValueError for no such year."""
    if not FIRST <= year <= LAST:
        raise ValueError(f"a year is from {FIRST} to {LAST}")
    scope = Scope.of_year(year)
    tallies = happenings(session, scope, communes=True)
    places = by(tallies, lambda one: one.place)
    communes = _communes(session, places)
    return YearReport(
        year=year,
        drawn_at=now,
        euro=rate_on(session, Currency.EUR, min(scope.until, now.date())),
        needs=_needs(session, scope),
        projects=_projects(session, scope),
        money=money_of(session, scope),
        communes=[(communes[code], places[code]) for code in sorted(places)],
        sectors=by(tallies, lambda one: one.sector),
        funnel=funnel(session, scope),
        waits=waits(session, scope),
        testimonies=_testimonies(session, scope),
    )


def _needs(session: Session, scope: Scope) -> list[NeedRow]:
    # Columns, not entities: a year may have tens of thousands.
    found = (
        select(
            Need.reference,
            Need.sector,
            VillageAssociation.name,
            Commune,
            Need.households,
            Need.cost,
            NeedDetails.cost_basis,
            Need.village_share,
            Need.state,
            Officer.role,
            Need.reported_at,
            Need.verified_at,
        )
        .select_from(Need)
        .join(Officer, Officer.id == Need.reported_by)
        .join(VillageAssociation, VillageAssociation.id == Need.association_id)
        .join(Commune, Commune.code == VillageAssociation.commune_code)
        .outerjoin(NeedDetails, NeedDetails.need_id == Need.id)
        .where(scope.has(Need.reported_at))
        .order_by(Need.reported_at, Need.id)
    )
    return [NeedRow._make(row) for row in session.execute(found)]


def _projects(session: Session, scope: Scope) -> list[ProjectRow]:
    money: dict[int, dict[Source, Columns]] = {}
    for (need_id, source), columns in money_by_project(session, scope).items():
        money.setdefault(need_id, {})[source] = columns
    paid = select(Contribution.need_id).join(LedgerEntry).where(scope.has(LedgerEntry.at))
    of_the_year = or_(scope.has(Project.begun_at), scope.has(Project.handed_over_at), Project.need_id.in_(paid))
    found = (
        select(Project, Need, VillageAssociation.name, Commune)
        .join(Need, Need.id == Project.need_id)
        .join(VillageAssociation, VillageAssociation.id == Need.association_id)
        .join(Commune, Commune.code == VillageAssociation.commune_code)
        .where(of_the_year)
        .order_by(Project.begun_at, Project.need_id)
    )
    partners = _partners(session)
    return [
        ProjectRow(
            reference=need.reference,
            sector=need.sector,
            association=association,
            commune=commune,
            partners=tuple(partners.get(need.id, ())),
            state=project.state,
            begun_at=project.begun_at,
            handed_over_at=project.handed_over_at,
            cost=need.cost,
            money=money.get(need.id, {}),
        )
        for project, need, association, commune in session.execute(found)
    ]


def _partners(session: Session) -> dict[int, list[str]]:
    introduced = (
        select(Proposal.need_id, DiasporaAssociation.name)
        .join(DiasporaAssociation, DiasporaAssociation.id == Proposal.diaspora_id)
        .where(Proposal.state == ProposalState.INTRODUCED)
        .order_by(Proposal.id)
    )
    names: dict[int, list[str]] = {}
    for need_id, name in session.execute(introduced):
        names.setdefault(need_id, []).append(name)
    return names


def _communes(session: Session, codes: Iterable[str]) -> dict[str, Commune]:
    found = select(Commune).where(Commune.code.in_(list(codes)))
    return {commune.code: commune for commune in session.scalars(found)}


def _testimonies(session: Session, scope: Scope) -> Counter[tuple[TestimonyState, bool]]:
    """Return how many were given in the year, by what became of them and whether the village gave them."""
    keys = (Testimony.state, Testimony.officer_id.is_not(None))
    counted = select(*keys, func.count()).where(scope.has(Testimony.written_at)).group_by(*keys)
    return Counter({(state, bool(village)): count for state, village, count in session.execute(counted)})
