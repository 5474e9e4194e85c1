from __future__ import annotations

import hashlib
import json
import threading
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg import errors
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from camsvc.db.audit_proof import Fault, verify
from camsvc.db.audit_seal import KEEPER, script, statements
from camsvc.db.database import Database
from camsvc.db.queries import audit
from camsvc.db.queries.audit import Wanted
from camsvc.domain.audit import START, Deed, Head, Kind, Outcome, canonical, digest
from camsvc.embedded.postgres import OWNER, EmbeddedPostgres

INCIDENT = UUID("01a1aa14-0080-7c64-8962-d808addf4936")

TRIGGERS = (
    ("audit", "audit_refuse"),
    ("audit", "audit_follow"),
    ("audit_head", "audit_refuse"),
    ("audit_head", "audit_step"),
)


def append(database: Database, *whats: str, **members: object) -> Head:
    for what in whats:
        with database.session() as session:
            audit.append(session, Deed(Kind.SEARCH, what, **{"details": {"n": 1.5}, **members}))  # type: ignore[arg-type]
    with database.session() as session:
        return audit.head(session)


def tamper(database: Database, *statements_: str) -> None:
    """As the owner of the tables, who may drop their triggers."""
    with database.session() as session:
        for table, trigger in TRIGGERS:
            session.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER {trigger}"))
        for each in statements_:
            session.execute(text(each))
        for table, trigger in TRIGGERS:
            session.execute(text(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {trigger}"))


@pytest.fixture
def chain(database: Database) -> Database:
    append(database, *(f"thing.{number}" for number in range(1, 10)))
    return database


def found(database: Database, anchor: Head | None = None) -> tuple[int, Fault] | None:
    broken = verify(database, anchor).broken
    return (broken.seq, broken.fault) if broken else None


class TestChain:
    def test_an_empty_chain_is_whole(self, database: Database) -> None:
        verdict = verify(database)
        assert (verdict.records, verdict.head, verdict.broken) == (0, START, None)

    def test_several_appended_at_once_are_links_in_their_order(self, chain: Database) -> None:
        deeds = [Deed(Kind.ANNOTATE, f"incident.tagged-{n}", details={"tag": "biển"}) for n in range(50)]
        with chain.session() as session:
            before = audit.head(session).seq
            audit.append_all(session, deeds)
        assert verify(chain).broken is None
        with chain.session() as session:
            assert [each.deed for each in audit.read(session, before)] == deeds

    def test_what_was_appended_is_proved_and_read_back(self, chain: Database) -> None:
        with chain.session() as session:
            head = audit.head(session)
            records = audit.read(session, 0)
        verdict = verify(chain)
        assert verdict.broken is None
        assert verdict.records == 9
        assert verdict.head == head == Head(9, records[-1].hash)
        assert [record.seq for record in records] == list(range(1, 10))
        assert Head.parse(str(head)) == head

    def test_the_hash_is_sha256_of_the_hash_before_and_canonical_json(self, chain: Database) -> None:
        with chain.session() as session:
            first, second = audit.read(session, 0, 2)
        assert (
            canonical(1, datetime(2026, 11, 5, tzinfo=UTC), Deed(Kind.LIVE, "é", user_id=3, details={"b": 2.0}))
            == (
                '{"at":"2026-11-05T00:00:00.000000+00:00","details":{"b":2},"format":1,"kind":"live",'
                '"outcome":"allowed","seq":1,"user_id":3,"what":"é"}'
            ).encode()
        )
        assert first.hash == digest(bytes(32), 1, first.at, first.deed)
        assert second.hash == digest(first.hash, 2, second.at, second.deed)

    def test_what_offline_checkers_do_proves_it_too(self, chain: Database) -> None:
        """Sorted JSON of the members, as evidence packages carry them."""
        append(chain, "é.done", area="a", camera="c", user_name="lan", incident=INCIDENT, source="192.0.2.1")
        before = bytes(32)
        with chain.session() as session:
            for each in audit.read(session, 0):
                members = json.loads(canonical(each.seq, each.at, each.deed, each.format))
                text_ = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
                before = hashlib.sha256(before + text_.encode()).digest()
                assert before == each.hash

    def test_appenders_at_once_make_one_chain_without_a_hole(self, database: Database) -> None:
        def several() -> None:
            append(database, *(["thing.done"] * 10))

        threads = [threading.Thread(target=several) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        verdict = verify(database)
        assert verdict.broken is None
        assert verdict.records == 60

    def test_a_deed_that_is_given_up_leaves_no_hole(self, chain: Database) -> None:
        with pytest.raises(RuntimeError), chain.session() as session:
            audit.append(session, Deed(Kind.SEARCH, "never.done"))
            raise RuntimeError
        assert append(chain, "thing.10").seq == 10
        assert verify(chain).broken is None

    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        details=st.dictionaries(
            st.text(max_size=8),
            st.recursive(
                st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
                lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
                max_leaves=8,
            ),
            max_size=4,
        ),
        name=st.text(max_size=20),
    )
    def test_whatever_a_request_held_is_recorded_and_proved(
        self, database: Database, details: dict[str, object], name: str
    ) -> None:
        append(database, name, user_name=name, purpose=name, details=details)
        assert verify(database).broken is None

    def test_entries_are_found_by_whom_what_and_when_newest_first(self, database: Database) -> None:
        append(database, "a.seen", user_name="lan", camera="gate-01")
        append(database, "b.seen", user_name="minh", camera="gate-01", incident=INCIDENT)
        append(database, "c.seen", user_name="lan", outcome=Outcome.REFUSED)
        with database.session() as session:

            def whats(wanted: Wanted, limit: int = 9, before: int | None = None) -> list[str]:
                return [each.deed.what[0] for each in audit.entries(session, wanted, limit=limit, before=before)]

            assert whats(Wanted()) == ["c", "b", "a"]
            assert whats(Wanted(), 2) == ["c", "b"]
            assert whats(Wanted(), before=3) == ["b", "a"]
            assert whats(Wanted(user="lan")) == ["c", "a"]
            assert whats(Wanted(camera="gate-01")) == ["b", "a"]
            assert whats(Wanted(incident=INCIDENT)) == ["b"]
            assert whats(Wanted(kind=Kind.LIVE)) == []
            assert whats(Wanted(user="lan", outcome=Outcome.REFUSED)) == ["c"]
            now = datetime.now(UTC)
            assert whats(Wanted(from_=now - timedelta(hours=1), to=now + timedelta(hours=1))) == ["c", "b", "a"]
            assert whats(Wanted(from_=now + timedelta(hours=1))) == []


class TestProof:
    @pytest.mark.parametrize("seq", [1, 5, 9])
    @pytest.mark.parametrize(
        "change",
        [
            "what = 'thing.else'",
            "at = at + interval '1 microsecond'",
            "details = '{}'",
            "details = 'null'",
            "user_name = 'somebody else'",
            "kind = 'no such kind'",
            "outcome = 'refused'",
            "hash = sha256(hash)",
            "incident = '01a1aa14-0080-7c64-8962-d808addf4936'",
        ],
    )
    def test_an_altered_record_is_named(self, chain: Database, seq: int, change: str) -> None:
        tamper(chain, f"UPDATE audit SET {change} WHERE seq = {seq}")
        assert found(chain) == (seq, Fault.ALTERED)
        assert verify(chain).records == seq - 1

    @pytest.mark.parametrize("seq", [1, 5, 8, 9])
    def test_a_removed_record_is_named_also_the_last(self, chain: Database, seq: int) -> None:
        tamper(chain, f"DELETE FROM audit WHERE seq = {seq}")
        assert found(chain) == (seq, Fault.MISSING)

    def test_several_removed_are_told(self, chain: Database) -> None:
        tamper(chain, "DELETE FROM audit WHERE seq IN (4, 5, 6)")
        broken = verify(chain).broken
        assert broken is not None
        assert "records 4 to 6" in broken.detail

    @pytest.mark.parametrize(("one", "other"), [(1, 2), (4, 5), (3, 8), (8, 9)])
    def test_records_that_changed_places_are_named(self, chain: Database, one: int, other: int) -> None:
        tamper(
            chain,
            f"UPDATE audit SET seq = -1 WHERE seq = {one}",
            f"UPDATE audit SET seq = {one} WHERE seq = {other}",
            f"UPDATE audit SET seq = {other} WHERE seq = -1",
        )
        assert found(chain) == (one, Fault.MOVED)
        broken = verify(chain).broken
        assert broken is not None
        assert f"appended as record {other}" in broken.detail

    def test_contents_that_changed_places_are_named(self, chain: Database) -> None:
        tamper(
            chain,
            "UPDATE audit a SET what = b.what, at = b.at FROM audit b WHERE (a.seq, b.seq) IN ((4, 5), (5, 4))",
        )
        assert found(chain) == (4, Fault.MOVED)

    def test_a_record_that_is_removed_and_the_rest_renumbered_is_named(self, chain: Database) -> None:
        tamper(
            chain,
            "DELETE FROM audit WHERE seq = 5",
            *(f"UPDATE audit SET seq = {seq - 1} WHERE seq = {seq}" for seq in range(6, 10)),
            "UPDATE audit_head SET seq = 8",
        )
        broken = found(chain)
        assert broken is not None
        assert broken[0] == 5

    def test_a_record_put_behind_the_end_is_named(self, chain: Database) -> None:
        tamper(
            chain,
            "INSERT INTO audit (seq, at, kind, what, outcome, details, format, hash)"
            " SELECT 10, at, kind, what, outcome, details, format, hash FROM audit WHERE seq = 9",
        )
        assert found(chain) == (10, Fault.FOREIGN)

    def test_a_last_record_that_was_altered_with_its_hash_is_named(self, chain: Database) -> None:
        with chain.session() as session:
            eight, nine = audit.read(session, 7)
        forged = digest(eight.hash, 9, nine.at, Deed(Kind.SEARCH, "forged", details={"n": 1.5})).hex()
        tamper(chain, f"UPDATE audit SET what = 'forged', hash = decode('{forged}', 'hex') WHERE seq = 9")
        assert found(chain) == (9, Fault.ALTERED)

    def test_a_chain_forged_whole_is_found_by_an_anchor_kept_elsewhere(self, chain: Database) -> None:
        with chain.session() as session:
            eight, nine = audit.read(session, 7)
            anchor = audit.head(session)
        forged = digest(eight.hash, 9, nine.at, Deed(Kind.SEARCH, "forged", details={"n": 1.5})).hex()
        tamper(
            chain,
            f"UPDATE audit SET what = 'forged', hash = decode('{forged}', 'hex') WHERE seq = 9",
            f"UPDATE audit_head SET hash = decode('{forged}', 'hex')",
        )
        append(chain, "thing.10")
        assert found(chain) is None
        assert found(chain, anchor) == (9, Fault.REWRITTEN)
        assert found(chain, Head(8, eight.hash)) is None

    def test_a_chain_cut_off_with_its_head_is_found_by_an_anchor(self, chain: Database) -> None:
        with chain.session() as session:
            anchor = audit.head(session)
            six = audit.read(session, 5, 1)[0]
        tamper(
            chain,
            "DELETE FROM audit WHERE seq > 6",
            f"UPDATE audit_head SET seq = 6, hash = decode('{six.hash.hex()}', 'hex')",
        )
        assert found(chain) is None
        assert found(chain, anchor) == (7, Fault.MISSING)

    def test_a_long_chain_is_proved_in_pieces(self, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(audit, "READ_AT_ONCE", 3)
        append(database, *(["thing.done"] * 10))
        told: list[int] = []
        assert verify(database, progress=told.append).broken is None
        assert told == [3, 6, 9]


APPENDED = (
    "INSERT INTO audit (seq, at, kind, what, outcome, details, format, hash)"
    " VALUES ({seq}, now(), 'search', 'x', 'allowed', '{{}}', 1, sha256(''))"
)
REFUSED = (
    "UPDATE audit SET what = 'x' WHERE seq = 1",
    "UPDATE audit SET what = 'x' WHERE false",
    "DELETE FROM audit",
    "TRUNCATE audit",
    "TRUNCATE audit, audit_head",
    "UPDATE audit_head SET seq = 0",
    "UPDATE audit_head SET hash = sha256('')",
    "UPDATE audit_head SET seq = seq + 1",
    "DELETE FROM audit_head",
    "TRUNCATE audit_head",
    "INSERT INTO audit_head (single, seq, hash) VALUES (true, 7, sha256(''))",
    APPENDED.format(seq=1),
    APPENDED.format(seq=9),
    APPENDED.format(seq=11),
)


class TestAppendOnly:
    @pytest.mark.parametrize("statement", REFUSED)
    def test_the_database_itself_refuses_to_change_the_chain_even_for_its_owner(
        self, chain: Database, statement: str
    ) -> None:
        with pytest.raises(DBAPIError), chain.session() as session:
            session.execute(text(statement))
        assert verify(chain).broken is None

    def test_sealed_the_application_can_append_and_nothing_else(
        self, chain: Database, migrated_url: str, embedded_postgres: EmbeddedPostgres
    ) -> None:
        name = migrated_url.rpartition("/")[2]
        with embedded_postgres.connect_as_superuser(name) as connection:
            for _ in range(2):
                for each in statements(OWNER):
                    connection.execute(each)
        for statement in REFUSED:
            with pytest.raises(DBAPIError), chain.session() as session:
                session.execute(text(statement))
        append(chain, "after.sealing")
        assert verify(chain).records == 10
        for statement in (
            "ALTER TABLE audit DISABLE TRIGGER ALL",
            "ALTER TABLE audit DISABLE TRIGGER audit_refuse",
            "DROP TRIGGER audit_refuse ON audit",
            "DROP TABLE audit CASCADE",
            "DROP FUNCTION audit_refuse CASCADE",
            "DROP SCHEMA public CASCADE",
            "ALTER TABLE audit OWNER TO CURRENT_USER",
            "ALTER TABLE audit RENAME TO audit_old",
            "ALTER TABLE audit ADD COLUMN x int",
            "CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN RETURN NULL; END$$",
            "CREATE TRIGGER mine BEFORE INSERT ON audit FOR EACH ROW EXECUTE FUNCTION audit_refuse()",
            f"SET ROLE {KEEPER}",
            f"GRANT {KEEPER} TO {OWNER}",
            "SET session_replication_role = replica",
            "INSERT INTO audit SELECT * FROM audit",
            APPENDED.format(seq=11),
            "CREATE OR REPLACE FUNCTION audit_append(a text, b text, c text, OUT new_seq bigint,"
            " OUT new_at timestamptz, OUT new_hash bytea) LANGUAGE sql AS $$ SELECT 1, now(), 'x' $$",
        ):
            with pytest.raises(DBAPIError, match=r"denied|permission|owner") as caught, chain.session() as session:
                session.execute(text(statement))
            assert isinstance(caught.value.orig, errors.InsufficientPrivilege), statement
        assert verify(chain).records == 10
        chain.migrate()

    def test_a_superuser_who_applies_changes_as_a_replica_does_is_refused_too(
        self, chain: Database, migrated_url: str, embedded_postgres: EmbeddedPostgres
    ) -> None:
        with embedded_postgres.connect_as_superuser(migrated_url.rpartition("/")[2]) as connection:
            connection.execute("SET session_replication_role = replica")
            with pytest.raises(errors.InsufficientPrivilege, match="append-only"):
                connection.execute("DELETE FROM audit")

    def test_the_script_for_a_database_administrator_is_one_transaction_of_the_same(
        self, embedded_postgres: EmbeddedPostgres, migrated_url: str
    ) -> None:
        told = script("some role")
        assert told.startswith("BEGIN;\n")
        assert told.endswith("COMMIT;\n")
        assert 'TO "some role"' in told
        with embedded_postgres.connect_as_superuser(migrated_url.rpartition("/")[2]) as connection:
            connection.execute(script(OWNER).encode())
