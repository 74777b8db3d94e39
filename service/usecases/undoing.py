"""Taking a decision back: shortly after it, while nothing followed; who was told is told again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotFoundError
from service.domain.states import AssociationState, NeedState
from service.domain.undoing import UNDO_WITHIN, UNDOABLE
from service.messaging.outbox import tell
from service.models.associations import VillageAssociation
from service.models.audit import AuditEntry, record
from service.models.diaspora import DiasporaAssociation
from service.models.history import Around, around_association, around_diaspora, around_need
from service.models.needs import Need

Decided = VillageAssociation | DiasporaAssociation | Need
AROUND: Mapping[str, tuple[type[Decided], Callable[[Session, int], Around]]] = {
    "association": (VillageAssociation, around_association),
    "diaspora": (DiasporaAssociation, around_diaspora),
    "need": (Need, around_need),
}


@dataclass(frozen=True)
class Undo:
    """A decision that can be taken back until then: the state it led to, and where it led from, for which reason."""

    entry: int
    until: datetime
    decided: str
    before: str
    reason: str


def undo_of(session: Session, now: datetime, kind: str, number: int) -> Undo | None:
    """Return what can be taken back of a `kind` (`association`, `diaspora`, `need`); None when nothing can.

    The decision is the last thing that happened around it, and nothing else happened with it.
    """
    around = AROUND[kind][1](session, number)
    found = select(AuditEntry).where(AuditEntry.subject.in_(around.subjects), AuditEntry.at >= now - UNDO_WITHIN)
    newest = session.scalars(found.order_by(AuditEntry.id.desc()).limit(2)).all()
    if not newest or newest[0].subject != f"{kind}:{number}" or newest[0].action not in UNDOABLE:
        return None
    last = newest[0]
    before = str(last.data.get("before", ""))
    beside = any(other.at == last.at for other in newest[1:])
    if before not in UNDOABLE[last.action] or beside:
        return None
    decided = last.action.partition(".")[2]
    return Undo(last.id, last.at + UNDO_WITHIN, decided, before, str(last.data.get("earlier", "")))


def take_back(session: Session, now: datetime, *, actor: str, kind: str, number: int, entry: int) -> Decided:
    """Let it stand where it stood before the decision that audit entry `entry` is of; who was told of it is told.

    Raises NotFoundError, MoveError when it is too late, or something followed.
    """
    entity = AROUND[kind][0]
    one: Any = session.get(entity, number, with_for_update={"of": entity}, populate_existing=True)
    if not one:
        raise NotFoundError
    undo = undo_of(session, now, kind, number)
    if not undo or undo.entry != entry or one.state != undo.decided:
        raise MoveError(before=one.state, after=one.state)
    one.state, one.state_reason = type(one.state)(undo.before), undo.reason
    _forget_verification(one)
    record(session, now, actor, f"{kind}.taken_back", f"{kind}:{number}", before=undo.decided, after=undo.before)
    for phone in _told(one):
        tell(
            session,
            now,
            event=f"{kind}:{number}:taken_back:{entry}",
            phone=phone,
            template="decision_taken_back",
            name=_called(one),
        )
    found: Decided = one
    return found


def _forget_verification(one: Decided) -> None:
    if isinstance(one, Need) and one.state is NeedState.REPORTED:
        one.verified_at = None
    if isinstance(one, VillageAssociation) and one.state is AssociationState.PENDING:
        one.decided_at = None


def _told(one: Decided) -> list[str]:
    if isinstance(one, DiasporaAssociation):
        return [contact.phone for contact in one.active_contacts]
    association = one.association if isinstance(one, Need) else one
    return [officer.phone for officer in association.active_officers]


def _called(one: Decided) -> str:
    return one.reference if isinstance(one, Need) else one.name
