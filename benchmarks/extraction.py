"""Extraction beside its peers in one run, on one core: word precision, recall, F1, pages a second.

    python benchmarks/extraction.py ../shared/corpus/wcxb/dev --splits ../shared/corpus/splits.json --split val

    python benchmarks/extraction.py ../shared/corpus/pages_more.jsonl.zst

Reads any folder in WCXB's layout: `html/<id>.html` or `.html.gz`, and `ground-truth/<id>.json` with
`ground_truth.main_content` and `_internal.page_type.primary`; or JSON lines (zstd) with `html`, `gold`, `language`, `source`,
`domain`, `use` and `split`, of which it prints a row a language and a source. Pages that trained or tuned the shipped model
flatter it: `--split` keeps the others, and of JSON lines those are left out whose `use` is "train", but for the split "val". The extra `bench`
installs the peers; one that is missing is left out, by name. Means are over domains where they are known, else over pages.
"""

from __future__ import annotations

import os

os.environ.update(dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1"))

import argparse
import gzip
import json
import logging
import statistics
import sys
import warnings
from collections import defaultdict
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
import trafilatura

import noisefilter
from noisefilter.learn.evaluate import word_f1
from noisefilter.page import read_page
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Callable

    Extractor = Callable[[bytes], str | None]

DRAWS = 2000
ALL = "all types"
#: What speed is compared with.
BASE = "trafilatura default"


@dataclass(frozen=True, slots=True)
class Labelled:
    """A page with its gold text."""

    html: bytes
    gold: str
    kinds: tuple[str, ...]
    site: str


def read_folder(folder: Path, splits: Path | None, split: str | None) -> list[Labelled]:
    """Pages of a folder in WCXB's layout that have a gold text."""
    pages = []
    wanted = _names_of(splits, split) if splits is not None else None
    for path in sorted((folder / "ground-truth").glob("*.json")):
        if wanted is not None and path.stem not in wanted:
            continue
        truth = json.loads(path.read_text(encoding="utf8"))
        gold = truth["ground_truth"].get("main_content") or ""
        html = next(
            (p for ending in (".html.gz", ".html") if (p := folder / "html" / f"{path.stem}{ending}").is_file()), None
        )
        if gold.strip() and html is not None:
            content = html.read_bytes()
            kind = truth.get("_internal", {}).get("page_type", {}).get("primary", "article")
            content = gzip.decompress(content) if html.suffix == ".gz" else content
            pages.append(Labelled(content, gold, (("article",) if kind == "article" else ()) + (ALL,), path.stem))
    return pages


def read_lines(path: Path) -> list[Labelled]:
    """Pages of JSON lines that fitted and calibrated nothing, each under its language and its source."""
    import zstandard  # noqa: PLC0415 - of the extra `batch`

    with zstandard.open(path, "rt", encoding="utf8") as lines:
        rows = [row for row in map(json.loads, lines) if row["gold"].strip()]
    return [
        Labelled(
            row["html"].encode("utf8", "surrogatepass"), row["gold"],
            (row["language"], "English" if row["language"] == "en" else "not English", row["source"]), row["domain"],
        )
        for row in rows if row["use"] != "train" or row["split"] == "val"
    ]  # fmt: skip


def _names_of(path: Path, split: str | None) -> set[str]:
    """Names of the files of a split: the last part of each page's id."""
    splits = json.loads(path.read_text(encoding="utf8"))
    by_site = splits["by_site_or_source"]
    return {page.split("-")[-1] for page, site in splits["wcxb_pages"].items() if by_site.get(site, "train") == split}


def peers() -> dict[str, Extractor]:
    """Extractors by name, as their documentation says to call them for an article's text."""
    found: dict[str, Extractor] = {
        "noisefilter.extract": noisefilter.extract,
        "trafilatura default": trafilatura.extract,
        "trafilatura recall": lambda page: trafilatura.extract(page, favor_recall=True),
        "trafilatura fast": lambda page: trafilatura.extract(page, fast=True),
        "trafilatura precision": lambda page: trafilatura.extract(page, favor_precision=True),
    }
    for name, make in (("readability-lxml", _readability), ("resiliparse", _resiliparse), ("jusText", _justext)):
        try:
            found[name] = make()
        except ImportError as error:
            print(f"{name} is left out: {error}; python -m pip install '.[bench]' brings it", file=sys.stderr)
    return found


def _text(page: bytes) -> str:
    """Decoded as we decode: what an extractor makes of broken bytes is not what is compared."""
    return str(read_page(Page(page, format="html")).content)


def _readability() -> Extractor:
    readability, html = import_module("readability"), import_module("lxml.html")
    return lambda page: html.fromstring(readability.Document(_text(page)).summary()).text_content()


def _resiliparse() -> Extractor:
    extract, parse = import_module("resiliparse.extract.html2text"), import_module("resiliparse.parse.html")
    return lambda page: extract.extract_plain_text(
        parse.HTMLTree.parse(_text(page)), main_content=True, alt_texts=False
    )


def _justext() -> Extractor:
    justext = import_module("justext")
    stop_words = justext.get_stoplist("English")
    return lambda page: "\n".join(p.text for p in justext.justext(page, stop_words) if not p.is_boilerplate)


def run(extract: Extractor, page: Labelled) -> tuple[float, tuple[float, float, float]]:
    """Seconds and precision, recall, F1; an extractor that raises has found nothing."""
    started = perf_counter()
    try:
        text = extract(page.html) or ""
    except Exception:  # noqa: BLE001 - peers raise what they like
        text = ""
    return perf_counter() - started, word_f1(text, page.gold)


def interval(values: np.ndarray) -> tuple[float, float]:
    """95% bootstrap interval of the mean."""
    draws = np.random.default_rng(0).integers(0, len(values), (DRAWS, len(values)))
    low, high = np.quantile(values[draws].mean(axis=1), (0.025, 0.975))
    return float(low), float(high)


def main() -> None:
    """Run all on every page in turn, print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--splits", type=Path, help="JSON that maps pages to sites and sites to splits")
    parser.add_argument("--split", help="keep the pages of this split")
    parser.add_argument("--pages", type=int, help="so many pages, spread evenly")
    parser.add_argument("--extractors", nargs="+", help="only these, by name; all of them without it")
    options = parser.parse_args()
    if not options.folder.is_file() and not (options.folder / "ground-truth").is_dir():
        sys.exit(f"{options.folder}: no ground-truth folder in it")
    if (options.splits is None) != (options.split is None):
        sys.exit("--splits and --split go together")
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    lines = options.folder.is_file()
    pages = read_lines(options.folder) if lines else read_folder(options.folder, options.splits, options.split)
    if options.pages:
        pages = pages[:: max(1, len(pages) // options.pages)][: options.pages]
    if not pages:
        sys.exit(f"{options.folder}: no page with a gold text")
    seconds: dict[str, list[float]] = defaultdict(list)
    values: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    extractors = {name: run for name, run in peers().items() if name in {BASE, *(options.extractors or [name])}}
    for extract in extractors.values():
        run(extract, pages[0])
    for page in pages:
        for name, extract in extractors.items():
            spent, figures = run(extract, page)
            seconds[name].append(spent)
            values[name].append(figures)
    print_table(pages, seconds, values)


def print_table(
    pages: list[Labelled], seconds: dict[str, list[float]], values: dict[str, list[tuple[float, float, float]]]
) -> None:
    """Markdown: articles and all types, speed as a ratio to trafilatura's default extraction."""
    base = seconds[BASE]
    size = statistics.mean(len(page.html) for page in pages) / 1000
    print(f"{len(pages)} pages of {size:.0f} kB, trafilatura {trafilatura.__version__}\n")
    print(
        "| | pages | P | R | F1 | 95% interval | pages/s | x trafilatura default |\n|---|---|---|---|---|---|---|---|"
    )
    for kind in sorted({kind for page in pages for kind in page.kinds}):
        chosen = [index for index, page in enumerate(pages) if kind in page.kinds]
        tables = {name: _by_site(pages, figures, chosen) for name, figures in values.items()}
        for name, table in sorted(tables.items(), key=lambda item: -item[1][:, 2].mean()):
            low, high = interval(table[:, 2])
            spent = sum(seconds[name][index] for index in chosen)
            ratio = sum(base[index] for index in chosen) / spent
            precision, recall, f1 = table.mean(axis=0)
            print(
                f"| {name}, {kind} | {len(chosen)} | {precision:.3f} | {recall:.3f} | {f1:.4f} | {low:.3f}-{high:.3f} "
                f"| {len(chosen) / spent:.1f} | {ratio:.2f} |"
            )


def _by_site(pages: list[Labelled], figures: list[tuple[float, float, float]], chosen: list[int]) -> np.ndarray:
    """Mean precision, recall and F1 of the chosen pages of each site: (sites, 3)."""
    sites: dict[str, list[tuple[float, float, float]]] = defaultdict(list)
    for index in chosen:
        sites[pages[index].site].append(figures[index])
    return np.array([np.mean(rows, axis=0) for rows in sites.values()])


if __name__ == "__main__":
    main()
