"""Files ↔ `Model`: arrays in safetensors, a JSON manifest; nothing that could run."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from safetensors import SafetensorError
from safetensors.numpy import load, save

from noisefilter.blocks import TEXT_VERSION
from noisefilter.types import KINDS
from noisefilter.vectors import VectorTable, load_vectors

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

MANIFEST = "manifest.json"
ARRAYS = "model.safetensors"
VECTORS = "vectors.safetensors"
CARD = "CARD.md"
#: An estimator as skops writes it, which models could have before; it can run code, so nothing reads it any more.
ESTIMATOR = "article.skops"
FORMAT = 1
#: What a manifest must say.
NEEDED = ("format", "text_version", "name", "version", "thresholds", "arrays_sha256", "vectors_sha256")
#: Names of thresholds: one a kind of span, `drop` for the article's noise, `not_article` for pages of another type.
THRESHOLDS = (*KINDS, "drop", "not_article")


class ModelError(ValueError):
    """A folder that holds no model, or one that this version cannot use; the message names the file."""


@dataclass(frozen=True, slots=True, eq=False)
class Model:
    """What was learned: arrays by estimator, thresholds that were tuned on it, and the word vectors it was made with."""

    name: str
    version: str
    thresholds: Mapping[str, float]
    arrays: Mapping[str, NDArray[np.floating[Any]]]
    manifest: Mapping[str, Any]
    vectors: VectorTable

    @property
    def label(self) -> str:
        """Name and version, as scores carry it."""
        return f"{self.name}-{self.version}"


def models_folder() -> Path:
    """The shipped models: in the package, or beside it in an editable install."""
    inside = Path(__file__).parent / "models"
    return inside if inside.is_dir() else Path(__file__).parent.parent / "models"


@lru_cache(maxsize=1)
def default_model() -> Model:
    """The model that `noisefilter.score` uses; loaded once a process."""
    return load_model(models_folder() / "default")


@lru_cache(maxsize=4)
def _vectors(path: Path) -> VectorTable:
    return load_vectors(path)


def load_model(path: str | Path) -> Model:
    """The model in a folder.

    Raises:
        ModelError: no manifest, unreadable arrays, another format, vectors other than it was trained with, or an estimator
            that is no arrays.
    """
    folder = Path(path)
    if (folder / ESTIMATOR).exists():
        msg = f"{folder / ESTIMATOR} is not read: a model is arrays alone. Train it again, without --estimator"
        raise ModelError(msg)
    manifest = _read_manifest(folder / MANIFEST)
    try:
        arrays = load(_named_file(folder / ARRAYS, manifest["arrays_sha256"]))
    except SafetensorError as error:
        msg = f"{folder / ARRAYS} cannot be read: {error}"
        raise ModelError(msg) from error
    own = folder / VECTORS
    vectors_path = own if own.is_file() else models_folder() / VECTORS
    if digest(vectors_path) != manifest["vectors_sha256"]:
        msg = f"{vectors_path} is not the vector table that the model in {folder} was trained with"
        raise ModelError(msg)
    return Model(
        manifest["name"],
        manifest["version"],
        manifest["thresholds"],
        arrays,
        manifest,
        _vectors(vectors_path),
    )


@lru_cache(maxsize=2)
def model_at(path: str | Path | None) -> Model:
    """The model of a folder, or the shipped one, read once a process: workers are sent its path, not its arrays.

    Raises:
        ModelError: the folder holds no model, or one of another format.
    """
    return default_model() if path is None else load_model(path)


def _named_file(path: Path, sha256: str) -> bytes:
    """What a file holds, if it is the one that the manifest names."""
    try:
        content = path.read_bytes()
    except OSError as error:
        msg = f"{path} cannot be read: {error}"
        raise ModelError(msg) from error
    if hashlib.sha256(content).hexdigest() != sha256:
        msg = f"{path} is not the file that {MANIFEST} names"
        raise ModelError(msg)
    return content


def _read_manifest(path: Path) -> dict[str, Any]:
    try:
        manifest = json.loads(path.read_text(encoding="utf8"))
    except (OSError, ValueError) as error:
        msg = f"no model in {path.parent}: {path} cannot be read: {error}"
        raise ModelError(msg) from error
    missing = [key for key in NEEDED if not isinstance(manifest, dict) or key not in manifest]
    if missing:
        msg = f"{path} is no manifest: {', '.join(missing)} missing"
        raise ModelError(msg)
    if manifest["format"] != FORMAT or manifest["text_version"] != TEXT_VERSION:
        msg = f"{path}: format {manifest['format']}, text version {manifest['text_version']}; this is {FORMAT}, {TEXT_VERSION}"
        raise ModelError(msg)
    return manifest


def save_model(model: Model, path: str | Path, card: str) -> None:
    """Write arrays, manifest and card; the same model gives the same bytes."""
    folder = Path(path)
    folder.mkdir(parents=True, exist_ok=True)
    content = save(dict(sorted(model.arrays.items())))
    manifest = {**model.manifest, "arrays_sha256": hashlib.sha256(content).hexdigest()}
    (folder / ARRAYS).write_bytes(content)
    (folder / ESTIMATOR).unlink(missing_ok=True)
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", encoding="utf8")
    (folder / CARD).write_text(card, encoding="utf8")


@lru_cache(maxsize=8)
def digest(path: Path) -> str:
    """SHA-256 of a file, "" if there is none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def check_thresholds(thresholds: Mapping[str, float]) -> None:
    """Raise ValueError for a threshold that does not exist or lies outside 0-1."""
    for name, value in thresholds.items():
        if name not in THRESHOLDS:
            msg = f"unknown threshold {name!r}: choose from {', '.join(THRESHOLDS)}"
            raise ValueError(msg)
        if not 0 <= value <= 1:
            msg = f"threshold {name} must lie between 0 and 1, not {value}"
            raise ValueError(msg)
