"""Files ↔ `Model`: arrays in safetensors, a JSON manifest, nothing executable; arrays → the estimators that score."""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from noisefilter.article import judge as article
from noisefilter.blocks import judge as blocks
from noisefilter.html.walk import TEXT_VERSION
from noisefilter.insertions import judge as insertions
from noisefilter.insertions import reading
from noisefilter.kinds import KINDS
from noisefilter.policy import POLICIES, Policy, find_policy
from noisefilter.reader.session import Reader, ReaderError
from noisefilter.sentences import judge as sentences
from noisefilter.text.vectors import VectorTable, load_vectors, read_header
from noisefilter.types import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from noisefilter.arrays import Matrix

LOGGER = logging.getLogger("noisefilter")
MANIFEST = "manifest.json"
ARRAYS = "model.safetensors"
READER = "reader.onnx"
VECTORS = "vectors.safetensors"
CARD = "CARD.md"
FORMAT = 1
#: Required keys of a manifest, with their types.
NEEDED = {
    "format": int,
    "text_version": int,
    "name": str,
    "version": str,
    "thresholds": dict,
    "policies": dict,
    "arrays_sha256": str,
    "vectors_sha256": str,
    "features_sha256": str,
}
#: The shipped models: with the reader, and without it for crawls of millions of pages.
DEFAULT, FAST = SHIPPED = ("default", "fast")
#: Names of thresholds: one per kind of span, and `not_article` for pages of another type.
THRESHOLDS = (*KINDS, "not_article")
#: Network → names of the columns that it reads.
INPUTS = {**blocks.INPUTS, **sentences.INPUTS, **insertions.INPUTS, **reading.INPUTS, **article.INPUTS}


class ModelError(UserError, ValueError):
    """A folder that holds no model, or one that this version cannot use; the message names the file."""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """Arrays by estimator, thresholds and policies chosen for them, and the word vectors used in training.

    `reader` is an encoder in the ONNX format, if the model has one.
    """

    name: str
    version: str
    thresholds: Mapping[str, float]
    arrays: Mapping[str, NDArray[np.floating[Any]]]
    manifest: Mapping[str, Any]
    vectors: VectorTable
    reader: bytes | None = None

    def __repr__(self) -> str:
        """One line, for the interactive prompt."""
        return f"<Model {self.label}: {'without' if self.reader is None else 'with'} a reader>"

    @property
    def label(self) -> str:
        """Name and version, as scores carry it."""
        return f"{self.name}-{self.version}"

    @property
    def wide(self) -> dict[str, Matrix]:
        """The arrays in float64, in which the estimators compute."""
        return {name: np.asarray(array, dtype=np.float64) for name, array in self.arrays.items()}

    @property
    def policies(self) -> dict[str, Policy]:
        """The pairs of cuts on `noise` chosen for it, by name."""
        return policies_of(self.manifest)

    def policy(self, wanted: Policy | str | Path | None = None) -> Policy:
        """The policy of this name or path; a `Policy` as it is; "balanced" if None.

        Raises:
            ValueError: an unknown name, or a file that holds no policy.
        """
        return find_policy(wanted, self.policies)


def policies_of(manifest: Mapping[str, Any]) -> dict[str, Policy]:
    """The policies that a manifest holds, by name, the most cautious first.

    Raises:
        TypeError, ValueError: one of them is invalid.
    """
    return {name: Policy.from_dict({**manifest["policies"][name], "name": name}) for name in POLICIES}


def models_folder() -> Path:
    """The shipped models: in the package, or beside it in an editable install."""
    inside = Path(__file__).parent / "models"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "models"


def as_model(model: Model | str | Path | None = None) -> Model:
    """The argument if it is a model; else the one in a folder, or the shipped one, read once per process.

    A folder that a model was saved to since is read again.

    Raises:
        ModelError: the folder holds no model, or one of another format.
    """
    if isinstance(model, Model):
        return model
    path = DEFAULT if model is None else model
    check_model(path)
    folder = folder_of(path)
    return _model_in(folder, _written_at(folder / MANIFEST))


@lru_cache(maxsize=4)
def _model_in(folder: Path, _time_ns: int) -> Model:
    return load_model(folder)


def _written_at(path: Path) -> int:
    """When a file was written, in ns; 0 if there is none."""
    return path.stat().st_mtime_ns if path.is_file() else 0


def folder_of(model: str | Path) -> Path:
    """The folder of a model: "default" and "fast" are the shipped ones, anything else is a path."""
    return models_folder() / model if str(model) in SHIPPED else Path(model)


def check_model(path: str | Path) -> None:
    """Raise ModelError for a bare name that is no folder: a shipped model's may be misspelt."""
    if len(Path(path).parts) == 1 and not folder_of(path).is_dir():
        raise ModelError(f"no model {str(path)!r}: choose from {', '.join(SHIPPED)}, or name the folder of a model")


@lru_cache(maxsize=4)
def _vectors(path: Path, _time_ns: int) -> VectorTable:
    try:
        table = load_vectors(path)
    except (ValueError, SafetensorError) as error:
        raise ModelError(f"{path} is no vector table: {error}") from error
    if table.dimensions < sentences.VECTOR_INPUTS:
        raise ModelError(f"{path}: matrix has {table.dimensions} dimensions; {sentences.VECTOR_INPUTS} are read")
    return table


def load_model(path: str | Path) -> Model:
    """Load a model completely, so that any fault in it shows here and not on some page.

    Args:
        path: of the folder, or the name of a shipped model, "default" or "fast".

    Raises:
        ModelError: manifest, arrays, vectors or reader are missing or do not fit this version, or there is no
            onnxruntime for the reader.
    """
    folder = folder_of(path)
    manifest = _read_manifest(folder / MANIFEST)
    reader = _read_reader(folder / READER, manifest["reader_sha256"]) if "reader_sha256" in manifest else None
    arrays = _read_arrays(folder / ARRAYS, manifest["arrays_sha256"], FAST if reader is None else DEFAULT)
    beside = folder / VECTORS
    vectors_path = beside if beside.is_file() else models_folder() / VECTORS
    if digest(vectors_path) != manifest["vectors_sha256"]:
        raise ModelError(f"{vectors_path} is not the vector table that the model in {folder} was trained with")
    vectors = _vectors(vectors_path, _written_at(vectors_path))
    return Model(manifest["name"], manifest["version"], manifest["thresholds"], arrays, manifest, vectors, reader)


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """The estimators of a model."""

    blocks: blocks.BlockScorer
    articles: article.ArticleScorer


@lru_cache(maxsize=4)
def scorer(model: Model) -> Scorer:
    """The estimators that a model's arrays describe, built once per process."""
    wide = model.wide
    reader = None if model.reader is None else open_reader(model.reader)
    return Scorer(blocks.build_block_scorer(wide), article.ArticleScorer(wide, reader))


def features_digest() -> str:
    """SHA-256 of the names of all columns that the networks read, in order: a model's weights refer to these."""
    names = [f"{network} {name}" for network, columns in INPUTS.items() for name in columns]
    return hashlib.sha256("\n".join(names).encode()).hexdigest()


@lru_cache(maxsize=4)
def open_reader(network: bytes) -> Reader:
    """The reader of an ONNX file, opened once per process.

    Raises:
        ModelError: there is no onnxruntime, or the file is not a reader.
    """
    try:
        return Reader(network)
    except ImportError as error:
        raise ModelError(
            'onnxruntime, which the reader runs on, cannot be imported: install it, or use the model "fast", which has no reader'
        ) from error
    except ReaderError as error:
        raise ModelError(str(error)) from error


def _read_reader(path: Path, sha256: str) -> bytes:
    content = _read_named(path, sha256)
    try:
        open_reader(content)
    except ModelError as error:
        raise ModelError(f"{path}: {error}") from error
    return content


def _read_arrays(path: Path, sha256: str, alike: str) -> dict[str, NDArray[np.floating[Any]]]:
    """The arrays in a file, if names, shapes and types are those of a shipped model and all values are finite.

    The code is tested with the shipped models, so their files define what it needs, and no list has to be maintained.
    """
    content = _read_named(path, sha256)
    needed = _header(models_folder() / alike / ARRAYS)
    found = _header(path)
    for name in sorted(needed.keys() | found.keys()):
        if needed.get(name) != found.get(name):
            raise ModelError(
                f"{path}: {name} is {found.get(name, 'missing')}, and should be {needed.get(name, 'missing')}"
            )
    arrays = load(content)
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise ModelError(f"{path}: {name} holds values that are no finite numbers")
        if name.endswith(".scale") and not (array > 0).all():
            raise ModelError(f"{path}: {name} is divided by, and holds values that are not above zero")
        if name.endswith("_gate") and not ((array >= 0) & (array <= 1)).all():
            raise ModelError(f"{path}: {name} is a probability, and not between 0 and 1")
    return arrays


def _header(path: Path) -> dict[str, str]:
    """Type and shape of each array in a file."""
    try:
        return {name: f"{kind} {shape}" for name, (kind, shape) in read_header(path).items()}
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} cannot be read: {error}") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}") from error


def _read_named(path: Path, sha256: str) -> bytes:
    content = _read(path)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ModelError(f"{path} is not the file that {MANIFEST} names")
    return content


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(_read(path))
    except ModelError as error:
        raise ModelError(f"no model in {path.parent}: {error}") from error
    except (ValueError, RecursionError) as error:  # RecursionError: nested too deeply
        raise ModelError(f"no model in {path.parent}: {path} cannot be read: {error}") from error
    wrong = [
        key for key, kind in NEEDED.items() if not isinstance(manifest, dict) or type(manifest.get(key)) is not kind
    ]
    if wrong:
        raise ModelError(f"{path} is no manifest: {', '.join(wrong)} missing, or of another type")
    if manifest["format"] != FORMAT or manifest["text_version"] != TEXT_VERSION:
        raise ModelError(
            f"{path}: made for another version of noisefilter (format {manifest['format']}, text version {manifest['text_version']}; "
            f"this one reads {FORMAT}, {TEXT_VERSION}): train it again, or install the version that made it"
        )
    if manifest["features_sha256"] != features_digest():
        raise ModelError(f"{path}: fitted on other features than this version of noisefilter measures: train it again")
    _check_own_thresholds(path, manifest["thresholds"])
    _check_own_policies(path, manifest)
    return manifest


def policies_at(path: str | Path) -> dict[str, Policy]:
    """The policies of the model in a folder, by name, without loading the rest of it.

    Raises:
        ModelError: the folder holds no model, or one that this version cannot use.
    """
    check_model(path)
    return policies_of(_read_manifest(folder_of(path) / MANIFEST))


def policy_at(path: str | Path, wanted: object) -> Policy:
    """A policy as `find_policy` gives it for the model in a folder; the log warns of a file whose cuts are another model's.

    Raises:
        ModelError: as `policies_at`.
        TypeError, ValueError: as `find_policy`.
    """
    known = policies_at(path)
    policy = find_policy(wanted, known)
    if isinstance(wanted, str | Path) and wanted not in known:
        manifest = _read_manifest(folder_of(path) / MANIFEST)
        chosen_for, used = json.loads(_read(Path(wanted))).get("model"), f"{manifest['name']}-{manifest['version']}"
        if chosen_for not in (None, used):
            LOGGER.warning(
                "the cuts of %s were chosen for the model %s, not for %s: choose them again", wanted, chosen_for, used
            )
    return policy


def _check_own_thresholds(path: Path, thresholds: Mapping[str, Any]) -> None:
    """Raise ModelError unless there is a threshold for every decision, and no other."""
    try:
        check_thresholds(thresholds)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{path}: {error}") from error
    if missing := sorted(set(THRESHOLDS) - set(thresholds)):
        raise ModelError(f"{path}: threshold {missing[0]} is missing")


def _check_own_policies(path: Path, manifest: Mapping[str, Any]) -> None:
    """Raise ModelError unless the model has each policy, and no other."""
    found = manifest["policies"]
    if set(found) != set(POLICIES):
        raise ModelError(
            f"{path}: the policies are {', '.join(sorted(found)) or 'missing'}, and should be {', '.join(POLICIES)}"
        )
    try:
        policies_of(manifest)
    except (TypeError, ValueError) as error:
        raise ModelError(f"{path}: a policy makes no sense: {error}") from error


def save_model(model: Model, path: str | Path, card: str) -> None:
    """Write arrays, manifest and card; the same model gives the same bytes."""
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    content = save(dict(sorted(model.arrays.items())))
    manifest = {**model.manifest, "arrays_sha256": hashlib.sha256(content).hexdigest()}
    manifest.pop("reader_sha256", None)
    (folder / ARRAYS).write_bytes(content)
    if model.reader is None:
        (folder / READER).unlink(missing_ok=True)
    else:
        (folder / READER).write_bytes(model.reader)
        manifest["reader_sha256"] = hashlib.sha256(model.reader).hexdigest()
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf8")
    (folder / CARD).write_text(card, encoding="utf8")


def digest(path: Path) -> str:
    """SHA-256 of a file, "" if there is none."""
    return _digest(path, _written_at(path))


@lru_cache(maxsize=8)
def _digest(path: Path, _time_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def check_thresholds(thresholds: Mapping[str, object]) -> None:
    """Raise ValueError for an unknown threshold or one outside 0-1, TypeError for one that is not a number."""
    for name, value in thresholds.items():
        if name not in THRESHOLDS:
            raise ValueError(f"unknown threshold {name!r}: choose from {', '.join(THRESHOLDS)}")
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            raise TypeError(f"threshold {name} must be a number, not {type(value).__name__}")
        if not 0 <= value <= 1:  # NaN fails, too
            raise ValueError(f"threshold {name} must be a number between 0 and 1, not {value!r}")
