"""Why a need waits: its page says what a round of the matching would."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.domain.sectors import Urgency
from service.domain.states import AssociationState, NeedState
from service.matching.held_back import HeldBack
from service.matching.scoring import Weights
from service.models import Need
from service.models.proposals import is_unasked
from service.models.session import transaction
from service.usecases.matching import match_needs, plan_round
from service.usecases.needs import reject_need, verify_need
from service.usecases.phones import stop
from service.usecases.proposals import decline, express_interest
from service.usecases.standing import Standing, Waits, standing_of, standings
from tests.conftest import MovedClock
from tests.world import LYON, UTRECHT, diaspora, need_of, proposed, settle, village

Arrange = Callable[[Session, MovedClock], None]


def nobody(_session: Session, _clock: MovedClock) -> None:
    """No association wants to hear of water."""


def stopped(session: Session, clock: MovedClock) -> None:
    diaspora(session, clock())
    stop(session, clock(), LYON, "sms")


def declined(session: Session, clock: MovedClock) -> None:
    lyon = diaspora(session, clock())
    proposal = match_needs(session, clock(), 2, Weights()).proposed[0]
    decline(session, clock(), contact=lyon.active_contacts[0], reference=proposal.need.reference, reason="")


def busy(session: Session, clock: MovedClock) -> None:
    diaspora(session, clock()).attention_slots = 0


CASES: list[tuple[Arrange, HeldBack]] = [
    (nobody, HeldBack.NO_PARTNER_FOR_SECTOR),
    (stopped, HeldBack.NO_PARTNER_FOR_SECTOR),
    (declined, HeldBack.ALL_DECLINED),
    (busy, HeldBack.ALL_BUSY),
]


@pytest.mark.parametrize(("arrange", "why"), CASES)
def test_the_page_says_what_a_round_would(engine: Engine, clock: MovedClock, arrange: Arrange, why: HeldBack) -> None:
    settle(engine)
    with transaction(engine) as session:
        village(session, clock())
        number = need_of(session, clock()).id
        session.flush()
        arrange(session, clock)
    with transaction(engine) as session:
        round_ = plan_round(session, clock(), 2, Weights())
        assert [reason for need, reason in round_.held_back if need.id == number] == [why]
        assert standing_of(session, clock(), session.get_one(Need, number)).why is why


def test_a_place_that_another_need_takes_is_said(engine: Engine, clock: MovedClock) -> None:
    settle(engine)
    with transaction(engine) as session:
        village(session, clock())
        diaspora(session, clock()).attention_slots = 1
        diaspora(session, clock(), UTRECHT, "Utrecht-Souss").attention_slots = 0
        first, second = need_of(session, clock()), need_of(session, clock())
        held = plan_round(session, clock(), 2, Weights()).held_back
        assert [why for _, why in held] == [HeldBack.OUTBID]
        expected = Standing(HeldBack.OUTBID, since=first.verified_at, wanting=2, shown=0, busy=1)
        assert standing_of(session, clock(), held[0][0]) == expected
        match_needs(session, clock(), 2, Weights())
        session.flush()
        standings = {standing_of(session, clock(), need).why for need in (first, second)}
    assert standings == {Waits.ANSWERS, HeldBack.ALL_BUSY}


def test_what_is_before_and_after_the_matching_is_said_too(engine: Engine, clock: MovedClock) -> None:
    settle(engine)
    with transaction(engine) as session:
        association = village(session, clock())
        need = need_of(session, clock(), verified=False)
        lyon = diaspora(session, clock())

        def why() -> object:
            session.flush()
            standing = standing_of(session, clock(), need)
            assert standings(session, clock(), [need])[need.id] == standing
            since.append(standing.since)
            clock.move(days=1)
            return standing.why

        since: list[datetime | None] = []
        start = clock()
        assert why() is Waits.VERIFICATION
        association.state = AssociationState.PENDING
        assert why() is Waits.ASSOCIATION
        association.state = AssociationState.VERIFIED
        verify_need(session, clock(), actor="user:1", need_id=need.id, urgency=Urgency.HIGH)
        match_needs(session, clock(), 2, Weights())
        assert why() is Waits.ANSWERS
        express_interest(session, clock(), contact=lyon.active_contacts[0], reference=need.reference, code="*1#")
        assert why() is Waits.VILLAGE
        reject_need(session, clock(), actor="user:1", need_id=need.id, reason="doublon")
        assert why() is Waits.REJECTED
        need.state = NeedState.INTRODUCED
        assert why() is Waits.PROJECT
    assert [moment and (moment - start).days for moment in since] == [0, 0, 2, 3, None, None]


def test_a_list_tells_at_once_that_nobody_is_left_to_ask(engine: Engine, clock: MovedClock) -> None:
    settle(engine)
    with transaction(engine) as session:
        village(session, clock())
        need = need_of(session, clock())
        session.flush()
        declined(session, clock)
        assert standings(session, clock(), [need])[need.id] == Standing(Waits.NOBODY, since=clock())
        assert session.scalars(select(Need).where(is_unasked())).all() == [need]
        match_needs(session, clock(), 2, Weights())
        assert standings(session, clock(), [need])[need.id] == Standing(Waits.NOBODY, since=clock())


def test_a_no_does_not_say_that_nobody_is_left_while_somebody_is(engine: Engine, clock: MovedClock) -> None:
    settle(engine)
    with transaction(engine) as session:
        village(session, clock())
        lyon, utrecht = diaspora(session, clock()), diaspora(session, clock(), UTRECHT, "Utrecht-Souss")
        asked, free = need_of(session, clock()), need_of(session, clock())
        proposed(session, clock(), asked, lyon)
        proposed(session, clock(), asked, utrecht)
        proposed(session, clock(), free, lyon)
        for need in (asked, free):
            decline(session, clock(), contact=lyon.active_contacts[0], reference=need.reference, reason="")
        assert [need.unasked for need in (asked, free)] == [False, False]
        decline(session, clock(), contact=utrecht.active_contacts[0], reference=asked.reference, reason="")
        assert [need.unasked for need in (asked, free)] == [True, False]


@pytest.mark.parametrize("arrange", [nobody, stopped])
def test_a_list_says_before_any_round_that_nobody_wants_a_sector(
    engine: Engine, clock: MovedClock, arrange: Arrange
) -> None:
    settle(engine)
    with transaction(engine) as session:
        village(session, clock())
        need = need_of(session, clock())
        arrange(session, clock)
        session.flush()
        assert standings(session, clock(), [need])[need.id] == Standing(Waits.NOBODY, since=clock())
