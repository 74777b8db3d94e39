"""Coordinators see what waits first, and decide."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from markupsafe import escape
from sqlalchemy import Engine, select

from service.domain.phone import show_phone
from service.domain.roles import OfficerRole
from service.domain.sectors import Sector, Urgency
from service.domain.states import AssociationState, NeedState
from service.locales import Language
from service.models import AuditEntry, Message, Need, Officer, Phone, User, VillageAssociation
from service.models.session import reading, transaction
from service.settings import Settings
from service.usecases.proposals import express_interest
from tests import world
from tests.conftest import MovedClock
from tests.service.web.person import Person
from tests.service.web.registers import Registers
from tests.world import diaspora, proposed, settle, village

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
BIDI = "Ait \u202eevil\u202c <script>alert(1)</script>"


def association_of(engine: Engine, number: int) -> VillageAssociation:
    with reading(engine) as session:
        return session.get_one(VillageAssociation, number)


def need_of(engine: Engine, number: int) -> Need:
    with reading(engine) as session:
        return session.get_one(Need, number)


def test_the_first_page_says_how_many_wait_one_click_away(coordinator: Person, registers: Registers) -> None:
    number = registers.association(state=AssociationState.VERIFIED)
    registers.association("Tamount")
    registers.association("Assaka")
    registers.need(number)
    page = coordinator.get("/admin/").text
    assert "<b>2</b> associations attendent une vérification" in page
    assert "<b>1</b> besoin attend une vérification" in page
    assert 'href="/admin/associations"' in page
    assert 'href="/admin/needs"' in page


def test_a_coordinator_verifies_an_association_and_hears_what_happens_next(
    coordinator: Person, registers: Registers, engine: Engine
) -> None:
    number = registers.association()
    answer = coordinator.send(f"/admin/associations/{number}/verify", page="/admin/associations")
    assert answer.location == "/admin/associations"
    assert "Ait Abdallah est vérifiée et l&#39;apprend par SMS." in coordinator.get("/admin/associations").text
    assert association_of(engine, number).state is AssociationState.VERIFIED
    with reading(engine) as session:
        entry = session.scalars(select(AuditEntry).where(AuditEntry.action == "association.verified")).one()
        zahra = session.scalars(select(User).where(User.name == "Zahra")).one()
    assert (entry.actor, entry.subject) == (f"user:{zahra.id}", f"association:{number}")


def test_a_coordinator_rejects_with_a_clean_reason(coordinator: Person, registers: Registers, engine: Engine) -> None:
    number = registers.association()
    form = {"reason": "  Pas de \u202erécépissé\n de  dépôt. "}
    coordinator.send(f"/admin/associations/{number}/reject", page="/admin/associations", **form)
    association = association_of(engine, number)
    assert association.state is AssociationState.REJECTED
    assert association.state_reason == "Pas de récépissé de dépôt"


@pytest.mark.parametrize("reason", ["", "  \u200b\n", "x" * 201])
@pytest.mark.parametrize("kind", ["associations", "needs"])
def test_nothing_is_rejected_without_a_short_reason(
    coordinator: Person, registers: Registers, engine: Engine, reason: str, kind: str
) -> None:
    association = registers.association()
    need = registers.need(association)
    number = association if kind == "associations" else need
    coordinator.send(f"/admin/{kind}/{number}/reject", page=f"/admin/{kind}", reason=reason)
    assert "Rien n&#39;est refusé encore" in coordinator.get(f"/admin/{kind}").text
    assert association_of(engine, association).state is AssociationState.PENDING
    assert need_of(engine, need).state is NeedState.REPORTED


def test_a_coordinator_verifies_a_need_with_its_urgency(
    coordinator: Person, registers: Registers, engine: Engine, settings: Settings
) -> None:
    number = registers.need(registers.association(state=AssociationState.VERIFIED))
    coordinator.send(f"/admin/needs/{number}/verify", page="/admin/needs", urgency="critical")
    page = coordinator.get("/admin/needs").text
    assert "Le besoin K7-4Q2 est vérifié" in page
    assert f"{settings.match_every_minutes} minutes" in page
    need = need_of(engine, number)
    assert (need.state, need.urgency) == (NeedState.VERIFIED, Urgency.CRITICAL)


def test_an_urgency_is_chosen_and_never_preset(coordinator: Person, registers: Registers, engine: Engine) -> None:
    number = registers.need(registers.association(state=AssociationState.VERIFIED))
    for page in ("/admin/needs", f"/admin/needs/{number}"):
        shown = coordinator.get(page).text
        select = shown.partition('name="urgency" required')[2].partition("</select>")[0]
        assert '<option value="">' in select
        assert "selected" not in select
        assert re.findall(r"<(small|dd)>normale<", shown) == []
    assert "Normale : sans cela" in coordinator.get(f"/admin/needs/{number}").text
    coordinator.send(f"/admin/needs/{number}/verify", page="/admin/needs", urgency="")
    assert "choisissez l&#39;urgence" in coordinator.get("/admin/needs").text
    assert need_of(engine, number).state is NeedState.REPORTED


def test_the_sms_of_a_decision_is_read_before_it_is_sent(
    coordinator: Person, registers: Registers, engine: Engine
) -> None:
    association = registers.association(state=AssociationState.VERIFIED)
    number = registers.need(association)
    with transaction(engine) as session:
        session.get_one(Phone, "+212600000001").language = Language.AR
        second = {"number": "+212600000002", "language": Language.FR}
        session.add_all([Phone(**second), Phone(number="+212600000003", language=Language.EN, stopped_at=NOON)])
        session.flush()
        session.add_all(
            Officer(association_id=association, phone=f"+21260000000{one}", role=OfficerRole.TREASURER, joined_at=NOON)
            for one in (2, 3)
        )
    page = f"/admin/needs/{number}"
    assert "votre besoin K7-4Q2 est vérifié" in coordinator.get(page).text
    form = {"page": page, "reason": "Ce n'est pas au village", "next": page}
    shown = coordinator.send(f"{page}/reject", step="preview", **form).text
    assert need_of(engine, number).state is NeedState.REPORTED
    assert 'name="sure"' in shown
    assert 'name="step"' not in shown
    assert f'href="{page}"' in shown
    coordinator.send(f"{page}/reject", sure="yes", **form)
    with reading(engine) as session:
        sent = {message.language: message for message in session.scalars(select(Message))}
    assert sent.keys() == {"ar", "fr"}  # who said STOP is told nothing
    for message in sent.values():
        assert str(escape(message.text)) in shown
    assert f"Personnes : 1. SMS pour chacune : {sent['ar'].parts}" in shown
    assert "was not accepted" not in shown
    assert need_of(engine, number).state is NeedState.REJECTED


def test_whoever_had_said_yes_is_shown_to_hear_of_it_too(
    coordinator: Person, engine: Engine, clock: MovedClock
) -> None:
    settle(engine)
    with transaction(engine) as session:
        village(session, clock())
        need, lyon = world.need_of(session, clock()), diaspora(session, clock())
        number, association = need.id, need.association_id
        proposed(session, clock(), need, lyon)
        express_interest(session, clock(), contact=lyon.active_contacts[0], reference=need.reference, code="*1#")
    texts = {}
    for page in (f"/admin/needs/{number}", f"/admin/associations/{association}"):
        form = {"page": page, "reason": "doublon", "step": "preview"}
        texts[page] = coordinator.send(f"{page}/reject", **form).text
    coordinator.send(f"/admin/needs/{number}/reject", page="/admin/", reason="doublon")
    with reading(engine) as session:
        (told,) = session.scalars(select(Message.text).where(Message.template == "closed"))
    assert all(str(escape(told)) in shown for shown in texts.values())


@pytest.mark.parametrize("kind", ["associations", "needs"])
@pytest.mark.parametrize("deed", ["verify", "reject"])
def test_a_decision_in_a_list_is_shown_first(
    coordinator: Person, registers: Registers, engine: Engine, kind: str, deed: str
) -> None:
    association = registers.association(state=AssociationState.PENDING)
    need = registers.need(association)
    number = association if kind == "associations" else need
    page = f"/admin/{kind}"
    assert 'name="step" value="preview"' in coordinator.get(page).text
    form = {"urgency": "high", "reason": "Trop vague", "step": "preview"}
    shown = coordinator.send(f"{page}/{number}/{deed}", page=page, **form).text
    assert "Langue du SMS qui partira : Français" in shown
    assert "0,00\u00a0EUR" in shown
    assert coordinator.send(f"{page}/999/{deed}", page=page, **form).status_code == 404
    assert association_of(engine, association).state is AssociationState.PENDING
    assert need_of(engine, need).state is NeedState.REPORTED


def test_an_urgency_nobody_offered_changes_nothing(coordinator: Person, registers: Registers, engine: Engine) -> None:
    number = registers.need(registers.association(state=AssociationState.VERIFIED))
    answer = coordinator.send(f"/admin/needs/{number}/verify", page="/admin/needs", urgency="whenever")
    assert answer.status_code == 400
    assert need_of(engine, number).state is NeedState.REPORTED


def test_a_need_waits_for_its_association_and_the_page_says_so(
    coordinator: Person, registers: Registers, engine: Engine
) -> None:
    association = registers.association()
    registers.association("Tamount")
    need = registers.need(association)
    page = coordinator.get("/admin/needs").text
    assert "L&#39;association n&#39;est pas vérifiée" in page
    assert f'href="/admin/associations?id={association}"' in page
    assert f"/admin/needs/{need}/verify" not in page
    alone = coordinator.get("/admin/associations", id=str(association)).text
    assert "Ait Abdallah" in alone
    assert "Tamount" not in alone
    forced = coordinator.send(f"/admin/needs/{need}/verify", page="/admin/needs", urgency="high")
    assert forced.status_code == 403
    assert need_of(engine, need).state is NeedState.REPORTED


def test_what_is_decided_already_is_told_and_not_done_twice(coordinator: Person, registers: Registers) -> None:
    number = registers.association(state=AssociationState.VERIFIED)
    registers.association("Tamount")
    answer = coordinator.send(f"/admin/associations/{number}/verify", page="/admin/associations")
    assert answer.status_code == 409
    assert "déjà décidé" in answer.text


@pytest.mark.parametrize("number", ["999", "9" * 30])
def test_what_does_not_exist_is_not_found(coordinator: Person, registers: Registers, number: str) -> None:
    registers.association()
    answer = coordinator.send(f"/admin/associations/{number}/verify", page="/admin/associations")
    assert answer.status_code == 404


def test_a_mistaken_rejection_can_be_mended(coordinator: Person, registers: Registers, engine: Engine) -> None:
    association = registers.association(state=AssociationState.REJECTED)
    coordinator.send(f"/admin/associations/{association}/verify", page="/admin/associations")
    assert association_of(engine, association).state is AssociationState.VERIFIED


@pytest.mark.parametrize("path", ["associations/1/verify", "associations/1/reject", "needs/1/verify", "needs/1/reject"])
def test_a_form_without_its_token_is_refused(coordinator: Person, path: str) -> None:
    assert coordinator.client.post(f"/admin/{path}", data={"reason": "x", "urgency": "high"}).status_code == 400


def test_a_viewer_sees_masked_phones_and_decides_nothing(viewer: Person, registers: Registers, engine: Engine) -> None:
    association = registers.association()
    need = registers.need(association)
    for kind in ("associations", "needs"):
        page = viewer.get(f"/admin/{kind}").text
        assert "Ait Abdallah" in page
        assert "+212•••••01" in page
        assert show_phone("+212600000001") not in page
        assert "600000001" not in page
        assert "/verify" not in page
        assert "/reject" not in page
    for path in (f"associations/{association}/verify", f"needs/{need}/reject"):
        assert viewer.send(f"/admin/{path}", page="/admin/", reason="x").status_code == 403
    assert association_of(engine, association).state is AssociationState.PENDING
    assert need_of(engine, need).state is NeedState.REPORTED


def test_a_coordinator_sees_whom_to_call(coordinator: Person, registers: Registers) -> None:
    registers.need(registers.association())
    for kind in ("associations", "needs"):
        assert show_phone("+212600000001") in coordinator.get(f"/admin/{kind}").text


def test_what_people_typed_is_escaped_and_hides_nothing(coordinator: Person, registers: Registers) -> None:
    association = registers.association(BIDI, state=AssociationState.VERIFIED, douar="Tizi\u0007")
    registers.need(association, title=BIDI)
    shown = "<bdi>Ait ⟨U+202E⟩evil⟨U+202C⟩ &lt;script&gt;alert(1)&lt;/script&gt;</bdi>"
    for kind in ("associations", "needs"):
        page = coordinator.get(f"/admin/{kind}").text
        assert shown in page
        assert "\u202e" not in page
        assert "<script" not in page
    assert "Tizi⟨U+0007⟩" in coordinator.get("/admin/associations").text


def test_a_name_with_bidi_marks_cannot_bend_the_notice(coordinator: Person, registers: Registers) -> None:
    number = registers.association(BIDI)
    coordinator.send(f"/admin/associations/{number}/verify", page="/admin/associations")
    notice = coordinator.get("/admin/associations").text.partition('role="status"')[2].partition("</p>")[0]
    assert notice.partition(">")[2].startswith("Ait ⟨U+202E⟩evil⟨U+202C⟩ &lt;script&gt;")


def test_a_need_stands_beside_what_the_census_says(coordinator: Person, registers: Registers) -> None:
    association = registers.association()
    registers.need(association)
    registers.need(association, sector=Sector.ROADS, reference="AA-AAA")
    page = coordinator.get("/admin/needs").text
    assert "320\u00a0000\u00a0DH" in page
    assert "60\u00a0000\u00a0DH" in page
    assert "5\u00a0934" in page
    assert "99\u00a0% des foyers" in page
    assert "à 2 km en moyenne" in page
    assert "HCP, RGPH 2024" in page


def test_what_waits_comes_first_oldest_first_then_the_rest_newest_first(
    coordinator: Person, registers: Registers, clock: Any
) -> None:
    for name, state in [
        ("decided-old", AssociationState.VERIFIED),
        ("waits-old", AssociationState.PENDING),
        ("decided-new", AssociationState.REJECTED),
        ("waits-new", AssociationState.PENDING),
    ]:
        registers.association(name, state)
        clock.move(seconds=1)
    page = coordinator.get("/admin/associations").text
    assert sorted(["waits-old", "waits-new", "decided-new", "decided-old"], key=page.index) == [
        "waits-old",
        "waits-new",
        "decided-new",
        "decided-old",
    ]


def test_long_lists_are_paged_by_50(coordinator: Person, registers: Registers) -> None:
    association = registers.association(state=AssociationState.VERIFIED)
    for number in range(51):
        registers.need(association, title=f"need-{number:02}", reference=f"R{number:02}")
    first, second = coordinator.get("/admin/needs").text, coordinator.get("/admin/needs", page="2").text
    assert "need-00" in first
    assert "need-49" in first
    assert "need-50" not in first
    assert "need-50" in second
    assert "Page 2 sur 2" in second
    for odd in ("3", "0", "-1", "x", "9" * 30, "²"):
        assert coordinator.get("/admin/needs", page=odd).status_code == 200


def test_the_pages_of_the_admin_view_are_kept_nowhere(coordinator: Person) -> None:
    assert coordinator.get("/admin/associations").headers["Cache-Control"] == "no-store"
