"""Passwords that a guesser tries first: they are refused when chosen (NIST SP 800-63B §5.1.1.2)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_ENGLISH = """
abc abcd abcde abcdef admin administrator asdf asdfgh asdfghjk asdfghjkl asdfghjklq azerty azertyuiop baseball
batman changeme charlie computer default dragon football freedom google guest hello helloworld iloveyou jordan
killer letmein liverpool login lovely loveme manager master michael michelle minecraft monkey mustang myspace naruto
nothing operator pass passpass passw passwd password passwort pokemon police policeman princess qazwsx qazwsxedc
qqww qwer qwert qwerty qwertyqwerty qwertyu qwertyui qwertyuio qwertyuiop qwertyzxcvbn root samsung secret service
shadow starwars summer sunshine superman superuser support system temp temporary test tester testing trustno user
username webcam welcome whatever winter zxcv zxcvbn zxcvbnm
"""
# Without marks, as people type where no keyboard has them.
_VIETNAMESE = """
anhyeuem antoan bameoi baomat bocongan camera camsvc canhsat chucmung congan conganvietnam conyeubame conyeume
dangnhap emyeuanh giadinh hanhphuc hanoi hochiminh khongbiet khongcho khongco maiyeuem matkhau matkhaumoi motminh
nguyen nguyenvan nhoem quanly quantri saigon sinhnhat taikhoan thanhcong tinhyeu toiyeuvietnam tphcm vietnam
vietnammuonnam vietnamvodich xinchao yeuanh yeuem yeuvietnam
"""
COMMON = frozenset(f"{_ENGLISH} {_VIETNAMESE}".split())
"""Words, not passwords: ``weakness`` looks for them behind figures, signs and the usual letters for figures."""
_ROWS = (
    "01234567890123456789",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "abcdefghijklmnopqrstuvwxyz",
    "qazwsxedcrfvtgbyhn",
)
_LOOKS = str.maketrans(
    {"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "@": "a", "$": "s", "!": "i"}
)
NAME_MIN = 4
"""A shorter name is found in too many passwords by chance."""
CHANGES_MIN = 5
"""Different characters that a password needs: fewer is a pattern."""
ROW_MIN = 4
"""Keys beside each other that count as a run; a password of runs alone is refused."""


def weakness(password: str, names: Iterable[str] = ()) -> str | None:
    """Why a guesser soon has ``password``, in a few words; None: no reason is seen. ``names``: of whose it is to be."""
    plain = _plain(password)
    if len(set(plain)) < CHANGES_MIN:
        return f"it has fewer than {CHANGES_MIN} different characters"
    if _is_runs(plain):
        return "it is a row of keys"
    for name in names:
        part = _letters(_plain(name))
        if len(part) >= NAME_MIN and _rest(_letters(plain), part) < NAME_MIN:
            return "it is the account's name, or little more"
    if _words(plain) & COMMON:
        return "it is one of those that are tried first"
    return None


def _plain(text: str) -> str:
    """Lower case, without marks: ``Mật`` is ``mat``."""
    apart = unicodedata.normalize("NFKD", text.casefold().replace("đ", "d"))
    return "".join(each for each in apart if not unicodedata.combining(each))


def _letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text)


def _rest(text: str, part: str) -> int:
    """Characters that are left of ``text`` without ``part``; figures at its end are soon guessed."""
    return len(text.replace(part, "").strip("0123456789")) if part in text else len(text)


def _words(plain: str) -> set[str]:
    """What may stand behind ``plain``: without figures and signs around it, without doubling, letters for figures."""
    found = set()
    for bare in (re.sub(r"^[\W\d_]+|[\W\d_]+$", "", plain), re.sub(r"[\d!]+$", "", plain)):
        for text in (bare, bare.translate(_LOOKS)):
            joined = re.sub(r"[\W_]", "", text)
            half = joined[: len(joined) // 2]
            found |= {joined, half} if half * 2 == joined else {joined}
    return found


def _is_runs(plain: str) -> bool:
    """Whether it is nothing but runs along a keyboard's row, the alphabet or the figures, either way."""
    rows = [turned for row in _ROWS for turned in (row, row[::-1])]
    at = 0
    while at < len(plain):
        longest = max((_run(plain, at, row) for row in rows), default=0)
        if longest < min(ROW_MIN, len(plain) - at if at else ROW_MIN):
            return False
        at += longest
    return True


def _run(plain: str, at: int, row: str) -> int:
    length = 0
    while at + length < len(plain) and plain[at : at + length + 1] in row:
        length += 1
    return length
