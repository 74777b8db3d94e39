"""Pledges: a promise is noted, both sides hear of it, and only for what the association was shown and is still open."""

import pytest
from sqlalchemy import select, update

from service.domain.errors import MoveError, NotFoundError
from service.domain.money import Currency, Money
from service.domain.states import AssociationState, ProposalState
from service.models import DiasporaAssociation, Pledge, VillageAssociation
from service.models.diaspora import active_contact
from service.models.session import reading, transaction
from service.usecases.pledges import make_pledge
from tests.service.usecases.record import audited, texts
from tests.service.usecases.story import CODE, Story
from tests.world import LYON, SECRETARY, TREASURER, need_of

EUROS = Money.of(5_000, Currency.EUR)


def pledges(story: Story, reference: str = "", phone: str = LYON) -> None:
    with transaction(story.engine) as session:
        contact = active_contact(session, phone)
        assert contact
        make_pledge(
            session,
            story.clock(),
            contact=contact,
            reference=reference or story.reference,
            amount=EUROS,
            code=CODE,
        )


def promised(story: Story) -> list[Money]:
    with reading(story.engine) as session:
        return [pledge.amount for pledge in session.scalars(select(Pledge).order_by(Pledge.id))]


def test_a_pledge_is_noted_and_both_sides_hear_of_it(story: Story) -> None:
    story.says_yes()
    story.accepts()
    before = len(story.told())
    pledges(story)
    assert promised(story) == [EUROS]
    officers = [(SECRETARY, "pledge_village"), (TREASURER, "pledge_village")]  # and no witness
    assert story.told()[before:] == [*officers, (LYON, "pledge_noted")]
    for template in ("pledge_village", "pledge_noted"):
        (said,) = set(texts(story.engine, template))
        assert "5 000 EUR" in said
        assert story.reference in said
        assert "Tiwizi ne recoit pas d'argent" in said
    assert audited(story.engine, "pledge") == [("contact", "pledge.promised")]
    assert story.state() is ProposalState.INTRODUCED


def test_a_pledge_for_what_was_only_proposed_is_a_yes_too(story: Story) -> None:
    pledges(story)
    assert story.state() is ProposalState.INTERESTED
    assert (SECRETARY, "interest") in story.told()
    assert promised(story) == [EUROS]


def test_nothing_is_promised_for_what_was_shown_to_others(story: Story) -> None:
    with transaction(story.engine) as session:
        other = need_of(session, story.clock()).reference
    for reference in (other, "ZZ-ZZZ"):
        with pytest.raises(NotFoundError):
            pledges(story, reference)
    assert promised(story) == []


@pytest.mark.parametrize("entity", [VillageAssociation, DiasporaAssociation])
def test_nothing_is_promised_once_a_side_was_turned_away(
    story: Story, entity: type[VillageAssociation] | type[DiasporaAssociation]
) -> None:
    story.says_yes()
    story.accepts()
    with transaction(story.engine) as session:
        session.execute(update(entity).values(state=AssociationState.REJECTED))
    with pytest.raises(MoveError):
        pledges(story)
    assert promised(story) == []


def test_nothing_is_promised_for_what_was_refused_or_turned_away(story: Story) -> None:
    story.says_yes()
    story.refuses()
    with pytest.raises(MoveError):
        pledges(story)
    story.turned_away()
    assert promised(story) == []
