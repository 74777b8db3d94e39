"""Asking to be called back: from every help screen, once, and told by when."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select

from service.container import Container
from service.locales import Language
from service.models import AuditEntry, Callback, Consent, Phone
from service.models.session import reading, transaction
from service.usecases.callbacks import ask_callback, finish_callback
from tests.conftest import MovedClock
from tests.ussd.conftest import Handset, rows
from tests.world import LYON, STRANGER, diaspora

NewHandset = Callable[[str], Handset]


def callbacks(container: Container) -> list[Callback]:
    with reading(container.engine) as session:
        return list(session.scalars(select(Callback).order_by(Callback.id)))


def test_an_officer_asks_from_help_and_hears_by_when(container: Container, secretary: Handset) -> None:
    secretary.dial()
    assert "1 Rappelez-moi" in secretary.types("0")
    assert secretary.types("1").startswith("On vous rappelle au +212...01, sous 2 jours ?\n1 Oui")
    assert rows(container, Callback) == 0
    assert "au plus tard le 25/11/2026" in secretary.types("1")
    assert secretary.seen[-1].ended
    (callback,) = callbacks(container)
    assert (callback.phone, callback.channel, callback.done_at) == (secretary.number, "ussd", None)
    with reading(container.engine) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "callback.asked")).one()
    assert secretary.number not in f"{entry.actor} {entry.subject} {entry.data}"


def test_who_says_no_is_not_called(container: Container, secretary: Handset) -> None:
    secretary.dial()
    assert "nous ne vous appelons pas" in secretary.types("0", "1", "2")
    assert rows(container, Callback) == 0


def test_asking_twice_changes_nothing_until_it_is_done(
    container: Container, clock: MovedClock, secretary: Handset
) -> None:
    def ask() -> str:
        secretary.dial()
        return secretary.types("0", "1", "1")

    ask()
    clock.move(days=1)
    assert "au plus tard le 25/11/2026" in ask()
    clock.move(days=2)
    assert "Nous devions vous rappeler avant le 25/11/2026" in ask()
    (callback,) = callbacks(container)
    with transaction(container.engine) as session:
        finish_callback(session, clock(), actor="user:1", callback_id=callback.id)
    assert "au plus tard le 28/11/2026" in ask()
    assert [bool(one.done_at) for one in callbacks(container)] == [True, False]


def test_two_askings_at_the_same_moment_are_one(container: Container, clock: MovedClock, secretary: Handset) -> None:
    together = Barrier(4)

    def ask(_: int) -> int:
        together.wait()
        with transaction(container.engine) as session:
            return ask_callback(session, clock(), phone=secretary.number, channel="ussd").id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(ask, range(4)))) == 1
    assert rows(container, Callback) == 1


def test_a_newcomer_is_called_in_the_language_chosen(container: Container, handset: NewHandset) -> None:
    phone = handset(STRANGER)
    phone.dial()
    # Tachelhit, consent, help, call me.
    assert "gh sin wussan" in phone.types("2", "1", "0", "1")
    assert [rows(container, one) for one in (Phone, Consent, Callback)] == [0, 0, 0]
    phone.types("1")
    assert [rows(container, one) for one in (Phone, Consent, Callback)] == [1, 1, 1]
    with reading(container.engine) as session:
        assert session.get_one(Phone, STRANGER).language is Language.SHI


@pytest.mark.parametrize("language", Language)
def test_a_contact_asks_in_any_language(
    container: Container, clock: MovedClock, handset: NewHandset, language: Language
) -> None:
    with transaction(container.engine) as session:
        phone = handset(LYON)
        diaspora(session, clock(), language=language)
    phone.dial()
    assert "+336...01" in phone.types("0", "1")
    assert "25/11/2026" in phone.types("1")
