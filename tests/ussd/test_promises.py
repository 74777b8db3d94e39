"""What a diaspora association answers to what it is shown, and what it promises: proven, or it is none."""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from service.container import Container
from service.domain.money import Currency, Money
from service.domain.states import ProposalState
from service.models import Pledge, Proposal
from service.models.session import reading, transaction
from service.usecases.needs import reject_need
from service.usecases.proposals import accept_interest, express_interest
from tests.conftest import MovedClock
from tests.ussd.conftest import Handset, rows
from tests.world import LYON, SECRETARY, UTRECHT, diaspora, need_of, officer_of, proposed, village
from ussd.engine.prompts import Answer

NewHandset = Callable[[str], Handset]
PIN = "2580"
CODE = re.compile(r"\b\d{6}\b")


@pytest.fixture
def reference(container: Container, handset: NewHandset, clock: MovedClock) -> str:
    """A verified need of the village, shown to Lyon and to Utrecht."""
    handset(SECRETARY)  # its country is settled
    with transaction(container.engine) as session:
        village(session, clock())
        need = need_of(session, clock())
        proposed(session, clock(), need, diaspora(session, clock()))
        proposed(session, clock(), need, diaspora(session, clock(), UTRECHT, "Utrecht-Souss"))
        return need.reference


@pytest.fixture
def lyon(handset: NewHandset) -> Handset:
    return handset(LYON)


def state(container: Container) -> tuple[ProposalState, str]:
    with reading(container.engine) as session:
        lyon = session.scalars(select(Proposal).order_by(Proposal.id)).first()
        assert lyon
        return lyon.state, lyon.answer_reason


def begins(phone: Handset, given: Sequence[tuple[str, Answer]]) -> str:
    """Begin a promise by SMS, as a form of one line does; return what it is answered."""
    with transaction(phone.conversations.container.engine) as session:
        screen = phone.conversations.answer_sms(session, phone.number, "", "pledge", given)
        assert screen
        return screen.text


def one_line(reference: str) -> list[tuple[str, Answer]]:
    return [("pledge.need", reference), ("pledge.amount", [5000, "EUR"])]


def test_a_proposal_is_seen_and_answered_with_yes(container: Container, lyon: Handset, reference: str) -> None:
    lyon.dial()
    assert f"1 {reference} Eau potable, Taliouine" in lyon.types("1")
    seen = lyon.types("1")
    for word in (reference, "Ifri, Taliouine", "84 foyers", "320 000 DH", "60 000 DH", "Puits du bas", "vérifié"):
        assert word in seen
    assert state(container)[0] is ProposalState.PROPOSED
    assert "Nous demandons au village" in lyon.types("1")
    assert state(container)[0] is ProposalState.INTERESTED
    village_phone = Handset(lyon.conversations, SECRETARY, lyon.ids)
    assert f"OUI {reference}" in village_phone.inbox()[-1]


@pytest.mark.parametrize(("line", "reason"), [("2", "cost"), ("5", "")])
def test_a_proposal_is_answered_with_no_and_a_reason_if_any(
    container: Container, lyon: Handset, reference: str, line: str, reason: str
) -> None:
    lyon.dial()
    assert "5 Sans raison" in lyon.types("1", "1", "2")
    assert reference in lyon.types(line)
    assert state(container) == (ProposalState.DECLINED, reason)


def test_an_answer_to_what_was_closed_meanwhile_is_told(
    container: Container, lyon: Handset, reference: str, clock: MovedClock
) -> None:
    lyon.dial()
    lyon.types("1", "1")
    with transaction(container.engine) as session:
        proposal = session.scalars(select(Proposal).order_by(Proposal.id)).first()
        assert proposal
        assert proposal.need.reference == reference
        reject_need(session, clock(), actor="user:1", need_id=proposal.need_id, reason="doublon")
    assert "Cela a changé entre-temps" in lyon.types("1")
    assert state(container)[0] is ProposalState.EXPIRED


def test_a_promise_by_ussd_is_proven_by_a_pin(container: Container, lyon: Handset, reference: str) -> None:
    lyon.dial()
    review = lyon.types("2", "1", "5 000")
    assert review.startswith(f"Vous promettez 5 000 EUR pour {reference}.")
    assert "code secret" in lyon.types("1")
    assert "encore une fois" in lyon.types(PIN)
    assert rows(container, Pledge) == 0
    assert "notée" in lyon.types(PIN)
    with reading(container.engine) as session:
        (pledge,) = session.scalars(select(Pledge))
        assert pledge.amount == Money.of(5_000, Currency.EUR)
    lyon.again()
    assert rows(container, Pledge) == 1
    assert "5 000 EUR" in lyon.inbox()[-1]
    assert reference in lyon.inbox()[-1]


def test_a_promise_of_one_line_asks_only_for_the_summary_and_the_code(
    container: Container, lyon: Handset, reference: str
) -> None:
    assert begins(lyon, one_line(reference)).startswith(f"Vous promettez 5 000 EUR pour {reference}.")
    (asked,) = lyon.sends("1")
    (code,) = CODE.findall(asked)
    (receipt,) = lyon.sends(code)
    assert "5 000 EUR" in receipt
    assert rows(container, Pledge) == 1


def test_a_forged_sms_moves_no_pledge(container: Container, lyon: Handset, reference: str) -> None:
    """Whoever forges the sender never reads what is answered: six digits that only the real phone shows."""
    begins(lyon, one_line(reference))
    (asked,) = lyon.sends("1")
    (code,) = CODE.findall(asked)
    for guess in ("oui", "1", "ok", f"{(int(code) + 1) % 1_000_000:06}", "000000", "5000"):
        lyon.sends(guess)
    assert rows(container, Pledge) == 0
    secretary = Handset(lyon.conversations, SECRETARY, lyon.ids)
    assert not [text for text in secretary.inbox() if "promet" in text]
    assert state(container)[0] is ProposalState.PROPOSED


def test_a_code_of_an_earlier_promise_proves_no_other(container: Container, lyon: Handset, reference: str) -> None:
    begins(lyon, one_line(reference))
    (old,) = CODE.findall(lyon.sends("1")[0])
    begins(lyon, one_line(reference))
    (new,) = CODE.findall(lyon.sends("1")[0])
    assert old != new
    lyon.sends(old)
    assert rows(container, Pledge) == 0


def test_a_promise_sent_twice_at_once_is_noted_once(container: Container, lyon: Handset, reference: str) -> None:
    begins(lyon, one_line(reference))
    (code,) = CODE.findall(lyon.sends("1")[0])
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: lyon.sends(code, "same"), range(4)))
    assert rows(container, Pledge) == 1


def test_a_reference_that_was_not_shown_is_not_found(
    container: Container, lyon: Handset, reference: str, clock: MovedClock
) -> None:
    with transaction(container.engine) as session:
        others = need_of(session, clock()).reference
    for unknown in (others, "ZZ-ZZZ"):
        assert begins(lyon, one_line(unknown)).startswith(f"Nous ne trouvons pas {unknown}")
    assert reference not in lyon.sends("1")[0]  # it has ended


def test_an_amount_may_be_corrected_and_in_dirhams(container: Container, lyon: Handset, reference: str) -> None:
    begins(lyon, one_line(reference))
    lyon.sends("2")
    assert "Combien" in lyon.sends("2")[0]
    (review,) = lyon.sends("20 000 dh")
    assert f"20 000 DH pour {reference}" in review
    (code,) = CODE.findall(lyon.sends("1")[0])
    lyon.sends(code)
    with reading(container.engine) as session:
        assert session.scalars(select(Pledge)).one().amount == Money.of(20_000)


def test_a_partner_promises_more_and_one_who_was_refused_nothing(
    container: Container, lyon: Handset, reference: str, clock: MovedClock
) -> None:
    with transaction(container.engine) as session:
        ours, theirs = session.scalars(select(Proposal).order_by(Proposal.id))
        contact = ours.diaspora.active_contacts[0]
        express_interest(session, clock(), contact=contact, reference=reference, code="*384*84#")
        accept_interest(session, clock(), officer=officer_of(session), proposal_id=ours.id)
        theirs.state = ProposalState.REFUSED
    assert begins(lyon, one_line(reference)).startswith("Vous promettez")
    utrecht = Handset(lyon.conversations, UTRECHT, lyon.ids)
    utrecht.dial()
    assert "Promettre" not in utrecht.seen[-1].text
