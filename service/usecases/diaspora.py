"""Associations of emigrants: registered by the NGO that knows them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from phonenumbers import SUPPORTED_REGIONS
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.money import Currency, Money
from service.domain.phone import parse_phone
from service.domain.sectors import Sector
from service.domain.text import clean
from service.locales import Language
from service.models.audit import record
from service.models.communes import Commune
from service.models.diaspora import Contact, DiasporaAssociation, Interest, Origin, PlaceLevel, active_contact
from service.usecases.phones import know_phone, record_consent

LONGEST_NAME = 80
MOST_SLOTS = 20
STRENGTHS = range(1, 4)


def register_diaspora(
    session: Session,
    now: datetime,
    *,
    name: str,
    city: str,
    country: str,
    time_zone: str,
    yearly_capacity: Money | None,
    attention_slots: int,
    contact_name: str,
    phone: str,
    language: Language,
    origins: Sequence[str],
    interests: Mapping[Sector, int],
) -> DiasporaAssociation:
    """Register an association of emigrants with its first contact, whose consent the NGO holds on paper.

    `country` is ISO 3166-1 alpha-2, and national phone numbers are read in it; `time_zone` is IANA's name; capacity is
    in dirhams a year, None when undeclared; `origins` are census codes of communes, provinces or regions; an interest
    is 1 to 3.
    Raises ValueError with one sentence for the first value that cannot be.
    """
    country = _country(country)
    association = DiasporaAssociation(
        name=_free_name(session, _text("name", name)),
        city=_text("city", city),
        country=country,
        time_zone=_time_zone(time_zone),
        yearly_capacity=_capacity(yearly_capacity),
        attention_slots=_slots(attention_slots),
        registered_at=now,
    )
    association.origins = _origins(session, origins)
    association.interests = _interests(interests)
    contact_name = _text("contact_name", contact_name)
    number = _phone(session, now, phone, country, language)
    association.contacts = [Contact(phone=number, name=contact_name, joined_at=now)]
    session.add(association)
    session.flush()
    record(session, now, "command:import", "diaspora.registered", f"diaspora:{association.id}")
    return association


def diaspora_named(session: Session, name: str) -> DiasporaAssociation | None:
    """Return the association of that name."""
    return session.scalar(select(DiasporaAssociation).where(DiasporaAssociation.name == clean(name)))


def _text(what: str, written: str) -> str:
    written = clean(written)
    if not 0 < len(written) <= LONGEST_NAME:
        raise ValueError(f"{what} needs 1 to {LONGEST_NAME} characters")
    return written


def _free_name(session: Session, name: str) -> str:
    if diaspora_named(session, name):
        raise ValueError(f"an association named {name!r} is already registered")
    return name


def _country(written: str) -> str:
    country = written.strip().upper()
    if country not in SUPPORTED_REGIONS:
        raise ValueError(f"country {written!r} is not a two-letter code such as FR, BE or NL")
    return country


def _time_zone(written: str) -> str:
    try:
        return ZoneInfo(written.strip()).key
    except (ValueError, OSError, LookupError) as error:
        raise ValueError(f"time_zone {written!r} is not a time zone such as Europe/Paris") from error


def _capacity(capacity: Money | None) -> int | None:
    if capacity is None:
        return None
    if capacity.currency is not Currency.MAD or capacity.minor <= 0:
        raise ValueError("yearly_capacity is an amount above 0 in dirhams (MAD)")
    return capacity.minor


def _slots(slots: int) -> int:
    if not 1 <= slots <= MOST_SLOTS:
        raise ValueError(f"attention_slots is a number from 1 to {MOST_SLOTS}")
    return slots


def _origins(session: Session, codes: Sequence[str]) -> list[Origin]:
    if not codes:
        raise ValueError("origins needs at least one commune, province or region")
    return [Origin(level=_level(session, code), place_code=code) for code in dict.fromkeys(codes)]


def _level(session: Session, code: str) -> PlaceLevel:
    columns = {
        PlaceLevel.COMMUNE: Commune.code,
        PlaceLevel.PROVINCE: Commune.province_code,
        PlaceLevel.REGION: Commune.region_code,
    }
    for level, column in columns.items():
        if session.scalar(select(Commune.code).where(column == code).limit(1)):
            return level
    raise ValueError(f"origin {code!r} is not the census code of a commune, a province or a region")


def _interests(strengths: Mapping[Sector, int]) -> list[Interest]:
    if not strengths:
        raise ValueError("interests needs at least one sector")
    if not all(strength in STRENGTHS for strength in strengths.values()):
        raise ValueError("an interest is 1 (a little), 2 or 3 (most of all)")
    return [Interest(sector=sector, strength=strength) for sector, strength in strengths.items()]


def _phone(session: Session, now: datetime, written: str, country: str, language: Language) -> str:
    try:
        number = parse_phone(written, country)
    except ValueError as error:
        raise ValueError(f"phone {written!r} is not a phone number of {country} or of the world") from error
    taken = active_contact(session, number)
    if taken:
        raise ValueError(f"the phone already answers for {taken.association.name!r}")
    if know_phone(session, now, number, language).stopped_at:
        raise ValueError("the phone said STOP, and only who holds it can take that back")
    record_consent(session, now, number, "import")
    return number
