"""Figures: how many of each there are, and what the ledgers come to."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel
from sqlalchemy import case, func, select
from sqlalchemy.orm import InstrumentedAttribute

from service.domain.ledger import Account
from service.domain.projects import ProjectState
from service.domain.scopes import Scope
from service.domain.sectors import Sector
from service.domain.states import AssociationState, MessageState, NeedState, ProposalState
from service.models.associations import VillageAssociation
from service.models.contributions import LedgerEntry
from service.models.diaspora import DiasporaAssociation
from service.models.messages import count_messages
from service.models.needs import Need
from service.models.projects import Project
from service.models.proposals import Proposal
from service.web.api.operations import Call, Operations

operations = Operations("Figures")


class Money(BaseModel):
    """What all ledgers come to."""

    promised_centimes: int
    confirmed_centimes: int
    received_centimes: int


class Figures(BaseModel):
    """Counts at a moment."""

    at: datetime
    needs: dict[NeedState, int]
    needs_by_sector: dict[Sector, int]
    projects: dict[ProjectState, int]
    proposals: dict[ProposalState, int]
    village_associations: dict[AssociationState, int]
    diaspora_associations: dict[AssociationState, int]
    messages: dict[MessageState, int]
    money: Money


@operations.get("/figures", Scope.FIGURES_READ)
def one(call: Call) -> Figures:
    """Show the figures."""
    messages = dict.fromkeys(MessageState, 0)
    for (state, _), count in count_messages(call.session).items():
        messages[state] += count
    return Figures(
        at=call.now,
        needs=_counted(call, Need.state, NeedState),
        needs_by_sector=_counted(call, Need.sector, Sector),
        projects=_counted(call, Project.state, ProjectState),
        proposals=_counted(call, Proposal.state, ProposalState),
        village_associations=_counted(call, VillageAssociation.state, AssociationState),
        diaspora_associations=_counted(call, DiasporaAssociation.state, AssociationState),
        messages=messages,
        money=_money(call),
    )


def _counted(call: Call, column: InstrumentedAttribute[Any], kinds: type[StrEnum]) -> dict[Any, int]:
    found = call.session.execute(select(column, func.count()).group_by(column))
    return dict.fromkeys(kinds, 0) | {kind: count for kind, count in found}  # noqa: C416  # rows are no pairs


def _money(call: Call) -> Money:
    """Return the columns of all accounts together: what came into one, less what went out of it."""
    accounts = (Account.RECEIVED, Account.CONFIRMED, Account.PROMISED)
    sums = [func.coalesce(func.sum(_change(account)), 0) for account in accounts]
    received, confirmed, promised = map(int, call.session.execute(select(*sums)).one())
    confirmed += received
    return Money(promised_centimes=promised + confirmed, confirmed_centimes=confirmed, received_centimes=received)


def _change(account: Account) -> Any:
    into = case((LedgerEntry.into == account, LedgerEntry.dirhams), else_=0)
    return into - case((LedgerEntry.out_of == account, LedgerEntry.dirhams), else_=0)
