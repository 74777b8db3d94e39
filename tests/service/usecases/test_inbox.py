"""The inbox: what waits for a person, and what a person answers, once and within the rules of all messages."""

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from service.domain.errors import NotAllowedError, NotFoundError
from service.domain.kinds import Kind
from service.domain.roles import UserRole
from service.locales import Language
from service.messaging.outbox import tell
from service.messaging.outlook import outlook
from service.models import AuditEntry, CannedAnswer, Conversation, Message, Phone, User
from service.models.session import reading, transaction
from service.settings import Settings
from service.usecases.canned import canned_answers, word_canned
from service.usecases.inbox import (
    CannotWriteError,
    Folder,
    answer,
    assign,
    begin,
    entries_of,
    list_conversations,
    note_text,
    reopen,
    resolve,
)
from service.usecases.leaving import forget
from service.usecases.phones import know_phone, stop
from tests.conftest import MovedClock
from tests.world import LYON, SECRETARY, STRANGER, settle, village

FORM = "0" * 32


@pytest.fixture
def user(engine: Engine, clock: MovedClock) -> User:
    with transaction(engine) as session:
        user = User(name="Zahra", role=UserRole.COORDINATOR, password_hash="", password_once=False, created_at=clock())
        session.add(user)
        know_phone(session, clock(), SECRETARY)
    return user


@pytest.fixture
def waiting(engine: Engine, clock: MovedClock, user: User) -> int:
    """A conversation whose last text nobody understood."""
    assert user.id
    hears(engine, clock, SECRETARY)
    return one(engine).id


def hears(engine: Engine, clock: MovedClock, phone: str, *, understood: bool = False) -> None:
    with transaction(engine) as session:
        note_text(session, clock(), phone, understood=understood)


def one(engine: Engine, phone: str = SECRETARY) -> Conversation:
    with reading(engine) as session:
        return session.scalars(select(Conversation).where(Conversation.phone == phone)).one()


def folder(engine: Engine, which: Folder, user: User) -> list[str]:
    with reading(engine) as session:
        return [row.conversation.phone for row in list_conversations(session, which, user.id, 1, 50)[0]]


def messages(session: Session) -> int:
    return session.scalar(select(func.count()).select_from(Message)) or 0


def test_who_waits_longest_is_first_and_what_was_understood_waits_for_nobody(
    engine: Engine, clock: MovedClock, user: User
) -> None:
    for phone, understood in ((LYON, True), (STRANGER, False), (SECRETARY, False), (STRANGER, False)):
        hears(engine, clock, phone, understood=understood)
        clock.move(minutes=1)
    assert folder(engine, Folder.OPEN, user) == [STRANGER, SECRETARY]
    assert folder(engine, Folder.ALL, user) == [STRANGER, SECRETARY, LYON]
    assert folder(engine, Folder.MINE, user) == []


def test_an_answer_waits_in_the_outbox_and_the_conversation_waits_no_more(
    engine: Engine, clock: MovedClock, settings: Settings, user: User, waiting: int
) -> None:
    with transaction(engine) as session:
        # The same form again, as a double click or a reload sends it.
        text = "Nous venons à Ifri demain."
        for first in (True, False):
            done = answer(session, settings, clock(), user=user, conversation_id=waiting, text=text, form=FORM)
            assert done is first
        assert messages(session) == 1
        sent = session.scalars(select(Message)).one()
        assert (sent.text, sent.kind, sent.phone) == ("Tiwizi: Nous venons à Ifri demain.", Kind.ALERT, SECRETARY)
        acts = select(AuditEntry.action).where(AuditEntry.subject == f"conversation:{waiting}")
        assert session.scalars(acts.order_by(AuditEntry.id)).all() == ["conversation.answered"]
    answered = one(engine)
    assert (answered.waiting_since, answered.resolved_at, answered.assigned_to) == (None, None, user.id)
    assert folder(engine, Folder.MINE, user) == [SECRETARY]


@pytest.mark.parametrize(
    ("typed", "sent"),
    [
        ("Aït Bâha", "Tiwizi: Ait Baha"),
        ("Tiwizi: Bonjour", "Tiwizi: Bonjour"),
        ("tiwizi : bonjour", "tiwizi : bonjour"),
        ("Tiwizi Ifri est inscrite", "Tiwizi: Tiwizi Ifri est inscrite"),
        ("شكرا", "تيويزي: شكرا"),
        ("تيويزي: شكرا", "تيويزي: شكرا"),
        ("Tiwizi: شكرا", "Tiwizi: شكرا"),
    ],
)
def test_an_answer_begins_with_who_sends_it_once_and_in_its_own_letters(
    engine: Engine, clock: MovedClock, settings: Settings, user: User, waiting: int, typed: str, sent: str
) -> None:
    with transaction(engine) as session:
        answer(session, settings, clock(), user=user, conversation_id=waiting, text=typed, form=FORM)
        assert session.scalars(select(Message.text)).one() == sent


def test_no_canned_answer_says_twice_who_sends_it(engine: Engine) -> None:
    with reading(engine) as session:
        texts = [text for texts in canned_answers(session).values() for text in texts.values()]
    assert [text for text in texts if text.startswith(("Tiwizi", "تيويزي"))] == []


@pytest.mark.parametrize(("days", "waits"), [(1, True), (4, False)])
def test_what_answers_a_person_waits_for_that_person_whatever_word_it_is(
    engine: Engine, clock: MovedClock, settings: Settings, user: User, waiting: int, *, days: int, waits: bool
) -> None:
    with transaction(engine) as session:
        answer(session, settings, clock(), user=user, conversation_id=waiting, text="Est-ce réparé ?", form=FORM)
        resolve(session, clock(), user=user, conversation_id=waiting)
    clock.move(days=days)
    hears(engine, clock, SECRETARY, understood=True)
    assert (one(engine).waiting_since is not None, one(engine).resolved_at is None) == (waits, waits)


@pytest.mark.parametrize("text", ["", "é" * 613, "ا" * 269])
def test_nothing_and_more_than_four_parts_are_not_sent(
    engine: Engine, clock: MovedClock, settings: Settings, user: User, waiting: int, text: str
) -> None:
    with transaction(engine) as session:
        with pytest.raises(CannotWriteError):
            answer(session, settings, clock(), user=user, conversation_id=waiting, text=text, form=FORM)
        assert messages(session) == 0


def test_who_said_stop_is_not_written_to(
    engine: Engine, clock: MovedClock, settings: Settings, user: User, waiting: int
) -> None:
    with transaction(engine) as session:
        stop(session, clock(), SECRETARY, "ussd")
        with pytest.raises(CannotWriteError):
            answer(session, settings, clock(), user=user, conversation_id=waiting, text="Bonjour", form=FORM)
        assert messages(session) == 0


def test_what_will_make_an_answer_wait_is_known_before(
    engine: Engine, clock: MovedClock, settings: Settings, user: User
) -> None:
    real = settings.model_copy(update={"sms_routes": {"*": ("africastalking",)}, "cap_phone": Decimal("0.05")})
    with reading(engine) as session:
        phone = session.get_one(Phone, SECRETARY)
        assert user
        by_day = outlook(session, real, clock(), phone, Kind.ALERT)
        assert (by_day.barred, by_day.morning, by_day.cap, by_day.held) == ("", None, "phone", False)
        by_night = outlook(
            session,
            settings.model_copy(update={"sms_routes": real.sms_routes}),
            clock() + timedelta(hours=13),
            phone,
            Kind.ALERT,
        )
        assert by_night.cap == ""
        assert by_night.morning
        assert by_night.morning.hour == 8
        abroad = real.model_copy(update={"sms_countries": ("FR",)})
        assert outlook(session, abroad, clock(), phone, Kind.ALERT).barred == "country"


def test_a_conversation_is_given_resolved_and_reopened_and_each_is_in_the_audit_trail(
    engine: Engine, clock: MovedClock, user: User, waiting: int
) -> None:
    with transaction(engine) as session:
        assign(session, clock(), user=user, conversation_id=waiting, to=user.id)
        for deed in (resolve, resolve, reopen, reopen):
            deed(session, clock(), user=user, conversation_id=waiting)
        viewer = User(name="Idir", role=UserRole.VIEWER, password_hash="", password_once=False, created_at=clock())
        session.add(viewer)
        session.flush()
        with pytest.raises(NotAllowedError):
            assign(session, clock(), user=user, conversation_id=waiting, to=viewer.id)
        acts = select(AuditEntry.action).where(AuditEntry.subject == f"conversation:{waiting}")
        assert session.scalars(acts.order_by(AuditEntry.id)).all() == [
            f"conversation.{deed}" for deed in ("assigned", "resolved", "reopened")
        ]
    assert folder(engine, Folder.MINE, user) == [SECRETARY]


def test_only_a_number_that_is_known_is_written_to_first(engine: Engine, clock: MovedClock, user: User) -> None:
    with transaction(engine) as session:
        actor = f"user:{user.id}"
        found = begin(session, clock(), actor=actor, typed="06 00 00 00 01")
        assert found.phone == SECRETARY
        assert begin(session, clock(), actor=actor, typed=SECRETARY).id == found.id
        for nobody in (STRANGER, "bonjour"):
            with pytest.raises(NotFoundError):
                begin(session, clock(), actor=actor, typed=nobody)


def test_a_text_that_may_hold_a_code_is_not_shown(engine: Engine, clock: MovedClock, user: User) -> None:
    settle(engine)
    with transaction(engine) as session:
        assert user
        village(session, clock())
        tell(session, clock(), event="a", phone=SECRETARY, template="dialogue", reply=True, text="Code 402817")
        tell(session, clock(), event="b", phone=SECRETARY, template="not_understood", reply=True)
        shown = [entry.text for entry in entries_of(session, SECRETARY)]
    assert None in shown
    assert not any("402817" in (text or "") for text in shown)
    assert any("AIDE" in (text or "") for text in shown)


def test_nothing_of_a_conversation_stays_of_who_is_forgotten(engine: Engine, clock: MovedClock, waiting: int) -> None:
    with transaction(engine) as session:
        assert waiting
        forget(session, clock(), phone=SECRETARY)
        assert session.scalars(select(Conversation)).all() == []


def test_canned_answers_are_those_of_the_catalogues_until_an_admin_words_them(
    engine: Engine, clock: MovedClock
) -> None:
    with transaction(engine) as session:
        seeded = canned_answers(session)
        assert {len(texts) for texts in seeded.values()} == {4}
        who = "user:1"
        word_canned(session, clock(), actor=who, name="received", texts={Language.FR: "Merci !", Language.SHI: ""})
        word_canned(session, clock(), actor=who, name="Souk", texts={Language.FR: "Nous serons au souk."})
    with reading(engine) as session:
        worded = canned_answers(session)
        assert worded["received"][Language.FR] == "Merci !"
        assert "shi" not in worded["received"]
        assert worded["received"][Language.AR] == seeded["received"][Language.AR]
        assert list(worded["Souk"]) == ["fr"]
        assert session.scalar(select(func.count()).select_from(CannedAnswer)) == 3
