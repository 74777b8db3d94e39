"""`tiwizi admin`: a user works by phone; an operator helps who cannot come in."""

import json

import pyotp
from click.testing import CliRunner, Result
from sqlalchemy import select

from service.cli.admin import admin
from service.container import Container
from service.domain.roles import UserRole
from service.models import AuditEntry, User
from service.models.session import reading, transaction
from service.security import factor_key, hash_pin, password_fits
from service.usecases.pins import has_pin, set_pin
from service.usecases.second_factor import new_nonce, turn_on
from service.usecases.staff import block
from service.usecases.users import create_user
from tests.conftest import MovedClock
from tests.world import LYON, SECRETARY, STRANGER, diaspora, settle, village


def run(container: Container, *words: str, command: str = "phone") -> Result:
    return CliRunner().invoke(admin, [command, *words], obj=container)


def user(container: Container, name: str = "Zahra") -> User:
    with reading(container.engine) as session:
        return session.scalars(select(User).where(User.name == name)).one()


def test_a_user_gets_a_phone_and_loses_it(container: Container, clock: MovedClock) -> None:
    with transaction(container.engine) as session:
        create_user(session, clock(), name="Zahra", role=UserRole.COORDINATOR)
    assert run(container, "Zahra", "06 00 00 00 09").output == "Zahra dials from +212 6 00 00 00 09.\n"
    assert user(container).phone == STRANGER
    with transaction(container.engine) as session:
        set_pin(session, clock(), STRANGER, hash_pin("pepper", STRANGER, "2580"))
    assert run(container, "Zahra", STRANGER).exit_code == 0
    with reading(container.engine) as session:
        assert not has_pin(session, STRANGER)
        entries = session.scalars(select(AuditEntry).where(AuditEntry.action == "user.phone_set")).all()
    assert len(entries) == 2
    assert not any(STRANGER in f"{entry.actor}{entry.subject}{entry.data}" for entry in entries)
    assert run(container, "Zahra").output == "Zahra has no phone now.\n"
    assert user(container).phone is None


def test_a_phone_that_is_somebody_elses_is_refused(container: Container, clock: MovedClock) -> None:
    settle(container.engine)
    with transaction(container.engine) as session:
        for name in ("Zahra", "Idir"):
            create_user(session, clock(), name=name, role=UserRole.VIEWER)
        village(session, clock())
        diaspora(session, clock())
    assert run(container, "Idir", STRANGER).exit_code == 0
    for number in (STRANGER, SECRETARY, LYON):
        answer = run(container, "Zahra", number)
        assert (answer.exit_code, "another user's, or speaks for an association" in answer.output) == (1, True)
    assert "not a phone number" in run(container, "Zahra", "12").output
    assert "No user is named 'Nobody'" in run(container, "Nobody", STRANGER).output
    assert user(container).phone is None


def test_an_operator_lets_in_who_lost_everything(container: Container, clock: MovedClock) -> None:
    nonce = new_nonce()
    code = pyotp.TOTP(factor_key(container.settings.secret_key, nonce)).at(clock())
    with transaction(container.engine) as session:
        zahra, before = create_user(session, clock(), name="Zahra", role=UserRole.ADMIN)
        create_user(session, clock(), name="Idir", role=UserRole.ADMIN)
        turn_on(session, clock(), container.settings.secret_key, user_id=zahra.id, nonce=nonce, code=code)
        block(session, clock(), actor="user:2", user_id=zahra.id)
    listed = run(container, command="list").output.splitlines()
    assert listed == ["Idir\tadmin\tactive\t-\tnever", "Zahra\tadmin\tblocked\tsecond factor\tnever"]
    assert "is blocked" in run(container, "Zahra", STRANGER).output
    given = json.loads(run(container, "Zahra", "--json", command="password").output)
    assert (given["name"], given["role"], user(container).blocked_at) == ("Zahra", "admin", None)
    assert password_fits(user(container).password_hash, given["password"])
    assert not password_fits(user(container).password_hash, before)
    assert "password alone" in run(container, "Zahra", command="second-factor").output
    assert not user(container).has_factor
    assert "has no second factor" in run(container, "Zahra", command="second-factor").output
    for command in ("password", "second-factor"):
        assert "No user is named 'Nobody'" in run(container, "Nobody", command=command).output
    assert "1 to 60" in run(container, " ", command="create").output
    with reading(container.engine) as session:
        acts = session.scalars(select(AuditEntry.action).where(AuditEntry.actor == "operator")).all()
    assert sorted(acts) == ["user.created", "user.created", "user.factor_off", "user.password_given"]
