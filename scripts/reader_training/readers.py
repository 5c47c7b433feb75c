"""Labelled pages → for each fold of writers and sites the reader that has not seen it, and the one that ships (extra `train`).

Without a teacher each reader learns from the labels, and the one that ships has the mean of their weights. With one (extra
`teacher`; it takes a GPU) a large encoder learns each fold's labels, and the reader learns from what it predicts, on texts
without labels, too; the one that ships learns from the mean of their predictions (docs/decisions/0048).
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import load_file, save_file

from noisefilter.fit import FOLDS
from noisefilter.html.read import read_blocks
from noisefilter.learn.corpora import LETTERS
from noisefilter.reader.session import CLASSES
from noisefilter.reader.wordpiece import Vocabulary
from reader_training.base import common_pieces, load_base, load_mpnet
from reader_training.examples import Predicted, ReaderExample, taught_pieces
from reader_training.export import export
from reader_training.fit import FitOptions, fit_encoder, predict_pieces, weights_of
from reader_training.last import NO_FOLD, fold_without
from reader_training.network import MPNET, Encoder
from reader_training.unlabelled import text_example, unlabelled_pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from noisefilter.arrays import Index
    from noisefilter.labels import LabelledPage
    from noisefilter.types import Page
    from reader_training.examples import TaughtPiece
    from reader_training.export import Weights

#: Layers of MiniLM that are used, and how many of them are frozen.
LAYERS, FROZEN = 3, 1
#: Epochs over the pieces of articles with written passages, and over those whose sentences were judged.
WRITTEN_EPOCHS, JUDGED_EPOCHS = 2, 1
#: Share of the pieces without a written passage that is used.
PLAIN = 0.3
#: With a teacher: its layers and epochs, and the epochs of the reader, first as above, then with its lowest layer, too.
TEACHER_LAYERS, TEACHER_EPOCHS, READER_EPOCHS = 12, 3, 3
TEACHER = FitOptions(rate=5e-5, step=32)
PHASES = (FitOptions(rate=7e-4, step=64), FitOptions(rate=6e-4, heads=2.0, step=64))


class ReaderFit:
    """Fits readers from the same base; each is kept in a folder, and read from there if asked for with the same pages.

    Args:
        texts: those that the vocabulary is chosen on, and that a teacher is asked about.
        kept: folder where readers are kept.
        device: torch device.
        progress: called with a message at each step.
    """

    def __init__(
        self, texts: Sequence[Page], kept: Path, device: str = "cpu", progress: Callable[[str], None] = lambda _: None
    ) -> None:
        self.texts, self.kept, self.device, self.progress = texts, kept, device, progress
        self.base = load_base()
        self.pieces = common_pieces((str(page.content) for page in texts), self.base.pieces)
        self.rows = self.base.rows(self.pieces)

    def all_folds(self, pages: Sequence[LabelledPage], *, teacher: bool = False) -> list[bytes]:
        """For each fold the reader that has not seen it and, last, the reader that ships, in ONNX."""
        if teacher:
            return [self.network(weights) for weights in self._taught_folds(pages)]
        folds = [
            self.fit([page for page in pages if fold_without(page) != left], f"without-{left}", left)
            for left in range(FOLDS)
        ]
        mean = {name: np.mean([weights[name] for weights in folds], axis=0) for name in folds[0]}
        return [self.network(weights) for weights in (*folds, mean)]

    def network(self, weights: Weights) -> bytes:
        """A reader with these weights, in ONNX."""
        return export(weights, self.pieces, frozen=FROZEN)

    def fit(self, pages: Sequence[LabelledPage], name: str, seed: int = 0) -> Weights:
        """Weights fitted on some pages, whose order the seed gives; pages without labelled passages or sentences are skipped."""
        chosen = [page for page in pages if fold_without(page) != NO_FOLD]
        path = self.kept / f"reader-{name}-{_digest(chosen, self.pieces)}.safetensors"
        if not path.is_file():
            encoder = self._start()
            taught = _taught(chosen, Vocabulary(self.pieces), random.Random(seed))
            self.progress(f"reader {name}: {len(taught)} pieces of {len(chosen)} pages")
            fit_encoder(encoder, taught, FitOptions(seed=seed, device=self.device), progress=self.progress)
            _save(weights_of(encoder), path)
        return load_file(path)

    def _start(self) -> Encoder:
        encoder = Encoder(len(self.pieces), LAYERS, FROZEN)
        encoder.load_base(self.base.weights, self.rows)
        return encoder

    def _taught_folds(self, pages: Sequence[LabelledPage]) -> list[Weights]:
        """Weights of each fold's reader, and of the one that ships, by what the teachers predict."""
        chosen = [page for page in pages if fold_without(page) != NO_FOLD]
        vocabulary = Vocabulary(self.pieces)
        labelled = [
            (fold_without(page), piece)
            for page in chosen
            for piece in taught_pieces([reader_example(page)], vocabulary)
        ]
        asked = [*(piece for _, piece in labelled), *unlabelled_pieces(self.texts, vocabulary, random.Random(0))]
        fold = np.full(len(asked), NO_FOLD)
        fold[: len(labelled)] = [NO_FOLD if left is None else left for left, _ in labelled]
        state = hashlib.sha256(_digest(chosen, self.pieces).encode())
        for piece in asked:
            state.update(piece.inputs.ids.tobytes())
        key = state.hexdigest()[:16]
        predicted = [self._predicted(asked, len(labelled), fold, left, key) for left in range(FOLDS)]
        readers = [self._fit_taught(asked, fold, left, predicted[left], key) for left in range(FOLDS)]
        mean = [_mean(of_piece) for of_piece in zip(*predicted, strict=True)]
        return [*readers, self._fit_taught(asked, fold, -1, mean, key)]

    def _predicted(
        self, asked: Sequence[TaughtPiece], labelled: int, fold: Index, left: int, key: str
    ) -> list[Predicted]:
        """What a teacher that has not learned from a fold predicts of all pieces, of which the first ones are labelled."""
        path = self.kept / f"teacher-without-{left}-{key}.safetensors"
        if not path.is_file():
            base = load_mpnet()
            teacher = Encoder(len(self.pieces), TEACHER_LAYERS, 0, shape=MPNET)
            teacher.load_base(base.weights, base.rows(self.pieces))
            taught = [asked[row] for row in range(labelled) if fold[row] != left] * TEACHER_EPOCHS
            self.progress(f"teacher without {left}: {len(taught)} pieces")
            options = replace(TEACHER, device=self.device)
            fit_encoder(teacher, taught, options, progress=self.progress)
            found = predict_pieces(teacher, asked, options)
            _save({name: np.concatenate([getattr(one, name) for one in found]) for name in Predicted._fields}, path)
        arrays = load_file(path)
        sizes = {"tokens": [len(piece.tokens) for piece in asked], "sentences": [len(piece.foreign) for piece in asked]}
        parts = (np.split(arrays[name], np.cumsum(sizes[name])[:-1]) for name in Predicted._fields)
        return [Predicted(*of_piece) for of_piece in zip(*parts, strict=True)]

    def _fit_taught(
        self, asked: Sequence[TaughtPiece], fold: Index, left: int, predicted: Sequence[Predicted], key: str
    ) -> Weights:
        """Weights of a reader that learns what is predicted of the pieces that are not of a fold."""
        name = "by all" if left < 0 else f"without {left}"
        path = self.kept / f"reader-taught-{name.replace(' ', '-')}-{key}.safetensors"
        if not path.is_file():
            taught = [piece._replace(predicted=predicted[row]) for row, piece in enumerate(asked) if fold[row] != left]
            encoder = self._start()
            for phase, options in enumerate(PHASES):
                encoder.train_lower(phase > 0)
                self.progress(f"reader taught {name}: {len(taught)} pieces")
                fit_encoder(
                    encoder, taught * READER_EPOCHS, replace(options, device=self.device), progress=self.progress
                )
            _save(weights_of(encoder), path)
        return load_file(path)


def _mean(predicted: Sequence[Predicted]) -> Predicted:
    means = (np.stack(parts).mean(axis=0, dtype=np.float32) for parts in zip(*predicted, strict=True))
    return Predicted(*(np.asarray(mean, np.float16) for mean in means))


def _save(arrays: Weights, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    save_file(dict(arrays), unfinished)
    unfinished.replace(path)


def _digest(pages: Sequence[LabelledPage], pieces: Sequence[str]) -> str:
    """A hash of what a reader learns from."""
    state = hashlib.sha256("\n".join(pieces).encode())
    for page in pages:
        state.update(repr(page).encode("utf-8", "surrogatepass"))
    return state.hexdigest()[:16]


def _taught(pages: Sequence[LabelledPage], vocabulary: Vocabulary, chance: random.Random) -> list[TaughtPiece]:
    """The pieces of the pages, each once per epoch."""
    taught: list[TaughtPiece] = []
    for page in pages:
        pieces = taught_pieces([reader_example(page)], vocabulary)
        if page.sentences is None:
            pieces = (piece for piece in pieces if piece.holds_foreign or piece.holds_honest or chance.random() < PLAIN)
        epochs = WRITTEN_EPOCHS if page.sentences is None else JUDGED_EPOCHS
        taught += [piece for piece in pieces for _ in range(epochs)]
    return taught


def reader_example(page: LabelledPage) -> ReaderExample:
    """What the reader learns from a page: its passages, or the classes of its sentences."""
    if page.sentences is None:
        foreign, honest = (
            [(span.start, span.end) for span in page.spans or () if span.kind == kind]
            for kind in ("off_topic", "honest")
        )
        return replace(text_example(page.page), foreign=foreign, honest=honest)
    ranges = [(start, end) for start, end, _ in page.sentences]
    votes = [letters for _, _, letters in page.sentences]
    classes = np.zeros((len(votes), len(CLASSES)), np.float32)
    for row, letters in enumerate(votes):
        for letter in letters:
            classes[row, LETTERS.index(letter)] += 1 / len(letters)
    foreign = [sentence for sentence, letters in zip(ranges, votes, strict=True) if "O" in letters]
    # a sentence called boilerplate may or may not be from another story
    unknown = [row for row, letters in enumerate(votes) if "B" in letters and "O" not in letters]
    text = read_blocks(page.page).text
    return ReaderExample(text, page.page.title, ranges, foreign, (), unknown, classes)
