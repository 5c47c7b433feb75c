"""Pieces → the encoder's predictions, computed by onnxruntime."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from noisefilter.reader.pieces import read_tokens
from noisefilter.reader.wordpiece import Vocabulary
from noisefilter.threads import LOCK, late_import

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from noisefilter.arrays import Index
    from noisefilter.reader.pieces import Inputs, Piece, Reading

    Matrix = NDArray[np.float32]

#: Classes of a sentence; the encoder's columns are foreign, then these.
CLASSES = ("informative", "filler", "promotion", "off_topic", "boilerplate")
COLUMNS = 1 + len(CLASSES)
#: Names of the network's inputs and outputs.
INPUTS, OUTPUTS = ("ids", "marks", "stretches"), ("tokens", "sentences")
#: A further output, used in adapting: the last layer's input for each sentence (`reader.heads`).
HIDDEN = "hidden"
#: Most pieces of an article that are read, by urgency: some 520 words. The others are judged by features alone
#: (docs/decisions/0032, 0048).
MOST_PIECES = 4
#: An optimization of onnxruntime that takes eight times as long on a CPU as what it replaces.
SLOW = "SkipLayerNormFusion"
#: Sums of 8-bit products overflow on x64 processors without VNNI unless this is set; then scores depend on the processor.
PRECISE = "session.x64quantprecision"
#: Key of the ONNX file's metadata that holds the vocabulary, one piece per line.
VOCABULARY = "vocabulary"


class ReaderScores(NamedTuple):
    """Log-odds of each sentence (sentences, `COLUMNS`), and of each word being foreign, with the words' positions."""

    sentences: Matrix
    words: Matrix
    word_start: Index
    word_end: Index


class ReaderError(ValueError):
    """The file is not a reader."""


class Reader:
    """A small encoder that reads an article once, in pieces.

    It runs one piece at a time: 8-bit scales depend on the whole batch, and a page must give the same bytes whatever it
    is batched with. It uses one thread, since workers share the cores.
    """

    def __init__(self, network: bytes) -> None:
        self._network = network
        self._open()
        try:
            pieces = self._session.get_modelmeta().custom_metadata_map[VOCABULARY].split("\n")
        except KeyError as error:
            raise ReaderError(f"no reader: {error} is missing") from error
        found = {port.name for port in (*self._session.get_inputs(), *self._session.get_outputs())}
        if missing := sorted({*INPUTS, *OUTPUTS} - found):
            raise ReaderError(f"no reader: {missing[0]} is missing")
        self.vocabulary = Vocabulary(pieces)

    def _open(self) -> None:
        """Open a session for this process: one inherited in a fork may hold another thread's locks for ever."""
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # onnxruntime 1.32 writes files at home, and calls there
        onnxruntime = late_import("onnxruntime")  # 0.1 s that the model without a reader need not pay
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.add_session_config_entry(PRECISE, "1")
        with LOCK:
            try:
                self._session = onnxruntime.InferenceSession(
                    self._network, options, providers=["CPUExecutionProvider"], disabled_optimizers=[SLOW]
                )
            except Exception as error:  # onnxruntime's errors have no common class
                raise ReaderError(f"no reader: {error}") from error
            self._process = os.getpid()

    def _run(self, outputs: Sequence[str], inputs: Inputs) -> list[Matrix]:
        if self._process != os.getpid():
            self._open()
        return list(self._session.run(list(outputs), dict(zip(INPUTS, inputs[: len(INPUTS)], strict=True))))

    def read(
        self,
        text: str,
        title: str | None,
        sentences: Sequence[tuple[int, int]],
        urgency: NDArray[np.float64] | None = None,
    ) -> ReaderScores:
        """The encoder's predictions for an article.

        A sentence longer than a piece is judged in parts, and the highest value of each column counts. A sentence
        without a word, or in a piece that is not read, has -inf in all columns.

        `sentences` are character ranges of the page's text, in order. `urgency` says how urgently each should be read,
        (sentences, 2): of a long article the `MOST_PIECES` most urgent pieces are, those with the highest sum of the
        first column's mean and the second's maximum. Without it all are.
        """
        reading = read_tokens(text, title, sentences, self.vocabulary)
        found = np.full((len(sentences), COLUMNS), -np.inf, np.float32)
        words = np.full(len(reading.word_start), -np.inf, np.float32)
        for piece in reading.pieces() if urgency is None else _most_urgent(reading, urgency):
            inputs = reading.inputs(piece)
            if not len(inputs.sentences):
                continue
            tokens, logits = self._run(OUTPUTS, inputs)
            found[inputs.sentences] = np.maximum(found[inputs.sentences], logits)
            at = reading.shown + piece.start - piece.low
            judged = tokens[0, at : at + piece.end - piece.start]
            of_word = reading.word[piece.start : piece.end]
            np.maximum.at(words, of_word[of_word >= 0], judged[of_word >= 0])
        return ReaderScores(found, words, reading.word_start, reading.word_end)

    def hidden(self, text: str, title: str | None, sentences: Sequence[tuple[int, int]]) -> Matrix:
        """The last layer's input for each sentence: (sentences, hidden), zero for one without a word.

        Arguments as for `read`. The network must have this output; of a sentence longer than a piece the last part
        counts.
        """
        reading = read_tokens(text, title, sentences, self.vocabulary)
        judged = [inputs for inputs in map(reading.inputs, reading.pieces()) if len(inputs.sentences)]
        values = [self._run([HIDDEN], inputs)[0] for inputs in judged]
        found = np.zeros((len(sentences), values[0].shape[1] if values else 0), np.float32)
        for inputs, of_piece in zip(judged, values, strict=True):
            found[inputs.sentences] = of_piece
        return found


def _most_urgent(reading: Reading, urgency: NDArray[np.float64]) -> list[Piece]:
    """The pieces of an article that are read, in order."""
    pieces = reading.pieces()
    inside = [part[part >= 0] for part in (reading.sentence[piece.start : piece.end] for piece in pieces)]
    rows = [urgency[np.unique(part)] if len(part) else np.zeros((1, 2)) for part in inside]
    values = np.round([part[:, 0].mean() + part[:, 1].max() for part in rows], 6)  # the same in any batch
    return [pieces[row] for row in sorted(np.argsort(-values, kind="stable")[:MOST_PIECES].tolist())]
