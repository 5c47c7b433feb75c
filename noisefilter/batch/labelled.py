"""Inputs → labelled pages: corpora, tables with a label beside the page, labels whose pages are in other files."""

from __future__ import annotations

import json
from contextlib import suppress
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from noisefilter.batch.inputs import Inputs
from noisefilter.batch.sources import corpus_files
from noisefilter.labels import POSITIVE, CorpusError
from noisefilter.learn.corpora import join_labels
from noisefilter.report.printing import say
from noisefilter.types import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from noisefilter.batch.inputs import Given
    from noisefilter.labels import LabelledPage

    Label = dict[str, Any]

#: Column of a table with no or yes, or a grade; `noise` in the corpus format is always a grade.
LABEL = "label"
#: Fields that make a row a label, and its other fields.
LABELS, MORE = ("noise", LABEL, "spans", "sentences", "main_text"), ("page_type", "by")
#: Fields that CSV holds as JSON.
PARSED = frozenset(("noise", LABEL, "spans", "sentences"))
#: Grades for no and yes: the mildest of each, as reports write them.
GRADES = (1, 2)
WANTED = (
    "give a corpus, rows that hold html or text beside noise (0 to 3) or label (1 noise, 0 worth it), or labels.jsonl and the "
    "pages of its ids"
)

#: Where pages of labels are looked for, in a message that says what to do.
AMONG = "the inputs: name its page, too (pages.jsonl of the same download, or the crawl)"


def read_labelled(names: Sequence[str], labels: str | None = None) -> list[LabelledPage]:
    """Labelled pages of whatever `Inputs` reads.

    A folder with `pages.jsonl` and `labels.jsonl`, compressed or not, is a corpus with its own ids. All other inputs
    belong together: a row may have both page and label, and a label without a page is for the page with its id, in any
    file.

    `labels` is a file with the only labels to use; then the inputs give the pages.

    Raises:
        CorpusError: no labelled page, or a label that contradicts its page or the format; the message names file and row.
        RefusedError: as `Inputs`.
    """
    if labels is not None:
        found = _join_files(names, labels, Path(labels).resolve().parent.name)
    else:
        found, others = [], []
        for name in names:
            corpus = corpus_files(name)
            if corpus is None:
                others.append(name)
            else:
                found += _join_files([str(corpus[0])], str(corpus[1]), Path(name).name)
        found += _join_rows(list(_rows(others))) if others else []
    if not found:
        raise CorpusError(f"no labelled page in {', '.join(names)}: {WANTED}")
    return found


def _join_files(pages: Sequence[str], labels: str, source: str) -> list[LabelledPage]:
    """Pages of the inputs with the labels of a file, which is read as a whole or not at all; others are not held."""
    rows = _label_rows([(row, label) for row, label in _rows([labels], whole=True) if label is not None])
    return join_labels((_page_row(row, source) for row, _ in _rows(pages) if row.page), rows, AMONG)


def _join_rows(rows: Sequence[tuple[Given, Label | None]]) -> list[LabelledPage]:
    """Rows with a page and a label, file by file; then the labels without a page, joined to pages by id."""
    apart = {row.id for row, _ in rows if row.page is None}
    standing: dict[str, list[tuple[Given, Label]]] = {}
    for row, label in rows:
        if row.page and label is not None and row.id not in apart:
            standing.setdefault(row.source, []).append((row, label))
    found = []
    for source, group in standing.items():
        found += join_labels([_page_row(row, Path(source).name) for row, _ in group], _label_rows(group), source)
    pages = (_page_row(row, Path(row.source).name) for row, _ in rows if row.page and row.id in apart)
    alone = [(row, label) for row, label in rows if row.page is None and label is not None]
    return found + join_labels(pages, _label_rows(alone), AMONG)


def _rows(names: Sequence[str], *, whole: bool = False) -> Iterator[tuple[Given, Label | None]]:
    """Rows of the inputs, each with its label if it has one; with `whole`, one that cannot be read is an error."""
    inputs = Inputs(names, pageless=lambda fields: not fields.keys().isdisjoint(LABELS))
    for given, page in inputs.rows():
        label = _label(given)
        if page is not None or label is not None:
            yield given._replace(page=page), label
    if whole and inputs.rejected:
        raise CorpusError(
            f"{', '.join(names)}: {inputs.rejected} rows are no labels: they are read as a whole or not at all"
        )


def _page_row(row: Given, source: str) -> tuple[str, str, Callable[[], Page], Mapping[str, Any]]:
    """What `join_labels` needs of a page."""
    fields = {**row.fields, "source": row.fields.get("source") or source}
    return row.id, row.where, lambda: row.page or Page(""), fields


def _label(given: Given) -> Label | None:
    """A row's label, None if it has none; if the row is itself a score, its `noise` is no label."""
    names = (LABEL,) if given.record is given.fields else (*LABELS, *MORE)
    found = {name: value for name in names if (value := _plain(name, given.fields.get(name))) is not None}
    is_alone = given.page is None and given.record is None
    return found if is_alone or not found.keys().isdisjoint(LABELS) else None


def _plain(name: str, value: Any) -> Any:  # noqa: ANN401 - whatever the cell holds
    """A cell as in the corpus format: parses CSV's JSON, and makes integers of floats in a column with gaps."""
    if isinstance(value, str) and name in PARSED:
        with suppress(ValueError):
            value = json.loads(value.lower() if value.lower() in {"true", "false"} else value)
    if isinstance(value, float):
        return None if isnan(value) else int(value) if value.is_integer() else value
    return None if value == "" else value


def _label_rows(rows: Sequence[tuple[Given, Label]]) -> list[tuple[str, Label]]:
    """The labels as in `labels.jsonl`, each with its place."""
    graded = any(label.get(LABEL) in {2, 3} for _, label in rows)
    binary = not graded and any(LABEL in label for _, label in rows)
    found = []
    for row, raw in rows:
        label = dict(raw)
        value = label.pop(LABEL, None)
        if isinstance(label.get("noise"), bool):
            label["noise"] = GRADES[label["noise"]]
        if value is not None:
            if not isinstance(value, int) or value not in range(4):
                raise CorpusError(
                    f"{row.where}: {LABEL} must be 1 (noise) or 0 (worth it), or a grade from 0 to 3, not {value!r}"
                )
            grade = value if graded else GRADES[value]
            if label.setdefault("noise", grade) in range(4) and (label["noise"] >= POSITIVE) != (grade >= POSITIVE):
                raise CorpusError(f"{row.where}: {LABEL} {value} and noise {label['noise']} contradict each other")
        found.append((row.where, {**label, "id": row.id}))
    if binary:
        say(f"{rows[0][0].source}: {LABEL} is 0 or 1: read as worth it and noise")
    elif {label.get("noise") for _, label in found} == {0, 1}:
        say(f"{rows[0][0].source}: noise is 0 or 1: both are worth it. For yes and no call the field {LABEL}")
    return found
