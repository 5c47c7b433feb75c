"""Labelled pages → for each fold of writers and sites the reader that has not seen it, and the mean of these (extra `train`)."""

from __future__ import annotations

import hashlib
import random
from typing import TYPE_CHECKING

import numpy as np
from safetensors.numpy import load_file, save_file

from noisefilter.fit import FOLDS
from noisefilter.html.read import read_blocks
from noisefilter.learn.last import NO_FOLD, fold_without
from noisefilter.reader.base import common_pieces, load_base
from noisefilter.reader.examples import ReaderExample, taught_pieces
from noisefilter.reader.export import export
from noisefilter.reader.fit import FitOptions, fit_encoder, weights_of
from noisefilter.reader.network import Encoder
from noisefilter.reader.session import CLASSES
from noisefilter.reader.wordpiece import Vocabulary
from noisefilter.text.sentences import split_sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from noisefilter.labels import LabelledPage
    from noisefilter.reader.examples import TaughtPiece
    from noisefilter.reader.export import Weights

#: Layers of MiniLM that are used, and how many of them are frozen.
LAYERS, FROZEN = 3, 1
#: Epochs over the pieces of articles with written passages, and over those whose sentences were judged.
WRITTEN_EPOCHS, JUDGED_EPOCHS = 2, 1
#: Share of the pieces without a written passage that is used.
PLAIN = 0.3
#: Column of each letter among the reader's classes.
COLUMN_OF = {letter: column for column, letter in enumerate("IFPOB")}


class ReaderFit:
    """Fits readers from the same base; each is kept in a folder, and read from there if asked for with the same pages.

    Args:
        texts: those that the vocabulary is chosen on.
        kept: folder where readers are kept.
        device: torch device.
        progress: called with a message at each step.
    """

    def __init__(
        self, texts: Iterable[str], kept: Path, device: str = "cpu", progress: Callable[[str], None] = lambda _: None
    ) -> None:
        self.kept, self.device, self.progress = kept, device, progress
        self.base = load_base()
        self.pieces, self.rows = common_pieces(texts, self.base.pieces)

    def all_folds(self, pages: Sequence[LabelledPage]) -> list[bytes]:
        """For each fold the reader that has not seen it and, last, the reader with the mean of their weights, in ONNX."""
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
            encoder = Encoder(len(self.pieces), LAYERS, FROZEN)
            encoder.load_base(self.base.weights, self.rows)
            taught = _taught(chosen, Vocabulary(self.pieces), random.Random(seed))
            self.progress(f"reader {name}: {len(taught)} pieces of {len(chosen)} pages")
            fit_encoder(encoder, taught, FitOptions(seed=seed, device=self.device), progress=self.progress)
            path.parent.mkdir(parents=True, exist_ok=True)
            unfinished = path.with_suffix(".part")
            save_file(dict(weights_of(encoder)), unfinished)
            unfinished.replace(path)
        return load_file(path)


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
    read = read_blocks(page.page)
    if page.sentences is None:
        sentences = (
            [(sentence.start, sentence.end) for sentence in split_sentences(read.blocked)] if read.blocked else []
        )
        foreign, honest = (
            [(span.start, span.end) for span in page.spans or () if span.kind == kind]
            for kind in ("off_topic", "honest")
        )
        return ReaderExample(read.text, page.page.title, sentences, foreign, honest)
    ranges = [(start, end) for start, end, _ in page.sentences]
    votes = [letters for _, _, letters in page.sentences]
    classes = np.zeros((len(votes), len(CLASSES)), np.float32)
    for row, letters in enumerate(votes):
        for letter in letters:
            classes[row, COLUMN_OF[letter]] += 1 / len(letters)
    foreign = [sentence for sentence, letters in zip(ranges, votes, strict=True) if "O" in letters]
    # a sentence called boilerplate may or may not be from another story
    unknown = [row for row, letters in enumerate(votes) if "B" in letters and "O" not in letters]
    return ReaderExample(read.text, page.page.title, ranges, foreign, (), unknown, classes)
