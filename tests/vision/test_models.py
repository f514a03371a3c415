"""The store of the operator's models: what is let in, what is written, what is noticed."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import numpy as np
import pytest

from tests.fakes.detecting import ColourDetector
from tests.fakes.onnx_files import write_constant_network
from vision.detectors import open_detector
from vision.detectors.labels import COCO
from vision.errors import ModelError
from vision.models.catalogue import Entry, called, read_catalogue, with_content
from vision.models.speed import LEAST_LOOKS, measure
from vision.models.store import ModelStore

SHAPE = (1, 3, 64, 64)


def network(path: Path, *, score: float = 0.8, **metadata: str) -> Path:
    """A small file in the layout of YOLOv8 that finds a person."""
    out = np.zeros((1, 84, 84), np.float32)
    out[0, :5, 7] = (32, 32, 16, 8, score)
    path.parent.mkdir(parents=True, exist_ok=True)
    return write_constant_network(path, SHAPE, {"o": out}, metadata)


def write(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def entry_for(path: Path, name: str = "tiny") -> Entry:
    content = path.read_bytes()
    return Entry(
        name=name,
        title="Tiny",
        file="tiny_2026.onnx",
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        licence="Apache-2.0",
        source="https://example.org",
        size=(64, 64),
        threshold=0.4,
        light=True,
    )


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "store", ())


def test_a_model_is_taken_in_with_its_manifest(tmp_path: Path, store: ModelStore) -> None:
    """Content, format, sizes, threshold, classes and licence stand beside it, and it opens."""
    source = network(tmp_path / "usb" / "My Model.onnx", license="MIT", version="1.2")
    model = store.add(source, write=write)
    assert model.name == "my-model"
    assert model.path.read_bytes() == source.read_bytes()
    manifest = json.loads(model.path.with_suffix(".json").read_text(encoding="utf-8"))
    assert manifest == {
        "name": "My Model.onnx",
        "version": "1.2",
        "licence": "MIT",
        "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "format": "ultralytics",
        "classes": manifest["classes"],
        "sizes": [[64, 64]],
        "threshold": 0.3,
    }
    assert manifest["classes"]["person"] == "person"
    assert manifest["classes"]["truck"] == "vehicle"
    assert model.labels == ("person", "two-wheeler", "vehicle")
    assert [known.name for known in store.models()] == ["my-model"]
    assert store.verify("my-model").labels == open_detector(str(source), 1).labels


def test_what_stands_beside_the_source_goes_along(tmp_path: Path, store: ModelStore) -> None:
    """Names and thresholds that somebody wrote for the file are not lost on the way."""
    source = network(tmp_path / "usb" / "m.onnx")
    names = [f"thing {number}" for number in range(79)] + ["flame"]
    side = {"names": names, "threshold": 0.6, "fit": "stretch", "licence": "MIT"}
    source.with_suffix(".json").write_text(json.dumps(side), encoding="utf-8")
    manifest = store.add(source, write=write).manifest
    assert (manifest.names, manifest.threshold, manifest.fit) == (names, 0.6, "stretch")
    assert manifest.classes == {"flame": "fire"}
    assert store.verify("m").threshold == 0.6


def test_a_file_of_the_catalogue_gets_its_name_and_facts(tmp_path: Path) -> None:
    """It is known by its content, whatever it is called on the stick."""
    source = network(tmp_path / "usb" / "download(1).onnx")
    store = ModelStore(tmp_path / "store", [entry_for(source)])
    model = store.add(source, write=write)
    assert model.name == "tiny"
    assert (model.manifest.name, model.manifest.licence) == ("Tiny", "Apache-2.0")
    assert store.verify("tiny").threshold == 0.4


@pytest.mark.parametrize(
    ("file", "name"), [("tiny_2026.onnx", ""), ("tiny.onnx", ""), ("other.onnx", "tiny")]
)
def test_an_impostor_is_refused(tmp_path: Path, file: str, name: str) -> None:
    """Called like one of the catalogue, but not it: half a copy, or another model."""
    real = network(tmp_path / "real.onnx")
    store = ModelStore(tmp_path / "store", [entry_for(real)])
    source = network(tmp_path / "usb" / file, score=0.7)
    with pytest.raises(ModelError, match=r"called like Tiny .* another content .*--name NAME\.$"):
        store.add(source, name=name, write=write)
    assert not (tmp_path / "store").exists()
    assert store.add(source, name="my-own", write=write).name == "my-own"


@pytest.mark.parametrize("content", [b"", b"no model", bytes(range(256)) * 40])
def test_what_is_no_model_is_refused_and_leaves_nothing(
    tmp_path: Path, store: ModelStore, content: bytes
) -> None:
    """Nothing is written before the file has been opened and tried."""
    source = tmp_path / "m.onnx"
    source.write_bytes(content)
    with pytest.raises(ModelError):
        store.add(source, write=write)
    assert not (tmp_path / "store").exists()


def test_what_is_no_detector_is_refused(tmp_path: Path, store: ModelStore) -> None:
    """It loads and runs, but what comes out are no boxes."""
    out = np.zeros((1, 1000), np.float32)
    source = write_constant_network(tmp_path / "m.onnx", SHAPE, {"classes": out})
    with pytest.raises(ModelError, match=r"classes \[1, 1000\]"):
        store.add(source, write=write)
    assert store.models() == []


@pytest.mark.parametrize("name", ["built-in", "../up", "A B", "-x", "x" * 49, "名称"])
def test_a_name_that_cannot_be_is_refused(tmp_path: Path, store: ModelStore, name: str) -> None:
    """Names become file names and are typed by people."""
    with pytest.raises(ModelError, match="cannot be called"):
        store.add(network(tmp_path / "m.onnx"), name=name, write=write)


def test_a_name_is_not_taken_twice(tmp_path: Path, store: ModelStore) -> None:
    """Another content needs another name; the same content again is welcome."""
    first = network(tmp_path / "a" / "m.onnx")
    store.add(first, write=write)
    store.add(first, write=write)
    second = network(tmp_path / "b" / "m.onnx", score=0.7)
    with pytest.raises(ModelError, match="already another model called 'm'"):
        store.add(second, write=write)
    assert store.verify("m")


def test_a_changed_model_is_not_loaded(tmp_path: Path, store: ModelStore) -> None:
    """One flipped bit on a worn card is noticed wherever the model is opened; adding repairs."""
    source = network(tmp_path / "m.onnx")
    model = store.add(source, write=write)
    damaged = bytearray(source.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    model.path.write_bytes(damaged)
    for opens in (lambda: store.verify("m"), lambda: open_detector(str(model.path), 1)):
        with pytest.raises(ModelError, match="changed or damaged"):
            opens()
    store.add(source, write=write)
    assert store.verify("m")


def test_a_power_cut_between_both_files_leaves_no_model(tmp_path: Path, store: ModelStore) -> None:
    """A file whose manifest was never written is named, and can be added again."""
    source = network(tmp_path / "m.onnx")

    def dies(path: Path, content: bytes) -> None:
        if path.suffix == ".json":
            raise OSError(5, "Input/output error")
        path.write_bytes(content)

    with pytest.raises(OSError, match="Input/output"):
        store.add(source, write=dies)
    assert ["no manifest" in model.problem for model in store.models()] == [True]
    with pytest.raises(ModelError, match="no manifest"):
        store.verify("m")
    store.add(source, write=write)
    assert store.verify("m")


@pytest.mark.parametrize("manifest", ["{", '{"sha256": "12"}', '{"thresholds": {"dog": 0.5}}'])
def test_a_broken_manifest_is_told_and_hides_no_other(
    tmp_path: Path, store: ModelStore, manifest: str
) -> None:
    """The list shows the sentence beside the model, and the rest of the models."""
    broken = store.add(network(tmp_path / "a.onnx"), write=write)
    store.add(network(tmp_path / "b.onnx"), write=write)
    broken.path.with_suffix(".json").write_text(manifest, encoding="utf-8")
    assert [bool(model.problem) for model in store.models()] == [True, False]
    with pytest.raises(ModelError, match=re.escape(str(broken.path.with_suffix(".json")))):
        store.verify("a")


def test_an_unknown_name_is_a_sentence(store: ModelStore) -> None:
    """It says where the names are shown; a path is no name."""
    for name in ("gone", "../x", ""):
        with pytest.raises(ModelError, match="model list"):
            store.find(name)


def test_labels_may_have_thresholds_of_their_own(tmp_path: Path) -> None:
    """A label with a higher threshold needs a higher score to reach the common one."""
    out = np.zeros((1, 84, 84), np.float32)
    out[0, :4, :2] = [[16, 48], [32, 32], [16, 16], [8, 8]]
    out[0, 4 + COCO.index("person"), 0] = out[0, 4 + COCO.index("car"), 1] = 0.5
    path = write_constant_network(tmp_path / "m.onnx", SHAPE, {"o": out})
    side = {"threshold": 0.4, "thresholds": {"person": 0.8}}
    path.with_suffix(".json").write_text(json.dumps(side), encoding="utf-8")
    detector = open_detector(str(path), 1)
    from tests.vision.test_formats_named import FRAME

    found = detector.detect(FRAME, ())
    scores = {label: float(score) for label, score in zip(found.labels, found.scores, strict=True)}
    assert scores == pytest.approx({"person": 0.25, "vehicle": 0.5})


def test_the_catalogue_is_consistent() -> None:
    """Names and contents are there once, and whoever looks finds them."""
    catalogue = read_catalogue()
    assert len({entry.name for entry in catalogue}) == len(catalogue) >= 9
    assert len({entry.sha256 for entry in catalogue}) == len(catalogue)
    for entry in catalogue:
        assert with_content(catalogue, entry.sha256) is entry
        assert entry in called(catalogue, entry.name)
        assert entry in called(catalogue, entry.file)
        assert entry.licence in {"Apache-2.0", "BSD-3-Clause", "MIT"}
    assert called(catalogue, "model.onnx") == []


def test_speed_is_the_middle_of_the_looks() -> None:
    """Ten milliseconds by the clock that was handed in are ten milliseconds."""
    ticks = iter(range(10_000))
    speed = measure(ColourDetector(), seconds=0.0, clock=lambda: next(ticks) / 100)
    assert speed.looks == LEAST_LOOKS
    assert speed.ms == pytest.approx(10.0)
    assert speed.looks_per_s == pytest.approx(100.0)


@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("yolox_nano.onnx", "yolox-nano"),
        ("nanodet_m.onnx", "nanodet-m"),
        ("FastestDet.onnx", "fastestdet"),
    ],
)
def test_real_files_are_known_by_their_content(
    shared: Path, tmp_path: Path, file: str, name: str
) -> None:
    """The catalogue holds their hashes; what is stored finds what the file finds."""
    store = ModelStore(tmp_path, read_catalogue())
    model = store.add(shared / "models" / file, write=write)
    assert model.name == name
    assert store.verify(name).labels == ("person", "two-wheeler", "vehicle")
