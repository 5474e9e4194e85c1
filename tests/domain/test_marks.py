from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from camsvc.domain.annotation import Author, Disposition, Draft, Entry, Said, What, changes, said, tag_of
from camsvc.domain.marks import asks_people, fit, folded, forbidden, marks_of, required
from camsvc.domain.search import IncidentFilter

WHO = Author(1, "lan")
NOON = datetime(2026, 11, 5, 5, tzinfo=UTC)


def history(*drafts: Draft) -> list[Entry]:
    return [Entry(n, NOON + timedelta(seconds=n), WHO, draft) for n, draft in enumerate(drafts, 1)]


def noted(*texts: str) -> frozenset[str]:
    return marks_of(said(history(*(Draft(What.NOTED, text=text) for text in texts))))


def finds(asked: str, *texts: str) -> bool:
    return fit(IncidentFilter(text=asked), noted(*texts))


@example(["Ù가"])
@example(["0´0ุ0"])
@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=4))
def test_a_note_is_found_by_its_own_words_and_by_them_without_diacritics(texts: list[str]) -> None:
    whole = " ".join(texts)
    assert finds(whole, *texts)
    assert finds(folded(whole), *texts)


@pytest.mark.parametrize(
    ("asked", "note", "found"),
    [
        ("bien so", "Biển số", True),
        ("biển", "bien so xe", True),
        ("biển", "biến", False),
        ("hoà bình", "Hòa Bình", True),
        ("thuỷ", "thủy", True),
        ("duong", "ĐƯỜNG", True),
        ("99a12345", "xe 99A-123.45 chạy", True),
        ("99A-123.45", "xe 99A12345", True),
        ("99A-123.45", "99a 123 45", True),
        ("123", "99A-123.45", True),
        ("99A-123.46", "99A-123.45", False),
        ("xe đỏ", "xe xanh", False),
        ("Straße", "STRASSE", True),
        ("biển", "biển", True),  # decomposed
    ],
)
def test_words_are_found_as_people_write_them(asked: str, note: str, found: bool) -> None:
    assert finds(asked, note) is found


def test_words_may_stand_in_several_notes() -> None:
    assert finds("đỏ biển", "xe đỏ", "biển số")


def test_of_whom_nobody_said_anything_there_are_no_marks() -> None:
    assert marks_of(Said()) == frozenset()
    assert fit(IncidentFilter(), frozenset())
    assert fit(IncidentFilter(dispositions=(Disposition.NONE,)), frozenset())
    assert not fit(IncidentFilter(dispositions=(Disposition.TRUE,)), frozenset())


@given(st.lists(st.sampled_from(Disposition), unique=True).map(tuple), st.sampled_from(Disposition))
def test_a_disposition_is_found_by_itself(asked: tuple[Disposition, ...], held: Disposition) -> None:
    marks = marks_of(said(history(Draft(What.JUDGED, disposition=held))))
    wanted = IncidentFilter(dispositions=asked)
    assert fit(wanted, marks) == (not asked or held in asked)
    assert asks_people(wanted) == bool(asked)
    assert not (required(wanted) and forbidden(wanted))


def test_what_is_taken_back_holds_no_longer() -> None:
    now = said(
        history(
            Draft(What.TAGGED, tag="a"),
            Draft(What.UNTAGGED, tag="a"),
            Draft(What.NOTED, text="x"),
            Draft(What.NOTE_WITHDRAWN, note=3),
            Draft(What.ASSIGNED, assignee_id=7, assignee="minh"),
            Draft(What.UNASSIGNED),
            Draft(What.JUDGED, disposition=Disposition.TRUE),
            Draft(What.JUDGED, disposition=Disposition.NONE),
        )
    )
    assert marks_of(now) == frozenset()
    assert now.judgement is not None, "that it was taken back, by whom and when, is still known"


def test_done_by_whom_it_was_not_assigned_to_assigns_it_as_well() -> None:
    now = said(
        history(Draft(What.ASSIGNED, assignee_id=7, assignee="minh"), Draft(What.DONE, assignee_id=8, assignee="lan"))
    )
    assert now.assignment is not None
    assert (now.assignment.assignee, now.assignment.done_by) == ("lan", WHO)


_drafts = st.one_of(
    st.builds(Draft, st.sampled_from([What.TAGGED, What.UNTAGGED]), tag=st.sampled_from(["a", "b"])),
    st.builds(
        Draft, st.sampled_from([What.ASSIGNED, What.DONE]), assignee_id=st.sampled_from([1, 2]), assignee=st.just("x")
    ),
    st.builds(Draft, st.just(What.NOTE_EDITED), note=st.integers(1, 3), text=st.sampled_from(["x", "y"])),
    st.builds(Draft, st.just(What.NOTE_WITHDRAWN), note=st.integers(1, 3)),
    st.builds(Draft, st.just(What.JUDGED), disposition=st.sampled_from(Disposition)),
    st.just(Draft(What.UNASSIGNED)),
)


@given(st.lists(_drafts | st.builds(Draft, st.just(What.NOTED), text=st.sampled_from(["x", "y"])), max_size=8), _drafts)
def test_what_was_said_is_not_said_twice(before: list[Draft], draft: Draft) -> None:
    entries = history(*before)
    if not changes(said(entries), draft):
        return
    again = [*entries, Entry(len(entries) + 1, NOON, WHO, draft)]
    assert not changes(said(again), draft)


def test_tags_are_kept_in_one_form() -> None:
    assert tag_of("  Xe   TRỘM ") == tag_of("xe trộm") == "xe trộm"
