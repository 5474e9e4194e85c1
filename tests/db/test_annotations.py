from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from camsvc.db import partitions
from camsvc.db.cipher import Cipher
from camsvc.db.database import Database
from camsvc.db.models.incidents import SAMPLE_ONE_IN
from camsvc.db.queries import accounts, incidents, retention, tallies
from camsvc.db.queries import annotations as rows
from camsvc.domain.account import EVERYWHERE, NOWHERE, Reach
from camsvc.domain.annotation import Author, Disposition, Draft, Entry, What, said
from camsvc.domain.incident import Incident
from camsvc.domain.marks import marks_of
from camsvc.domain.matching import matches
from camsvc.domain.search import IncidentFilter
from tests.db.examples import NOON, camera, incident, owned

WHO = Author(None, "lan")
TRUE = Draft(What.JUDGED, disposition=Disposition.TRUE)
FALSE = Draft(What.JUDGED, disposition=Disposition.FALSE_ALARM, reason="Bóng cây")
IN_DATABASE = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
"""Each example empties and fills the database that the test has."""


@pytest.fixture
def here(database: Database, cipher: Cipher) -> Database:
    owned(database, cipher, camera())
    return database


def _published(database: Database, number: int = 1) -> list[Incident]:
    items = [incident(started_at=NOON + timedelta(minutes=each)) for each in range(number)]
    with database.session() as session:
        assert all(incidents.publish_all(session, items))
    return items


def _say(database: Database, item: Incident | UUID, *drafts: Draft, by: Author = WHO) -> list[Entry]:
    id_ = item.id if isinstance(item, Incident) else item
    with database.session() as session:
        return rows.write(session, by, [id_], drafts)[id_]


def _history(database: Database, item: Incident) -> list[Entry]:
    with database.session() as session:
        return rows.history(session, [item.id]).get(item.id, [])


def _found(database: Database, **asked: Any) -> set[UUID]:  # noqa: ANN401  members of IncidentFilter
    wanted = IncidentFilter(**asked)
    with database.session() as session:
        found = {item.id for item in incidents.search(session, wanted).items}
        assert incidents.count(session, wanted) == len(found)
    return found


def test_what_was_said_is_read_back_with_who_and_when(here: Database) -> None:
    (item,) = _published(here)
    with here.session() as session:
        lan = accounts.create(session, "lan", "a long enough password", ())
    drafts = [
        Draft(What.TAGGED, tag="xe-trộm"),
        Draft(What.NOTED, text="Biển số 99A-123.45"),
        Draft(What.ASSIGNED, assignee_id=lan.id, assignee="lan"),
        FALSE,
    ]
    _say(here, item, *drafts, by=Author(lan.id, "lan"))
    history = _history(here, item)
    assert [each.said for each in history] == drafts
    assert {each.by for each in history} == {Author(lan.id, "lan")}
    assert [each.id for each in history] == sorted({each.id for each in history})


def test_nothing_is_said_twice_and_nothing_overwritten(here: Database) -> None:
    (item,) = _published(here)
    assert len(_say(here, item, TRUE)) == 1
    assert _say(here, item, TRUE) == []
    assert len(_say(here, item, FALSE)) == 1
    assert [each.said for each in _history(here, item)] == [TRUE, FALSE]


@pytest.mark.parametrize(
    "statement",
    ["UPDATE annotations SET user_name = 'x'", "DELETE FROM annotations", "TRUNCATE annotations"],
)
def test_the_database_refuses_to_change_or_remove_what_was_said(here: Database, statement: str) -> None:
    (item,) = _published(here)
    _say(here, item, TRUE)
    with pytest.raises(ProgrammingError, match="annotation"), here.session() as session:
        session.execute(text(statement))
    assert len(_history(here, item)) == 1


def test_what_was_said_goes_with_the_month_of_its_incident_and_stays_with_what_is_kept(here: Database) -> None:
    with here.session() as session:
        partitions.extend(session, NOON, since=NOON)
    gone, held = _published(here, 2)
    for item in (gone, held):
        _say(here, item, TRUE, Draft(What.NOTED, text="biển số"))
    with here.session() as session:
        (month,) = partitions.retire(session, partitions.month(NOON, 1), held=lambda _s, _t: [held.id])
    assert _found(here, text="bien so") == {held.id}
    with here.session() as session:
        retention.deleted_of_retired(session, month.table, [gone.id])
    assert _history(here, gone) == []
    assert len(_history(here, held)) == 2


def test_what_is_said_of_an_incident_stays_when_its_worker_publishes_it_again(here: Database) -> None:
    (item,) = _published(here)
    _say(here, item, TRUE)
    with here.session() as session:
        assert incidents.publish(session, incident(id=item.id, revision=2))
    assert _found(here, dispositions=(Disposition.TRUE,)) == {item.id}


def test_a_change_of_what_was_said_is_a_change_of_the_incident(here: Database) -> None:
    (item,) = _published(here)
    with here.session() as session:
        before = incidents.latest(session)
    _say(here, item, Draft(What.TAGGED, tag="xe"))
    with here.session() as session:
        (change,) = incidents.changes_since(session, before)
    assert (change.incident, change.marks) == (item, frozenset({"t:xe"}))


def test_two_who_judge_at_once_are_heard_one_after_the_other(here: Database) -> None:
    (item,) = _published(here)
    with here.session() as session:
        rows.write(session, WHO, [item.id], [TRUE])
        with pytest.raises(Exception, match="lock"), here.session() as other:
            other.execute(text("SET LOCAL lock_timeout = 100"))
            rows.write(other, WHO, [item.id], [FALSE])
    assert [each.said for each in _history(here, item)] == [TRUE]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("biển số", True),
        ("bien so", True),
        ("SỐ BIỂN", True),
        ("biến số", False),
        ("số", True),
        ("số biển xanh", False),
        ("99A-123.45", True),
        ("99a12345", True),
        ("99A 123 45", True),
        ("99A-999.99", False),
        ("hoà", True),
        ("hòa", True),
        ("hoa", True),
        ("hỏa", False),
        ("voi vang", True),
        ("vội vàng", True),
        ("đường", True),
        ("duong", True),
    ],
)
def test_notes_are_found_with_and_without_diacritics(here: Database, asked: str, found: bool) -> None:
    (item,) = _published(here)
    _say(here, item, Draft(What.NOTED, text="Biển số 99A-123.45, đường Hoà Bình"), Draft(What.NOTED, text="voi vang"))
    assert (_found(here, text=asked) == {item.id}) is found


def test_a_withdrawn_note_is_no_longer_found_but_stays_in_the_history(here: Database) -> None:
    (item,) = _published(here)
    (note,) = _say(here, item, Draft(What.NOTED, text="nhầm"))
    _say(here, item, Draft(What.NOTE_EDITED, note=note.id, text="đúng"))
    assert _found(here, text="nhầm") == set()
    assert _found(here, text="đúng") == {item.id}
    _say(here, item, Draft(What.NOTE_WITHDRAWN, note=note.id))
    assert _found(here, text="đúng") == set()
    assert [each.said.text for each in _history(here, item)] == ["nhầm", "đúng", None]


def test_who_has_done_it_no_longer_looks_after_it(here: Database) -> None:
    (item,) = _published(here)
    with here.session() as session:
        lan = accounts.create(session, "lan", "a long enough password", ())
    theirs = Draft(What.ASSIGNED, assignee_id=lan.id, assignee="lan")
    _say(here, item, theirs)
    assert _found(here, assignees=("lan",)) == {item.id}
    _say(here, item, Draft(What.DONE, assignee_id=lan.id, assignee="lan"))
    assert _found(here, assignees=("lan",)) == set()
    _say(here, item, theirs)
    assert _found(here, assignees=("lan",)) == {item.id}


def test_tags_are_suggested_by_use_within_reach(here: Database) -> None:
    items = _published(here, 3)
    for item in items:
        _say(here, item, Draft(What.TAGGED, tag="xe"))
    _say(here, items[0], Draft(What.TAGGED, tag="bus"), Draft(What.UNTAGGED, tag="bus"))
    with here.session() as session:
        everywhere = rows.tags_in_use(session, EVERYWHERE, 10)
        assert [(each.tag, each.count) for each in everywhere] == [("xe", 3), ("bus", 1)]
        assert rows.tags_in_use(session, Reach(("bac-ninh",)), 10) == everywhere
        assert rows.tags_in_use(session, Reach(("bac-ninh/tu-son",)), 10) == []
        assert rows.tags_in_use(session, NOWHERE, 10) == []


_drafts = st.one_of(
    st.sampled_from(["xe", "bus", "màu đỏ"]).map(lambda tag: Draft(What.TAGGED, tag=tag)),
    st.sampled_from(["xe", "bus"]).map(lambda tag: Draft(What.UNTAGGED, tag=tag)),
    st.sampled_from(["biển số", "bien so", "99A-123.45", "xe đỏ"]).map(lambda note: Draft(What.NOTED, text=note)),
    st.sampled_from(Disposition).map(lambda each: Draft(What.JUDGED, disposition=each)),
)
_filters = st.builds(
    IncidentFilter,
    from_=st.none() | st.just(NOON + timedelta(seconds=65)),
    to=st.none() | st.just(NOON + timedelta(minutes=3)),
    kinds=st.sampled_from([(), ("presence",), ("unheard_of",)]),
    tags=st.lists(st.sampled_from(["xe", "bus", "màu đỏ", "never"]), max_size=2, unique=True).map(tuple),
    dispositions=st.lists(st.sampled_from(Disposition), max_size=3, unique=True).map(tuple),
    text=st.none() | st.sampled_from(["so", "số", "xe 99a12345", "99A 123.45", "do"]),
)


@IN_DATABASE
@given(spoken=st.lists(st.lists(_drafts, max_size=4), min_size=1, max_size=8), asked=st.lists(_filters, max_size=4))
def test_search_and_counts_find_what_a_scan_of_what_was_said_finds(
    here: Database, spoken: list[list[Draft]], asked: list[IncidentFilter]
) -> None:
    with here.session() as session:
        session.execute(text("DELETE FROM incidents"))
        session.execute(text("DELETE FROM annotations"))
    items = _published(here, len(spoken))
    for item, drafts in zip(items, spoken, strict=True):
        _say(here, item, *drafts)
    marks = {item.id: marks_of(said(_history(here, item))) for item in items}
    for each in asked:
        wanted = [item.id for item in reversed(items) if matches(each, item, marks[item.id])]
        _both_ways(here, each, wanted)


def _both_ways(database: Database, asked: IncidentFilter, wanted: Sequence[UUID]) -> None:
    """As few match, all are counted; as if many did, the sample is. All ids in it: what it holds is all."""
    with database.session() as session:
        assert [item.id for item in incidents.search(session, asked).items] == list(wanted)
        assert incidents.count(session, asked) == len(wanted)
        bars = tallies.histogram(session, asked, tallies.Unit.MINUTE, ZoneInfo("Asia/Ho_Chi_Minh")).bars
        assert sum(bar.number for bar in bars) == len(wanted)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tallies, "SAMPLE_ENOUGH", 0)
            sampled = {id_ for id_ in wanted if id_.bytes[15] < 4}
            assert incidents.count(session, asked) == len(sampled) * SAMPLE_ONE_IN
