from __future__ import annotations

from datetime import UTC, datetime, timedelta

from camsvc.domain.incident import new_incident_id

AT = datetime(2026, 11, 22, 13, 0, 0, 123_000, tzinfo=UTC)


def test_ids_are_version_7_and_carry_their_time() -> None:
    made = new_incident_id(AT)
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == int(AT.timestamp() * 1000)


def test_ids_sort_by_time_and_differ_within_one_moment() -> None:
    assert new_incident_id(AT) < new_incident_id(AT + timedelta(milliseconds=1))
    assert len({new_incident_id(AT) for _ in range(1000)}) == 1000
