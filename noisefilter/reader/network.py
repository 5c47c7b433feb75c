"""The encoder in PyTorch, for training: the lower layers of MiniLM, with letter case, and two heads."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import nn
from torch.nn import functional

from noisefilter.reader.pieces import MARKS
from noisefilter.reader.session import COLUMNS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from torch import Tensor

#: Of all-MiniLM-L6-v2.
WIDTH, HEADS, INNER, PLACES = 384, 12, 1536, 512
HIDDEN = 128
EPSILON = 1e-12


class Layer(nn.Module):
    """A layer of the encoder; attention is written out, which is faster on a CPU than torch's own."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.Linear(WIDTH, 3 * WIDTH)
        self.output = nn.Linear(WIDTH, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.inner = nn.Linear(WIDTH, INNER)
        self.outer = nn.Linear(INNER, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH, eps=EPSILON)

    def forward(self, states: Tensor, padding: Tensor) -> Tensor:
        """States of the tokens after this layer: (batch, tokens, `WIDTH`)."""
        batch, length, _ = states.shape
        joined = self.attention(states).view(batch, length, 3, HEADS, WIDTH // HEADS)
        query, key, value = joined.permute(2, 0, 3, 1, 4)
        scores = (query @ key.transpose(-1, -2)) * (WIDTH // HEADS) ** -0.5 + padding
        seen = (torch.softmax(scores, -1) @ value).transpose(1, 2).reshape(batch, length, WIDTH)
        states = self.norm1(states + self.output(seen))
        return self.norm2(states + self.outer(functional.gelu(self.inner(states), approximate="tanh")))


class Encoder(nn.Module):
    """The encoder with its heads; word and position embeddings and the lowest `frozen` layers are not trained.

    Args:
        words: rows of the vocabulary.
        layers: how many of MiniLM's six, from the lowest.
        frozen: layers below the one where letter case and part enter.
        seed: for the initial weights of the heads.
    """

    def __init__(self, words: int, layers: int, frozen: int, seed: int = 0) -> None:
        torch.manual_seed(seed)
        super().__init__()
        self.frozen = frozen
        self.words = nn.Embedding(words, WIDTH)
        self.places = nn.Embedding(PLACES, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=EPSILON)
        self.marks = nn.Embedding(MARKS, WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.token = nn.Linear(WIDTH, 1)
        self.hidden = nn.Linear(3 * WIDTH, HIDDEN)
        self.classes = nn.Linear(HIDDEN, COLUMNS)
        nn.init.zeros_(self.marks.weight)
        nn.init.normal_(self.token.weight, std=0.02)
        nn.init.zeros_(self.token.bias)
        for part in (self.words, self.places, self.norm, *self.layers[:frozen]):
            part.requires_grad_(requires_grad=False)

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
        padding = torch.zeros(ids.shape, dtype=kind, device=ids.device).masked_fill(ids.eq(0), -1e4)[:, None, None, :]
        with torch.no_grad():
            states = self.norm(self.words(ids) + self.places.weight[: ids.shape[1]])
            for layer in self.layers[: self.frozen]:
                states = layer(states, padding)
        states = states + self.marks(marks)
        for layer in self.layers[self.frozen :]:
            states = layer(states, padding)
        return states

    def load_base(self, weights: Mapping[str, Tensor], rows: Sequence[int]) -> None:
        """Copy MiniLM's weights; `rows` are the rows of our pieces in its vocabulary."""
        named = {name.removeprefix("bert."): value for name, value in weights.items()}
        embeddings = {
            name: named[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
        }
        self.words.weight.data = embeddings["word"][torch.tensor(rows)].clone()
        self.places.weight.data = embeddings["position"] + embeddings["token_type"][0]
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
