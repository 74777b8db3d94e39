"""The two sides of a matching round, read from the database into arrays."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import numpy as np
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, joinedload, selectinload

from service.domain.money import Money
from service.domain.projects import UNDER_WAY
from service.domain.sectors import Sector, Urgency
from service.domain.states import AssociationState, NeedState, ProposalState
from service.matching.problem import Ints
from service.matching.sides import Interests, Level, Needs, Origins, Partners
from service.models.associations import VillageAssociation
from service.models.communes import Commune
from service.models.diaspora import Contact, DiasporaAssociation, Origin, PlaceLevel
from service.models.needs import Need
from service.models.phones import Phone
from service.models.projects import Project
from service.models.proposals import OPEN, Proposal
from service.usecases.means import ProjectMoney, read_money

SECTORS, URGENCIES = list(Sector), list(Urgency)
# What an association that declared no capacity is taken to give in a year: between the two that the demo knows.
TYPICAL_CAPACITY = 300_000 * 100  # centimes of a dirham
PERCENT = 100
FAR_FROM_ROAD = 10  # km to a paved road, from which on the signal is full


@dataclass(frozen=True)
class Sides:
    """Open needs and opted-in associations, as entities and, in the same order, as arrays.

    `missing` is what nobody has promised yet of a need. `asked` counts, by the need's id, the associations whose answer
    is awaited.
    """

    needs: list[Need]
    partners: list[DiasporaAssociation]
    need_side: Needs
    partner_side: Partners
    missing: list[Money]
    need_slots: Ints
    blocked: tuple[Ints, Ints]
    asked: Counter[int]


def read_sides(session: Session, now: datetime, slots: int) -> Sides:
    """Read the needs that may be shown to one more association, locked, and the associations that may be asked."""
    needs = _open_needs(session)
    money = read_money(session, needs, now)
    # Read after the lock, so that another round's proposals count.
    shown = session.execute(select(Proposal.need_id, Proposal.diaspora_id, Proposal.state)).all()
    open_now = Counter(need_id for need_id, _, state in shown if state in OPEN)
    partnered = {need_id for need_id, _, state in shown if state is ProposalState.INTRODUCED}
    needs = [need for need in needs if open_now[need.id] < slots and money.wanted(need, partnered)]
    partners = _partners(session, now)
    places = _Places()
    return Sides(
        needs,
        partners,
        _need_side(needs, places, now, {need_id for need_id, _, _ in shown}, money),
        _partner_side(session, partners, places, shown, money),
        [Money(money.missing(need)) for need in needs],
        np.array([slots - open_now[need.id] for need in needs], dtype=np.int64),
        _blocked(needs, partners, shown),
        open_now,
    )


@dataclass
class _Places:
    """Numbers for census codes, unique within their level."""

    codes: dict[tuple[Level, str], int] = field(default_factory=dict)

    def number(self, level: Level, code: str) -> int:
        return self.codes.setdefault((level, code), len(self.codes))

    def of(self, commune: Commune) -> dict[Level, int]:
        # A commune outside any cercle is its own.
        codes = {
            Level.COMMUNE: commune.code,
            Level.CERCLE: commune.cercle_code or commune.code,
            Level.PROVINCE: commune.province_code,
            Level.REGION: commune.region_code,
        }
        return {level: self.number(level, code) for level, code in codes.items()}


def _open_needs(session: Session) -> list[Need]:
    under_way = select(Project.need_id).where(Project.state.in_(UNDER_WAY))
    found = (
        select(Need)
        .join(Need.association)
        .where(
            or_(Need.state == NeedState.VERIFIED, Need.id.in_(under_way)),
            VillageAssociation.state == AssociationState.VERIFIED,
        )
        .order_by(Need.verified_at, Need.id)
        .options(joinedload(Need.association).joinedload(VillageAssociation.commune))
        .with_for_update(of=Need)
    )
    return list(session.scalars(found))


def _partners(session: Session, now: datetime) -> list[DiasporaAssociation]:
    reachable = select(Contact.association_id).join(Phone).where(Contact.left_at.is_(None), Phone.stopped_at.is_(None))
    found = (
        select(DiasporaAssociation)
        .where(
            DiasporaAssociation.left_at.is_(None),
            DiasporaAssociation.state == AssociationState.VERIFIED,
            or_(DiasporaAssociation.paused_until.is_(None), DiasporaAssociation.paused_until <= now),
            DiasporaAssociation.id.in_(reachable),
        )
        .order_by(DiasporaAssociation.id)
        .options(
            selectinload(DiasporaAssociation.contacts),
            selectinload(DiasporaAssociation.origins),
            selectinload(DiasporaAssociation.interests),
        )
    )
    return list(session.scalars(found))


def _need_side(needs: Sequence[Need], places: _Places, now: datetime, shown: set[int], money: ProjectMoney) -> Needs:
    where = [places.of(need.association.commune) for need in needs]
    return Needs(
        commune=_ints(place[Level.COMMUNE] for place in where),
        cercle=_ints(place[Level.CERCLE] for place in where),
        province=_ints(place[Level.PROVINCE] for place in where),
        region=_ints(place[Level.REGION] for place in where),
        sector=_ints(SECTORS.index(need.sector) for need in needs),
        open_amount=_ints(money.missing(need) for need in needs),
        urgency=_ints(URGENCIES.index(need.urgency) for need in needs),
        waiting_days=_ints(0 if need.id in shown else _days(need.verified_at, now) for need in needs),
        evidence=np.array([evidence(need.association.commune, need.sector) for need in needs], dtype=np.float64),
    )


def _partner_side(
    session: Session,
    partners: Sequence[DiasporaAssociation],
    places: _Places,
    shown: Sequence[Any],
    money: ProjectMoney,
) -> Partners:
    states = {partner.id: Counter[ProposalState]() for partner in partners}
    for _, diaspora_id, state in shown:
        if diaspora_id in states:
            states[diaspora_id][state] += 1
    ties = [tie for place, partner in enumerate(partners) for tie in _ties(session, place, partner, places)]
    interests = [
        (place, SECTORS.index(interest.sector), interest.strength)
        for place, partner in enumerate(partners)
        for interest in partner.interests
    ]
    records = [states[partner.id] for partner in partners]
    return Partners(
        capacity_left=_ints(
            max(0, (partner.yearly_capacity or TYPICAL_CAPACITY) - money.this_year[partner.id]) for partner in partners
        ),
        declared=np.array([bool(partner.yearly_capacity) for partner in partners], dtype=np.bool_),
        slots=_ints(
            max(0, partner.attention_slots - record[ProposalState.PROPOSED])
            for partner, record in zip(partners, records, strict=True)
        ),
        proposed=_ints(record.total() - record[ProposalState.PROPOSED] for record in records),
        answered=_ints(
            record.total() - record[ProposalState.PROPOSED] - record[ProposalState.EXPIRED] for record in records
        ),
        pledged=_ints(money.due[partner.id] for partner in partners),
        kept=_ints(money.kept[partner.id] for partner in partners),
        origins=Origins(*(_column(ties, column) for column in range(3))),
        interests=Interests(*(_column(interests, column) for column in range(3))),
    )


def _ties(session: Session, place: int, partner: DiasporaAssociation, places: _Places) -> list[tuple[int, int, int]]:
    """Return an association's ties: each origin at its own level and at every wider one."""
    ties = {(place, int(Level.COUNTRY), 0)}
    for origin in partner.origins:
        around = places.of(_commune_within(session, origin))
        narrowest = Level[origin.level.name]
        ties |= {(place, int(level), number) for level, number in around.items() if level >= narrowest}
    return sorted(ties)


def _commune_within(session: Session, origin: Origin) -> Commune:
    columns = {
        PlaceLevel.COMMUNE: Commune.code,
        PlaceLevel.PROVINCE: Commune.province_code,
        PlaceLevel.REGION: Commune.region_code,
    }
    found = select(Commune).where(columns[origin.level] == origin.place_code).order_by(Commune.code).limit(1)
    return session.scalars(found).one()


def _blocked(needs: Sequence[Need], partners: Sequence[DiasporaAssociation], shown: Sequence[Any]) -> tuple[Ints, Ints]:
    """Return the pairs that were proposed before, whatever came of it: nobody is asked the same twice."""
    rows = {need.id: row for row, need in enumerate(needs)}
    cols = {partner.id: col for col, partner in enumerate(partners)}
    pairs = [(rows[need], cols[diaspora]) for need, diaspora, _ in shown if need in rows and diaspora in cols]
    return _column(pairs, 0), _column(pairs, 1)


def evidence(commune: Commune, sector: Sector) -> float:
    """Return the census signal (HCP, RGPH 2024) of a commune for a sector: 0 nothing lacks, 1 everything does."""
    lacking = {
        Sector.WATER: commune.running_water,
        Sector.SANITATION: commune.toilet,
        Sector.ELECTRICITY: commune.electricity,
        Sector.EDUCATION: commune.school_enrolment,
    }
    if sector is Sector.ROADS:
        return min(1.0, (commune.paved_road_km or 0.0) / FAR_FROM_ROAD)
    served = lacking.get(sector)
    return 0.0 if served is None else 1.0 - served / PERCENT


def _days(since: datetime | None, now: datetime) -> int:
    return (now - since).days if since else 0


def _ints(values: Any) -> Ints:
    return np.fromiter(values, dtype=np.int64)


def _column(rows: Sequence[tuple[int, ...]], column: int) -> Ints:
    return np.array([row[column] for row in rows], dtype=np.int64)
