"""The test of insertions: made pages of sites that taught nothing, scored the whole way from HTML or text to `Score`.

Fixed before any training: two insertions a page, six sorts in equal shares, wordings, headlines, donors and hosts unseen.
Two rows of figures for recall: with the threshold that the tune sites choose, as a user has it, with what it costs here;
and with that which these clean pages would choose, as detectors are compared.

    python scripts/measure_insertions.py ../shared/corpus
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from noisefilter.api import score_many
from noisefilter.model import default_model
from noisefilter.scoring.articles import PAGE_PRIOR
from noisefilter.training.evaluate import CALIBRATION, THRESHOLDS, calibration_error, reliability, threshold_figures
from noisefilter.training.hosts import make_hosts, text_host
from noisefilter.training.intervals import Observed, measured
from noisefilter.training.splicing import InsertionMaker
from noisefilter.training.wordings import split_of, wordings
from noisefilter.types import Page
from shared_corpus import Corpus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from noisefilter.blocks import BlockedPage
    from noisefilter.model import Model
    from noisefilter.training.evaluate import Figures
    from noisefilter.training.hosts import Host
    from noisefilter.training.splicing import Insertion
    from noisefilter.types import Score

    Column = NDArray[np.float64]

TEXT_FILES = ("clean", "news", "lowvalue")
HOSTS_A_SOURCE = {"val": 200, "tune": 150}
LONGEST_HOST = 40_000
#: A: headline in a sentence, B: foreign sentence, C: foreign paragraph, D: "also read" lines, E: paid link, F: all in plain text.
SORTS = {"A": "splice", "B": "sentence", "C": "paragraph", "D": "label_line", "E": "paid_link"}
FALSE_SHARES = (0.01, 0.002)
#: Place in the text, as a share of it, from which a block is the article's tail.
TAIL = 0.9


@dataclass(frozen=True, slots=True)
class MadePage:
    """A page to score, its text, and what was put into it; `sort` is "" if nothing was."""

    sort: str
    source: str
    site: str
    page: Page
    text: str
    ranges: tuple[Insertion, ...]


def hosts_of(corpus: Corpus, split: str) -> list[Host]:
    """Articles of the sites of a split in which nothing foreign is known, in a fixed order."""
    hosts = make_hosts([page for page in corpus.wcxb_pages(split) if page.page_type == "article"])
    for name in TEXT_FILES:
        for page in corpus.texts(name, split, HOSTS_A_SOURCE[split]):
            text = str(page.page.content)
            host = text_host(text, page.page.title, page.site) if not corpus.is_spliced(page) else None
            if host and len(text) <= LONGEST_HOST:
                hosts.append(host)
    random.Random(5).shuffle(hosts)
    return hosts


def cell(number: int) -> tuple[str, dict[str, Any]]:
    """Sort of the page with a number, and how it is made."""
    turn, place = divmod(number, 6)
    if place == 0:
        return "A", {
            "sorts": ["splice"],
            "as_html": True,
            "linked": turn % 2 == 1,
            "in_sentence_case": turn // 2 % 2 == 1,
        }
    if place < 5:
        sort = "ABCDE"[place]
        return sort, {"sorts": [SORTS[sort]], "as_html": True}
    return "F", {"sorts": [list(SORTS.values())[turn % 5]], "as_html": False, "in_sentence_case": turn // 5 % 2 == 1}


def make_pages(corpus: Corpus, split: str, model: Model) -> tuple[list[MadePage], list[MadePage]]:
    """Pages with insertions and the same hosts without."""
    hosts = hosts_of(corpus, split)
    titles = [host.title for host in hosts if host.title and 3 < len(host.title.split()) < 20]
    headlines = [row["text"] for row in corpus.rows("headlines_topics", "train") if split_of(row["text"]) == split]
    drawn = random.Random(0).sample(headlines, min(len(headlines), 3 * len(titles)))
    maker = InsertionMaker(hosts, [*drawn, *titles], wordings(split), model.vectors, 7)
    plain = InsertionMaker(hosts, [*drawn, *titles], wordings(split), model.vectors, 8, decoys=False)
    made, clean = [], []
    for number, host in enumerate(hosts):
        sort, how = cell(number)
        page, ranges = maker.make(host, 2, **how)
        made.append(_made_page(sort, host, page, ranges))
        clean.append(_made_page("", host, *plain.make(host, 0)))
    return [page for page in made if page.ranges], clean


def _made_page(sort: str, host: Host, page: BlockedPage, ranges: Sequence[Insertion]) -> MadePage:
    is_html = page.places is not None and len(page.places) > 0
    content = Page(write_html(page)) if is_html else Page(page.text, title=page.title, format="text")
    source = "wcxb" if host.is_html else host.site
    return MadePage(sort, source, host.site, content, page.text, tuple(ranges))


def write_html(page: BlockedPage) -> str:
    """A bare article with the page's title, paragraphs and links."""
    title = escape(page.title or "")
    parts = [f"<html><head><title>{title}</title></head><body><main><article><h1>{title}</h1>"]
    for block in page.blocks:
        at, text = block.start, ""
        for link in sorted(block.links):
            if link.start >= at:
                anchor = f'<a href="{escape(link.href)}">{escape(page.text[link.start : link.end])}</a>'
                text += escape(page.text[at : link.start]) + anchor
                at = link.end
        parts.append(f"<p>{text}{escape(page.text[at : block.end])}</p>")
    return "\n".join([*parts, "</article></main></body></html>"])


@dataclass(frozen=True, slots=True)
class Scored:
    """A page and its score; `shift` is where its text begins in `visible_text`."""

    made: MadePage
    score: Score
    shift: int

    def sentences(self) -> list[tuple[float, bool, Insertion | None]]:
        """Off-topic probability of each sentence of the text, whether it is furniture, and the insertion in it."""
        found = []
        furniture = [(span.start, span.end) for span in self.score.spans if span.kind == "boilerplate"]
        for own in self.score.sentences:
            start, end = own.start - self.shift, own.end - self.shift
            if start >= 0:
                inside = [one for one in self.made.ranges if min(one.end, end) - max(one.start, start) > 3]
                cut = any(a <= own.start and own.end <= b + 1 for a, b in furniture)
                found.append((own.off_topic, cut, inside[0] if inside else None))
        return found


def score_pages(pages: Sequence[MadePage], model: Model, jobs: int) -> list[Scored]:
    """Pages that could be scored, and whose text could be found again."""
    scored = []
    for page, score in zip(pages, score_many((page.page for page in pages), jobs=jobs, model=model), strict=True):
        shift = score.visible_text.find(page.text)
        if shift >= 0 and score.off_topic is not None:
            scored.append(Scored(page, score, shift))
    return scored


def names_of(made: MadePage, found: Insertion) -> list[str]:
    """The rows of the table that an insertion counts in; "overall" is their mean over the six sorts."""
    names = [made.sort]
    if made.sort == "A":
        names.append("A with link" if found.linked else "A without link")
        if not found.linked:
            names.append("A without link, sentence case" if found.sentence_case else "A without link, title case")
    if made.sort == "F":
        names.append(f"F {found.sort}")
    return names


def observe(page: Scored, rows: Sequence[Sequence[float]]) -> Observed:
    """What was seen of a page; its pages are told apart by their texts."""
    return Observed(page.made.site, page.made.text[:200], np.array(rows, dtype=np.float64))


def measure_recall(made: Sequence[Scored], thresholds: dict[str, float]) -> dict[str, dict[str, float]]:
    """Share of the sentences with an insertion that are found: off-topic by the threshold, or cut as furniture."""

    def figures_of(rows: Column) -> dict[str, float]:
        """The mean over the sorts of their recall; of one sort, its recall."""
        recall = np.mean([rows[rows[:, 0] == sort, 1:].mean(axis=0) for sort in np.unique(rows[:, 0])], axis=0)
        return {"sentences": len(rows), **dict(zip(thresholds, recall.tolist(), strict=True))}

    observed: dict[str, list[Observed]] = defaultdict(list)
    for page in made:
        rows: dict[str, list[list[float]]] = defaultdict(list)
        for probability, cut, found in page.sentences():
            if found:
                hits = [cut or probability >= threshold for threshold in thresholds.values()]
                for name in ("overall", *names_of(page.made, found)):
                    rows[name].append(["ABCDEF".index(page.made.sort), *hits])
        for name, values in rows.items():
            observed[name].append(observe(page, values))
    return measured({name: observed[name] for name in ("overall", *sorted(observed.keys() - {"overall"}))}, figures_of)


def measure_cut(made: Sequence[Scored]) -> dict[str, dict[str, float]]:
    """Characters cut as off-topic against the characters put in; what other kinds took of them counts as found."""
    rows: dict[str, list[Observed]] = defaultdict(list)
    for page in made:
        size = len(page.made.text)
        inserted, cut = np.zeros(size, bool), np.zeros(size, bool)
        for found in page.made.ranges:
            inserted[found.start : found.end] = True
        for span in page.score.spans:
            start, end = max(0, span.start - page.shift), max(0, span.end - page.shift)
            if span.kind == "off_topic":
                cut[start:end] = True
            elif span.kind in {"promotion", "boilerplate"}:
                cut[start:end] |= inserted[start:end]
        for name in ("overall", page.made.sort):
            rows[name].append(observe(page, [[(cut & inserted).sum(), cut.sum(), inserted.sum()]]))
    return measured(dict(sorted(rows.items())), cut_figures)


def cut_figures(rows: Column) -> dict[str, float]:
    """Precision, recall and F1 of (pages, 3): characters rightly cut, cut, put in."""
    right, cut, inserted = rows.sum(axis=0).tolist()
    return {
        "pages": len(rows), "precision": right / max(1, cut), "recall": right / max(1, inserted),
        "f1": 2 * right / max(1, cut + inserted),
    }  # fmt: skip


def measure_pages(made: Sequence[Scored], clean: Sequence[Scored]) -> dict[str, dict[str, float]]:
    """Pages flagged, and calibration of pages and sentences at `PAGE_PRIOR`."""
    flagged: dict[str, list[Observed]] = defaultdict(list)
    for page in (*made, *clean):
        names = ["with insertions", page.made.sort] if page.made.sort else ["clean", f"clean, {page.made.source}"]
        if any(found.linked for found in page.made.ranges):
            names.append("with a linked insertion")
        for name in names:
            flagged[name].append(observe(page, [[(page.score.off_topic or 0) >= 0.5]]))
    table = measured(
        dict(sorted(flagged.items())), lambda rows: {"pages": len(rows), "off_topic >= 0.5": float(rows.mean())}
    )
    share = np.array([PAGE_PRIOR / len(made)] * len(made) + [(1 - PAGE_PRIOR) / len(clean)] * len(clean))
    pages = np.array([page.score.off_topic or 0.0 for page in [*made, *clean]])
    sentences = np.concatenate([one.values for one in observe_sentences(made, clean)])
    table["calibration error"] = {
        "pages": calibration_error(pages, np.array([1.0] * len(made) + [0.0] * len(clean)), share),
        "sentences": calibration_error(*sentences.T),
    }
    return table


def observe_sentences(made: Sequence[Scored], clean: Sequence[Scored]) -> list[Observed]:
    """Of each sentence that is not cut as furniture: probability, truth, and its weight at `PAGE_PRIOR`."""
    found = []
    for pages, share in ((made, PAGE_PRIOR), (clean, 1 - PAGE_PRIOR)):
        for page in pages:
            rows = [
                (probability, float(inside is not None), share / len(pages))
                for probability, cut, inside in page.sentences()
                if not cut
            ]
            if rows:
                found.append(observe(page, rows))
    return found


def clean_probabilities(clean: Sequence[Scored]) -> Column:
    """Off-topic probabilities of the sentences of clean pages."""
    return np.array([probability for page in clean for probability, _, _ in page.sentences()])


def measure_real(model: Model, corpus: Corpus, jobs: int) -> dict[str, dict[str, float]]:
    """Link blocks that one val farm put into its articles: lines taken out, as what, and what was cut beside them.

    Lines of reading lists (psychedelicbible) are references, not insertions.
    """
    pages = [row for row in corpus.rows("insertions_real", "val") if row["source"] == "smartfinance"]
    scores = score_many((Page(row["text"], title=row["title"], format="text") for row in pages), jobs=jobs, model=model)
    lines: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    beside = signs = 0
    for row, score in zip(pages, scores, strict=True):
        marked, foreign = np.zeros(len(row["text"]), bool), np.zeros(len(row["text"]), bool)
        taken = np.zeros(len(row["text"]), bool)
        for span in score.spans:
            taken[span.start : span.end] |= span.kind != "filler"
            foreign[span.start : span.end] |= span.kind == "off_topic"
        for found in row["insertions"]:
            start, end = found["start"], found["end"]
            marked[start:end] = True
            if found["type"] == "related":
                place = "inside the article" if found["pos"] < TAIL else "at its end"
                lines[place].append((bool(taken[start:end].mean() > 0.5), bool(foreign[start:end].mean() > 0.5)))
        beside += int((foreign & ~marked).sum())
        signs += int((~marked).sum())
    table = {
        name: {
            "lines": len(rows), "taken out": float(np.mean([one for one, _ in rows])),
            "as off-topic": float(np.mean([one for _, one in rows])),
        }
        for name, rows in sorted(lines.items())
    }  # fmt: skip
    return {
        **table,
        "characters beside them": {"lines": 0, "taken out": beside / signs, "as off-topic": beside / signs},
    }


def measure_insertions(model: Model, corpus: Corpus, jobs: int) -> Figures:
    """The tables of the test on the val sites; thresholds come from the tune sites."""
    tuned = clean_probabilities(score_pages(make_pages(corpus, "tune", model)[1], model, jobs))
    made, clean = (score_pages(pages, model, jobs) for pages in make_pages(corpus, "val", model))
    own = clean_probabilities(clean)
    thresholds = {f"recall at {share:.1%}": float(np.quantile(own, 1 - share)) for share in FALSE_SHARES}
    thresholds |= {f"recall, tune's {share:.1%}": float(np.quantile(tuned, 1 - share)) for share in FALSE_SHARES}
    thresholds["recall as shipped"] = model.thresholds["off_topic"]
    recall = measure_recall(made, thresholds)
    recall["clean sentences"] = {
        "sentences": len(own),
        **{label: float(np.mean(own >= threshold)) for label, threshold in thresholds.items()},
    }
    observed = observe_sentences(made, clean)
    rows = np.concatenate([one.values for one in observed])
    return {
        "insertions: sentences": recall, "insertions: characters": measure_cut(made),
        "insertions: pages": measure_pages(made, clean), "insertions: real link blocks": measure_real(model, corpus, jobs),
        THRESHOLDS: {"off_topic": threshold_figures(observed, model.thresholds["off_topic"])},
        f"{CALIBRATION}off_topic": reliability(rows[:, :2], rows[:, 2]),
    }  # fmt: skip


def main() -> None:
    """Measure the shipped model and print the tables."""
    from measures import print_measures  # noqa: PLC0415 - which imports this module

    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("corpus", type=Path, nargs="?", default=Path("../shared/corpus"))
    parser.add_argument("--jobs", type=int, default=2)
    options = parser.parse_args()
    print_measures(measure_insertions(default_model(), Corpus(options.corpus), options.jobs))


if __name__ == "__main__":
    main()
