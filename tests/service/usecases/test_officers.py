"""Who speaks for an association: nobody changes it alone, and a number that left can do nothing any more."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, select

from service.domain.errors import MoveError, NotAllowedError, NotFoundError, TiwiziError
from service.domain.roles import ChangeKind, OfficerRole, UserRole
from service.domain.states import AssociationState, ChangeState
from service.models import Officer, OfficerChange, Secret, SecretKind, User, VillageAssociation
from service.models.associations import active_officer
from service.models.officers import open_invitations, waiting_changes
from service.models.session import reading, transaction
from service.security import hash_pin
from service.usecases.officers import agree_to_change, ask_change, hash_invitation, join_association, refuse_change
from service.usecases.phones import know_phone, stop
from service.usecases.pins import has_pin, set_pin
from tests.conftest import MovedClock
from tests.service.usecases.record import audited, texts, told
from tests.world import LYON, SECRETARY, STRANGER, TREASURER, diaspora, officer_of, settle, village

PRESIDENT, WITNESS, NEIGHBOUR, COORDINATOR = (f"+21260000001{number}" for number in range(4))
PEPPER, DIAL = "a pepper", "*384*84#"


class Board:
    """A village's secretary, and whoever joins; each verb is one transaction."""

    def __init__(self, engine: Engine, clock: MovedClock) -> None:
        self.engine, self.clock = engine, clock
        settle(engine)
        with transaction(engine) as session:
            village(session, clock())

    def with_(self, phone: str, role: OfficerRole) -> "Board":
        with transaction(self.engine) as session:
            know_phone(session, self.clock(), phone)
            association = session.scalars(select(VillageAssociation).order_by(VillageAssociation.id)).first()
            assert association
            association.officers.append(Officer(phone=phone, role=role, joined_at=self.clock()))
        return self

    def id_of(self, phone: str) -> int:
        with reading(self.engine) as session:
            return officer_of(session, phone).id

    def asks(self, by: str, kind: ChangeKind, /, **what: Any) -> int:
        about = self.id_of(what.pop("about")) if "about" in what else None
        with transaction(self.engine) as session:
            officer = officer_of(session, by)
            asked = {"officer": officer, "kind": kind, "about": about, "dial": DIAL, "pepper": PEPPER, **what}
            return ask_change(session, self.clock(), **asked).id

    def adds(self, phone: str, number: str = STRANGER) -> int:
        return self.asks(phone, ChangeKind.ADD, role=OfficerRole.TREASURER, phone=number)

    def agrees(self, phone: str, change: int) -> None:
        with reading(self.engine) as session:
            officer = officer_of(session, phone)
        self.agrees_as(officer, change)

    def agrees_as(self, seen: Officer, change: int) -> None:
        with transaction(self.engine) as session:
            officer = session.merge(seen, load=False)
            agree_to_change(session, self.clock(), officer=officer, change_id=change, dial=DIAL, pepper=PEPPER)

    def refuses(self, phone: str, change: int) -> None:
        with transaction(self.engine) as session:
            refuse_change(session, self.clock(), officer=officer_of(session, phone), change_id=change)

    def joins(self, phone: str, change: int) -> None:
        with transaction(self.engine) as session:
            know_phone(session, self.clock(), phone)
            join_association(session, self.clock(), phone=phone, change_id=change)

    def state(self, change: int) -> ChangeState:
        with reading(self.engine) as session:
            return session.get_one(OfficerChange, change).state

    def speaks(self, phone: str) -> bool:
        with reading(self.engine) as session:
            return bool(active_officer(session, phone))

    def waits_for(self, phone: str) -> list[int]:
        with reading(self.engine) as session:
            return [one.id for one in waiting_changes(session, self.clock(), officer_of(session, phone))]

    def invited(self, phone: str = STRANGER) -> list[int]:
        with reading(self.engine) as session:
            return [one.id for one in open_invitations(session, self.clock(), phone)]


@pytest.fixture
def board(engine: Engine, clock: MovedClock) -> Board:
    return Board(engine, clock).with_(TREASURER, OfficerRole.TREASURER).with_(WITNESS, OfficerRole.WITNESS)


@pytest.fixture
def three(board: Board) -> Board:
    return board.with_(PRESIDENT, OfficerRole.PRESIDENT)


def test_one_asks_a_second_agrees_and_the_newcomer_joins(board: Board) -> None:
    change = board.adds(SECRETARY)
    assert told(board.engine)[-1] == (TREASURER, "officer_add_asked")
    assert "+212 6 00 00 00 09" in texts(board.engine, "officer_add_asked")[0]
    assert (board.waits_for(TREASURER), board.invited()) == ([change], [])
    board.agrees(TREASURER, change)
    assert told(board.engine)[-2:] == [(STRANGER, "officer_invited"), (SECRETARY, "officer_add_agreed")]
    assert board.invited() == [change]
    board.joins(STRANGER, change)
    assert told(board.engine)[-3:] == [(phone, "officer_joined") for phone in (SECRETARY, TREASURER, WITNESS)]
    assert (board.state(change), board.speaks(STRANGER)) == (ChangeState.DONE, True)
    assert audited(board.engine, "change") == [("officer", f"change.{state}") for state in ("asked", "agreed", "done")]


def test_of_an_invitations_code_only_a_hash_is_kept(board: Board) -> None:
    board.agrees(TREASURER, board.adds(SECRETARY))
    words = texts(board.engine, "officer_invited")[0].replace(",", " ").split()
    code = next(word for word in words if word.isdigit() and len(word) == 6)
    with reading(board.engine) as session:
        change = session.scalars(select(OfficerChange)).one()
        assert change.code_hash == hash_invitation(PEPPER, STRANGER, code)
        assert code not in repr(vars(change))


def test_nobody_agrees_to_what_they_asked_or_to_their_own_removal(three: Board) -> None:
    add, removal = three.adds(SECRETARY), three.asks(SECRETARY, ChangeKind.REMOVE, about=TREASURER)
    for phone, change in ((SECRETARY, add), (SECRETARY, removal), (TREASURER, removal)):
        with pytest.raises(MoveError):
            three.agrees(phone, change)
        with pytest.raises(MoveError):
            three.refuses(phone, change)
    assert three.speaks(TREASURER)
    three.agrees(PRESIDENT, removal)
    assert not three.speaks(TREASURER)
    assert told(three.engine)[-2:] == [(TREASURER, "officer_switched_off"), (SECRETARY, "officer_remove_agreed")]


def test_a_witness_neither_asks_nor_agrees(board: Board) -> None:
    with pytest.raises(NotAllowedError):
        board.adds(WITNESS)
    change = board.adds(SECRETARY)
    with pytest.raises(NotAllowedError):
        board.agrees(WITNESS, change)


def test_an_association_that_nobody_has_checked_invites_nobody(board: Board) -> None:
    with transaction(board.engine) as session:
        session.scalars(select(VillageAssociation)).one().state = AssociationState.PENDING
    with pytest.raises(NotAllowedError):
        board.adds(SECRETARY)


def test_of_two_who_answer_at_once_the_second_waits_and_is_late(three: Board) -> None:
    change = three.adds(SECRETARY)
    with ThreadPoolExecutor(1) as pool:
        with transaction(three.engine) as session:
            officer = officer_of(session, TREASURER)
            agree_to_change(session, three.clock(), officer=officer, change_id=change, dial=DIAL, pepper=PEPPER)
            second = pool.submit(three.refuses, PRESIDENT, change)
            with pytest.raises(TimeoutError):
                second.result(timeout=0.5)
        with pytest.raises(MoveError):
            second.result()
    assert three.state(change) is ChangeState.AGREED


def test_a_handed_over_number_is_off_at_once_and_its_pin_gone(board: Board) -> None:
    with transaction(board.engine) as session:
        set_pin(session, board.clock(), SECRETARY, hash_pin(PEPPER, SECRETARY, "2580"))
    change = board.asks(SECRETARY, ChangeKind.HAND_OVER, about=SECRETARY, phone=STRANGER)
    assert board.speaks(SECRETARY)
    board.agrees(TREASURER, change)
    assert not board.speaks(SECRETARY)
    assert told(board.engine)[-2:] == [(SECRETARY, "officer_switched_off"), (STRANGER, "officer_invited")]
    with reading(board.engine) as session:
        assert not has_pin(session, SECRETARY)
    board.joins(STRANGER, change)
    with reading(board.engine) as session:
        assert officer_of(session, STRANGER).role is OfficerRole.SECRETARY


def test_who_joins_brings_no_pin_of_whoever_had_the_number(board: Board) -> None:
    with transaction(board.engine) as session:
        set_pin(session, board.clock(), STRANGER, hash_pin(PEPPER, STRANGER, "2580"))
    change = board.adds(SECRETARY)
    board.agrees(TREASURER, change)
    board.joins(STRANGER, change)
    with reading(board.engine) as session:
        assert session.get_one(Secret, (STRANGER, SecretKind.PIN)).hash == ""


def test_who_is_alone_may_add_and_nothing_else(engine: Engine, clock: MovedClock) -> None:
    board = Board(engine, clock).with_(WITNESS, OfficerRole.WITNESS)
    for kind, about in (
        (ChangeKind.REMOVE, WITNESS),
        (ChangeKind.HAND_OVER, WITNESS),
        (ChangeKind.HAND_OVER, SECRETARY),
        (ChangeKind.UNLOCK, SECRETARY),
    ):
        with pytest.raises(NotAllowedError):
            board.asks(SECRETARY, kind, about=about, phone=STRANGER if kind is ChangeKind.HAND_OVER else None)
    change = board.adds(SECRETARY)
    assert (board.state(change), board.invited()) == (ChangeState.AGREED, [change])


def test_a_second_officer_alone_cannot_be_removed_by_the_first(engine: Engine, clock: MovedClock) -> None:
    board = Board(engine, clock).with_(TREASURER, OfficerRole.TREASURER)
    with pytest.raises(NotAllowedError):
        board.asks(SECRETARY, ChangeKind.REMOVE, about=TREASURER)


def test_what_nobody_answers_lapses_after_a_week(board: Board) -> None:
    asked, agreed = board.adds(SECRETARY), board.adds(SECRETARY, NEIGHBOUR)
    board.agrees(TREASURER, agreed)
    board.clock.now += timedelta(days=7)
    assert (board.waits_for(TREASURER), board.invited(NEIGHBOUR)) == ([], [])
    with pytest.raises(MoveError):
        board.agrees(TREASURER, asked)
    with pytest.raises(MoveError):
        board.joins(NEIGHBOUR, agreed)


def test_what_someone_asked_goes_with_them(three: Board) -> None:
    change = three.adds(SECRETARY)
    three.agrees(PRESIDENT, three.asks(TREASURER, ChangeKind.REMOVE, about=SECRETARY))
    assert three.waits_for(TREASURER) == []
    with pytest.raises(MoveError):
        three.agrees(TREASURER, change)


def test_a_lone_officers_invitation_goes_with_them(engine: Engine, clock: MovedClock) -> None:
    board = Board(engine, clock)
    change = board.adds(SECRETARY)
    with transaction(engine) as session:
        officer_of(session).left_at = clock()
    assert board.invited() == []
    with pytest.raises(MoveError):
        board.joins(STRANGER, change)


def test_who_is_removed_while_they_answer_is_heard_no_more(three: Board) -> None:
    change = three.adds(SECRETARY)
    with reading(three.engine) as session:
        treasurer = officer_of(session, TREASURER)
    three.agrees(PRESIDENT, three.asks(SECRETARY, ChangeKind.REMOVE, about=TREASURER))
    with pytest.raises(NotFoundError):
        three.agrees_as(treasurer, change)
    assert three.invited() == []


@pytest.mark.parametrize("taken", ["officer", "contact", "coordinator", "stopped"])
def test_a_number_that_is_somebodys_is_not_added_whoever_they_are(board: Board, taken: str) -> None:
    change = board.adds(SECRETARY)
    with transaction(board.engine) as session:
        if taken == "officer":
            village(session, board.clock(), STRANGER, name="Tamaloukt")
        elif taken == "contact":
            diaspora(session, board.clock(), STRANGER)
        elif taken == "stopped":
            stop(session, board.clock(), STRANGER, "ussd")
        else:
            session.add(
                User(
                    name="Zahra",
                    role=UserRole.COORDINATOR,
                    password_hash="",
                    password_once=False,
                    phone=STRANGER,
                    created_at=board.clock(),
                )
            )
    with pytest.raises(MoveError):
        board.adds(SECRETARY)
    with pytest.raises(MoveError):
        board.agrees(TREASURER, change)
    assert texts(board.engine, "officer_invited") == []


def test_another_association_is_out_of_reach(board: Board) -> None:
    change = board.adds(SECRETARY)
    with transaction(board.engine) as session:
        village(session, board.clock(), NEIGHBOUR, name="Tamaloukt")
    board.with_(LYON, OfficerRole.PRESIDENT)
    with pytest.raises(MoveError):
        board.agrees(NEIGHBOUR, change)
    with pytest.raises(NotFoundError):
        board.asks(SECRETARY, ChangeKind.REMOVE, about=NEIGHBOUR)
    with pytest.raises(TiwiziError):
        board.asks(NEIGHBOUR, ChangeKind.HAND_OVER, about=SECRETARY, phone=STRANGER)


def test_asking_again_puts_right_what_was_asked_before(board: Board) -> None:
    first = board.asks(SECRETARY, ChangeKind.HAND_OVER, about=SECRETARY, phone=NEIGHBOUR)
    second = board.asks(SECRETARY, ChangeKind.HAND_OVER, about=SECRETARY, phone=STRANGER)
    assert board.waits_for(TREASURER) == [second]
    assert board.state(first) is ChangeState.EXPIRED


def test_a_second_invitation_ends_the_first(board: Board) -> None:
    for _ in range(2):
        board.agrees(TREASURER, board.adds(SECRETARY))
    assert len(board.invited()) == 1


def test_a_no_changes_nothing_and_is_told(board: Board) -> None:
    change = board.adds(SECRETARY)
    board.refuses(TREASURER, change)
    assert told(board.engine)[-1] == (SECRETARY, "officer_change_refused")
    with pytest.raises(MoveError):
        board.agrees(TREASURER, change)
    assert board.invited() == []


def test_a_fellow_officer_clears_a_forgotten_pin(board: Board) -> None:
    with transaction(board.engine) as session:
        set_pin(session, board.clock(), SECRETARY, hash_pin(PEPPER, SECRETARY, "2580"))
    change = board.asks(SECRETARY, ChangeKind.UNLOCK)
    assert told(board.engine)[-1] == (TREASURER, "officer_unlock_asked")
    with pytest.raises(MoveError):
        board.agrees(SECRETARY, change)
    with reading(board.engine) as session:
        assert has_pin(session, SECRETARY)
    board.agrees(TREASURER, change)
    assert told(board.engine)[-1] == (SECRETARY, "officer_unlock_agreed")
    with reading(board.engine) as session:
        assert not has_pin(session, SECRETARY)


def test_a_double_join_makes_one_officer(board: Board) -> None:
    change = board.adds(SECRETARY)
    board.agrees(TREASURER, change)
    with ThreadPoolExecutor(1) as pool:
        with transaction(board.engine) as session:
            know_phone(session, board.clock(), STRANGER)
            join_association(session, board.clock(), phone=STRANGER, change_id=change)
            second = pool.submit(board.joins, STRANGER, change)
            with pytest.raises(TimeoutError):
                second.result(timeout=0.5)
        with pytest.raises(MoveError):
            second.result()
