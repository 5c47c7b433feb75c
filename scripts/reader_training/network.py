"""The encoder in PyTorch, for training: layers of MiniLM or, to teach it, of MPNet, with letter case, and two heads."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import nn
from torch.nn import functional

from noisefilter.reader.pieces import JUDGED
from noisefilter.reader.session import COLUMNS
from noisefilter.reader.wordpiece import CASES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor


class Shape(NamedTuple):
    """What an encoder's base has."""

    width: int  # numbers in a token's state
    heads: int  # of attention
    inner: int  # width inside a layer
    places: int  # most tokens of a piece
    epsilon: float  # of the layer norms
    buckets: int = 0  # of the distances between tokens that attention knows, as in T5; 0 if it knows none
    dropout: float = 0.0  # share of what each layer adds that is left out in training
    gelu: str = "tanh"  # how its activation is computed, exactly ("none") or nearly ("tanh")


#: Rows of the table of marks: the letter cases of each part.
MARKS = JUDGED + CASES
#: Of all-MiniLM-L6-v2 and of all-mpnet-base-v2.
MINILM, MPNET = Shape(384, 12, 1536, 512, 1e-12), Shape(768, 12, 3072, 512, 1e-5, 32, 0.1, "none")
HIDDEN = 128
#: Distance from which all have the same bucket.
FAR = 128


class Layer(nn.Module):
    """A layer of the encoder; attention is written out, which is faster on a CPU than torch's own."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        width = shape.width
        self.heads, self.gelu = shape.heads, shape.gelu
        self.attention = nn.Linear(width, 3 * width)
        self.output = nn.Linear(width, width)
        self.norm1 = nn.LayerNorm(width, eps=shape.epsilon)
        self.inner = nn.Linear(width, shape.inner)
        self.outer = nn.Linear(shape.inner, width)
        self.norm2 = nn.LayerNorm(width, eps=shape.epsilon)
        self.dropout = nn.Dropout(shape.dropout)

    def forward(self, states: Tensor, bias: Tensor) -> Tensor:
        """States of the tokens after this layer: (batch, tokens, width); the bias is added to the scores of attention."""
        batch, length, width = states.shape
        joined = self.attention(states).view(batch, length, 3, self.heads, width // self.heads)
        query, key, value = joined.permute(2, 0, 3, 1, 4)
        scores = (query @ key.transpose(-1, -2)) * (width // self.heads) ** -0.5 + bias
        seen = (torch.softmax(scores, -1) @ value).transpose(1, 2).reshape(batch, length, width)
        states = self.norm1(states + self.dropout(self.output(seen)))
        inside = functional.gelu(self.inner(states), approximate=self.gelu)
        return self.norm2(states + self.dropout(self.outer(inside)))


class Encoder(nn.Module):
    """The encoder with its heads. Word embeddings are never trained; positions and the lowest `frozen` layers are after `train_lower`.

    Args:
        words: rows of the vocabulary.
        layers: how many of the base's, from the lowest.
        frozen: layers below the one where letter case and part enter.
        shape: of the base.
    """

    def __init__(self, words: int, layers: int, frozen: int, shape: Shape = MINILM) -> None:
        torch.manual_seed(0)  # of the initial weights of the heads
        super().__init__()
        width = shape.width
        self.frozen = frozen
        self.words = nn.Embedding(words, width)
        self.places = nn.Embedding(shape.places, width)
        self.norm = nn.LayerNorm(width, eps=shape.epsilon)
        self.marks = nn.Embedding(MARKS, width)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(layers))
        self.distances = nn.Embedding(shape.buckets, shape.heads) if shape.buckets else None
        self.token = nn.Linear(width, 1)
        self.hidden = nn.Linear(3 * width, HIDDEN)
        self.classes = nn.Linear(HIDDEN, COLUMNS)
        nn.init.zeros_(self.marks.weight)
        nn.init.normal_(self.token.weight, std=0.02)
        nn.init.zeros_(self.token.bias)
        self.train_lower(frozen == 0)
        for part in (self.words, self.distances):
            if part is not None:
                part.requires_grad_(requires_grad=False)

    def train_lower(self, trained: bool = True) -> None:  # noqa: FBT001, FBT002 - reads as a sentence
        """Whether the lowest layers and the embeddings of positions are trained; those of words and distances never are."""
        for part in (self.places, self.norm, *self.layers[: self.frozen]):
            part.requires_grad_(requires_grad=trained)

    def forward(self, ids: Tensor, marks: Tensor, owner: Tensor, begin: Tensor, end: Tensor) -> tuple[Tensor, Tensor]:
        """Log-odds of the tokens (batch, tokens), and of the sentences (sentences, `COLUMNS`).

        Args:
            ids: rows of the vocabulary, zero where a piece has ended: (batch, tokens).
            marks: part and letter case: (batch, tokens).
            owner: which piece of the batch each sentence belongs to: (sentences,).
            begin: its first token.
            end: the token after its last.
        """
        states = self._encode(ids, marks)
        place = begin[:, None] + torch.arange(int((end - begin).max()), device=ids.device)[None]
        inside = (place < end[:, None]).unsqueeze(-1)
        words = states[owner[:, None], place.clamp(max=ids.shape[1] - 1)]
        mean = (words * inside).sum(1) / inside.sum(1)
        highest = words.masked_fill(~inside, -30.0).amax(1)
        joined = torch.cat([states[owner, 0], mean, highest], -1)
        return self.token(states).squeeze(-1), self.classes(functional.gelu(self.hidden(joined)))

    def _encode(self, ids: Tensor, marks: Tensor) -> Tensor:
        kind = self.norm.weight.dtype
        bias = torch.zeros(ids.shape, dtype=kind, device=ids.device).masked_fill(ids.eq(0), -1e4)[:, None, None, :]
        if self.distances is not None:
            distances = buckets(ids.shape[1], self.distances.num_embeddings).to(ids.device)
            bias = bias + self.distances(distances).permute(2, 0, 1)
        states = self.norm(self.words(ids) + self.places.weight[: ids.shape[1]])
        for layer in self.layers[: self.frozen]:
            states = layer(states, bias)
        states = states + self.marks(marks)
        for layer in self.layers[self.frozen :]:
            states = layer(states, bias)
        return states

    def load_base(self, weights: Mapping[str, Tensor], rows: Sequence[int]) -> None:
        """Copy the base's weights, named as BERT's; `rows` are the rows of our pieces in its vocabulary."""
        named = {name.removeprefix("bert."): value for name, value in weights.items()}
        embeddings = {
            name: named[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
        }
        self.words.weight.data = embeddings["word"][torch.tensor(rows)].clone()
        self.places.weight.data = embeddings["position"] + embeddings["token_type"][0]
        if self.distances is not None:
            self.distances.weight.data = named["encoder.relative_attention_bias.weight"].clone()
        self._take(self.norm, named, ["embeddings.LayerNorm"])
        for number, layer in enumerate(self.layers):
            path = f"encoder.layer.{number}"
            self._take(layer.attention, named, [f"{path}.attention.self.{part}" for part in ("query", "key", "value")])
            self._take(layer.output, named, [f"{path}.attention.output.dense"])
            self._take(layer.norm1, named, [f"{path}.attention.output.LayerNorm"])
            self._take(layer.inner, named, [f"{path}.intermediate.dense"])
            self._take(layer.outer, named, [f"{path}.output.dense"])
            self._take(layer.norm2, named, [f"{path}.output.LayerNorm"])

    @staticmethod
    def _take(part: nn.Module, weights: Mapping[str, Tensor], names: Sequence[str]) -> None:
        for kind in ("weight", "bias"):
            getattr(part, kind).data = torch.cat([weights[f"{name}.{kind}"] for name in names]).clone()


def buckets(length: int, count: int) -> Tensor:
    """Bucket of the distance between two tokens, as T5 and MPNet have them: (length, length), from a token to what it attends to.

    Half of the buckets are for tokens ahead. Of each half, half are for single distances, the rest for ever longer ones.
    """
    place = torch.arange(length)
    ahead = place[None, :] - place[:, None]
    half, single = count // 2, count // 4
    distance = ahead.abs()
    longer = torch.log(distance.clamp(min=1) / single) / math.log(FAR / single) * (half - single)
    found = torch.where(distance < single, distance, (single + longer.long()).clamp(max=half - 1))
    return found + (ahead > 0).long() * half
