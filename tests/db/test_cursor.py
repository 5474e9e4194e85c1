from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.db import cursor
from camsvc.db.cursor import Position
from camsvc.domain.search import IncidentFilter
from camsvc.errors import InputError
from tests.db.examples import NOON
from tests.db.strategies import filters

ASKED = IncidentFilter(kinds=("presence",))
HERE = Position(NOON, UUID(int=7))

moments = st.datetimes(datetime(1900, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  naive bounds are hypothesis' way


@given(started_at=moments, id_=st.uuids(), asked=filters())
def test_a_position_comes_back_for_the_same_search(started_at: datetime, id_: UUID, asked: IncidentFilter) -> None:
    position = Position(started_at, id_)
    text = cursor.encode(position, asked)
    assert cursor.decode(text, asked) == position
    assert text.isascii()
    assert not set(text) & set("+/=&?# ")


@given(text=st.text(max_size=80) | st.binary(max_size=60).map(lambda raw: base64.urlsafe_b64encode(raw).decode()))
def test_anything_else_is_refused_by_name_with_a_cure(text: str) -> None:
    with pytest.raises(InputError) as caught:
        cursor.decode(text, ASKED)
    assert caught.value.parameter == "cursor"
    assert caught.value.cure == "search again without it"


def test_a_cursor_of_other_conditions_is_refused() -> None:
    with pytest.raises(InputError, match="other conditions"):
        cursor.decode(cursor.encode(HERE, ASKED), replace(ASKED, kinds=()))


def test_a_cursor_of_another_version_is_refused() -> None:
    raw = bytearray(base64.urlsafe_b64decode(cursor.encode(HERE, ASKED) + "=="))
    raw[0] = cursor.VERSION + 1
    with pytest.raises(InputError, match="another version"):
        cursor.decode(base64.urlsafe_b64encode(raw).decode(), ASKED)
