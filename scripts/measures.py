"""Figures of a model on the val sites of the third-party data, and beside trafilatura in the same run.

Subgroups of judged articles are by length, subject and sort of page, and by who wrote them. Each is chosen by the rule that its name
states, from words of the title, of the address, or by the corpus' own fields; a rule is crude, and an article may be in several groups.
"""

from __future__ import annotations

import logging
import re
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import numpy as np
import trafilatura
from insertion_figures import measure_insertions

from noisefilter.api import score_many
from noisefilter.blocks.fit import label_blocks
from noisefilter.html.read import read_blocks
from noisefilter.html.walk import split_lines
from noisefilter.labels import POSITIVE
from noisefilter.learn.evaluate import (
    block_rows,
    gather,
    judge_pages,
    measure_scores,
    noise_figures,
    threshold_figures,
    word_f1,
    word_figures,
)
from noisefilter.learn.intervals import Observed, measured
from noisefilter.report.figures import ALL, THRESHOLDS
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from noisefilter.arrays import Matrix
    from noisefilter.labels import LabelledPage
    from noisefilter.learn.evaluate import Judged
    from noisefilter.model import Model
    from noisefilter.report.figures import Figures
    from noisefilter.types import Score
    from shared_corpus import Corpus

TEXT_FILES = ("clean", "news", "lowvalue")
#: Articles of each val source that are scored as they are.
TEXTS_A_SOURCE = 60
#: Fewer words after an article are no tail: a date, a line of tags.
TAIL_WORDS = 10
SHORT, LONG = 400, 1200
#: Noise up to which an article is of substance; from `POSITIVE` on it is thin.
SUBSTANTIAL = 1
WORDS = {
    "news": r"news|times|post|herald|tribune|gazette|guardian|journal|press|daily|radio|npr|bbc|cbs|cnn|reuters",
    "how-to": r"how to|how do|guide|tips?|ways to|steps?|tutorial|beginners?",
    "product": r"reviews?|best|top \d+|buy|buying|vs|versus|price|deals?|shop|store|product",
    "finance": r"financ\w*|money|stocks?|crypto\w*|bitcoin|invest\w*|loans?|mortgages?|bank\w*|tax\w*|credit|insurance|market|markets|budget\w*",
    "health": r"health\w*|medic\w*|diets?|vitamins?|diseases?|symptoms?|clinic\w*|doctors?|wellness|sleep|nutrition\w*|cancer|therap\w*|"
    r"psychedelic\w*|mental",
}


def measure(model: Model, corpus: Corpus, jobs: int = 1) -> Figures:
    """All figures on the val sites."""
    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    wcxb = list(corpus.wcxb_pages("val"))
    judged = judge_pages(model, [*wcxb, *corpus.judged_sentences("val"), *corpus.judged_texts("val")], jobs)
    figures = measure_scores(model, judged)
    articles = [page for page in wcxb if page.page_type == "article"]
    theirs = extraction_figures(articles, (trafilatura.extract(page.page.content) for page in articles))
    figures["extraction"]["trafilatura, wcxb article"] = theirs["all"]
    figures["subgroups"] = measure_subgroups(corpus, judged)
    figures["page types"], other = measure_types(model, judged[: len(wcxb)])
    figures["saved as plain text"] = {
        split: measure_plain(model, [page for page in pages if page.page_type == "article"], jobs)
        for split, pages in (("all", wcxb), ("tune", list(corpus.wcxb_pages("tune"))))
    }
    insertions = measure_insertions(model, corpus, jobs)
    thresholds = {**figures[THRESHOLDS], **insertions.pop(THRESHOLDS), "not_article": other}
    figures |= insertions
    figures[THRESHOLDS] = dict(sorted(thresholds.items()))
    figures["texts as they are"] = measure_untouched(judge_pages(model, texts_to_spare(corpus), jobs))
    return figures


def extraction_figures(pages: Sequence[LabelledPage], texts: Iterable[str | None]) -> dict[str, dict[str, float]]:
    """Figures of the texts that were extracted from pages with gold text, by page type."""
    rows = gather(
        zip(pages, texts, strict=True),
        lambda page, text: np.array([word_f1(text or "", page.main_text or "")]),
        attrgetter("page_type"),
    )
    return measured(dict(sorted(rows.items())), word_figures)


def measure_types(model: Model, judged: Judged) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Share of pages whose type is named rightly, and that are not judged since they are surely no article.

    Beside them the precision and recall of the threshold `not_article`.
    """

    def row(page: LabelledPage, score: Score) -> Matrix | None:
        values = score.status == "not_article", page.page_type != "article", score.page_type == page.page_type
        return None if score.page_type is None else np.array([values], dtype=np.float64)

    def shares(seen: Matrix) -> dict[str, float]:
        left, _, right = seen.mean(axis=0).tolist()
        return {"pages": len(seen), "named rightly": right, "not_article": left}

    rows = gather(judged, row, attrgetter("page_type"))
    other = [one._replace(values=one.values[:, :2]) for one in rows[ALL]]
    return measured(dict(sorted(rows.items())), shares), threshold_figures(other, model.thresholds["not_article"])


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
    shares = []
    lost = kept = 0.0
    for (blocked, boilerplate), score in zip(forms, scores, strict=True):
        taken, out, words = block_rows(blocked, boilerplate, score).T
        article = out == 0
        tail = slice(np.flatnonzero(article)[-1] + 1, None)
        lost, kept = lost + words[article] @ taken[article], kept + words[article].sum()
        if words[tail].sum() >= TAIL_WORDS:
            shares.append(words[tail] @ taken[tail] / words[tail].sum())
    return {
        "articles": len(forms),
        "with a tail": len(shares),
        "tail found": float(np.mean(np.array(shares) >= 0.5)),
        "tail words taken out": float(np.mean(shares)),
        "article words lost": float(lost / max(1, kept)),
    }


def texts_to_spare(corpus: Corpus) -> list[LabelledPage]:
    """Articles of the val sources as they are; none in which something foreign is known."""
    return [
        page for name in TEXT_FILES for page in corpus.texts(name, "val", TEXTS_A_SOURCE) if not corpus.is_spliced(page)
    ]


def measure_untouched(judged: Judged) -> dict[str, dict[str, float]]:
    """What becomes of texts as they are, by source."""
    rows: dict[str, list[Observed]] = {}
    for page, score in judged:
        if score.status == "ok":
            cut = sum(span.kind == "off_topic" for span in score.spans)
            left, words = (len(text.split()) for text in (score.text, score.visible_text))
            dropped, foreign = score.verdict == "drop", (score.off_topic or 0) >= 0.5
            values = np.array([[dropped, foreign, cut, len(score.sentences), words - left, words]], dtype=np.float64)
            rows.setdefault(page.site, []).append(Observed(page.site, page.id, values))
    return measured(dict(sorted(rows.items())), _untouched_figures)


def _untouched_figures(rows: Matrix) -> dict[str, float]:
    dropped, foreign, cut, sentences, taken, words = rows.sum(axis=0).tolist()
    return {
        "articles": len(rows), "dropped": dropped / len(rows), "off_topic >= 0.5": foreign / len(rows),
        "sentences cut as off-topic": cut / max(1, sentences), "words taken out": taken / max(1, words),
    }  # fmt: skip


class Article(NamedTuple):
    """A judged page with what the rules read."""

    page: LabelledPage
    noise: float
    file: str  # clean, lowvalue, news; "" for WCXB

    @property
    def words(self) -> int:
        """Words of the article: of the gold text where there is one."""
        return len((self.page.main_text or str(self.page.page.content)).split())

    @property
    def about(self) -> str:
        """Title and host or source."""
        host = urlsplit(self.page.page.url or "").netloc or self.page.source
        return f"{self.page.page.title or ''} {re.sub(r'[-._]', ' ', host)}".lower()


def _says(subject: str) -> Callable[[Article], bool]:
    pattern = re.compile(rf"\b(?:{WORDS[subject]})\b")
    return lambda article: pattern.search(article.about) is not None


#: The rule in words, and the rule.
GROUPS: dict[str, Callable[[Article], bool]] = {
    f"short: under {SHORT} words": lambda article: article.words < SHORT,
    f"middling: {SHORT} to {LONG} words": lambda article: SHORT <= article.words <= LONG,
    f"long: over {LONG} words": lambda article: article.words > LONG,
    "news: an outlet of text/news, or a word such as news, times, herald in title or host": lambda article: (
        article.file == "news" or _says("news")(article)
    ),
    "how-to: a word such as how to, guide, tips in the title or host": _says("how-to"),
    "product: a word such as review, best, buy, price in title or host": _says("product"),
    "finance: a word such as money, bank, crypto, tax in title or host": _says("finance"),
    "health: a word such as health, diet, clinic, sleep in title or host": _says("health"),
    f"LLM-written but substantial: of text/lowvalue, judged {SUBSTANTIAL} or less": lambda article: (
        article.file == "lowvalue" and article.noise <= SUBSTANTIAL
    ),
    f"human-written but thin: of WCXB or text/clean, judged {POSITIVE} or more": lambda article: (
        article.file in {"", "clean"} and article.noise >= POSITIVE
    ),
}


def measure_subgroups(corpus: Corpus, judged: Judged) -> dict[str, dict[str, float]]:
    """Figures of `noise` on the judged pages of each group; AUC where both classes are there."""
    rows: dict[str, list[Observed]] = {group: [] for group in GROUPS}
    for page, score in judged:
        if score.noise is not None and page.noise is not None:
            article = Article(page, page.noise, corpus.file_of(page.source))
            seen = np.array([[score.noise, page.noise_share, score.verdict == "drop"]], dtype=np.float64)
            for group in [group for group, belongs in GROUPS.items() if belongs(article)]:
                rows[group].append(Observed(page.site, page.id, seen))
    return measured({group: observed for group, observed in rows.items() if observed}, _subgroup_figures)


def _subgroup_figures(rows: Matrix) -> dict[str, float]:
    figures = noise_figures(rows[:, :2])
    kept: dict[str, float] = {
        name: figures[name] for name in ("articles", "noisy", "auc", "calibration error") if name in figures
    }
    return {**kept, "mean noise": float(rows[:, 0].mean()), "dropped": float(rows[:, 2].mean())}
