"""A phone number is not a person: when one is doubted, who says that it is still theirs, and what that changes."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from service.domain.errors import MoveError, NotAllowedError, NotFoundError
from service.domain.roles import UserRole
from service.messaging.outbox import tell
from service.messaging.receipts import take_receipt
from service.models import AuditEntry, Callback, Contact, JournalRow, Message, Phone
from service.models.diaspora import active_contact
from service.models.session import reading, transaction
from service.usecases.moving import replace_contact
from service.usecases.phones import know_phone
from service.usecases.purge import purge
from service.usecases.users import create_user, set_phone
from service.usecases.vouching import ask_to_vouch, confirm_number, must_verify, refuse_to_vouch, vouch, who_vouches
from tests.service.usecases.story import CODE, WITNESS, Story
from tests.world import LYON, SECRETARY, STRANGER, TREASURER, UTRECHT, officer_of

NEW, DUTY = "+33639980099", "+212600000050"


def doubted(story: Story, number: str = SECRETARY) -> bool:
    with reading(story.engine) as session:
        return must_verify(session, story.clock(), number)


def is_heard_of(story: Story, *numbers: str) -> None:
    with transaction(story.engine) as session:
        for number in numbers:
            know_phone(session, story.clock(), number)


def asks(story: Story, number: str = SECRETARY) -> list[tuple[str, str]]:
    """Ask to be vouched for; return who is told what."""
    before = len(story.told())
    with transaction(story.engine) as session:
        ask_to_vouch(session, story.clock(), phone=number, channel="sms", dial=CODE)
    return story.told()[before:]


def calls(story: Story) -> list[str]:
    with reading(story.engine) as session:
        return list(session.scalars(select(Callback.phone)))


def receipt(story: Story, provider_id: str, reason: str, gateway: str = "africastalking") -> None:
    with transaction(story.engine) as session:
        now, status = story.clock(), "Failed"
        take_receipt(
            session, now, gateway=gateway, provider_id=provider_id, phone=SECRETARY, status=status, reason=reason
        )


def sent(story: Story, provider_id: str, gateway: str = "africastalking") -> None:
    with transaction(story.engine) as session:
        tell(session, story.clock(), event=provider_id, phone=SECRETARY, template="refused", reference="K7-4Q2")
        message = session.scalars(select(Message).order_by(Message.id.desc())).first()
        assert message
        message.gateway, message.provider_id = gateway, provider_id


def test_a_number_is_certain_for_90_days_and_doubted_then(story: Story) -> None:
    story.clock.move(days=89, hours=23)
    assert not doubted(story)
    story.clock.move(hours=1)
    assert doubted(story)
    assert not doubted(story, STRANGER)  # who speaks for nobody


def test_to_write_again_after_the_silence_is_no_proof(story: Story) -> None:
    story.clock.move(days=90)
    is_heard_of(story, SECRETARY)
    assert doubted(story)
    story.clock.move(days=1)
    is_heard_of(story, SECRETARY)
    assert doubted(story)


def test_who_writes_now_and_then_is_never_doubted(story: Story) -> None:
    for _ in range(4):
        story.clock.move(days=80)
        is_heard_of(story, SECRETARY)
        assert not doubted(story)


@pytest.mark.parametrize(("dialled_after", "is_doubted"), [(60, False), (100, True)])
def test_a_dial_is_a_sign_of_life_that_the_nightly_job_keeps(
    story: Story, dialled_after: int, *, is_doubted: bool
) -> None:
    with transaction(story.engine) as session:
        state = {"session": "s", "state": {}, "ended": True, "text_length": 0, "text_hash": "", "replies": {}}
        at = story.clock() + timedelta(days=dialled_after)
        session.add(JournalRow(phone=SECRETARY, touched_at=at, **state))
    story.clock.move(days=dialled_after, hours=6)
    with transaction(story.engine) as session:
        purge(session, story.clock())
    story.clock.move(days=40)
    assert doubted(story) is is_doubted


@pytest.mark.parametrize(
    ("gateway", "reason", "is_doubted"),
    [
        ("africastalking", "UserIsInactive", True),
        ("africastalking", "NotNetworkSubcriber", True),
        ("africastalking", "DeliveryFailure", False),
        ("smpp", "030001", True),
        ("smpp", "001", False),  # means something else at each centre
        ("android", "UserIsInactive", False),  # not its word
    ],
)
def test_a_receipt_that_says_that_a_number_is_out_of_use_is_believed(
    story: Story, gateway: str, reason: str, *, is_doubted: bool
) -> None:
    story.clock.move(hours=1)
    sent(story, "a1", gateway)
    receipt(story, "a1", reason, gateway)
    assert doubted(story) is is_doubted


def test_a_receipt_that_comes_again_after_somebody_vouched_says_nothing_of_today(story: Story) -> None:
    story.clock.move(hours=1)
    sent(story, "a1")
    receipt(story, "a1", "UserIsInactive")
    story.clock.move(hours=1)
    with transaction(story.engine) as session:
        confirm_number(session, story.clock(), actor="user:1", phone=SECRETARY)
    receipt(story, "a1", "UserIsInactive")
    assert not doubted(story)
    story.clock.move(hours=1)
    sent(story, "a2")
    receipt(story, "a2", "UserIsInactive")
    assert doubted(story)


def test_colleagues_who_are_certain_are_asked_once_a_week(story: Story) -> None:
    story.clock.move(days=90)
    is_heard_of(story, SECRETARY)
    # The witness declares nothing, and so says nothing of others; the treasurer was silent as well.
    assert asks(story) == []
    assert calls(story) == [SECRETARY]
    story.clock.move(days=8)
    with transaction(story.engine) as session:
        confirm_number(session, story.clock(), actor="user:1", phone=TREASURER)
    assert asks(story) == [(TREASURER, "vouch_asked")]
    assert asks(story) == []


def test_a_colleague_vouches_and_the_number_decides_again(story: Story) -> None:
    story.clock.move(days=89)
    is_heard_of(story, TREASURER, WITNESS)
    story.clock.move(days=2)
    asks(story)
    with transaction(story.engine) as session:
        vouch(session, story.clock(), who=officer_of(session, TREASURER), phone=SECRETARY)
    assert not doubted(story)
    assert story.told()[-1] == (SECRETARY, "vouched")
    story.clock.move(days=1)
    is_heard_of(story, SECRETARY)
    assert not doubted(story)
    with transaction(story.engine) as session, pytest.raises(MoveError):
        vouch(session, story.clock(), who=officer_of(session, TREASURER), phone=SECRETARY)
    with reading(story.engine) as session:
        done = session.scalars(
            select(AuditEntry.action).where(AuditEntry.action.startswith("phone.")).order_by(AuditEntry.id)
        )
        assert list(done) == ["phone.doubted", "phone.vouch_asked", "phone.vouched"]


def test_who_is_not_sure_leaves_it_to_a_coordinator(story: Story) -> None:
    story.clock.move(days=89)
    is_heard_of(story, TREASURER)
    story.clock.move(days=2)
    asks(story)
    with transaction(story.engine) as session:
        refuse_to_vouch(session, story.clock(), who=officer_of(session, TREASURER), phone=SECRETARY)
    assert doubted(story)
    assert calls(story) == [SECRETARY]


def test_nobody_vouches_for_themselves_as_a_witness_for_strangers_or_while_doubted(story: Story) -> None:
    story.clock.move(days=89)
    is_heard_of(story, TREASURER, WITNESS)
    story.clock.move(days=2)
    asks(story)
    with transaction(story.engine) as session:
        lyon = active_contact(session, LYON)
        assert lyon
        for who in (officer_of(session), officer_of(session, WITNESS), lyon):
            with pytest.raises(MoveError):
                vouch(session, story.clock(), who=who, phone=SECRETARY)
    with transaction(story.engine) as session:
        phone = session.get_one(Phone, TREASURER)
        phone.doubted_at = story.clock()
    with transaction(story.engine) as session, pytest.raises(NotAllowedError):
        vouch(session, story.clock(), who=officer_of(session, TREASURER), phone=SECRETARY)
    assert doubted(story)


def test_a_contact_who_is_alone_needs_a_coordinator_and_one_with_a_colleague_does_not(story: Story) -> None:
    story.clock.move(days=90)
    assert asks(story, LYON) == []
    assert calls(story) == [LYON]
    with transaction(story.engine) as session:
        lyon = active_contact(session, LYON)
        assert lyon
        know_phone(session, story.clock(), NEW)
        session.add(Contact(association_id=lyon.association_id, phone=NEW, name="Ali", joined_at=story.clock()))
    story.clock.move(days=8)
    assert asks(story, LYON) == [(NEW, "vouch_asked")]
    with transaction(story.engine) as session:
        ali = active_contact(session, NEW)
        assert ali
        vouch(session, story.clock(), who=ali, phone=LYON)
    assert not doubted(story, LYON)


def test_who_joins_after_the_doubt_was_vouched_for_by_whoever_let_them_in(story: Story) -> None:
    is_heard_of(story, NEW)
    story.clock.move(days=100)
    with transaction(story.engine) as session:
        utrecht = active_contact(session, UTRECHT)
        assert utrecht
        replace_contact(session, story.clock(), actor="user:1", contact_id=utrecht.id, name="Ali", phone=NEW)
    assert not doubted(story, NEW)


def test_a_coordinator_s_phone_is_no_better_than_others(story: Story) -> None:
    with transaction(story.engine) as session:
        create_user(session, story.clock(), name="Zahra", role=UserRole.COORDINATOR)
    story.clock.move(days=100)
    with transaction(story.engine) as session:
        set_phone(session, story.clock(), name="Zahra", number=DUTY)
    assert not doubted(story, DUTY)
    story.clock.move(days=90)
    assert doubted(story, DUTY)
    asks(story, DUTY)
    assert calls(story) == [DUTY]
    with reading(story.engine) as session:
        assert who_vouches(session, story.clock(), DUTY) == []


def test_a_coordinator_confirms_only_what_is_doubted(story: Story) -> None:
    for number, error in ((SECRETARY, MoveError), (STRANGER, NotFoundError)):
        with transaction(story.engine) as session, pytest.raises(error):
            confirm_number(session, story.clock(), actor="user:1", phone=number)
