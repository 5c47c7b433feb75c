"""Make `models/default` from the third-party training data: one command, the same bytes for the same input.

    python scripts/train_default.py ../shared/corpus
    python scripts/train_default.py ../shared/corpus --licences permissive --vectors permissive.safetensors -o /tmp/permissive
    python scripts/train_default.py ../shared/corpus --from articles    # that stage and those after it, on what is there
    python scripts/train_default.py ../shared/corpus --measure    # after a change that leaves the weights alone

What each stage gave is kept in `--work`, and a run that was broken off goes on there as long as code and data are the same.
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

import numpy as np
from measures import measure, print_beside, print_measures
from safetensors.numpy import load_file

from noisefilter.model import ARRAYS, MANIFEST, VECTORS, load_model, models_folder, save_model
from noisefilter.training.card import write_card, write_picture
from noisefilter.training.fit import TrainingData, train
from noisefilter.training.stages import STAGES, Fitted
from noisefilter.vectors import load_vectors
from shared_corpus import Corpus

FIGURES = "figures.json"


def read_data(corpus: Corpus) -> TrainingData:
    """Everything that the default model learns from."""
    parts = {}
    for split in ("train", "tune"):
        parts[split] = [*corpus.wcxb_pages(split), *corpus.judged_sentences(split), *corpus.judged_texts(split)]
    articles = [page for split in parts for page in corpus.judged_articles(split)]
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
    inserted["train"] += [page.labelled for page in corpus.own_insertions()]
    return TrainingData(parts["train"], parts["tune"], articles, inserted["train"], inserted["tune"], other)


def read_base(folder: Path) -> Fitted:
    """What the model in a folder holds, even if its features are no longer those that the code measures."""
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf8"))
    arrays = {name: value.astype(np.float64) for name, value in load_file(folder / ARRAYS).items()}
    return Fitted(arrays, manifest["thresholds"])


def main() -> None:
    """Read, train, save, measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="?", default=Path("../shared/corpus"))
    parser.add_argument("-o", "--output", type=Path, default=Path("models/default"))
    parser.add_argument("--licences", choices=("all", "permissive"), default="all")
    parser.add_argument("--vectors", type=Path, help="another table than the shipped one; it is copied into the model")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path("build/training"), help="keeps what each stage gave")
    parser.add_argument(
        "--from", dest="first", choices=tuple(STAGES),
        help="fit this stage and those after it; those before are taken from --work, or from the model in --output",
    )  # fmt: skip
    parser.add_argument(
        "--measure", action="store_true", help="only measure the model that is there, and write its card"
    )
    options = parser.parse_args()
    if not options.corpus.is_dir():
        sys.exit(f"no training data at {options.corpus}: see README, 'Retraining'")
    if options.licences == "permissive" and not options.vectors and not options.measure:
        sys.exit("the shipped word vectors learned from all train sources: make a table with make_vectors.py --licences "
                 "permissive and pass it as --vectors")  # fmt: skip
    started = time.time()

    def progress(stage: str) -> None:
        print(f"{time.time() - started:6.0f} s  {stage}", flush=True)

    corpus = Corpus(options.corpus, options.licences)
    name = "default" if options.licences == "all" else "permissive"
    if options.measure:
        model = load_model(options.output)
    else:
        progress("reading")
        data = read_data(corpus)
        vectors = load_vectors(options.vectors or models_folder() / VECTORS)
        model = train(
            data, vectors, name=name, jobs=options.jobs, progress=progress, vectors_file=options.vectors,
            kept=options.work / name, first=options.first, base=read_base(options.output) if options.first else None,
        )  # fmt: skip
        save_model(model, options.output, write_card(model, {}))
        if options.vectors:
            shutil.copy(options.vectors, options.output / VECTORS)
    progress("measuring on the val sites")
    measures = measure(model, Corpus(options.corpus), options.jobs)
    save_model(model, options.output, write_card(model, measures))
    write_picture(measures, options.output)
    (options.output / FIGURES).write_text(json.dumps(measures, indent=1) + "\n", encoding="utf8")
    print_measures(measures)
    shipped = models_folder() / "default" / FIGURES
    if name != "default" and shipped.is_file():
        print_beside(json.loads(shipped.read_text(encoding="utf8")), measures, name)
    progress(f"wrote {options.output}")


if __name__ == "__main__":
    main()
