"""A second factor: what opens, how often, and who is shut out."""

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import Engine, select

from service.models import AuditEntry, User
from service.models.session import reading, transaction
from service.security import factor_key
from service.usecases.second_factor import (
    NoFactorError,
    WrongCodeError,
    check_code,
    new_nonce,
    plain,
    renew_codes,
    turn_off,
    turn_on,
)
from service.usecases.users import check_password
from tests.conftest import MovedClock
from tests.service.web.person import HASHED, MakeUser

SECRET = "a-key-that-protects-nothing-but-tests"
NONCE = new_nonce()
AUTHENTICATOR = pyotp.TOTP(factor_key(SECRET, NONCE))


@pytest.fixture
def zahra(make_user: MakeUser) -> int:
    return make_user()


@pytest.fixture
def codes(engine: Engine, clock: MovedClock, zahra: int) -> list[str]:
    """Zahra's recovery codes; her second factor is on since a minute."""
    with transaction(engine) as session:
        code = AUTHENTICATOR.at(clock())
        given = turn_on(session, clock(), SECRET, user_id=zahra, nonce=NONCE, code=code)
    clock.move(minutes=1)
    return given


def opens(engine: Engine, clock: MovedClock, user_id: int, code: str) -> bool:
    with transaction(engine) as session:
        return check_code(session, clock(), SECRET, user_id=user_id, code=code) is not None


def test_a_code_opens_once(engine: Engine, clock: MovedClock, zahra: int, codes: list[str]) -> None:
    assert len(codes) == 10
    code = AUTHENTICATOR.at(clock())
    assert opens(engine, clock, zahra, code)
    assert not opens(engine, clock, zahra, code)
    clock.move(seconds=30)
    assert not opens(engine, clock, zahra, code)  # it would still be taken for a slow clock's
    assert opens(engine, clock, zahra, AUTHENTICATOR.at(clock()))


@pytest.mark.usefixtures("codes")
def test_the_code_that_turned_it_on_does_not_open_as_well(engine: Engine, clock: MovedClock, zahra: int) -> None:
    assert not opens(engine, clock, zahra, AUTHENTICATOR.at(clock() - timedelta(minutes=1)))


@pytest.mark.usefixtures("codes")
@pytest.mark.parametrize(("late", "answer"), [(-60, "no"), (-30, "in"), (0, "in"), (30, "in"), (60, "no")])
def test_a_telephone_may_be_half_a_minute_off(
    engine: Engine, clock: MovedClock, zahra: int, late: int, answer: str
) -> None:
    assert opens(engine, clock, zahra, AUTHENTICATOR.at(clock() + timedelta(seconds=late))) is (answer == "in")


def test_a_recovery_code_opens_once_and_the_others_after_it(
    engine: Engine, clock: MovedClock, zahra: int, codes: list[str]
) -> None:
    first, second, *_ = codes
    assert opens(engine, clock, zahra, f" {first.upper()} ")
    assert not opens(engine, clock, zahra, first)
    assert opens(engine, clock, zahra, second.replace("-", ""))
    with reading(engine) as session:
        assert len(session.get_one(User, zahra).recovery_hashes) == 8


def test_new_recovery_codes_take_the_place_of_the_old(
    engine: Engine, clock: MovedClock, zahra: int, codes: list[str]
) -> None:
    with transaction(engine) as session:
        fresh = renew_codes(session, clock(), SECRET, user_id=zahra)
    assert not opens(engine, clock, zahra, codes[0])
    assert opens(engine, clock, zahra, fresh[0])


@pytest.mark.parametrize("typed", ["123 456", "١٢٣٤٥٦", "123-456"])
def test_a_code_may_be_typed_as_people_write_numbers(typed: str) -> None:
    assert plain(typed) == "123456"


@pytest.mark.usefixtures("codes")
def test_five_wrong_codes_lock_whatever_passwords_were_right_between(
    engine: Engine, clock: MovedClock, zahra: int
) -> None:
    for _ in range(5):
        with transaction(engine) as session:
            assert check_password(session, clock(), name="Zahra", proven=HASHED)
        assert not opens(engine, clock, zahra, "000000")
    assert not opens(engine, clock, zahra, AUTHENTICATOR.at(clock()))
    with transaction(engine) as session:
        assert check_password(session, clock(), name="Zahra", proven=HASHED) is None
    clock.move(minutes=15)
    assert opens(engine, clock, zahra, AUTHENTICATOR.at(clock()))


@pytest.mark.usefixtures("codes")
def test_wrong_passwords_and_wrong_codes_count_together(engine: Engine, clock: MovedClock, zahra: int) -> None:
    for _ in range(4):
        with transaction(engine) as session:
            check_password(session, clock(), name="Zahra", proven=None)
    assert not opens(engine, clock, zahra, "000000")
    assert not opens(engine, clock, zahra, AUTHENTICATOR.at(clock()))


def test_who_has_no_second_factor_comes_in_by_no_code(engine: Engine, clock: MovedClock, zahra: int) -> None:
    key = pyotp.TOTP(factor_key(SECRET, ""))
    assert not opens(engine, clock, zahra, key.at(clock()))


def test_it_is_turned_on_by_a_right_code_and_once(engine: Engine, clock: MovedClock, zahra: int) -> None:
    with transaction(engine) as session, pytest.raises(WrongCodeError):
        turn_on(session, clock(), SECRET, user_id=zahra, nonce=NONCE, code="000000")
    code = AUTHENTICATOR.at(clock())
    with transaction(engine) as session:
        turn_on(session, clock(), SECRET, user_id=zahra, nonce=NONCE, code=code)
    with transaction(engine) as session, pytest.raises(NoFactorError):
        turn_on(session, clock(), SECRET, user_id=zahra, nonce=new_nonce(), code=code)


def test_turned_off_nothing_of_it_is_kept(engine: Engine, clock: MovedClock, zahra: int, codes: list[str]) -> None:
    with transaction(engine) as session:
        turn_off(session, clock(), actor="operator", user_id=zahra)
    assert not opens(engine, clock, zahra, codes[0])
    with reading(engine) as session:
        user = session.get_one(User, zahra)
        assert (user.factor_nonce, user.recovery_hashes) == ("", [])
    with transaction(engine) as session, pytest.raises(NoFactorError):
        turn_off(session, clock(), actor="operator", user_id=zahra)


def test_the_database_holds_neither_key_nor_codes(
    engine: Engine, clock: MovedClock, zahra: int, codes: list[str]
) -> None:
    assert opens(engine, clock, zahra, codes[0])
    with reading(engine) as session:
        user = session.get_one(User, zahra)
        kept = str((user.factor_nonce, user.recovery_hashes, [one.data for one in session.scalars(select(AuditEntry))]))
    assert not any(secret in kept for code in codes for secret in (AUTHENTICATOR.secret, code, plain(code)))
