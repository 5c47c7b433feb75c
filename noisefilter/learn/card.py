"""Model, figures → its card: what it learned from, how good it is, what it is bad at."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from noisefilter.api import score_many
from noisefilter.learn.intervals import DRAWS, SEED
from noisefilter.learn.picture import PICTURE, draw_calibration
from noisefilter.learn.policies import FIGURES, cuts_of
from noisefilter.learn.provenance import LABELS, figure_notes
from noisefilter.learn.stages import ARRAYS_OF
from noisefilter.model import READER
from noisefilter.report.figures import CALIBRATION, POLICIES, THRESHOLDS, figure_columns, figure_row, markdown_table
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from noisefilter.model import Model
    from noisefilter.report.figures import Figures
    from noisefilter.types import Score

#: What the card says in words, and passages and texts of our own that models are bad at.
TEXTS = tomllib.loads((files("noisefilter.learn") / "card.toml").read_text(encoding="utf8"))


def write_card(
    model: Model, figures: Figures, measured_on: str = "the val sites, which fitted and chose nothing"
) -> str:
    """The card as Markdown; it shows `calibration.svg` (`write_picture`) if the figures have the bins of a curve."""
    figures = dict(figures)
    limits, policies = figures.pop(THRESHOLDS, {}), figures.pop(POLICIES, {})
    shown = [f"# Model card: {model.label}", *_data(model), *_sizes(model)]
    shown += [*_thresholds(model, limits), *_policies(model, policies), "## Figures", f"Measured on {measured_on}."]
    if figures:
        shown += [TEXTS["intervals"].format(draws=DRAWS, seed=SEED)]
        shown += [f"- {note}" for note in figure_notes(figures)]
    if any(kind.startswith(CALIBRATION) for kind in figures):
        shown += [f"![Calibration curves]({PICTURE})", TEXTS["curves"]]
    for kind, by_source in figures.items():
        if not kind.startswith(CALIBRATION):
            shown += [f"### {kind}", _figures("source", by_source)]
    weak = "own_bad_at" if model.manifest.get("labels") else "shipped_bad_at"
    shown += ["## What it is bad at", f"{TEXTS['bad_at']}\n{TEXTS[weak]}"]
    shown += ["Passages of our own in a story of our own, as this model judges them:", *hard_examples(model)]
    return paragraphs(*shown)


def paragraphs(*texts: str) -> str:
    """Paragraphs of Markdown, tables among them."""
    return "\n\n".join(texts) + "\n"


def write_picture(figures: Figures, folder: Path) -> None:
    """Write the calibration curves beside the card, or remove the file if there are no bins to draw."""
    picture = draw_calibration(figures)
    if picture:
        (folder / PICTURE).write_text(picture, encoding="utf8")
    else:
        (folder / PICTURE).unlink(missing_ok=True)


def _data(model: Model) -> Iterator[str]:
    """What it learned from: sources, rows, hashes, seed, versions."""
    manifest, data = model.manifest, model.manifest["data"]
    parts = [part for part in ("fit", "tune", "noise") if any(row.get(part) for row in data["sources"].values())]
    rows: list[Sequence[object]] = [
        (source, row["licence"] or "of its owner", " / ".join(str(row.get(part, 0)) for part in parts))
        for source, row in data["sources"].items()
    ]
    rows += [(name, row["licence"], row["rows"]) for name, row in data["other"].items()]
    yield from ("## Learned from", markdown_table(["source", "licence", f"rows ({' / '.join(parts)})"], rows))
    if manifest.get("labels"):
        names = ("pages", *LABELS)
        yield "Pages by who labelled them (`by`) and what they are labelled for, those held out included:"
        rows = [(by, *(row.get(name, 0) for name in names)) for by, row in manifest["labels"].items()]
        yield markdown_table(["labelled by", *names], rows)
    if "wcxb" in data["sources"]:
        yield TEXTS["attribution"]
    hashes = {
        "ids of the pages": data.get("ids_sha256"),
        "contents and labels of the pages": data.get("content_sha256"),
        "articles with insertions, and untouched ones": data.get("inserted_sha256"),
        "word vectors": manifest.get("vectors_sha256"),
        "names of the features": manifest.get("features_sha256"),
    }
    yield markdown_table(["SHA-256 of", "is"], [(what, f"`{value}`") for what, value in hashes.items() if value])
    libraries = ", ".join(f"{name} {number}" for name, number in sorted(manifest["libraries"].items()))
    yield f"Seed {manifest['seed']}; {libraries}; Python {manifest['python']}."
    if manifest["from_base"]:
        yield f"Taken unchanged from the base model for want of labels: {', '.join(manifest['from_base'])}."


def _sizes(model: Model) -> tuple[str, str]:
    """Numbers and bytes of each stage, and of the word vectors."""
    table = model.vectors
    arrays: dict[str, list[NDArray[Any]]] = {
        stage: [array for key, array in model.arrays.items() if key.startswith(starts)]
        for stage, starts in ARRAYS_OF.items()
    }
    arrays["all stages"] = list(model.arrays.values())
    words = f"word vectors: {len(table.rows_by_word):,} words, {table.dimensions} dimensions, shared by all models"
    arrays[words] = [table.matrix, table.scale, table.idf, table.capital]
    rows: list[Sequence[object]] = []
    for stage, some in arrays.items():
        numbers, size = sum(array.size for array in some), sum(array.nbytes for array in some)
        rows += [(stage, len(some), f"{numbers:,}", f"{size / 1000:,.0f}")] if some else []
    if model.reader:
        rows.append((f"the reader, `{READER}`", "", "", f"{len(model.reader) / 1000:,.0f}"))
    return "## Sizes", markdown_table(["stage", "arrays", "numbers", "kB"], rows)


def _thresholds(model: Model, limits: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """The thresholds, with their figures where measured."""
    yield "## Thresholds"
    if limits:
        yield TEXTS["thresholds"]
    rows = {name: {**limits.get(name, {}), "value": value} for name, value in sorted(model.thresholds.items())}
    yield _figures("threshold", rows)


def _policies(model: Model, measured: Mapping[str, Mapping[str, float]]) -> Iterator[str]:
    """The policies, with their figures where they were chosen, and on the pages of the card's figures if measured."""
    yield from ("## Policies", TEXTS["policies"])
    base = model.manifest.get("base", {})
    yield f"Where they were chosen, with {base['model']}:" if base.get("gave_policies") else "Where they were chosen:"
    rows = {}
    for name, policy in model.policies.items():
        given = model.manifest["policies"][name].get("measured", {})
        rows[name] = cuts_of(policy) | {key: given[key] for key in FIGURES if key in given}
    yield _figures("policy", rows)
    if measured:
        yield from ("On the pages of the figures below:", _figures("policy", measured))


def _figures(head: str, by_source: Mapping[str, Mapping[str, float]]) -> str:
    columns = figure_columns(by_source)
    return markdown_table([head, *columns], [[source, *figure_row(row, columns)] for source, row in by_source.items()])


def hard_examples(model: Model) -> list[str]:
    """Each hard passage and text, what a reader would say, and the model's prediction."""
    title, examples, texts = "Night ferry to Ostrand ends", TEXTS["example"], TEXTS["text"]
    pages = [Page(_story_with(example["passage"]), title=title, format="text") for example in examples]
    pages += [Page(hard["text"], format="text") for hard in texts]
    scores = list(score_many(pages, model=model))
    head = "what it is", "passage", "kind", "a reader would mark it", "the model's probability", "the model marks it"
    rows = []
    for example, score in zip(examples, scores, strict=False):
        probability, found = _predicted(score, example["passage"], example["kind"])
        wanted, marked = ("yes" if truth else "no" for truth in (example["wanted"], found))
        right = "" if wanted == marked else " (wrong)"
        shown = example["what"], example["passage"], example["kind"], wanted
        rows.append((*shown, f"{probability:.2f}", f"{marked}{right}"))
    lines = []
    for hard, score in zip(texts, scores[len(examples) :], strict=True):
        noise = "not judged" if score.noise is None else f"`noise` {score.noise:.2f}"
        opening = hard["text"][:60].rsplit(" ", 1)[0].replace("\n", " ")
        lines.append(f"- {hard['what']} (“{opening} …”): {noise}; {hard['expected']}.")
    return [markdown_table(head, rows), "Of whole texts:", "\n".join(lines)]


def _story_with(passage: str) -> str:
    """The story with a passage after its fourth sentence."""
    story = TEXTS["story"]
    return "\n\n".join([" ".join(story[:2]), " ".join([*story[2:4], passage, story[4]]), " ".join(story[5:])])


def _predicted(score: Score, passage: str, kind: str) -> tuple[float, bool]:
    """Highest probability of the kind among the sentences of the passage, and whether a span of the kind touches it."""
    start = score.visible_text.index(passage)
    end = start + len(passage)
    inside = [getattr(one, kind) for one in score.sentences if one.start < end and start < one.end]
    found = any(span.kind == kind and span.start < end and start < span.end for span in score.spans)
    return max(inside, default=0.0), found
