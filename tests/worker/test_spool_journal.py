from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from camsvc.worker.spool_journal import Journal

RECORDS = [b'{"a":1}', b'{"b":"' + "ố".encode() + b'"}', b"{}"]


def reopened(path: Path) -> list[bytes]:
    return Journal(path).read()


def test_what_was_appended_is_read_back_in_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append(RECORDS[:1])
    journal.append(RECORDS[1:])
    assert reopened(tmp_path / "journal") == RECORDS


def test_a_journal_cut_at_any_byte_gives_a_prefix_and_takes_more(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    Journal(path).append(RECORDS)
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        journal = Journal(path)
        before = journal.read()
        assert before == RECORDS[: len(before)]
        assert len(before) == whole[:cut].count(b"\n")
        journal.append([b'"more"'])
        assert reopened(path) == [*before, b'"more"']


@given(st.binary(max_size=200), st.integers(0, 3))
def test_garbage_after_whole_records_is_passed_over(
    tmp_path_factory: pytest.TempPathFactory, junk: bytes, n: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal"
    Journal(path).append(RECORDS[:n])
    with path.open("ab") as file:
        file.write(junk)
    journal = Journal(path)
    assert journal.read() == RECORDS[:n]
    journal.append([b"1"])
    assert reopened(path) == [*RECORDS[:n], b"1"]


def test_a_flipped_bit_costs_its_own_record_only(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    Journal(path).append(RECORDS)
    data = bytearray(path.read_bytes())
    data[data.index(b"\n") + 12] ^= 1
    path.write_bytes(data)
    assert reopened(path) == [RECORDS[0], RECORDS[2]]


def test_rewriting_replaces_everything(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append(RECORDS * 50)
    journal.rewrite([b"1"])
    journal.append([b"2"])
    assert reopened(tmp_path / "journal") == [b"1", b"2"]


def test_after_a_refused_append_only_a_rewrite_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(tmp_path / "journal")
    journal.append(RECORDS[:1])
    with monkeypatch.context() as patch:
        patch.setattr("os.fdatasync", _refuse)
        with pytest.raises(OSError, match="No space"):
            journal.append(RECORDS[1:2])
    assert journal.suspect
    with pytest.raises(OSError, match="rewritten first"):
        journal.append(RECORDS[1:2])
    journal.rewrite(RECORDS)
    assert reopened(tmp_path / "journal") == RECORDS


def _refuse(_: int) -> None:
    raise OSError(28, "No space left on device")
