"""Projects as activities of the IATI standard 2.03 (iatistandard.org), written one after the other.

Codes are of IATI's embedded code lists; sectors of the DAC's CRS purpose codes (OECD, "DAC and CRS code lists", sector
vocabulary 1): 14031 basic drinking water, 31140 agricultural water, 14032 basic sanitation, 21020 road transport, 23630
electric power transmission and distribution, 11120 education facilities and training, 12230 basic health
infrastructure, 16020 employment creation, 33210 tourism, 43040 rural development.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from xml.etree import ElementTree as ET

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from service.domain.ledger import Account, Source
from service.domain.projects import ProjectState
from service.domain.sectors import Sector
from service.locales import Language, Speaker, speaker
from service.models.contributions import Contribution, contributions_of
from service.models.projects import Project
from service.models.session import reading
from service.models.sheets import published_sheets
from service.usecases.published import SHOWN, Card, cards, partner_names, shown_projects

VERSION = "2.03"
BATCH = 100
LANG = "{http://www.w3.org/XML/1998/namespace}lang"
SECTORS: Mapping[Sector, str] = {
    Sector.WATER: "14031",
    Sector.IRRIGATION: "31140",
    Sector.SANITATION: "14032",
    Sector.ROADS: "21020",
    Sector.ELECTRICITY: "23630",
    Sector.EDUCATION: "11120",
    Sector.HEALTH: "12230",
    Sector.INCOME: "16020",
    Sector.TOURISM: "33210",
    Sector.OTHER: "43040",
}
# ActivityStatus: 2 implementation, 3 finalisation, 4 closed.
STATUSES: Mapping[ProjectState, str] = {
    ProjectState.WORKS: "2",
    ProjectState.ACCEPTED: "2",
    ProjectState.HANDED_OVER: "3",
    ProjectState.CLOSED: "4",
}
ACTUAL_START, ACTUAL_END = "2", "4"  # ActivityDateType
FUNDING, IMPLEMENTING = "1", "4"  # OrganisationRole
# OrganisationType: 22 national NGO, 24 NGO of the partner country, 10 government, 11 local government, 90 other.
ABROAD, VILLAGE = "22", "24"
INSTITUTIONS: Mapping[Source, str] = {
    Source.COMMUNE: "11",
    Source.PROVINCE: "10",
    Source.STATE_PROGRAMME: "10",
    Source.OTHER: "90",
}
# TransactionType: 11 incoming commitment, 1 incoming funds.
TRANSACTIONS: Mapping[Account, str] = {Account.CONFIRMED: "11", Account.RECEIVED: "1"}
LEGAL_RESTRICTIONS, ONE_PLACE, REACH = "2", "8", "1"  # BudgetNotProvided, ActivityScope, GeographicLocationReach


@dataclass(frozen=True)
class Reporter:
    """Who publishes: an organisation's identifier and name."""

    reference: str
    name: str


def count_activities(engine: Engine) -> int:
    """Return how many activities there are to write."""
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(Project).where(Project.state.in_(SHOWN))) or 0


def activities(engine: Engine, now: datetime, reporter: Reporter, *, amounts: bool = False) -> Iterator[bytes]:
    """Yield the file: its head, one activity at a time, its foot.

    With `amounts`, what was confirmed and received of each contribution; never what is needed, nor what is missing.
    """
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<iati-activities version="{VERSION}" '.encode()
    yield f'generated-datetime="{now.isoformat(timespec="seconds")}">\n'.encode()
    voice, last = speaker(Language.FR), 0
    while True:
        with reading(engine) as session:
            after = shown_projects().where(Project.need_id > last).order_by(None).order_by(Project.need_id)
            batch = session.scalars(after.limit(BATCH)).all()
            written = [
                ET.tostring(_activity(session, voice, reporter, project, card, amounts=amounts), "utf-8") + b"\n"
                for project, card in zip(batch, cards(session, voice, batch), strict=True)
            ]
        yield from written
        if len(batch) < BATCH:
            break
        last = batch[-1].need_id
    yield b"</iati-activities>\n"


def _activity(
    session: Session, voice: Speaker, reporter: Reporter, project: Project, card: Card, *, amounts: bool
) -> ET.Element:
    lines = contributions_of(session, card.need_id)
    made = ET.Element(
        "iati-activity",
        {
            LANG: Language.FR.value,
            "last-updated-datetime": card.moved_at.isoformat(timespec="seconds"),
            "budget-not-provided": LEGAL_RESTRICTIONS,
        },
    )
    ET.SubElement(made, "iati-identifier").text = f"{reporter.reference}-{card.reference}"
    # Whoever publishes reports what others do.
    by = {"ref": reporter.reference, "type": ABROAD, "secondary-reporter": "1"}
    _narrated(made, "reporting-org", reporter.name, **by)
    _narrated(made, "title", voice.say("public.iati.title", sector=card.sector, place=card.place))
    said = voice.say("public.iati.description", sector=card.sector, place=card.place, count=card.households)
    _narrated(made, "description", said, type="1")
    _participants(session, voice, made, project, lines)
    ET.SubElement(made, "activity-status", code=STATUSES[card.state])
    for kind, day in _dates(card):
        ET.SubElement(made, "activity-date", {"type": kind, "iso-date": day.isoformat()})
    ET.SubElement(made, "activity-scope", code=ONE_PLACE)
    ET.SubElement(made, "recipient-country", code="MA")
    location = ET.SubElement(made, "location")
    ET.SubElement(location, "location-reach", code=REACH)
    _narrated(location, "name", card.place)
    ET.SubElement(made, "sector", vocabulary="1", code=SECTORS[card.sector])
    if amounts:
        for line in lines:
            _transactions(voice, made, line)
    return made


def _participants(
    session: Session, voice: Speaker, made: ET.Element, project: Project, lines: Sequence[Contribution]
) -> None:
    """Name those who agreed to it; of the others say what they are."""
    names, others = partner_names(session, project.need_id)
    unnamed = [voice.say("sheet.partner")] * others
    for name in (*names, *unnamed):
        _narrated(made, "participating-org", name, role=FUNDING, type=ABROAD)
    for source in dict.fromkeys(line.source for line in lines if line.columns.confirmed):
        if source in INSTITUTIONS:
            kind = INSTITUTIONS[source]
            _narrated(made, "participating-org", voice.write(source), role=FUNDING, type=kind)
    # The village agreed to be named when it agreed to its sheet.
    sheet = published_sheets(session, (), reference=project.need.reference)
    village = project.need.association.name if sheet else voice.say("public.iati.village")
    _narrated(made, "participating-org", village, role=IMPLEMENTING, type=VILLAGE)


def _dates(card: Card) -> Iterator[tuple[str, date]]:
    """Yield when the works began and, once they are over, ended."""
    yield ACTUAL_START, card.began_on or card.moved_at.date()
    if card.finished and card.ended_on:
        yield ACTUAL_END, card.ended_on


def _transactions(voice: Speaker, made: ET.Element, line: Contribution) -> None:
    for account, kind in TRANSACTIONS.items():
        minor = getattr(line.columns, account.value)
        days = [entry.at.date() for entry in line.entries if account in {entry.into, entry.out_of}]
        if not minor:
            continue
        # What was received was confirmed by that.
        day = (max(days) if days else line.entries[-1].at.date()).isoformat()
        transaction = ET.SubElement(made, "transaction")
        ET.SubElement(transaction, "transaction-type", code=kind)
        ET.SubElement(transaction, "transaction-date", {"iso-date": day})
        value = ET.SubElement(transaction, "value", {"currency": "MAD", "value-date": day})
        value.text = f"{Decimal(minor) / 100:.2f}"
        _narrated(transaction, "provider-org", voice.write(line.source))


def _narrated(parent: ET.Element, tag: str, said: str, **attributes: str) -> None:
    element = ET.SubElement(parent, tag, attributes)
    ET.SubElement(element, "narrative").text = said
