"""Model, figures → its card: what it learned from, how good it is, what it is bad at."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from noisefilter.model import Model
    from noisefilter.training.evaluate import Figures

BAD_AT = """\
- Captions are taken out of HTML pages, also those that carry facts, and some footnotes and table cells: WCXB's gold texts leave
  captions out. A caption's span says so in its reason.
- What kind of furniture a span is (its reason) was not learned: rules read class names, headings and phrases. Without telling
  class names about half of the words are named rightly.
- Plain text keeps some of its tail: lists of an article and lists of a site look alike there.
- Page types other than articles are told apart poorly; products and listings most.
- Languages other than English are not judged (`status="language"`).
- Insertions were made by program: a farm that weaves in the other story more smoothly goes unseen, as do headlines in
  sentence case about a near topic. See the recall by sort above.
- Labels were given by a language model that read the guide, not by people; people would agree with it less than it with itself.
- Poems, transcripts, code and price lists have sentences of a kind that the sentence classifier has hardly met.
- It does not check facts, and it is no detector of machine-written text: a fluent lie with names and numbers is kept.
"""

ATTRIBUTION = """\
WCXB development split: Murrough Foley, CC-BY-4.0. The word vectors imitate all-MiniLM-L6-v2 (Apache-2.0). Texts trained the
weights; none is stored in them."""


def write_card(
    model: Model, figures: Figures, measured_on: str = "the val sites, which fitted and chose nothing"
) -> str:
    """The card as Markdown."""
    data = model.manifest["data"]
    lines = [
        f"# Model card: {model.label}",
        "",
        "## Learned from",
        "",
        "| source | licence | rows (fit / tune / weak) |",
        "|---|---|---|",
    ]
    for source, row in data["sources"].items():
        lines.append(
            f"| {source} | {row['licence'] or 'of its owner'} | {row.get('fit', 0)} / {row.get('tune', 0)} / {row.get('weak', 0)} |"
        )
    lines += [f"| {name} | {row['licence']} | {row['rows']} |" for name, row in data["other"].items()]
    lines += [
        "", f"Insertions were made into {data['hosts']} articles. Ids of the pages: SHA-256 {data['ids_sha256']}.", "",
        ATTRIBUTION if "wcxb" in data["sources"] else "", "", f"Seed {model.manifest['seed']}; "
        + ", ".join(f"{name} {number}" for name, number in sorted(model.manifest["libraries"].items()))
        + f"; Python {model.manifest['python']}.", "",
    ]  # fmt: skip
    if model.manifest["from_base"]:
        lines += [
            f"Taken unchanged from the base model for want of labels: {', '.join(model.manifest['from_base'])}.",
            "",
        ]
    lines += ["## Thresholds", "", "| threshold | value |", "|---|---|"]
    lines += [f"| {name} | {value} |" for name, value in sorted(model.thresholds.items())]
    lines += ["", "## Figures", "", f"Measured on {measured_on}.", ""]
    for kind, by_source in figures.items():
        lines += _table(kind, by_source)
    return "\n".join([*lines, "## What it is bad at", "", BAD_AT])


def _table(kind: str, by_source: dict[str, dict[str, float]]) -> list[str]:
    columns = list(dict.fromkeys(name for row in by_source.values() for name in row))
    lines = [f"### {kind}", "", f"| source | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for source, row in by_source.items():
        lines.append(f"| {source} | {' | '.join(_number(row.get(name)) for name in columns)} |")
    return [*lines, ""]


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)
