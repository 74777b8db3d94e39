"""A project's sheet: drafted from what was declared and confirmed, published with consent, taken down without."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.domain.errors import MoveError, NotAllowedError, NotFoundError
from service.domain.ledger import Account, Posting, Source
from service.domain.money import Currency
from service.domain.projects import Party, ProjectMove
from service.domain.testimonies import Publication, SheetState
from service.locales import Language
from service.models import Contribution, LedgerEntry, Message, Need
from service.models.associations import active_officer
from service.models.diaspora import active_contact
from service.models.session import transaction
from service.models.sheets import ExperienceSheet, published_sheets, sheets_of
from service.usecases.experiences import Experience, codes_of, languages_for, read_experience
from service.usecases.progress import confirm_progress
from service.usecases.projects import move_project
from service.usecases.sheets import (
    Lack,
    Words,
    answer_consent,
    ask_consent,
    complete_sheet,
    draft_missing,
    draft_sheet,
    lacking,
    publish_sheet,
    take_down,
)
from service.usecases.testimonies import note_testimony, publish_testimony, withdraw_testimony
from tests.conftest import MovedClock
from tests.ussd.projects import WITNESS, half_done, project_of, staffed_village
from tests.world import LYON, TREASURER, officer_of, settle

LESSONS = "Demander l'autorisation avant d'acheter les tuyaux."
WRITTEN = Words("L'eau au village", "84 foyers ont l'eau.", "L'autorisation", LESSONS)
MOVES = (ProjectMove.ACCEPT, ProjectMove.HAND_OVER)


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    settle(engine)
    with transaction(engine) as session:
        yield session


@pytest.fixture
def need(session: Session, clock: MovedClock) -> Need:
    """A project with Lyon that was handed over, reported on once, with money that came."""
    staffed_village(session, clock())
    reference = project_of(session, clock())
    found = session.scalars(select(Need).where(Need.reference == reference)).one()
    report = half_done(session, clock(), reference)
    confirm_progress(session, clock(), officer=officer_of(session, TREASURER), report_id=report.id)
    lyon = active_contact(session, LYON)
    assert lyon
    given(session, clock, found, Source.DIASPORA, 100_000_00, lyon.association_id)
    given(session, clock, found, Source.VILLAGE_LABOUR, 60_000_00)
    for move in MOVES:
        clock.move(days=30)
        move_project(session, clock(), need_id=found.id, move=move, party=Party.VILLAGE, actor="officer:1")
    return found


def given(
    session: Session, clock: MovedClock, need: Need, source: Source, dirhams: int, diaspora_id: int | None = None
) -> None:
    """Let something be promised, half of it confirmed, and half of that arrive."""
    mine = select(Contribution).where(Contribution.source == source, Contribution.need_id == need.id)
    line = session.scalars(mine).first()
    if not line:
        line = Contribution(
            need_id=need.id, source=source, diaspora_id=diaspora_id, declared_by="officer:1", declared_at=clock()
        )
        session.add(line)
        session.flush()
    steps = [
        (Posting.PROMISE, Account.GIVER, Account.PROMISED, dirhams),
        (Posting.CONFIRM, Account.PROMISED, Account.CONFIRMED, dirhams // 2),
        (Posting.RECEIVE, Account.CONFIRMED, Account.RECEIVED, dirhams // 4),
    ]
    for posting, out_of, into, amount in steps:
        session.add(
            LedgerEntry(
                contribution_id=line.id,
                posting=posting,
                out_of=out_of,
                into=into,
                minor=amount,
                currency=Currency.MAD,
                dirhams=amount,
                rate=10_000,
                rate_day=clock().date(),
                actor="officer:1",
                at=clock(),
            )
        )
    session.flush()


def drafted(session: Session, clock: MovedClock, need: Need, language: Language = Language.FR) -> ExperienceSheet:
    draft_sheet(session, clock(), actor="user:1", need_id=need.id)
    return next(one for one in sheets_of(session, need.id) if one.language == language)


def agree(session: Session, clock: MovedClock, need: Need, phone: str, *, agreed: bool = True) -> None:
    author = active_officer(session, phone) or active_contact(session, phone)
    assert author
    answer_consent(session, clock(), author=author, reference=need.reference, agreed=agreed, channel="ussd")


def published(session: Session, clock: MovedClock, need: Need, *, named: bool = True) -> ExperienceSheet:
    """Go all the way to a published sheet in French."""
    drafted(session, clock, need)
    complete_sheet(session, clock(), user_id=None, need_id=need.id, language="fr", words=WRITTEN)  # type: ignore[arg-type]  # nobody's
    ask_consent(session, clock(), actor="user:1", need_id=need.id)
    agree(session, clock, need, TREASURER)
    if named:
        agree(session, clock, need, LYON)
    return publish_sheet(session, clock(), actor="user:1", need_id=need.id, language="fr")


def lines(read: Experience) -> str:
    rows = [" ".join(row) for row in (*read.facts, *read.money, *read.steps)]
    quotes = [f"{one.text} {one.by}" for one in read.quotes]
    return "\n".join([read.title, read.place, read.summary, *rows, read.difficulties, read.lessons, *quotes])


def test_a_draft_says_what_the_record_says_with_who_said_it(session: Session, clock: MovedClock, need: Need) -> None:
    read = read_experience(session, drafted(session, clock, need))
    said = lines(read)
    assert read.title == "Eau potable à Ifri"
    assert "Ifri, Taliouine (Taroudannt)" in said
    assert "320 000 DH (déclaré le 23/11/2026, vérifié par un coordinateur le 23/11/2026)" in said
    assert "du 23/11/2026 au 23/12/2026" in said
    assert "50 %, Travaux (par le secrétariat le 23/11/2026, confirmé par la trésorerie le 23/11/2026)" in said
    assert "22/01/2027 Remise au village" in said
    assert read.difficulties == "Autorisation"
    # Nobody agreed to be named yet.
    assert "Lyon" not in said
    assert ("une association de MRE", "100 000 DH", "50 000 DH", "25 000 DH") in read.money
    assert "+212" not in said


def test_of_one_day_the_works_come_before_their_handover_and_work_is_not_counted_as_nothing(
    session: Session, clock: MovedClock, need: Need
) -> None:
    sheet = drafted(session, clock, need)
    today = clock().date().isoformat()
    facts: dict[str, Any] = sheet.facts
    labour = {"source": "village_labour", "partner": 0, "promised": 60_000_00, "confirmed": 0, "received": 0}
    reports = [{**one, "on": clock().isoformat()} for one in facts["reports"]]
    moves = [[move, today] for move in ("begin_works", "accept", "hand_over")]
    sheet.facts = {**facts, "reports": reports, "steps": moves, "money": [labour]}
    read = read_experience(session, sheet)
    whats = [what.partition(" (")[0] for _, what in read.steps]
    assert whats[1:] == ["Début des travaux", "50 %, Travaux", "Réception provisoire", "Remise au village"]
    assert read.money[1] == ("Village (travail)", "60 000 DH", "0 DH", "donné sur place")


def test_an_arabic_reader_reads_it_as_arabic_is_written(session: Session, clock: MovedClock, need: Need) -> None:
    read = read_experience(session, drafted(session, clock, need, Language.AR))
    said = lines(read)
    assert read.place == "Ifri، تالوين (تارودانت)"
    assert "320.000 درهم" in said
    assert "جمعية للمغاربة المقيمين بالخارج" in said


def test_nothing_is_drafted_before_the_handover(session: Session, clock: MovedClock) -> None:
    staffed_village(session, clock())
    reference = project_of(session, clock())
    need_id = session.scalars(select(Need.id).where(Need.reference == reference)).one()
    with pytest.raises(MoveError):
        draft_sheet(session, clock(), actor="user:1", need_id=need_id)
    assert draft_missing(session, clock()) == 0


def test_the_job_drafts_what_has_no_sheet_once(session: Session, clock: MovedClock, need: Need) -> None:
    assert draft_missing(session, clock()) == 1
    assert {one.language for one in sheets_of(session, need.id)} == {"fr", "ar"}
    assert draft_missing(session, clock()) == 0


def test_a_new_draft_keeps_the_words_and_draws_the_facts_anew(session: Session, clock: MovedClock, need: Need) -> None:
    drafted(session, clock, need)
    complete_sheet(session, clock(), user_id=None, need_id=need.id, language="fr", words=WRITTEN)  # type: ignore[arg-type]  # nobody's
    given(session, clock, need, Source.COMMUNE, 4_000_00)
    sheet = drafted(session, clock, need)
    assert (sheet.title, sheet.lessons) == (WRITTEN.title, LESSONS)
    assert {row["source"] for row in sheet.facts["money"]} == {"diaspora", "village_labour", "commune"}


def test_what_keeps_a_sheet_from_being_published_is_said(session: Session, clock: MovedClock, need: Need) -> None:
    sheet = drafted(session, clock, need)
    assert lacking(session, sheet) == [Lack("village"), Lack("words", "lessons")]
    spoken = Words("Lyon-Taliouine à Ifri", "Appelez le 06 12 34 56 78", "", LESSONS)
    complete_sheet(session, clock(), user_id=None, need_id=need.id, language="fr", words=spoken)  # type: ignore[arg-type]  # nobody's
    assert lacking(session, sheet) == [Lack("village"), Lack("name", "title"), Lack("phone", "summary")]
    with pytest.raises(MoveError):
        publish_sheet(session, clock(), actor="user:1", need_id=need.id, language="fr")


def test_the_village_is_asked_for_the_sheet_and_each_partner_for_its_name(
    session: Session, clock: MovedClock, need: Need
) -> None:
    published(session, clock, need)
    named = session.scalars(select(Message.phone).where(Message.template == "sheet_name_asked")).all()
    assert named == [LYON]
    asked = session.scalars(select(Message.phone).where(Message.template == "sheet_asked")).all()
    assert WITNESS not in asked
    assert len(asked) == 2
    (sheet,) = published_sheets(session, languages_for("fr"))
    assert "Lyon-Taliouine" in lines(read_experience(session, sheet))


def test_a_witness_and_who_was_not_asked_answer_nothing(session: Session, clock: MovedClock, need: Need) -> None:
    drafted(session, clock, need)
    with pytest.raises(NotFoundError):
        agree(session, clock, need, TREASURER)
    ask_consent(session, clock(), actor="user:1", need_id=need.id)
    with pytest.raises(NotAllowedError):
        agree(session, clock, need, WITNESS)


@pytest.mark.parametrize("who", [TREASURER, LYON])
def test_whoever_takes_consent_back_takes_the_sheet_down_at_once(
    session: Session, clock: MovedClock, need: Need, who: str
) -> None:
    sheet = published(session, clock, need)
    agree(session, clock, need, who, agreed=False)
    assert sheet.state is SheetState.WITHDRAWN
    assert published_sheets(session, languages_for("fr")) == []
    draft_sheet(session, clock(), actor="user:1", need_id=need.id)
    assert ("name" if who == LYON else "village") in [*(lack.what for lack in lacking(session, sheet)), "name"]
    assert "Lyon" not in lines(read_experience(session, sheet)) or who == TREASURER


def test_a_published_sheet_stays_as_it_is_until_it_is_taken_down(
    session: Session, clock: MovedClock, need: Need
) -> None:
    published(session, clock, need)
    with pytest.raises(MoveError):
        draft_sheet(session, clock(), actor="user:1", need_id=need.id)
    take_down(session, clock(), actor="user:1", need_id=need.id)
    with pytest.raises(NotFoundError):
        take_down(session, clock(), actor="user:1", need_id=need.id)
    assert drafted(session, clock, need).state is SheetState.DRAFT


def test_words_that_are_taken_back_are_on_the_sheet_no_more(session: Session, clock: MovedClock, need: Need) -> None:
    sheet = published(session, clock, need)
    witness = officer_of(session, WITNESS)
    said = note_testimony(
        session,
        clock(),
        author=witness,
        reference=need.reference,
        words="L'eau coule",
        publication=Publication.NAMED,
        channel="ussd",
    )
    assert read_experience(session, sheet).quotes == ()
    publish_testimony(session, clock(), actor="user:1", testimony_id=said.id)
    (quote,) = read_experience(session, sheet).quotes
    assert (quote.text, quote.by) == ("L'eau coule", "Témoin, Ait Abdallah")
    said.publication = Publication.ANONYMOUS
    assert read_experience(session, sheet).quotes[0].by == "quelqu'un du village"
    withdraw_testimony(session, clock(), author=witness, testimony_id=said.id, channel="ussd")
    assert read_experience(session, sheet).quotes == ()


def test_the_nearest_comes_first(session: Session, clock: MovedClock, need: Need) -> None:
    published(session, clock, need)
    around = codes_of(session, TREASURER)
    assert {"09.541.01.11", "09.541", "09"} <= around
    assert codes_of(session, LYON) == around
    assert len(published_sheets(session, ("fr",), around=around)) == 1
