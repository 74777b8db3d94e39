"""An association of emigrants agrees on its phone to be named on the public pages, and takes that back."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from service.container import Container
from service.locales import Language, speaker
from service.models import ListingConsent
from service.models.session import reading, transaction
from service.usecases.listings import LISTING_TEXT
from tests.conftest import MovedClock
from tests.ussd.conftest import Handset
from tests.world import LYON, diaspora
from ussd.transports.keywords import Action, read_command

NewHandset = Callable[[str], Handset]
PIN, YES, NO, RIGHT, LINE = "4071", "1", "2", "1", "6"


@pytest.fixture
def lyon(container: Container, handset: NewHandset, clock: MovedClock) -> Handset:
    phone = handset(LYON)
    with transaction(container.engine) as session:
        diaspora(session, clock())
    return phone


def consents(container: Container) -> list[ListingConsent]:
    with reading(container.engine) as session:
        return list(session.scalars(select(ListingConsent).order_by(ListingConsent.id)))


def test_a_yes_counts_with_the_pin_and_is_kept_with_its_text_time_and_channel(
    container: Container, lyon: Handset, clock: MovedClock
) -> None:
    lyon.dial()
    assert "6 Site public : Non" in lyon.types("1", "98")
    assert "nom, ville, pays" in lyon.types(LINE)
    assert "Site public : Oui" in lyon.types(YES)
    lyon.types(RIGHT, PIN)
    assert consents(container) == []
    assert "tout de suite" in lyon.types(PIN)
    (kept,) = consents(container)
    assert (kept.text_version, kept.channel, kept.given_at) == (LISTING_TEXT, "ussd", clock())
    assert (kept.language, kept.withdrawn_at) == (Language.FR, None)


def test_a_no_needs_no_proof_and_counts_at_once(container: Container, lyon: Handset, clock: MovedClock) -> None:
    lyon.dial()
    lyon.types("1", LINE, YES, RIGHT, PIN, PIN)
    clock.move(days=1)
    lyon.dial()
    assert "6 Site public : Oui" in lyon.types("1", "98")
    assert "tout de suite" in lyon.types(LINE, NO, RIGHT)
    (kept,) = consents(container)
    assert kept.withdrawn_at == clock()
    lyon.dial()
    lyon.types("1", LINE, YES, RIGHT, PIN)
    assert [one.withdrawn_at is None for one in consents(container)] == [False, True]


def test_a_forged_text_names_nobody(container: Container, lyon: Handset) -> None:
    for text in ("PROFIL", LINE, YES, RIGHT):
        (asked,) = lyon.sends(text)
    assert "Votre association sur le site public" in asked
    lyon.sends("000000")
    assert consents(container) == []


@pytest.mark.parametrize("language", list(Language))
def test_the_words_on_the_page_how_to_join_are_words_the_service_reads(language: Language) -> None:
    said = speaker(language).say
    words = {
        "village.need": Action.NEED,
        "village.progress": Action.PROGRESS,
        "village.go_on": Action.GO_ON,
        "village.help": Action.HELP,
        "diaspora.enrol": Action.ENROL,
        "diaspora.yes": Action.YES,
        "diaspora.no": Action.NO,
        "diaspora.profile": Action.PROFILE,
    }
    for key, action in words.items():
        command = read_command(said(f"public.join.{key}"))
        assert command
        assert command.action is action, key
    for word, action in {"INFO": Action.INFO, "STOP": Action.STOP, "PAUSE": Action.PAUSE}.items():
        command = read_command(word)
        assert command
        assert command.action is action
