"""Needs and associations that may be the same as another: suggested to a coordinator, who decides."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session, contains_eager

from service.domain.errors import MoveError, NotFoundError
from service.domain.states import AssociationState, NeedState
from service.domain.text import search_key
from service.messaging.phrases import Phrase
from service.models.associations import VillageAssociation
from service.models.needs import Need, need_by_reference
from service.usecases.needs import reject_need

# Of one commune more is not looked through for one page.
MOST_LOOKED_AT = 300
MOST_SHOWN = 5
# Two figures of the same thing, by two people who estimate.
NEAR = 0.2
# Shorter words, the article and the preposition, are in every title.
SHORTEST_WORD = 4
ENOUGH = 2


class Likeness(StrEnum):
    """What two needs have in common, beside the commune and the sector."""

    ASSOCIATION = "association"
    HOUSEHOLDS = "households"
    COST = "cost"
    TITLE = "title"


@dataclass(frozen=True)
class Alike:
    """Another need, and what it has in common with the one that is looked at."""

    need: Need
    because: Sequence[Likeness]


def needs_alike(session: Session, need: Need) -> list[Alike]:
    """Return the needs of the same commune and sector that may be the same, the likest first; at most five.

    A need of the same association, or one that shares two other signs: households, cost, words of its title.
    """
    found = (
        select(Need)
        .join(Need.association)
        .where(
            Need.id != need.id,
            Need.sector == need.sector,
            Need.state != NeedState.REJECTED,
            VillageAssociation.commune_code == need.association.commune_code,
        )
        .options(contains_eager(Need.association))
        .order_by(Need.id.desc())
        .limit(MOST_LOOKED_AT)
    )
    alike = [Alike(other, _common(need, other)) for other in session.scalars(found)]
    suspects = [one for one in alike if Likeness.ASSOCIATION in one.because or len(one.because) >= ENOUGH]
    return sorted(suspects, key=lambda one: -len(one.because))[:MOST_SHOWN]


def associations_alike(session: Session, association: VillageAssociation) -> list[VillageAssociation]:
    """Return the associations of the same commune whose name or douar is the same however it is written."""
    found = (
        select(VillageAssociation)
        .where(
            VillageAssociation.id != association.id,
            VillageAssociation.commune_code == association.commune_code,
            VillageAssociation.state != AssociationState.REJECTED,
        )
        .order_by(VillageAssociation.id)
        .limit(MOST_LOOKED_AT)
    )
    own = {search_key(association.name), search_key(association.douar)} - {""}
    return [one for one in session.scalars(found) if own & {search_key(one.name), search_key(one.douar)}][:MOST_SHOWN]


def reject_as_same(session: Session, now: datetime, *, actor: str, need_id: int, reference: str) -> Need:
    """Turn a need away as the same as another that goes on; the village is told which.

    Raises NotFoundError, MoveError when it is decided already, or when the other is itself or was turned away.
    """
    other = need_by_reference(session, reference)
    if not other:
        raise NotFoundError
    if other.id == need_id or other.state is NeedState.REJECTED:
        raise MoveError(before=other.state, after=NeedState.REJECTED)
    reason = f"= {reference}"
    return reject_need(session, now, actor=actor, need_id=need_id, reason=reason, told=same_as(reference))


def same_as(reference: str) -> Phrase:
    """Return the reason that a village is told: that the other need goes on."""
    return Phrase("need.same_as", {"reference": reference})


def _common(need: Need, other: Need) -> list[Likeness]:
    signs = {
        Likeness.ASSOCIATION: need.association_id == other.association_id,
        Likeness.HOUSEHOLDS: _near(need.households, other.households),
        Likeness.COST: _near(need.cost, other.cost),
        Likeness.TITLE: bool(_words(need.title) & _words(other.title)),
    }
    return [sign for sign, holds in signs.items() if holds]


def _near(one: int, other: int) -> bool:
    return abs(one - other) <= NEAR * max(one, other)


def _words(title: str) -> set[str]:
    return {word for word in map(search_key, title.split()) if len(word) >= SHORTEST_WORD}
