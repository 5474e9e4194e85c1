"""One-time codes: taken once, within a half minute of drift, slowed down when wrong; recovery codes stand in once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from cryptography.fernet import Fernet

from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.models import RecoveryCodeRow, SecondFactorRow
from camsvc.db.queries import accounts, second_factor
from camsvc.db.queries.second_factor import FREE_WRONG_CODES, LONGEST_WAIT_S, RECOVERY_CODES, STEP_S, Proof, Verdict
from camsvc.errors import ConfigError, ConflictError, NotFoundError

NOW = datetime(2026, 11, 22, 10, 0, 10, tzinfo=UTC)
STEP = timedelta(seconds=STEP_S)


@pytest.fixture
def user(database: Database) -> int:
    with database.session() as session:
        return accounts.create(session, "lan", "correct horse battery", []).id


def code(secret: str, at: datetime = NOW) -> str:
    return pyotp.TOTP(secret).at(at)


def set_up(database: Database, cipher: Cipher, user: int, now: datetime = NOW - 10 * STEP) -> tuple[str, list[str]]:
    with database.session() as session:
        secret = second_factor.begin(session, cipher, user)
    with database.session() as session:
        verdict, codes = second_factor.confirm(session, cipher, user, code(secret, now), now)
    assert verdict.proof is Proof.CODE
    return secret, codes


def check(database: Database, cipher: Cipher, user: int, typed: str, now: datetime = NOW) -> Verdict:
    with database.session() as session:
        return second_factor.check(session, cipher, user, typed, now)


def test_it_counts_only_once_a_first_code_was_given(database: Database, cipher: Cipher, user: int) -> None:
    with database.session() as session:
        secret = second_factor.begin(session, cipher, user)
        assert second_factor.begin(session, cipher, user) == secret
        assert not second_factor.is_set_up(session, user)
        wrong = "000000" if code(secret) != "000000" else "111111"
        assert second_factor.confirm(session, cipher, user, wrong, NOW) == (Verdict(None), [])
        assert not second_factor.is_set_up(session, user)
        verdict, codes = second_factor.confirm(session, cipher, user, code(secret), NOW)
        assert verdict.proof is Proof.CODE
        assert len(set(codes)) == RECOVERY_CODES
        assert second_factor.state(session, user).recovery_codes == RECOVERY_CODES
        assert second_factor.is_set_up(session, user)
        with pytest.raises(ConflictError):
            second_factor.begin(session, cipher, user)


def test_a_code_is_taken_once_and_so_is_none_before_it(database: Database, cipher: Cipher, user: int) -> None:
    secret, _ = set_up(database, cipher, user)
    assert check(database, cipher, user, code(secret)).proof is Proof.CODE
    assert check(database, cipher, user, code(secret)).proof is None
    assert check(database, cipher, user, code(secret, NOW - STEP)).proof is None
    assert check(database, cipher, user, code(secret, NOW + STEP), NOW + STEP).proof is Proof.CODE


@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_one_step_off(database: Database, cipher: Cipher, user: int, steps: int, taken: bool) -> None:
    secret, _ = set_up(database, cipher, user)
    verdict = check(database, cipher, user, code(secret, NOW + steps * STEP))
    assert (verdict.proof is Proof.CODE) is taken


def test_the_code_that_set_it_up_does_not_log_in(database: Database, cipher: Cipher, user: int) -> None:
    secret, _ = set_up(database, cipher, user, NOW)
    assert check(database, cipher, user, code(secret)).proof is None


def test_a_code_may_be_typed_with_spaces_and_wide_figures(database: Database, cipher: Cipher, user: int) -> None:
    secret, _ = set_up(database, cipher, user)
    plain = code(secret)
    wide = "".join(chr(ord(each) - ord("0") + ord("０")) for each in plain)
    assert check(database, cipher, user, f" {wide[:3]} {wide[3:]}\n").proof is Proof.CODE


@pytest.mark.parametrize("typed", ["", " ", "12345", "1234567", "abcdef", "\x00", "\ud800", "0" * 5000])
def test_anything_else_is_only_wrong(database: Database, cipher: Cipher, user: int, typed: str) -> None:
    set_up(database, cipher, user)
    assert check(database, cipher, user, typed).proof is None


def test_wrong_codes_slow_down_the_next_ones_and_a_right_one_forgives_them(
    database: Database, cipher: Cipher, user: int
) -> None:
    secret, _ = set_up(database, cipher, user)
    right = {code(secret, NOW + step * STEP) for step in range(-1, 2)}
    wrong = next(each for each in ("000000", "111111", "222222", "333333") if each not in right)
    waits = [check(database, cipher, user, wrong).wait_s for _ in range(FREE_WRONG_CODES)]
    assert waits == [0.0] * (FREE_WRONG_CODES - 1) + [30.0]
    assert check(database, cipher, user, code(secret)).proof is None, "not looked at while refused"
    later = NOW + timedelta(seconds=31)
    assert check(database, cipher, user, "x", later).wait_s == 60.0
    assert check(database, cipher, user, "x", later + timedelta(seconds=61)).wait_s == 120.0
    for _ in range(20):
        later += timedelta(seconds=LONGEST_WAIT_S + 1)
        assert check(database, cipher, user, "x", later).wait_s <= LONGEST_WAIT_S
    later += timedelta(seconds=LONGEST_WAIT_S + 1)
    assert check(database, cipher, user, code(secret, later), later).proof is Proof.CODE
    assert check(database, cipher, user, "x", later).wait_s == 0.0


def test_a_recovery_code_is_good_once_also_while_codes_are_refused(
    database: Database, cipher: Cipher, user: int
) -> None:
    _, codes = set_up(database, cipher, user)
    for _ in range(FREE_WRONG_CODES):
        check(database, cipher, user, "x")
    misread = codes[0].upper().replace("-", " ").replace("O", "0").replace("L", "1").replace("B", "8")
    assert check(database, cipher, user, misread).proof is Proof.RECOVERY
    assert check(database, cipher, user, codes[0]).proof is None
    with database.session() as session:
        assert second_factor.state(session, user).recovery_codes == RECOVERY_CODES - 1


def test_new_recovery_codes_end_the_old_ones(database: Database, cipher: Cipher, user: int) -> None:
    _, old = set_up(database, cipher, user)
    with database.session() as session:
        new = second_factor.renew_recovery_codes(session, user)
    assert check(database, cipher, user, old[3]).proof is None
    assert check(database, cipher, user, new[3]).proof is Proof.RECOVERY


def test_recovery_codes_of_another_account_open_nothing(database: Database, cipher: Cipher, user: int) -> None:
    with database.session() as session:
        other = accounts.create(session, "minh", "correct horse battery", []).id
    _, codes = set_up(database, cipher, other)
    set_up(database, cipher, user)
    assert check(database, cipher, user, codes[0]).proof is None


def test_removing_it_leaves_nothing(database: Database, cipher: Cipher, user: int) -> None:
    set_up(database, cipher, user)
    with database.session() as session:
        assert second_factor.remove(session, user)
        assert not second_factor.remove(session, user)
        assert second_factor.state(session, user) == second_factor.State(None, 0)
        with pytest.raises(NotFoundError):
            second_factor.check(session, cipher, user, "000000", NOW)


def test_the_tables_hold_neither_secret_nor_codes(database: Database, cipher: Cipher, user: int) -> None:
    secret, codes = set_up(database, cipher, user)
    with database.session() as session:
        row = session.get_one(SecondFactorRow, user)
        hashes = [each.hash for each in session.query(RecoveryCodeRow)]
    assert secret.encode() not in row.sealed_secret
    assert all(each.replace("-", "").encode() not in hash_ for each in codes for hash_ in hashes)


def test_with_another_key_it_says_what_to_do_and_no_secret(database: Database, cipher: Cipher, user: int) -> None:
    secret, _ = set_up(database, cipher, user)
    with pytest.raises(ConfigError) as caught:
        check(database, Cipher(Fernet.generate_key()), user, code(secret))
    assert "reset-second-factor" in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_secret_moved_to_another_account_does_not_open(database: Database, cipher: Cipher, user: int) -> None:
    secret, _ = set_up(database, cipher, user)
    with database.session() as session:
        other = accounts.create(session, "minh", "correct horse battery", []).id
    set_up(database, cipher, other)
    with database.session() as session:
        session.get_one(SecondFactorRow, other).sealed_secret = session.get_one(SecondFactorRow, user).sealed_secret
    with pytest.raises(ConfigError):
        check(database, cipher, other, code(secret))
