"""Who is behind a number: somebody of a village, of an association of emigrants, or of the coordination."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.roles import OfficerRole
from service.models.associations import Officer, VillageAssociation
from service.models.diaspora import Contact, DiasporaAssociation
from service.models.users import User


@dataclass(frozen=True)
class Somebody:
    """Who has a number, or had it, by role or name; `kind` is `officer`, `contact` or `user`, as in the audit trail.

    Of the coordination nobody belongs to an association.
    """

    kind: str
    id: int
    said: OfficerRole | str
    association_id: int = 0
    association: str = ""


def somebody_at(session: Session, phones: Collection[str]) -> Mapping[str, Somebody]:
    """Return who has each of these numbers, who serves before who left: in three statements."""
    if not phones:
        return {}
    users = select(User.phone, User.id, User.name).where(User.phone.in_(phones))
    contacts = select(Contact, DiasporaAssociation.name).join(Contact.association).where(Contact.phone.in_(phones))
    officers = select(Officer, VillageAssociation.name).join(Officer.association).where(Officer.phone.in_(phones))
    found = [(True, str(phone), Somebody("user", number, name)) for phone, number, name in session.execute(users)]
    found += [
        (one.left_at is None, one.phone, Somebody("contact", one.id, one.name, one.association_id, name))
        for one, name in session.execute(contacts.order_by(Contact.id))
    ]
    found += [
        (one.left_at is None, one.phone, Somebody("officer", one.id, one.role, one.association_id, name))
        for one, name in session.execute(officers.order_by(Officer.id))
    ]
    # Of several, the last stays.
    return {phone: somebody for _, phone, somebody in sorted(found, key=lambda one: one[0])}
