"""Being forgotten: what others keep, what they are told, and what is on its way at that moment."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from sqlalchemy import select

from service.container import Container
from service.domain.phone import GONE, mask_phone, show_phone
from service.domain.roles import ChangeKind, OfficerRole
from service.domain.states import ChangeState, MessageState, ProposalState
from service.gateways.base import Outcome, Outgoing, Sent
from service.messaging.outbox import tell
from service.messaging.sender import drain
from service.models import Contact, DiasporaAssociation, Message, Officer, OfficerChange, VillageAssociation
from service.models.associations import active_officer, unattended_associations
from service.models.diaspora import active_contact
from service.models.officers import waiting_changes
from service.models.session import reading, transaction
from service.usecases.leaving import forget
from service.usecases.phones import know_phone
from tests.conftest import MovedClock
from tests.service.usecases.record import audited, texts
from tests.service.usecases.story import WITNESS, Story
from tests.world import LYON, SECRETARY, STRANGER, TREASURER, UTRECHT, officer_of, village


def leaves(story: Story, phone: str) -> None:
    with transaction(story.engine) as session:
        forget(session, story.clock(), phone=phone)


def test_fellow_officers_are_told_who_left_and_the_partner_is_not(story: Story) -> None:
    story.says_yes()
    story.accepts()
    before = len(story.told())
    leaves(story, TREASURER)
    assert story.told()[before:] == [(SECRETARY, "officer_left"), (WITNESS, "officer_left")]
    assert "Ait Abdallah" in texts(story.engine, "officer_left")[0]
    assert "Trésorier" in texts(story.engine, "officer_left")[0]
    assert audited(story.engine, "association")[-1] == ("officer", "officer.left")


def test_an_association_whose_last_officer_leaves_stays_and_is_seen(story: Story) -> None:
    leaves(story, TREASURER)
    with reading(story.engine) as session:
        assert unattended_associations(session) == []
    leaves(story, SECRETARY)
    with reading(story.engine) as session:
        # The witness is still there, and may declare nothing.
        assert [one.id for one in unattended_associations(session)] == [story.association]
    assert audited(story.engine, "association")[-1] == ("officer", "association.unattended")


def test_the_last_contact_takes_the_association_along(story: Story) -> None:
    story.says_yes(LYON)
    leaves(story, LYON)
    leaves(story, UTRECHT)
    assert (story.state(story.lyon), story.state(story.utrecht)) == (ProposalState.DECLINED, ProposalState.EXPIRED)
    with reading(story.engine) as session:
        assert all(one.left_at == story.clock() for one in session.scalars(select(DiasporaAssociation)))
        assert {(one.name, one.phone.startswith(GONE)) for one in session.scalars(select(Contact))} == {("", True)}
    assert [line for line in story.told() if line[0] in {LYON, UTRECHT}] == []


def test_another_contact_keeps_the_association_and_the_last_one_ends_its_part_in_projects(story: Story) -> None:
    story.says_yes(LYON)
    story.accepts()
    with transaction(story.engine) as session:
        know_phone(session, story.clock(), STRANGER)
        contact = active_contact(session, UTRECHT)
        assert contact
        contact.association.contacts.append(Contact(phone=STRANGER, name="Idir", joined_at=story.clock()))
    leaves(story, UTRECHT)
    assert story.state(story.utrecht) is ProposalState.PROPOSED
    with reading(story.engine) as session:
        assert session.scalars(select(DiasporaAssociation.left_at)).all() == [None, None]
    leaves(story, LYON)
    assert story.state(story.lyon) is ProposalState.WITHDRAWN
    # Nobody waits for its yes to the plan, and the village knows.
    assert any("Lyon-Taliouine" in text for text in texts(story.engine, "partner_withdrew"))


def test_what_only_one_officer_asked_for_lapses(story: Story) -> None:
    with transaction(story.engine) as session:
        for asker, concerned, state in (
            (TREASURER, WITNESS, ChangeState.ASKED),
            (SECRETARY, TREASURER, ChangeState.ASKED),
            (SECRETARY, WITNESS, ChangeState.ASKED),
            (TREASURER, WITNESS, ChangeState.AGREED),
        ):
            session.add(
                OfficerChange(
                    association_id=story.association,
                    kind=ChangeKind.REMOVE,
                    role=OfficerRole.WITNESS,
                    officer_id=officer_of(session, concerned).id,
                    code_hash="",
                    # To join elsewhere, from the phone that is forgotten.
                    phone=TREASURER if state is ChangeState.AGREED else None,
                    state=state,
                    asked_by=officer_of(session, asker).id,
                    asked_at=story.clock(),
                )
            )
    leaves(story, TREASURER)
    with reading(story.engine) as session:
        states = session.scalars(select(OfficerChange.state).order_by(OfficerChange.id)).all()
        assert states == [ChangeState.EXPIRED, ChangeState.EXPIRED, ChangeState.ASKED, ChangeState.EXPIRED]
        assert waiting_changes(session, story.clock(), officer_of(session)) == []


def test_who_left_may_start_anew_and_leave_again(story: Story) -> None:
    leaves(story, TREASURER)
    with transaction(story.engine) as session:
        again = village(session, story.clock(), TREASURER, name="Ait Ali").id
    leaves(story, TREASURER)
    with reading(story.engine) as session:
        phones = session.scalars(select(Officer.phone).where(Officer.phone.startswith(GONE))).all()
        assert len(set(phones)) == 2
        assert active_officer(session, TREASURER) is None
        assert session.get_one(VillageAssociation, again).active_officers == []


@pytest.mark.parametrize("outcome", [Outcome.ACCEPTED, Outcome.RETRY, Outcome.UNKNOWN])
def test_a_message_on_its_way_at_that_moment_is_the_last(
    container: Container, clock: MovedClock, outcome: Outcome
) -> None:
    class Slow:
        """Somebody leaves while it sends."""

        name = "console"
        repeatable = False
        bulk = connections = 1

        def __init__(self) -> None:
            self.sent: list[str] = []

        def send(self, batch: Sequence[Outgoing]) -> list[Sent]:
            self.sent += [one.phone for one in batch]
            with transaction(container.engine) as session:
                forget(session, clock(), phone=STRANGER)
            return [Sent(outcome, "id-1") for _ in batch]

    gateway = Slow()
    with transaction(container.engine) as session:
        for event in ("a", "b"):
            tell(session, clock(), event=event, phone=STRANGER, template="need_saved", reference="K7-4Q2")
    service = replace(container, gateways={"console": gateway})
    drain(service)
    clock.move(days=1)
    drain(service)
    assert gateway.sent == [STRANGER]
    with reading(container.engine) as session:
        assert {(one.text, one.phone.startswith(GONE)) for one in session.scalars(select(Message))} == {("", True)}
        # Nothing waits to be sent for ever.
        assert MessageState.QUEUED not in session.scalars(select(Message.state)).all()


@pytest.mark.parametrize("other", ["+33612345678", "+212712345678", "+34612345678"])
def test_what_tells_a_number_that_is_nearly_the_same_stays(container: Container, clock: MovedClock, other: str) -> None:
    leaver = "+212612345678"
    written = (show_phone(leaver), leaver, "06 12 34 56 78")
    with transaction(container.engine) as session:
        know_phone(session, clock(), STRANGER)
        know_phone(session, clock(), leaver)
        for number in (*written, show_phone(other), other):
            tell(session, clock(), event=number, phone=STRANGER, template="need_saved", reference=number)
        forget(session, clock(), phone=leaver)
    with reading(container.engine) as session:
        messages = session.scalars(select(Message).order_by(Message.id)).all()
    gone, stayed = messages[: len(written)], messages[len(written) :]
    assert {(one.text, one.state) for one in gone} == {("", MessageState.CANCELLED)}
    assert [(show_phone(other) in one.text or other in one.text, one.state) for one in stayed] == [
        (True, MessageState.QUEUED)
    ] * 2


def test_a_number_that_is_none_is_shown_as_a_dash() -> None:
    assert (show_phone(f"{GONE}0123456789"), mask_phone(f"{GONE}0123456789")) == ("-", "-")
