"""Many rows of everything that is listed, written at once: for pages that must not care how many there are."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import Engine, insert

from service.domain.kinds import MANNERS, Kind
from service.domain.ledger import Account, Posting, Source
from service.domain.money import Currency
from service.domain.progress import HelpWanted, Problem, Stage
from service.domain.projects import ProjectState
from service.domain.roles import OfficerRole
from service.domain.sectors import Sector, Urgency
from service.domain.states import AssociationState, MessageState, NeedState, ProposalState, ReportState
from service.domain.testimonies import Publication, SheetState, TestimonyState
from service.locales import Language
from service.models import (
    Attempt,
    Base,
    Contact,
    Contribution,
    DiasporaAssociation,
    ExperienceSheet,
    Interest,
    LedgerEntry,
    Message,
    Need,
    Officer,
    Origin,
    Phone,
    PlaceLevel,
    ProgressReport,
    Project,
    Proposal,
    Testimony,
    VillageAssociation,
)
from service.models.session import transaction

Row = dict[str, Any]
BATCH = 20_000
TITLES = ("Puits du bas", "École du haut", "Piste du souk", "طريق الدوار", "Centre de santé d'Aït Baha")
# What becomes of some of a hundred messages; the others arrive. The first two failures are told by receipts.
ENDS = {
    7: MessageState.FAILED,
    27: MessageState.FAILED,
    47: MessageState.FAILED,
    57: MessageState.ACCEPTED,
    67: MessageState.QUEUED,
}
NEVER_TAKEN = {47, 67}


def own_phone(number: int) -> str:
    """The number of a village's first officer."""
    return f"+2127{number:08}"


@dataclass(frozen=True)
class Crowd:
    """What rows are spread over: communes, village associations with so many officers each, associations abroad."""

    at: datetime
    communes: Sequence[str]
    villages: int
    abroad: int
    officers: int = 1
    phone: Callable[[int], str] = own_phone

    def officer(self, number: int) -> int:
        """The number of the first officer of the village of a need."""
        return self.officers * (self.village(number) - 1) + 1

    def village(self, number: int) -> int:
        return 1 + number % self.villages

    def partner(self, number: int) -> int:
        return 1 + number % self.abroad

    def commune(self, number: int) -> str:
        return self.communes[number % len(self.communes)]


def phone(crowd: Crowd, number: int) -> Row:
    return {"number": crowd.phone(number), "language": list(Language)[number % 4]}


def phone_abroad(number: int) -> Row:
    return {"number": f"+336{number:08}", "language": Language.FR}


def village(crowd: Crowd, number: int) -> Row:
    return {
        "id": number,
        "name": f"Association Tamount {number}",
        "douar": f"Tizi {number}",
        "commune_code": crowd.commune(number),
        "state": AssociationState.PENDING if number % 20 == 0 else AssociationState.VERIFIED,
        "registered_at": crowd.at,
    }


def officer(crowd: Crowd, number: int) -> Row:
    return {
        "id": number,
        "association_id": number,
        "phone": crowd.phone(number),
        "role": OfficerRole.SECRETARY,
        "joined_at": crowd.at,
    }


def abroad(crowd: Crowd, number: int) -> Row:
    return {
        "id": number,
        "name": f"Lyon-Taliouine {number}",
        "city": "Lyon",
        "country": ("FR", "BE", "NL")[number % 3],
        "time_zone": "Europe/Paris",
        "yearly_capacity": 1_000_00 * number,
        "state": AssociationState.VERIFIED,
        "registered_at": crowd.at,
    }


def contact(crowd: Crowd, number: int) -> Row:
    number_abroad = phone_abroad(number)["number"]
    return {"id": number, "association_id": number, "phone": number_abroad, "name": "Fatima", "joined_at": crowd.at}


def origin(crowd: Crowd, number: int) -> Row:
    return {"association_id": number, "level": PlaceLevel.COMMUNE, "place_code": crowd.commune(number)}


def interest(_crowd: Crowd, number: int) -> Row:
    return {"association_id": number, "sector": list(Sector)[number % len(Sector)], "strength": 1}


def need(crowd: Crowd, number: int) -> Row:
    """A need; each twentieth waits, and each fifth has a partner."""
    state = (
        NeedState.REPORTED if number % 20 == 0 else NeedState.INTRODUCED if has_project(number) else NeedState.VERIFIED
    )
    return {
        "id": number,
        "reference": f"N{number}",
        "association_id": crowd.village(number),
        "reported_by": crowd.officer(number),
        "sector": list(Sector)[number % len(Sector)],
        "households": 20 + number % 400,
        "cost": 1_000_00 * (1 + number % 977),
        "village_share": 10_000_00,
        "title": TITLES[number % len(TITLES)],
        "title_language": "fr",
        "urgency": list(Urgency)[number % len(Urgency)],
        "state": state,
        "reported_at": crowd.at + timedelta(minutes=number),
        "verified_at": None if state is NeedState.REPORTED else crowd.at + timedelta(minutes=number),
    }


def has_project(number: int) -> bool:
    return number % 5 == 1


def handed_over(number: int) -> bool:
    return number % 10 == 1


def proposal(crowd: Crowd, number: int) -> Row:
    return {
        "need_id": number,
        "diaspora_id": crowd.partner(number),
        "state": ProposalState.INTRODUCED if has_project(number) else ProposalState.PROPOSED,
        "score": 0.5,
        "reasons": [],
        "proposed_at": crowd.at,
    }


def project(crowd: Crowd, number: int) -> Row:
    return {
        "need_id": number,
        "state": ProjectState.HANDED_OVER if handed_over(number) else ProjectState.WORKS,
        "begun_at": crowd.at,
        "moved_at": crowd.at + timedelta(minutes=number),
        "handed_over_at": crowd.at if handed_over(number) else None,
    }


def report(crowd: Crowd, number: int) -> Row:
    return {
        "need_id": number,
        "stage": Stage.WORKS,
        "percent": number % 90,
        "spent": 500_00,
        "problem": Problem.NONE,
        "help_wanted": HelpWanted.NONE,
        "language": "fr",
        "state": ReportState.DECLARED,
        "reported_by": crowd.officer(number),
        "reported_at": crowd.at + timedelta(minutes=number),
    }


def contribution(crowd: Crowd, number: int) -> Row:
    return {
        "id": number,
        "need_id": number,
        "source": Source.DIASPORA,
        "diaspora_id": crowd.partner(number),
        "declared_by": "user:1",
        "declared_at": crowd.at,
    }


def entry(crowd: Crowd, number: int) -> Row:
    return {
        "contribution_id": number,
        "posting": Posting.PROMISE,
        "out_of": Account.GIVER,
        "into": Account.PROMISED,
        "minor": 5_000_00,
        "currency": Currency.MAD,
        "rate": 10_000,
        "rate_day": crowd.at.date(),
        "dirhams": 5_000_00,
        "actor": "user:1",
        "at": crowd.at,
    }


def testimony(crowd: Crowd, number: int) -> Row:
    return {
        "need_id": number,
        "officer_id": crowd.officer(number),
        "text": "L'eau est là, merci à tous.",
        "language": "fr",
        "publication": Publication.NAMED,
        "written_at": crowd.at,
        "state": TestimonyState.GIVEN if number % 20 == 1 else TestimonyState.PUBLISHED,
    }


def sheet(crowd: Crowd, number: int) -> Row:
    return {
        "need_id": number,
        "language": Language.FR,
        "state": SheetState.DRAFT if number % 20 == 1 else SheetState.PUBLISHED,
        "title": "Un puits pour Tizi",
        "facts": {},
        "drafted_at": crowd.at,
    }


def message(crowd: Crowd, number: int) -> Row:
    kind = list(Kind)[number % len(Kind)]
    of_a_hundred = number % 100
    state = MessageState.UNKNOWN if number % 5_000 == 1 else ENDS.get(of_a_hundred, MessageState.DELIVERED)
    taken = state is not MessageState.UNKNOWN and of_a_hundred not in NEVER_TAKEN
    return {
        "id": number,
        "key": f"crowd:{number}",
        "phone": crowd.phone(crowd.village(number)),
        "template": "need_saved",
        "kind": kind,
        "priority": MANNERS[kind].priority,
        "language": "fr",
        "text": "Tiwizi: votre besoin est bien recu. Un coordinateur verifie sous 3 jours, reponse par SMS.",
        "parts": 1,
        "state": state,
        "gateway": None if state is MessageState.QUEUED else "console",
        "attempts": 0 if state is MessageState.QUEUED else 1,
        "next_at": crowd.at + timedelta(seconds=number),
        "expires_at": crowd.at + timedelta(days=7, seconds=number),
        "created_at": crowd.at + timedelta(seconds=number),
        "accepted_at": crowd.at if taken else None,
        "final_at": crowd.at if state in {MessageState.DELIVERED, MessageState.FAILED} else None,
    }


def attempt(crowd: Crowd, number: int) -> Row:
    return {
        "message_id": number,
        "gateway": "console",
        "begun_at": crowd.at,
        "ended_at": crowd.at,
        "outcome": "accepted",
    }


def write(engine: Engine, entity: type[Base], rows: Iterator[Row]) -> None:
    """Write rows in batches, each in a transaction of its own."""
    while batch := list(islice(rows, BATCH)):
        with transaction(engine) as session:
            session.execute(insert(entity), batch)


Make = Callable[[Crowd, int], Row]
VILLAGES: tuple[tuple[type[Base], Make], ...] = ((Phone, phone), (VillageAssociation, village), (Officer, officer))
ABROAD: tuple[tuple[type[Base], Make], ...] = (
    (Phone, lambda _, number: phone_abroad(number)),
    (DiasporaAssociation, abroad),
    (Contact, contact),
    (Origin, origin),
    (Interest, interest),
)
NEEDS: tuple[tuple[type[Base], Make], ...] = ((Need, need), (Proposal, proposal))
PROJECTS: tuple[tuple[type[Base], Make], ...] = (
    (Project, project),
    (ProgressReport, report),
    (Contribution, contribution),
    (LedgerEntry, entry),
)
HANDED_OVER: tuple[tuple[type[Base], Make], ...] = ((Testimony, testimony), (ExperienceSheet, sheet))
MESSAGES: tuple[tuple[type[Base], Make], ...] = ((Message, message), (Attempt, attempt))


def fill(engine: Engine, crowd: Crowd, tables: Sequence[tuple[type[Base], Make]], numbers: Sequence[int]) -> None:
    """Write a row of each table for each number."""
    for entity, make in tables:
        write(engine, entity, (make(crowd, number) for number in numbers))
