"""The pages of one thing: its facts, what is like it, why it waits, what happened, and what can be taken back."""

from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from service.domain.errors import MoveError
from service.domain.history import HistoryKind
from service.domain.roles import OfficerRole
from service.domain.sectors import Sector
from service.domain.states import AssociationState, NeedState
from service.matching.scoring import Weights
from service.messaging.outbox import tell
from service.models import Message, Need, VillageAssociation
from service.models.associations import active_officer
from service.models.audit import record
from service.models.diaspora import active_contact
from service.models.history import around_diaspora, around_need
from service.models.inbound import InboundEvent
from service.models.people import somebody_at
from service.models.session import reading, transaction
from service.usecases.history import PAGE, timeline
from service.usecases.matching import match_needs
from service.usecases.undoing import Closed, Undo, take_back, undo_of
from tests.conftest import MovedClock
from tests.service.web.person import Person
from tests.service.web.registers import Registers
from tests.ussd.projects import half_done, project_of, staffed_village
from tests.world import LYON, SECRETARY, diaspora, need_of, settle, village


@pytest.fixture
def project(engine: Engine, clock: MovedClock) -> Need:
    """A project that Lyon and a village came together for, half done a day later."""
    settle(engine)
    with transaction(engine) as session:
        staffed_village(session, clock())
        reference = project_of(session, clock())
        half_done(session, clock() + timedelta(days=1), reference)
        return session.scalars(select(Need)).one()


def test_a_need_is_shown_beside_its_commune_and_decided_on_its_page(
    coordinator: Person, registers: Registers, engine: Engine
) -> None:
    number = registers.need(registers.association(state=AssociationState.VERIFIED))
    page = f"/admin/needs/{number}"
    said = coordinator.get(page).text
    for fact in (
        "Puits du bas",
        "Douar <bdi>Tizi</bdi>",
        "320\u00a0000\u00a0DH",
        "60\u00a0000\u00a0DH",
        "Assaisse",
        "99",
    ):
        assert fact in said
    assert "il attend votre vérification" in said
    assert "Attend depuis" in said
    answer = coordinator.send(f"{page}/verify", page=page, urgency="high", next=page)
    assert answer.location == page
    verified = coordinator.get(page).text
    assert "aucune association joignable n&#39;a choisi ce domaine" in verified
    assert "Rien n&#39;est encore proposé.</p>" in verified
    elsewhere = coordinator.send(f"{page}/reject", page=page, reason="doublon", next="https://example.org/")
    assert elsewhere.location == "/admin/"
    with reading(engine) as session:
        assert session.get_one(Need, number).state is NeedState.REJECTED


def test_needs_that_look_alike_stand_beside_each_other_and_one_is_the_same(
    coordinator: Person, registers: Registers, engine: Engine
) -> None:
    first, second = (registers.association(name, AssociationState.VERIFIED) for name in ("Ifri", "Tizi"))
    registers.need(first, "Le puits du bas", NeedState.VERIFIED, "A2-BCD")
    registers.need(first, "École", NeedState.VERIFIED, "A3-BCD", Sector.EDUCATION)
    number = registers.need(second, "Puits commun")
    page = f"/admin/needs/{number}"
    said = coordinator.get(page).text
    assert "Même besoin que A2-BCD" in said
    assert "mots du titre" in said
    assert "A3-BCD" not in said
    coordinator.send(f"{page}/same", page=page, reference="A2-BCD", next=page)
    with reading(engine) as session:
        need = session.get_one(Need, number)
        (text,) = session.scalars(select(Message.text).where(Message.template == "need_rejected"))
    assert (need.state, need.state_reason) == (NeedState.REJECTED, "= A2-BCD")
    assert "c'est le meme besoin que A2-BCD" in text
    again = coordinator.send(f"{page}/same", page=page, reference="K7-4Q2")
    assert again.status_code == 409  # it is not the same as itself


def test_a_need_of_another_size_and_place_is_not_suggested(
    coordinator: Person, registers: Registers, engine: Engine
) -> None:
    first, second = (registers.association(name, AssociationState.VERIFIED) for name in ("Ifri", "Tizi"))
    other = registers.need(first, "Bassin", NeedState.VERIFIED, "A2-BCD")
    with transaction(engine) as session:
        session.get_one(Need, other).households = 500
    number = registers.need(second, "Puits")
    assert "A2-BCD" not in coordinator.get(f"/admin/needs/{number}").text  # only the cost is near


@pytest.mark.parametrize("name", ["AIT-ABDALLAH", "Аit Аbdаllаh"])  # in the second the letters A are Cyrillic
def test_an_association_whose_name_looks_the_same_is_suggested(
    coordinator: Person, registers: Registers, name: str
) -> None:
    one, other = registers.association("Ait Abdallah", douar="Ifri"), registers.association(name, douar="Tagadirt")
    registers.association("Ait Abdellah Oufella", douar="Amalou")
    assert f'href="/admin/associations/{one}"' in coordinator.get(f"/admin/associations/{other}").text
    assert "Oufella" not in coordinator.get(f"/admin/associations/{other}").text


def test_one_timeline_tells_all_that_happened_and_is_sorted_by_kind(viewer: Person, project: Need) -> None:
    page = f"/admin/needs/{project.id}"
    said = viewer.get(page).text
    for what in ("Besoin signalé", "Besoin vérifié", "Intéressée", "Mise en relation", "Avancement déclaré", "50 %"):
        assert what in said, what
    assert said.index("Avancement déclaré") < said.index("Mise en relation") < said.index("Besoin signalé")
    assert "SMS de Tiwizi (" in said
    money = viewer.get(page, kind=HistoryKind.PROPOSALS).text
    assert "Mise en relation" in money
    assert "Besoin signalé" not in money
    assert "SMS de Tiwizi (" not in money
    sent = viewer.get(page, kind=HistoryKind.MESSAGES).text
    assert "SMS de Tiwizi (" in sent
    assert "Besoin signalé" not in sent
    assert "<form" not in said.partition("</header>")[2]


def test_messages_about_silence_and_plans_belong_to_the_need(engine: Engine, project: Need) -> None:
    with reading(engine) as session:
        lines = timeline(session, around_need(session, project.id), HistoryKind.MESSAGES).lines
        about = set(session.scalars(select(Message.subject)))
    assert {f"need:{project.id}"} < {one for one in about if one}
    assert len(lines) > 3


def test_a_long_history_has_pages(engine: Engine, clock: MovedClock, viewer: Person, project: Need) -> None:
    with transaction(engine) as session:
        for number in range(PAGE + 5):
            record(
                session, clock() + timedelta(days=2, minutes=number), "user:1", "need.detailed", f"need:{project.id}"
            )
    page = f"/admin/needs/{project.id}"
    first, second = viewer.get(page).text, viewer.get(page, page="2").text
    assert first.count("Besoin précisé") == PAGE
    assert second.count("Besoin précisé") == 5
    assert "Besoin signalé" in second
    assert "page=2" in first
    assert "Plus récent" in second


def test_a_person_has_a_page_with_what_they_wrote(
    viewer: Person, engine: Engine, clock: MovedClock, project: Need
) -> None:
    with transaction(engine) as session:
        sms = {"gateway": "console", "kind": "sms", "phone": SECRETARY, "received_at": clock()}
        session.add(InboundEvent(external_id="1", payload={"text": "AVANCEMENT <b>"}, **sms))
        tell(session, clock(), event="code", phone=SECRETARY, template="dialogue", reply=True, text="Code 402817")
        officer, contact = active_officer(session, SECRETARY), active_contact(session, LYON)
        assert officer
        assert contact
    said = viewer.get(f"/admin/officers/{officer.id}").text
    assert "AVANCEMENT &lt;b&gt;" in said
    assert "402817" not in said  # an answer may hold a code that proves something
    assert "+212 6 00 00 00 01" not in said
    assert "Avancement déclaré" in said
    abroad = viewer.get(f"/admin/diaspora/{contact.association_id}").text
    assert f'href="/admin/needs/{project.id}"' in abroad
    assert abroad.count("Moyens par an") == 1
    said = viewer.get(f"/admin/contacts/{contact.id}").text
    assert "Fatima" in said
    assert "Intéressée" in said
    village = viewer.get(f"/admin/associations/{officer.association_id}").text
    assert f'href="/admin/officers/{officer.id}"' in village
    assert "AVANCEMENT &lt;b&gt;" in village


def test_an_association_abroad_has_all_its_messages_on_its_page_and_no_others(
    engine: Engine, clock: MovedClock, project: Need
) -> None:
    with transaction(engine) as session:
        contact = active_contact(session, LYON)
        assert contact
        tell(
            session,
            clock(),
            event=f"project:{project.id}:1",
            phone=LYON,
            template="project_paused",
            reference=project.reference,
            association="Ifri",
            role=OfficerRole.TREASURER,
            day=clock().date(),
        )
        lines = timeline(session, around_diaspora(session, contact.association_id), HistoryKind.MESSAGES).lines
        to_others = set(session.scalars(select(Message.subject).where(Message.phone != LYON)))
    assert any((one or "").startswith("proposal:") for one in to_others)
    assert {line.phone for line in lines} == {LYON}
    assert "project_paused" in {line.action for line in lines}


def test_a_message_says_whom_it_is_for_and_leads_there(viewer: Person, engine: Engine, project: Need) -> None:
    with reading(engine) as session:
        officer, contact = active_officer(session, SECRETARY), active_contact(session, LYON)
        assert officer
        assert contact
    sent = viewer.get(f"/admin/needs/{project.id}", kind=HistoryKind.MESSAGES).text.partition('class="timeline"')[2]
    abroad, village = f"/admin/diaspora/{contact.association_id}", f"/admin/associations/{officer.association_id}"
    for page in (f"/admin/officers/{officer.id}", village, f"/admin/contacts/{contact.id}", abroad):
        assert f'href="{page}"' in sent, page
    own = viewer.get(abroad, kind=HistoryKind.MESSAGES).text.partition('class="timeline"')[2]
    assert f'href="/admin/contacts/{contact.id}"' in own
    assert f'href="{abroad}"' not in own


def test_a_key_and_a_hidden_code_are_called_what_they_are(viewer: Person, engine: Engine, clock: MovedClock) -> None:
    settle(engine)
    with transaction(engine) as session:
        number = village(session, clock()).officers[0].id
        for external, text in enumerate(("98", "******", "84000", "FICHE")):
            sms = {"gateway": "console", "kind": "sms", "phone": SECRETARY, "received_at": clock()}
            session.add(InboundEvent(external_id=str(external), payload={"text": text}, **sms))
    said = viewer.get(f"/admin/officers/{number}").text.replace("<bdi>", "").replace("</bdi>", "")
    for told in ("98 <small>choix dans le menu par SMS</small>", "****** <small>code personnel, caché</small>"):
        assert told in said, told
    assert all(f"<p>{alone}</p>" in said for alone in ("84000", "FICHE"))


def test_who_left_a_number_is_named_only_while_nobody_else_has_it(engine: Engine, clock: MovedClock) -> None:
    settle(engine)
    with transaction(engine) as session:
        officer = village(session, clock()).officers[0]
        phone = officer.phone
        officer.left_at = clock()
        session.flush()
        assert somebody_at(session, [phone])[phone].kind == "officer"
        abroad = diaspora(session, clock(), phone=phone)
        assert somebody_at(session, [phone])[phone].association == abroad.name
        assert somebody_at(session, []) == {}


def test_who_has_no_page_is_not_there(viewer: Person) -> None:
    for what in ("associations", "diaspora", "needs", "officers", "contacts"):
        assert viewer.get(f"/admin/{what}/999").status_code == 404


@pytest.mark.parametrize("act", ["verify", "reject"])
def test_a_decision_is_taken_back_and_the_village_is_told_again(
    coordinator: Person, registers: Registers, engine: Engine, act: str
) -> None:
    number = registers.association()
    page = f"/admin/associations/{number}"
    coordinator.send(f"{page}/{act}", page=page, reason="Personne ne répond", next=page)
    entry = entry_in(coordinator.get(page).text)
    coordinator.send(f"/admin/undo/association/{number}", page=page, entry=entry, next=page)
    with reading(engine) as session:
        association = session.get_one(VillageAssociation, number)
        told = list(session.scalars(select(Message.template).order_by(Message.id)))
    assert (association.state, association.state_reason) == (AssociationState.PENDING, "")
    assert told[-1] == "decision_taken_back"
    said = coordinator.get(page).text
    assert ("Décision annulée" in said, "Annulation fermée" in said) == (True, False)
    again = coordinator.send(f"/admin/undo/association/{number}", page=page, entry=entry)
    assert again.status_code == 409


def entry_in(page: str) -> str:
    return page.partition('name="entry" value="')[2].partition('"')[0]


def test_a_need_stands_again_where_it_stood(
    coordinator: Person, registers: Registers, engine: Engine, clock: MovedClock
) -> None:
    number = registers.need(registers.association(state=AssociationState.VERIFIED))
    page = f"/admin/needs/{number}"
    coordinator.send(f"{page}/reject", page=page, reason="Trop vague")
    clock.move(minutes=1)
    coordinator.send(f"{page}/verify", page=page, urgency="high")
    entry = entry_in(coordinator.get(page).text)
    coordinator.send(f"/admin/undo/need/{number}", page=page, entry=entry)
    with reading(engine) as session:
        need = session.get_one(Need, number)
        assert (need.state, need.state_reason) == (NeedState.REJECTED, "Trop vague")


def test_what_is_old_or_was_followed_by_something_stays(
    registers: Registers, engine: Engine, clock: MovedClock, coordinator: Person, project: Need
) -> None:
    registers.phones = 100
    number = registers.association()
    page = f"/admin/associations/{number}"
    coordinator.send(f"{page}/verify", page=page)
    with reading(engine) as session:
        undo = undo_of(session, clock(), "association", number)
        assert isinstance(undo, Undo)
        shown = undo_of(session, clock(), "need", project.id)
        assert shown == Closed("proposal.interested", "Lyon-Taliouine")
    clock.move(minutes=31)
    with reading(engine) as session:
        assert undo_of(session, clock(), "association", number) == Closed()
    with pytest.raises(MoveError), transaction(engine) as session:
        take_back(session, clock(), actor="user:1", kind="association", number=number, entry=undo.entry)


def test_the_page_says_why_a_decision_can_no_longer_be_taken_back(
    coordinator: Person, engine: Engine, clock: MovedClock
) -> None:
    settle(engine)
    with transaction(engine) as session:
        village(session, clock())
        need = need_of(session, clock(), verified=False)
        number = need.id
        diaspora(session, clock())
    clock.move(minutes=1)
    page = f"/admin/needs/{number}"
    coordinator.send(f"{page}/verify", page=page, urgency="high")
    assert "Annuler la décision" in coordinator.get(page).text
    clock.move(minutes=31)
    coordinator.sign_in()
    assert "les 30 minutes où elle est possible sont passées" in coordinator.get(page).text
    with transaction(engine) as session:
        match_needs(session, clock(), 2, Weights())
    said = coordinator.get(page).text
    assert "Annulation fermée : déjà proposé à <bdi>Lyon-Taliouine</bdi>" in said
    assert "Annuler la décision" not in said


def test_the_page_says_what_followed_a_decision(
    coordinator: Person, registers: Registers, engine: Engine, clock: MovedClock
) -> None:
    page = f"/admin/associations/{registers.association()}"
    coordinator.send(f"{page}/verify", page=page)
    clock.move(minutes=1)
    with transaction(engine) as session:
        need_of(session, clock())
    assert "ceci a suivi, « Besoin signalé »" in coordinator.get(page).text


def test_a_viewer_takes_nothing_back(viewer: Person, registers: Registers) -> None:
    number = registers.association()
    assert viewer.send(f"/admin/undo/association/{number}", page="/admin/", entry="1").status_code == 403


def test_a_kind_that_is_none_has_nothing_to_take_back(coordinator: Person) -> None:
    assert coordinator.send("/admin/undo/user/1", page="/admin/", entry="1").status_code == 404
