"""Label Studio: tasks with predictions, the labelling interface, and its JSON and JSON-MIN exports.

Its editor counts code points of a `Text` (`charsToCodePoints` in its sources), every line break as one, and stores the
marked text as `text` (docs/decisions/0018-labelling-tools.md).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from noisefilter.kinds import KINDS
from noisefilter.labelling.annotations import Annotation, Mark
from noisefilter.labels import CorpusError, what_is_wrong

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from noisefilter.labelling.candidates import Candidate

LABEL = '    <Label value="{name}" background="{kind.colour}" hotkey="{key}"/>'
CONFIG = """\
<View>
  <Header value="$title"/>
  <Header value="$url" size="5"/>
  <Choices name="noise" toName="text" choice="single-radio" showInLine="true">
    <Choice value="0" hint="substantial: what somebody had to go and find out"/>
    <Choice value="1" hint="useful: something definite to take along, a little padded"/>
    <Choice value="2" hint="thin: hardly anything new"/>
    <Choice value="3" hint="farm: nothing, the page exists for search engines or to fill space"/>
  </Choices>
  <Labels name="kind" toName="text">
{labels}
  </Labels>
  <Text name="text" value="$text" granularity="symbol"/>
</View>
"""


#: What `write_tasks` writes: the tasks and the labelling interface.
FILES = TASKS, INTERFACE = ("tasks.json", "config.xml")


def write_tasks(folder: Path, candidates: list[Candidate]) -> None:
    """Write the pages as tasks, and the labelling interface."""
    tasks = ",\n".join(json.dumps(make_task(candidate)) for candidate in candidates)
    (folder / TASKS).write_text(f"[\n{tasks}\n]\n", encoding="utf8")
    labels = "\n".join(LABEL.format(name=name, kind=kind, key=kind.letter.lower()) for name, kind in KINDS.items())
    (folder / INTERFACE).write_text(CONFIG.format(labels=labels), encoding="utf8")


def make_task(candidate: Candidate) -> dict[str, Any]:
    """A page as a task, with the model's spans as a prediction.

    Noise is left open: the model only tells 0 and 1 from 2 and 3, and annotators would keep a number that is already
    there. The prediction's score falls with the doubt, so that "uncertainty sampling" hands out doubtful pages first.
    """
    score, entry = candidate.score, candidate.listed
    regions = [
        {
            "id": f"span{number}",
            "from_name": "kind",
            "to_name": "text",
            "type": "labels",
            "score": span.score,
            "value": {"start": span.start, "end": span.end, "labels": [span.kind], "text": score.quote(span)},
        }
        for number, span in enumerate(score.spans)
    ]
    return {
        "data": {
            "text": score.visible_text,
            "page_id": entry.id,
            "url": entry.page.url or "",
            "title": score.title or "",
            "site": entry.site or "",
            "noise_probability": score.noise,
            "doubt": candidate.doubt,
        },
        "predictions": [{"model_version": score.model, "score": round(1 - candidate.doubt, 4), "result": regions}],
    }


def read_annotations(path: Path, faults: list[str]) -> Iterator[Annotation]:
    """Annotations of an export; cancelled ones are skipped, what cannot be read is added to `faults`."""
    for where, task in _read_tasks(path):
        try:
            yield from _read_min(where, task) if "annotation_id" in task else _read_task(where, task)
        except (KeyError, TypeError, AttributeError) as error:
            faults.append(f"{where}: not a task of Label Studio's JSON export: {what_is_wrong(error)}")


def _read_task(where: str, task: dict[str, Any]) -> Iterator[Annotation]:
    for annotation in task["annotations"]:
        if annotation.get("was_cancelled"):
            continue
        marks: list[Mark] = []
        noise: list[Any] = []
        for result in annotation["result"] or ():
            value = result.get("value", {})
            if str(result["type"]).endswith("labels"):
                marks += _marks(value, value[result["type"]])
            elif result["type"] == "choices" and result.get("from_name") == "noise":
                noise += value["choices"]
        data = task["data"]
        yield Annotation(
            where, where, data["page_id"], data["text"], _annotator(annotation), tuple(marks), tuple(noise)
        )


def _read_min(where: str, task: dict[str, Any]) -> Iterator[Annotation]:
    """JSON-MIN: one record per annotation, results under the controls' names; a task without one has a record, too."""
    if task["annotation_id"] is None:
        return
    marks = [mark for value in task.get("kind", ()) for mark in _marks(value, value["labels"])]
    given = task.get("noise", [])
    noise = [
        choice
        for value in (given if isinstance(given, list) else [given])
        for choice in (value["choices"] if isinstance(value, dict) else [value])
    ]
    by = task.get("annotator")
    yield Annotation(
        where, task["id"], task["page_id"], task["text"], None if by is None else str(by), tuple(marks), tuple(noise)
    )


def _marks(value: dict[str, Any], labels: list[Any]) -> list[Mark]:
    """One mark for each label of a region; without a label, a mark without a kind, which is refused later."""
    return [Mark(value["start"], value["end"], label, value.get("text")) for label in labels or [None]]


def _annotator(annotation: dict[str, Any]) -> str | None:
    by = annotation.get("completed_by")
    by = by.get("id", by.get("email")) if isinstance(by, dict) else by
    return None if by is None else str(by)


def _read_tasks(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """The tasks of an export, each with its place."""
    try:
        tasks = json.loads(path.read_text(encoding="utf-8-sig", errors="surrogateescape"))
    except (ValueError, RecursionError) as error:
        raise CorpusError(f"{path}: not JSON: {error}") from error
    if not isinstance(tasks, list):
        raise CorpusError(f"{path}: no JSON array: export from Label Studio as JSON or JSON-MIN")
    for number, task in enumerate(tasks, 1):
        if not isinstance(task, dict):
            raise CorpusError(f"{path}: task {number}: an object is wanted")
        yield f"{path}: task {number} (id {task.get('id')!r})", task
