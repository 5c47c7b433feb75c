"""Labelled pieces → weights of the encoder (extra `train`)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch.nn import functional

from noisefilter.reader.pieces import AROUND, JUDGED
from reader_training.examples import FOREIGN, Predicted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray
    from torch import Tensor

    from reader_training.examples import TaughtPiece
    from reader_training.network import Encoder

#: Number of steps whose pieces are sorted by length together to save padding.
SORTED = 24
#: Weight of the word loss beside the sentence loss, and in it of a word that is only context.
WORD_LOSS, AROUND_LOSS = 0.5, 0.3
#: Weight of the squared difference between the log-odds that a sentence is foreign and the teacher's, and up to where either counts.
LIKE_TEACHER, FARTHEST = 0.02, 9.0
#: Number of sentences with class labels in a step from which the class loss counts in full.
FULL_STEP = 80
WARM_UP = 0.08


@dataclass(frozen=True, slots=True)
class FitOptions:
    """How the encoder is trained."""

    rate: float = 3e-4  # peak learning rate
    heads: float = 5.0  # that of the heads, as a multiple of it
    step: int = 16  # pieces in a step
    seed: int = 0  # of the order
    device: str = "cpu"  # of torch


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
    predicted: tuple[Tensor, Tensor] | None


def fit_encoder(
    encoder: Encoder,
    pieces: Sequence[TaughtPiece],
    options: FitOptions,
    *,
    progress: Callable[[str], None] = lambda _: None,
) -> None:
    """Train the encoder on all pieces once, in an order that the seed gives.

    The weights are kept in 32 bits, but computation is in bfloat16: four times as fast on a CPU as in 32 bits. On a GPU only
    the products of matrices are.
    """
    torch.manual_seed(options.seed)
    encoder.to(options.device).train()
    heads = {
        id(value)
        for part in (encoder.token, encoder.hidden, encoder.classes, encoder.marks)
        for value in part.parameters()
    }
    learned = [value for value in encoder.parameters() if value.requires_grad]
    exact = [value.detach().float().clone() for value in learned]
    _make_short(encoder, options)
    rates = [options.heads if id(value) in heads else 1.0 for value in learned]
    groups = [
        {"params": [weight for weight, rate in zip(exact, rates, strict=True) if rate == one], "scale": one}
        for one in (1.0, options.heads)
    ]
    optimizer = torch.optim.AdamW(groups, lr=options.rate, weight_decay=0.01, betas=(0.9, 0.98))
    steps = _steps(pieces, options.step, np.random.default_rng(options.seed))
    losses: list[Tensor] = []
    for number, chosen in enumerate(steps):
        for group in optimizer.param_groups:
            group["lr"] = options.rate * group["scale"] * _schedule(number, len(steps))
        step = _stack([pieces[row] for row in chosen], options.device)
        with _short_products(options):
            loss = _loss(encoder, step)
        loss.backward()
        for weight, value in zip(exact, learned, strict=True):
            weight.grad = torch.zeros_like(weight) if value.grad is None else value.grad.float()
            value.grad = None
        torch.nn.utils.clip_grad_norm_(exact, 1.0)
        optimizer.step()
        for weight, value in zip(exact, learned, strict=True):
            value.data.copy_(weight)
        losses.append(loss.detach())
        if (number + 1) % 100 == 0 or number + 1 == len(steps):
            progress(f"step {number + 1} of {len(steps)}, loss {float(torch.stack(losses[-100:]).mean()):.4f}")
    for weight, value in zip(exact, learned, strict=True):
        value.data = weight
    encoder.float().eval()


def _make_short(encoder: Encoder, options: FitOptions) -> None:
    if options.device == "cpu":
        encoder.bfloat16()


def _short_products(options: FitOptions) -> torch.autocast:
    return torch.autocast(options.device, torch.bfloat16, enabled=options.device != "cpu")


def predict_pieces(encoder: Encoder, pieces: Sequence[TaughtPiece], options: FitOptions) -> list[Predicted]:
    """What the encoder predicts of each piece."""
    encoder.to(options.device).eval()
    _make_short(encoder, options)
    order = sorted(range(len(pieces)), key=lambda row: pieces[row].inputs.ids.shape[1])
    found: dict[int, Predicted] = {}
    for start in range(0, len(order), options.step):
        rows = order[start : start + options.step]
        step = _stack([pieces[row] for row in rows], options.device)
        with torch.no_grad(), _short_products(options):
            words, sentences = encoder(step.ids, step.marks, step.owner, step.begin, step.end)
        of_words, of_sentences = (values.float().cpu().numpy().astype(np.float16) for values in (words, sentences))
        edges = np.cumsum([len(pieces[row].foreign) for row in rows])
        for place, (row, part) in enumerate(zip(rows, np.split(of_sentences, edges[:-1]), strict=True)):
            found[row] = Predicted(of_words[place, : pieces[row].inputs.ids.shape[1]], part)
    return [found[row] for row in range(len(pieces))]


def weights_of(encoder: Encoder) -> Mapping[str, NDArray[np.float32]]:
    """The encoder's weights by name."""
    return {name: value.detach().float().cpu().numpy() for name, value in encoder.state_dict().items()}


def _schedule(step: int, steps: int) -> float:
    """Share of the peak learning rate: a short linear warm-up, then linear decay."""
    rise = min(1.0, (step + 1) / max(1.0, WARM_UP * steps))
    return rise * min(1.0, (1 - step / steps) / (1 - WARM_UP) + 0.02)


def _steps(pieces: Sequence[TaughtPiece], step: int, random: np.random.Generator) -> list[list[int]]:
    """Indices of the pieces in each step."""
    order = random.permutation(len(pieces)).tolist()
    steps = []
    for start in range(0, len(order), step * SORTED):
        part = sorted(order[start : start + step * SORTED], key=lambda row: pieces[row].inputs.ids.shape[1])
        steps += [part[at : at + step] for at in range(0, len(part), step)]
    return [steps[row] for row in random.permutation(len(steps)).tolist()]


def _stack(pieces: Sequence[TaughtPiece], device: str) -> _Step:
    length = max(piece.inputs.ids.shape[1] for piece in pieces)
    ids, marks = (np.zeros((len(pieces), length), np.int64) for _ in range(2))
    tokens = np.full((len(pieces), length), -1, np.float32)
    owner, begin, end = [], [], []
    for row, piece in enumerate(pieces):
        count = piece.inputs.ids.shape[1]
        ids[row, :count], marks[row, :count] = piece.inputs.ids[0], piece.inputs.marks[0]
        tokens[row, :count] = piece.tokens
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
    tensors = [torch.from_numpy(array).to(device) for array in arrays]
    return _Step._make([*tensors, _stack_predicted(pieces, length, device)])


def _stack_predicted(pieces: Sequence[TaughtPiece], length: int, device: str) -> tuple[Tensor, Tensor] | None:
    """What a teacher predicts of the tokens and the sentences of a step; None if there is no teacher."""
    found = [piece.predicted for piece in pieces if piece.predicted is not None]
    if not found:
        return None
    tokens = np.zeros((len(pieces), length), np.float32)
    for row, predicted in zip(range(len(pieces)), found, strict=True):
        tokens[row, : len(predicted.tokens)] = predicted.tokens
    sentences = np.concatenate([predicted.sentences for predicted in found]).astype(np.float32)
    return torch.from_numpy(tokens).to(device), torch.from_numpy(sentences).to(device)


def _loss(encoder: Encoder, step: _Step) -> Tensor:
    """Weighted sum of the cross-entropies of foreign sentences, foreign words and classes, each where labelled.

    With a teacher the truth is the mean of the label and its prediction, or this alone where nothing is labelled.
    """
    words, sentences = encoder(step.ids, step.marks, step.owner, step.begin, step.end)
    words, sentences = words.float(), sentences.float()
    around = torch.where(step.marks >= JUDGED, 1.0, AROUND_LOSS)
    if step.predicted is not None:
        of_words, of_sentences = step.predicted
        near = [values[:, 0].clamp(-FARTHEST, FARTHEST) for values in (sentences, of_sentences)]
        foreign = _binary(sentences[:, 0], between(step.foreign, of_sentences[:, 0]), step.weights)
        inside = _binary(words, between(step.tokens, of_words), (step.marks >= AROUND) * around)
        shares = torch.softmax(of_sentences[:, 1:], -1)
        truth = torch.where(step.classes.sum(1, keepdim=True) > 0, (step.classes + shares) / 2, shares)
        of_classes = -(truth * torch.log_softmax(sentences[:, 1:], -1)).sum(1).mean()
        return foreign + LIKE_TEACHER * functional.mse_loss(*near) + WORD_LOSS * inside + of_classes
    foreign = _binary(sentences[:, 0], step.foreign, (step.foreign >= 0) * step.weights)
    inside = _binary(words, step.tokens, (step.tokens >= 0) * around)
    judged = step.classes.sum()
    of_classes = -(step.classes * torch.log_softmax(sentences[:, 1:], -1)).sum() / judged.clamp(min=1)
    return foreign + WORD_LOSS * inside + of_classes * (judged / FULL_STEP).clamp(max=1)


def between(labels: Tensor, predicted: Tensor) -> Tensor:
    """The mean of a label and a prediction, given in log-odds; the prediction where the label is unknown."""
    probability = torch.sigmoid(predicted)
    return torch.where(labels >= 0, (labels + probability) / 2, probability)


def _binary(log_odds: Tensor, truth: Tensor, weights: Tensor) -> Tensor:
    each = functional.binary_cross_entropy_with_logits(log_odds, truth.clamp(min=0, max=FOREIGN), reduction="none")
    return (each * weights).sum() / weights.sum().clamp(min=1)
