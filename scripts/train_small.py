"""Train a small model on the project's own pages, from nothing, in under a minute.

    python scripts/train_small.py -o /tmp/small

Shows how a model comes to be without other data; 24 pages teach too little for use.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from noisefilter.learn.card import write_card, write_picture
from noisefilter.learn.corpora import read_corpora
from noisefilter.learn.evaluate import evaluate
from noisefilter.learn.train import split_by_site, train
from noisefilter.model import VECTORS, models_folder, save_model
from noisefilter.text.vectors import load_vectors

CORPUS = Path(__file__).parent.parent / "corpus"


def main() -> None:
    """Split by site, fit, measure on the sites that were held out."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    started = time.time()
    data = split_by_site(read_corpora([CORPUS]))
    model = train(data, load_vectors(models_folder() / VECTORS), name="small", progress=print)
    figures = evaluate(model, data.tune)
    save_model(model, options.output, write_card(model, figures, "held-out sites, which also chose the thresholds"))
    write_picture(figures, options.output)
    print(f"{len(data.fit)} pages fitted, {len(data.tune)} held out, {time.time() - started:.0f} s: {options.output}")


if __name__ == "__main__":
    main()
