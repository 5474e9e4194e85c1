"""Times as people say them."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from camsvc.web.fields import FieldError
from camsvc.web.moments import Wall
from camsvc.web.spoken import plain, span_in

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
WALL = Wall(ZONE, "vi")
SUNDAY = datetime(2026, 11, 22, 10, 15, tzinfo=ZONE)


def said(text: str, now: datetime = SUNDAY, wall: Wall = WALL) -> tuple[str | None, str | None] | None:
    """From and to by the wall, and None where nothing is said of time."""
    span = span_in(text, wall, now.astimezone(UTC))
    if span is None:
        return None
    return tuple(at and at.astimezone(wall.zone).strftime("%d/%m/%Y %H:%M") for at in (span.from_, span.to))  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("texts", "from_", "to"),
    [
        (
            (
                "hôm qua 17-19",
                "hom qua 17-19",
                "hôm qua từ 17h đến 19h",
                "17h–19h hôm qua",
                "yesterday 17:00-19:00",
                "yesterday from 5 to 7 pm",
                "yesterday between 17 and 19",
                "yesterday 5-7pm",
                "21/11 17-19",
                "2026-11-21 17:00 - 19:00",
                "17-19",
            ),
            "21/11/2026 17:00",
            "21/11/2026 19:00",
        ),
        (("hôm qua", "yesterday", "21/11", "thứ bảy", "saturday"), "21/11/2026 00:00", "22/11/2026 00:00"),
        (("hôm nay", "today", "chủ nhật", "on sunday"), "22/11/2026 00:00", None),
        (("sáng nay", "this morning", "hôm nay buổi sáng"), "22/11/2026 05:00", "22/11/2026 12:00"),
        (("tối qua", "yesterday evening"), "21/11/2026 18:00", "22/11/2026 00:00"),
        (("đêm qua", "dem qua", "last night", "yesterday 22-5"), "21/11/2026 22:00", "22/11/2026 05:00"),
        (("3 giờ qua", "last 3 hours", "in the last 180 minutes"), "22/11/2026 07:15", None),
        (("tuần trước", "last week"), "09/11/2026 00:00", "16/11/2026 00:00"),
        (("tháng này", "this month"), "01/11/2026 00:00", None),
        (("last month", "tháng trước"), "01/10/2026 00:00", "01/11/2026 00:00"),
        (("lúc 17h30 hôm kia", "at 17:30 the day before yesterday"), "20/11/2026 17:00", "20/11/2026 18:00"),
        (("sau 20h hôm qua", "yesterday after 20:00"), "21/11/2026 20:00", "22/11/2026 00:00"),
        (("trước 6h hôm nay", "before 6 today"), "22/11/2026 00:00", "22/11/2026 06:00"),
        (("từ 8h", "since 8"), "22/11/2026 08:00", None),
        (("21/11 17:00 – 22/11 9:00",), "21/11/2026 17:00", "22/11/2026 09:00"),
        (("20/11 - 21/11", "từ 20/11 đến 21/11"), "20/11/2026 00:00", "22/11/2026 00:00"),
        (("31/12",), "31/12/2025 00:00", "01/01/2026 00:00"),
        (("8-24 hôm qua",), "21/11/2026 08:00", "22/11/2026 00:00"),
    ],
)
def test_a_span_is_understood_in_both_languages(texts: tuple[str, ...], from_: str, to: str | None) -> None:
    assert {text: said(text) for text in texts} == dict.fromkeys(texts, (from_, to))


@pytest.mark.parametrize("text", ["xe tải", "red truck", "500 m quanh 21.2417, 105.9556", "cho-01", "", "#17", "21.24"])
def test_what_speaks_of_no_time_is_left_alone(text: str) -> None:
    assert said(text) is None


def test_hours_without_a_day_are_the_latest_that_have_begun() -> None:
    assert said("9-11") == ("22/11/2026 09:00", "22/11/2026 11:00")
    assert said("11-12") == ("21/11/2026 11:00", "21/11/2026 12:00")
    assert said("chiều") == ("21/11/2026 12:00", "21/11/2026 18:00")


@pytest.mark.parametrize("text", ["31/2", "yesterday 25-26", "at 13 pm", "2026-13-01", "last 9999 weeks"])
def test_a_date_or_hour_that_no_calendar_has_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  whichever part of the calendar refuses it
        said(text)


def test_where_the_clocks_change_nothing_is_lost_and_what_they_skip_is_refused() -> None:
    berlin = Wall(ZoneInfo("Europe/Berlin"), "en")
    now = datetime(2026, 10, 26, 12, tzinfo=berlin.zone)
    span = span_in("yesterday 2-3", berlin, now)
    assert span is not None
    assert span.to is not None
    assert (span.to - span.from_).total_seconds() == 7200, "the hour that comes twice is searched twice"
    with pytest.raises(FieldError):
        span_in("29/03/2026 2:30 - 29/03/2026 4:00", berlin, now)


def test_the_rest_is_what_was_not_understood() -> None:
    span = span_in("xe tải hôm qua 17-19 chợ chờ", WALL, SUNDAY)
    assert span is not None
    assert span.rest.replace(",", " ").split() == ["xe", "tải", "chợ", "chờ"]


def test_diacritics_fall_away() -> None:
    assert plain("Đông Ngàn, Thị trấn Chờ") == "dong ngan, thi tran cho"
