"""Associations of emigrants: registered, by the NGO that knows them or by themselves; their profile."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from phonenumbers import SUPPORTED_REGIONS
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from service.domain.errors import NotFoundError
from service.domain.money import Currency, Money
from service.domain.phone import parse_phone
from service.domain.sectors import Sector
from service.domain.states import AssociationState
from service.domain.text import clean
from service.locales import Language
from service.messaging.once import add_once
from service.models.audit import record
from service.models.communes import Commune, Province, Region
from service.models.diaspora import (
    Contact,
    DiasporaAssociation,
    Interest,
    Origin,
    PlaceLevel,
    active_contact,
    place_of,
)
from service.models.phones import Phone
from service.usecases.phones import know_phone, leave_village, record_consent
from service.usecases.rates import in_dirhams

LONGEST_NAME = 80
MOST_SLOTS = 20
STRENGTHS = range(1, 4)
LEVELS = {Commune: PlaceLevel.COMMUNE, Province: PlaceLevel.PROVINCE, Region: PlaceLevel.REGION}
IMPORTED = "import"


class TakenError(ValueError):
    """The name or the phone belongs to an association already."""


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
    state: AssociationState = AssociationState.VERIFIED,
    channel: str = IMPORTED,
    actor: str = "",
) -> DiasporaAssociation:
    """Register an association of emigrants with its first contact, whose consent the NGO holds on paper when imported.

    `country` is ISO 3166-1 alpha-2, and national phone numbers are read in it; `time_zone` is IANA's name; capacity is
    in dirhams a year, None when undeclared; `origins` are census codes of communes, provinces or regions; an interest
    is 1 to 3; `channel` is where consent was given; `actor` registers it, else its contact, or the import.
    Raises ValueError with one sentence for the first value that cannot be; TakenError, one of these, when only the name
    or the phone is another's.
    """
    country = _country(country)
    values = {
        "name": _text("name", name),
        "city": _text("city", city),
        "country": country,
        "time_zone": _time_zone(time_zone),
        "yearly_capacity": _capacity(yearly_capacity),
        "attention_slots": _slots(attention_slots),
    }
    ties, wishes = _origins(session, origins), _interests(interests)
    contact_name = _text("contact_name", contact_name)
    number = _phone(session, now, phone, country, language, channel)
    if not add_once(session, DiasporaAssociation, unique="name", **values, state=state, registered_at=now):
        raise TakenError(f"an association named {values['name']!r} is already registered")
    association = session.scalars(select(DiasporaAssociation).filter_by(name=values["name"])).one()
    association.origins, association.interests = ties, wishes
    association.contacts = [Contact(phone=number, name=contact_name, joined_at=now)]
    # Where the association says it is, whatever its contact's number is from.
    session.get_one(Phone, number).zone = association.time_zone
    session.flush()
    itself = "command:import" if channel == IMPORTED else f"contact:{association.contacts[0].id}"
    record(session, now, actor or itself, "diaspora.registered", f"diaspora:{association.id}")
    return association


def diaspora_named(session: Session, name: str) -> DiasporaAssociation | None:
    """Return the association of that name."""
    return session.scalar(select(DiasporaAssociation).where(DiasporaAssociation.name == clean(name)))


def change_origins(session: Session, now: datetime, *, contact: Contact, origins: Sequence[str]) -> None:
    """Replace where the members come from: census codes of communes, provinces or regions.

    Raises ValueError for a code that the census has not, NotFoundError when the association left.
    """
    association = _of(session, contact)
    rows = _origins(session, origins)
    session.execute(delete(Origin).where(Origin.association_id == association.id))
    session.expire(association, ["origins"])
    association.origins = rows
    _note(session, now, contact, "origins", [row.place_code for row in rows])


def change_sectors(session: Session, now: datetime, *, contact: Contact, sectors: Sequence[Sector]) -> None:
    """Replace what the association wants to hear of, the most wanted first, at most three.

    Raises ValueError for none, NotFoundError when the association left.
    """
    association = _of(session, contact)
    rows = _interests(strengths_of(sectors))
    session.execute(delete(Interest).where(Interest.association_id == association.id))
    session.expire(association, ["interests"])
    association.interests = rows
    _note(session, now, contact, "sectors", list(sectors))


def change_capacity(session: Session, now: datetime, *, contact: Contact, capacity: Money | None) -> None:
    """Replace the yearly means, of any currency; None is undeclared.

    Raises ValueError for an amount that is none, NotFoundError when the association left.
    """
    association = _of(session, contact)
    association.yearly_capacity = _capacity(in_dirhams(session, now, capacity))
    _note(session, now, contact, "capacity", association.yearly_capacity)


def change_attention(session: Session, now: datetime, *, contact: Contact, slots: int) -> None:
    """Replace how many needs the association looks at at a time.

    Raises ValueError for a number out of bounds, NotFoundError when the association left.
    """
    association = _of(session, contact)
    association.attention_slots = _slots(slots)
    _note(session, now, contact, "attention", slots)


def pause_alerts(session: Session, now: datetime, *, contact: Contact, days: int) -> datetime | None:
    """Propose nothing to the association for `days`; 0 ends the pause. Returns until when, None for not at all.

    Raises NotFoundError when the association left.
    """
    association = _of(session, contact)
    association.paused_until = now + timedelta(days=days) if days else None
    _note(session, now, contact, "pause", days)
    return association.paused_until


def strengths_of(sectors: Sequence[Sector]) -> dict[Sector, int]:
    """Return how much each of up to three sectors is wanted: 3 the first, 2 the second, 1 the third."""
    return {sector: strength for strength, sector in zip(reversed(STRENGTHS), sectors, strict=False)}


def _of(session: Session, contact: Contact) -> DiasporaAssociation:
    """Return the contact's association, locked: a colleague may change it at the same moment."""
    association = session.get(
        DiasporaAssociation, contact.association_id, with_for_update={"of": DiasporaAssociation}, populate_existing=True
    )
    if association is None or association.left_at is not None:
        raise NotFoundError
    return association


def _note(session: Session, now: datetime, contact: Contact, what: str, value: object) -> None:
    who, which = f"contact:{contact.id}", f"diaspora:{contact.association_id}"
    record(session, now, who, f"diaspora.{what}_changed", which, value=value)


def _text(what: str, written: str) -> str:
    written = clean(written)
    if not 0 < len(written) <= LONGEST_NAME:
        raise ValueError(f"{what} needs 1 to {LONGEST_NAME} characters")
    return written


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
    place = place_of(session, code)
    if place is None:
        raise ValueError(f"origin {code!r} is not the census code of a commune, a province or a region")
    return LEVELS[type(place)]


def _interests(strengths: Mapping[Sector, int]) -> list[Interest]:
    if not strengths:
        raise ValueError("interests needs at least one sector")
    if not all(strength in STRENGTHS for strength in strengths.values()):
        raise ValueError("an interest is 1 (a little), 2 or 3 (most of all)")
    return [Interest(sector=sector, strength=strength) for sector, strength in strengths.items()]


def _phone(session: Session, now: datetime, written: str, country: str, language: Language, channel: str) -> str:
    try:
        number = parse_phone(written, country)
    except ValueError as error:
        raise ValueError(f"phone {written!r} is not a phone number of {country} or of the world") from error
    taken = active_contact(session, number)
    if taken:
        raise TakenError(f"the phone already answers for {taken.association.name!r}")
    if know_phone(session, now, number, language).stopped_at:
        raise ValueError("the phone said STOP, and only who holds it can take that back")
    record_consent(session, now, number, channel)
    leave_village(session, now, number)
    return number
