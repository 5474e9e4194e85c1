"""Whatever is done to a package is found: by ``camsvc verify``, and by the package's own instructions."""

from __future__ import annotations

import random
import shutil
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from camsvc.evidence.identity import SigningIdentity, parse_certificates
from camsvc.evidence.verification import Trust, verify
from camsvc.evidence.zip_format import LOCAL_MAGIC
from tests.evidence.conftest import Exported
from tests.evidence.instructions import STEPS, commands, follow

CHANGES = 200


def flipped(data: bytes, place: int, chance: random.Random) -> bytes:
    changed = bytearray(data)
    changed[place] ^= chance.randrange(1, 256)
    return bytes(changed)


def rewritten(source: Path, target: Path, change: Callable[[str, bytes], list[tuple[str, bytes]]]) -> Path:
    """The same ZIP by another program, each file as ``change`` gives it, with the old signature at its end."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        new.comment = old.comment
        for info in old.infolist():
            for name, data in change(info.filename, old.read(info)):
                new.writestr(zipfile.ZipInfo(name, info.date_time), data)
    return target


REWRITES: dict[str, Callable[[str, bytes], list[tuple[str, bytes]]]] = {
    "removed": lambda name, data: [] if name.endswith("clip-0001.mp4") else [(name, data)],
    "added": lambda name, data: [(name, data), ("added.txt", b"x")] if name == "README.txt" else [(name, data)],
    "renamed": lambda name, data: [(name.replace("thumbnail.jpg", "other.jpg"), data)],
    "no manifest": lambda name, data: [] if name == "manifest.json" else [(name, data)],
    "no signature": lambda name, data: [] if name == "manifest.json.sig" else [(name, data)],
    "content": lambda name, data: [(name, data.replace(b"moov", b"moOv") if name.endswith(".mp4") else data)],
}


def test_a_sound_package_holds_by_both_ways(exported: Exported, tmp_path: Path) -> None:
    verdict = verify(exported.file, Trust(parse_certificates(exported.identity.certificate.encode())))
    assert verdict.holds, verdict.findings
    assert len(follow(commands(exported.file), exported.file, tmp_path)) == STEPS


def test_verify_finds_each_of_200_random_changes_of_a_byte(exported: Exported, tmp_path: Path) -> None:
    data, chance, file = exported.file.read_bytes(), random.Random(5), tmp_path / "p.zip"
    for _ in range(CHANGES):
        place = chance.randrange(len(data))
        file.write_bytes(flipped(data, place, chance))
        assert not verify(file).holds, place


def test_verify_finds_a_change_of_any_byte_outside_the_data_of_files(exported: Exported, tmp_path: Path) -> None:
    """Headers, descriptors, directory, end, signature: all of them, one after the other."""
    data, chance, file = exported.file.read_bytes(), random.Random(6), tmp_path / "p.zip"
    with zipfile.ZipFile(exported.file) as archive:
        infos, start = archive.infolist(), archive.start_dir
    places = list(range(start, len(data), 31))
    for info in infos:
        body = info.header_offset + 30 + len(info.filename)
        end = body + info.file_size
        places += [*range(info.header_offset, body, 19), *range(end, end + 16, 7)]
    for place in places:
        file.write_bytes(flipped(data, place, chance))
        assert not verify(file).holds, place


def test_the_instructions_find_random_changes_of_a_byte(exported: Exported, tmp_path: Path) -> None:
    _changes_by_instructions(exported, tmp_path, 12)


@pytest.mark.slow
def test_the_instructions_find_each_of_200_random_changes_of_a_byte(exported: Exported, tmp_path: Path) -> None:
    _changes_by_instructions(exported, tmp_path, CHANGES)


def _changes_by_instructions(exported: Exported, folder: Path, count: int) -> None:
    data, chance, file = exported.file.read_bytes(), random.Random(7), folder / "p.zip"
    script = commands(exported.file)
    for _ in range(count):
        place = chance.randrange(len(data))
        file.write_bytes(flipped(data, place, chance))
        assert len(follow(script, file, folder)) < STEPS, place


@pytest.mark.parametrize("change", REWRITES)
def test_removed_added_renamed_and_changed_files_are_found_by_both_ways(
    exported: Exported, tmp_path: Path, change: str
) -> None:
    file = rewritten(exported.file, tmp_path / "p.zip", REWRITES[change])
    verdict = verify(file)
    assert not verdict.holds
    assert any(each.check == "files" for each in verdict.findings if each.outcome == "fails")
    script = commands(exported.file)
    assert len(follow(script, file, tmp_path)) < STEPS
    # Also without the signature over the whole: the manifest and the sums find it by themselves.
    steps = [line for line in script.splitlines() if "archive" not in line]
    assert len(follow("\n".join(steps), file, tmp_path)) < STEPS - 2


def test_files_in_another_order_are_found(exported: Exported, tmp_path: Path) -> None:
    with zipfile.ZipFile(exported.file) as old, zipfile.ZipFile(tmp_path / "p.zip", "w") as new:
        new.comment = old.comment
        for info in reversed(old.infolist()):
            new.writestr(zipfile.ZipInfo(info.filename, info.date_time), old.read(info))
    details = [each.detail for each in verify(tmp_path / "p.zip").findings if each.check == "files"]
    assert any("order" in detail for detail in details)


@pytest.mark.parametrize("where", ["front", "between", "end", "after the directory"])
def test_bytes_that_belong_to_no_file_are_found(exported: Exported, tmp_path: Path, where: str) -> None:
    data = exported.file.read_bytes()
    place = {
        "front": 0,
        "between": data.index(LOCAL_MAGIC, 100),
        "end": len(data),
        "after the directory": data.rindex(b"PK\5\6"),
    }[where]
    file = tmp_path / "p.zip"
    file.write_bytes(data[:place] + b"EXTRA" + data[place:])
    assert not verify(file).holds
    assert len(follow(commands(exported.file), file, tmp_path)) < STEPS


def test_a_name_that_differs_from_the_directory_s_and_a_name_twice_are_found(
    exported: Exported, tmp_path: Path
) -> None:
    data, file = exported.file.read_bytes(), tmp_path / "p.zip"
    file.write_bytes(data.replace(b"\0\0README.txt", b"\0\0README.txT", 1))  # only in the local header
    assert any("local header" in each.detail for each in verify(file).findings)
    file.write_bytes(data.replace(b"report.en.html", b"report.vi.html"))
    assert any("twice" in each.detail for each in verify(file).findings)


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/passwd", "a\\..\\b", "C:x", ".hidden", "a/../b", "x\n"])
def test_a_name_that_leaves_the_folder_is_called_so(exported: Exported, tmp_path: Path, name: str) -> None:
    file = rewritten(
        exported.file, tmp_path / "p.zip", lambda old, data: [(name if old == "SHA256SUMS" else old, data)]
    )
    assert any("do not unpack" in each.detail for each in verify(file).findings)


def test_what_would_inflate_or_overlap_is_refused_without_reading_it(exported: Exported, tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.zip"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b"0" * 50_000_000)
    assert not verify(bomb).holds
    data = bytearray(exported.file.read_bytes())
    with zipfile.ZipFile(exported.file) as archive:
        start = archive.start_dir
    second = data.index(b"PK\1\2", start + 4)
    struct.pack_into("<I", data, second + 42, 0)  # the second entry's data begins where the first's does
    (tmp_path / "p.zip").write_bytes(data)
    assert any("overlaps" in each.detail for each in verify(tmp_path / "p.zip").findings)


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\5\6" + bytes(18), bytes(1000), b"PK\3\4" * 500])
def test_what_is_no_package_is_called_so(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "p.zip").write_bytes(data)
    assert not verify(tmp_path / "p.zip").holds


def test_a_cut_package_is_found_wherever_it_is_cut(exported: Exported, tmp_path: Path) -> None:
    data, chance = exported.file.read_bytes(), random.Random(8)
    for _ in range(30):
        (tmp_path / "p.zip").write_bytes(data[: chance.randrange(len(data))])
        assert not verify(tmp_path / "p.zip").holds


def test_a_package_signed_with_another_key_is_called_so(
    exported: Exported, other_identity: SigningIdentity, tmp_path: Path
) -> None:
    verdict = verify(exported.file, Trust(parse_certificates(other_identity.certificate.encode())))
    assert not verdict.holds
    assert any("another key" in each.detail for each in verdict.findings if each.check == "certificate")
    # And one whose certificate was put in the place of the right one.
    file = rewritten(
        exported.file,
        tmp_path / "p.zip",
        lambda name, data: [(name, other_identity.certificate.encode() if name == "certificate.pem" else data)],
    )
    assert any("another key" in each.detail for each in verify(file).findings if each.check == "manifest")
    assert len(follow(commands(exported.file), file, tmp_path)) < STEPS


def test_the_issuer_s_certificate_is_as_good_as_the_signer_s(exported: Exported) -> None:
    issuer = parse_certificates(exported.identity.certificate.encode())[1]
    assert verify(exported.file, Trust([issuer])).holds


def test_the_copy_of_a_package_may_have_any_name(exported: Exported, tmp_path: Path) -> None:
    file = tmp_path / "chứng cứ (1).zip"
    shutil.copy(exported.file, file)
    assert verify(file).holds
    assert len(follow(commands(file), file, tmp_path)) == STEPS
