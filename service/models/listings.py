"""Associations of emigrants that agreed to be named on the public pages."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, String, and_, exists, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from service.domain.states import AssociationState
from service.locales import Language
from service.models.base import Base, Id, stored
from service.models.diaspora import Contact, DiasporaAssociation
from service.models.phones import Phone


class ListingConsent(Base):
    """An association's yes to being named: to which text, when, over which channel, noted by whom.

    Withdrawn, never deleted; at most one of an association's is not withdrawn.
    """

    __tablename__ = "listing_consents"
    __table_args__ = (
        Index(
            "uq_listing_consents_held",
            "association_id",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    association_id: Mapped[int] = mapped_column(ForeignKey("diaspora_associations.id"))
    text_version: Mapped[str] = mapped_column(String(20))
    language: Mapped[Language] = mapped_column(stored(Language))
    channel: Mapped[str] = mapped_column(String(20))
    actor: Mapped[str] = mapped_column(String(60))
    given_at: Mapped[datetime]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[str] = mapped_column(String(60), default="")


def held_listing(session: Session, association_id: int) -> ListingConsent | None:
    """Return the yes that an association has not taken back."""
    mine = (ListingConsent.association_id == association_id, ListingConsent.withdrawn_at.is_(None))
    return session.scalar(select(ListingConsent).where(*mine))


def held_listings(session: Session, association_ids: Collection[int]) -> dict[int, ListingConsent]:
    """Return the yes that each of these associations has not taken back."""
    held = select(ListingConsent).where(
        ListingConsent.association_id.in_(association_ids), ListingConsent.withdrawn_at.is_(None)
    )
    return {one.association_id: one for one in session.scalars(held)}


def is_member() -> ColumnElement[bool]:
    """Tell, of an association abroad, whether it is verified and has not left."""
    return and_(DiasporaAssociation.state == AssociationState.VERIFIED, DiasporaAssociation.left_at.is_(None))


def is_listed() -> ColumnElement[bool]:
    """Tell, of an association abroad, whether it may be named to everybody.

    It agreed, is a member, and somebody answers for it who has not said STOP: else nobody could take the yes back.
    """
    agreed = exists().where(
        ListingConsent.association_id == DiasporaAssociation.id, ListingConsent.withdrawn_at.is_(None)
    )
    reached = exists().where(
        Contact.association_id == DiasporaAssociation.id,
        Contact.left_at.is_(None),
        Phone.number == Contact.phone,
        Phone.stopped_at.is_(None),
    )
    return and_(is_member(), agreed, reached)
