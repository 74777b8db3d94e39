"""A village reports a need, in the short form or with details, and sees why its needs wait."""

from collections.abc import Callable
from datetime import datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from service.container import Container
from service.domain.needs import Agreement, CostBasis, Funder, LandStatus, WaterRight
from service.domain.states import AssociationState, NeedState
from service.locales import Language
from service.models import Contact, Need, NeedDetails
from service.models.progress import shown_to
from service.models.session import reading, transaction
from service.usecases.needs import reject_need
from service.usecases.phones import know_phone
from service.usecases.proposals import accept_interest, decline
from tests.conftest import MovedClock
from tests.ussd.conftest import NEED, Handset, rows
from tests.ussd.projects import WITNESS, half_done, lyon_asked, lyon_interested, staffed_village
from tests.world import SECRETARY, need_of, officer_of
from ussd.dialogues.needs import FORM

NewHandset = Callable[[str], Handset]
MORE = "3"
# People, summer, quote, four shares, province, asked, collective, agreed.
DETAILS = ("620", "900", "1", "10000", "30000", "15000", "5000", "3", "2", "3", "1")


def details(container: Container) -> NeedDetails:
    with reading(container.engine) as session:
        return session.scalars(select(NeedDetails)).one()


@pytest.fixture
def staffed(container: Container, handset: NewHandset, clock: MovedClock) -> Handset:
    """The secretary's phone, in a village with a treasurer and a witness."""
    phone = handset(SECRETARY)
    with transaction(container.engine) as session:
        staffed_village(session, clock())
    return phone


def test_the_short_form_is_eight_screens(container: Container, secretary: Handset) -> None:
    secretary.dial()
    assert secretary.types(*NEED, "1").startswith("Recu. Réf")
    assert len(secretary.seen) == 8
    assert (rows(container, Need), rows(container, NeedDetails)) == (1, 0)


def test_what_one_line_of_sms_may_say_are_the_questions_of_the_form() -> None:
    assert [prompt.key for prompt in FORM] == ["need.sector", "need.households", "need.cost", "need.title"]


def test_details_are_written_with_the_need_and_not_before(container: Container, secretary: Handset) -> None:
    secretary.dial()
    summary = secretary.types(*NEED, MORE, *DETAILS)
    assert summary.startswith("620 habitants, l'été 900\nVillage : 10 000+30 000+15 000+5 000 DH\nDevis")
    assert (rows(container, Need), rows(container, NeedDetails)) == (0, 0)
    # A summary is read to its end before it is sent: on its first page there is no line 1.
    assert "1 Envoyer" in secretary.types("1")
    assert secretary.types("1").startswith("Recu. Réf")
    written = details(container)
    assert (written.permanent_population, written.summer_population) == (620, 900)
    assert (written.cost_basis, written.funder_asked) == (CostBasis.QUOTE, Funder.PROVINCE)
    assert (written.share_cash, written.share_labour) == (1_000_000, 3_000_000)
    assert (written.share_materials, written.share_land) == (1_500_000, 500_000)
    assert (written.commune_agreement, written.land_status) == (Agreement.ASKED, LandStatus.COLLECTIVE)
    assert written.water_right is WaterRight.AGREED


def test_every_detail_can_be_passed_over(container: Container, secretary: Handset) -> None:
    secretary.dial()
    last = ("1", "1", "5", "1", "1", "1", "1", "6", "4", "6", "5")
    assert secretary.types(*NEED, MORE, *last).startswith("Rien à ajouter.")
    secretary.types("1")
    assert (rows(container, Need), rows(container, NeedDetails)) == (1, 0)


def test_a_share_is_at_most_what_is_left_and_then_no_more_is_asked(secretary: Handset) -> None:
    secretary.dial()
    secretary.types(*NEED, MORE, "620", "1", "1", "40 000")
    assert secretary.types("30000").startswith("Un nombre de 1 à 20 000.\nEt en travail")
    assert secretary.types("20000").startswith("A qui d'autre")


def test_only_what_is_to_the_point_is_asked(secretary: Handset) -> None:
    secretary.dial()
    roads = ("1", "4", "84", "320000", "1", "Piste du haut", MORE)
    assert secretary.types(*roads, "620", "1", "1").startswith("A qui d'autre")  # the village gives nothing
    assert secretary.types("1", "1", "1").startswith("620 habitants")  # a road needs no water


def test_correcting_the_shares_asks_them_again_and_keeps_the_rest(container: Container, secretary: Handset) -> None:
    secretary.dial()
    lines = secretary.types(*NEED, MORE, *DETAILS, "98", "2")
    assert "3 Détail de la part" in lines
    assert secretary.types("3").startswith("De la part du village")
    assert "Village : 5 000+0+55 000+0 DH" in secretary.types("5000", "1", "55000")
    secretary.types("98", "1")
    written = details(container)
    assert (written.share_cash, written.share_labour, written.share_materials) == (500_000, None, 5_500_000)
    assert (written.permanent_population, written.water_right) == (620, WaterRight.AGREED)


@pytest.mark.parametrize("language", Language)
def test_the_summary_of_all_details_is_two_pages_at_most(
    container: Container, secretary: Handset, clock: MovedClock, language: Language
) -> None:
    with transaction(container.engine) as session:
        know_phone(session, clock(), SECRETARY, language)
    secretary.dial()
    next_page = ["98"] if language is Language.AR else []
    secretary.types(*NEED, *next_page, MORE, *DETAILS)
    assert secretary.types("98").count("\n2 ") == 1
    assert "98" not in secretary.seen[-1].text


def test_a_need_waits_for_one_after_the_other_and_says_for_whom(
    container: Container, staffed: Handset, clock: MovedClock
) -> None:
    def sees(line: str = "2") -> str:
        staffed.dial()
        first = staffed.types(line, "1")
        return first if "98 Suite" not in first else first + staffed.types("98")

    def after(happens: Callable[[Session, datetime, Need], object]) -> None:
        clock.move(days=1)
        with transaction(container.engine) as session:
            happens(session, clock(), session.scalars(select(Need)).one())

    def accepted(session: Session, now: datetime, need: Need) -> None:
        (proposal,) = shown_to(session, need.id)
        accept_interest(session, now, officer=officer_of(session), proposal_id=proposal.id)

    with transaction(container.engine) as session:
        need_of(session, clock(), verified=False)
    after(lambda _s, _n, need: setattr(need.association, "state", AssociationState.PENDING))
    assert "doit d'abord vérifier votre association" in sees()
    after(lambda _s, _n, need: setattr(need.association, "state", AssociationState.VERIFIED))
    assert "doit encore le vérifier (recu le 23/11/2026)" in sees()
    after(lambda _s, _n, need: setattr(need, "state", NeedState.VERIFIED))
    assert "Vérifié. On cherche un partenaire." in sees()
    after(lyon_asked)
    assert "Proposé à 1 association, réponse attendue depuis le 27/11/2026" in sees()
    after(lyon_interested)
    waits = sees("3")
    assert "Lyon-Taliouine s'y intéresse et attend votre réponse" in waits
    assert "1 Répondre à l'association" in waits
    after(accepted)
    assert "Un partenaire est trouvé : Lyon-Taliouine" in sees("4")
    after(lambda session, now, need: half_done(session, now, need.reference))
    assert "Travaux, 50 % (par le secrétariat le 30/11/2026, pas encore confirmé)" in sees("4")


def test_a_need_that_all_said_no_to_says_that_others_are_looked_for(
    container: Container, staffed: Handset, clock: MovedClock
) -> None:
    with transaction(container.engine) as session:
        need = need_of(session, clock())
        lyon_asked(session, clock(), need)
        (contact,) = session.scalars(select(Contact)).all()
        decline(session, clock(), contact=contact, reference=need.reference, reason="")
    staffed.dial()
    assert "consultées n'ont pas dit oui. On en cherche d'autres." in staffed.types("2", "1")


def test_the_answer_to_an_interest_is_one_key_away(container: Container, staffed: Handset, clock: MovedClock) -> None:
    with transaction(container.engine) as session:
        need = need_of(session, clock())
        lyon_asked(session, clock(), need)
        lyon_interested(session, clock(), need)
    staffed.dial()
    assert "Lui donner votre numéro" in staffed.types("3", "1", "1")


def test_an_officer_completes_what_was_left_out_and_no_more(
    container: Container, staffed: Handset, clock: MovedClock
) -> None:
    staffed.dial()
    staffed.types(*NEED, MORE, "620", "1", "1", "60000", "6", "1", "6", "5", "1")
    clock.move(days=2)
    staffed.dial()
    assert "1 Compléter" in staffed.types("2", "1")
    assert staffed.types("1").startswith("Et en été")
    assert staffed.types("900").startswith("A qui d'autre")
    assert staffed.types("3").startswith("A qui est le terrain")
    assert staffed.types("6").startswith("Ceux qui ont droit")
    assert staffed.types("1").startswith("l'été 900\ndemandé : Province\neau : D'accord")
    assert staffed.types("1").startswith("Merci, c'est noté pour")
    written = details(container)
    assert (written.permanent_population, written.summer_population) == (620, 900)
    assert (written.share_cash, written.land_status) == (6_000_000, None)
    assert written.declared_at == clock()
    staffed.dial()
    assert staffed.types("2", "1", "1").startswith("A qui est le terrain")
    staffed.types("1", "1")
    staffed.dial()
    assert "Compléter" not in staffed.types("2", "1")


def test_a_dropped_completion_is_gone_on_with(staffed: Handset) -> None:
    staffed.dial()
    staffed.types(*NEED, "1")
    staffed.dial()
    staffed.types("2", "1", "1", "620")
    assert "On continue" in staffed.dial()
    assert staffed.types("1").startswith("Et en été")


def test_a_witness_only_looks(staffed: Handset, handset: NewHandset) -> None:
    staffed.dial()
    staffed.types(*NEED, "1")
    witness = handset(WITNESS)
    witness.dial()
    seen = witness.types("1", "1")
    assert "doit encore le vérifier" in seen
    assert "Compléter" not in seen


def test_a_need_that_was_turned_away_meanwhile_is_not_completed(
    container: Container, staffed: Handset, clock: MovedClock
) -> None:
    staffed.dial()
    staffed.types(*NEED, "1")
    staffed.dial()
    staffed.types("2", "1", "1", *DETAILS, "98")
    with transaction(container.engine) as session:
        need = session.scalars(select(Need)).one()
        reject_need(session, clock(), actor="user:1", need_id=need.id, reason="doublon")
    assert staffed.types("1").startswith("Cela a changé")
    assert rows(container, NeedDetails) == 0
    staffed.dial()
    assert "Compléter" not in staffed.types("2", "1")
