"""A coordinator reads testimonies before everybody else; their authors have the last word."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.domain.errors import MoveError
from service.domain.testimonies import Publication, TestimonyState
from service.models import AuditEntry, Message, Recording
from service.models.session import transaction
from service.models.testimonies import Testimony as Words  # pytest takes what begins with Test for its own
from service.models.testimonies import published_testimonies
from service.usecases.leaving import forget
from service.usecases.testimonies import (
    change_publication,
    note_testimony,
    publish_testimony,
    reconsider_testimony,
    set_aside_testimony,
    withdraw_testimony,
)
from tests.conftest import MovedClock
from tests.ussd.projects import WITNESS, project_of, staffed_village
from tests.world import officer_of, settle


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    settle(engine)
    with transaction(engine) as session:
        yield session


@pytest.fixture
def words(session: Session, clock: MovedClock) -> Words:
    """What the witness said of the project, to be published with a name."""
    staffed_village(session, clock())
    reference = project_of(session, clock())
    return note_testimony(
        session,
        clock(),
        author=officer_of(session, WITNESS),
        reference=reference,
        words="L'eau coule",
        publication=Publication.NAMED,
        channel="ussd",
    )


def told(session: Session, template: str) -> list[str]:
    return list(session.scalars(select(Message.text).where(Message.template == template, Message.phone == WITNESS)))


def test_it_is_published_set_aside_and_looked_at_again_and_its_author_hears(
    session: Session, clock: MovedClock, words: Words
) -> None:
    publish_testimony(session, clock(), actor="user:1", testimony_id=words.id)
    assert published_testimonies(session, words.need_id) == [words]
    (text,) = told(session, "testimony_published")
    assert "RETIRER" in text
    clock.move(hours=1)
    set_aside_testimony(session, clock(), actor="user:1", testimony_id=words.id, reason="Nomme un voisin")
    assert (words.state, words.reason) == (TestimonyState.SET_ASIDE, "Nomme un voisin")
    assert "Nomme un voisin" in told(session, "testimony_set_aside")[0]
    assert published_testimonies(session, words.need_id) == []
    reconsider_testimony(session, clock(), actor="user:2", testimony_id=words.id)
    assert (words.state, words.reason, words.decided_by) == (TestimonyState.GIVEN, "", "user:2")
    audited = session.scalars(select(AuditEntry.action).where(AuditEntry.subject == f"testimony:{words.id}")).all()
    assert audited == ["testimony.given", "testimony.published", "testimony.set_aside", "testimony.given"]


def test_what_may_not_be_published_is_not(session: Session, clock: MovedClock, words: Words) -> None:
    words.publication = Publication.PRIVATE
    with pytest.raises(MoveError):
        publish_testimony(session, clock(), actor="user:1", testimony_id=words.id)


def test_a_published_one_disappears_when_its_author_agrees_no_more(
    session: Session, clock: MovedClock, words: Words
) -> None:
    publish_testimony(session, clock(), actor="user:1", testimony_id=words.id)
    officer = officer_of(session, WITNESS)
    for publication, after in (
        (Publication.ANONYMOUS, TestimonyState.PUBLISHED),
        (Publication.PRIVATE, TestimonyState.GIVEN),
    ):
        change_publication(
            session,
            clock(),
            author=officer,
            testimony_id=words.id,
            publication=publication,
            channel="sms",
        )
        assert words.state is after
    assert published_testimonies(session, words.need_id) == []


def test_what_is_withdrawn_is_gone_for_good(session: Session, clock: MovedClock, words: Words) -> None:
    publish_testimony(session, clock(), actor="user:1", testimony_id=words.id)
    session.add(recording(clock, words))
    session.flush()
    withdraw_testimony(session, clock(), author=officer_of(session, WITNESS), testimony_id=words.id, channel="ussd")
    session.expire_all()
    assert (words.state, words.text) == (TestimonyState.WITHDRAWN, "")
    assert words.recording
    assert (words.recording.sound, words.recording.address) == (None, "")
    for decide in (publish_testimony, reconsider_testimony):
        with pytest.raises(MoveError):
            decide(session, clock(), actor="user:1", testimony_id=words.id)


@pytest.mark.parametrize("published", [True, False])
def test_who_is_forgotten_leaves_no_voice_and_no_unread_words(
    session: Session, clock: MovedClock, words: Words, *, published: bool
) -> None:
    if published:
        publish_testimony(session, clock(), actor="user:1", testimony_id=words.id)
    session.add(recording(clock, words))
    forget(session, clock(), phone=WITNESS)
    assert words.text == ("L'eau coule" if published else "")
    assert words.recording
    assert words.recording.sound is None


def recording(clock: MovedClock, words: Words) -> Recording:
    return Recording(
        call_id="ATVId_1",
        testimony_id=words.id,
        address="https://voice.example/1.mp3",
        seconds=20,
        sound=b"ID3",
        media_type="audio/mpeg",
        received_at=clock(),
    )
