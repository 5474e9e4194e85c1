from __future__ import annotations

import hashlib
import threading
import unicodedata

import pytest
from argon2 import PasswordHasher
from sqlalchemy import text

from camsvc.db.database import Database
from camsvc.db.models import TokenKind
from camsvc.db.queries import accounts
from camsvc.domain.account import Role, User
from camsvc.errors import AccessError, ConflictError, InputError, NotFoundError

PASSWORD = "correct horse battery"


@pytest.fixture
def user(database: Database) -> User:
    with database.session() as session:
        return accounts.create(session, "Lan.Nguyen", PASSWORD, [Role.POLICE, Role.VIEWER])


def _issue(database: Database, user: User, kind: TokenKind = TokenKind.BEARER, ttl_s: float = 60) -> str:
    with database.session() as session:
        return accounts.issue(session, user, kind, ttl_s)


def _who(database: Database, token: str, kind: TokenKind | None = None) -> User:
    with database.session() as session:
        return accounts.authenticate(session, token, kind)


class TestFirstAdministrator:
    def test_a_password_is_generated_once_and_opens(self, database: Database) -> None:
        with database.session() as session:
            password = accounts.ensure_admin(session, None)
        assert password is not None
        assert len(password) >= 20
        assert accounts.login(database, "admin", password).roles == {Role.ADMINISTRATOR}
        with database.session() as session:
            assert accounts.ensure_admin(session, None) is None
            assert accounts.ensure_admin(session, "another password") is None
        assert accounts.login(database, "admin", password)

    def test_a_given_password_is_taken_and_not_told_back(self, database: Database) -> None:
        with database.session() as session:
            assert accounts.ensure_admin(session, PASSWORD) is None
        assert accounts.login(database, "admin", PASSWORD)

    def test_a_given_password_that_is_too_short_is_refused(self, database: Database) -> None:
        with pytest.raises(InputError, match="5 characters"), database.session() as session:
            accounts.ensure_admin(session, "12345")

    def test_servers_that_start_together_make_one(self, database: Database) -> None:
        made: list[str | None] = []

        def one() -> None:
            with database.session() as session:
                made.append(accounts.ensure_admin(session, None))

        threads = [threading.Thread(target=one) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        assert len([password for password in made if password]) == 1


class TestLogin:
    def test_the_right_password_opens_whatever_the_case_of_the_name(self, database: Database, user: User) -> None:
        assert accounts.login(database, " LAN.nguyen", PASSWORD) == user
        assert user.roles == {Role.POLICE, Role.VIEWER}

    @pytest.mark.parametrize(
        ("name", "password"),
        [("lan.nguyen", "wrong"), ("nobody", PASSWORD), ("", ""), ("a\0", "\0"), ("\udcff", "\udcff")],
    )
    def test_anything_else_is_refused_in_the_same_words(
        self, database: Database, user: User, name: str, password: str
    ) -> None:
        with pytest.raises(AccessError) as caught:
            accounts.login(database, name, password)
        assert str(caught.value) == accounts._REFUSED

    def test_too_many_failures_lock_out_the_right_password_too_until_the_time_is_up(
        self, database: Database, user: User
    ) -> None:
        for _ in range(accounts.LOCK_AFTER_FAILURES):
            with pytest.raises(AccessError):
                accounts.login(database, "lan.nguyen", "wrong")
        with pytest.raises(AccessError):
            accounts.login(database, "lan.nguyen", PASSWORD)
        with database.session() as session:
            left = session.scalar(text("SELECT extract(epoch FROM locked_until - clock_timestamp())::float FROM users"))
            assert left == pytest.approx(accounts.LOCK_S, abs=20)
            session.execute(text("UPDATE users SET locked_until = clock_timestamp() - interval '1 s'"))
        assert accounts.login(database, "lan.nguyen", PASSWORD)

    def test_letters_are_the_same_however_they_are_typed(self, database: Database) -> None:
        with database.session() as session:
            accounts.create(session, "composed", unicodedata.normalize("NFC", "cầu Như Nguyệt"), [])
        assert accounts.login(database, "composed", unicodedata.normalize("NFD", "cầu Như Nguyệt"))

    def test_a_success_sets_the_count_back(self, database: Database, user: User) -> None:
        for _ in range(3):
            for _ in range(accounts.LOCK_AFTER_FAILURES - 1):
                with pytest.raises(AccessError):
                    accounts.login(database, "lan.nguyen", "wrong")
            assert accounts.login(database, "lan.nguyen", PASSWORD)

    def test_parallel_guesses_cannot_pass_the_bound(
        self, database: Database, user: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked_at: list[str] = []
        verify = accounts._verify

        def counted(stored: str, password: str) -> bool:
            if stored != accounts._decoy():
                looked_at.append(stored)
            return verify(stored, password)

        monkeypatch.setattr(accounts, "_verify", counted)

        def guess() -> None:
            for _ in range(8):
                with pytest.raises(AccessError):
                    accounts.login(database, "lan.nguyen", "wrong")

        threads = [threading.Thread(target=guess) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert len(looked_at) == accounts.LOCK_AFTER_FAILURES

    def test_a_disabled_account_is_refused_and_its_tokens_end(self, database: Database, user: User) -> None:
        token = _issue(database, user)
        with database.session() as session:
            accounts.set_disabled(session, user.id, disabled=True)
        with pytest.raises(AccessError):
            accounts.login(database, "lan.nguyen", PASSWORD)
        with database.session() as session:
            accounts.set_disabled(session, user.id, disabled=False)
        assert accounts.login(database, "lan.nguyen", PASSWORD)
        with pytest.raises(AccessError):
            _who(database, token)

    def test_an_old_kind_of_hash_is_renewed_at_the_next_login(
        self, database: Database, user: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(accounts, "_HASHER", PasswordHasher(time_cost=2, memory_cost=64, parallelism=1))
        accounts.login(database, "lan.nguyen", PASSWORD)
        with database.session() as session:
            assert "t=2" in (session.scalar(text("SELECT password_hash FROM users")) or "")
        assert accounts.login(database, "lan.nguyen", PASSWORD)

    def test_a_new_password_replaces_the_old_one_unlocks_and_ends_tokens(self, database: Database, user: User) -> None:
        token = _issue(database, user)
        for _ in range(accounts.LOCK_AFTER_FAILURES):
            with pytest.raises(AccessError):
                accounts.login(database, "lan.nguyen", "wrong")
        with database.session() as session:
            accounts.set_password(session, user.id, "a whole new password")
        assert accounts.login(database, "lan.nguyen", "a whole new password")
        with pytest.raises(AccessError):
            accounts.login(database, "lan.nguyen", PASSWORD)
        with pytest.raises(AccessError):
            _who(database, token)


class TestAccounts:
    def test_a_name_is_taken_once(self, database: Database, user: User) -> None:
        with pytest.raises(ConflictError, match=r"lan\.nguyen"), database.session() as session:
            accounts.create(session, "LAN.NGUYEN", PASSWORD, [])
        with database.session() as session:
            assert accounts.all_users(session) == [user]

    @pytest.mark.parametrize("name", ["", " ", "-x", "a b", "a\0", "ê", "x" * 65])
    def test_a_name_that_will_not_do_is_refused(self, database: Database, name: str) -> None:
        with pytest.raises(InputError) as caught, database.session() as session:
            accounts.create(session, name, PASSWORD, [])
        assert caught.value.parameter == "name"

    def test_an_unknown_account_is_not_found(self, database: Database) -> None:
        with pytest.raises(NotFoundError), database.session() as session:
            accounts.set_password(session, 99, PASSWORD)

    def test_no_password_or_token_is_kept_as_it_is(self, database: Database, user: User) -> None:
        token = _issue(database, user)
        with database.session() as session:
            kept = repr(session.execute(text("SELECT u::text, t::text, t.hash FROM users u, tokens t")).all())
            digest = session.scalar(text("SELECT hash FROM tokens"))
        assert token not in kept
        assert PASSWORD not in kept
        assert digest == hashlib.sha256(token.encode()).digest()


class TestTokens:
    def test_a_token_tells_who_asks(self, database: Database, user: User) -> None:
        first, second = _issue(database, user), _issue(database, user, TokenKind.SESSION)
        assert first != second
        assert len(first) >= 43
        assert _who(database, first) == _who(database, second, TokenKind.SESSION) == user

    def test_a_token_of_one_kind_does_not_serve_as_the_other(self, database: Database, user: User) -> None:
        with pytest.raises(AccessError):
            _who(database, _issue(database, user, TokenKind.SESSION), TokenKind.BEARER)

    @pytest.mark.parametrize("token", ["", "x", "\udcff"])
    def test_an_unknown_token_is_refused(self, database: Database, user: User, token: str) -> None:
        with pytest.raises(AccessError):
            _who(database, token)

    def test_an_expired_token_is_refused_and_purged(self, database: Database, user: User) -> None:
        expired, valid = _issue(database, user, ttl_s=-1), _issue(database, user)
        with pytest.raises(AccessError):
            _who(database, expired)
        with database.session() as session:
            accounts.purge(session)
            assert session.scalar(text("SELECT count(*) FROM tokens")) == 1
        assert _who(database, valid) == user

    def test_a_revoked_token_is_refused_and_others_stay(self, database: Database, user: User) -> None:
        first, second = _issue(database, user), _issue(database, user)
        with database.session() as session:
            accounts.revoke(session, first)
            accounts.revoke(session, "unknown")
        with pytest.raises(AccessError):
            _who(database, first)
        assert _who(database, second) == user
