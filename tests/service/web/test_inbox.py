"""The inbox: what people wrote is read, and answered once, by those who may."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, select

from service.container import Container
from service.domain.phone import show_phone
from service.domain.roles import UserRole
from service.domain.states import AssociationState
from service.messaging.outbox import tell
from service.models import Conversation, InboundEvent, Message, Officer
from service.models.session import reading, transaction
from service.usecases.callbacks import ask_callback
from service.usecases.inbox import ENTRIES, LATEST, note_text
from service.usecases.phones import know_phone, stop
from service.usecases.residents import join_village
from tests.conftest import MovedClock
from tests.service.web.person import MakeUser, Person
from tests.service.web.registers import Registers

PHONE, PAGE = "+212612345678", "/admin/inbox"
SAID = "Bonjour, la pompe est cassée, mon frère au 0612345679"
FORM = re.compile(r'name="form" value="([0-9a-f]{32})"')
Hears = Callable[..., int]


@pytest.fixture
def hears(engine: Engine, clock: MovedClock) -> Hears:
    """A text that nobody understood arrives; the number of its conversation."""

    def hear(text: str = SAID, phone: str = PHONE) -> int:
        with transaction(engine) as session:
            know_phone(session, clock(), phone)
            kept = {"gateway": "console", "kind": "sms", "external_id": f"{phone}{clock()}", "phone": phone}
            session.add(InboundEvent(**kept, payload={"text": text}, received_at=clock()))
            note_text(session, clock(), phone, understood=False)
            return session.scalars(select(Conversation.id).where(Conversation.phone == phone)).one()

    return hear


def form_of(person: Person, page: str) -> str:
    found = FORM.search(person.get(page).text)
    assert found
    return found[1]


def sent(engine: Engine) -> list[str]:
    with reading(engine) as session:
        return list(session.scalars(select(Message.text).where(Message.template == "answer")))


def test_what_nobody_understood_is_in_the_list_and_on_its_page(coordinator: Person, hears: Hears) -> None:
    assert "Rien n&#39;attend ici" in coordinator.get(PAGE).text
    number = hears()
    for page in (PAGE, f"{PAGE}/{number}"):
        seen = coordinator.get(page).text
        assert "la pompe est cassée" in seen
        assert show_phone(PHONE) in seen
    assert "Rien n&#39;attend ici" in coordinator.get(PAGE, folder="mine").text
    assert "la pompe" in coordinator.get(PAGE, folder="all").text
    assert coordinator.get(f"{PAGE}/{number + 1}").status_code == 404


def test_an_answer_is_seen_first_and_the_same_form_sends_it_once(
    coordinator: Person, engine: Engine, hears: Hears
) -> None:
    page = f"{PAGE}/{hears()}"
    form = form_of(coordinator, page)
    said = {"page": page, "form": form, "text": "Merci, nous venons demain."}
    preview = coordinator.send(f"{page}/answer", step="preview", **said).text
    assert "SMS : 1. Signes : 34 sur 160" in preview
    assert "<bdi>Tiwizi: Merci, nous venons demain.</bdi>" in preview
    assert f'value="{form}"' in preview
    assert sent(engine) == []
    for _ in range(2):
        assert coordinator.send(f"{page}/answer", step="send", **said).status_code == 302
    assert sent(engine) == ["Tiwizi: Merci, nous venons demain."]
    seen = coordinator.get(page).text
    assert "déjà en route" in seen
    assert '<li class="sent">' in seen
    assert re.search(r"· <bdi>Zahra</bdi></small>\s*</li>", seen)
    assert coordinator.send(f"{page}/answer", step="send", page=page, text="x", form="y").status_code == 400


def test_who_writes_leads_to_their_page_and_their_village(
    coordinator: Person, registers: Registers, engine: Engine, hears: Hears
) -> None:
    village = registers.association("Ait Ikkou", douar="Tagadirt")
    need = registers.need(village, reference="A2-BCD")
    with reading(engine) as session:
        officer = session.scalars(select(Officer)).one()
        phone, number = officer.phone, officer.id
    seen = coordinator.get(f"{PAGE}/{hears(phone=phone)}").text
    for page in (f"/admin/officers/{number}", f"/admin/associations/{village}", f"/admin/needs/{need}"):
        assert f'href="{page}"' in seen
    assert "Douar <bdi>Tagadirt</bdi>" in seen
    assert re.search(r'<h2 id="answer">.*\n?.*<bdi>Ait Ikkou</bdi>', seen)
    stranger = coordinator.get(f"{PAGE}/{hears()}").text
    assert "Numéro inconnu. Demandez qui écrit" in stranger
    assert "par SMS avec INSCRIPTION" in stranger


def test_a_canned_answer_comes_in_the_language_that_was_picked(
    coordinator: Person, engine: Engine, hears: Hears
) -> None:
    page = f"{PAGE}/{hears()}"
    seen = coordinator.get(page).text
    assert seen.index('value="fr:received"') < seen.index('value="ar:received"')
    form = form_of(coordinator, page)
    inserted = coordinator.send(f"{page}/answer", page=page, form=form, step="insert", canned="ar:received").text
    assert "شكرا، قرأنا رسالتكم" in inserted
    assert sent(engine) == []
    kept = coordinator.send(f"{page}/answer", page=page, form=form, step="insert", canned="xx:y", text="mien").text
    assert ">mien</textarea>" in kept
    both = coordinator.send(f"{page}/answer", page=page, form=form, step="insert", canned="ar:received", text="mien")
    assert ">mien شكرا، قرأنا رسالتكم" in both.text


def test_a_resident_is_no_stranger(
    coordinator: Person, registers: Registers, engine: Engine, clock: MovedClock, hears: Hears
) -> None:
    village = registers.association("Ait Ikkou", AssociationState.VERIFIED, douar="Tagadirt")
    number = hears()
    with transaction(engine) as session:
        join_village(session, clock(), phone=PHONE, channel="sms", association_id=village)
        ask_callback(session, clock(), phone=PHONE, channel="sms")
    for page in (PAGE, f"{PAGE}/{number}", "/admin/"):
        seen = coordinator.get(page).text
        assert "<bdi>Ait Ikkou</bdi>" in seen
        assert not any(wrong in seen for wrong in ("Pas encore inscrit", "Numéro inconnu"))
    assert f'href="/admin/associations/{village}"' in coordinator.get(f"{PAGE}/{number}").text


def test_what_was_answered_says_what_it_still_waits_for(coordinator: Person, hears: Hears) -> None:
    page = f"{PAGE}/{hears()}"
    assert "« À traiter ». Un nouveau message la rouvre" in coordinator.get(page).text
    said = {"page": page, "form": form_of(coordinator, page), "text": "Merci, nous venons demain."}
    assert coordinator.send(f"{page}/answer", step="send", **said).status_code == 302
    for one in (PAGE, page):
        assert "Répondu : reste à terminer" in coordinator.get(one).text
    assert "réponse écrite par une personne" in coordinator.get("/admin/messages/all").text
    coordinator.send(f"{page}/resolve", page=page)
    for seen in (coordinator.get(PAGE, folder="all"), coordinator.get(page)):
        assert "Répondu : reste à terminer" not in seen.text


def test_what_is_typed_is_measured_by_the_server(coordinator: Person, hears: Hears) -> None:
    page = f"{PAGE}/{(number := hears())}"
    asked = {"page": page, "conversation": str(number)}
    assert coordinator.send(f"{PAGE}/measure", text="é" * 152, **asked).text.startswith("SMS : 1. Signes : 160 sur 160")
    assert "SMS : 2. Signes : 71 sur 134" in coordinator.send(f"{PAGE}/measure", text="ا" * 63, **asked).text
    assert "Trop long : 5" in coordinator.send(f"{PAGE}/measure", text="x" * 605, **asked).text
    with_stop = coordinator.send(f"{PAGE}/measure", text="x" * 150, page=page, language="fr").text
    assert with_stop.startswith("SMS : 2.")


def test_a_viewer_sees_masked_numbers_and_answers_nobody(viewer: Person, engine: Engine, hears: Hears) -> None:
    page = f"{PAGE}/{hears()}"
    for seen in (viewer.get(PAGE).text, viewer.get(page).text):
        assert "+212•••••78" in seen
        assert not any(number in seen.replace(" ", "") for number in ("12345678", "0612345679"))
        assert "<textarea" not in seen
    for deed in ("answer", "assign", "resolve", "reopen"):
        assert viewer.send(f"{page}/{deed}", page="/admin/", text="x", form="0" * 32).status_code == 403
    for path in (f"{PAGE}/begin", f"{PAGE}/measure", f"{PAGE}/canned"):
        assert viewer.send(path, page="/admin/", phone=PHONE).status_code == 403
    assert sent(engine) == []


def test_who_said_stop_has_no_form(coordinator: Person, engine: Engine, clock: MovedClock, hears: Hears) -> None:
    page = f"{PAGE}/{hears()}"
    with transaction(engine) as session:
        stop(session, clock(), PHONE, "ussd")
    assert "a dit STOP" in coordinator.get(page).text
    assert "<textarea" not in coordinator.get(page).text
    answer = coordinator.send(f"{page}/answer", page="/admin/inbox", step="send", text="x", form="0" * 32)
    assert answer.status_code == 409


def test_a_conversation_is_given_resolved_reopened_and_begun(
    coordinator: Person, engine: Engine, make_user: MakeUser, hears: Hears
) -> None:
    page = f"{PAGE}/{(number := hears())}"
    other = make_user("Amina")
    coordinator.send(f"{page}/assign", page=page, user=str(other))
    assert "<bdi>Amina</bdi>" in coordinator.get(PAGE).text
    assert coordinator.send(f"{page}/assign", page=page, user="999").status_code == 400
    coordinator.send(f"{page}/resolve", page=page)
    assert "la pompe" not in coordinator.get(PAGE).text
    coordinator.send(f"{page}/reopen", page=page)
    assert "la pompe" in coordinator.get(PAGE).text
    begun = coordinator.send(f"{PAGE}/begin", page=PAGE, phone="06 12 34 56 78")
    assert begun.location == f"{PAGE}/{number}"
    assert coordinator.send(f"{PAGE}/begin", page=PAGE, phone="0699999999").status_code == 404
    with reading(engine) as session:
        assert session.get_one(Conversation, number).assigned_to == other


def test_a_long_conversation_opens_with_its_latest_exchange_and_the_answer(
    coordinator: Person, container: Container, clock: MovedClock, hears: Hears
) -> None:
    page = f"{PAGE}/{hears('le premier')}"
    for number in range(70):
        clock.move(seconds=9)
        with transaction(container.engine) as session:
            tell(session, clock(), event=f"K{number}", phone=PHONE, template="need_saved", reference="K7-4Q2")
    clock.move(seconds=9)
    hears("le dernier")
    seen = coordinator.get(page).text
    assert seen.count("K7-4Q2") == LATEST - 1
    assert re.search(r'<li class="heard" id="latest">\s*<p>\s*<bdi>le dernier', seen)
    assert seen.index("le dernier") < seen.index("<textarea") < seen.index("Confier")
    earlier = re.search(r"\?until=(\d+)#latest", seen)
    assert earlier
    older = coordinator.get(page, until=earlier[1]).text
    assert older.count("K7-4Q2") == ENTRIES
    # Nobody answers what was said long ago as if it were said now.
    assert "<textarea" not in older
    assert f'<a href="{page}#latest">Derniers messages</a>' in older
    oldest = re.search(r"\?until=(\d+)#latest", older)
    assert oldest
    assert "le premier" in coordinator.get(page, until=oldest[1]).text


@pytest.mark.parametrize("path", [PAGE, "/admin/"])
def test_links_lead_to_what_was_written_last(coordinator: Person, hears: Hears, path: str) -> None:
    assert f'href="{PAGE}/{hears()}#latest"' in coordinator.get(path).text


def test_an_admin_words_the_canned_answers(person: Person, make_user: MakeUser, hears: Hears) -> None:
    make_user("Amina", UserRole.ADMIN)
    person.sign_in("Amina")
    page = f"{PAGE}/canned"
    assert person.send(page, page=page, name="Souk", **{"text-fr": "Nous serons au souk."}).status_code == 302
    assert "Nous serons au souk." in person.get(page).text
    assert ">Souk</option>" in person.get(f"{PAGE}/{hears()}").text
    assert person.send(page, page=page, name="").status_code == 400
    assert person.send(page, page=page, name="x", **{"text-fr": "x" * 601}).status_code == 400


def test_a_coordinator_does_not_word_them(coordinator: Person) -> None:
    page = f"{PAGE}/canned"
    assert "<textarea" not in coordinator.get(page).text
    assert coordinator.send(page, page="/admin/", name="x").status_code == 403
