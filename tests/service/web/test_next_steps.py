"""A need's page says what it waits for, what is sought, and what can be done where nobody is left to ask."""

import re

from sqlalchemy import Engine

from service.domain.states import AssociationState
from service.models import Need
from service.models.diaspora import active_contact
from service.models.session import transaction
from service.usecases.proposals import decline
from tests.conftest import MovedClock
from tests.service.web.person import Person
from tests.service.web.registers import Registers
from tests.world import LYON, diaspora, need_of, proposed, settle, village


def test_a_need_nobody_is_left_for_has_next_steps_that_lead_somewhere(
    coordinator: Person, engine: Engine, clock: MovedClock
) -> None:
    settle(engine)
    with transaction(engine) as session:
        village(session, clock())
        need, lyon = need_of(session, clock()), diaspora(session, clock())
        proposed(session, clock(), need, lyon)
        number, reporter = need.id, need.reported_by
    asked = coordinator.get(f"/admin/needs/{number}").text
    assert "La plus ancienne proposition attend jusqu&#39;au" in asked
    assert "Que faire maintenant" not in asked
    with transaction(engine) as session:
        contact = active_contact(session, LYON)
        assert contact
        decline(session, clock(), contact=contact, reference=session.get_one(Need, number).reference, reason="")
    said = coordinator.get(f"/admin/needs/{number}").text
    assert "aucune n&#39;a dit oui" in said
    steps = re.findall(r'<li><a href="([^"]+)">', said.partition("Que faire maintenant")[2].partition("</ul>")[0])
    assert steps == ["/admin/diaspora", "/join", f"/admin/officers/{reporter}"]
    assert [coordinator.get(step).status_code for step in steps] == [200, 200, 200]


def test_a_need_says_what_is_sought_and_that_nothing_is_like_it(coordinator: Person, registers: Registers) -> None:
    association = registers.association(state=AssociationState.PENDING)
    said = coordinator.get(f"/admin/needs/{registers.need(association)}").text
    assert "<dt>Encore recherché</dt><dd>260\u00a0000\u00a0DH</dd>" in said
    assert "Aucun besoin qui lui ressemble" in said
    assert "Aucune association qui lui ressemble" in coordinator.get(f"/admin/associations/{association}").text
