"""Make `models/default` and `models/fast` from the third-party training data: one command, the same bytes for the same input.

    python scripts/train_default.py ../shared/corpus
    python scripts/train_default.py ../shared/corpus --licences permissive --vectors permissive.safetensors -o /tmp/permissive
    python scripts/train_default.py ../shared/corpus --from insertions    # that stage and those after it, on what is there
    python scripts/train_default.py ../shared/corpus --only articles    # that stage alone, in minutes; then --measure
    python scripts/train_default.py ../shared/corpus --measure    # after a change that leaves the weights alone

The reader (`default`; `fast` has none) needs the extra `train`. With `--device cuda` a large encoder teaches it (extra `teacher`),
by the steps that the shipped one was made in (docs/decisions/0048). What each stage gave is kept in
`--work`, and a run that was broken off is resumed there as long as code and data are the same; each reader is kept as soon as it is done.
Fits on the train sites, calibrates and chooses thresholds on the tune sites, reports on the val sites, which nothing
was chosen on (`splits.json`).
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from choose_policies import choose_left_out, with_policies
from measures import TEXT_FILES, measure
from safetensors.numpy import load_file

from noisefilter.learn.card import write_card, write_picture
from noisefilter.learn.stages import Fitted, Training
from noisefilter.learn.train import TrainingData
from noisefilter.model import (
    ARRAYS,
    CARD,
    DEFAULT,
    FAST,
    MANIFEST,
    READER,
    VECTORS,
    load_model,
    models_folder,
    save_model,
)
from noisefilter.report.figures import figure_tables, print_tables
from noisefilter.text.vectors import load_vectors
from noisefilter.types import Page
from reader_training.stages import ALONE, EVERY, Learned, Run, fit_both
from shared_corpus import BLOGS, Corpus, own_articles, own_retold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from noisefilter.model import Model

FIGURES = "figures.json"


def read_data(corpus: Corpus) -> TrainingData:
    """Everything that the default model learns from, but for the texts of `read_texts`."""
    parts = {}
    for split in ("train", "tune"):
        parts[split] = [
            *corpus.wcxb_pages(split),
            *corpus.more_pages(split),
            *corpus.judged_sentences(split),
            *corpus.judged_sentences(split, "sentences_blogs"),
            *corpus.judged_texts(split),
        ]
    parts["train"] += corpus.own_judged()
    articles = [*(page for split in parts for page in corpus.judged_articles(split)), *corpus.own_votes()]
    other: dict[str, tuple[str, int]] = {
        "word vectors": (
            "imitate all-MiniLM-L6-v2 (Apache-2.0) on WCXB, US government, MIT and CC-BY texts; then tuned on 11,235 articles",
            188_550,
        )
    }
    inserted = {
        split: [*(page.labelled for page in corpus.written_insertions(split)), *corpus.untouched(split)]
        for split in parts
    }
    inserted["train"] += [*(page.labelled for page in corpus.own_insertions()), *own_articles()]
    return TrainingData(
        parts["train"],
        parts["tune"],
        articles,
        inserted["train"],
        inserted["tune"],
        retold=list(own_retold()),
        other=other,
    )


def read_texts(corpus: Corpus) -> Iterator[Page]:
    """The train texts, whose words the reader's vocabulary must hold, and whose labels a teacher predicts."""
    for name in (*TEXT_FILES, BLOGS):
        yield from (Page(row["text"], title=row["title"], format="text") for row in corpus.rows(name, "train"))
    yield from corpus.wcxb_articles("train")


def read_base(folder: Path) -> Learned:
    """What the models in a folder hold, even if their features are no longer those that the code measures."""
    arrays, manifests = {}, {}
    for name in (DEFAULT, FAST):
        arrays[name] = {key: value.astype(np.float64) for key, value in load_file(folder / name / ARRAYS).items()}
        manifests[name] = json.loads((folder / name / MANIFEST).read_text(encoding="utf8"))
    thresholds, policies = manifests[FAST]["thresholds"], manifests[FAST]["policies"]
    measures = Fitted(arrays[FAST], thresholds, policies=policies)
    last = Fitted(  # what both models have is the same, but for some thresholds
        {key: value for key, value in arrays[DEFAULT].items() if key not in arrays[FAST]},
        {key: value for key, value in manifests[DEFAULT]["thresholds"].items() if value != thresholds.get(key)},
    )
    readers = ((folder / DEFAULT / READER).read_bytes(),)
    return Learned(measures, readers=readers, last=last)


def main() -> None:
    """Read, train, save, measure."""
    options = _options()
    started = time.time()

    def progress(stage: str) -> None:
        print(f"{time.time() - started:6.0f} s  {stage}", flush=True)

    folders = [options.output / name for name in (DEFAULT, FAST)]
    if not options.measure:
        models = _train(options, progress)
        for model, folder in zip(models, folders, strict=True):  # kept whatever becomes of the figures
            save_model(model, folder, (folder / CARD).read_text(encoding="utf8") if options.only else "")
            if options.vectors:
                shutil.copy(options.vectors, folder / VECTORS)
        if options.only:
            progress(f"put {options.only} into {' and '.join(model.label for model in models)}; now --measure")
            return
    for folder in folders:
        model = load_model(folder)
        progress(f"measuring {model.label} on the val sites")
        measures = measure(model, Corpus(options.corpus), options.jobs)
        save_model(model, folder, write_card(model, measures))
        write_picture(measures, folder)
        (folder / FIGURES).write_text(json.dumps(measures, indent=1) + "\n", encoding="utf8")
        print_tables(*figure_tables(measures))
        progress(f"wrote {folder}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="?", default=Path("../shared/corpus"))
    parser.add_argument(
        "-o", "--output", type=Path, default=Path("models"), help="folder for the folders of both models"
    )
    parser.add_argument("--licences", choices=("all", "permissive"), default="all")
    parser.add_argument("--vectors", type=Path, help="another table than the shipped one; it is copied into the model")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("build/training"), help="keeps what each stage gave")
    some = parser.add_mutually_exclusive_group()
    some.add_argument(
        "--from", dest="first", choices=EVERY,
        help="fit this stage and those after it; those before are taken from --work, or from the models in --output",
    )  # fmt: skip
    some.add_argument(
        "--only", choices=ALONE, help="fit this stage alone and put it into the models in --output; then --measure"
    )
    some.add_argument(
        "--measure", action="store_true", help="only measure the models that are there, and write their cards"
    )
    parser.add_argument(
        "--device", default="cpu", help="that torch is to use: cpu; cuda, where the reader has a teacher"
    )
    options = parser.parse_args()
    if not options.corpus.is_dir():
        sys.exit(f"no training data at {options.corpus}: see docs/retraining.md")
    if options.licences == "permissive" and not options.vectors and not options.measure:
        sys.exit("the shipped word vectors learned from all train sources: make a table with make_vectors.py --licences "
                 "permissive and pass it as --vectors")  # fmt: skip
    return options


def _train(options: argparse.Namespace, progress: Callable[[str], None]) -> Sequence[Model]:
    """Both models, fitted as the options say, with their policies."""
    progress("reading")
    corpus = Corpus(options.corpus, options.licences)
    kind = "" if options.licences == "all" else f"{options.licences}-"
    vectors = load_vectors(options.vectors or models_folder() / VECTORS)
    training = Training(read_data(corpus), vectors, options.jobs, progress)
    run = Run(training, list(read_texts(corpus)), options.work / (kind + DEFAULT), options.device)
    base = read_base(options.output) if options.first or options.only else None
    names = f"{kind}{DEFAULT}", f"{kind}{FAST}"
    models = fit_both(run, names, vectors_file=options.vectors, first=options.first, base=base, only=options.only)
    if options.only not in {None, "articles"}:  # what policies cut has not changed
        return models
    progress("choosing policies on collections left out")
    chosen = choose_left_out(corpus, vectors)
    return [with_policies(model, chosen) if chosen else model for model in models]


if __name__ == "__main__":
    main()
