"""One timeline of what happened around something: who did what, what was said about it, and to whom."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from service.domain.history import HistoryKind
from service.domain.money import Currency, Money
from service.domain.projects import Condition, Grievance, Withdrawal
from service.domain.roles import OfficerRole
from service.messaging.phrases import Phrase
from service.models.actors import SERVICE
from service.models.associations import Officer
from service.models.contributions import Arrival
from service.models.diaspora import Contact, DiasporaAssociation
from service.models.history import Around, Kept, kept, needs_behind
from service.models.needs import Need
from service.models.people import Somebody, somebody_at
from service.models.pledges import Pledge
from service.models.progress import ProgressReport
from service.models.proposals import Proposal
from service.models.users import User

PAGE = 30
# Digits: 98 leads to more of a menu. Longer numbers answer what was asked: how many, or how much.
LONGEST_KEY = 2
# A project's moves are said as on its own page.
MOVE = "project."
REASONS = {str(one): one for kind in (Grievance, Withdrawal, Condition) for one in kind}


@dataclass(frozen=True)
class Line:
    """One line of a timeline: when, what (an action or a template), by whom, about which need, and what was typed.

    `by` is a role, a name, or the service's; `person` leads to their page: (`officer` or `contact`, id).
    `said` are the facts of it that have words; `typed` is what somebody wrote, or was written. `phone` is whom a
    message is for, or whom a text is from: `somebody`, where it is known.
    """

    at: datetime
    kind: HistoryKind
    action: str
    by: object
    person: tuple[str, int] | None
    need: tuple[int, str] | None
    said: Sequence[object]
    typed: str
    state: str
    phone: str
    somebody: Somebody | None

    @property
    def answers(self) -> str:
        """Return what a text is that says nothing by itself: `key` of a menu, or `secret` in stars; else nothing."""
        if self.kind is not HistoryKind.TEXTS:
            return ""
        if self.typed and not self.typed.strip("*"):
            return "secret"
        return "key" if self.typed.isdigit() and len(self.typed) <= LONGEST_KEY else ""


@dataclass(frozen=True)
class Timeline:
    """A page of a timeline; pages count from 1. `more` tells that there is an older one."""

    lines: Sequence[Line]
    kind: HistoryKind | None
    number: int
    more: bool


def timeline(session: Session, around: Around, kind: HistoryKind | None = None, number: int = 1) -> Timeline:
    """Return a page of what happened, of one kind or of all, the newest first; a constant number of statements."""
    found = kept(session, around, kind, number * PAGE + 1)
    shown = found[(number - 1) * PAGE : number * PAGE]
    names = _Names.of(session, shown)
    return Timeline([names.line(one) for one in shown], kind, number, len(found) > number * PAGE)


@dataclass(frozen=True)
class _Names:
    """Who and what the lines of a page name, looked up once for all of them."""

    officers: Mapping[int, OfficerRole]
    contacts: Mapping[int, str]
    users: Mapping[int, str]
    needs: Mapping[int, str]
    details: Mapping[str, Sequence[object]]
    behind: Mapping[str, int]
    people: Mapping[str, Somebody]

    @classmethod
    def of(cls, session: Session, lines: Sequence[Kept]) -> "_Names":
        actors, about = [one.actor for one in lines], {one.subject for one in lines}
        behind = needs_behind(session, about)
        return cls(
            _named(session, Officer.id, Officer.role, _numbers(actors, "officer")),
            _named(session, Contact.id, Contact.name, _numbers(actors, "contact")),
            _named(session, User.id, User.name, _numbers(actors, "user")),
            _named(session, Need.id, Need.reference, set(behind.values())),
            _details(session, about),
            behind,
            somebody_at(session, {one.phone for one in lines if one.phone}),
        )

    def line(self, one: Kept) -> Line:
        by, person = self._who(one.actor)
        need = self.behind.get(one.subject, 0)
        reason = str(one.data.get("reason") or one.data.get("paper") or one.data.get("note") or "")
        # A message says itself what it is about.
        said = [] if one.text else [*self.details.get(one.subject, ()), *_amounts(one.data)]
        if reason in REASONS:
            said, reason = [*said, REASONS[reason]], ""
        return Line(
            at=one.at,
            kind=one.kind,
            action=one.action,
            by=by,
            person=person,
            need=(need, self.needs[need]) if need in self.needs else None,
            said=said,
            typed=one.text or reason,
            state=one.state,
            phone=one.phone,
            somebody=self.people.get(one.phone),
        )

    def _who(self, actor: str) -> tuple[object, tuple[str, int] | None]:
        kind, _, number = actor.partition(":")
        names: Mapping[str, Mapping[int, object]] = {
            "officer": self.officers,
            "contact": self.contacts,
            "user": self.users,
        }
        if kind in names and number.isdigit() and int(number) in names[kind]:
            return names[kind][int(number)], (kind, int(number)) if kind != "user" else None
        return SERVICE if actor else "", None


def _numbers(names: Collection[str], kind: str) -> set[int]:
    parts = (name.partition(":") for name in names)
    return {int(number) for named, _, number in parts if named == kind and number.isdigit()}


def _named(
    session: Session, key: InstrumentedAttribute[int], name: InstrumentedAttribute[Any], ids: Collection[Any]
) -> dict[int, Any]:
    return {number: said for number, said in session.execute(select(key, name).where(key.in_(ids)))} if ids else {}  # noqa: C416  # rows are no pairs to the type checker


def _details(session: Session, about: Collection[str]) -> dict[str, Sequence[object]]:
    """Return what is worth saying of the proposals, reports, pledges and arrivals of these lines."""
    return {
        **{f"proposal:{number}": [name] for number, name in _proposed(session, _numbers(about, "proposal")).items()},
        **{f"report:{one.id}": _reported(one) for one in _rows(session, ProgressReport, _numbers(about, "report"))},
        **{f"pledge:{one.id}": [one.amount] for one in _rows(session, Pledge, _numbers(about, "pledge"))},
        **{f"arrival:{one.id}": [one.amount] for one in _rows(session, Arrival, _numbers(about, "arrival"))},
    }


def _proposed(session: Session, ids: Collection[int]) -> dict[int, str]:
    shown = select(Proposal.id, DiasporaAssociation.name).join(Proposal.diaspora).where(Proposal.id.in_(ids))
    return {number: name for number, name in session.execute(shown)} if ids else {}  # noqa: C416  # as above


def _rows(session: Session, entity: Any, ids: Collection[int]) -> Sequence[Any]:
    return session.scalars(select(entity).where(entity.id.in_(ids))).all() if ids else []


def _reported(report: ProgressReport) -> Sequence[object]:
    return [Phrase("web.project.report", {"percent": report.percent, "stage": report.stage})]


def _amounts(data: Mapping[str, Any]) -> list[object]:
    """Return the amounts an audit entry holds: of a line of a plan, what it is now."""
    if isinstance(data.get("now"), int):
        return [Money(data["now"], Currency.MAD)]
    return [Money(data["dirhams"], Currency.MAD)] if isinstance(data.get("dirhams"), int) else []
