"""A model compiled for this machine: OpenVINO if it gives the source's answers, else ONNX Runtime."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict, dataclass
from enum import StrEnum
from importlib import resources
from pathlib import Path
from typing import Any, Final

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from camsvc import log as logging
from camsvc.domain.track import Detection
from camsvc.errors import DetectorError
from camsvc.vision.catalogue import Model, sha256_of
from camsvc.vision.fetch import local_file, locked
from camsvc.vision.runtime import load_ultralytics
from camsvc.vision.yolo import Yolo

CPU: Final = "cpu"
AGREE_CONFIDENCE: Final = 0.4
"""Objects at least this sure must be found by both; weaker ones flip on the last bit of a float."""
AGREE_IOU: Final = 0.95
"""fp32 on another runtime moves boxes by less than a pixel (measured 0.999)."""
AGREE_CONFIDENCE_STEP: Final = 0.02
_RECORD: Final = "prepared.json"

log = logging.get(__name__)


class Runtime(StrEnum):
    OPENVINO = "openvino"
    ONNX = "onnx"
    SOURCE = "source"
    """As it came, run by whatever ultralytics picks for the device."""


@dataclass(frozen=True, slots=True)
class Prepared:
    model: str
    runtime: Runtime
    path: Path
    """What ultralytics' ``YOLO`` opens."""
    sha256: str
    """Of ``path``: an altered one is compiled anew."""
    note: str
    """For a person: why this runtime."""

    @property
    def name(self) -> str:
        return f"{self.model}/{self.runtime}"


def prepare(model: Model, models_dir: Path, *, device: str = CPU, again: bool = False) -> Prepared:
    """``model`` ready to run on ``device``; compiles on the first call on this machine (2…20 s), then answers at once.

    Safe to call from several processes. Raises DetectorError when the model is absent, altered or unusable.
    """
    source = local_file(model, models_dir)
    if device != CPU:
        return Prepared(model.version, Runtime.SOURCE, source, model.sha256, f"run on {device} as it is")
    with locked(models_dir):
        folder = models_dir / model.folder
        if not again and (ready := _ready(model, folder)) is not None:
            return ready
        try:
            prepared = _compile(model, source, folder, models_dir)
        except OSError as error:
            raise DetectorError(f"model {model.name} cannot be prepared in {folder}: {error}") from error
        record = {**asdict(prepared), "path": str(prepared.path)}
        (folder / _RECORD).write_text(json.dumps(record, indent=1), encoding="utf-8")
        return prepared


def is_prepared(model: Model, models_dir: Path) -> bool:
    """Whether `prepare` would answer at once for the processor."""
    return _ready(model, models_dir / model.folder) is not None


def _ready(model: Model, folder: Path) -> Prepared | None:
    try:
        record = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        ready = Prepared(
            record["model"], Runtime(record["runtime"]), Path(record["path"]), record["sha256"], record["note"]
        )
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        log.warning("the record of the prepared model is damaged: preparing again", model=model.name)
        return None
    if not ready.path.exists() or sha256_of(ready.path) != ready.sha256:
        log.warning("the prepared model is altered or gone: preparing again", model=model.name, path=str(ready.path))
        return None
    return ready


def _compile(model: Model, source: Path, folder: Path, models_dir: Path) -> Prepared:
    if source.is_dir():
        return Prepared(model.version, Runtime.OPENVINO, source, model.sha256, "came compiled")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix=".prepare-") as scratch:
        onnx = source if source.suffix == ".onnx" else _export_onnx(model, source, Path(scratch), models_dir)
        compiled = Path(scratch) / f"{model.name}_openvino_model"
        try:
            _to_openvino(model, onnx, compiled)
            fault = _difference(model, onnx, compiled, models_dir)
        except (RuntimeError, ValueError, ImportError) as error:
            # OpenVINO reports what it cannot convert or run as RuntimeError.
            fault = f"OpenVINO failed: {error}"
        if fault is None:
            target = folder / compiled.name
            shutil.rmtree(target, ignore_errors=True)
            compiled.rename(target)
            log.info("model compiled for this machine", model=model.name, runtime="openvino", path=str(target))
            note = "OpenVINO fp32 gives the source's answers"
            return Prepared(model.version, Runtime.OPENVINO, target, sha256_of(target), note)
        log.warning("model stays with ONNX Runtime", model=model.name, reason=fault)
        target = onnx
        if onnx.is_relative_to(scratch):
            target = folder / f"{model.name}.onnx"
            onnx.replace(target)
        return Prepared(model.version, Runtime.ONNX, target, sha256_of(target), fault)


def _export_onnx(model: Model, source: Path, scratch: Path, models_dir: Path) -> Path:
    """A .pt file as ONNX with free batch and size. ultralytics writes beside its input, hence the copy."""
    copy = scratch / f"{model.name}{source.suffix}"
    shutil.copyfile(source, copy)
    try:
        exporter = load_ultralytics(models_dir).YOLO(str(copy), task="detect")
        return Path(exporter.export(format="onnx", dynamic=True, simplify=False, verbose=False))
    except Exception as error:  # whatever the file makes ultralytics, torch or onnx raise
        raise DetectorError(f"model {model.name}: {source.name} cannot be exported to ONNX: {error}") from error


def _to_openvino(model: Model, onnx_file: Path, folder: Path) -> None:
    """By OpenVINO's own reader; the folder is laid out as ultralytics' ``YOLO`` expects it.

    Not by ``openvino.convert_model``: that one reports its use to its makers and writes to the home directory.
    """
    import onnx
    import openvino

    folder.mkdir()
    converted = openvino.Core().read_model(str(onnx_file))
    # Uncompressed: fp16 weights save 5 MB of disk, and the boxes would no longer be the source's.
    openvino.save_model(converted, folder / f"{model.name}.xml", compress_to_fp16=False)
    properties = onnx.load(str(onnx_file), load_external_data=False).metadata_props
    metadata: dict[str, Any] = {item.key: item.value for item in properties}
    (folder / "metadata.yaml").write_text(yaml.safe_dump(metadata, allow_unicode=True), encoding="utf-8")


def _difference(model: Model, source: Path, compiled: Path, models_dir: Path) -> str | None:
    """None when both find the same objects on a real picture; else what differs."""
    picture = _picture(models_dir)
    wanted, got = (
        Yolo(path, models_dir, width=model.input.width, height=model.input.height).detect([picture])[0]
        for path in (source, compiled)
    )
    return disagreement(wanted, got)


def disagreement(wanted: list[Detection], got: list[Detection]) -> str | None:
    """What keeps ``got`` from being the answer ``wanted``, in words; None when nothing does."""
    sure = [one for one in wanted if one.confidence >= AGREE_CONFIDENCE]
    if not sure:
        return "the source model finds nothing on the test picture, so there is nothing to compare"
    for one in sure:
        close = [
            other
            for other in got
            if other.object_class is one.object_class
            and one.box.iou(other.box) >= AGREE_IOU
            and abs(one.confidence - other.confidence) <= AGREE_CONFIDENCE_STEP
        ]
        if not close:
            return f"the {one.object_class} of confidence {one.confidence:.2f} is not found again"
    more = sum(one.confidence >= AGREE_CONFIDENCE + AGREE_CONFIDENCE_STEP for one in got) - len(sure)
    return f"{more} objects more than the source" if more > 0 else None


def _picture(models_dir: Path) -> NDArray[np.uint8]:
    """People and a bus: a photograph that ultralytics ships."""
    load_ultralytics(models_dir)
    data = resources.files("ultralytics").joinpath("assets/bus.jpg").read_bytes()
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if image is None:
        raise DetectorError("ultralytics' test picture cannot be read: reinstall ultralytics")
    return image  # type: ignore[return-value]
