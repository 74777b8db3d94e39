"""Associations of emigrants: who they are, where their members come from and what they want to hear of."""

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, or_, select, text, union
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from service.domain.sectors import Sector
from service.domain.states import AssociationState
from service.models.base import Base, Id, folded_from, stored
from service.models.communes import Commune, Province, Region


class PlaceLevel(StrEnum):
    """How precisely an origin is known."""

    COMMUNE = "commune"
    PROVINCE = "province"
    REGION = "region"


class DiasporaAssociation(Base):
    """An association of emigrants, shown needs while it is verified and not paused.

    Capacity is its yearly means in centimes of a dirham; None is undeclared.
    """

    __tablename__ = "diaspora_associations"
    __table_args__ = (Index(None, "state", "registered_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    city: Mapped[str] = mapped_column(String(80))
    country: Mapped[str] = mapped_column(String(2))
    time_zone: Mapped[str] = mapped_column(String(40))
    yearly_capacity: Mapped[int | None] = mapped_column(Id)
    attention_slots: Mapped[int] = mapped_column(default=3)
    state: Mapped[AssociationState] = mapped_column(stored(AssociationState), default=AssociationState.VERIFIED)
    state_reason: Mapped[str] = mapped_column(String(200), default="")
    registered_at: Mapped[datetime]
    paused_until: Mapped[datetime | None]
    left_at: Mapped[datetime | None]
    search: Mapped[str] = folded_from("name", "city")

    contacts: Mapped[list["Contact"]] = relationship(back_populates="association", order_by="Contact.id")
    origins: Mapped[list["Origin"]] = relationship(order_by="Origin.id")
    interests: Mapped[list["Interest"]] = relationship(order_by="Interest.id")

    @property
    def active_contacts(self) -> list["Contact"]:
        """Those who answer for the association today."""
        return [contact for contact in self.contacts if contact.left_at is None]


class Contact(Base):
    """A person who answers for a diaspora association, reached at one number."""

    __tablename__ = "contacts"
    __table_args__ = (
        Index(
            "uq_contacts_active_phone",
            "phone",
            unique=True,
            sqlite_where=text("left_at IS NULL"),
            postgresql_where=text("left_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    association_id: Mapped[int] = mapped_column(ForeignKey("diaspora_associations.id"), index=True)
    phone: Mapped[str] = mapped_column(ForeignKey("phones.number"))
    name: Mapped[str] = mapped_column(String(80))
    joined_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    search: Mapped[str] = folded_from("name")

    association: Mapped[DiasporaAssociation] = relationship(back_populates="contacts")


class Origin(Base):
    """Where members come from: the census code of a commune, a province or a region."""

    __tablename__ = "origins"
    __table_args__ = (UniqueConstraint("association_id", "place_code"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    association_id: Mapped[int] = mapped_column(ForeignKey("diaspora_associations.id"))
    level: Mapped[PlaceLevel] = mapped_column(stored(PlaceLevel))
    place_code: Mapped[str] = mapped_column(String(16), index=True)


class Interest(Base):
    """A sector the association wants to hear of, and how much (1 to 3)."""

    __tablename__ = "interests"
    __table_args__ = (
        UniqueConstraint("association_id", "sector"),
        CheckConstraint("strength BETWEEN 1 AND 3", name="strength"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    association_id: Mapped[int] = mapped_column(ForeignKey("diaspora_associations.id"))
    sector: Mapped[Sector] = mapped_column(stored(Sector))
    strength: Mapped[int]


def active_contact(session: Session, phone: str) -> Contact | None:
    """Return the contact who answers from this phone today."""
    return session.scalar(select(Contact).where(Contact.phone == phone, Contact.left_at.is_(None)))


def place_of(session: Session, code: str) -> Commune | Province | Region | None:
    """Return the commune, province or region of a census code; None when the census has none."""
    around = or_(Commune.code == code, Commune.province_code == code, Commune.region_code == code)
    commune = session.scalars(select(Commune).where(around).limit(1)).first()
    if commune is None or commune.code == code:
        return commune
    if commune.province_code == code:
        return Province(code, commune.province_fr, commune.province_ar)
    return Region(code, commune.region_fr, commune.region_ar)


def places_named(session: Session, codes: Collection[str]) -> Mapping[str, Province]:
    """Return the names of communes, provinces and regions by their census codes; unknown ones are left out."""
    levels = (
        (Commune.code, Commune.name_fr, Commune.name_ar),
        (Commune.province_code, Commune.province_fr, Commune.province_ar),
        (Commune.region_code, Commune.region_fr, Commune.region_ar),
    )
    found = union(*(select(*level).where(level[0].in_(codes)) for level in levels))
    return {row[0]: Province(*row) for row in session.execute(found)}
