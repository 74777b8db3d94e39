"""What is at stake when people or associations move: counted, and said before it is done."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from service.models import Contribution, Pledge, Project, Proposal, Testimony
from service.models.proposals import OPEN
from service.web.current import voice


@dataclass(frozen=True)
class Stakes:
    """How many people, needs, projects, promises and testimonies go elsewhere."""

    people: int = 0
    needs: int = 0
    projects: int = 0
    pledges: int = 0
    testimonies: int = 0

    def said(self) -> list[str]:
        """Return each number that is one, in the page's language."""
        return [voice().say(f"web.sure.{name}", number=number) for name, number in asdict(self).items() if number]


def of_village(session: Session, officers: Collection[int], needs: Collection[int]) -> Stakes:
    """Count what goes with these officers and needs."""
    return Stakes(
        people=len(officers),
        needs=len(needs),
        projects=_count(session, select(Project).where(Project.need_id.in_(needs))),
        pledges=_count(session, select(Contribution).where(Contribution.need_id.in_(needs))),
        testimonies=_count(session, select(Testimony).where(Testimony.need_id.in_(needs))),
    )


def of_diaspora(session: Session, number: int, contacts: Collection[int], needs: Collection[int]) -> Stakes:
    """Count what of an association of emigrants goes with these contacts, and the needs that it was shown."""

    def mine(entity: type[Proposal] | type[Pledge], *where: ColumnElement[bool]) -> int:
        return _count(session, select(entity).where(entity.diaspora_id == number, entity.need_id.in_(needs), *where))

    introduced = select(Project.need_id).where(Project.need_id == Proposal.need_id).exists()
    return Stakes(
        people=len(contacts),
        needs=mine(Proposal, Proposal.state.in_(OPEN)),
        projects=mine(Proposal, Proposal.state.not_in(OPEN), introduced),
        pledges=mine(Pledge),
        testimonies=_count(session, select(Testimony).where(Testimony.contact_id.in_(contacts))),
    )


def _count(session: Session, query: Select[Any]) -> int:
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0
