"""Labelled pages, a model → whose labels it learned from, and how far to trust its figures."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import TYPE_CHECKING, Any

from noisefilter.html.read import read_blocks
from noisefilter.report.figures import ACCEPTED, LABELLED

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from noisefilter.labels import LabelledPage
    from noisefilter.learn.evaluate import Judged
    from noisefilter.learn.train import TrainingData
    from noisefilter.report.figures import Figures

#: What a page may be labelled for, each with a test for it.
LABELS: Mapping[str, Callable[[LabelledPage], bool]] = {
    "noise": lambda page: page.noise is not None,
    "spans": lambda page: page.spans is not None,
    "spans just as a model marked them": lambda page: page.accepted,
    "sentences": lambda page: page.sentences is not None,
    "gold text": lambda page: page.main_text is not None,
}
#: Stands for the labeller where nobody is named.
NOBODY = "nobody named"
#: AUC below which labels look turned around, and the fewest articles that show it.
OPPOSITE, FEWEST_OPPOSITE = 0.3, 10
#: Hexadecimal digits of the hash that a page is recognised by.
DIGITS = 16


def describe_labels(data: TrainingData) -> dict[str, Any]:
    """A user's pages for a manifest: how many each person labelled for what, and a hash to recognise each page by."""
    by: dict[str, Counter[str]] = {}
    for page in (*data.fit, *data.tune):
        row = by.setdefault(page.by or NOBODY, Counter())
        row.update({"pages": 1, **{name: int(holds(page)) for name, holds in LABELS.items()}})
    pages = {"fit": sorted(_known_by(data.fit)), "held_out": sorted(_known_by(data.tune))}
    return {"labels": {name: dict(row) for name, row in sorted(by.items())}, "pages": pages}


def label_note(labels: Mapping[str, Mapping[str, int]]) -> str:
    """How many pages each person labelled for what, in a line."""
    parts = []
    for name, row in labels.items():
        counts = ", ".join(f"{count} {what}" for what, count in row.items() if what != "pages" and count)
        by = ", labeller not named" if name == NOBODY else f" by {name}"
        parts.append(f"{row['pages']} {'page' if row['pages'] == 1 else 'pages'}{by} ({counts or 'none'})")
    return f"labels: {'; '.join(parts)}"


def taught_note(manifest: Mapping[str, Any], pages: Sequence[LabelledPage]) -> tuple[str, ...]:
    """A warning if a model is measured on pages that it was made with; only a user's own models list them."""
    if "pages" not in manifest:
        return ()
    known = _known_by(pages)
    taught, held = (
        len([page for page in known if page in set(manifest["pages"][part])]) for part in ("fit", "held_out")
    )
    if not taught + held:
        return ()
    chose = f", and {held} were held out when it was made, and chose what of it was kept" if held else ""
    return (
        f"WARNING: {taught} of {len(pages)} pages taught this model{chose}: figures on pages that it knows are better than on others",
    )


def figure_notes(figures: Figures) -> tuple[str, ...]:
    """Caveats of the figures: pages with spans as a model had marked them, and kinds without any label."""
    notes = []
    spans = {kind: by_source["all"] for kind, by_source in figures.items() if kind.endswith(" spans")}
    rows = {kind.removesuffix(" spans"): row for kind, row in spans.items()}
    accepted = max((int(row.get(ACCEPTED, 0)) for row in rows.values()), default=0)
    if accepted:
        notes.append(
            f"{accepted} of the pages have spans just as a model had marked them: figures of spans are too good there for that model and "
            "for those like it"
        )
    unnamed = [kind for kind, row in rows.items() if not row[LABELLED]]
    if unnamed:
        notes.append(f"no character is labelled {', '.join(unnamed)}: nothing can be said of how much of that is found")
    return tuple(notes)


def unscored_note(judged: Judged, model: str) -> tuple[str, ...]:
    """How many of the labelled pages have no score, and why: what of their labels needs one is neither learned from nor measured."""
    lost = Counter(score.status for _, score in judged if score.status != "ok")
    if not lost:
        return ()
    why = ", ".join(f"{count} {status}" for status, count in lost.most_common())
    return (f"{model} judges {len(judged) - lost.total()} of {len(judged)} pages; not judged: {why}",)


def opposite_note(noise: Mapping[str, float]) -> tuple[str, ...]:
    """A warning if labels of noise say the opposite of the model that ships, by its figures on them."""
    if noise.get("auc", 1.0) > OPPOSITE or noise["articles"] < FEWEST_OPPOSITE:
        return ()
    return (
        f"WARNING: the labels say the opposite of the model (AUC {noise['auc']:.2f}): does 1 mean worth it in them?",
    )


def _known_by(pages: Iterable[LabelledPage]) -> list[str]:
    """A digest of each page's visible text: the same whether the page is given as HTML or as its text."""
    texts = (page.id if (blocked := read_blocks(page.page).blocked) is None else blocked.text for page in pages)
    return [hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGITS] for text in texts]
