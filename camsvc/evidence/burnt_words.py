"""What stands in the pictures of copies, in Vietnamese and English at once: whoever sees them cannot choose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from camsvc.evidence.words import LANGUAGES, Words, spans
from camsvc.media.canvas import Colour


@dataclass(frozen=True, slots=True)
class Mark:
    """What a copy says that it is."""

    words: str
    colour: Colour
    title: str
    """In the file's metadata."""
    comment: str


VIEWING: Final = Mark(
    "BẢN XEM / VIEWING COPY",
    Colour.of("#ffd166"),
    "camsvc viewing copy",
    "Re-encoded for viewing, with marks burnt in. The original recording is kept separately, unchanged.",
)
REDACTED: Final = Mark(
    "ĐÃ CHE / REDACTED",
    Colour.of("#ff9a8a"),
    "camsvc redacted copy",
    "Re-encoded; parts of the picture are made unrecognisable. The original recording is kept separately, unchanged.",
)
_WORDS: Final[dict[str, str]] = {
    "clock": "sai số/error ±{ms} ms",
    "part": "phần/part {number}/{all}",
    "slate.length": "thời lượng / length: {length}",
    "slate.gap": "KHÔNG CÓ HÌNH / NO FOOTAGE",
    "slate.fault": "KHÔNG HIỂN THỊ ĐƯỢC / CANNOT BE SHOWN",
}
_FAULTS: Final[dict[str, tuple[str, str]]] = {
    "missing": ("tệp gốc không còn trong kho lưu trữ", "the original is missing from the store"),
    "altered": ("tệp gốc đã bị thay đổi", "the original was altered"),
    "undecodable": ("không giải mã được tệp gốc", "the original cannot be decoded"),
}


def bilingual(key: str) -> str:
    return _WORDS[key]


def reason(value: str) -> tuple[str, str]:
    """Vietnamese and English."""
    if value in _FAULTS:
        return _FAULTS[value]
    vietnamese, english = (Words(language).of("gap_reason", value) for language in LANGUAGES)
    return vietnamese, english


def slate_length(seconds: float) -> str:
    return _WORDS["slate.length"].format(length=" / ".join(dict.fromkeys(spans(seconds, each) for each in LANGUAGES)))


def class_name(value: str) -> str:
    return "/".join(Words(language).of("class", value) for language in LANGUAGES)
