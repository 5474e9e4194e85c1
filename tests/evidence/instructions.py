"""A package's own README, followed with nothing but the programs that it names."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from pathlib import Path

PROGRAMS = ("openssl", "sha256sum", "unzip")
COREUTILS = ("cat", "cut", "head", "mkdir", "tail", "wc")
"""They come in one package with sha256sum."""
STEPS = 7
"""Lines that must say OK, in a package with workers' seals."""
TIMEOUT_S = 60


def commands(package: Path) -> str:
    """The indented lines of the README in a sound package, as a person copies them."""
    with zipfile.ZipFile(package) as archive:
        lines = archive.read("README.txt").decode().splitlines()
    return "\n".join(line.strip() for line in lines if line.startswith("    ") and line.strip() and line[4] != " ")


def follow(script: str, package: Path, folder: Path) -> list[str]:
    """What the steps printed that says OK. An empty environment; only the named programs can be found."""
    programs = folder / "programs"
    if not programs.exists():
        programs.mkdir(parents=True)
        for name in PROGRAMS + COREUTILS:
            (programs / name).symlink_to(str(shutil.which(name)))
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    script = script.replace("PACKAGE=/path/to/the/package.zip", f"PACKAGE='{package}'")
    done = subprocess.run(
        ["/bin/sh", "-c", script],
        check=False,
        cwd=work,
        env={"PATH": str(programs)},
        capture_output=True,
        timeout=TIMEOUT_S,
        stdin=subprocess.DEVNULL,
    )
    return [line for line in done.stdout.decode(errors="replace").splitlines() if line in {"OK", "Verified OK"}]
