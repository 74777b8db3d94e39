"""Asking for word of a project: one after the other, each once, with days between."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from service.domain.phone import show_phone
from service.domain.projects import Awaited
from service.messaging.once import add_once
from service.messaging.outbox import tell
from service.models.associations import Officer
from service.models.audit import record
from service.models.projects import Escalation, Project, escalations_of
from service.usecases.projects import coordinators, declarers

COORDINATION = "coordination"


@dataclass(frozen=True)
class Silence:
    """What word of a project is awaited, since when, and how long one waits before the next is asked."""

    project: Project
    about: Awaited
    since: datetime
    step: timedelta
    code: str


@dataclass(frozen=True)
class Rung:
    """Who is asked next (an actor, or a whole side), on which phones, with which text."""

    told: str
    template: str
    phones: Sequence[str]


def climb(session: Session, now: datetime, silence: Silence, ladder: Sequence[Rung]) -> str | None:
    """Ask the first of the ladder who was not asked yet, if it is time to; return whom, None when nobody is.

    The caller holds the project locked; that a rung is taken once is the database's word as well.
    """
    project = silence.project
    asked = escalations_of(session, project.need_id, silence.about, silence.since)
    if asked and now - asked[-1].at < silence.step:
        return None
    done = {one.told for one in asked}
    rung = next((rung for rung in ladder if rung.told not in done), None)
    key = {"need_id": project.need_id, "about": silence.about, "since": silence.since, "rung": len(asked)}
    if not rung or add_once(session, Escalation, unique=tuple(key), **key, told=rung.told, at=now) is None:
        return None
    record(session, now, "job:silence", f"{silence.about}.asked", f"need:{project.need_id}", told=rung.told)
    for phone in rung.phones:
        _tell(session, now, silence, rung, phone)
    return rung.told


def _tell(session: Session, now: datetime, silence: Silence, rung: Rung, phone: str) -> None:
    need = silence.project.need
    callable_ = [officer.phone for officer in reachable(silence.project)]
    tell(
        session,
        now,
        event=f"need:{need.id}:{silence.about}:{silence.since.isoformat()}:{rung.told}",
        phone=phone,
        template=rung.template,
        reference=need.reference,
        association=need.association.name,
        day=silence.since.date(),
        number=show_phone(callable_[0]) if callable_ else "-",
        code=silence.code,
    )


def reachable(project: Project, first: Officer | None = None) -> list[Officer]:
    """Return the village's officers who may be written to, `first` before the others."""
    able = [officer for officer in declarers(project.need) if officer.line.stopped_at is None]
    return sorted(able, key=lambda officer: officer is not first)


def ask_coordination(session: Session, template: str) -> Rung:
    """Return the rung of the coordination: also where nobody of it has a phone, for a page shows it."""
    return Rung(COORDINATION, template, coordinators(session))
