"""What means no good, sent by SMS: kept as it was written, and inert on every page, in every file and in the reply."""

import json
import re
from itertools import count
from pathlib import Path
from threading import Event

import pytest
from lxml import html
from sqlalchemy import select

from service.container import Container
from service.domain.text import clean, visible
from service.messaging.segments import measure
from service.models import Conversation, InboundEvent, Need, Officer
from service.models.session import reading, transaction
from service.settings import Settings
from service.usecases.exports import ask_export, make_next
from tests.conftest import MovedClock
from tests.hostile import MARK, TEXTS
from tests.service.web.house import House, build
from tests.service.web.looks import LOOKS, look_at_page
from tests.ussd.cast import CAST, Names
from tests.ussd.conftest import NEED, Handset
from tests.ussd.test_hostile_texts import shows
from tests.world import village
from ussd.sessions import Conversations

# Digits that might be a PIN are not kept, whoever sent them.
DIGITS = re.compile(r"\d")
MOST_PARTS, LINES = 2, 25  # of a reply; of a conversation
LONG_HENCE = 4_000_000_000_000_000  # microseconds since 1970
LISTS = ("/admin/inbox", "/admin/messages/all", "/admin/needs", "/admin/people")


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"exports_folder": str(tmp_path / "exports")})


@pytest.fixture
def house(container: Container, clock: MovedClock) -> House:
    return build(container, clock, Names())


def masked(text: str) -> str:
    """A text without what is never kept of it."""
    return DIGITS.sub("*", text.replace("\x00", ""))


def harms(reply: str) -> bool:
    """Tell whether a reply does on a phone what it must not: it is too long, or shows what cannot be seen."""
    return measure(reply).parts > MOST_PARTS or shows(reply)


def inert(house: House, *paths: str) -> list[str]:
    """Return what was made of a text on these pages, and in these files."""
    client, wrong = house.admins(), []
    for path in paths:
        answer = client.get(path, buffered=True)
        wrong += [f"{path}: {answer.status_code}"] if answer.status_code != 200 else []
        wrong += [f"{path}: {one}" for one in LOOKS[answer.mimetype or ""](answer.data)]
    return wrong


@pytest.mark.parametrize("sender", ["each a stranger", "officer", "contact", "coordinator"])
def test_a_free_text_is_kept_as_written_and_shown_inert(
    house: House, container: Container, conversations: Conversations, clock: MovedClock, sender: str
) -> None:
    ids, sent, wrong = count(), list[tuple[str, str]](), list[str]()
    for number, text in enumerate(TEXTS):
        clock.move(minutes=3)
        phone = Handset(conversations, CAST.get(sender, f"+21261{number:07}"), ids)
        # Nothing of it comes back.
        wrong += [f"{text[:20]!r} is answered {one!r}" for one in phone.sends(text) if harms(one) or MARK in one]
        sent.append((phone.number, text))
    assert wrong == []
    with reading(container.engine) as session:
        events = session.scalars(select(InboundEvent).where(InboundEvent.kind == "sms").order_by(InboundEvent.id))
        kept = [(one.phone, one.payload["text"]) for one in events]
        talks = {one.phone: one.id for one in session.scalars(select(Conversation))}
    assert [(phone, masked(text)) for phone, text in kept] == [(phone, masked(text)) for phone, text in sent]
    client = house.admins()
    # The page opens at the last lines of a conversation; who goes back in it sees more.
    for whose, text in kept[-LINES:]:
        answer = client.get(f"/admin/inbox/{talks[whose]}", query_string={"until": LONG_HENCE})
        said = "".join(map(str, html.document_fromstring(answer.text).itertext()))
        wrong += [f"{text[:20]!r} is not shown"] if visible(text)[:300] not in said else []
        wrong += [f"{text[:20]!r}: {one}" for one in look_at_page(answer.data)]
    files = [f"{path}?format={kind}" for path in LISTS[1:] for kind in ("csv", "xlsx")]
    wrong += inert(house, "/admin/", *(f"{path}?folder=all" for path in LISTS[:1]), *LISTS[1:], *files)
    assert wrong == []


def test_what_somebody_asks_to_have_of_themselves_has_their_texts_as_written(
    house: House, container: Container, conversations: Conversations, clock: MovedClock
) -> None:
    phone = Handset(conversations, CAST["officer"], count())
    for text in TEXTS:
        clock.move(minutes=3)
        phone.sends(text)
    with transaction(container.engine) as session:
        actor = f"user:{house.admin}"
        number = ask_export(session, clock(), actor=actor, kind="person", phone=phone.number).id
    assert make_next(container.engine, container.settings, clock, "worker", Event())
    answer = house.admins().get(f"/admin/exports/{number}/file", buffered=True)
    assert "no-store" in answer.headers["Cache-Control"]
    told = json.loads(answer.data)["rows"]["inbound_events"]
    assert [masked(one["payload"]["text"]) for one in told if one["kind"] == "sms"] == list(map(masked, TEXTS))
    assert inert(house, f"/admin/exports/{number}") == []


@pytest.mark.timeout(300)
def test_an_answer_in_words_by_sms_is_kept_without_what_cannot_be_seen(
    house: House, container: Container, conversations: Conversations, clock: MovedClock
) -> None:
    ids, wrong, titles = count(), list[str](), list[str]()
    for number, text in enumerate(TEXTS):
        clock.move(minutes=30)
        phone = Handset(conversations, f"+21262{number:07}", ids)
        with transaction(container.engine) as session:
            village(session, clock(), phone.number, name=f"Tamount {number}")
        for answer in ("BESOIN", *NEED[:-1]):
            phone.sends(answer)
        for answer in (text, "1"):
            wrong += [f"{text[:20]!r} is answered {one!r}" for one in phone.sends(answer) if harms(one)]
        with reading(container.engine) as session:
            reporter = select(Officer.id).where(Officer.phone == phone.number).scalar_subquery()
            for title in session.scalars(select(Need.title).where(Need.reported_by == reporter)):
                titles.append(title)
                wrong += [f"{title!r} is kept"] if title != clean(text) else []
    assert wrong == []
    # What is too long for a title is asked again.
    assert len(titles) > len(TEXTS) / 2
    assert inert(house, "/admin/", "/admin/needs", *(f"/admin/needs?format={kind}" for kind in ("csv", "xlsx"))) == []
