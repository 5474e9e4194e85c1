from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.api.ranges import Outcome, Selection, select

ETAG = '"abc"'


@pytest.mark.parametrize(
    ("asked", "offset", "length"),
    [
        ("bytes=0-", 0, 100),
        ("bytes=0-0", 0, 1),
        ("bytes=10-19", 10, 10),
        ("bytes=90-1000", 90, 10),
        ("bytes=-10", 90, 10),
        ("bytes=-1000", 0, 100),
        ("BYTES= 5-5 ", 5, 1),
    ],
)
def test_a_range_selects_its_bytes(asked: str, offset: int, length: int) -> None:
    selection = select({"range": asked}, 100, ETAG)
    assert selection == Selection(Outcome.PART, 100, offset, length)
    assert selection.content_range == f"bytes {offset}-{offset + length - 1}/100"


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_a_range_behind_the_end_is_refused_with_the_size(asked: str) -> None:
    selection = select({"range": asked}, 100, ETAG)
    assert selection.outcome is Outcome.OUTSIDE
    assert selection.content_range == "bytes */100"


@pytest.mark.parametrize(
    "asked", ["", "bytes", "bytes=", "bytes=-", "bytes=5-4", "bytes=a-b", "items=0-5", "bytes=0-1,5-6", "bytes=٣-٤"]
)
def test_a_malformed_or_manifold_range_gives_the_whole(asked: str) -> None:
    assert select({"range": asked}, 100, ETAG) == Selection(Outcome.WHOLE, 100, 0, 100)


def test_if_range_of_another_version_gives_the_whole() -> None:
    assert select({"range": "bytes=5-", "if-range": ETAG}, 100, ETAG).outcome is Outcome.PART
    assert select({"range": "bytes=5-", "if-range": '"old"'}, 100, ETAG).outcome is Outcome.WHOLE
    assert select({"range": "bytes=5-", "if-range": f"W/{ETAG}"}, 100, ETAG).outcome is Outcome.WHOLE
    date = "Thu, 05 Nov 2026 05:00:00 GMT"
    assert select({"range": "bytes=5-", "if-range": date}, 100, ETAG).outcome is Outcome.WHOLE


def test_if_none_match_goes_before_the_range() -> None:
    for header in (ETAG, f"W/{ETAG}", f'"x", {ETAG}', "*"):
        assert select({"range": "bytes=5-", "if-none-match": header}, 100, ETAG).outcome is Outcome.UNCHANGED
    assert select({"range": "bytes=5-", "if-none-match": '"x"'}, 100, ETAG).outcome is Outcome.PART


def test_if_match_of_another_version_is_refused() -> None:
    assert select({"if-match": '"x"'}, 100, ETAG).outcome is Outcome.CHANGED
    assert select({"if-match": f"W/{ETAG}"}, 100, ETAG).outcome is Outcome.CHANGED
    assert select({"if-match": ETAG}, 100, ETAG).outcome is Outcome.WHOLE


@given(st.text(max_size=30) | st.from_regex(r"bytes=\d*-\d*", fullmatch=True), st.integers(1, 10**12))
def test_whatever_is_asked_lies_within_the_file(asked: str, size: int) -> None:
    selection = select({"range": asked}, size, ETAG)
    if selection.outcome in {Outcome.PART, Outcome.WHOLE}:
        assert 0 <= selection.offset < size
        assert 1 <= selection.length <= size - selection.offset
