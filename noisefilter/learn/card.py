"""Model, figures → its card: what it learned from, how good it is, what it is bad at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from noisefilter.learn.examples import example_lines
from noisefilter.learn.intervals import DRAWS, SEED
from noisefilter.learn.picture import PICTURE, draw_calibration
from noisefilter.learn.policies import FIGURES
from noisefilter.learn.provenance import figure_notes, label_lines
from noisefilter.model import READER
from noisefilter.report.figures import CALIBRATION, POLICIES, THRESHOLDS, figure_columns, figure_row

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from noisefilter.model import Model
    from noisefilter.report.figures import Figures

#: Weaknesses of every model.
BAD_AT = """\
- Languages other than English are not judged (`status="language"`).
- It does not check facts and does not detect machine-written text: a fluent lie with names and numbers is kept.
"""
#: Weaknesses of the shipped models.
SHIPPED_BAD_AT = """\
- Captions are removed from HTML pages even if they state facts, and so are some footnotes and table cells: WCXB's gold texts leave
  captions out. A caption's span gives this as its reason.
- A boilerplate span's reason is not learned: rules read class names, headings and phrases. Where class names say nothing, about
  half of the words get the right reason.
- Some of the tail of plain text is kept, because lists of the article and of the site look alike there.
- Page types other than articles are often confused, products and listings above all.
- Insertions were learned from some 1,950 real articles and 400 invented ones, with passages by 36 writers. It misses woven headlines,
  single foreign sentences and paid phrases most often: see the recall by sort above.
- Articles full of new names and facts look foreign throughout, and sometimes lose an honest sentence.
- Labels were given by a language model that followed the guide. People would agree with it less than it agrees with itself.
- Poems, transcripts, code and price lists contain kinds of sentences that the sentence classifier has rarely seen.
- Plain advice and opinion, and short answers in an interview, are called filler more often than a reader would.
- An FAQ raises `noise` even if its answers are informative: see the second text below.
"""

#: Weaknesses of a user's own model.
OWN_BAD_AT = """\
- It judges sites that it was trained on better than others. The figures say nothing about sites outside the held-out ones.
"""

ATTRIBUTION = """\
WCXB development split: Murrough Foley, CC-BY-4.0. The word vectors imitate all-MiniLM-L6-v2 (Apache-2.0), and the reader, where
the model has one, is made of its lowest layers; that of the shipped `default` learned from all-mpnet-base-v2 (Apache-2.0),
fine-tuned on the same labels on a GPU (docs/decisions/0048). Texts trained the weights; none is stored in them."""


#: Stages in the order in which a page goes through them, with the prefixes of their arrays' names.
STAGES = {
    "blocks": ("block_",),
    "sentences": ("sentence",),
    "insertions": ("insertion", "passage"),
    "pages: off-topic": ("page_off_topic",),
    "articles": ("article",),
    "last networks, which read the reader": ("reader_",),
}
INTERVALS = (
    f"In brackets: 95% intervals. Whole sites are drawn {DRAWS} times with replacement (seed {SEED}), since pages of one site are alike; of a "
    "source that is one site its pages are drawn, and the interval says nothing of other sites. Without brackets: a count, a single "
    "page, or a figure that most draws could not have. An interval without width means that no draw held a counterexample, not that "
    "there is none. Calibration errors of draws lie above that of the whole: fewer different rows fill a bin."
)
THRESHOLDS_ARE = (
    "Precision and recall of each threshold, measured on the same pages as the figures below: `boilerplate` over "
    "blocks by words, `promotion` and `filler` over judged sentences, `off_topic` over the sentences of articles with written insertions and "
    "of untouched ones, `not_article` over whole pages."
)


POLICIES_ARE = (
    "Pairs of cuts on `noise`: at or above `drop_at` the verdict is drop, at or above `review_at` review. They were chosen on articles of "
    "sites that had taught the classifier nothing; for the shipped models, of whole collections that were left out in turn."
)


def write_card(
    model: Model, figures: Figures, measured_on: str = "the val sites, which fitted and chose nothing"
) -> str:
    """The card as Markdown; it shows `calibration.svg` (`write_picture`) if the figures have the bins of a curve."""
    figures = dict(figures)
    limits, policies = figures.pop(THRESHOLDS, {}), figures.pop(POLICIES, {})
    shown = [
        f"# Model card: {model.label}",
        "",
        *_data_lines(model),
        *_size_lines(model),
        "## Thresholds",
        "",
        *_threshold_lines(model, limits),
        "## Policies",
        "",
        *_policy_lines(model, policies),
        "## Figures",
        "",
        f"Measured on {measured_on}.",
        "",
    ]
    if figures:
        shown += [INTERVALS, ""]
        shown += [line for note in figure_notes(figures) for line in (f"- {note}", "")]
    if any(kind.startswith(CALIBRATION) for kind in figures):
        shown += [
            f"![Calibration curves]({PICTURE})",
            "",
            "A point on the dashed line came true as often as it was said. A hollow point stands for fewer than 25 rows.",
            "",
        ]
    for kind, by_source in figures.items():
        if not kind.startswith(CALIBRATION):
            shown += [f"### {kind}", "", *_table("source", by_source), ""]
    labels = model.manifest.get("labels")  # only a user's own model has them
    shown += ["## What it is bad at", "", f"{BAD_AT}{OWN_BAD_AT if labels else SHIPPED_BAD_AT}"]
    shown += ["Passages of our own in a story of our own, as this model judges them:", "", *example_lines(model), ""]
    return "\n".join(shown)


def write_picture(figures: Figures, folder: Path) -> None:
    """Write the calibration curves beside the card, or remove the file if there are no bins to draw."""
    picture = draw_calibration(figures)
    if picture:
        (folder / PICTURE).write_text(picture, encoding="utf8")
    else:
        (folder / PICTURE).unlink(missing_ok=True)


def _data_lines(model: Model) -> list[str]:
    """What it learned from: sources, rows, hashes, seed, versions."""
    data = model.manifest["data"]
    lines = ["## Learned from", "", "| source | licence | rows (fit / tune / noise) |", "|---|---|---|"]
    for source, row in data["sources"].items():
        lines.append(
            f"| {source} | {row['licence'] or 'of its owner'} | {row.get('fit', 0)} / {row.get('tune', 0)} / {row.get('noise', 0)} |"
        )
    lines += [f"| {name} | {row['licence']} | {row['rows']} |" for name, row in data["other"].items()]
    labels = model.manifest.get("labels", {})
    lines += ["", *label_lines(labels)] if labels else []
    hashes = {
        "ids of the pages": data.get("ids_sha256"),
        "contents and labels of the pages": data.get("content_sha256"),
        "articles with insertions, and untouched ones": data.get("inserted_sha256"),
        "word vectors": model.manifest.get("vectors_sha256"),
        "names of the features": model.manifest.get("features_sha256"),
    }
    lines += ["", ATTRIBUTION, ""] if "wcxb" in data["sources"] else [""]
    lines += ["| SHA-256 of | is |", "|---|---|"]
    lines += [f"| {what} | `{value}` |" for what, value in hashes.items() if value]
    libraries = ", ".join(f"{name} {number}" for name, number in sorted(model.manifest["libraries"].items()))
    lines += ["", f"Seed {model.manifest['seed']}; {libraries}; Python {model.manifest['python']}.", ""]
    if model.manifest["from_base"]:
        taken = ", ".join(model.manifest["from_base"])
        lines += [f"Taken unchanged from the base model for want of labels: {taken}.", ""]
    return lines


def _size_lines(model: Model) -> list[str]:
    """Numbers and bytes of each stage, and of the word vectors."""
    lines = ["## Sizes", "", "| stage | arrays | numbers | kB |", "|---|---|---|---|"]
    known = tuple(start for starts in STAGES.values() for start in starts)
    others = {"others": tuple(name for name in model.arrays if not name.startswith(known))}
    for stage, starts in {**STAGES, **others}.items():
        arrays = [array for name, array in model.arrays.items() if starts and name.startswith(starts)]
        if arrays:
            lines.append(_size_line(stage, arrays))
    table = model.vectors
    words = f"word vectors: {len(table.rows_by_word):,} words, {table.dimensions} dimensions, shared by all models"
    return [
        *lines,
        _size_line("all stages", list(model.arrays.values())),
        _size_line(words, [table.matrix, table.scale, table.idf, table.capital]),
        *([f"| the reader, `{READER}` | | | {len(model.reader) / 1000:,.0f} |"] if model.reader else []),
        "",
    ]


def _size_line(name: str, arrays: Sequence[NDArray[Any]]) -> str:
    numbers, size = sum(array.size for array in arrays), sum(array.nbytes for array in arrays)
    return f"| {name} | {len(arrays)} | {numbers:,} | {size / 1000:,.0f} |"


def _threshold_lines(model: Model, limits: dict[str, dict[str, float]]) -> list[str]:
    """The thresholds, with their figures where measured."""
    rows = {name: {**limits.get(name, {}), "value": value} for name, value in sorted(model.thresholds.items())}
    return [*([THRESHOLDS_ARE, ""] if limits else []), *_table("threshold", rows), ""]


def _policy_lines(model: Model, measured: Mapping[str, Mapping[str, float]]) -> list[str]:
    """The policies, with their figures where they were chosen, and on the pages of the card's figures if measured."""
    cuts = {name: {"review_at": policy.review_at, "drop_at": policy.drop_at} for name, policy in model.policies.items()}
    base = model.manifest.get("base", {})
    where = f"Where they were chosen, with {base['model']}:" if base.get("gave_policies") else "Where they were chosen:"
    lines = [POLICIES_ARE, "", where, ""]
    given = {name: model.manifest["policies"][name].get("measured", {}) for name in cuts}
    rows = {
        name: policy | {key: given[name][key] for key in FIGURES if key in given[name]} for name, policy in cuts.items()
    }
    lines += [*_table("policy", rows), ""]
    if measured:
        lines += ["On the pages of the figures below:", "", *_table("policy", measured), ""]
    return lines


def _table(head: str, by_source: Mapping[str, Mapping[str, float]]) -> list[str]:
    columns = figure_columns(by_source)
    lines = [f"| {head} | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    return [*lines, *(f"| {source} | {' | '.join(figure_row(row, columns))} |" for source, row in by_source.items())]
