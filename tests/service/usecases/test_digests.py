"""Digests: several things a person wanted to hear of in one message, at nine by their clock, each thing once."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.container import Container
from service.domain.kinds import Pace
from service.domain.roles import OfficerRole
from service.domain.states import MessageState, ProposalState
from service.locales import Language
from service.messaging.outbox import tell
from service.messaging.phrases import sourced
from service.messaging.segments import measure
from service.messaging.sender import drain
from service.models import Message, Phone, Proposal
from service.models.diaspora import active_contact
from service.models.session import reading, transaction
from service.usecases.digests import change_pace, due_since, send_digests
from service.usecases.phones import stop
from tests.conftest import MovedClock
from tests.world import LYON, diaspora, need_of, proposed, settle, village

MORNING = "2026-11-24T08:00:00+00:00"  # nine in Lyon, a Tuesday


@pytest.fixture(autouse=True)
def lyon(engine: Engine, clock: MovedClock) -> None:
    settle(engine)
    with transaction(engine) as session:
        diaspora(session, clock())
        change(session, clock, Pace.DAILY)


def change(session: Session, clock: MovedClock, pace: Pace) -> None:
    contact = active_contact(session, LYON)
    assert contact
    change_pace(session, clock(), contact=contact, pace=pace)


def news(engine: Engine, clock: MovedClock, count: int = 1, template: str = "progress_confirmed") -> None:
    for number in range(count):
        with transaction(engine) as session:
            tell(
                session,
                clock(),
                event=f"{clock()}:{number}",
                phone=LYON,
                template=template,
                reference=f"K{number}-4Q2",
                association="Ait Abdallah",
                percent=40 + number,
                news="",
                source=sourced(OfficerRole.SECRETARY, clock()),
                sector="",
                commune="",
            )


def at(clock: MovedClock, moment: str) -> None:
    clock.now = datetime.fromisoformat(moment)


def digest(engine: Engine, clock: MovedClock) -> int:
    with transaction(engine) as session:
        return send_digests(session, clock(), (21, 8))


def messages(engine: Engine) -> list[tuple[str, MessageState]]:
    with reading(engine) as session:
        rows = session.execute(select(Message.template, Message.state).order_by(Message.id))
        return [(template, state) for template, state in rows]


def test_news_wait_for_nine_in_the_morning_and_come_together_once(engine: Engine, clock: MovedClock) -> None:
    news(engine, clock, 3)
    at(clock, "2026-11-24T07:59:59+00:00")
    assert digest(engine, clock) == 0
    at(clock, MORNING)
    assert digest(engine, clock) == 1
    assert digest(engine, clock) == 0
    told = messages(engine)
    assert told == [("progress_confirmed", MessageState.DIGESTED)] * 3 + [("digest", MessageState.QUEUED)]
    with reading(engine) as session:
        written = session.scalars(select(Message).where(Message.template == "digest")).one()
        said = "par le secrétariat le 23/11/2026, pas encore confirmé"
        assert written.text == (
            f"Tiwizi, 3 nouvelles: K2-4Q2 42% {said}; K1-4Q2 41% {said}; K0-4Q2 40% {said}. "
            "OUI, NON ou INFO avec la référence."
        )
        assert set(session.scalars(select(Message.digest_id).where(Message.template != "digest"))) == {written.id}


def test_what_came_after_nine_waits_for_the_next_morning(engine: Engine, clock: MovedClock) -> None:
    at(clock, "2026-11-24T08:00:01+00:00")
    news(engine, clock, 2)
    clock.move(hours=12)
    assert digest(engine, clock) == 0
    at(clock, "2026-11-25T08:00:00+00:00")
    assert digest(engine, clock) == 1


def test_a_late_digest_is_written_after_the_night_and_has_what_came_in_it(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        session.get_one(Phone, LYON).zone = "America/Toronto"  # five hours behind UTC
    news(engine, clock, 2)
    at(clock, "2026-11-25T03:30:00+00:00")
    assert digest(engine, clock) == 0
    news(engine, clock)
    at(clock, "2026-11-25T12:59:59+00:00")
    assert digest(engine, clock) == 0
    at(clock, "2026-11-25T13:00:00+00:00")
    assert digest(engine, clock) == 1
    assert messages(engine)[-1:] == [("digest", MessageState.QUEUED)]
    assert [state for _, state in messages(engine)[:-1]] == [MessageState.DIGESTED] * 3
    at(clock, "2026-11-25T14:00:00+00:00")
    assert digest(engine, clock) == 0


def test_one_thing_only_is_told_by_itself(engine: Engine, clock: MovedClock) -> None:
    news(engine, clock)
    at(clock, MORNING)
    assert digest(engine, clock) == 1
    assert messages(engine) == [("progress_confirmed", MessageState.QUEUED)]


def test_a_week_of_news_comes_on_monday(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        change(session, clock, Pace.WEEKLY)
    at(clock, "2026-11-24T10:00:00+00:00")
    news(engine, clock, 2)
    for day in ("25", "28", "29"):
        at(clock, f"2026-11-{day}T12:00:00+00:00")
        assert digest(engine, clock) == 0
    at(clock, "2026-11-30T08:00:00+00:00")
    assert digest(engine, clock) == 1


@pytest.mark.parametrize("day", ["2026-03-29", "2026-10-25", "2026-11-24"])
def test_nine_is_nine_by_the_clock_of_the_receiver_whatever_the_season(day: str) -> None:
    phone = Phone(number=LYON, language=Language.FR, zone="Europe/Paris", pace=Pace.DAILY)
    for hour in range(24):
        now = datetime.fromisoformat(f"{day}T{hour:02}:30:00+00:00")
        due = due_since(phone, now)
        assert (due.hour, due.utcoffset()) == (9, due.astimezone(due.tzinfo).utcoffset())
        assert timedelta(0) <= now - due < timedelta(hours=25)


def test_many_news_fit_two_parts_and_say_how_many_more_there_are(engine: Engine, clock: MovedClock) -> None:
    news(engine, clock, 30)
    at(clock, MORNING)
    digest(engine, clock)
    with reading(engine) as session:
        text = session.scalars(select(Message.text).where(Message.template == "digest")).one()
    assert measure(text).parts == 2
    assert text.startswith("Tiwizi, 30 nouvelles: K29-4Q2 69%")
    assert "autres: LISTE" in text


def test_an_alert_answered_meanwhile_is_no_news(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        for number in (1, 2):
            tell(
                session,
                clock(),
                event=f"proposal:{number}:reminder",
                phone=LYON,
                template="alert_reminder",
                reference=f"K{number}-4Q2",
                sector="",
                commune="",
            )
    news(engine, clock)
    at(clock, MORNING)
    assert digest(engine, clock) == 1
    told = messages(engine)
    assert told[:2] == [("alert_reminder", MessageState.CANCELLED)] * 2
    assert told[2:] == [("progress_confirmed", MessageState.QUEUED)]


def test_what_was_kept_for_too_long_is_a_dead_letter(engine: Engine, clock: MovedClock) -> None:
    news(engine, clock)
    clock.move(days=8)
    assert digest(engine, clock) == 0
    with reading(engine) as session:
        kept = session.scalars(select(Message)).one()
        assert (kept.state, kept.reason) == (MessageState.EXPIRED, "too late")


def test_who_wants_to_hear_at_once_again_gets_what_waited(engine: Engine, clock: MovedClock) -> None:
    news(engine, clock, 2)
    with transaction(engine) as session:
        change(session, clock, Pace.AT_ONCE)
    news(engine, clock)
    states = {state for _, state in messages(engine)}
    assert states == {MessageState.QUEUED}


def test_stop_holds_for_what_waits_for_a_digest(engine: Engine, clock: MovedClock) -> None:
    news(engine, clock, 2)
    with transaction(engine) as session:
        stop(session, clock(), LYON, "opt-out")
    at(clock, MORNING)
    assert digest(engine, clock) == 0
    assert {state for _, state in messages(engine)} == {MessageState.CANCELLED}


def test_what_must_be_known_at_once_is_told_at_once(engine: Engine, clock: MovedClock) -> None:
    news(engine, clock, template="refused")
    assert messages(engine) == [("refused", MessageState.QUEUED)]


def test_a_digest_is_sent_like_any_message(container: Container, clock: MovedClock) -> None:
    news(container.engine, clock, 2)
    at(clock, MORNING)
    digest(container.engine, clock)
    drain(container)
    assert messages(container.engine)[-1] == ("digest", MessageState.DELIVERED)


def test_a_need_and_its_reminder_are_one_line_of_a_digest(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        village(session, clock())
        contact = active_contact(session, LYON)
        assert contact
        shown = proposed(session, clock(), need_of(session, clock()), contact.association).id
        for what in ("alert_reminder", "alert_reminder_again"):
            tell(
                session,
                clock(),
                event=f"proposal:{shown}:{what}",
                phone=LYON,
                template="alert_reminder",
                reference="K7-4Q2",
                sector="",
                commune="",
            )
    news(engine, clock)
    at(clock, MORNING)
    assert digest(engine, clock) == 1
    with reading(engine) as session:
        text = session.scalars(select(Message.text).where(Message.template == "digest")).one()
        assert text.count("K7-4Q2 attend votre réponse") == 1
        assert session.scalars(select(Proposal.state)).one() is ProposalState.PROPOSED
