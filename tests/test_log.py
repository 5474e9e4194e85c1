from __future__ import annotations

import pytest

from camsvc.log import redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rtsp://admin:s3cret@cam/live", "rtsp://***@cam/live"),
        ("rtsp://admin:12345@10.0.0.1:554/a@b", "rtsp://***@10.0.0.1:554/a@b"),
        ("rtsp://u@ser:p@ss@cam/live", "rtsp://***@cam/live"),
        ("rtsp://admin:pa/ss@cam/live", "rtsp://***@cam/live"),
        ("rtsps://a:b@cam/x then rtsp://c:d@other/y", "rtsps://***@cam/x then rtsp://***@other/y"),
        ("rtsp://cam/x?user=admin&password=p%40ss&channel=1", "rtsp://cam/x?user=***&password=***&channel=1"),
        ("rtsp://cam/user=admin&passwd=s3cret&channel=1", "rtsp://cam/user=***&passwd=***&channel=1"),
        ("postgresql://camsvc:s3cret@db/camsvc", "postgresql://***@db/camsvc"),
    ],
)
def test_credentials_of_a_url_are_replaced_however_a_camera_takes_them(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize("text", ["rtsp://10.0.0.1:554/a@b", "rtsp://cam/a@b", "compass=3 bypass=2", "mail x@y"])
def test_what_is_no_credential_stays(text: str) -> None:
    assert redact(text) == text
