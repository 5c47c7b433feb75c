"""Judged val articles → figures of `noise` by subgroup: length, subject and sort of page, and who wrote it.

Each group is chosen by the rule that its name states, from words of the title, of the address, or by the corpus' own fields;
a rule is crude, and an article may be in several groups.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import numpy as np

from noisefilter.api import score_many
from noisefilter.labels import POSITIVE
from noisefilter.learn.evaluate import noise_figures
from noisefilter.learn.intervals import Observed, measured

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from noisefilter.labels import LabelledPage
    from noisefilter.model import Model
    from shared_corpus import Corpus

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


def measure_subgroups(
    model: Model, corpus: Corpus, pages: Sequence[LabelledPage], jobs: int
) -> dict[str, dict[str, float]]:
    """Figures of `noise` on the judged pages of each group; AUC where both classes are there."""
    judged = [page for page in pages if page.noise is not None]
    rows: dict[str, list[Observed]] = {group: [] for group in GROUPS}
    for page, score in zip(judged, score_many((page.page for page in judged), jobs=jobs, model=model), strict=True):
        if score.noise is None or page.noise is None:
            continue
        article = Article(page, page.noise, corpus.file_of(page.source))
        seen = np.array([[score.noise, page.noise_share, score.verdict == "drop"]], dtype=np.float64)
        for group, belongs in GROUPS.items():
            if belongs(article):
                rows[group].append(Observed(page.site, page.id, seen))
    return measured({group: observed for group, observed in rows.items() if observed}, _figures)


def _figures(rows: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> dict[str, float]:
    figures = noise_figures(rows[:, :2])
    kept: dict[str, float] = {
        name: figures[name] for name in ("articles", "noisy", "auc", "calibration error") if name in figures
    }
    return {**kept, "mean noise": float(rows[:, 0].mean()), "dropped": float(rows[:, 2].mean())}
