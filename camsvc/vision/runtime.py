"""ultralytics and its runtimes as a service can bear them.

No installing, no network, no files in the home directory, no reports to their makers, no chatter.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from pathlib import Path
from typing import Any

from PIL import Image

CONFIG_FOLDER = "ultralytics"
"""Below DATA/models: where ultralytics keeps its settings."""

_ENVIRONMENT = {
    "YOLO_AUTOINSTALL": "false",  # else it runs pip when it misses something
    "YOLO_OFFLINE": "true",  # else it looks for the network at import
    "YOLO_VERBOSE": "false",  # else it prints a line a prediction
    "ULTRALYTICS_SAFE_LOAD": "true",  # a .pt file is a pickle: only known classes, no foreign code
}


def load_ultralytics(models_dir: Path, *, offline: bool = True) -> Any:  # noqa: ANN401  the library has no types
    """The ultralytics module. Its first import takes 3.5 s and 560 MB; only detector owners pay that.

    Its variables are read at import, so the first call of a process decides for all later ones.
    """
    config = models_dir / CONFIG_FOLDER
    config.mkdir(parents=True, exist_ok=True)
    os.environ.update(_ENVIRONMENT, YOLO_CONFIG_DIR=str(config))
    # `import openvino` reports itself to its makers by way of this package, unless it is not there. For the import
    # system, None is "not there" (docs: sys.modules).
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    if not offline:
        os.environ["YOLO_OFFLINE"] = "false"
    plain_open = Image.open
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # deprecations inside torch and its friends are not ours to mend
        import ultralytics
        import ultralytics.utils
    # Its own, put in for the whole process, asks for a plugin at what is no picture: readers of pictures elsewhere
    # would get a ModuleNotFoundError for an UnidentifiedImageError.
    Image.open = plain_open
    logging.getLogger("ultralytics").setLevel(logging.WARNING)
    return ultralytics


def bound_torch(threads: int) -> None:
    """Torch only shuffles pixels and suppresses boxes here: more threads than this only spin."""
    import torch

    torch.set_num_threads(threads)
