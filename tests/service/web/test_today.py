"""The first page: what waits, each one click from its answer, and as few looks at the database on a busy day."""

import pytest
from sqlalchemy import Engine, select

from service.container import Container
from service.domain.ledger import ArrivalState
from service.domain.phone import show_phone
from service.domain.projects import Awaited, Grievance, ProjectState
from service.domain.sectors import Urgency
from service.domain.states import AssociationState, MessageState
from service.domain.testimonies import Publication, SheetState
from service.locales import Language
from service.matching.scoring import Weights
from service.models import (
    Arrival,
    Contact,
    Contribution,
    DiasporaAssociation,
    Escalation,
    ExperienceSheet,
    InboundEvent,
    Message,
    Need,
    Phone,
    Project,
    Resident,
    Spending,
    SpotCheck,
    SpotQuestion,
)
from service.models import (
    Testimony as Words,  # pytest takes what begins with Test for its own
)
from service.models.phones import doubt
from service.models.session import reading, transaction
from service.models.spotchecks import SpotAnswer
from service.usecases.disputes import dispute
from service.usecases.inbox import note_text
from service.usecases.leaving import forget
from service.usecases.matching import match_needs
from service.usecases.messages import spending_now
from service.usecases.needs import reject_need, verify_need
from service.usecases.phones import know_phone
from service.usecases.proposals import accept_interest, decline, express_interest
from service.usecases.today import FIRST, Matter, waiting
from service.usecases.undoing import Undo, take_back, undo_of
from tests.conftest import MovedClock
from tests.service.web.counting import counted
from tests.service.web.person import Person
from tests.service.web.registers import Registers
from tests.ussd.projects import half_done, project_of, staffed_village
from tests.world import SECRETARY, STRANGER, diaspora, need_of, officer_of, proposed, settle, village

DAYS = 30


@pytest.fixture
def project(engine: Engine, clock: MovedClock) -> Need:
    """A project that Lyon and a village came together for, half done."""
    settle(engine)
    with transaction(engine) as session:
        staffed_village(session, clock())
        half_done(session, clock(), project_of(session, clock()))
        return session.scalars(select(Need)).one()


def matters(engine: Engine, clock: MovedClock) -> dict[Matter, list[int]]:
    with reading(engine) as session:
        return {group.matter: [item.number for item in group.items] for group in waiting(session, clock(), DAYS)}


def test_a_day_on_which_nothing_waits_is_told_so(coordinator: Person) -> None:
    assert "Rien n&#39;attend pour le moment" in coordinator.get("/admin/").text


def test_what_waits_longest_comes_first_five_at_most_and_each_leads_to_its_answer(
    coordinator: Person, registers: Registers, clock: MovedClock
) -> None:
    numbers = []
    for name in ("Ifri", "Tizi", "Assaka", "Tamount", "Agadir", "Imi"):
        numbers.append(registers.association(name))
        clock.move(days=1)
    coordinator.sign_in()
    page = coordinator.get("/admin/").text
    assert "<b>6</b> associations attendent" in page
    assert [f'href="/admin/associations/{number}"' in page for number in numbers] == [True] * FIRST + [False]
    assert page.index("Ifri") < page.index("Tizi") < page.index("Agadir")
    assert "depuis 6 j" in page
    assert "Tout voir" in page
    assert f"/admin/associations/{numbers[0]}/verify" in coordinator.get(f"/admin/associations/{numbers[0]}").text


def test_what_began_today_says_its_hour_and_last_night_was_yesterday(
    coordinator: Person, registers: Registers, clock: MovedClock
) -> None:
    registers.association("Ifri")
    assert "aujourd&#39;hui à 11:00" in coordinator.get("/admin/").text  # by the clock of Morocco
    clock.move(hours=14)
    coordinator.sign_in()
    assert "depuis 1 j" in coordinator.get("/admin/").text


def test_a_project_that_asks_for_help_waits_until_it_reports_that_it_needs_none(
    viewer: Person, engine: Engine, clock: MovedClock, project: Need
) -> None:
    assert matters(engine, clock) == {Matter.HELP: [project.id]}
    page = viewer.get("/admin/").text
    assert f'href="/admin/projects/{project.id}"' in page
    assert "Conseil" in page


def test_what_goes_wrong_with_a_project_waits(engine: Engine, clock: MovedClock, project: Need) -> None:
    clock.move(days=31)
    assert matters(engine, clock)[Matter.SILENT] == [project.id]
    with transaction(engine) as session:
        dispute(session, clock(), who=officer_of(session), reference=project.reference, reason=Grievance.MONEY)
    found = matters(engine, clock)
    assert (found[Matter.DISPUTES], Matter.SILENT in found, Matter.HELP in found) == ([project.id], False, False)


def test_money_counted_differently_testimonies_and_sheets_wait(
    viewer: Person, engine: Engine, clock: MovedClock, project: Need
) -> None:
    with transaction(engine) as session:
        officer = officer_of(session)
        line = session.scalars(select(Contribution).where(Contribution.need_id == project.id)).first()
        assert line
        session.add_all(
            [
                Arrival(
                    need_id=project.id, contribution_id=line.id, minor=100, currency="MAD",
                    state=ArrivalState.DIFFERENT, declared_by=officer.id, declared_at=clock(),
                ),
                Words(
                    need_id=project.id, officer_id=officer.id, text="Merci", language="fr",
                    publication=Publication.NAMED, written_at=clock(),
                ),
                Words(
                    need_id=project.id, officer_id=officer.id, text="Pour nous", language="fr",
                    publication=Publication.PRIVATE, written_at=clock(),
                ),
                *(
                    ExperienceSheet(
                        need_id=project.id, language=language, state=SheetState.DRAFT, title="Eau", facts={},
                        drafted_at=clock(),
                    )
                    for language in (Language.FR, Language.AR)
                ),
            ]
        )  # fmt: skip
    found = matters(engine, clock)
    assert [found[one] for one in (Matter.DIFFERING, Matter.TESTIMONIES, Matter.SHEETS)] == [[project.id]] * 3
    assert "brouillon : <bdi>العربية</bdi>, <bdi>Français</bdi>" in viewer.get("/admin/").text


@pytest.mark.parametrize(("answers", "doubted"), [("yyn", 0), ("ynn", 1), ("nn", 0), ("yyynn", 1)])
def test_residents_who_doubt_wait_when_enough_were_heard(
    engine: Engine, clock: MovedClock, project: Need, answers: str, doubted: int
) -> None:
    with transaction(engine) as session:
        check = SpotCheck(need_id=project.id, asked_at=clock(), told_at=clock())
        for letter in answers:
            resident = Resident(
                association_id=project.association_id, phone=SECRETARY, joined_at=clock(), left_at=clock()
            )
            answer = SpotAnswer.YES if letter == "y" else SpotAnswer.NO
            check.questions.append(SpotQuestion(resident=resident, answer=answer))
        session.add(check)
    assert len(matters(engine, clock).get(Matter.SPOT_CHECKS, [])) == doubted
    clock.move(days=31)
    assert Matter.SPOT_CHECKS not in matters(engine, clock)


def test_a_village_that_says_nothing_a_year_after_waits_once_the_coordination_was_asked(
    engine: Engine, clock: MovedClock, project: Need
) -> None:
    with transaction(engine) as session:
        row = session.get_one(Project, project.id)
        row.state, row.handed_over_at = ProjectState.HANDED_OVER, clock()
    clock.move(days=366)
    assert Matter.FOLLOW_UPS not in matters(engine, clock)
    with transaction(engine) as session:
        asked = {"about": Awaited.FOLLOW_UP, "since": clock(), "rung": 1, "told": "coordination", "at": clock()}
        session.add(Escalation(need_id=project.id, **asked))
    assert matters(engine, clock)[Matter.FOLLOW_UPS] == [project.id]


@pytest.mark.parametrize(
    ("state", "matter"), [(MessageState.UNKNOWN, Matter.UNKNOWN), (MessageState.FAILED, Matter.FAILED)]
)
def test_messages_in_doubt_and_those_that_did_not_leave_lately_wait(
    viewer: Person, engine: Engine, clock: MovedClock, project: Need, state: MessageState, matter: Matter
) -> None:
    assert project
    with transaction(engine) as session:
        message = session.scalars(select(Message).where(Message.phone == SECRETARY)).first()
        assert message
        message.state, message.final_at = state, clock()
    assert matters(engine, clock)[matter] == [message.id]
    assert "+212600000001" not in viewer.get("/admin/").text.replace(" ", "")
    clock.move(days=8)
    assert (matter in matters(engine, clock)) is (matter is Matter.UNKNOWN)


def test_a_verified_need_waits_while_nobody_is_left_to_ask(
    viewer: Person, engine: Engine, clock: MovedClock, registers: Registers
) -> None:
    def after_a_round() -> list[int]:
        with transaction(engine) as session:
            match_needs(session, clock(), 2, Weights())
        return matters(engine, clock).get(Matter.UNASKED, [])

    settle(engine)
    with transaction(engine) as session:
        village(session, clock())
        number = need_of(session, clock()).id
    registers.phones = 100
    registers.need(registers.association("Tizi"), "École", reference="A2-BCD")
    clock.move(days=3)
    assert after_a_round() == [number]
    viewer.sign_in("Idir")
    page = viewer.get("/admin/").text
    assert f'href="/admin/needs/{number}"' in page
    assert "depuis 3 j" in page
    assert 'href="/admin/needs?unasked=yes"' in page
    alone = viewer.get("/admin/needs", unasked="yes").text
    assert ("Puits du bas" in alone, "A2-BCD" in alone) == (True, False)
    with transaction(engine) as session:
        contact = diaspora(session, clock()).active_contacts[0].id
    assert after_a_round() == []  # Lyon was asked
    with transaction(engine) as session:
        reference = session.get_one(Need, number).reference
        decline(session, clock(), contact=session.get_one(Contact, contact), reference=reference, reason="")
    assert after_a_round() == [number]
    with transaction(engine) as session:
        reject_need(session, clock(), actor="user:1", need_id=number, reason="doublon")
    assert Matter.UNASKED not in matters(engine, clock)


def test_a_need_waits_for_nobody_once_it_has_a_partner_or_its_verification_is_taken_back(
    engine: Engine, clock: MovedClock
) -> None:
    settle(engine)
    with transaction(engine) as session:
        village(session, clock())
        lyon = diaspora(session, clock())
        partnered, undone = need_of(session, clock()), need_of(session, clock(), verified=False)
        shown = proposed(session, clock(), partnered, lyon)
        clock.move(minutes=1)
        verify_need(session, clock(), actor="user:1", need_id=undone.id, urgency=Urgency.HIGH)
        partnered.unasked = undone.unasked = True
        session.flush()
        express_interest(session, clock(), contact=lyon.active_contacts[0], reference=partnered.reference, code="*1#")
        accept_interest(session, clock(), officer=officer_of(session), proposal_id=shown.id)
        undo = undo_of(session, clock(), "need", undone.id)
        assert isinstance(undo, Undo)
        take_back(session, clock(), actor="user:1", kind="need", number=undone.id, entry=undo.entry)
    assert Matter.UNASKED not in matters(engine, clock)


def test_a_message_is_told_with_who_writes_and_its_first_words(
    coordinator: Person, engine: Engine, clock: MovedClock
) -> None:
    settle(engine)
    with transaction(engine) as session:
        village(session, clock())
        for number, text in ((SECRETARY, "La pompe est cassée " + "depuis hier " * 20), (STRANGER, "Allo ?")):
            know_phone(session, clock(), number)
            kept = {"gateway": "console", "kind": "sms", "external_id": number, "phone": number}
            session.add(InboundEvent(**kept, payload={"text": text}, received_at=clock()))
            note_text(session, clock(), number, understood=False)
    card = coordinator.get("/admin/").text.partition("Messages de personnes")[2]
    for said in ("Ait Abdallah", "La pompe est cassée", "Allo ?", show_phone(STRANGER)):
        assert said in card
    assert "hier " * 10 not in card


def test_doubted_numbers_wait_and_lead_to_where_they_are_confirmed(
    viewer: Person, engine: Engine, clock: MovedClock
) -> None:
    settle(engine)
    with transaction(engine) as session:
        village(session, clock())
        know_phone(session, clock(), STRANGER)
        clock.move(hours=1)
        for number in (SECRETARY, STRANGER):  # a stranger speaks for nobody
            doubt(session, clock(), session.get_one(Phone, number), "inactive")
    viewer.sign_in("Idir")
    page = viewer.get("/admin/").text
    assert "Numéros en doute, à confirmer de vive voix <b>1</b>" in page
    assert 'href="/admin/numbers">' in page.partition("de vive voix")[2]
    assert "600000001" not in page.replace(" ", "")


def test_a_village_nobody_speaks_for_waits(engine: Engine, clock: MovedClock, registers: Registers) -> None:
    kept, left = registers.association("Ifri"), registers.association("Tizi", AssociationState.VERIFIED)
    with transaction(engine) as session:
        forget(session, clock(), phone="+212600000002")
    assert matters(engine, clock)[Matter.UNATTENDED] == [left]
    assert kept


def test_a_cap_that_is_nearly_reached_is_told(
    coordinator: Person, container: Container, registers: Registers, clock: MovedClock
) -> None:
    number = registers.association("Tamount", AssociationState.VERIFIED)
    cap = int(container.settings.cap_association * 1000)
    with transaction(container.engine) as session:
        session.add(Spending(day=clock().date(), scope=f"village:{number}", amount=cap * 9 // 10))
        session.add(Spending(day=clock().date(), scope="country:FR", amount=1))
    page = coordinator.get("/admin/").text
    assert "90 % du plafond" in page
    assert "9,00\u00a0EUR" in page
    assert 'href="/admin/messages#spending"' in page
    assert "Tamount" in page
    with reading(container.engine) as session:
        assert [one.scope for one in spending_now(session, container.settings, clock())] == [
            "all",
            "village",
            "country",
        ]


def test_a_busy_day_takes_as_many_looks_as_a_quiet_one(
    coordinator: Person, registers: Registers, engine: Engine, clock: MovedClock
) -> None:
    def more(times: int) -> int:
        for number in range(times):
            verified = registers.association(f"V{registers.phones}", AssociationState.VERIFIED)
            registers.association(f"P{registers.phones}")
            registers.need(verified, reference=f"A{registers.phones}-AAA")
            with transaction(engine) as session:
                columns = {"city": "Lyon", "country": "FR", "time_zone": "Europe/Paris", "registered_at": clock()}
                name = f"D{registers.phones}-{number}"
                session.add(DiasporaAssociation(name=name, state=AssociationState.PENDING, **columns))
        with counted(engine) as statements:
            assert coordinator.get("/admin/").status_code == 200
        return len(statements)

    assert more(1) == more(10)
