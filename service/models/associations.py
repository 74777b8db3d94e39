"""Village associations and their officers."""

from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, Row, String, bindparam, select, text
from sqlalchemy.orm import Mapped, Session, joinedload, mapped_column, relationship

from service.domain.roles import OFFICERS, OfficerRole
from service.domain.states import AssociationState
from service.locales import Language
from service.models.base import Base, Id, folded_from, stored
from service.models.communes import Commune
from service.models.phones import Phone


class VillageAssociation(Base):
    """An association of a douar within a commune."""

    __tablename__ = "village_associations"
    __table_args__ = (Index(None, "state", "registered_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(80))
    douar: Mapped[str] = mapped_column(String(80))
    commune_code: Mapped[str] = mapped_column(ForeignKey("communes.code"), index=True)
    state: Mapped[AssociationState] = mapped_column(stored(AssociationState))
    state_reason: Mapped[str] = mapped_column(String(200), default="")
    registered_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    search: Mapped[str] = folded_from("name", "douar")

    commune: Mapped[Commune] = relationship(lazy="joined")
    officers: Mapped[list["Officer"]] = relationship(back_populates="association", order_by="Officer.id")

    @property
    def active_officers(self) -> list["Officer"]:
        """Those who speak for the association today."""
        return [officer for officer in self.officers if officer.left_at is None]


class Officer(Base):
    """A person's part in a village association. A number speaks for one association at a time."""

    __tablename__ = "officers"
    __table_args__ = (
        Index(
            "uq_officers_active_phone",
            "phone",
            unique=True,
            sqlite_where=text("left_at IS NULL"),
            postgresql_where=text("left_at IS NULL"),
        ),
        # Where somebody left, somebody may be missing.
        Index(
            "ix_officers_left",
            "association_id",
            sqlite_where=text("left_at IS NOT NULL"),
            postgresql_where=text("left_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    association_id: Mapped[int] = mapped_column(ForeignKey("village_associations.id"), index=True)
    phone: Mapped[str] = mapped_column(ForeignKey("phones.number"))
    role: Mapped[OfficerRole] = mapped_column(stored(OfficerRole))
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]

    association: Mapped[VillageAssociation] = relationship(back_populates="officers")
    line: Mapped[Phone] = relationship(viewonly=True)


# Built once, as every dial and every fact of a village asks them.
AT_PHONE = (
    select(Officer)
    .where(Officer.phone == bindparam("number"), Officer.left_at.is_(None))
    .options(
        # Who is spoken for is also who is answered, in the phone's language; where that is, few ask.
        joinedload(Officer.line, innerjoin=True),
        joinedload(Officer.association, innerjoin=True).lazyload(VillageAssociation.commune),
    )
)
LINE = (
    select(
        Phone.language,
        Phone.stopped_at,
        Officer.role,
        VillageAssociation.name,
        VillageAssociation.state,
        VillageAssociation.state_reason,
    )
    .select_from(Phone)
    .outerjoin(Officer, (Officer.phone == Phone.number) & Officer.left_at.is_(None))
    .outerjoin(Officer.association)
    .where(Phone.number == bindparam("number"))
)


def active_officer(session: Session, phone: str) -> Officer | None:
    """Return the officer who speaks from this phone today."""
    return session.scalar(AT_PHONE, {"number": phone})


def line_of(
    session: Session, phone: str
) -> Row[Language, datetime | None, OfficerRole, str, AssociationState, str] | None:
    """Return what is known of a phone: its `language`, when it said STOP (`stopped_at`), and whom it speaks for today.

    That is its `role`, and the association's `name`, `state` and `state_reason`; all are None when it speaks for none.
    None for a number that never wrote to us.
    """
    return session.connection().execute(LINE, {"number": phone}).first()


def waiting_associations(session: Session, limit: int = 20) -> list[VillageAssociation]:
    """Return the associations that wait to be verified, the oldest first."""
    found = select(VillageAssociation).where(VillageAssociation.state == AssociationState.PENDING)
    order = (VillageAssociation.registered_at, VillageAssociation.id)
    return list(session.scalars(found.order_by(*order).limit(limit)))


def unattended() -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of an association for which nobody who may declare anything speaks any more."""
    speaks = VillageAssociation.officers.any(Officer.left_at.is_(None) & Officer.role.in_(OFFICERS))
    # Somebody did: so the few that somebody left are looked at, and not all there are.
    left = VillageAssociation.id.in_(select(Officer.association_id).where(Officer.left_at.is_not(None)))
    return VillageAssociation.state != AssociationState.REJECTED, left, ~speaks


def unattended_associations(session: Session, limit: int = 20) -> list[VillageAssociation]:
    """Return the associations for which nobody who may declare anything speaks any more, the oldest first."""
    found = select(VillageAssociation).where(*unattended()).order_by(VillageAssociation.id)
    return list(session.scalars(found.limit(limit)))


def verified_in(session: Session, commune: str, limit: int = 20) -> list[VillageAssociation]:
    """Return a commune's verified associations, by the names of their douars."""
    found = select(VillageAssociation).where(
        VillageAssociation.commune_code == commune, VillageAssociation.state == AssociationState.VERIFIED
    )
    order = (VillageAssociation.douar, VillageAssociation.name, VillageAssociation.id)
    return list(session.scalars(found.order_by(*order).limit(limit)))
