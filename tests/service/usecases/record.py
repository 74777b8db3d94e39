"""What was written: messages and audit entries, as short lines to compare with."""

from sqlalchemy import Engine, select

from service.models import AuditEntry, Message
from service.models.session import reading


def told(engine: Engine) -> list[tuple[str, str]]:
    """Return who was told what, (phone, template), in order."""
    with reading(engine) as session:
        messages = session.scalars(select(Message).order_by(Message.id))
        return [(message.phone, message.template) for message in messages]


def texts(engine: Engine, template: str) -> list[str]:
    """Return what was said under a template, in order."""
    with reading(engine) as session:
        return list(session.scalars(select(Message.text).where(Message.template == template).order_by(Message.id)))


def audited(engine: Engine, subject: str) -> list[tuple[str, str]]:
    """Return what was noted of one kind of thing, (actor, action), in order; ids are left out of actors."""
    with reading(engine) as session:
        entries = session.scalars(
            select(AuditEntry).where(AuditEntry.subject.startswith(f"{subject}:")).order_by(AuditEntry.id)
        )
        return [(entry.actor.partition(":")[0], entry.action) for entry in entries]


def reasons(engine: Engine) -> list[str]:
    """Return the reasons that audit entries hold, in order."""
    with reading(engine) as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [entry.data["reason"] for entry in entries if entry.data.get("reason")]
