"""Figures of a model on the val sites of the third-party data, and beside trafilatura in the same run."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import numpy as np
import trafilatura
from insertion_figures import measure_insertions
from rich.console import Console
from rich.table import Table
from subgroups import measure_subgroups

from noisefilter.api import score_many
from noisefilter.blocks.fit import label_blocks
from noisefilter.html.read import read_blocks
from noisefilter.html.walk import split_lines
from noisefilter.learn.evaluate import evaluate, threshold_figures, word_f1, word_figures
from noisefilter.learn.intervals import Observed, measured, with_intervals
from noisefilter.report.figures import THRESHOLDS, figure_tables
from noisefilter.types import Page

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from noisefilter.labels import LabelledPage
    from noisefilter.model import Model
    from noisefilter.report.figures import Figures
    from shared_corpus import Corpus

TEXT_FILES = ("clean", "news", "lowvalue")
#: Articles of each val source that are scored as they are.
TEXTS_A_SOURCE = 60
#: Fewer words after an article are no tail: a date, a line of tags.
TAIL_WORDS = 10


def measure(model: Model, corpus: Corpus, jobs: int = 1) -> Figures:
    """All figures on the val sites."""
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    wcxb = list(corpus.wcxb_pages("val"))
    texts = list(corpus.judged_texts("val"))
    figures = evaluate(model, [*wcxb, *corpus.judged_sentences("val"), *texts], jobs)
    articles = [page for page in wcxb if page.page_type == "article"]
    figures["extraction"]["trafilatura, wcxb article"] = _trafilatura(articles)
    figures["subgroups"] = measure_subgroups(model, corpus, [*wcxb, *texts], jobs)
    figures["page types"], other = measure_types(model, wcxb, jobs)
    figures["saved as plain text"] = {
        split: measure_plain(model, [page for page in pages if page.page_type == "article"], jobs)
        for split, pages in (("all", wcxb), ("tune", list(corpus.wcxb_pages("tune"))))
    }
    insertions = measure_insertions(model, corpus, jobs)
    thresholds = {**figures[THRESHOLDS], **insertions.pop(THRESHOLDS), "not_article": other}
    figures |= insertions
    figures[THRESHOLDS] = dict(sorted(thresholds.items()))
    figures["texts as they are"] = measure_untouched(model, texts_to_spare(corpus), jobs)
    return figures


def _trafilatura(pages: list[LabelledPage]) -> dict[str, float]:
    """trafilatura's default extraction on the same pages."""
    return with_intervals(
        [
            Observed(
                page.site, page.id, np.array([word_f1(trafilatura.extract(page.page.content) or "", page.main_text)])
            )
            for page in pages
            if page.main_text is not None
        ],
        word_figures,
    )


def measure_types(
    model: Model, pages: list[LabelledPage], jobs: int
) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Share of pages whose type is named rightly, and that are not judged since they are surely no article.

    Beside them the precision and recall of the threshold `not_article`.
    """
    rows: dict[str, list[Observed]] = {}
    other = []
    for page, score in zip(pages, score_many((page.page for page in pages), jobs=jobs, model=model), strict=True):
        if score.page_type is not None:
            left = score.status == "not_article"
            seen = np.array([[score.page_type == page.page_type, left]], dtype=np.float64)
            for source in ("all", page.page_type):
                rows.setdefault(source, []).append(Observed(page.site, page.id, seen))
            truth = np.array([[left, page.page_type != "article"]], dtype=np.float64)
            other.append(Observed(page.site, page.id, truth))
    types = measured(
        dict(sorted(rows.items())),
        lambda seen: {
            "pages": len(seen),
            "named rightly": float(seen[:, 0].mean()),
            "not_article": float(seen[:, 1].mean()),
        },
    )
    return types, threshold_figures(other, model.thresholds["not_article"])


def measure_plain(model: Model, pages: list[LabelledPage], jobs: int) -> dict[str, float]:
    """Articles whose visible text was saved: whether the boilerplate after the last line of the article is found.

    A page has a tail if at least `TAIL_WORDS` words stand there; it is found if at least half of them are taken out.
    """
    forms = []
    for page in pages:
        html = read_blocks(page.page).blocked
        if html is not None:
            blocked = split_lines(html.text, html.title)
            boilerplate = label_blocks(blocked, page)
            if boilerplate is not None and not boilerplate.all():
                forms.append((blocked, boilerplate))
    scores = score_many(
        (Page(blocked.text, title=blocked.title, format="text") for blocked, _ in forms), jobs=jobs, model=model
    )
    shares, lost, words = [], 0, 0
    for (blocked, boilerplate), score in zip(forms, scores, strict=True):
        cut = [(span.start, span.end) for span in score.spans if span.kind == "boilerplate"]
        last = int(np.flatnonzero(boilerplate == 0)[-1])
        tail = [0, 0]
        for index, (block, out) in enumerate(zip(blocked.blocks, boilerplate.tolist(), strict=True)):
            size = len(blocked.text[block.start : block.end].split())
            taken = size * any(start <= block.start and block.end <= end for start, end in cut)
            if not out:
                lost, words = lost + taken, words + size
            elif index > last:
                tail = [tail[0] + taken, tail[1] + size]
        if tail[1] >= TAIL_WORDS:
            shares.append(tail[0] / tail[1])
    return {
        "articles": len(forms), "with a tail": len(shares), "tail found": float(np.mean(np.array(shares) >= 0.5)),
        "tail words taken out": float(np.mean(shares)), "article words lost": lost / max(1, words),
    }  # fmt: skip


def texts_to_spare(corpus: Corpus) -> list[LabelledPage]:
    """Articles of the val sources as they are; none in which something foreign is known."""
    return [
        page for name in TEXT_FILES for page in corpus.texts(name, "val", TEXTS_A_SOURCE) if not corpus.is_spliced(page)
    ]


def measure_untouched(model: Model, pages: list[LabelledPage], jobs: int) -> dict[str, dict[str, float]]:
    """What becomes of texts as they are, by source."""
    rows: dict[str, list[Observed]] = {}
    for page, score in zip(pages, score_many((page.page for page in pages), jobs=jobs, model=model), strict=True):
        if score.status == "ok":
            cut = sum(span.kind == "off_topic" for span in score.spans)
            left, words = (len(text.split()) for text in (score.text, score.visible_text))
            dropped, foreign = score.verdict == "drop", (score.off_topic or 0) >= 0.5
            values = np.array([[dropped, foreign, cut, len(score.sentences), words - left, words]], dtype=np.float64)
            rows.setdefault(page.site, []).append(Observed(page.site, page.id, values))
    return measured(dict(sorted(rows.items())), _untouched_figures)


def _untouched_figures(rows: NDArray[np.float64]) -> dict[str, float]:
    dropped, foreign, cut, sentences, taken, words = rows.sum(axis=0).tolist()
    return {
        "articles": len(rows), "dropped": dropped / len(rows), "off_topic >= 0.5": foreign / len(rows),
        "sentences cut as off-topic": cut / max(1, sentences), "words taken out": taken / max(1, words),
    }  # fmt: skip


def print_measures(figures: Figures) -> None:
    """Print the figures as tables."""
    console = Console(width=150)
    for table in figure_tables(figures):
        console.print(table)


def print_beside(default: Figures, other: Figures, name: str) -> None:
    """Print the figures over all sources of the default model and of another one beside each other."""
    table = Table(title=f"default beside {name}, val sites", title_justify="left", box=None)
    for column in ("figure", "default", name):
        table.add_column(column)
    for kind, by_source in default.items():
        for figure, value in by_source.get("all", {}).items():
            table.add_row(
                f"{kind}: {figure}",
                f"{value:.3f}",
                f"{other.get(kind, {}).get('all', {}).get(figure, float('nan')):.3f}",
            )
    Console(width=150).print(table)
