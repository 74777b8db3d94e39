"""Residents: villagers who agreed to be asked whether works in their village are done."""

from datetime import datetime

from sqlalchemy.orm import Session

from service.domain.errors import NotAllowedError, NotFoundError
from service.domain.states import AssociationState
from service.models.associations import VillageAssociation, active_officer
from service.models.audit import record
from service.models.diaspora import active_contact
from service.models.spotchecks import Resident, active_resident
from service.usecases.phones import leave_village, start

RESIDENT_TEXT = "2026-11-resident"  # version of what a resident agrees to; changes with `resident.consent`


def join_village(session: Session, now: datetime, *, phone: str, channel: str, association_id: int) -> Resident:
    """Note that whoever has this number lives in the village and may be asked; of another village they are no more.

    Raises NotFoundError when the village's association is not verified, NotAllowedError for who speaks for one.
    """
    association = session.get(VillageAssociation, association_id)
    if not association or association.state is not AssociationState.VERIFIED:
        raise NotFoundError
    if active_officer(session, phone) or active_contact(session, phone):
        raise NotAllowedError
    # Who agrees now wants to be written to, whatever the number said before.
    start(session, now, phone, channel, RESIDENT_TEXT)
    before = active_resident(session, phone)
    if before and before.association_id == association_id:
        return before
    leave_village(session, now, phone)
    resident = Resident(association_id=association_id, phone=phone, joined_at=now)
    session.add(resident)
    session.flush()
    record(session, now, f"resident:{resident.id}", "resident.joined", f"association:{association_id}")
    return resident
