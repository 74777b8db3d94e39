"""Passwords, tokens and keyed hashes."""

import base64
import re
from datetime import UTC, datetime

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from service import security
from service.security import (
    factor_counter,
    factor_key,
    hash_password,
    keyed_hash,
    new_password,
    new_recovery_codes,
    new_token,
    password_fits,
    token_fits,
)

PASSWORD = "quatre chèvres sur un arganier"
TOKENS = ("the-token-that-goes-0123", "the-token-that-comes-012")
anything = st.text()  # lone surrogates too: a gateway may send any bytes


class WatchedHasher:
    """The real hasher, and what it was asked to compare with."""

    def __init__(self) -> None:
        self.real = PasswordHasher()
        self.compared: list[str] = []

    def hash(self, password: str) -> str:
        return self.real.hash(password)

    def verify(self, hashed: str, password: str) -> bool:
        self.compared.append(hashed)
        return self.real.verify(hashed, password)


def test_a_password_fits_its_own_hash_and_no_other() -> None:
    hashed = hash_password(PASSWORD)
    assert password_fits(hashed, PASSWORD)
    assert not password_fits(hashed, PASSWORD + " ")
    assert not password_fits(hashed, "")
    assert not password_fits(hash_password("another"), PASSWORD)


@pytest.mark.parametrize("hashed", [None, ""])
def test_no_password_fits_who_has_none(hashed: str | None) -> None:
    assert not any(password_fits(hashed, guess) for guess in ("nobody", "", PASSWORD))


def test_a_second_factor_counts_as_rfc_6238_does() -> None:
    # Its appendix B has eight digits for this key and second, 07081804; these are the last six.
    key = base64.b32encode(b"12345678901234567890").decode()
    at = datetime.fromtimestamp(1_111_111_109, UTC)
    assert factor_counter(key, "081804", at) == 1_111_111_109 // 30
    assert factor_counter(key, "081805", at) is None


def test_a_key_needs_the_secret_and_the_nonce() -> None:
    keys = {factor_key(secret, nonce) for secret in ("one", "two") for nonce in ("a", "b")}
    assert [len(key) for key in keys] == [32] * 4


def test_tokens_and_recovery_codes_are_new_each_time() -> None:
    assert len({new_token() for _ in range(100)}) == 100
    codes = [code for _ in range(10) for code in new_recovery_codes()]
    assert len(set(codes)) == 100
    assert all(re.fullmatch(r"[a-z2-7]{5}-[a-z2-7]{5}", code) for code in codes)


def test_a_hash_is_argon2id_salted_and_does_not_hold_the_password() -> None:
    first, second = hash_password(PASSWORD), hash_password(PASSWORD)
    assert first != second
    assert first.startswith("$argon2id$")
    assert PASSWORD not in first


@pytest.mark.parametrize("hashed", ["", "plain", "$argon2id$broken", "$2b$12$" + "x" * 53])
def test_what_is_no_hash_fits_nothing(hashed: str) -> None:
    assert not password_fits(hashed, PASSWORD)
    assert not password_fits(hashed, "")


def test_nobody_takes_the_same_path_as_somebody(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = WatchedHasher()
    monkeypatch.setattr(security, "_HASHER", watched)
    monkeypatch.setattr(security, "_nobody", security._nobody.__wrapped__)
    hashed = hash_password(PASSWORD)
    assert not password_fits(None, PASSWORD)
    assert not password_fits(hashed, "wrong")
    nobody, somebody = (compared.rpartition("$")[0].rpartition("$")[0] for compared in watched.compared)
    assert nobody == somebody == "$argon2id$v=19$m=65536,t=3,p=4"  # the same work


@pytest.mark.parametrize("guess", ["nobody", "", "None"])
def test_nobody_has_no_password(guess: str) -> None:
    assert not password_fits(None, guess)


def test_a_one_time_password_is_easy_to_copy_and_never_the_same() -> None:
    made = {new_password() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"[a-z2-7]{4}(-[a-z2-7]{4}){3}", one) for one in made)


@given(st.lists(anything, max_size=4), st.lists(anything, max_size=4))
def test_other_parts_give_another_hash(one: list[str], other: list[str]) -> None:
    assert (keyed_hash("key", *one) == keyed_hash("key", *other)) == (one == other)


@given(anything, anything.filter(len))
def test_parts_cut_elsewhere_give_another_hash(first: str, second: str) -> None:
    cuts = [(first, second), (first + second,), ("", first + second), (first + second[0], second[1:])]
    hashes = {keyed_hash("key", *cut) for cut in cuts}
    assert len(hashes) == len(set(cuts))


def test_a_part_that_looks_like_a_length_changes_nothing() -> None:
    length = (1).to_bytes(8, "big").decode()
    assert keyed_hash("key", "a", "b") != keyed_hash("key", f"a{length}b")
    assert keyed_hash("key") != keyed_hash("key", "")


def test_a_hash_depends_on_the_whole_key() -> None:
    long = "k" * 64
    keys = ["key", "kez", long, f"{long}1", f"{long}2"]
    assert len({keyed_hash(key, "part") for key in keys}) == len(keys)


def test_a_hash_is_192_bits_that_an_address_can_carry() -> None:
    assert re.fullmatch(r"[\w-]{32}", keyed_hash("key", "part"))


@pytest.mark.parametrize("given_token", TOKENS)
def test_each_of_the_tokens_fits(given_token: str) -> None:
    assert token_fits(TOKENS, given_token)


@pytest.mark.parametrize(
    "guess", ["", "x", TOKENS[0][:-1], TOKENS[0] + "x", ",".join(TOKENS), TOKENS[0].upper(), "é\ud800"]
)
def test_no_other_token_fits(guess: str) -> None:
    assert not token_fits(TOKENS, guess)


def test_without_tokens_nothing_fits() -> None:
    assert not token_fits((), "")
