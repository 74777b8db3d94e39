"""Coordinators read what people say of a project, and decide whether everybody may."""

import pytest
from sqlalchemy import Engine, select

from service.container import Clock
from service.domain.states import AssociationState, NeedState
from service.domain.testimonies import Publication, TestimonyState
from service.models import Officer
from service.models.session import reading, transaction
from service.models.testimonies import Testimony as Words  # pytest takes what begins with Test for its own
from tests.service.web.person import Person
from tests.service.web.registers import Registers

PAGE = "/admin/testimonies"


@pytest.fixture
def number(registers: Registers, engine: Engine, clock: Clock) -> int:
    """The id of a secretary's testimony."""
    need_id = registers.need(registers.association(state=AssociationState.VERIFIED), state=NeedState.INTRODUCED)
    with transaction(engine) as session:
        officer = session.scalars(select(Officer)).one()
        words = Words(
            need_id=need_id,
            officer_id=officer.id,
            text="L'eau <b>coule</b> \u202e",
            language="fr",
            publication=Publication.NAMED,
            written_at=clock(),
        )
        session.add(words)
        session.flush()
        return words.id


def state_of(engine: Engine) -> tuple[TestimonyState, str]:
    with reading(engine) as session:
        words = session.scalars(select(Words)).one()
        return words.state, words.reason


def test_a_testimony_is_read_published_and_looked_at_again(coordinator: Person, engine: Engine, number: int) -> None:
    page = coordinator.get(PAGE).text
    assert "L&#39;eau &lt;b&gt;coule&lt;/b&gt; ⟨U+202E⟩" in page
    assert "Secrétaire, <bdi>Ait Abdallah</bdi>" in page
    assert "+212" not in page
    assert "<b>1</b> témoignage attend d&#39;être lu" in coordinator.get("/admin/").text
    coordinator.send(f"{PAGE}/{number}/publish", page=PAGE)
    assert state_of(engine) == (TestimonyState.PUBLISHED, "")
    coordinator.send(f"{PAGE}/{number}/reconsider", page=PAGE)
    assert state_of(engine) == (TestimonyState.GIVEN, "")


def test_it_is_set_aside_with_a_reason_only(coordinator: Person, engine: Engine, number: int) -> None:
    coordinator.send(f"{PAGE}/{number}/set_aside", page=PAGE, reason=" ")
    assert state_of(engine) == (TestimonyState.GIVEN, "")
    coordinator.send(f"{PAGE}/{number}/set_aside", page=PAGE, reason="Nomme un voisin")
    assert state_of(engine) == (TestimonyState.SET_ASIDE, "Nomme un voisin")
    assert "Nomme un voisin" in coordinator.get(PAGE).text


def test_who_only_looks_decides_nothing(viewer: Person, engine: Engine, number: int) -> None:
    assert "Publier" not in viewer.get(PAGE).text
    assert viewer.send(f"{PAGE}/{number}/publish", page="/admin/password").status_code == 403
    assert state_of(engine) == (TestimonyState.GIVEN, "")
