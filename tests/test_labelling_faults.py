"""Labels that contradict their page or each other are refused, each with its file, line and task."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from noisefilter.batch.inputs import Inputs
from noisefilter.labelling.candidates import Listed, choose_pages
from noisefilter.labelling.folder import TOOLS, import_labels, write_export
from noisefilter.labels import CorpusError
from noisefilter.learn.corpora import read_corpora
from noisefilter.page import read_page
from noisefilter.types import Page
from tests.annotating import annotation, choice, doccano_export, doccano_rows, region, studio_export, studio_tasks
from tests.batches import write_jsonl
from tests.making import ARTICLE

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from noisefilter.model import Model

TEXT = f"😀 The quay\n\n{ARTICLE}"
PASSAGE = "Water last rose"
START = TEXT.index(PASSAGE)


@pytest.fixture
def folder(tmp_path, model: Model) -> Callable[[str], Path]:
    """Two pages, `a` and `b`, to label in a tool; `a` is the first."""

    def make(tool: str) -> Path:
        listed = [Listed(name, read_page(Page(TEXT))) for name in "ab"]
        write_export(tmp_path / "out", choose_pages(listed, model).candidates, tool)
        return tmp_path / "out"

    return make


def changed(**value: object) -> dict[str, Any]:
    """A region whose value is another than Label Studio would write."""
    result = region(TEXT, PASSAGE, "filler")
    return result | {"value": result["value"] | value}


STUDIO: dict[str, tuple[list[dict[str, Any]], str]] = {
    "a quotation that is not there": ([annotation(changed(text="Wine last rose"))], "quotes 'Wine last rose', but there stands 'Water last rose'"),
    "offsets two characters off": ([annotation(changed(start=START + 2, end=START + 17))], "but there stands 'ter last rose o'"),
    "a span beyond the text": ([annotation(changed(end=99_999))], "lies outside of the text, which has"),
    "a span that is reversed": ([annotation(changed(end=3))], "is empty or reversed"),
    "a span below zero": ([annotation(changed(start=-3))], "is empty or reversed"),
    "an offset that is no number": ([annotation(changed(start="/div[1]/text()[1]"))], "are no whole numbers"),
    "an unknown label": ([annotation(changed(labels=["advert"]))], "unknown label 'advert'"),
    "a region without a label": ([annotation(changed(labels=[]))], "unknown label None"),
    "a span of blanks": ([annotation(changed(start=10, end=12, text="\\n\\n", labels=["filler"]))], "marks nothing but blanks"),
    "overlapping spans of a kind": ([annotation(changed(), region(TEXT, "last rose over", "filler"))], "two spans of filler overlap"),
    "a span twice": ([annotation(changed(), changed())], "two spans of filler overlap"),
    "two choices of noise": ([annotation(choice("1"), choice("3"))], "contradictory noise: 1 and 3"),
    "a noise above the scale": ([annotation(choice("4"))], "noise must be 0 to 3, not '4'"),
    "an annotator twice": ([annotation(choice("1")), annotation(choice("1"))], "has two annotations by '1'"),
    "a region without offsets": ([annotation({"type": "labels", "value": {"labels": ["filler"]}})], "'start' is missing"),
    "an annotation that is none": ([{"completed_by": 1}], "'result' is missing"),
}  # fmt: skip


@pytest.mark.parametrize("fault", STUDIO)
def test_label_studio_faults_are_told_with_file_and_task(tmp_path, folder, fault):
    annotations, told = STUDIO[fault]
    out = folder("label-studio")
    tasks = studio_tasks(out)
    tasks[1]["annotations"] = annotations
    back = studio_export(tmp_path / "back.json", tasks)
    with pytest.raises(CorpusError, match=re.escape(told)) as caught:
        import_labels(out, [back], "label-studio")
    assert str(caught.value).startswith(f"{back}: task 2 (id 2): ")
    assert not (out / "labels.jsonl").exists()


DOCCANO: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown label": ({"label": [[0, 5, "advert"]]}, "unknown label 'advert' at 0-5"),
    "an offset inside an emoji": ({"label": [[1, 5, "filler"]]}, "begins or ends inside a character"),
    "a span beyond the text": ({"label": [[0, 99_999, "filler"]]}, "lies outside of the text"),
    "a span that is reversed": ({"label": [[9, 5, "filler"]]}, "is empty or reversed"),
    "an offset that is no whole number": ({"label": [[0.5, 5, "filler"]]}, "are no whole numbers"),
    "an offset that is true": ({"label": [[0, True, "filler"]]}, "are no whole numbers"),
    "overlapping spans of a kind": ({"label": [[0, 8, "filler"], [5, 9, "filler"]]}, "two spans of filler overlap"),
    "contradictory noise": ({"label": [[3, 6, "noise 1"], [7, 9, "noise 2"]]}, "contradictory noise: 1 and 2"),
    "an unknown page": ({"page_id": "z"}, "no page with the id 'z'"),
    "a page id that is no string": ({"page_id": ["a"]}, "no page with the id ['a']"),
    "a text that was edited": ({"text": TEXT + " More."}, "it was edited"),
    "a page twice": ({"page_id": "a"}, "a second task for page 'a'"),
    "spans that are none": ({"label": [[0, 5]]}, "not a line of doccano's JSONL export"),
    "labels of a classification project": ({"label": ["filler"]}, "not a line of doccano's JSONL export"),
}  # fmt: skip


@pytest.mark.parametrize("fault", DOCCANO)
def test_doccano_faults_are_told_with_file_and_line(tmp_path, folder, fault):
    change, told = DOCCANO[fault]
    out = folder("doccano")
    first, second = doccano_rows(out)
    back = doccano_export(tmp_path / "back.jsonl", [first, second | change])
    with pytest.raises(CorpusError, match=re.escape(told)) as caught:
        import_labels(out, [back], "doccano")
    assert str(caught.value).startswith(f"{back}:2")
    assert not (out / "labels.jsonl").exists()


UNREADABLE = {
    ("label-studio", "{}"): ": no JSON array",
    ("label-studio", ""): ": not JSON",
    ("label-studio", '[\n{"id": 1,\n'): ": not JSON",
    ("label-studio", "[\n\n7]"): ": task 1: an object is wanted",
    ("label-studio", "[" * 200_000): ": not JSON",
    ("label-studio", '[{"id": 5}]'): ": task 1 (id 5)",
    ("label-studio", "[]"): ": no annotation",
    ("doccano", ""): ": no annotation",
    ("doccano", "\n{'id': 1}"): ":2: not JSON",
    ("doccano", "[1]"): ":1: not a line of doccano's JSONL export",
    ("doccano", '{"id": 1}'): ":1: not a line of doccano's JSONL export",
    ("doccano", "[" * 200_000): ":1: not JSON",
}


@pytest.mark.parametrize(("tool", "content"), UNREADABLE, ids=lambda value: str(value)[:20])
def test_a_file_that_cannot_be_read_is_told(tmp_path, folder, tool, content):
    back = tmp_path / "back"
    back.write_text(content, encoding="utf8")
    with pytest.raises(CorpusError, match=re.escape(f"{back}{UNREADABLE[tool, content]}")):
        import_labels(folder(tool), [back], tool)


def test_all_faults_are_told_at_once(tmp_path, folder):
    out = folder("doccano")
    first, second = doccano_rows(out)
    back = doccano_export(
        tmp_path / "back.jsonl",
        [first | {"label": [[0, 5, "advert"], [9, 5, "filler"]]}, second | {"label": [[0, 5, "advert"]]}],
    )
    with pytest.raises(CorpusError) as caught:
        import_labels(out, [back, tmp_path / "gone.jsonl"], "doccano")
    lines = str(caught.value).splitlines()
    assert [line.split(" ")[0] for line in lines] == [
        f"{back}:1",
        f"{back}:1",
        f"{back}:2",
        f"{tmp_path / 'gone.jsonl'}:",
    ]


def test_cancelled_annotations_and_pages_without_one_are_left_out_and_counted(tmp_path, folder):
    out = folder("label-studio")
    tasks = studio_tasks(out)
    tasks[0]["annotations"] = [annotation(changed(text="nonsense"), was_cancelled=True), annotation(choice("3"), by=2)]
    done = import_labels(out, [studio_export(tmp_path / "back.json", tasks)], "label-studio")
    assert (done.pages, done.labelled, done.with_noise) == (2, 1, 1)
    (page,) = read_corpora([out])
    assert (page.id, page.noise, page.spans) == (tasks[0]["data"]["page_id"], 3.0, ())


def test_several_annotators_are_several_votes_for_noise_and_a_majority_for_spans(tmp_path, folder):
    out = folder("label-studio")
    task = studio_tasks(out)[0]
    task["annotations"] = [
        annotation(changed(), region(TEXT, "The quay", "promotion"), choice("3"), by=1),
        annotation(region(TEXT, "last rose over", "filler"), choice("2"), by=2),
        annotation(choice("2"), by=3),
    ]
    done = import_labels(out, [studio_export(tmp_path / "back.json", [task])], "label-studio")
    assert done.several == 1
    (label,) = [json.loads(line) for line in (out / "labels.jsonl").read_text(encoding="utf8").splitlines()]
    assert label["noise"] == [3, 2, 2]
    assert [(span["quote"], span["kind"]) for span in label["spans"]] == [("last rose", "filler")]
    assert read_corpora([out])[0].noise == pytest.approx(7 / 3)


def test_doccano_writes_a_file_an_annotator(tmp_path, folder):
    out = folder("doccano")
    row = doccano_rows(out)[0] | {"label": [[3, 11, "filler"], [3, 6, "noise 1"]]}
    files = [doccano_export(tmp_path / f"{name}.jsonl", [row]) for name in ("anna", "ben")]
    done = import_labels(out, files, "doccano")
    assert (done.labelled, done.several) == (1, 1)
    (page,) = read_corpora([out])
    assert (page.noise, [span.quote for span in page.spans or ()]) == (1.0, ["The quay"])
    with pytest.raises(CorpusError, match=re.escape("two annotations by 'anna.jsonl'")):
        import_labels(out, [files[0], files[0]], "doccano")


def test_doccano_projects_with_relations_write_entities(tmp_path, folder):
    out = folder("doccano")
    row = doccano_rows(out)[0]
    del row["label"]
    row["entities"] = [{"id": 8, "label": "filler", "start_offset": 3, "end_offset": 11}]
    import_labels(out, [doccano_export(tmp_path / "back.jsonl", [row | {"relations": []}])], "doccano")
    (page,) = read_corpora([out])
    assert [(span.quote, span.kind) for span in page.spans or ()] == [("The quay", "filler")]


def minimal(out: Path, **fields: object) -> dict[str, Any]:
    """A record of JSON-MIN: the task's data, then the results by control."""
    task = studio_tasks(out)[0]
    return task["data"] | {"id": 4, "annotator": 1, "annotation_id": 9, "created_at": "2025-01-01"} | fields


def test_json_min_is_read_too_each_record_one_annotation(tmp_path, folder):
    out = folder("label-studio")
    value = changed()["value"]
    records = [
        minimal(out, kind=[value], noise="2"),
        minimal(out, kind=[value], noise="1", annotator=2, annotation_id=10),
        minimal(out, kind=[value], annotator=3, annotation_id=11),
        minimal(out, page_id="b", annotation_id=None, id=5),  # a task that nobody annotated has a record all the same
    ]
    done = import_labels(out, [studio_export(tmp_path / "back.json", records)], "label-studio")
    assert (done.pages, done.labelled, done.several) == (2, 1, 1)
    (page,) = read_corpora([out])
    assert (page.noise, [span.quote for span in page.spans or ()]) == (1.5, [PASSAGE])


@pytest.mark.parametrize("noise", [{"choices": ["1", "2"]}, ["1", "2"], ["1", {"choices": ["2"]}]])
def test_json_min_with_two_noises_contradicts_itself(tmp_path, folder, noise):
    out = folder("label-studio")
    back = studio_export(tmp_path / "back.json", [minimal(out, noise=noise)])
    with pytest.raises(CorpusError, match="contradictory noise: 1 and 2"):
        import_labels(out, [back], "label-studio")


def test_a_second_import_takes_the_place_of_the_first(tmp_path, folder):
    out = folder("label-studio")
    tasks = studio_tasks(out)
    for count in (1, 2):
        for task in tasks[:count]:
            task["annotations"] = [annotation(choice("0"))]
        import_labels(out, [studio_export(tmp_path / "back.json", tasks)], "label-studio")
        assert len(read_corpora([out])) == count


def test_labels_of_other_pages_stay_and_other_labels_of_the_same_pages_are_not_lost_unasked(tmp_path, folder):
    out = folder("doccano")
    first, second = doccano_rows(out)
    anna, ben, both = (
        doccano_export(tmp_path / f"{name}.jsonl", rows)
        for name, rows in (
            ("anna", [first]),
            ("ben", [second]),
            ("both", [first | {"label": [[3, 11, "noise 2"]]}, second]),
        )
    )
    assert import_labels(out, [anna], "doccano").earlier == 0
    assert import_labels(out, [ben], "doccano").earlier == 1
    before = (out / "labels.jsonl").read_bytes()
    assert len(read_corpora([out])) == 2
    with pytest.raises(CorpusError, match=r"has other labels of 1 of these pages, .* in one import, or add --replace"):
        import_labels(out, [both], "doccano")
    assert (out / "labels.jsonl").read_bytes() == before
    assert import_labels(out, [both], "doccano", replace=True).labelled == 2
    assert sorted(str(page.noise) for page in read_corpora([out])) == ["2.0", "None"]


@pytest.mark.parametrize("tool", ["doccano", "label-studio"])
def test_a_file_that_an_export_would_write_over_is_refused(tmp_path, tool):
    for name in TOOLS[tool].files:
        (tmp_path / name).mkdir(parents=True)
        with pytest.raises(CorpusError, match=f"{name} is there already: name another folder"):
            write_export(tmp_path, [], tool)
        (tmp_path / name).rmdir()
    assert write_export(tmp_path, [], tool) == ["pages.jsonl", *TOOLS[tool].files]


def test_another_tools_file_is_one_fault_without_words_of_python(tmp_path, folder):
    out = folder("doccano")
    for tool_file, wanted in (
        ("[\n {\n  1\n }\n]", ":1: not JSON: doccano's JSONL export has an object on each line"),
        ('{"id": 1, "data": {}}', ":1: not a line of doccano's JSONL export of these tasks: page_id and text missing"),
        (
            '{"page_id": "a", "text": "b"}',
            ":1: not a line of doccano's JSONL export: no spans with start, end and label",
        ),
    ):
        (tmp_path / "back.json").write_text(tool_file, encoding="utf8")
        with pytest.raises(CorpusError) as caught:
            import_labels(out, [tmp_path / "back.json"], "doccano")
        assert caught.value.args == (f"{tmp_path / 'back.json'}{wanted}",)


def test_a_folder_that_holds_a_corpus_is_not_written_over(folder):
    out = folder("doccano")
    with pytest.raises(CorpusError, match="holds a corpus already"):
        write_export(out, [], "doccano")


def test_pages_of_one_id_are_named_apart_and_come_back_as_themselves(tmp_path, model):
    pages = [
        Listed(name, read_page(Page(f"{ARTICLE} {number}"))) for number, name in enumerate(("a", "a", "a (2)", "b"))
    ]
    choice = choose_pages(pages, model)
    assert choice.renamed == ["a (2)", "a (2) (2)"]
    write_export(tmp_path / "out", choice.candidates, "doccano")
    back = doccano_export(tmp_path / "back.jsonl", doccano_rows(tmp_path / "out"))
    assert import_labels(tmp_path / "out", [back], "doccano").labelled == 4
    found = {page.id: str(page.page.content)[-1] for page in read_corpora([tmp_path / "out"])}
    assert found == {"a": "0", "a (2)": "1", "a (2) (2)": "2", "b": "3"}


def test_a_row_that_is_no_page_is_named_and_left_out(tmp_path, caplog):
    rows = [{"id": "a", "text": 7}, {"id": "b"}, {"id": "c", "path": "../c.txt"}, {"id": "d", "path": "d.txt"}]
    rows += [{"id": "e", "text": ARTICLE, "title": 7}]
    write_jsonl(tmp_path / "pages.jsonl", rows)
    write_jsonl(tmp_path / "labels.jsonl", [{"id": "e", "noise": 1}])
    caplog.set_level("INFO", "noisefilter")
    inputs = Inputs([str(tmp_path)])
    assert [given.id for given, _ in inputs.pages()] == ["e"]
    assert inputs.rejected == 4
    assert caplog.messages[0] == f"{tmp_path} is a corpus: of its files pages.jsonl is read"
    reasons = [message.partition(": ")[2] for message in caplog.messages[1:]]
    assert [reason.partition(":")[0] for reason in reasons] == ["no_page", "no_page", "unreadable", "unreadable"]
    assert "leads out of the corpus" in reasons[2]
