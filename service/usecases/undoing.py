"""Taking a decision back: shortly after it, while nothing followed; who was told is told again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
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
from service.models.proposals import Proposal
from service.usecases.foretelling import Decided, called, told_of

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


@dataclass(frozen=True)
class Closed:
    """Why a decision cannot be taken back any more: an audited action `followed`, else the `minutes` are over.

    `shown_to` is the association abroad that the need was shown to, when that is what followed.
    """

    followed: str = ""
    shown_to: str = ""
    minutes: int = UNDO_WITHIN // timedelta(minutes=1)


def undo_of(session: Session, now: datetime, kind: str, number: int) -> Undo | Closed | None:
    """Return the last decision on a `kind` (`association`, `diaspora`, `need`) as it can be taken back, or why not.

    It can while nothing else happened around it, then or since. None where nothing was decided, or it was taken back.
    """
    decisions = select(AuditEntry).where(AuditEntry.subject == f"{kind}:{number}", AuditEntry.action.in_(UNDOABLE))
    last = session.scalars(decisions.order_by(AuditEntry.id.desc()).limit(1)).first()
    before = str(last.data.get("before", "")) if last else ""
    if not last or before not in UNDOABLE[last.action]:
        return None
    around = AROUND[kind][1](session, number)
    then_or_since = or_(AuditEntry.id > last.id, AuditEntry.at == last.at)
    others = select(AuditEntry).where(AuditEntry.subject.in_(around.subjects), AuditEntry.id != last.id, then_or_since)
    followed = session.scalars(others.order_by(AuditEntry.id < last.id, AuditEntry.id).limit(1)).first()
    if followed:
        return None if followed.action == f"{kind}.taken_back" else _closed(session, followed)
    if last.at < now - UNDO_WITHIN:
        return Closed()
    decided = last.action.partition(".")[2]
    return Undo(last.id, last.at + UNDO_WITHIN, decided, before, str(last.data.get("earlier", "")))


def _closed(session: Session, followed: AuditEntry) -> Closed:
    kind, _, number = followed.subject.partition(":")
    shown = session.get_one(Proposal, int(number)).diaspora.name if kind == "proposal" else ""
    return Closed(followed.action, shown)


def take_back(session: Session, now: datetime, *, actor: str, kind: str, number: int, entry: int) -> Decided:
    """Let it stand where it stood before the decision that audit entry `entry` is of; who was told of it is told.

    Raises NotFoundError, MoveError when it is too late, or something followed.
    """
    entity = AROUND[kind][0]
    one: Any = session.get(entity, number, with_for_update={"of": entity}, populate_existing=True)
    if not one:
        raise NotFoundError
    undo = undo_of(session, now, kind, number)
    if not isinstance(undo, Undo) or undo.entry != entry or one.state != undo.decided:
        raise MoveError(before=one.state, after=one.state)
    one.state, one.state_reason = type(one.state)(undo.before), undo.reason
    _forget_verification(one)
    record(session, now, actor, f"{kind}.taken_back", f"{kind}:{number}", before=undo.decided, after=undo.before)
    for phone in told_of(one):
        tell(
            session,
            now,
            event=f"{kind}:{number}:taken_back:{entry}",
            phone=phone,
            template="decision_taken_back",
            name=called(one),
        )
    found: Decided = one
    return found


def _forget_verification(one: Decided) -> None:
    if isinstance(one, Need) and one.state is NeedState.REPORTED:
        one.verified_at, one.unasked = None, False
    if isinstance(one, VillageAssociation) and one.state is AssociationState.PENDING:
        one.decided_at = None
