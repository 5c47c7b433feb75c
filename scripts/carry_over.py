"""What carries over: learned from some collections, sites or writers, measured on others. Every choice is made on this.

    python scripts/carry_over.py ../shared/corpus
    python scripts/carry_over.py ../shared/corpus --part noise

`noise` and `sentences` fit with the product's own training code, leg by leg: WCXB → blogs and back, and each fifth of the sites
by the others. `insertions` fits the shipped model's classifiers for them, or those of the one at `--model`, without each writer
in turn, and measures on the passages that this writer put into articles.
Beside each stands a simple baseline; intervals (95%) draw the sites again. The val sites are left out but with `--val`, which is
for the end.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from carry_over_insertions import carry_insertions
from carry_over_noise import carry_noise
from carry_over_sentences import carry_sentences
from threadpoolctl import threadpool_limits

from noisefilter.model import VECTORS, load_model, models_folder
from noisefilter.training.articles import article_examples
from noisefilter.training.sentences import sentence_examples
from noisefilter.vectors import load_vectors
from shared_corpus import Corpus

PARTS = ("noise", "sentences", "insertions")


def main() -> None:
    """Read, fit and judge, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="?", default=Path("../shared/corpus"))
    parser.add_argument("--part", choices=PARTS, action="append", help="all of them if not given")
    parser.add_argument("--val", action="store_true", help="with the val sites: for the end, not for choosing")
    parser.add_argument(
        "--model", type=Path, help="for insertions: take all else from another model than the shipped one"
    )
    options = parser.parse_args()
    corpus, parts = Corpus(options.corpus), options.part or PARTS
    splits = ("train", "tune", "val") if options.val else ("train", "tune")
    vectors = load_vectors(models_folder() / VECTORS)
    with threadpool_limits(1):
        if "noise" in parts or "sentences" in parts:
            names = ("sentences", "sentences_blogs")
            judged = [page for split in splits for name in names for page in corpus.judged_sentences(split, name)]
            sentences = sentence_examples(judged, vectors)
        if "noise" in parts:
            pages = [page for split in splits for page in corpus.judged_articles(split)]
            carry_noise(corpus, article_examples(pages, vectors), sentences)
        if "sentences" in parts:
            carry_sentences(sentences)
        if "insertions" in parts:
            carry_insertions(corpus, load_model(options.model or models_folder() / "default"), splits)


if __name__ == "__main__":
    main()
