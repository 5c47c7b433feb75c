"""`models/*/figures.json` → the tables between the markers of `docs/figures.md`.

    python scripts/write_figures.py    # after a model was trained or measured

Each model is a column. The model cards have all figures by source; the page has those that a reader asks for first.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from noisefilter.report.figures import figure_row, markdown_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Figures = Mapping[str, Mapping[str, Mapping[str, float]]]

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "figures.md"
START, END = "<!-- written by scripts/write_figures.py -->", "<!-- end of what scripts/write_figures.py writes -->"
#: Name of the row that sums up all sources of a kind.
ALL = "all"


class Table(NamedTuple):
    """A table of the page: figures of one kind of `figures.json`, by their names there, with the names that the page gives them.

    `rows` is the name of the number of pages or sentences; without `sources` every source of the kind is shown.
    """

    title: str
    about: str
    kind: str
    figures: Mapping[str, str]
    rows: str
    sources: tuple[str, ...] = ()


TABLES = (
    Table(
        "Extraction", "Mean word F1 of the extracted text against WCXB's gold text, by type of page.",
        "extraction", {"f1": "word F1"}, "pages",
    ),
    Table(
        "Boilerplate in plain text",
        "WCXB articles saved as plain text. The tail is the boilerplate after the article; it is found if at least half of its words are removed.",
        "saved as plain text",
        {
            "tail found": "share of pages whose tail is found", "tail words taken out": "share of the tail's words removed",
            "article words lost": "share of the article's words lost",
        },
        "articles", (ALL,),
    ),
    Table(
        "Page types", "`accuracy` is the share of pages whose type is right; `not_article` the share with that status.",
        "page types", {"named rightly": "accuracy", "not_article": "`not_article`"}, "pages",
    ),
    Table(
        "Noise", "Against the judgement of readers; the calibration error is the expected one over ten bins.",
        "noise",
        {"auc": "AUC", "calibration error": "calibration error"}, "articles", (ALL,),
    ),
    Table(
        "Policies",
        "Verdicts on the same articles. Noise is dropped or reviewed, the rest kept or trimmed: F1 and balanced accuracy are of that. `noise` "
        "is the same in both models.",
        "policies",
        {
            "drop: precision": "precision of `drop`", "drop: recall": "recall of `drop`",
            "keep or trim: precision": "precision of `keep` and `trim`", "F1": "F1", "balanced accuracy": "balanced accuracy",
        },
        "articles",
    ),
    Table("Filler", "Sentences, against the majority of readers.", "filler", {"auc": "AUC", "ap": "average precision"}, "sentences", (ALL,)),
    Table(
        "Promotion", "Sentences, against the majority of readers.",
        "promotion", {"auc": "AUC", "ap": "average precision"}, "sentences", (ALL,),
    ),
    Table(
        "Insertions found",
        "Recall by sort of insertion, on passages that writers put into articles: at a threshold that calls 0.4% of the sentences of "
        "untouched articles foreign, and as shipped.",
        "insertions: foreign passages passed", {"at 0.4%": "found at 0.4%", "cut": "cut"}, "passages",
    ),
    Table(
        "Honest passages taken for insertions",
        "Comparisons, examples and asides that look foreign and belong: lower is better.",
        "insertions: honest passages passed", {"at 0.4%": "called foreign at 0.4%", "cut": "cut"}, "passages", (ALL,),
    ),
    Table(
        "Characters cut as insertions", "As shipped, on the articles with insertions.",
        "insertions: characters", {"precision": "precision", "recall": "recall", "f1": "F1"}, "labelled characters", (ALL,),
    ),
    Table(
        "Pages with insertions", "Whole articles: the share that gets a cut, and the share with an `off_topic` of 0.5 or more.",
        "insertions: pages", {"with a cut": "with a cut", "off_topic >= 0.5": "`off_topic` ≥ 0.5"}, "pages",
        ("untouched", "with insertions"),
    ),
    Table(
        "Thresholds", "What each threshold gives on these pages.",
        "thresholds", {"value": "threshold", "precision": "precision", "recall": "recall"}, "rows",
    ),
)  # fmt: skip


def read_figures(models: Path) -> dict[str, Figures]:
    """Figures of each shipped model by its name, the default one first."""
    files = sorted(models.glob("*/figures.json"), key=lambda file: (file.parent.name != "default", file.parent.name))
    return {file.parent.name: json.loads(file.read_text(encoding="utf8")) for file in files}


def write_tables(models: Mapping[str, Figures]) -> str:
    """The tables as Markdown.

    Raises:
        KeyError: no model has a table's kind or source, or none of its figures.
    """
    cards = " and ".join(f"[{name}](../models/{name}/CARD.md)" for name in models)
    about = f"By source, with subgroups and calibration curves, the figures are in the model cards: {cards}."
    return "\n".join([about, "", *(line for table in TABLES for line in _table(table, models))])


def _table(table: Table, models: Mapping[str, Figures]) -> Iterator[str]:
    """A table of one source has a row for each figure; one of several sources has a row for each of them."""
    found = {name: figures.get(table.kind, {}) for name, figures in models.items()}
    sources = table.sources or tuple(dict.fromkeys(source for by_source in found.values() for source in by_source))
    rows = [{name: by_source.get(source, {}) for name, by_source in found.items()} for source in sources]
    for source, row in zip(sources, rows, strict=True):
        if not any(table.figures.keys() & figures.keys() for figures in row.values()):
            msg = f"no model has figures of {table.kind!r} for {source!r}: change scripts/write_figures.py"
            raise KeyError(msg)
    yield from (f"### {table.title}", "", table.about, "")
    if len(rows) == 1:
        head = [f"{_count(rows[0], table.rows)} {table.rows}", *(f"`{name}`" for name in models)]
        lines = [
            [label, *(figure_row(row, [figure])[0] for row in rows[0].values())]
            for figure, label in table.figures.items()
        ]
    else:
        head = ["", table.rows, *(f"{label}, `{name}`" for label in table.figures.values() for name in models)]
        lines = [
            [
                source.replace("_", " "),
                _count(row, table.rows),
                *(figure_row(row[name], [figure])[0] for figure in table.figures for name in models),
            ]
            for source, row in zip(sources, rows, strict=True)
        ]
    yield from (markdown_table(head, lines), "")


def _count(row: Mapping[str, Mapping[str, float]], name: str) -> str:
    """How many rows the models were measured on; as a rule all on the same."""
    counts = sorted({int(figures[name]) for figures in row.values() if name in figures})
    return " or ".join(f"{count:,}" for count in counts)


def renew(page: str, tables: str) -> str:
    """The page with these tables between its markers."""
    before, _, rest = page.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n\n{tables}\n{END}{after}"


def main() -> None:
    """Read, write."""
    page = PAGE.read_text(encoding="utf8")
    PAGE.write_text(renew(page, write_tables(read_figures(ROOT / "models"))), encoding="utf8")
    print(f"wrote {PAGE}")


if __name__ == "__main__":
    main()
