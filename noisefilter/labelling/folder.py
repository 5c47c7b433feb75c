"""A folder to label ↔ a corpus: writes pages and tasks, and joins annotations to them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from noisefilter.html.read import read_blocks
from noisefilter.html.walk import TEXT_VERSION
from noisefilter.labelling import doccano, label_studio
from noisefilter.labelling.annotations import agree, code_points, settle_noise, settle_spans, utf16_units
from noisefilter.labels import CorpusError
from noisefilter.learn.corpora import is_accepted, read_rows, row_page, write_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from noisefilter.labelling.annotations import Annotation
    from noisefilter.labelling.candidates import Candidate
    from noisefilter.labels import LabelledSpan

#: Version of the labelling guide in `corpus/README.md`.
GUIDE = "1"


@dataclass(frozen=True, slots=True)
class Tool:
    """A labelling tool; `offsets` gives those of a text's code points as the tool counts. `files` are what it writes."""

    write_tasks: Callable[[Path, list[Candidate]], None]
    read_annotations: Callable[[Path, list[str]], Iterator[Annotation]]
    offsets: Callable[[str], Sequence[int]]
    files: tuple[str, ...]


TOOLS = {
    "label-studio": Tool(label_studio.write_tasks, label_studio.read_annotations, code_points, label_studio.FILES),
    "doccano": Tool(doccano.write_tasks, doccano.read_annotations, utf16_units, doccano.FILES),
}


class Imported(NamedTuple):
    """Page counts of an import: those in the folder, those labelled, kinds of the latter, and those that only earlier ones labelled."""

    pages: int
    labelled: int
    with_noise: int
    several: int
    unchanged: int
    earlier: int


class Vote(NamedTuple):
    """One annotator's labels of a page."""

    by: str | None
    spans: list[LabelledSpan]
    noise: int | None


def write_export(folder: Path, candidates: list[Candidate], tool: str) -> list[str]:
    """Write `pages.jsonl`, the tool's tasks and what its project needs; returns the names of the files.

    Raises:
        CorpusError: the folder holds a corpus already.
    """
    refuse_corpus(folder, tool)
    folder.mkdir(parents=True, exist_ok=True)
    TOOLS[tool].write_tasks(folder, candidates)
    write_rows(folder / "pages.jsonl", map(_page_row, candidates))
    return ["pages.jsonl", *TOOLS[tool].files]


def refuse_corpus(folder: Path, tool: str) -> None:
    """Raise CorpusError if a folder holds a corpus, whose labels would be lost, or a file of a name that the tool's have."""
    if (folder / "pages.jsonl").exists() or (folder / "labels.jsonl").exists():
        raise CorpusError(f"{folder}: holds a corpus already: name another folder")
    if taken := [name for name in TOOLS[tool].files if (folder / name).exists()]:
        raise CorpusError(f"{folder / taken[0]} is there already: name another folder")


def _page_row(candidate: Candidate) -> dict[str, Any]:
    """The page as `read_corpora` reads it, and what the model marked, to tell later what was changed."""
    entry, score = candidate.listed, candidate.score
    row = {
        "id": entry.id,
        entry.page.format: entry.page.content,
        "url": entry.page.url,
        "title": entry.page.title,
        "site": entry.site,
        "source": entry.source,
        "licence": entry.licence,
        "text_version": score.text_version,
        "model": score.model,
        "doubt": candidate.doubt,
        "marked": [[span.start, span.end, span.kind] for span in score.spans],
    }
    return {name: value for name, value in row.items() if value is not None}


def import_labels(folder: Path, files: Sequence[Path], tool: str, *, replace: bool = False) -> Imported:
    """Write `labels.jsonl` from the tool's exports; returns the counts. Labels of other pages stay.

    Raises:
        CorpusError: all faults of the annotations, one per line, with file and line or task, or pages that were labelled
            otherwise before, unless `replace` is true; then nothing is written.
    """
    count = _Count(folder, _read_pages(folder / "pages.jsonl"), TOOLS[tool])
    for path in files:
        count.add_file(path)
    if not count.votes and not count.faults:
        count.faults.append(f"{', '.join(map(str, files))}: no annotation")
    if count.faults:
        raise CorpusError(*count.faults)
    labels = [_label(name, *count.votes[name], tool) for name in count.rows if name in count.votes]
    earlier = _earlier_labels(folder / "labels.jsonl", labels, replace=replace)
    write_rows(folder / "labels.jsonl", (*earlier, *labels))
    return Imported(
        pages=len(count.rows),
        labelled=len(labels),
        with_noise=sum(label["noise"] is not None for label in labels),
        several=sum(label["annotators"] > 1 for label in labels),
        unchanged=sum(is_accepted(count.rows[label["id"]][1].get("marked"), label["spans"]) for label in labels),
        earlier=len(earlier),
    )


def _earlier_labels(path: Path, labels: Sequence[dict[str, Any]], *, replace: bool) -> list[dict[str, Any]]:
    """Labels that a file holds of other pages.

    Raises:
        CorpusError: it holds other labels of the same pages, and `replace` is false.
    """
    known = [row for _, row in read_rows(path)] if path.exists() else []
    fresh = {label["id"]: label for label in labels}
    lost = [row["id"] for row in known if row != fresh.get(row["id"], row)]
    if lost and not replace:
        raise CorpusError(
            f"{path} has other labels of {len(lost)} of these pages, such as {lost[0]!r}: name all files of their annotators in one "
            "import, or add --replace to lose the earlier labels"
        )
    return [row for row in known if row["id"] not in fresh]


def _read_pages(path: Path) -> dict[str, tuple[str, dict[str, Any]]]:
    rows: dict[str, tuple[str, dict[str, Any]]] = {}
    for where, row in read_rows(path):
        if row["id"] in rows:
            raise CorpusError(f"{where}: a second page {row['id']!r}")
        rows[row["id"]] = (where, row)
    return rows


@dataclass(slots=True)
class _Count:
    """Text and votes by page, and all faults of the votes."""

    folder: Path
    rows: dict[str, tuple[str, dict[str, Any]]]
    tool: Tool
    votes: dict[str, tuple[str, list[Vote]]] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def add_file(self, path: Path) -> None:
        """Count the annotations of an export."""
        tasks: dict[str, object] = {}
        try:
            for annotation in self.tool.read_annotations(path, self.faults):
                self._add(annotation, tasks)
        except OSError as error:
            self.faults.append(f"{path}: cannot be read: {error.strerror}")
        except CorpusError as error:
            self.faults.append(str(error))

    def _add(self, annotation: Annotation, tasks: dict[str, object]) -> None:
        where, name = annotation.where, annotation.page
        if not isinstance(name, str) or name not in self.rows:
            self.faults.append(f"{where}: no page with the id {name!r} in {self.folder / 'pages.jsonl'}")
            return
        if name not in self.votes:
            self.votes[name] = (read_blocks(row_page(self.folder, *self.rows[name])).text, [])
        text, votes = self.votes[name]
        if annotation.text != text:
            self.faults.append(
                f"{where}: this is not the text of page {name!r}: it was edited, or exported by another version of noisefilter"
            )
            return
        if tasks.setdefault(name, annotation.task) != annotation.task:
            self.faults.append(f"{where}: a second task for page {name!r}")
        elif annotation.by is not None and any(vote.by == annotation.by for vote in votes):
            self.faults.append(f"{where}: page {name!r} has two annotations by {annotation.by!r}")
        spans = settle_spans(annotation, text, self.tool.offsets(text), self.faults)
        votes.append(Vote(annotation.by, spans, settle_noise(annotation, self.faults)))


def _label(name: str, text: str, votes: list[Vote], tool: str) -> dict[str, Any]:
    spans = votes[0].spans if len(votes) == 1 else agree([vote.spans for vote in votes], text)
    noise = [vote.noise for vote in votes if vote.noise is not None]
    return {
        "id": name,
        "noise": noise[0] if len(noise) == 1 else noise or None,
        "spans": [asdict(span) for span in spans],
        "text_version": TEXT_VERSION,
        "by": tool,
        "annotators": len(votes),
        "guide": GUIDE,
    }
