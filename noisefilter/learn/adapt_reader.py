"""Labelled pages → rows to adapt a reader's last layer to, and the reader with the adapted layer (extra `onnx`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from noisefilter.insertions.fit import labelled_examples
from noisefilter.learn.last_layer import Rows
from noisefilter.networks import Network
from noisefilter.reader.heads import head_of, with_head, with_hidden
from noisefilter.reader.session import CLASSES, Reader
from noisefilter.sentences.fit import labelled_sentences, shares_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from noisefilter.arrays import Matrix
    from noisefilter.labels import LabelledPage

#: The two heads that the last layer consists of, and the columns of each.
HEADS = {"reader_head_foreign": slice(0, 1), "reader_head_classes": slice(1, None)}
#: Columns of the labelled classes among the reader's; off-topic is left to the other head.
PLACES = [CLASSES.index(name) for name in ("informative", "filler", "promotion", "boilerplate")]


def heads_of(reader: bytes) -> dict[str, Network]:
    """The last layer of a reader, as two networks of one layer."""
    weights, bias = head_of(reader)
    mean, scale = np.zeros(len(weights)), np.ones(len(weights))
    return {name: Network(mean, scale, [weights[:, columns]], [bias[columns]]) for name, columns in HEADS.items()}


def with_heads(reader: bytes, heads: Sequence[Network]) -> bytes:
    """The reader with these networks as its last layer."""
    weights = np.hstack([head.weights[0] for head in heads])
    return with_head(reader, weights, np.concatenate([head.biases[0] for head in heads]))


def head_rows(pages: Sequence[LabelledPage], network: bytes) -> dict[str, Rows]:
    """Rows for each head that the pages have labels for."""
    reader = Reader(with_hidden(network))
    found: dict[str, list[tuple[LabelledPage, tuple[Matrix, Matrix, Matrix]]]] = {name: [] for name in HEADS}
    for page in pages:
        for example in labelled_examples([page]):
            ranges = [(sentence.start, sentence.end) for sentence in example.sentences]
            inputs = reader.hidden(example.page.text, example.page.title, ranges).astype(np.float64)
            foreign = example.foreign[:, None].astype(np.float64)
            found["reader_head_foreign"].append((page, (inputs, foreign, np.ones(len(inputs)))))
        blocked, sentences, letters = labelled_sentences(page)
        if blocked is not None and sentences:
            ranges = [(sentence.start, sentence.end) for sentence in sentences]
            inputs = reader.hidden(blocked.text, blocked.title, ranges).astype(np.float64)
            shares = shares_of(letters)
            labelled = shares.sum(axis=1) > 0
            truth = np.full((labelled.sum(), len(CLASSES)), np.nan)  # labels cannot name what is off-topic
            truth[:, PLACES] = shares[labelled] / shares[labelled].sum(axis=1, keepdims=True)
            if page.sentences is None:  # nor spans boilerplate
                truth[:, CLASSES.index("boilerplate")] = np.nan
            found["reader_head_classes"].append((page, (inputs[labelled], truth, np.ones(len(truth)))))
    return {name: Rows.of_pages(parts) for name, parts in found.items() if parts}
