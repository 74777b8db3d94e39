"""An association of emigrants agrees to be named on the public pages, and takes that back: it holds at once."""

from datetime import datetime

from sqlalchemy.orm import Session

from service.domain.errors import NotFoundError
from service.locales import Language
from service.models.audit import record
from service.models.diaspora import DiasporaAssociation
from service.models.listings import ListingConsent, held_listing

# The version of `profile.listing.text`, and of the paper a coordinator has signed; it changes with the text.
LISTING_TEXT = "2026-11"
PAPER = "paper"


def agree_to_listing(
    session: Session, now: datetime, *, association_id: int, actor: str, channel: str, language: Language
) -> None:
    """Note that an association agreed to be named; one that had agreed already stays as it was.

    Raises NotFoundError when it left or never was.
    """
    _locked(session, association_id)
    if held_listing(session, association_id):
        return
    consent = ListingConsent(
        association_id=association_id,
        text_version=LISTING_TEXT,
        language=language,
        channel=channel,
        actor=actor,
        given_at=now,
    )
    session.add(consent)
    session.flush()
    record(session, now, actor, "listing.agreed", f"diaspora:{association_id}", channel=channel, text=LISTING_TEXT)


def withdraw_listing(session: Session, now: datetime, *, association_id: int, actor: str, channel: str) -> None:
    """Note that an association is to be named no more. Raises NotFoundError when it left or never was."""
    _locked(session, association_id)
    consent = held_listing(session, association_id)
    if not consent:
        return
    consent.withdrawn_at, consent.withdrawn_by = now, actor
    record(session, now, actor, "listing.withdrawn", f"diaspora:{association_id}", channel=channel)


def _locked(session: Session, association_id: int) -> None:
    """Let colleagues who decide at the same moment do so one after the other."""
    association = session.get(
        DiasporaAssociation, association_id, with_for_update={"of": DiasporaAssociation}, populate_existing=True
    )
    if association is None or association.left_at is not None:
        raise NotFoundError
