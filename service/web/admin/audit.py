"""Who did what, when."""

from collections.abc import Sequence

from flask import render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.domain.text import clean
from service.models import AuditEntry, User
from service.models.audit import actions, entries
from service.models.session import reading
from service.usecases.staff import list_users
from service.web.access import access
from service.web.admin.asked import asked_number
from service.web.admin.deeds import deed, kind
from service.web.admin.queries import PER_PAGE
from service.web.current import container


@access("admin")
def show() -> str:
    """Show the newest entries, of one person and action if asked; `?before=` goes on with older ones."""
    actor, action = clean(request.args.get("who", "")), clean(request.args.get("action", ""))
    with reading(container().engine) as session:
        found = entries(session, actor=actor, action=action, before=asked_number("before"), most=PER_PAGE + 1)
        return render_template(
            "admin/audit.html",
            entries=found[:PER_PAGE],
            older=found[PER_PAGE - 1].id if len(found) > PER_PAGE else None,
            names=_names(session, found),
            people=list_users(session),
            actions=actions(session),
            asked={"who": actor, "action": action},
            kind=kind,
            deed=deed,
        )


def _names(session: Session, found: Sequence[AuditEntry]) -> dict[str, str]:
    """Return the names of the users that entries are by or about, by `user:3`."""
    named = {who for one in found for who in (one.actor, one.subject) if who.startswith("user:")}
    numbers = [int(who.partition(":")[2]) for who in named if who.partition(":")[2].isdecimal()]
    return {one.subject: one.name for one in session.scalars(select(User).where(User.id.in_(numbers)))}
