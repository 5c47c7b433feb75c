"""A model's folder that somebody else made: what does not fit the code is refused when it is loaded, by file and array."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from noisefilter import ModelError, clean_html, extract, load, score, score_many
from noisefilter import model as model_module
from noisefilter.model import ARRAYS, MANIFEST, READER, VECTORS, models_folder
from noisefilter.policy import POLICIES
from noisefilter.reader import session

NAME = "sentence_second.weights0"
NO_NUMBERS = [float("nan"), float("inf"), -float("inf")]


@pytest.fixture
def copy(model_path, tmp_path) -> Path:
    """A copy of the default model with a vector table of its own, to be spoilt."""
    folder = Path(shutil.copytree(model_path, tmp_path / "copy"))
    shutil.copy(models_folder() / VECTORS, folder / VECTORS)
    return folder


def rewrite(folder: Path, name: str, content: bytes) -> None:
    """Another file in the folder, named in the manifest as if it were meant."""
    (folder / name).write_bytes(content)
    field = {ARRAYS: "arrays_sha256", VECTORS: "vectors_sha256", READER: "reader_sha256"}[name]
    edit(folder, **{field: hashlib.sha256(content).hexdigest()})


def edit(folder: Path, **values: object) -> None:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf8"))
    (folder / MANIFEST).write_text(json.dumps(manifest | values), encoding="utf8")


def changed(array: np.ndarray, value: float) -> np.ndarray:
    """The array with another last value."""
    other = array.copy()
    other.flat[-1] = value
    return other


def test_a_folder_whose_files_are_written_again_loads(copy, model):
    for name in (ARRAYS, VECTORS):
        rewrite(copy, name, save(load_file(copy / name)))
    assert load(copy).label == model.label


@pytest.mark.parametrize("value", NO_NUMBERS)
def test_any_array_with_a_value_that_is_no_finite_number_is_named(copy, value):
    arrays = load_file(copy / ARRAYS)
    for name in arrays:
        rewrite(copy, ARRAYS, save({**arrays, name: changed(arrays[name], value)}))
        with pytest.raises(ModelError, match=rf"{ARRAYS}: {name} holds"):
            load(copy)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        (NAME, None),
        ("article_own.weights0", lambda arrays: arrays["article.weights0"]),
        (NAME, lambda arrays: arrays[NAME].astype(np.float64)),
        (NAME, lambda arrays: arrays[NAME].astype(np.float16)),
        (NAME, lambda arrays: arrays[NAME].astype(np.int32)),
        (NAME, lambda arrays: arrays[NAME][:-1]),
        (NAME, lambda arrays: arrays[NAME][:, :-1]),
        (NAME, lambda arrays: arrays[NAME].reshape(-1)),
        (NAME, lambda arrays: arrays[NAME][:0]),
        ("block_words.weights", lambda arrays: arrays["block_words.weights"][:100]),
        ("insertion_gate", lambda _: np.zeros(0, np.float32)),
        ("article.mean", lambda _: np.zeros(1, np.float32)),
        ("article.bias0", lambda _: np.zeros(5, np.float32)),
        ("article.scale", lambda arrays: changed(arrays["article.scale"], 0.0)),
        ("article.scale", lambda arrays: changed(arrays["article.scale"], -1.0)),
        ("insertion_gate", lambda _: np.full(1, 5.0, np.float32)),
        ("insertion_gate", lambda _: np.full(1, -1.0, np.float32)),
    ],
)
def test_an_array_that_the_code_could_not_use_is_named(copy, name, make):
    arrays = load_file(copy / ARRAYS)
    kept = {key: array for key, array in arrays.items() if key != name}
    rewrite(copy, ARRAYS, save(kept if make is None else {**kept, name: np.ascontiguousarray(make(arrays))}))
    with pytest.raises(ModelError, match=rf"{ARRAYS}: {name} "):
        load(copy)


def header(**entries: object) -> bytes:
    """A safetensors file of a header alone."""
    text = json.dumps(entries).encode()
    return len(text).to_bytes(8, "little") + text


@pytest.mark.parametrize("name", [ARRAYS, VECTORS])
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff" * 8,
        b"\xff" * 4000,
        (10**15).to_bytes(8, "little") + b"{}",
        header(),
        header(words={"dtype": "U8", "shape": [2**62], "data_offsets": [0, 2**62]}),
        header(words={"dtype": "F32", "shape": [10**9, 10**9, 10**9], "data_offsets": [0, 4]}),
        header(words={"dtype": "U8", "shape": [-4], "data_offsets": [4, 0]}),
        header(words={"dtype": "pickle", "shape": [1], "data_offsets": [0, 1]}),
        b"\x00" * 7,
        (4000).to_bytes(8, "little") + b"[" * 4000,
        (20).to_bytes(8, "little") + b'{"\xff\xfe":1}' + b" " * 12,
    ],
    ids=["empty", "ones", "many ones", "huge header", "nothing in it", "huge", "product", "negative", "type", "short", "deep", "bytes"],
)  # fmt: skip
def test_a_file_of_arrays_that_is_none_is_named(copy, name, content):
    rewrite(copy, name, content)
    with pytest.raises(ModelError, match=name):
        load(copy)


@pytest.mark.parametrize("name", [ARRAYS, VECTORS])
@pytest.mark.parametrize("share", [0.001, 0.5, 0.999])
def test_a_file_of_arrays_that_is_cut_off_is_named_though_its_hash_is_right(copy, name, share):
    content = (copy / name).read_bytes()
    rewrite(copy, name, content[: int(len(content) * share)])
    with pytest.raises(ModelError, match=name):
        load(copy)


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("idf", None),
        ("more", lambda table: table["idf"]),
        ("matrix", lambda table: table["matrix"].astype(np.int16)),
        ("matrix", lambda table: table["matrix"][:, :8]),
        ("matrix", lambda table: table["matrix"].reshape(-1)),
        ("scale", lambda table: table["scale"][:-1]),
        ("scale", lambda table: table["scale"][:, None]),
        ("words", lambda table: table["words"][:100]),
        ("words", lambda table: np.append(table["words"], np.uint8(10))),
        ("words", lambda table: np.append(table["words"][:-1], np.uint8(255))),
        *((name, lambda table, name=name, value=value: changed(table[name], value))
          for name in ("scale", "idf", "capital") for value in NO_NUMBERS),
    ],
)  # fmt: skip
def test_a_vector_table_that_the_code_could_not_use_is_named(copy, name, make):
    table = load_file(copy / VECTORS)
    kept = {key: array for key, array in table.items() if key != name}
    rewrite(copy, VECTORS, save(kept if make is None else {**kept, name: np.ascontiguousarray(make(table))}))
    with pytest.raises(ModelError, match=VECTORS) as caught:
        load(copy)
    assert name in str(caught.value).removeprefix(str(copy / VECTORS))


WRONG_THRESHOLDS = [-1, 5, 10**400, 1.0001, float("nan"), float("inf"), "0.5", None, True, [0.5], {"at": 0.5}]


@pytest.mark.parametrize("value", WRONG_THRESHOLDS)
def test_a_threshold_of_a_model_that_is_no_probability_is_named(copy, model, value):
    for name in model.thresholds:
        edit(copy, thresholds={**model.thresholds, name: value})
        with pytest.raises(ModelError, match=rf"{MANIFEST}: threshold {name} "):
            load(copy)


@pytest.mark.parametrize("value", WRONG_THRESHOLDS)
@pytest.mark.parametrize("call", [score, extract, clean_html, lambda page, **options: score_many([page], **options)])
def test_a_threshold_of_a_caller_that_is_no_probability_is_an_error(call, value):
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    with pytest.raises(ValueError if is_number else TypeError, match="threshold filler must be a number"):
        call("Rain fell.", thresholds={"filler": value})


@pytest.mark.parametrize("thresholds", [{}, {"filler": 0.5}, None, [], "high", 0.5])
def test_a_model_without_a_threshold_for_every_decision_is_refused(copy, thresholds):
    edit(copy, thresholds=thresholds)
    with pytest.raises(ModelError, match=f"{MANIFEST}.*threshold"):
        load(copy)


RIGHT = {name: {"review_at": 0.2, "drop_at": 0.5} for name in POLICIES}


@pytest.mark.parametrize(
    ("policies", "said"),
    [
        ({}, "policies are missing"),
        ({"balanced": {"review_at": 0.2, "drop_at": 0.5}}, "policies are balanced, and should be cautious, balanced, strict"),
        ({**RIGHT, "balanced": {"review_at": 0.6, "drop_at": 0.5}}, "review_at must not lie above drop_at"),
        ({**RIGHT, "balanced": {"drop_at": 0.5}}, "review_at is missing"),
        ({**RIGHT, "balanced": {"review_at": "low", "drop_at": 0.5}}, "review_at must be a number"),
        ({**RIGHT, "balanced": [0.2, 0.5]}, "makes no sense"),
        (None, "policies missing"),
    ],
)  # fmt: skip
def test_a_model_whose_policies_make_no_sense_is_refused(copy, policies, said):
    edit(copy, policies=policies)
    with pytest.raises(ModelError, match=f"{MANIFEST}.*{said}"):
        load(copy)


def test_a_threshold_that_nothing_reads_is_refused(copy, model):
    edit(copy, thresholds={**model.thresholds, "sponsored": 0.5})
    with pytest.raises(ModelError, match=f"{MANIFEST}: unknown threshold 'sponsored'"):
        load(copy)


@pytest.mark.parametrize("field", ["name", "version", "arrays_sha256", "vectors_sha256", "features_sha256", "format"])
@pytest.mark.parametrize("value", [None, [], {}, 1.5, True])
def test_a_field_of_another_type_is_named(copy, field, value):
    edit(copy, **{field: value})
    with pytest.raises(ModelError, match=f"{MANIFEST}.*{field}"):
        load(copy)


def test_other_features_are_named_when_the_model_is_loaded(copy):
    edit(copy, features_sha256="0" * 64)
    with pytest.raises(ModelError, match=f"{MANIFEST}: fitted on other features"):
        load(copy)


@pytest.mark.parametrize(
    "content",
    [b"[" * 100_000, b'{"a":' * 100_000, b'{"format": ' + b"9" * 5000 + b"}", b'"text"', b"1", b'{"name": "\xff"}', b"\xfe\xff{"],
    ids=["lists", "objects", "digits", "text", "number", "bytes", "wide"],
)  # fmt: skip
def test_a_manifest_that_json_cannot_hold_or_that_is_no_object_is_named(copy, content):
    (copy / MANIFEST).write_bytes(content)
    with pytest.raises(ModelError, match=MANIFEST):
        load(copy)


def test_a_folder_that_is_not_there_is_named_once(tmp_path):
    with pytest.raises(ModelError) as caught:
        load(tmp_path / "mine")
    manifest = tmp_path / "mine" / MANIFEST
    assert str(caught.value) == f"no model in {tmp_path / 'mine'}: {manifest} cannot be read: No such file or directory"


def test_folders_in_the_place_of_files_are_named(copy):
    for name in (MANIFEST, ARRAYS):
        (copy / name).unlink()
        (copy / name).mkdir()
        with pytest.raises(ModelError, match=name):
            load(copy)
        (copy / name).rmdir()
        shutil.copy(models_folder() / "default" / name, copy / name)


def test_a_reader_that_is_another_file_is_named(copy):
    (copy / READER).write_bytes((copy / READER).read_bytes() + b"\0")
    with pytest.raises(ModelError, match=f"{READER} is not the file"):
        load(copy)


@pytest.mark.parametrize("content", [b"", b"not a network", b"\x08\x09" * 40])
def test_a_reader_that_is_no_network_is_named(copy, content):
    rewrite(copy, READER, content)
    with pytest.raises(ModelError, match=f"{READER}: no reader"):
        load(copy)


def test_a_missing_reader_is_named(copy):
    (copy / READER).unlink()
    with pytest.raises(ModelError, match=READER):
        load(copy)


def test_a_model_without_a_reader_that_should_have_one_is_named(copy):
    manifest = json.loads((copy / MANIFEST).read_text(encoding="utf8"))
    del manifest["reader_sha256"]
    (copy / MANIFEST).write_text(json.dumps(manifest), encoding="utf8")
    with pytest.raises(ModelError, match=f"{ARRAYS}: .* missing"):
        load(copy)


def test_where_onnxruntime_cannot_be_imported_the_error_names_the_model_that_needs_none(monkeypatch, copy):
    def late_import(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(session, "late_import", late_import)
    model_module.open_reader.cache_clear()
    with pytest.raises(ModelError, match=r'onnxruntime.*"fast"'):
        load(copy)
    assert load("fast").reader is None
