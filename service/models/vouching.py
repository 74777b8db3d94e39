"""Whose number may be another person's now, and who of their colleagues may say that it is still theirs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from service.domain.roles import OFFICERS
from service.models.associations import Officer, active_officer
from service.models.diaspora import Contact, active_contact
from service.models.officers import deciders
from service.models.phones import Phone
from service.models.users import User, user_at

# What no colleague answered is asked again.
VOUCH_KEPT = timedelta(days=7)
MOST_SHOWN = 50

Person = Officer | Contact


def person_at(session: Session, number: str) -> Person | None:
    """Return the officer or the contact who speaks from this number today."""
    return active_officer(session, number) or active_contact(session, number)


def holder_of(session: Session, number: str) -> tuple[Person | User, datetime] | None:
    """Return who speaks for an association, or coordinates, from a number, and since when; None for all others."""
    if person := person_at(session, number):
        return person, person.joined_at
    user = user_at(session, number)
    return (user, user.created_at) if user else None


def colleagues(session: Session, person: Person) -> Sequence[Person]:
    """Return who may say that this person's number is still theirs: others of the same association who decide for it.

    Whether their own numbers can be relied on is not asked here.
    """
    if isinstance(person, Officer):
        return deciders(session, person)
    return [other for other in person.association.active_contacts if other is not person]


def waiting_vouches(session: Session, now: datetime, person: Person) -> Sequence[Person]:
    """Return the colleagues who wait for this person's word that their number is still theirs."""
    if isinstance(person, Officer) and person.role not in OFFICERS:
        return []
    kind: Any = type(person)
    asked = (
        select(kind)
        .join(Phone, Phone.number == kind.phone)
        .where(
            kind.association_id == person.association_id,
            kind.left_at.is_(None),
            kind.id != person.id,
            Phone.vouch_asked_at > now - VOUCH_KEPT,
        )
        .order_by(kind.id)
    )
    return list(session.scalars(asked))


def doubted() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of a number that speaks for somebody and may be another person's now."""
    speaks = (
        Phone.number.in_(select(kind.phone).where(kind.left_at.is_(None), kind.joined_at < Phone.doubted_at))
        for kind in (Officer, Contact)
    )
    coordinates = Phone.number.in_(select(User.phone).where(User.created_at < Phone.doubted_at))
    return Phone.doubted_at.is_not(None), or_(*speaks, coordinates)


def doubted_numbers(session: Session) -> Sequence[Phone]:
    """Return up to fifty doubted numbers that speak for somebody, first those whose holder asked to be vouched for."""
    asked_first = (Phone.vouch_asked_at.is_(None), Phone.vouch_asked_at, Phone.doubted_at, Phone.number)
    return session.scalars(select(Phone).where(*doubted()).order_by(*asked_first).limit(MOST_SHOWN)).all()
