"""Proposals: which association abroad was shown which need, and what became of it."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.wrappers import Response

from service.domain.states import ProposalState
from service.models import DiasporaAssociation, Need, Proposal
from service.web.access import access
from service.web.admin.lists import Column, Field, Listing, answer, column
from service.web.admin.lists.cells import Linked, State, Typed
from service.web.admin.lists.filters import Condition, choice, number, since, until
from service.web.admin.lists.searches import search_diaspora, search_needs
from service.web.admin.lists.villages import need_columns, need_filters


def _search(typed: str) -> Condition:
    """Find proposals by their needs, or by the association they were shown to."""
    abroad = select(DiasporaAssociation.id).where(search_diaspora(typed))
    needs = select(Need.id).where(search_needs(typed))
    return Proposal.need_id.in_(needs) | Proposal.diaspora_id.in_(abroad)


def _shown_to(row: Any) -> Linked:
    return Linked(Typed(row.Proposal.diaspora.name), "admin.diaspora_association", {"number": row.Proposal.diaspora_id})


LISTING = Listing(
    "proposals",
    Proposal.id,
    select(Proposal).options(joinedload(Proposal.need).joinedload(Need.association), joinedload(Proposal.diaspora)),
    columns=(
        *need_columns(lambda row: row.Proposal.need),
        column(
            "shown_to",
            _shown_to,
        ),
        Column(
            "state",
            (
                Field("state", lambda row: State(row.Proposal.state)),
                Field("reason", lambda row: Typed(row.Proposal.answer_reason)),
            ),
        ),
        Column(
            "when",
            (
                Field("proposed", lambda row: row.Proposal.proposed_at, Proposal.id),
                Field("answered", lambda row: row.Proposal.answered_at),
                Field("decided", lambda row: row.Proposal.decided_at),
            ),
            named=True,
        ),
    ),
    filters=(
        choice("state", ProposalState, lambda state: Proposal.state == state),
        *need_filters(Proposal.need_id),
        since(Proposal.proposed_at),
        until(Proposal.proposed_at),
        number("diaspora", Proposal.diaspora_id),
    ),
    search=_search,
    waiting=lambda row: row.Proposal.state is ProposalState.INTERESTED,
)


@access("viewer")
def show() -> str | Response:
    """List proposals, the newest first."""
    return answer(LISTING)
