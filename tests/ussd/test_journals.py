"""Several processes, or one that dies: conversations go on, and facts are written once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from service.container import Container
from service.models import JournalRow, Need
from service.models.session import reading, transaction
from tests.conftest import MovedClock
from tests.ussd.conftest import NEED, Handset, rows
from tests.world import SECRETARY, STRANGER
from ussd.journals import Journals
from ussd.sessions import Conversations

NewHandset = Callable[[str], Handset]


def test_a_fact_never_follows_from_answers_that_saw_no_question(container: Container, secretary: Handset) -> None:
    """The process and the disk lost everything: the summary is shown again, and one key more writes the need."""
    secretary.dial()
    secretary.types(*NEED)
    secretary.conversations.journals.flush()
    with transaction(container.engine) as session:
        session.delete(session.get_one(JournalRow, SECRETARY))
    another = restarted(secretary)
    assert another.types("1").startswith("Eau potable, 84 foyers")
    assert rows(container, Need) == 0
    assert another.types("1").startswith("Recu.")
    assert rows(container, Need) == 1
    another.conversations.close()


def test_a_long_dial_cannot_write_a_fact(container: Container, secretary: Handset) -> None:
    secretary.session, secretary.text = "long", "*".join((*NEED, "1"))
    assert secretary.again().text.startswith("Eau potable, 84 foyers")
    assert rows(container, Need) == 0


def restarted(phone: Handset) -> Handset:
    """The same phone in the same session, with a service that knows only what is on disk."""
    container = phone.conversations.container
    assert isinstance(container.clock, MovedClock)
    container.clock.move(seconds=1)
    fresh = Conversations(container)
    return Handset(fresh, phone.number, phone.ids, phone.session, phone.text)


def test_another_process_goes_on_where_the_first_stood(container: Container, secretary: Handset) -> None:
    secretary.dial()
    secretary.types(*NEED[:3])
    secretary.conversations.journals.flush()
    another = restarted(secretary)
    assert another.again().text == secretary.seen[-1].text
    assert another.types("320000").startswith("Part du village")
    another.conversations.journals.flush()
    secretary.text = another.text
    assert secretary.types("60000").startswith("En quelques mots")
    secretary.types("Puits du bas", "1")
    assert rows(container, Need) == 1
    another.conversations.close()


def test_an_answer_that_died_with_its_process_is_taken_from_the_carriers_text(
    container: Container, secretary: Handset
) -> None:
    secretary.dial()
    secretary.types(*NEED[:2])
    secretary.conversations.journals.flush()
    another = restarted(secretary)
    another.text += "*84"  # answered by a process that was killed before it wrote
    assert another.types("320000").startswith("Part du village")
    another.types("60000", "Puits", "1")
    assert rows(container, Need) == 1
    another.conversations.close()


def test_a_process_that_knew_the_session_waits_too_for_what_another_is_writing(
    container: Container, secretary: Handset, monkeypatch: pytest.MonkeyPatch
) -> None:
    if container.engine.dialect.name == "sqlite":
        pytest.skip("on SQLite one process answers all turns")
    first, another = secretary.conversations, Conversations(container)
    secretary.dial()
    secretary.types(NEED[0])
    another.journals.flush()
    first.journals.flush()
    monkeypatch.setattr(another.journals, "flush", lambda: None)
    secretary.conversations = another
    assert secretary.types(NEED[1]).startswith("Combien de foyers")
    monkeypatch.setattr("ussd.sessions.sleep", lambda _seconds: Journals.flush(another.journals))
    secretary.conversations = first
    assert secretary.types(NEED[2]).startswith("Cout total")
    another.close()


def test_another_process_waits_for_what_the_first_is_writing(
    secretary: Handset, clock: MovedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = secretary.conversations.journals
    another = Conversations(secretary.conversations.container)
    clock.move(seconds=1)
    secretary.dial()
    secretary.types(*NEED[:2])
    first.flush()
    monkeypatch.setattr(first, "flush", lambda: None)
    secretary.types(NEED[2])
    monkeypatch.setattr("ussd.sessions.sleep", lambda _seconds: Journals.flush(first))
    secretary.conversations = another
    assert secretary.types(NEED[3]).startswith("Part du village")
    another.close()


def test_a_confirmation_sent_to_two_processes_at_once_writes_one_need(container: Container, secretary: Handset) -> None:
    secretary.dial()
    secretary.types(*NEED)
    secretary.conversations.journals.flush()
    phones = [secretary, *(restarted(secretary) for _ in range(3))]
    with ThreadPoolExecutor(4) as pool:
        replies = set(pool.map(lambda phone: phone.types("1"), phones))
    assert len(replies) == 1
    assert rows(container, Need) == 1
    for phone in phones[1:]:
        phone.conversations.close()


@pytest.fixture
def behind(secretary: Handset) -> Iterator[Handset]:
    """The same phone through a process that asks for the confirmation again which the first one has taken."""
    secretary.dial()
    secretary.types(*NEED[:-1])
    secretary.conversations.journals.flush()
    late = restarted(secretary)
    # What the first process answers now is not written.
    with secretary.conversations.journals._writing:
        secretary.types(NEED[-1])
        late.text = secretary.text
        review = secretary.seen[-1].text
        assert late.types("1") == review
        assert "Réf" in secretary.types("1")  # the carrier brings it again, to the first
        yield late
    late.conversations.close()


@pytest.mark.parametrize("written", [False, True])
def test_what_a_process_that_fell_behind_asks_again_is_not_sent_once_more(
    container: Container, secretary: Handset, behind: Handset, clock: MovedClock, *, written: bool
) -> None:
    clock.move(seconds=1)
    if written:
        behind.conversations.journals.flush()
    assert behind.types("1") == secretary.seen[-1].text
    assert rows(container, Need) == 1


def test_whatever_comes_late_of_a_session_that_another_process_ended_is_told_farewell(
    secretary: Handset, behind: Handset, clock: MovedClock
) -> None:
    clock.move(seconds=1)
    behind.text += "*1"
    assert behind.types("1") == secretary.seen[-1].text


def test_what_is_corrected_after_another_process_took_it_is_not_told_as_if_it_had_been(
    container: Container, behind: Handset, clock: MovedClock
) -> None:
    clock.move(seconds=1)
    behind.types("2", "2", "90")
    behind.conversations.journals.flush()
    assert "changé entre-temps" in behind.types("1")
    assert rows(container, Need) == 1


def test_what_was_begun_here_and_sent_by_sms_through_another_process_is_not_sent_once_more(
    container: Container, secretary: Handset, clock: MovedClock
) -> None:
    secretary.dial()
    secretary.types(*NEED)
    secretary.conversations.journals.flush()
    another = restarted(secretary)
    assert "besoin recu" in another.sends("1")[-1]
    clock.move(seconds=5)
    assert "changé entre-temps" in secretary.types("1")
    assert rows(container, Need) == 1
    # And what is dialled next begins anew.
    clock.move(seconds=5)
    assert "Signaler un besoin" in secretary.dial()
    another.conversations.close()


def test_conversations_that_nobody_touches_leave_the_memory_but_not_the_disk(
    secretary: Handset, clock: MovedClock
) -> None:
    secretary.dial()
    secretary.types(*NEED[:3])
    journals = secretary.conversations.journals
    clock.move(minutes=11)
    Handset(secretary.conversations, STRANGER, secretary.ids).dial()
    journals.flush()
    journals.let_go()
    assert journals.here(SECRETARY) is None
    assert journals.here(STRANGER)
    assert secretary.types("320000").startswith("Part du village")


def test_what_was_typed_is_kept_as_a_hash_and_a_length_only(container: Container, secretary: Handset) -> None:
    secretary.dial()
    secretary.types("1", "1", "8404")
    secretary.conversations.journals.flush()
    with reading(container.engine) as session:
        row = session.get_one(JournalRow, SECRETARY)
    assert row.text_length == len("1*1*8404")
    assert "8404" not in row.text_hash


def test_a_conversation_goes_from_hand_to_hand_while_the_clock_stands_still(
    container: Container, secretary: Handset
) -> None:
    """On USSD and by SMS in turn, within one tick of the clock, and what the process knows forgotten between."""
    secretary.dial()
    secretary.types(*NEED[:3])
    secretary.conversations.journals.flush()
    assert secretary.sends("320000")[0].startswith("Part du village")
    assert secretary.sends("60000")[0].startswith("En quelques mots")
    assert secretary.dial().startswith("Vous aviez commenc")
    secretary.types("1")
    secretary.conversations.journals.flush()
    secretary.conversations.journals.forget(SECRETARY)
    assert secretary.types("Puits du bas").startswith("Eau potable, 84 foyers\n320 000 DH")
    secretary.conversations.journals.flush()
    assert "besoin recu" in secretary.sends("1")[0]
    assert secretary.dial().startswith("Ait Abdallah")
    assert rows(container, Need) == 1


def test_a_conversation_goes_on_after_the_clock_was_set_back(secretary: Handset, clock: MovedClock) -> None:
    secretary.dial()
    secretary.types(*NEED[:3])
    secretary.conversations.journals.flush()
    clock.move(minutes=-5)
    assert secretary.sends("320000")[0].startswith("Part du village")
    assert secretary.sends("60000")[0].startswith("En quelques mots")
