"""Labelled pieces → weights of the encoder (extra `train`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch.nn import functional

from noisefilter.reader.examples import FOREIGN
from noisefilter.reader.pieces import JUDGED

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from noisefilter.reader.examples import TaughtPiece
    from noisefilter.reader.network import Encoder

#: Pieces in a step, and the number of steps whose pieces are sorted by length together to save padding.
STEP, SORTED = 16, 24
#: Weight of the word loss beside the sentence loss, and in it of a word that is only context.
WORD_LOSS, AROUND_LOSS = 0.5, 0.3
#: Learning rate of the heads, which are new, as a multiple of the layers'.
HEAD_RATE = 5.0
#: Number of sentences with class labels in a step from which the class loss counts in full.
FULL_STEP = 80
WARM_UP = 0.08


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How the encoder is trained: peak learning rate, seed, and the torch device."""

    rate: float = 3e-4
    seed: int = 0
    device: str = "cpu"


class _Step(NamedTuple):
    """The pieces of a step, as tensors."""

    ids: Tensor
    marks: Tensor
    owner: Tensor
    begin: Tensor
    end: Tensor
    tokens: Tensor
    foreign: Tensor
    weights: Tensor
    classes: Tensor


def fit_encoder(
    encoder: Encoder,
    pieces: Sequence[TaughtPiece],
    options: FitOptions,
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Train the encoder on all pieces once, in an order that the seed gives.

    The weights are kept in 32 bits, but computation is in bfloat16: four times as fast on a CPU as in 32 bits.
    """
    torch.manual_seed(options.seed)
    encoder.to(options.device).bfloat16().train()
    heads = {
        id(value)
        for part in (encoder.token, encoder.hidden, encoder.classes, encoder.marks)
        for value in part.parameters()
    }
    learned = [value for value in encoder.parameters() if value.requires_grad]
    exact = [value.detach().float().clone() for value in learned]
    rates = [HEAD_RATE if id(value) in heads else 1.0 for value in learned]
    groups = [
        {"params": [weight for weight, rate in zip(exact, rates, strict=True) if rate == one], "scale": one}
        for one in (1.0, HEAD_RATE)
    ]
    optimizer = torch.optim.AdamW(groups, lr=options.rate, weight_decay=0.01, betas=(0.9, 0.98))
    steps = _steps(pieces, np.random.default_rng(options.seed))
    losses: list[float] = []
    for number, chosen in enumerate(steps):
        for group in optimizer.param_groups:
            group["lr"] = options.rate * group["scale"] * _schedule(number, len(steps))
        loss = _loss(encoder, _stack([pieces[row] for row in chosen], options.device))
        loss.backward()
        for weight, value in zip(exact, learned, strict=True):
            weight.grad = torch.zeros_like(weight) if value.grad is None else value.grad.float()
            value.grad = None
        torch.nn.utils.clip_grad_norm_(exact, 1.0)
        optimizer.step()
        for weight, value in zip(exact, learned, strict=True):
            value.data.copy_(weight)
        losses.append(loss.item())
        if (number + 1) % 100 == 0 or number + 1 == len(steps):
            progress(f"step {number + 1} of {len(steps)}, loss {np.mean(losses[-100:]):.4f}")
    for weight, value in zip(exact, learned, strict=True):
        value.data = weight
    encoder.float().eval()


def weights_of(encoder: Encoder) -> Mapping[str, NDArray[np.float32]]:
    """The encoder's weights by name."""
    return {name: value.detach().float().cpu().numpy() for name, value in encoder.state_dict().items()}


def _schedule(step: int, steps: int) -> float:
    """Share of the peak learning rate: a short linear warm-up, then linear decay."""
    rise = min(1.0, (step + 1) / max(1.0, WARM_UP * steps))
    return rise * min(1.0, (1 - step / steps) / (1 - WARM_UP) + 0.02)


def _steps(pieces: Sequence[TaughtPiece], random: np.random.Generator) -> list[list[int]]:
    """Indices of the pieces in each step."""
    order = random.permutation(len(pieces)).tolist()
    steps = []
    for start in range(0, len(order), STEP * SORTED):
        part = sorted(order[start : start + STEP * SORTED], key=lambda row: pieces[row].inputs.ids.shape[1])
        steps += [part[at : at + STEP] for at in range(0, len(part), STEP)]
    return [steps[row] for row in random.permutation(len(steps)).tolist()]


def _stack(pieces: Sequence[TaughtPiece], device: str) -> _Step:
    length = max(piece.inputs.ids.shape[1] for piece in pieces)
    ids, marks = (np.zeros((len(pieces), length), np.int64) for _ in range(2))
    tokens = np.full((len(pieces), length), -1, np.float32)
    owner, begin, end = [], [], []
    for row, piece in enumerate(pieces):
        count = piece.inputs.ids.shape[1]
        ids[row, :count], marks[row, :count], tokens[row, :count] = (
            piece.inputs.ids[0],
            piece.inputs.marks[0],
            piece.tokens,
        )
        for stretch in piece.inputs.stretches:
            places = np.flatnonzero(stretch)
            owner.append(row)
            begin.append(places[0])
            end.append(places[-1] + 1)
    joined = (
        np.concatenate([getattr(piece, name) for piece in pieces]).astype(np.float32)
        for name in ("foreign", "weights", "classes")
    )
    arrays = (ids, marks, np.array(owner), np.array(begin), np.array(end), tokens, *joined)
    return _Step(*(torch.from_numpy(array).to(device) for array in arrays))


def _loss(encoder: Encoder, step: _Step) -> Tensor:
    """Weighted sum of the cross-entropies of foreign sentences, foreign words and classes, each where labelled."""
    words, sentences = encoder(step.ids, step.marks, step.owner, step.begin, step.end)
    words, sentences = words.float(), sentences.float()
    counts = (step.foreign >= 0) * step.weights
    foreign = _binary(sentences[:, 0], step.foreign, counts)
    places = (step.tokens >= 0) * torch.where(step.marks >= JUDGED, 1.0, AROUND_LOSS)
    inside = _binary(words, step.tokens, places)
    judged = step.classes.sum()
    of_classes = -(step.classes * torch.log_softmax(sentences[:, 1:], -1)).sum() / judged.clamp(min=1)
    return foreign + WORD_LOSS * inside + of_classes * (judged / FULL_STEP).clamp(max=1)


def _binary(log_odds: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    each = functional.binary_cross_entropy_with_logits(log_odds, truth.clamp(min=0, max=FOREIGN), reduction="none")
    return (each * weights).sum() / weights.sum().clamp(min=1)
