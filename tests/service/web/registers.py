"""Rows for stories of the web."""

from dataclasses import dataclass

from sqlalchemy import Engine

from service.container import Clock
from service.domain.roles import OfficerRole
from service.domain.sectors import Sector
from service.domain.states import AssociationState, NeedState
from service.locales import Language
from service.models import Commune, Need, Officer, Phone, VillageAssociation
from service.models.session import transaction


@dataclass
class Registers:
    """Writes rows for stories; phones are +212600000001, +212600000002…"""

    engine: Engine
    clock: Clock
    phones: int = 0

    def association(
        self, name: str = "Ait Abdallah", state: AssociationState = AssociationState.PENDING, douar: str = "Tizi"
    ) -> int:
        self.phones += 1
        number = f"+2126000{self.phones:05}"
        with transaction(self.engine) as session:
            session.merge(assaisse())
            session.add(Phone(number=number, language=Language.FR))
            session.flush()
            row = VillageAssociation(
                name=name, douar=douar, commune_code=assaisse().code, state=state, registered_at=self.clock()
            )
            row.officers = [Officer(phone=number, role=OfficerRole.SECRETARY, joined_at=self.clock())]
            session.add(row)
            session.flush()
            return row.id

    def need(
        self,
        association_id: int,
        title: str = "Puits du bas",
        state: NeedState = NeedState.REPORTED,
        reference: str = "K7-4Q2",
        sector: Sector = Sector.WATER,
    ) -> int:
        with transaction(self.engine) as session:
            association = session.get_one(VillageAssociation, association_id)
            row = Need(
                reference=reference,
                association_id=association_id,
                reported_by=association.officers[0].id,
                sector=sector,
                households=84,
                cost=320_000_00,
                village_share=60_000_00,
                title=title,
                title_language="fr",
                state=state,
                reported_at=self.clock(),
            )
            session.add(row)
            session.flush()
            return row.id


def assaisse() -> Commune:
    """A commune as HCP counted it (RGPH 2024)."""
    return Commune(
        code="09.541.07.07",
        name_fr="Assaisse",
        name_ar="أسايس",
        name_ascii="Assaisse",
        search_key="assaisse",
        rural=True,
        cercle_code="09.541.07",
        province_code="09.541",
        province_fr="Taroudannt",
        province_ar="تارودانت",
        region_code="09",
        region_fr="Souss-Massa",
        region_ar="سوس-ماسة",
        population_2024=5934,
        population_2014=6838,
        households_2024=1590,
        electricity=96.4,
        running_water=98.6,
        toilet=92.1,
        public_sewer=11.4,
        paved_road_km=2.3,
        school_enrolment=94.8,
        illiteracy=51.9,
        tachelhit=86.7,
    )
