"""A round of matching on the database: who is asked, with what reasons, and what is not done twice."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.match import explain, match, rehearse
from jobs.reminders import send_reminders
from service.container import Container
from service.domain.sectors import Sector
from service.domain.states import ProposalState
from service.matching.held_back import HeldBack
from service.matching.scoring import Weights
from service.models import Message, Proposal
from service.models.session import reading, transaction
from service.usecases.matching import Round, match_needs, plan_round
from service.usecases.phones import stop
from service.usecases.proposals import decline
from service.usecases.sides import evidence
from tests.conftest import MovedClock
from tests.world import LYON, TAFRAOUT, UTRECHT, commune, diaspora, need_of, settle, village

TIZNIT = "09.581"


@pytest.fixture
def need(container: Container, clock: MovedClock) -> str:
    """The reference of a verified need in Taliouine."""
    settle(container.engine)
    with transaction(container.engine) as session:
        village(session, clock())
        return need_of(session, clock()).reference


def run(container: Container, slots: int = 2) -> Round:
    with transaction(container.engine) as session:
        return match_needs(session, container.clock(), slots, Weights())


def states(session: Session) -> list[ProposalState]:
    return list(session.scalars(select(Proposal.state).order_by(Proposal.id)))


def test_a_need_is_proposed_with_its_reasons_and_how_many_others_were_asked(
    container: Container, need: str, clock: MovedClock
) -> None:
    with transaction(container.engine) as session:
        diaspora(session, clock())
        diaspora(session, clock(), UTRECHT, "Utrecht-Souss")
    done = run(container)
    assert [(one.need.reference, one.diaspora.name) for one in done.proposed] == [
        (need, "Lyon-Taliouine"),
        (need, "Utrecht-Souss"),
    ]
    with reading(container.engine) as session:
        alerts = list(session.scalars(select(Message.text).where(Message.template == "alert").order_by(Message.id)))
    for alert in alerts:
        assert need in alert
        assert "votre commune" in alert
        assert "260 000 DH" in alert  # what the village does not give itself
        assert "1 autre" in alert


def test_a_round_run_twice_proposes_and_tells_nothing_twice(container: Container, need: str, clock: MovedClock) -> None:
    with transaction(container.engine) as session:
        diaspora(session, clock())
    assert len(run(container).proposed) == 1
    again = run(container)
    assert (again.proposed, again.held_back) == ([], [])
    with reading(container.engine) as session:
        assert states(session) == [ProposalState.PROPOSED]
        assert len(list(session.scalars(select(Message).where(Message.template == "alert")))) == 1
    assert need


def test_a_rehearsal_explains_and_writes_nothing(container: Container, need: str, clock: MovedClock) -> None:
    with transaction(container.engine) as session:
        diaspora(session, clock())
    (line,) = explain(rehearse(container))
    assert line.startswith(f"{need} -> Lyon-Taliouine: score 0.")
    assert "origin.commune" in line
    with reading(container.engine) as session:
        assert states(session) == []


def test_who_declined_is_not_asked_again_and_the_need_says_what_holds_it(
    container: Container, need: str, clock: MovedClock
) -> None:
    with transaction(container.engine) as session:
        lyon = diaspora(session, clock())
    run(container)
    with transaction(container.engine) as session:
        contact = session.merge(lyon).active_contacts[0]
        decline(session, clock(), contact=contact, reference=need, reason="")
    held = run(container)
    assert held.proposed == []
    assert [(one.reference, why) for one, why in held.held_back] == [(need, HeldBack.ALL_DECLINED)]
    assert "all declined" in explain(held)[0]


def test_an_unanswered_proposal_lapses_and_frees_the_place_for_another(
    container: Container, need: str, clock: MovedClock
) -> None:
    with transaction(container.engine) as session:
        diaspora(session, clock())
        diaspora(session, clock(), UTRECHT, "Utrecht-Souss")
    one_at_a_time = Container(
        container.settings.model_copy(update={"match_slots": 1}), container.engine, container.gateways, clock
    )
    assert match(one_at_a_time) == "1 proposed, 0 held back, 0 lapsed"
    clock.now += timedelta(days=13)
    assert match(one_at_a_time) == "0 proposed, 0 held back, 0 lapsed"
    clock.now += timedelta(days=2)
    assert match(one_at_a_time) == "1 proposed, 0 held back, 1 lapsed"
    with reading(container.engine) as session:
        assert states(session) == [ProposalState.EXPIRED, ProposalState.PROPOSED]
    assert need


def test_who_does_not_answer_is_reminded_once(container: Container, need: str, clock: MovedClock) -> None:
    with transaction(container.engine) as session:
        diaspora(session, clock())
    match(container)
    clock.now += timedelta(days=6)
    assert send_reminders(container) == "0 wait"
    assert reminders(container) == []
    clock.now += timedelta(days=2)
    assert [send_reminders(container) for _ in range(2)] == ["1 wait"] * 2
    (reminder,) = reminders(container)
    assert f"OUI {need}" in reminder


def reminders(container: Container) -> list[str]:
    with reading(container.engine) as session:
        return list(session.scalars(select(Message.text).where(Message.template == "alert_reminder")))


def test_attention_is_not_overdrawn(container: Container, need: str, clock: MovedClock) -> None:
    with transaction(container.engine) as session:
        diaspora(session, clock()).attention_slots = 2
        for _ in range(3):
            need_of(session, clock())
    done = run(container)
    assert len(done.proposed) == 2
    assert {why for _, why in done.held_back} == {HeldBack.OUTBID}
    assert {why for _, why in run(container).held_back} == {HeldBack.ALL_BUSY}
    assert need


def test_an_association_that_said_stop_is_not_asked(container: Container, need: str, clock: MovedClock) -> None:
    with transaction(container.engine) as session:
        diaspora(session, clock())
        stop(session, clock(), LYON, "sms")
    assert run(container).proposed == []
    assert need


def test_a_need_that_is_not_verified_is_not_proposed(container: Container, clock: MovedClock) -> None:
    settle(container.engine)
    with transaction(container.engine) as session:
        village(session, clock())
        need_of(session, clock(), verified=False)
        diaspora(session, clock())
        assert plan_round(session, clock(), 2, Weights()).proposed == []


def test_a_neighbour_province_is_asked_after_the_commune(container: Container, need: str, clock: MovedClock) -> None:
    with transaction(container.engine) as session:
        far = diaspora(session, clock(), UTRECHT, "Tiznit Utrecht")
        far.origins[0].place_code = TAFRAOUT
        diaspora(session, clock())
    done = run(container, slots=1)
    assert [one.diaspora.name for one in done.proposed] == ["Lyon-Taliouine"]
    assert need


def test_the_census_signal_is_full_where_everything_lacks() -> None:
    dry = commune("09.541.01.98", "Dry", "جاف", ("Taroudannt", "تارودانت"), running_water=10.0)
    assert evidence(dry, Sector.WATER) == pytest.approx(0.9)
    assert evidence(dry, Sector.TOURISM) == 0.0
