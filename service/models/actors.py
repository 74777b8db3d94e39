"""Who an actor of the records is, as anybody may be told: a role in a village, an association, the coordination."""

from sqlalchemy.orm import Session

from service.domain.roles import OfficerRole, UserRole
from service.models.associations import Officer
from service.models.diaspora import Contact

SERVICE = "Tiwizi"


def said_of(session: Session, actor: str) -> OfficerRole | UserRole | str:
    """Return the officer's role, the contact's association, the coordination for `user:3` and its programs (`token:2`).

    Else the service itself.
    """
    kind, _, number = actor.partition(":")
    match kind:
        case "officer":
            return session.get_one(Officer, int(number)).role
        case "contact":
            return session.get_one(Contact, int(number)).association.name
        case "user" | "operator" | "token":
            return UserRole.COORDINATOR
        case _:
            return SERVICE
