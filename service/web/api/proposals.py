"""Proposals: which need was shown to which association of emigrants, why, and what came of it."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from service.domain.scopes import Scope
from service.domain.states import ProposalState
from service.models.proposals import Proposal
from service.web.api.operations import Call, Operations
from service.web.api.paging import Id, Page, PageQuery, asked, cut, of_needs
from service.web.api.shapes import Reference

operations = Operations("Proposals")


class ProposalShown(BaseModel):
    """A need shown once to one association."""

    id: int
    need: str = Field(description="Its reference.")
    diaspora_association: int
    state: ProposalState
    score: float
    reasons: list[Any] = Field(description="Catalogue keys and values of what the association was told.")
    answer_reason: str
    proposed_at: datetime
    answered_at: datetime | None
    decided_at: datetime | None


class ProposalQuery(PageQuery):
    """Which proposals."""

    state: ProposalState | None = None
    need: Reference | None = None
    diaspora_association: Id | None = None


@operations.get("/proposals", Scope.PROPOSALS_READ)
def several(call: Call, query: ProposalQuery) -> Page[ProposalShown]:
    """List proposals."""
    which = of_needs(Proposal.need_id, reference=query.need)
    found = select(Proposal).filter_by(**asked(state=query.state, diaspora_id=query.diaspora_association)).where(*which)
    rows, following = cut(call, query, found.options(joinedload(Proposal.need)), Proposal.id)
    return Page(items=[_shown(proposal) for proposal in rows], next=following)


@operations.get("/proposals/<number:number>", Scope.PROPOSALS_READ)
def one(call: Call, number: int) -> ProposalShown:
    """Show a proposal."""
    return _shown(call.find(Proposal, number))


def _shown(proposal: Proposal) -> ProposalShown:
    return ProposalShown(
        id=proposal.id,
        need=proposal.need.reference,
        diaspora_association=proposal.diaspora_id,
        state=proposal.state,
        score=proposal.score,
        reasons=proposal.reasons,
        answer_reason=proposal.answer_reason,
        proposed_at=proposal.proposed_at,
        answered_at=proposal.answered_at,
        decided_at=proposal.decided_at,
    )
