"""What the pages of one thing are called, and what they say before it is decided and of why it was proposed."""

from typing import Any

import pytest
from sqlalchemy import Engine, select

from service.domain.sectors import Urgency
from service.domain.states import AssociationState, NeedState
from service.matching.scoring import Weights
from service.models import Contact, DiasporaAssociation, Message, Need, VillageAssociation
from service.models.session import reading, transaction
from service.usecases.matching import match_needs
from tests.conftest import MovedClock
from tests.service.web.person import Person
from tests.service.web.registers import Registers
from tests.world import diaspora, need_of, settle, village


def test_what_to_check_is_said_before_an_association_is_verified(coordinator: Person, registers: Registers) -> None:
    pending = coordinator.get(f"/admin/associations/{registers.association()}").text
    assert "Avant de décider, appelez son secrétaire" in pending
    assert "Une seule personne y est inscrite" in pending
    verified = registers.association("Tizi", AssociationState.VERIFIED)
    assert "Avant de décider" not in coordinator.get(f"/admin/associations/{verified}").text


def test_an_urgency_says_what_is_high_and_a_file_says_it_under_its_column(
    viewer: Person, registers: Registers, engine: Engine
) -> None:
    number = registers.need(registers.association(state=AssociationState.VERIFIED), state=NeedState.VERIFIED)
    with transaction(engine) as session:
        session.get_one(Need, number).urgency = Urgency.HIGH
    assert "<small>urgence élevée</small>" in viewer.get("/admin/needs").text
    assert "<dt>Urgence</dt><dd>élevée</dd>" in viewer.get(f"/admin/needs/{number}").text
    file = viewer.client.get("/admin/needs", query_string={"format": "csv"}, buffered=True)
    assert ";élevée;" in file.text


def test_what_a_village_will_be_told_says_the_code_to_dial(coordinator: Person, registers: Registers) -> None:
    page = coordinator.get(f"/admin/associations/{registers.association()}").text
    assert "composez *384*84# ou envoyez BESOIN" in page


def test_whom_a_coordinator_called_stays_in_the_history_and_is_told_nobody(
    coordinator: Person, registers: Registers, engine: Engine
) -> None:
    number = registers.need(registers.association(state=AssociationState.VERIFIED))
    page = f"/admin/needs/{number}"
    assert "Note : qui avez-vous appelé ?" in coordinator.get(page).text
    note = " appelée,\u202e Mme <b>, le 3 mai "
    coordinator.send(f"{page}/verify", page=page, urgency="high", note=note, next=page)
    assert "<p><bdi>appelée, Mme &lt;b&gt;, le 3 mai</bdi></p>" in coordinator.get(page).text
    with reading(engine) as session:
        assert session.get_one(Need, number).state_reason == ""
        assert [text for text in session.scalars(select(Message.text)) if "Mme" in text] == []


def test_reasons_are_quoted_as_the_association_is_told_them(viewer: Person, engine: Engine, clock: MovedClock) -> None:
    settle(engine)
    with transaction(engine) as session:
        village(session, clock())
        need, lyon = need_of(session, clock()).id, diaspora(session, clock()).id
        session.flush()
        match_needs(session, clock(), 2, Weights())
    quoted = "Raisons, comme on les dit à l&#39;association : « votre commune, "
    for page in (f"/admin/needs/{need}", f"/admin/diaspora/{lyon}"):
        assert quoted in viewer.get(page).text


@pytest.mark.parametrize(
    ("what", "entity"),
    [("associations", VillageAssociation), ("diaspora", DiasporaAssociation), ("contacts", Contact)],
)
def test_the_tab_of_a_page_is_called_as_its_heading_without_markup(
    viewer: Person, engine: Engine, clock: MovedClock, what: str, entity: Any
) -> None:
    settle(engine)
    with transaction(engine) as session:
        village(session, clock())
        diaspora(session, clock())
        session.flush()
        one = session.scalars(select(entity).limit(1)).one()
        one.name, number = "L'eau <b> \u202e", one.id
    page = viewer.get(f"/admin/{what}/{number}").text
    assert "<title>L&#39;eau &lt;b&gt; ⟨U+202E⟩ - Tiwizi</title>" in page
