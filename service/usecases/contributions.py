"""The lines of a financing plan: who gives what. Said by who gives or by the village, and each change is an entry."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotAllowedError, NotFoundError
from service.domain.ledger import INSTITUTIONS, Account, Amount, Posting, Source
from service.domain.money import Currency, Money
from service.domain.projects import UNDER_WAY, Party, ProjectMove, ProjectState
from service.domain.roles import OFFICERS
from service.domain.text import clean
from service.messaging.outbox import tell
from service.models.associations import Officer
from service.models.audit import record
from service.models.contributions import Contribution, locked_contribution
from service.models.needs import Need, NeedDetails, need_by_reference
from service.models.projects import Project, project_of
from service.models.proposals import Proposal, partners_of
from service.usecases.ledger import Because, post, release
from service.usecases.projects import move_project
from service.usecases.rates import priced

LONGEST_LABEL = 60
SHARES = {
    "share_cash": Source.VILLAGE_CASH,
    "share_labour": Source.VILLAGE_LABOUR,
    "share_materials": Source.VILLAGE_MATERIALS,
    "share_land": Source.VILLAGE_LAND,
}


def open_plan(session: Session, now: datetime, need: Need) -> None:
    """Begin the plan of a project with what its village said it gives; what it did not say how, as labour."""
    details = session.get(NeedDetails, need.id)
    shares = {source: (details and getattr(details, name)) or 0 for name, source in SHARES.items()}
    shares[Source.VILLAGE_LABOUR] += max(0, need.village_share - sum(shares.values()))
    actor = f"officer:{details.declared_by if details else need.reported_by}"
    for source, share in shares.items():
        if share:
            line = _new_line(session, now, need.id, source, actor)
            post(session, now, line.id, Posting.PROMISE, Amount.of(share, now.date()), actor)


def join_plan(session: Session, now: datetime, proposal: Proposal, actor: str) -> None:
    """Give a new partner its line of the plan, also before it promises anything; all agree anew with it."""
    if not line_of(session, proposal.need_id, proposal.diaspora_id):
        _new_line(session, now, proposal.need_id, Source.DIASPORA, actor, diaspora_id=proposal.diaspora_id)
    change_plan(session, now, need_id=proposal.need_id, party=Party.VILLAGE, actor=actor)


def promise(
    session: Session, now: datetime, *, need_id: int, diaspora_id: int, amount: Money, actor: str, pledge_id: int
) -> Contribution:
    """Enter what a diaspora association promises into its line of the plan, at the day's rate.

    The caller holds the association's proposal locked, so that it has one line. Raises MoveError when the project is
    stopped or over.
    """
    project = project_of(session, need_id)
    if project and project.state not in UNDER_WAY:
        raise MoveError(before=project.state, after=project.state)
    line = line_of(session, need_id, diaspora_id)
    line = line or _new_line(session, now, need_id, Source.DIASPORA, actor, diaspora_id=diaspora_id)
    because: Because = {"pledge_id": pledge_id}
    line = post(session, now, line.id, Posting.PROMISE, priced(session, now, amount), actor, because)
    change_plan(session, now, need_id=need_id, party=Party.DIASPORA, actor=actor)
    return line


def release_promise(session: Session, now: datetime, proposal: Proposal, *, party: Party, actor: str) -> int:
    """Give back what was promised for a proposal that comes to nothing, as far as it has not arrived; in centimes.

    The caller holds the proposal locked.
    """
    need_id, diaspora_id = proposal.need_id, proposal.diaspora_id
    # The project before its lines, as everywhere.
    project_of(session, need_id)
    line = line_of(session, need_id, diaspora_id)
    left = release(session, now, line.id, actor, f"proposal.{proposal.state}") if line else 0
    if left:
        record(session, now, actor, "contribution.released", f"need:{need_id}", diaspora=diaspora_id, dirhams=left)
        change_plan(session, now, need_id=need_id, party=party, actor=actor)
    return left


def write_line(
    session: Session, now: datetime, *, officer: Officer, reference: str, source: Source, amount: Money, label: str = ""
) -> Contribution:
    """Let an officer say what the village, an institution or another gives in all (dirhams): a new line or a change.

    Raises NotFoundError for another village's project, NotAllowedError for a witness, and what `set_line` raises.
    """
    need = need_by_reference(session, reference)
    if not need or need.association_id != officer.association_id:
        raise NotFoundError
    if officer.role not in OFFICERS:
        raise NotAllowedError
    actor = f"officer:{officer.id}"
    return set_line(
        session,
        now,
        need_id=need.id,
        source=source,
        amount=amount,
        label=label,
        party=Party.VILLAGE,
        actor=actor,
    )


def set_line(
    session: Session,
    now: datetime,
    *,
    need_id: int,
    source: Source,
    amount: Money,
    party: Party,
    actor: str,
    label: str = "",
) -> Contribution:
    """Write what a giver that is not in the registers gives in all (dirhams); entries make up the difference.

    Raises NotFoundError without a project, MoveError when it is stopped or over, or when more has arrived than that;
    ValueError for a diaspora association, which promises itself, a label that is too long, and nothing at all.
    """
    label = clean(label)
    if source is Source.DIASPORA or len(label) > LONGEST_LABEL or amount.currency is not Currency.MAD:
        raise ValueError(f"a line is of a village, an institution or another, in dirhams, named in {LONGEST_LABEL}")
    project = project_of(session, need_id)
    if not project:
        raise NotFoundError
    if project.state not in UNDER_WAY:
        raise MoveError(before=project.state, after=project.state)
    line = session.scalar(select(Contribution).filter_by(need_id=need_id, source=source, label=label))
    before = line.columns.promised if line else 0
    if amount.minor < 0 or (not line and not amount.minor):
        raise ValueError("an amount is above nothing")
    line = line or _new_line(session, now, need_id, source, actor, label=label)
    more = Amount.of(abs(amount.minor - before), now.date())
    if more.dirhams:
        posting = Posting.PROMISE if amount.minor > before else Posting.RELEASE
        line = post(session, now, line.id, posting, more, actor)
        record(session, now, actor, "contribution.set", f"contribution:{line.id}", before=before, now=amount.minor)
        change_plan(session, now, need_id=need_id, party=party, actor=actor)
    return line


def confirm_line(session: Session, now: datetime, *, actor: str, contribution_id: int, paper: str) -> Contribution:
    """Note that a coordinator saw an institution's decision on paper: what it promised is confirmed.

    Raises NotFoundError, NotAllowedError for a village's or a diaspora association's line, which the agreement to the
    plan confirms, MoveError when nothing is left to confirm, ValueError without a word on the paper.
    """
    line = locked_contribution(session, contribution_id)
    if not line:
        raise NotFoundError
    if line.source not in INSTITUTIONS:
        raise NotAllowedError
    paper = clean(paper)
    if not paper:
        raise ValueError("which paper was seen?")
    confirm(session, now, line, actor, paper)
    record(session, now, actor, "contribution.confirmed", f"contribution:{line.id}", paper=paper)
    return line


def confirm(session: Session, now: datetime, line: Contribution, actor: str, reason: str = "") -> None:
    """Confirm all that a line promised.

    Raises MoveError when nothing is left to confirm.
    """
    promised = Amount.of(line.holds[Account.PROMISED], now.date())
    post(session, now, line.id, Posting.CONFIRM, promised, actor, {"reason": reason})


def change_plan(session: Session, now: datetime, *, need_id: int, party: Party, actor: str) -> None:
    """Count a change of the plan: whoever agreed to an earlier version agrees anew; an agreed one is open again."""
    project = project_of(session, need_id)
    if not project:
        return
    project.plan_version += 1
    if project.state is ProjectState.PLANNED:
        move_project(session, now, need_id=need_id, move=ProjectMove.REOPEN_PLAN, party=party, actor=actor)
        tell_plan(session, now, project, "plan_changed")


def tell_plan(session: Session, now: datetime, project: Project, template: str, *but: str, **values: Any) -> None:
    """Tell the officers and the partners' contacts, `but` these phones, about the plan as it is now."""
    event = f"plan:{project.need_id}:{project.plan_version}"
    for phone in both_sides(session, project.need):
        if phone not in but:
            tell(
                session,
                now,
                event=event,
                phone=phone,
                template=template,
                reference=project.need.reference,
                **values,
            )


def both_sides(session: Session, need: Need) -> list[str]:
    """Return the phones of those who decide on a project: its village's officers and its partners' contacts."""
    officers = [officer.phone for officer in need.association.active_officers if officer.role in OFFICERS]
    partners = [proposal.diaspora for proposal in partners_of(session, need.id)]
    return [*officers, *(contact.phone for partner in partners for contact in partner.active_contacts)]


def line_of(session: Session, need_id: int, diaspora_id: int) -> Contribution | None:
    """Return a diaspora association's line of a plan."""
    return session.scalar(select(Contribution).filter_by(need_id=need_id, diaspora_id=diaspora_id))


def giver_of(line: Contribution) -> str | Source:
    """Return who gives a line: a name where there is one, else what kind of giver it is."""
    return line.diaspora.name if line.diaspora else line.label or line.source


def _new_line(
    session: Session,
    now: datetime,
    need_id: int,
    source: Source,
    actor: str,
    *,
    diaspora_id: int | None = None,
    label: str = "",
) -> Contribution:
    line = Contribution(
        need_id=need_id, source=source, diaspora_id=diaspora_id, label=label, declared_by=actor, declared_at=now
    )
    session.add(line)
    session.flush()
    return line
