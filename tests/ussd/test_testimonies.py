"""People say what a project changed: in pieces on USSD, in one text by SMS, and only they decide what becomes of it."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from service.app import create_app
from service.container import Container
from service.domain.errors import NotFoundError
from service.domain.testimonies import Publication, TestimonyState
from service.models import AuditEntry, Contact, Officer
from service.models.session import reading, transaction
from service.models.testimonies import Testimony as Words  # pytest takes what begins with Test for its own
from service.usecases.testimonies import withdraw_testimony
from tests.conftest import MovedClock
from tests.ussd.conftest import Handset, rows
from tests.ussd.projects import WITNESS, project_of, staffed_village
from tests.ussd.texting import code_in
from tests.world import LYON, SECRETARY, UTRECHT, diaspora, officer_of
from ussd.hooks import hooks_blueprint
from ussd.sessions import Conversations
from ussd.transports import android
from ussd.transports.sms import receive

NewHandset = Callable[[str], Handset]
FIRST = "Les femmes ne marchent plus une heure pour l'eau, et le jardin de l'ecole revit."
LONG = "Nous remercions ceux de Lyon. " * 19


@pytest.fixture
def project(container: Container, handset: NewHandset, clock: MovedClock) -> str:
    """The reference of the village's project with Lyon."""
    handset(SECRETARY)  # its country is settled
    with transaction(container.engine) as session:
        staffed_village(session, clock())
        return project_of(session, clock())


def kept(container: Container) -> Words:
    with reading(container.engine) as session:
        return session.scalars(select(Words)).one()


def begins(phone: Handset) -> str:
    """Dial, and choose the line behind *Autre*."""
    lines = phone.dial().split("\n")
    other = next(line for line in lines if line.endswith(" Autre"))
    lines = phone.types(other[0]).split("\n")
    return phone.types(next(line for line in lines if line.endswith(" Témoigner"))[0])


def test_a_witness_says_it_in_three_pieces(
    container: Container, handset: NewHandset, project: str, clock: MovedClock
) -> None:
    witness = handset(WITNESS)
    assert begins(witness).startswith("Que change ce projet")
    assert witness.types(FIRST).startswith("Voulez-vous ajouter")
    assert witness.types("Les filles vont a l'ecole.").startswith("Voulez-vous ajouter")
    assert witness.types("Merci.").startswith("Un coordinateur lit d'abord")
    assert "es vont a l'ecole. Merci." in witness.types("2")
    assert rows(container, Words) == 0
    assert "avant toute publication" in witness.types("1")
    said = kept(container)
    assert said.text == f"{FIRST} Les filles vont a l'ecole. Merci."
    assert (said.publication, said.language, said.written_at) == (Publication.ANONYMOUS, "fr", clock())
    with reading(container.engine) as session:
        assert said.officer_id == officer_of(session, WITNESS).id
        assert said.contact_id is None
        assert session.get_one(Words, said.id).need.reference == project
        (agreed,) = session.scalars(select(AuditEntry.data).where(AuditEntry.action == "testimony.given"))
        assert agreed == {"publication": "anonymous", "channel": "ussd"}


def test_one_piece_is_enough_and_a_long_one_is_asked_shorter(
    container: Container, handset: NewHandset, project: str
) -> None:
    assert project
    secretary = handset(SECRETARY)
    begins(secretary)
    assert secretary.types(LONG).startswith("Plus court : 120")
    secretary.types(FIRST, "1", "3", "1")
    assert (kept(container).text, kept(container).publication) == (FIRST, Publication.PRIVATE)


def test_correcting_the_words_asks_all_pieces_again(container: Container, handset: NewHandset, project: str) -> None:
    assert project
    secretary = handset(SECRETARY)
    begins(secretary)
    secretary.types("Deux mots", "encore", "1", "1")
    assert secretary.types("2", "1").startswith("Que change ce projet")
    assert secretary.types("D'autres mots").startswith("Voulez-vous ajouter")
    secretary.types("1", "1")
    assert (kept(container).text, kept(container).publication) == ("D'autres mots", Publication.NAMED)


def test_the_partner_speaks_too(container: Container, handset: NewHandset, project: str) -> None:
    assert project
    lyon = handset(LYON)
    begins(lyon)
    lyon.types("Fiers de ce puits", "1", "1", "1")
    said = kept(container)
    with reading(container.engine) as session:
        assert said.contact_id == session.scalars(select(Contact.id)).one()
        assert said.officer_id is None
        assert session.get_one(Words, said.id).need.reference == project


def test_who_has_no_project_is_not_asked(
    container: Container, handset: NewHandset, project: str, clock: MovedClock
) -> None:
    assert project
    with transaction(container.engine) as session:
        diaspora(session, clock(), UTRECHT, "Utrecht-Souss")
    utrecht = handset(UTRECHT)
    first = utrecht.dial()
    other = [line for line in first.split("\n") if line.endswith(" Autre")]
    assert "Témoigner" not in first + "".join(utrecht.types(line[0]) for line in other)


def test_by_sms_it_is_one_long_text_and_counts_only_with_the_code(
    container: Container, handset: NewHandset, project: str
) -> None:
    """A forged SMS puts no words in anybody's mouth: the code goes to the true phone."""
    assert project
    witness = handset(WITNESS)
    (question,) = witness.sends("TEMOIGNAGE")
    assert question.startswith("Que change ce projet")
    witness.sends(LONG)
    witness.sends("2")
    (asked,) = witness.sends("1")
    assert rows(container, Words) == 0
    assert "ce code" in asked
    witness.sends("000000")
    assert rows(container, Words) == 0
    witness.sends(asked.split(":")[-1].split()[0])
    assert kept(container).text == LONG.strip()


def test_words_begun_on_ussd_are_ended_by_sms(
    container: Container, handset: NewHandset, project: str, clock: MovedClock
) -> None:
    assert project
    witness = handset(WITNESS)
    begins(witness)
    witness.types("Deux mots", "encore deux")
    clock.move(minutes=1)
    (publication,) = witness.sends("et deux")
    assert publication.startswith("Un coordinateur lit d'abord")
    witness.sends("1")
    (asked,) = witness.sends("1")
    witness.sends(asked.split(":")[-1].split()[0])
    assert kept(container).text == "Deux mots encore deux et deux"


def test_who_left_meanwhile_says_nothing(
    container: Container, handset: NewHandset, project: str, clock: MovedClock
) -> None:
    assert project
    witness = handset(WITNESS)
    begins(witness)
    witness.types("Deux mots", "1", "1")
    with transaction(container.engine) as session:
        gone = officer_of(session, WITNESS)
        assert isinstance(gone, Officer)
        gone.left_at = clock()
    assert witness.types("1").startswith("Cela a changé")
    assert rows(container, Words) == 0


def has_spoken(witness: Handset) -> None:
    """Say something on USSD, with a name."""
    begins(witness)
    witness.types("Deux mots", "1", "1", "1")


def test_a_second_text_goes_on_with_the_first_before_anything_counts(
    container: Container, handset: NewHandset, project: str
) -> None:
    assert project
    witness = handset(WITNESS)
    witness.sends("TEMOIGNAGE")
    witness.sends("Avant on marchait une heure, a suivre")
    (asked,) = witness.sends("Maintenant l'eau coule a la porte")
    assert asked.startswith("Ajouté.")
    # What was meant as a line, and written otherwise, is no testimony.
    (again,) = witness.sends("oui avec tout")
    assert again.startswith("Tapez un chiffre de 1 à 3.")
    (review,) = witness.sends("2")
    assert "l'eau coule a la porte" in review
    (code,) = witness.sends("1")
    witness.sends(code_in(code))
    assert kept(container).text == "Avant on marchait une heure, a suivre Maintenant l'eau coule a la porte"


def test_other_words_drop_what_was_added_to_the_first(handset: NewHandset, project: str) -> None:
    assert project
    witness = handset(WITNESS)
    witness.sends("TEMOIGNAGE")
    witness.sends("Avant on marchait une heure")
    witness.sends("et maintenant l'eau coule")
    witness.sends("2")
    witness.sends("2")
    witness.sends("1")
    (review,) = witness.sends("Tout va bien")
    assert '"Tout va bien"' in review
    assert "sans mon nom" in review


def test_a_story_in_many_texts_ends_somewhere(handset: NewHandset, project: str) -> None:
    assert project
    witness = handset(WITNESS)
    witness.sends("TEMOIGNAGE")
    for _ in range(2):
        witness.sends(LONG)
    (refused,) = witness.sends(LONG)
    assert refused.startswith("Plus court")


@pytest.mark.parametrize("answer", ["withdraw", "private"])
def test_a_forged_text_takes_nothing_back(container: Container, handset: NewHandset, project: str, answer: str) -> None:
    """The right sender and no code: the words stay, and as they may be published."""
    assert project
    witness = handset(WITNESS)
    has_spoken(witness)
    witness.sends("RETIRER")
    (asked,) = witness.sends({"withdraw": "3", "private": "2"}[answer])
    witness.sends("000000")
    assert (kept(container).text, kept(container).state) == ("Deux mots", TestimonyState.GIVEN)
    assert kept(container).publication is Publication.NAMED
    witness.sends(code_in(asked))
    if answer == "withdraw":
        assert (kept(container).text, kept(container).state) == ("", TestimonyState.WITHDRAWN)
    else:
        assert kept(container).publication is Publication.PRIVATE


def test_who_speaks_for_the_village_now_does_not_decide_on_anothers_words(
    container: Container, handset: NewHandset, project: str
) -> None:
    assert project
    has_spoken(handset(WITNESS))
    (answer,) = handset(SECRETARY).sends("RETIRER")
    assert "pas de témoignage" in answer
    with transaction(container.engine) as session, pytest.raises(NotFoundError):
        withdraw_testimony(
            session,
            container.clock(),
            author=officer_of(session),
            testimony_id=kept(container).id,
            channel="ussd",
        )


@pytest.mark.parametrize("gateway", ["africastalking", "android"])
def test_a_text_of_many_parts_arrives_whole_over_every_gateway(
    container: Container, handset: NewHandset, project: str, conversations: Conversations, gateway: str
) -> None:
    """Both join the parts themselves; an SMS centre's are joined in `ussd/transports/smpp/texts.py`."""
    assert project
    witness = handset(WITNESS)
    witness.sends("TEMOIGNAGE")
    if gateway == "android":
        receive(conversations, android.text(gateway, {"id": "5f", "phoneNumber": WITNESS, "text": LONG}))
    else:
        form = {"id": "5f", "from": WITNESS, "to": "84", "date": "2026-11-23", "text": LONG, "linkId": ""}
        http = create_app(container, [hooks_blueprint(conversations)]).test_client()
        assert http.post("/hooks/africastalking/a-hook-token-for-tests-only/sms", data=form).status_code == 200
    witness.sends("3")
    (asked,) = witness.sends("1")
    witness.sends(code_in(asked))
    assert kept(container).text == LONG.strip()
