"""People of the admin view, as the use cases make and judge them."""

import pytest
from sqlalchemy import Engine, select

from service.container import Clock
from service.domain.errors import NotFoundError
from service.domain.roles import UserRole
from service.models import AuditEntry, User
from service.models.session import reading, transaction
from service.security import password_fits
from service.usecases.users import (
    NameTakenError,
    WeakPasswordError,
    change_password,
    check_sign_in,
    create_user,
    find_user,
)
from tests.service.web.person import HASHED, MakeUser, Person


def test_a_new_user_signs_in_with_the_password_shown_once(engine: Engine, clock: Clock, person: Person) -> None:
    with transaction(engine) as session:
        user, password = create_user(session, clock(), name=" Zahra  Ait\u202e ", role=UserRole.ADMIN)
    assert (user.name, user.role, user.password_once) == ("Zahra Ait", UserRole.ADMIN, True)
    assert password not in user.password_hash
    assert password_fits(user.password_hash, password)
    assert person.sign_in("zahra ait", password).status_code == 401
    assert person.sign_in(" Zahra Ait", password).location == "/admin/password"
    with reading(engine) as session:
        entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).first()
    assert entry
    assert (entry.action, entry.subject, entry.data) == ("user.created", f"user:{user.id}", {"role": "admin"})


def test_a_name_belongs_to_one(engine: Engine, clock: Clock, make_user: MakeUser) -> None:
    make_user("Zahra")
    with transaction(engine) as session, pytest.raises(NameTakenError):
        create_user(session, clock(), name="Zahra ", role=UserRole.VIEWER)


def test_a_password_changed_while_it_was_checked_no_longer_opens(
    engine: Engine, clock: Clock, make_user: MakeUser
) -> None:
    number = make_user()
    with transaction(engine) as session:
        change_password(session, clock(), user_id=number, password="trois ânes sous le figuier")
    with transaction(engine) as session:
        assert check_sign_in(session, clock(), name="Zahra", proven=HASHED) is None


def test_attempts_during_a_lock_neither_count_nor_lengthen_it(
    engine: Engine, clock: Clock, make_user: MakeUser
) -> None:
    make_user()
    for _ in range(20):
        with transaction(engine) as session:
            check_sign_in(session, clock(), name="Zahra", proven=None)
    with reading(engine) as session:
        assert len(session.scalars(select(AuditEntry)).all()) == 6
        user = find_user(session, "Zahra")
    assert user
    assert user.locked_until
    assert (user.locked_until - clock()).total_seconds() == 15 * 60


def test_the_shortest_password_has_12_characters(engine: Engine, clock: Clock, make_user: MakeUser) -> None:
    number = make_user()
    with transaction(engine) as session, pytest.raises(WeakPasswordError):
        change_password(session, clock(), user_id=number, password="x" * 11)
    with transaction(engine) as session:
        assert not change_password(session, clock(), user_id=number, password="y" * 12).password_once


def test_nobody_gets_no_password(engine: Engine, clock: Clock) -> None:
    with transaction(engine) as session, pytest.raises(NotFoundError):
        change_password(session, clock(), user_id=999, password="long enough for it")


def test_no_audit_entry_holds_a_password(engine: Engine, clock: Clock, make_user: MakeUser) -> None:
    number = make_user()
    with transaction(engine) as session:
        change_password(session, clock(), user_id=number, password="trois ânes sous le figuier")
        create_user(session, clock(), name="Idir", role=UserRole.VIEWER)
    with reading(engine) as session:
        users = session.scalars(select(User)).all()
        entries = str([(one.data, one.action, one.subject) for one in session.scalars(select(AuditEntry))])
    assert "figuier" not in entries
    assert not any(user.password_hash in entries for user in users)
