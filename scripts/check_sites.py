"""What a site profile changes: extraction of pages of sites with several, without it and with one made from the other pages.

python scripts/check_sites.py ../shared/corpus --split val
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from noisefilter import SiteProfile, extract
from noisefilter.learn.evaluate import word_f1
from shared_corpus import Corpus

if TYPE_CHECKING:
    from noisefilter.labels import LabelledPage


def main() -> None:
    """Print mean precision, recall and F1, without and with."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="?", default=Path("../shared/corpus"))
    parser.add_argument("--split", default="val")
    options = parser.parse_args()
    sites: dict[str, list[LabelledPage]] = defaultdict(list)
    for page in Corpus(options.corpus).wcxb_pages(options.split):
        sites[page.site].append(page)
    rows = []
    for pages in sites.values():
        if len(pages) > 1:
            profile = SiteProfile.from_pages(page.page for page in pages)
            for page in pages:
                gold = page.main_text or ""
                rows.append([word_f1(extract(page.page, site=site), gold) for site in (None, profile)])
    table = np.array(rows)
    print(f"{len(rows)} pages of {sum(len(pages) > 1 for pages in sites.values())} sites, split {options.split}")
    for name, column in (("without", 0), ("with", 1)):
        precision, recall, f1 = table[:, column].mean(axis=0)
        print(f"{name:<8} P {precision:.3f}  R {recall:.3f}  F1 {f1:.4f}")
    change = table[:, 1, 2] - table[:, 0, 2]
    print(f"better {int((change > 0.001).sum())}, worse {int((change < -0.001).sum())}")


if __name__ == "__main__":
    main()
