"""What a guesser tries first is refused, in both languages; what people can well remember is not."""

from __future__ import annotations

import pytest

from camsvc.domain.password import weakness

NAMES = ["lan.nguyen"]


@pytest.mark.parametrize(
    "password",
    [
        "1234567890",
        "0987654321",
        "qwertyuiop",
        "qwertyuiop1234",
        "abcd1234abcd",
        "aaaaaaaaaa",
        "121212121212",
        "password123",
        "Password123!",
        "P@ssw0rd2024",
        "passwordpassword",
        "admin12345",
        "matkhau123",
        "Mật khẩu 123",
        "anhyeuem2024",
        "conganvietnam",
        "Việt Nam 1975",
        "lan.nguyen",
        "LanNguyen1990",
        "lan.nguyen.lan",
    ],
)
def test_what_a_guesser_tries_first_is_weak(password: str) -> None:
    assert weakness(password, NAMES) is not None


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery",
        "trời xanh mây trắng",
        "a1b2c3d4e5f6",
        "x8Kd-qP3z-77",
        "con mèo trèo cây cau",
        "password of my own dog",
        "another password",
        "lan.nguyen likes old trains",
    ],
)
def test_what_nobody_soon_guesses_is_taken(password: str) -> None:
    assert weakness(password, NAMES) is None


def test_a_short_name_is_not_looked_for() -> None:
    assert weakness("an old grey heron", ["an"]) is None
