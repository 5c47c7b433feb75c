"""The accuracy gate: figures on held-out pages against the floors in `floors.json`.

    python scripts/gate.py ../shared/corpus    # val sites of the third-party data
    python scripts/gate.py                     # the project's own pages, where that data is not there

A floor goes down only by hand, with a decision note (docs/decisions/). `figure` is a path: kind, source, name.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from insertion_figures import measure_insertions
from measures import measure

from noisefilter.learn.corpora import read_corpora
from noisefilter.learn.evaluate import evaluate
from noisefilter.model import FAST, as_model, load_model
from noisefilter.report.figures import figure_tables, print_tables
from shared_corpus import Corpus

if TYPE_CHECKING:
    from noisefilter.report.figures import Figures

HERE = Path(__file__).parent
OWN = HERE.parent / "corpus"

#: Corpora of the project that nothing is fitted to.
FOLDERS = (
    "layouts",
    "insertions",
    "unseen",
    "sites",
    "sites_unseen",
    "sites_hard",
    "sites_hard_unseen",
    "pointers",
    "pointers_unseen",
)


def check(figures: Figures, floors: list[dict[str, Any]]) -> list[str]:
    """Lines on the floors that are broken."""
    broken = []
    for floor in floors:
        value = _value(figures, floor["figure"])
        limit = _value(figures, floor["beats"]) if "beats" in floor else floor.get("least", floor.get("most"))
        label = " / ".join(floor["figure"])
        if value is None or limit is None:
            broken.append(f"{label}: not measured")
        elif value > limit if "most" in floor else value < limit:
            broken.append(f"{label}: {value:.3f}, {'ceiling' if 'most' in floor else 'floor'} {limit:.3f}")
    return broken


def _value(figures: Figures, path: list[str]) -> float | None:
    kind, source, name = path
    return figures.get(kind, {}).get(source, {}).get(name)


def main() -> None:
    """Measure, print, compare; exits with 1 if a floor is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="?")
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    floors = json.loads((HERE / "floors.json").read_text(encoding="utf8"))
    fast: list[str] = []
    if options.corpus:
        corpus = Corpus(options.corpus)
        figures, wanted = measure(as_model(), corpus, options.jobs), floors["val"]
        fast = check(measure_insertions(load_model(FAST), corpus, options.jobs), floors[FAST])
    else:
        figures, wanted = (
            evaluate(
                as_model(),
                read_corpora([OWN, *(OWN / name for name in FOLDERS)]),
            ),
            floors["corpus"],
        )
    print_tables(*figure_tables(figures))
    broken = [*check(figures, wanted), *(f"{FAST}: {line}" for line in fast)]
    if broken:
        sys.exit("floors broken:\n  " + "\n  ".join(broken))
    print(f"{len(wanted) + len(floors[FAST]) * bool(options.corpus)} floors hold")


if __name__ == "__main__":
    main()
