"""STOP, START and consent, for numbers known and unknown."""

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.domain.states import MessageState
from service.locales import Language
from service.messaging.outbox import tell
from service.models import AuditEntry, Consent, Message, Phone
from service.models.session import transaction
from service.usecases.phones import know_phone, record_consent, start, stop
from tests.conftest import MovedClock

PHONE = "+212612345678"


def messages(session: Session) -> dict[str, MessageState]:
    return {message.template: message.state for message in session.scalars(select(Message))}


def test_a_number_is_known_once_and_keeps_the_language_it_chose(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        assert know_phone(session, clock(), PHONE).language is Language.FR
        assert know_phone(session, clock(), PHONE, Language.SHI).language is Language.SHI
        assert know_phone(session, clock(), PHONE).language is Language.SHI
        assert len(session.scalars(select(Phone)).all()) == 1


def test_seen_at_is_kept_to_the_day(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        first = clock()
        assert know_phone(session, clock(), PHONE).seen_at == first
        clock.move(hours=23)
        assert know_phone(session, clock(), PHONE).seen_at == first
        clock.move(hours=1)
        assert know_phone(session, clock(), PHONE).seen_at == clock()


def test_stop_withdraws_cancels_confirms_once_and_is_written_down(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        record_consent(session, clock(), PHONE, "ussd")
        tell(session, clock(), event="need:1", phone=PHONE, template="need_saved", reference="K7-4Q2")
        tell(session, clock(), event="need:1", phone="+212600000001", template="refused", reference="K7-4Q2")
    clock.move(minutes=1)
    for _ in range(2):
        with transaction(engine) as session:
            stop(session, clock(), PHONE, "sms")
        clock.move(minutes=1)
    with transaction(engine) as session:
        assert messages(session) == {
            "need_saved": MessageState.CANCELLED,
            "refused": MessageState.QUEUED,
            "stopped": MessageState.QUEUED,
        }
        consent = session.scalars(select(Consent)).one()
        stopped_at = session.get_one(Phone, PHONE).stopped_at
        assert consent.withdrawn_at == stopped_at is not None
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.data) == ("phone.stopped", {"channel": "sms"})
        assert PHONE not in f"{entry.actor} {entry.subject}"


def test_stop_of_a_number_nobody_knows_holds_and_the_carriers_own_is_not_answered(
    engine: Engine, clock: MovedClock
) -> None:
    with transaction(engine) as session:
        stop(session, clock(), PHONE, "opt-out")
    with transaction(engine) as session:
        assert session.get_one(Phone, PHONE).stopped_at == clock()
        assert messages(session) == {}


def test_start_is_a_new_consent_and_brings_back_no_old_message(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        record_consent(session, clock(), PHONE, "ussd")
        tell(session, clock(), event="need:1", phone=PHONE, template="need_saved", reference="K7-4Q2")
        stop(session, clock(), PHONE, "ussd")
    clock.move(days=1)
    with transaction(engine) as session:
        start(session, clock(), PHONE, "sms")
    with transaction(engine) as session:
        assert session.get_one(Phone, PHONE).stopped_at is None
        assert messages(session) == {"need_saved": MessageState.CANCELLED, "started": MessageState.QUEUED}
        held = [consent.channel for consent in session.scalars(select(Consent)) if consent.withdrawn_at is None]
        assert held == ["sms"]


def test_a_consent_that_holds_is_not_recorded_twice(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        first = record_consent(session, clock(), PHONE, "ussd")
        assert record_consent(session, clock(), PHONE, "sms") is first
