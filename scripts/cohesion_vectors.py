"""Tune a table of word vectors so that a sentence is near the sentences around it and far from other articles' ones.

Contrastive learning (InfoNCE, van den Oord 2018): each sentence has to find its own surroundings among those of a batch,
half of whose other articles are of the same source. The documents are not those that insertions are made of: a table that
knows the articles of its training by heart says less about others.
"""

from __future__ import annotations

import random
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from noisefilter.html.walk import split_lines
from noisefilter.sentences.table import WINDOW
from noisefilter.text.sentences import split_sentences

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import torch

    from shared_corpus import Corpus

    Rows = np.ndarray
    Document = tuple[str, Rows, list[Rows]]  # source, title, sentences

TEXT_FILES = ("clean", "news", "lowvalue", "low_credibility", "native_ads")
LONGEST, FEWEST_SENTENCES, FEWEST_WORDS = 40_000, 5, 3
#: Batches: so many sources, articles of each, sentences in a row of each.
SOURCES, ARTICLES, SENTENCES = 6, 8, 16
STEPS = 1000
#: Sources count by their documents, but no source by more than so many.
MOST_A_SOURCE, MOST_WCXB = 300, 1000
#: Of the vectors' mean length; falls to zero over the steps.
RATE = 0.004
#: What staying near the start counts, and the share of a sentence's words that are left out.
STAY, DROPPED = 0.3, 0.3


def cohesion_documents(corpus: Corpus, rows_of: Callable[[str], Rows]) -> Iterator[Document]:
    """Train documents that nothing is spliced into, as rows of the table."""
    spliced = {row["id"] for row in corpus.rows("insertions_real", "train")}
    seen = set()
    for name in TEXT_FILES:
        for row in corpus.rows(name, "train"):
            is_host = name in TEXT_FILES[:3] and not corpus.teaches_vectors(f"{row['title']}|{row['text'][:200]}")
            if is_host or row["id"] in spliced or row["text"] in seen:
                continue
            seen.add(row["text"])
            yield from _document(row["source"], row.get("title"), row["text"], rows_of)
    for name in corpus.wcxb_ids("train"):
        if corpus.teaches_vectors(corpus.splits["wcxb_pages"][name]):
            truth = corpus.wcxb_truth(name)["ground_truth"]
            yield from _document("wcxb", truth.get("title"), truth.get("main_content") or "", rows_of)


def _document(source: str, title: str | None, text: str, rows_of: Callable[[str], Rows]) -> Iterator[Document]:
    page = split_lines(text[:LONGEST], title)
    sentences = [rows_of(page.text[own.start : own.end]) for own in split_sentences(page)]
    sentences = [rows for rows in sentences if len(rows) >= FEWEST_WORDS]
    if len(sentences) >= FEWEST_SENTENCES:
        yield source, rows_of(title or ""), sentences


def tune_vectors(start: np.ndarray, documents: list[Document]) -> np.ndarray:
    """The table after `STEPS` batches: (words, dimensions) float32. One thread: the same bytes each time."""
    import torch  # noqa: PLC0415 - extra
    from torch.nn import functional  # noqa: PLC0415 - extra

    torch.set_num_threads(1)
    torch.manual_seed(0)
    draw = random.Random(0)
    by_source: dict[str, list[Document]] = defaultdict(list)
    for document in documents:
        by_source[document[0]].append(document)
    sources = sorted(by_source)
    weights = [min(len(by_source[name]), MOST_WCXB if name == "wcxb" else MOST_A_SOURCE) for name in sources]
    first = torch.tensor(start, dtype=torch.float32)
    table = first.clone().requires_grad_()
    sharpness = torch.tensor(float(np.log(12.0)), requires_grad=True)
    size = float(first[first.abs().sum(dim=1) > 0].norm(dim=1).mean())
    optimiser = torch.optim.Adam([{"params": [table], "lr": RATE * size}, {"params": [sharpness], "lr": 0.01}])
    for step in range(STEPS):
        optimiser.param_groups[0]["lr"] = RATE * size * (1 - step / STEPS)
        chosen = [
            document
            for name in draw.choices(sources, weights, k=SOURCES)
            for document in draw.sample(by_source[name], min(ARTICLES, len(by_source[name])))
        ]
        sentences, contexts, same, used = _embed(table, chosen, draw)
        likeness = sharpness.exp() * (contexts @ sentences.T)
        likeness = likeness.masked_fill(same & ~torch.eye(len(sentences), dtype=torch.bool), -1e4)
        own = torch.arange(len(sentences))
        loss = (functional.cross_entropy(likeness, own) + functional.cross_entropy(likeness.T, own)) / 2
        moved = ((table[used] - first[used]) ** 2).sum() / size**2 / len(used)
        optimiser.zero_grad()
        torch.autograd.backward(loss + STAY * moved)
        if table.grad is not None:
            table.grad[-2:] = 0  # numbers and unknown words
        optimiser.step()
        if step % 100 == 0:
            print(f"step {step}: loss {loss.item():.3f}", flush=True)
    return table.detach().numpy()


def _embed(
    table: torch.Tensor, documents: list[Document], draw: random.Random
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Unit vectors of a batch's sentences and of what stands around each; which are of one article; the rows used."""
    import torch  # noqa: PLC0415 - extra
    from torch.nn import functional  # noqa: PLC0415 - extra

    bags, owner, place, titles = [], [], [], []
    for number, (_, heading, sentences) in enumerate(documents):
        begin = draw.randrange(max(1, len(sentences) - SENTENCES + 1))
        for position, rows in enumerate(sentences[begin : begin + SENTENCES]):
            bags.append(rows)
            owner.append(number)
            place.append(position)
        titles.append(heading if len(heading) else sentences[0])
    owners, places = torch.tensor(owner), torch.tensor(place)
    unit, title = _unit(table, bags, DROPPED), _unit(table, titles, 0.0)
    same = owners[:, None] == owners[None, :]
    near = (same & ((places[:, None] - places[None, :]).abs() <= WINDOW)).float() - torch.eye(len(bags))
    contexts = functional.normalize(near @ unit + title[owners], dim=1, eps=1e-6)
    return unit, contexts, same, torch.from_numpy(np.unique(np.concatenate(bags)))


def _unit(table: torch.Tensor, bags: list[Rows], dropped: float) -> torch.Tensor:
    import torch  # noqa: PLC0415 - extra
    from torch.nn import functional  # noqa: PLC0415 - extra

    rows = torch.from_numpy(np.concatenate(bags))
    offsets = torch.from_numpy(np.cumsum([0, *(len(bag) for bag in bags[:-1])]))
    weights = (torch.rand(len(rows)) > dropped).float() if dropped else None
    sums = functional.embedding_bag(rows, table, offsets, mode="sum", per_sample_weights=weights)
    return functional.normalize(sums, dim=1, eps=1e-6)
