"""What admins decide of the people of the admin view; one of them always stays who can."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from service.domain.errors import NotAllowedError, NotFoundError
from service.domain.roles import UserRole
from service.models import AuditEntry, User, UserSession
from service.models.session import reading, transaction
from service.models.users import user_at
from service.usecases.inbox import answerers
from service.usecases.invitations import accept, invite, invite_again, invited
from service.usecases.sessions import begin, resume
from service.usecases.staff import LastAdminError, block, change_role, unblock
from service.usecases.users import NameNeededError, NameTakenError, WeakPasswordError, check_password, set_phone
from tests.conftest import MovedClock
from tests.service.web.person import HASHED, MakeUser
from tests.world import STRANGER, settle

PASSWORD = "trois ânes sous le figuier"
Loses = Callable[[Session, MovedClock, int], object]


def lowered(session: Session, clock: MovedClock, number: int) -> object:
    return change_role(session, clock(), actor="user:1", user_id=number, role=UserRole.COORDINATOR)


def blocked(session: Session, clock: MovedClock, number: int) -> object:
    return block(session, clock(), actor="user:1", user_id=number)


def signed_in(engine: Engine, clock: MovedClock, number: int) -> str:
    with transaction(engine) as session:
        user = session.get_one(User, number)
        return begin(session, clock(), user, device="Firefox", network="", half=False, replaces=None)


@pytest.mark.parametrize("loses", [lowered, blocked])
def test_the_last_admin_stays_one(engine: Engine, clock: MovedClock, make_user: MakeUser, loses: Loses) -> None:
    first, second = (make_user(name, UserRole.ADMIN) for name in ("Amina", "Idir"))
    make_user("Zahra")
    with transaction(engine) as session:
        invite(session, clock(), actor="user:1", name="Not here yet", role=UserRole.ADMIN)
    with transaction(engine) as session:
        loses(session, clock, first)
    for _ in range(2):
        with transaction(engine) as session, pytest.raises(LastAdminError):
            loses(session, clock, second)
    with reading(engine) as session:
        left = session.get_one(User, second)
        assert (left.role, left.blocked_at) == (UserRole.ADMIN, None)


@pytest.mark.parametrize("loses", [lowered, blocked])
def test_two_admins_who_end_each_other_at_once_do_not_both_succeed(
    engine: Engine, clock: MovedClock, make_user: MakeUser, loses: Loses
) -> None:
    numbers = [make_user(name, UserRole.ADMIN) for name in ("Amina", "Idir")]
    start, refused = Barrier(2), []

    def end(number: int) -> None:
        start.wait()
        try:
            with transaction(engine) as session:
                loses(session, clock, number)
        except LastAdminError:
            refused.append(number)

    threads = [Thread(target=end, args=(number,)) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1


@pytest.mark.parametrize("loses", [lowered, blocked])
def test_who_loses_a_right_loses_their_sessions(
    engine: Engine, clock: MovedClock, make_user: MakeUser, loses: Loses
) -> None:
    make_user("Amina", UserRole.ADMIN)
    idir = make_user("Idir", UserRole.ADMIN)
    token = signed_in(engine, clock, idir)
    with transaction(engine) as session:
        assert resume(session, clock(), token)
        loses(session, clock, idir)
        assert resume(session, clock(), token) is None


def test_the_same_role_again_ends_nothing(engine: Engine, clock: MovedClock, make_user: MakeUser) -> None:
    zahra = make_user()
    token = signed_in(engine, clock, zahra)
    with transaction(engine) as session:
        change_role(session, clock(), actor="user:1", user_id=zahra, role=UserRole.COORDINATOR)
        assert resume(session, clock(), token)
        assert session.scalar(select(func.count(AuditEntry.id))) == 0


def test_who_is_blocked_comes_in_by_no_way_until_unblocked(
    engine: Engine, clock: MovedClock, make_user: MakeUser
) -> None:
    settle(engine)
    zahra = make_user()
    with transaction(engine) as session:
        set_phone(session, clock(), name="Zahra", number=STRANGER)
        _, link = invite_again(session, clock(), actor="user:1", user_id=zahra)
        block(session, clock(), actor="user:1", user_id=zahra)
    with transaction(engine) as session:
        assert check_password(session, clock(), name="Zahra", proven=HASHED) is None
        assert user_at(session, STRANGER) is None
        assert answerers(session) == []
        for refused in (
            lambda: invited(session, clock(), link),
            lambda: invite_again(session, clock(), actor="user:1", user_id=zahra),
            lambda: set_phone(session, clock(), name="Zahra", number=STRANGER),
        ):
            with pytest.raises((NotFoundError, NotAllowedError)):
                refused()
    with transaction(engine) as session:
        unblock(session, clock(), actor="user:1", user_id=zahra)
        assert check_password(session, clock(), name="Zahra", proven=HASHED)
        assert [one.id for one in answerers(session)] == [zahra]


def test_an_invitation_opens_once_within_seven_days(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        user, token = invite(session, clock(), actor="user:1", name=" Idir ", role=UserRole.VIEWER)
        assert (user.name, token in str(user.link_hash)) == ("Idir", False)
        assert check_password(session, clock(), name="Idir", proven="") is None
    clock.move(days=6, hours=23)
    with transaction(engine) as session, pytest.raises(WeakPasswordError):
        accept(session, clock(), token=token, password="Idir")
    with transaction(engine) as session:
        accept(session, clock(), token=token, password=PASSWORD)
    with transaction(engine) as session, pytest.raises(NotFoundError):
        accept(session, clock(), token=token, password=PASSWORD)


def test_an_invitation_is_over_after_seven_days_and_when_another_was_made(engine: Engine, clock: MovedClock) -> None:
    with transaction(engine) as session:
        user, first = invite(session, clock(), actor="user:1", name="Idir", role=UserRole.VIEWER)
        _, second = invite_again(session, clock(), actor="user:1", user_id=user.id)
        assert invited(session, clock(), second) is user
        with pytest.raises(NotFoundError):
            invited(session, clock(), first)
        clock.move(days=7)
        with pytest.raises(NotFoundError):
            invited(session, clock(), second)


@pytest.mark.parametrize(
    ("name", "refusal"), [("Zahra", NameTakenError), (" ", NameNeededError), ("x" * 61, NameNeededError)]
)
def test_who_is_invited_has_a_name_of_their_own(
    engine: Engine, clock: MovedClock, make_user: MakeUser, name: str, refusal: type[Exception]
) -> None:
    make_user()
    with transaction(engine) as session, pytest.raises(refusal):
        invite(session, clock(), actor="user:1", name=name, role=UserRole.VIEWER)


def test_a_link_for_a_forgotten_password_unlocks_and_ends_sessions(
    engine: Engine, clock: MovedClock, make_user: MakeUser
) -> None:
    zahra = make_user()
    signed_in(engine, clock, zahra)
    for _ in range(5):
        with transaction(engine) as session:
            check_password(session, clock(), name="Zahra", proven=None)
    with transaction(engine) as session:
        _, token = invite_again(session, clock(), actor="user:1", user_id=zahra)
        user = accept(session, clock(), token=token, password=PASSWORD)
        assert check_password(session, clock(), name="Zahra", proven=user.password_hash)
        assert session.scalar(select(func.count(UserSession.id))) == 0
