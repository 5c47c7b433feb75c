"""What carries over: learned from some collections, sites or writers, measured on others. Every choice is made on this.

    python scripts/carry_over.py ../shared/corpus
    python scripts/carry_over.py ../shared/corpus --part noise

`noise` and `sentences` fit with the product's own training code, leg by leg: WCXB → blogs and back, and each fifth of the sites
by the others. `insertions` fits the classifiers of `fast` for them without each writer in turn, and measures on the passages that
this writer put into articles. `reader` does the same with `default`: the readers of the folds are those that `train_default.py` kept
in `--work`, or are fitted there (extra `train`, an hour); its classes of sentences are measured on the sites that each has not seen.
Beside `noise` stands a simple baseline; intervals (95%) draw the sites again. The val sites are left out.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from carry_over_insertions import carry_insertions, fitted_without, read_without
from carry_over_judged import carry_noise, carry_read, carry_sentences, judged_sentences, read_judged
from threadpoolctl import threadpool_limits
from train_default import read_data, read_texts

from noisefilter.learn.stages import Training
from noisefilter.model import DEFAULT, FAST, VECTORS, load_model, models_folder
from noisefilter.sentences.fit import sentence_examples
from noisefilter.text.vectors import load_vectors
from reader_training.stages import Run, fit_stages
from shared_corpus import Corpus

PARTS = ("noise", "sentences", "insertions", "reader")


def main() -> None:
    """Read, fit and judge, print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="?", default=Path("../shared/corpus"))
    parser.add_argument("--part", choices=PARTS, action="append", help="all of them if not given")
    parser.add_argument("--work", type=Path, default=Path("build/training/default"), help="where the readers are kept")
    parser.add_argument(
        "--device", default="cpu", help="as for train_default.py: with cuda the readers of the folds have teachers"
    )
    options = parser.parse_args()
    corpus, parts = Corpus(options.corpus), options.part or PARTS
    vectors = load_vectors(models_folder() / VECTORS)
    with threadpool_limits(1):
        if "noise" in parts:
            carry_noise(corpus, read_judged(corpus, vectors))
        taught = sentence_examples(corpus.own_judged(), vectors)
        if "sentences" in parts:
            carry_sentences(judged_sentences(corpus, vectors), taught)
        if "insertions" in parts:
            carry_insertions(corpus, "insertions", fitted_without(corpus, load_model(FAST)))
        if "reader" in parts:
            from reader_training.readers import ReaderFit  # noqa: PLC0415 - torch

            data, texts = read_data(corpus), list(read_texts(corpus))
            fit, pages = ReaderFit(texts, options.work, options.device, print), [*data.fit, *data.inserted]
            readers = fit.all_folds(pages, teacher=options.device != "cpu")
            carry_read(judged_sentences(corpus, vectors, ["train"]), taught, readers)
            run = Run(Training(data, vectors, jobs=2, progress=print), texts, options.work, options.device)
            found = run.kept_stage("writers")  # whatever code and data gave it
            done = found["gave"] if found else fit_stages(run, "writers", names=["sentences", "writers"])
            carry_insertions(
                corpus, "insertions, read", read_without(corpus, load_model(DEFAULT), readers, done.writers)
            )


if __name__ == "__main__":
    main()
