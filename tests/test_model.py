"""A model is a folder of plain files: what is wrong with one is said by name, and what is saved loads again."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from noisefilter import ModelError, batches, clean_html, extract, load, score, score_many
from noisefilter import model as model_module
from noisefilter.model import (
    ARRAYS,
    CARD,
    MANIFEST,
    READER,
    SHIPPED,
    THRESHOLDS,
    VECTORS,
    load_model,
    models_folder,
    save_model,
)
from tests.making import ARTICLE, HTML_ARTICLE

PICKLES = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


@pytest.fixture
def copy(model_path, tmp_path) -> Path:
    """A copy of the default model, to be spoilt."""
    return Path(shutil.copytree(model_path, tmp_path / "copy"))


def edit(folder: Path, **values: object) -> None:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf8"))
    (folder / MANIFEST).write_text(json.dumps(manifest | values), encoding="utf8")


def test_a_copy_of_the_model_loads(copy, model):
    assert load(copy).label == load(str(copy)).label == model.label


def test_a_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(ModelError, match="nowhere"):
        load(tmp_path / "nowhere")


@pytest.mark.parametrize("name", [MANIFEST, ARRAYS])
def test_a_file_that_is_missing_is_named(copy, name):
    (copy / name).unlink()
    with pytest.raises(ModelError, match=name):
        load(copy)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"{}", b"\xff\xfe{}"], ids=["empty", "cut", "list", "null", "bare", "bytes"]
)
def test_a_broken_manifest_is_named(copy, content):
    (copy / MANIFEST).write_bytes(content)
    with pytest.raises(ModelError, match=MANIFEST):
        load(copy)


@pytest.mark.parametrize("field", ["arrays_sha256", "vectors_sha256", "name", "version", "thresholds"])
def test_a_manifest_that_lacks_a_field_is_named(copy, field):
    manifest = json.loads((copy / MANIFEST).read_text(encoding="utf8"))
    del manifest[field]
    (copy / MANIFEST).write_text(json.dumps(manifest), encoding="utf8")
    with pytest.raises(ModelError, match=MANIFEST):
        load(copy)


def test_arrays_that_were_changed_are_named(copy):
    arrays = load_file(copy / ARRAYS)
    name = min(arrays)
    arrays[name] = arrays[name] + 1
    save_file(arrays, copy / ARRAYS)
    with pytest.raises(ModelError, match=ARRAYS):
        load(copy)


@pytest.mark.parametrize("size", [0, 4, 1000])
def test_arrays_that_were_cut_off_are_named(copy, size):
    (copy / ARRAYS).write_bytes((copy / ARRAYS).read_bytes()[:size])
    with pytest.raises(ModelError, match=ARRAYS):
        load(copy)


@pytest.mark.parametrize("field", ["format", "text_version"])
def test_another_format_is_named(copy, field):
    edit(copy, **{field: 99})
    with pytest.raises(ModelError, match="99") as caught:
        load(copy)
    assert MANIFEST in str(caught.value)


def test_other_vectors_are_named(copy):
    edit(copy, vectors_sha256="0" * 64)
    with pytest.raises(ModelError, match=VECTORS):
        load(copy)


def test_vectors_of_its_own_stand_beside_a_model(copy, model):
    shutil.copy(models_folder() / VECTORS, copy / VECTORS)
    assert load(copy).vectors.rows_by_word == model.vectors.rows_by_word
    (copy / VECTORS).write_bytes(b"other")
    with pytest.raises(ModelError, match=VECTORS):
        load(copy)


def test_a_model_trained_again_into_its_folder_is_read_again(fast, tmp_path):
    for name in ("older", "newer"):
        save_model(replace(fast, name=name, manifest={**fast.manifest, "name": name}), tmp_path, "# Card\n")
        for chosen in (tmp_path, str(tmp_path)):
            assert score(ARTICLE, model=chosen).model == f"{name}-{fast.version}"


def test_a_model_error_is_a_value_error():
    assert issubclass(ModelError, ValueError)


def test_the_shipped_models_go_by_their_names(model, fast):
    assert load("default").label == load_model("default").label == model.label
    assert load("fast").label == fast.label != model.label
    assert model.reader is not None
    assert fast.reader is None


@pytest.mark.parametrize("chosen", ["fast", models_folder() / "fast", str(models_folder() / "fast")])
def test_a_model_is_named_or_its_folder_where_pages_are_scored(chosen, fast):
    assert score(ARTICLE, model=chosen).model == fast.label
    assert [own.model for own in score_many([ARTICLE, HTML_ARTICLE], model=chosen)] == [fast.label] * 2
    assert extract(HTML_ARTICLE, model=chosen) == extract(HTML_ARTICLE, model=fast)
    assert clean_html(HTML_ARTICLE, model=chosen) == clean_html(HTML_ARTICLE, model=fast)


def test_workers_are_sent_the_name_of_a_model(fast):
    assert {own.model for own in score_many([ARTICLE] * 3, model="fast", jobs=2)} == {fast.label}


def test_workers_are_sent_a_loaded_model_once(monkeypatch, fast):
    class Thresholds(dict[str, float]):
        def __reduce__(self):
            sent.append(True)
            return dict, (dict(self),)

    sent: list[bool] = []
    monkeypatch.setattr(batches, "BATCH", 1)
    mine = replace(fast, name="mine", thresholds=Thresholds(fast.thresholds))
    assert {own.model for own in score_many([ARTICLE] * 5, model=mine, jobs=2)} == {mine.label}
    assert len(sent) == 1


def test_noise_does_not_depend_on_the_reader(model, fast, corpus):
    for page in corpus[:6]:
        assert score(page.page, model=model).noise == score(page.page, model=fast).noise


def test_a_folder_that_is_no_model_is_named_where_pages_are_scored(tmp_path):
    with pytest.raises(ModelError, match=MANIFEST):
        score(ARTICLE, model=tmp_path)


def test_saving_and_loading_changes_no_score(model, tmp_path):
    save_model(model, tmp_path / "again", "# Card\n")
    again = load_model(tmp_path / "again")
    assert again.label == model.label
    assert dict(again.thresholds) == dict(model.thresholds)
    assert {name: array.tobytes() for name, array in again.arrays.items()} == {
        name: np.asarray(array).tobytes() for name, array in model.arrays.items()
    }
    for page in (ARTICLE, HTML_ARTICLE):
        assert score(page, model=again).to_dict() == score(page, model=model).to_dict()


def test_the_same_model_gives_the_same_bytes_twice(model, tmp_path):
    for name in ("one", "two"):
        save_model(model, tmp_path / name, "# Card\n")
    for name in (MANIFEST, ARRAYS, CARD, READER):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize("name", SHIPPED)
def test_a_shipped_model_is_what_saving_it_would_write(name, tmp_path):
    folder = models_folder() / name
    save_model(load_model(name), tmp_path / "again", (folder / CARD).read_text(encoding="utf8"))
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == sorted(
        path.name for path in folder.iterdir() if path.name in {MANIFEST, ARRAYS, CARD, READER}
    )
    for path in (tmp_path / "again").iterdir():
        assert path.read_bytes() == (folder / path.name).read_bytes()


def test_a_model_without_a_reader_saved_over_one_with_it_leaves_none(model, fast, tmp_path):
    save_model(model, tmp_path, "# Card\n")
    save_model(fast, tmp_path, "# Card\n")
    assert load_model(tmp_path).reader is None
    assert not (tmp_path / READER).exists()


def test_no_file_of_the_models_is_a_pickle():
    files = [path for path in models_folder().rglob("*") if path.is_file()]
    assert {path.suffix for path in files} <= {".safetensors", ".onnx", ".json", ".md", ".svg"}
    assert not [path for path in files if path.read_bytes()[:2] in PICKLES]


def test_the_shipped_files_are_small():
    assert sum(path.stat().st_size for path in models_folder().rglob("*") if path.is_file()) < 30_000_000


def test_a_model_carries_a_threshold_for_every_decision(model):
    assert set(model.thresholds) == set(THRESHOLDS)
    assert all(0 < value <= 1 for value in model.thresholds.values())


def test_models_are_found_inside_an_installed_package(monkeypatch, tmp_path):
    (tmp_path / "site-packages" / "noisefilter" / "models").mkdir(parents=True)
    (tmp_path / "site-packages" / "models").mkdir()
    monkeypatch.setattr(model_module, "__file__", str(tmp_path / "site-packages" / "noisefilter" / "model.py"))
    assert models_folder() == tmp_path / "site-packages" / "noisefilter" / "models"


def test_models_are_found_beside_an_editable_package(monkeypatch, tmp_path):
    (tmp_path / "checkout" / "noisefilter").mkdir(parents=True)
    monkeypatch.setattr(model_module, "__file__", str(tmp_path / "checkout" / "noisefilter" / "model.py"))
    assert models_folder() == tmp_path / "checkout" / "models"


def test_a_model_inside_an_installed_package_loads(monkeypatch, model, model_path, tmp_path):
    inside = tmp_path / "noisefilter" / "models"
    shutil.copytree(model_path, inside / "default")
    shutil.copytree(models_folder() / "fast", inside / "fast")
    shutil.copy(models_folder() / VECTORS, inside / VECTORS)
    monkeypatch.setattr(model_module, "__file__", str(tmp_path / "noisefilter" / "model.py"))
    assert load_model(models_folder() / "default").label == model.label
