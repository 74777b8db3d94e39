"""A PIN protects the association: guessed five times at most, kept nowhere as it was typed, cleared by two."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import Engine, select

from service.container import Container
from service.domain.errors import LockedError
from service.domain.roles import OfficerRole
from service.models import OfficerChange, Secret, SecretKind, WrongGuess
from service.models.base import Base
from service.models.session import reading, transaction
from service.security import hash_pin
from service.usecases.pins import WRONG_OF_ALL, begin_guess, has_pin, set_pin, settle_guess
from tests.conftest import MovedClock
from tests.ussd.conftest import Handset, rows
from tests.ussd.test_officers import by_sms, colleague, dials, other
from tests.world import LYON, SECRETARY, TREASURER, diaspora
from ussd.sessions import Conversations

NewHandset = Callable[[str], Handset]
PIN, WRONG, OTHER = "2580", "9173", "4826"
CODE = ("Autre", "Code secret")
ASKED, REFUSED = "Votre code secret (4 chiffres)", "Code refus"


@pytest.fixture
def protected(container: Container, secretary: Handset, clock: MovedClock) -> Handset:
    """The secretary's phone, with a PIN."""
    with transaction(container.engine) as session:
        set_pin(session, clock(), SECRETARY, hash_pin(container.settings.secret_key, SECRETARY, PIN))
    return secretary


def at_the_pin(phone: Handset) -> str:
    return dials(phone, *CODE, "Changer")


def knows(container: Container, phone: str = SECRETARY) -> bool:
    with reading(container.engine) as session:
        return has_pin(session, phone)


def cells(engine: Engine) -> Iterator[str]:
    """Every column of every row of every table, as it reads."""
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            for row in connection.execute(select(table)):
                yield from (f"{table.name}: {value!r}" for value in row)


def test_a_pin_is_chosen_by_typing_it_twice_and_not_one_that_all_guess(
    container: Container, secretary: Handset
) -> None:
    assert dials(secretary, *CODE).startswith("Choisissez un code secret")
    assert secretary.types("1234").startswith("Trop facile")
    assert secretary.types("77777").startswith("Tapez 4 chiffres")
    assert secretary.types(PIN).startswith("Le meme code")
    assert secretary.types(OTHER).startswith("Ce n'est pas le meme")
    assert not knows(container)
    assert secretary.types(PIN).startswith("C'est fait")
    assert knows(container)


def test_another_is_chosen_by_who_knows_the_old_one(protected: Handset) -> None:
    assert at_the_pin(protected).startswith(ASKED)
    assert protected.types(WRONG).startswith("Ce n'est pas ce code")
    assert protected.types("٢٥٨٠").startswith("Choisissez")
    assert protected.types(OTHER, OTHER).startswith("C'est fait")
    assert at_the_pin(protected).startswith(ASKED)
    assert protected.types(PIN).startswith("Ce n'est pas ce code")
    assert protected.types(OTHER).startswith("Choisissez")


def test_after_five_wrong_guesses_right_and_wrong_look_the_same_for_a_day(
    protected: Handset, clock: MovedClock
) -> None:
    at_the_pin(protected)
    assert all(protected.types(WRONG).startswith("Ce n'est pas ce code") for _ in range(5))
    answers = {protected.types(WRONG)}
    for typed in (PIN, WRONG):
        at_the_pin(protected)
        answers.add(protected.types(typed))
    assert len(answers) == 1
    assert answers.pop().startswith(REFUSED)
    clock.move(hours=23, minutes=59)
    at_the_pin(protected)
    assert protected.types(PIN).startswith(REFUSED)
    clock.move(minutes=1)
    at_the_pin(protected)
    assert protected.types(PIN).startswith("Choisissez")


def test_a_right_guess_begins_the_count_anew(protected: Handset) -> None:
    for _ in range(2):
        at_the_pin(protected)
        assert protected.types(*[WRONG] * 4, PIN).startswith("Choisissez")


def test_of_fifty_guesses_begun_at_once_five_are_judged(
    container: Container, protected: Handset, clock: MovedClock
) -> None:
    gate = Barrier(10)

    def guess(_: int) -> bool:
        gate.wait()
        try:
            with transaction(container.engine) as session:
                begin_guess(session, clock(), SECRETARY, SecretKind.PIN)
        except LockedError:
            return False
        return True

    with ThreadPoolExecutor(10) as pool:
        assert sum(pool.map(guess, range(50))) == 5
    at_the_pin(protected)
    assert protected.types(PIN).startswith(REFUSED)


def test_fifty_guesses_in_many_sessions_and_processes_are_five_all_the_same(
    container: Container, protected: Handset
) -> None:
    # None of them knows of the others' conversation: each stands at the question by itself.
    processes = [Conversations(protected.conversations.container) for _ in range(10)]
    phones = [Handset(process, SECRETARY, protected.ids) for process in processes]
    gate = Barrier(len(phones), timeout=60)

    def guess(phone: Handset) -> list[str]:
        answers = []
        for _ in range(5):
            # Locked or not, the question is asked: that tells nothing.
            assert at_the_pin(phone).startswith(ASKED)
            gate.wait()
            answers.append(phone.types(WRONG))
        return answers

    with ThreadPoolExecutor(len(phones)) as pool:
        answers = [answer for several in pool.map(guess, phones) for answer in several]
    for process in processes:
        process.close()
    assert rows(container, WrongGuess) == 5
    assert sum(answer.startswith("Ce n'est pas ce code") for answer in answers) == 5
    assert sum(answer.startswith(REFUSED) for answer in answers) == 45
    at_the_pin(protected)
    assert protected.types(PIN).startswith(REFUSED)


def test_who_tries_one_guess_on_many_phones_meets_the_breaker(
    container: Container, protected: Handset, clock: MovedClock
) -> None:
    for number in range(WRONG_OF_ALL):
        with transaction(container.engine) as session:
            phone = f"+2126100000{number:02}"
            for kind in (SecretKind.CODE, SecretKind.INVITATION):
                begin_guess(session, clock(), phone, kind)
                settle_guess(session, clock(), phone, kind, right=False)
    at_the_pin(protected)
    assert protected.types(PIN).startswith("Choisissez")
    for number in range(WRONG_OF_ALL):
        with transaction(container.engine) as session:
            begin_guess(session, clock(), f"+2126100000{number:02}", SecretKind.PIN)
            settle_guess(session, clock(), f"+2126100000{number:02}", SecretKind.PIN, right=False)
    at_the_pin(protected)
    assert protected.types(PIN).startswith(REFUSED)
    clock.move(hours=1)
    at_the_pin(protected)
    assert protected.types(PIN).startswith("Choisissez")


def test_a_pin_is_in_no_table_and_in_no_log(
    container: Container, secretary: Handset, capfd: pytest.CaptureFixture[str]
) -> None:
    colleague(secretary, TREASURER)
    dials(secretary, *CODE, PIN, PIN)
    at_the_pin(secretary)
    secretary.types(PIN, OTHER, WRONG, OTHER)
    dials(secretary, "Autre", "Bureau", "Ajouter", "1", "0600000009", "1", WRONG, "48", OTHER)
    assert secretary.seen[-1].ended
    at_the_pin(secretary)  # and one that is dropped half-way
    secretary.types(OTHER, PIN)
    secretary.conversations.journals.flush()
    assert rows(container, OfficerChange) == 1
    written = [*cells(container.engine), *capfd.readouterr()]
    assert [cell for cell in written if any(pin in cell for pin in (PIN, OTHER, WRONG))] == []


def test_a_rebuilt_session_asks_the_pin_again_and_counts_no_guess(
    container: Container, protected: Handset, clock: MovedClock
) -> None:
    """The process died, and the disk had not the last answers: the carrier's text brings them all at once."""
    protected.dial()
    protected.conversations.journals.flush()
    clock.move(seconds=1)
    fresh = Conversations(container)
    again = Handset(fresh, SECRETARY, protected.ids, protected.session, "*".join((*CODE, "Changer", WRONG, PIN)))
    assert again.again().text.startswith(ASKED)
    with reading(container.engine) as session:
        assert session.get_one(Secret, (SECRETARY, SecretKind.PIN)).failures == 0
    assert again.types(PIN).startswith("Choisissez")
    fresh.close()


def test_no_pin_is_chosen_on_a_long_dial(container: Container, secretary: Handset) -> None:
    """It would stay in the phone's list of calls."""
    secretary.session, secretary.text = "long", "*".join((*CODE, PIN, PIN))
    assert secretary.again().text.startswith("Choisissez")
    assert not knows(container)


def test_a_first_pin_does_not_replace_one_chosen_meanwhile(
    container: Container, secretary: Handset, clock: MovedClock
) -> None:
    dials(secretary, *CODE, OTHER)
    with transaction(container.engine) as session:
        set_pin(session, clock(), SECRETARY, hash_pin(container.settings.secret_key, SECRETARY, PIN))
    assert secretary.types(OTHER).startswith("Cela a chang")
    at_the_pin(secretary)
    assert secretary.types(PIN).startswith("Choisissez")


def test_who_forgot_it_is_let_in_by_a_fellow_officer(container: Container, protected: Handset) -> None:
    treasurer = colleague(protected, TREASURER)
    at_the_pin(protected)
    protected.types(*[WRONG] * 6)
    assert "Appelez d'abord un autre responsable" in dials(protected, *CODE, "Oubli")
    assert rows(container, OfficerChange) == 0
    assert protected.types("1").startswith("Demand")
    assert "a oublié son code secret. Appelez d'abord" in treasurer.inbox()[-1]
    assert "Appelez d'abord" in dials(treasurer, "Répondre")
    assert knows(container)
    treasurer.types("1", OTHER, OTHER)
    assert "votre code secret est effacé" in protected.inbox()[-1]
    assert dials(protected, *CODE).startswith("Choisissez")
    assert protected.types(PIN, PIN).startswith("C'est fait")


def test_a_witness_who_forgot_it_is_let_in_too(container: Container, secretary: Handset, clock: MovedClock) -> None:
    witness = colleague(secretary, TREASURER, OfficerRole.WITNESS)
    with transaction(container.engine) as session:
        set_pin(session, clock(), TREASURER, hash_pin(container.settings.secret_key, TREASURER, PIN))
    assert dials(witness, *CODE, "Oubli", "1").startswith("Demand")
    dials(secretary, "Répondre", "1", OTHER, OTHER)
    assert not knows(container, TREASURER)


def test_who_is_alone_and_forgot_it_asks_for_a_call(container: Container, protected: Handset) -> None:
    assert "Rappelez-moi" in dials(protected, *CODE, "Oubli")
    assert rows(container, OfficerChange) == 0


def test_a_contact_sets_a_pin_and_asks_for_a_call_when_it_is_forgotten(
    container: Container, handset: NewHandset, clock: MovedClock
) -> None:
    lyon = handset(LYON)
    with transaction(container.engine) as session:
        diaspora(session, clock())
    assert dials(lyon, *CODE, PIN, PIN).startswith("C'est fait")
    assert "Rappelez-moi" in dials(lyon, *CODE, "Oubli")


def test_no_pin_is_asked_or_changed_by_sms(container: Container, protected: Handset) -> None:
    assert by_sms(protected, "pin").startswith("Le code secret ne s'écrit jamais par SMS. Composez *384*84#")
    at_the_pin(protected)
    protected.types(PIN)
    assert by_sms(other(protected, SECRETARY), text=OTHER).startswith("Le code secret ne s'écrit jamais")
    at_the_pin(protected)
    assert protected.types(PIN).startswith("Choisissez")
    assert knows(container)
