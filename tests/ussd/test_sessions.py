"""A turn is answered once, nothing is lost between turns, and facts are written at the end only."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from service.container import Container
from service.domain.roles import OfficerRole
from service.domain.states import ProposalState
from service.models import Consent, JournalRow, Message, Need, Officer, Phone, Proposal, VillageAssociation
from service.models.diaspora import active_contact
from service.models.session import reading, transaction
from service.usecases.associations import reject_association
from service.usecases.phones import know_phone, stop
from service.usecases.proposals import express_interest
from tests.conftest import MovedClock
from tests.ussd.conftest import NEED, Handset, rows
from tests.world import LYON, SECRETARY, STRANGER, TREASURER, diaspora, need_of, proposed, village
from ussd.dialogues.context import Context
from ussd.engine.journal import Journal
from ussd.engine.replay import Player, Screen
from ussd.sessions import MOST_AT_ONCE, Turn

NewHandset = Callable[[str], Handset]


def test_an_unknown_phone_registers_its_association(container: Container, handset: NewHandset) -> None:
    phone = handset(STRANGER)
    assert phone.dial().startswith("Tiwizi. Langue")
    assert "J'accepte" in phone.types("3")
    assert "Inscrire une association" in phone.types("1")
    assert phone.types("1").startswith("Votre role dans l'association ?")
    phone.types("2", "1", "taliwin")
    assert phone.types("1").startswith("Nom du douar ?")
    assert phone.types("Ifri", "Association Ifri") == (
        "Association Ifri\nDouar Ifri, Taliouine\nVous : Secrétaire\n1 Envoyer\n2 Corriger\n0 Retour  00 Menu"
    )
    assert [rows(container, entity) for entity in (Phone, Consent, VillageAssociation, Officer, Message)] == [0] * 5
    assert phone.types("1").startswith("Reçu.".replace("ç", "c"))
    assert phone.seen[-1].ended
    assert [rows(container, entity) for entity in (Phone, Consent, VillageAssociation, Officer, Message)] == [1] * 5
    assert "est inscrite" in phone.inbox()[0]
    assert "Signaler un besoin" in phone.dial()


def test_who_does_not_agree_leaves_no_trace_but_the_journal(container: Container, handset: NewHandset) -> None:
    phone = handset(STRANGER)
    phone.dial()
    assert "nous ne vous inscrivons pas" in phone.types("3", "2")
    assert rows(container, Phone) == 0
    with reading(container.engine) as session:
        assert session.get_one(JournalRow, STRANGER).state["entries"] == []


def test_a_need_is_written_once_and_its_reference_is_told_twice(container: Container, secretary: Handset) -> None:
    secretary.dial()
    assert 'Eau potable, 84 foyers\n320 000 DH, village 60 000 DH\n"Puits du bas"' in secretary.types(*NEED)
    assert rows(container, Need) == 0
    saved = secretary.types("1")
    with reading(container.engine) as session:
        need = session.scalars(select(Need)).one()
    assert need.reference in saved
    assert need.reference in secretary.inbox()[-1]
    assert (need.households, need.cost, need.village_share, need.title) == (84, 32_000_000, 6_000_000, "Puits du bas")


def test_the_same_turn_again_gives_the_same_bytes_and_one_effect(container: Container, secretary: Handset) -> None:
    secretary.dial()
    for answer in (*NEED, "1"):
        secretary.types(answer)
        assert [secretary.again() for _ in range(4)] == [secretary.seen[-1]] * 4
    assert rows(container, Need) == 1


def test_the_same_turn_five_times_in_parallel_has_one_effect(container: Container, secretary: Handset) -> None:
    secretary.dial()
    secretary.types(*NEED)
    secretary.text += "*1"
    with ThreadPoolExecutor(5) as pool:
        screens = set(pool.map(lambda _: secretary.again(), range(5)))
    assert len(screens) == 1
    assert rows(container, Need) == 1


def test_an_older_turn_that_arrives_late_gets_its_own_reply(secretary: Handset) -> None:
    secretary.dial()
    secretary.types("1", "1", "84")
    last, secretary.text = secretary.text, "1*1"
    assert secretary.again() == secretary.seen[-2]
    secretary.text = last
    assert secretary.types("320000").startswith("Part du village")


def test_a_fact_turn_repeated_after_a_new_session_is_not_played_again(container: Container, secretary: Handset) -> None:
    secretary.dial()
    secretary.types(*NEED, "1")
    old_session, old_text = secretary.session, secretary.text
    secretary.dial()
    secretary.session, secretary.text = old_session, old_text
    assert secretary.again().text == secretary.seen[-2].text
    assert rows(container, Need) == 1


def test_a_need_survives_a_dropped_session(container: Container, secretary: Handset) -> None:
    secretary.dial()
    secretary.types(*NEED[:4])
    assert secretary.dial().startswith("Vous aviez commencé. On continue ?")
    assert secretary.types("1").startswith("Part du village")
    secretary.types("60000", "Puits du bas", "1")
    assert rows(container, Need) == 1


def test_what_was_begun_is_offered_for_24_hours(secretary: Handset, clock: MovedClock) -> None:
    secretary.dial()
    secretary.types(*NEED[:4])
    clock.move(hours=25)
    assert secretary.dial().startswith("Ait Abdallah\n1 Signaler un besoin")


def test_starting_again_forgets_what_was_begun(secretary: Handset) -> None:
    secretary.dial()
    secretary.types(*NEED[:4])
    secretary.dial()
    assert secretary.types("2").startswith("Ait Abdallah\n1 Signaler un besoin")


def test_a_star_that_was_typed_is_part_of_the_answer(container: Container, secretary: Handset) -> None:
    secretary.dial()
    secretary.types("1", "1", "84", "320000", "60000", "Puits*du*bas", "1")
    with reading(container.engine) as session:
        assert session.scalars(select(Need.title)).one() == "Puits*du*bas"


def test_empty_answers_hashes_and_leading_zeros_reask_politely(secretary: Handset) -> None:
    secretary.dial()
    assert secretary.types("1", "1", "").startswith("Un nombre de 1 à 20 000.\nCombien de foyers")
    assert secretary.types("#").startswith("Un nombre de 1 à 20 000.")
    assert secretary.types("*").startswith("Un nombre de 1 à 20 000.")
    assert secretary.types("084").startswith("Cout total")


def test_a_long_dial_goes_straight_to_its_screen(secretary: Handset) -> None:
    secretary.session, secretary.text = "long", "1*1*84"
    assert secretary.again().text.startswith("Cout total")


def test_two_phones_at_once_do_not_mix(container: Container, secretary: Handset, clock: MovedClock) -> None:
    other = Handset(secretary.conversations, "+212600000003", secretary.ids)
    with transaction(container.engine) as session:
        village(session, clock(), phone=other.number, name="Tamaloukt")
    secretary.dial()
    assert other.dial().startswith("Tamaloukt")
    secretary.types("1", "1", "84")
    other.types("1", "2", "12")
    assert secretary.types("320000", "60000", "Puits").startswith("Eau potable, 84 foyers")
    assert other.types("50000", "1", "Canal").startswith("Irrigation, 12 foyers")


def test_two_phones_that_a_carrier_gives_the_same_session_do_not_mix(
    container: Container, secretary: Handset, clock: MovedClock
) -> None:
    with transaction(container.engine) as session:
        village(session, clock(), TREASURER, name="Ait Ali")
    neighbour = Handset(secretary.conversations, TREASURER, secretary.ids)
    for phone in (secretary, neighbour):
        phone.dial()
        phone.session = "7"
        phone.again()
        phone.types(*NEED, "1")
    assert rows(container, Need) == 2
    assert secretary.seen[-1] != neighbour.seen[-1]


def test_a_hundred_interleaved_sessions_each_get_their_own_replies(secretary: Handset) -> None:
    def talk(number: int) -> list[str]:
        phone = Handset(secretary.conversations, f"+2126100{number:05d}", secretary.ids)
        return [phone.dial(), phone.types(str(number % 4 + 1)), phone.types("1"), phone.types("1")]

    with ThreadPoolExecutor(8) as pool:
        talks = list(pool.map(talk, range(100)))
    for number, screens in enumerate(talks):
        assert screens == talks[number % 4]
    assert len({tuple(screens) for screens in talks}) == 4


def test_a_closed_session_that_goes_on_is_told_farewell_again_and_changes_nothing(
    container: Container, secretary: Handset
) -> None:
    secretary.dial()
    farewell = secretary.types(*NEED, "1")
    assert secretary.types("1", *NEED, "1") == farewell
    assert secretary.seen[-1].ended
    assert rows(container, Need) == 1


def test_64_kilobytes_are_one_wrong_answer(secretary: Handset) -> None:
    secretary.dial()
    secretary.types("1", "1")
    screen = secretary.conversations.answer(Turn("africastalking", secretary.session, SECRETARY, "1*1*" + "9" * 65_536))
    assert screen.text.startswith("Un nombre de 1 à 20 000.")


def test_a_long_dial_of_thousands_of_answers_is_played_for_a_while_only(
    secretary: Handset, monkeypatch: pytest.MonkeyPatch
) -> None:
    played: list[str] = []
    answer = Player.answer

    def count(player: Player[Context], journal: Journal, typed: str) -> Screen:
        played.append(typed)
        return answer(player, journal, typed)

    monkeypatch.setattr(Player, "answer", count)
    secretary.session, secretary.text = "long", "*".join(["1", *["x"] * 30_000])
    assert "Quel besoin" in secretary.again().text
    assert len(played) == MOST_AT_ONCE


def test_who_said_stop_can_take_it_back_on_the_phone(
    container: Container, secretary: Handset, clock: MovedClock
) -> None:
    with transaction(container.engine) as session:
        stop(session, clock(), SECRETARY, "sms")
    assert "1 Recevoir les SMS" in secretary.dial()
    assert "STOP" in secretary.types("1")
    assert "de nouveau" in secretary.types("1")
    assert "Recevoir les SMS" not in secretary.dial()
    before = len(secretary.inbox())
    secretary.types(*NEED, "1")
    assert len(secretary.inbox()) == before + 1


def test_a_conversation_that_the_world_overtook_ends_politely_and_writes_nothing(
    container: Container, secretary: Handset, clock: MovedClock
) -> None:
    with transaction(container.engine) as session:
        need = need_of(session, clock())
        proposed(session, clock(), need, diaspora(session, clock()))
        contact = active_contact(session, LYON)
        assert contact
        express_interest(session, clock(), contact=contact, reference=need.reference, code="*384*84#")
    colleague = Handset(secretary.conversations, TREASURER, secretary.ids)
    with transaction(container.engine) as session:
        know_phone(session, clock(), TREASURER)
        officer = Officer(
            association_id=need.association_id, phone=TREASURER, role=OfficerRole.TREASURER, joined_at=clock()
        )
        session.add(officer)
    for phone in (secretary, colleague):
        phone.dial()
        phone.types("1")
    assert "Merci" in colleague.types("1", "2580", "2580")
    ended = secretary.types("2")
    assert ended.startswith("Cela a chang")
    assert secretary.seen[-1].ended
    assert secretary.again().text == ended
    with reading(container.engine) as session:
        assert session.scalars(select(Proposal.state)).one() is ProposalState.INTRODUCED


@pytest.mark.parametrize("typed", ["320000", "320 000", "320.000", "320,000", "320'000", "320000.00", "320 000,00 dh"])
def test_an_amount_is_what_was_meant_however_it_is_written(secretary: Handset, typed: str) -> None:
    secretary.dial()
    secretary.types("1", "1", "84")
    assert secretary.types(typed).startswith("Part du village")
    assert "320 000 DH" in secretary.types("60000", "Puits")


@pytest.mark.parametrize("typed", ["60000,5", "320.00.00", "3.2000", "1e6", "12,34"])
def test_an_amount_that_could_be_two_is_asked_again(secretary: Handset, typed: str) -> None:
    secretary.dial()
    secretary.types("1", "1", "84")
    assert secretary.types(typed).startswith("Un nombre de 1 000")


def test_having_read_the_help_is_nothing_to_go_on_with(secretary: Handset) -> None:
    secretary.dial()
    secretary.types("0")
    assert secretary.dial().startswith("Ait Abdallah\n1 Signaler un besoin")


def test_an_association_that_was_turned_away_sees_why_and_registers_again(
    container: Container, secretary: Handset, clock: MovedClock
) -> None:
    with transaction(container.engine) as session:
        association = session.scalars(select(VillageAssociation)).one()
        reject_association(session, clock(), actor="user:1", association_id=association.id, reason="Autre commune")
    assert secretary.dial().startswith("Ait Abdallah\nPas retenue : Autre commune\n1 Inscrire une association")
    secretary.types("1", "2", "1", "taliwin", "1", "Ifri", "Association Ifri", "1")
    assert secretary.seen[-1].ended
    assert secretary.dial().startswith("Association Ifri\n1 Signaler un besoin")
    assert [rows(container, VillageAssociation), rows(container, Officer)] == [2, 2]
