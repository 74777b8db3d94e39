"""Changes among the officers of a village association: one asks, a second agrees."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from service.domain.roles import OFFICERS, ChangeKind, OfficerRole
from service.domain.states import AssociationState, ChangeState
from service.models.associations import Officer, VillageAssociation
from service.models.base import Base, Id, stored


class OfficerChange(Base):
    """A change asked for: `officer` is whom it concerns, `phone` the newcomer's, `code_hash` their invitation's."""

    __tablename__ = "officer_changes"
    __table_args__ = (Index(None, "phone", "state"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    association_id: Mapped[int] = mapped_column(ForeignKey("village_associations.id"), index=True)
    kind: Mapped[ChangeKind] = mapped_column(stored(ChangeKind))
    role: Mapped[OfficerRole] = mapped_column(stored(OfficerRole))
    officer_id: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    phone: Mapped[str | None] = mapped_column(ForeignKey("phones.number"))
    code_hash: Mapped[str] = mapped_column(String(44), default="")
    state: Mapped[ChangeState] = mapped_column(stored(ChangeState))
    asked_by: Mapped[int] = mapped_column(ForeignKey("officers.id"))
    asked_at: Mapped[datetime]
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("officers.id"))
    decided_at: Mapped[datetime | None]

    association: Mapped[VillageAssociation] = relationship()
    officer: Mapped[Officer | None] = relationship(foreign_keys=[officer_id])
    asker: Mapped[Officer] = relationship(foreign_keys=[asked_by])


# A change that no second officer agreed to, or an invitation that nobody took up, lapses.
CHANGE_KEPT = timedelta(days=7)


def waiting_changes(session: Session, now: datetime, officer: Officer) -> list[OfficerChange]:
    """Return the changes that wait for this officer's yes or no: asked by another, and not about this one.

    What someone asked who has left since, or what is about someone who has, waits no more.
    """
    return list(
        session.scalars(
            select(OfficerChange)
            .where(
                OfficerChange.association_id == officer.association_id,
                OfficerChange.state == ChangeState.ASKED,
                OfficerChange.asked_by != officer.id,
                OfficerChange.officer_id.is_distinct_from(officer.id),
                OfficerChange.asked_at > now - CHANGE_KEPT,
                OfficerChange.asker.has(Officer.left_at.is_(None)),
                ~OfficerChange.officer.has(Officer.left_at.is_not(None)),
            )
            .order_by(OfficerChange.id)
        )
    )


def open_invitations(session: Session, now: datetime, phone: str) -> list[OfficerChange]:
    """Return the invitations that wait for this phone's owner to join, the newest first.

    One that nobody but the asker agreed to goes with the asker.
    """
    return list(
        session.scalars(
            select(OfficerChange)
            .where(
                OfficerChange.phone == phone,
                OfficerChange.state == ChangeState.AGREED,
                OfficerChange.decided_at > now - CHANGE_KEPT,
                OfficerChange.decided_by.is_not(None) | OfficerChange.asker.has(Officer.left_at.is_(None)),
                OfficerChange.association.has(VillageAssociation.state == AssociationState.VERIFIED),
            )
            .order_by(OfficerChange.id.desc())
        )
    )


def deciders(session: Session, asker: Officer, about: int | None = None) -> list[Officer]:
    """Return who may agree to what `asker` asks about the officer `about`: who declares and is neither of the two."""
    return list(
        session.scalars(
            select(Officer)
            .where(
                Officer.association_id == asker.association_id,
                Officer.left_at.is_(None),
                Officer.role.in_(OFFICERS),
                Officer.id.not_in({asker.id, about or asker.id}),
            )
            .order_by(Officer.id)
        )
    )


def is_same_person(session: Session, first: Officer, second: Officer) -> bool:
    """Tell whether two parts in a village are one person's, for all we know: perhaps another role, or another SIM.

    Numbers between which a role was handed over, however often, are taken for one person's.
    """
    if first.phone == second.phone:
        return True
    others = _handed_over(session, first.association_id)
    own, new = set[str](), {first.phone}
    while new:
        own |= new
        new = {other for phone in new for other in others[phone]} - own
    return second.phone in own


def _handed_over(session: Session, association_id: int) -> Mapping[str, set[str]]:
    """Return the numbers to or from which each number of an association had a role handed over."""
    done = (
        select(Officer.phone, OfficerChange.phone)
        .join(OfficerChange.officer)
        .where(
            OfficerChange.association_id == association_id,
            OfficerChange.kind == ChangeKind.HAND_OVER,
            OfficerChange.state == ChangeState.DONE,
        )
    )
    others = defaultdict[str, set[str]](set)
    for before, after in session.execute(done):
        if after:
            others[before].add(after)
            others[after].add(before)
    return others
