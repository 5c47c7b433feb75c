"""Score every WCXB development page and count the statuses: none may raise, each unscored one has a reason.

python scripts/check_wcxb.py ../shared/corpus
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

from noisefilter import score_many
from shared_corpus import Corpus


def main() -> None:
    """Print counts of status and verdict, and the pages that were not judged."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="?", default=Path("../shared/corpus"))
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    corpus = Corpus(options.corpus)
    names = [name for split in ("train", "tune", "val") for name in corpus.wcxb_ids(split)]
    statuses: Counter[str] = Counter()
    verdicts: Counter[str] = Counter()
    for name, score in zip(
        names, score_many((corpus.wcxb_html(name) for name in names), jobs=options.jobs), strict=True
    ):
        statuses[score.status] += 1
        verdicts[score.verdict] += 1
        if score.status not in {"ok", "language"}:
            print(name, score.status, len(score.visible_text))
    print(len(names), "pages", dict(statuses), dict(verdicts))


if __name__ == "__main__":
    main()
