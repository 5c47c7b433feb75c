"""`noisefilter policies`: a model's pairs of cuts with what they give, or those that labels of one's own choose."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from noisefilter.policy import BALANCED, POLICIES, Policy
from noisefilter.report.options import LABELLED, Jobs, Loudness, ModelOption, fail, load
from noisefilter.report.printing import say

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from noisefilter.model import Model

#: The file to write if none is named.
OUTPUT = Path("policy.json")
#: Columns of what is printed, as `learn.policies.policy_figures` names them.
SHOWN = (
    "review_at",
    "drop_at",
    "drop: share",
    "drop: precision",
    "drop: recall",
    "drop or review: share",
    "drop or review: precision",
    "drop or review: recall",
    "keep or trim: precision",
    "F1",
    "balanced accuracy",
)


def policies(
    *,
    on: Annotated[
        list[str] | None, typer.Option("--on", help=f"Choose cuts for these; may be given again. {LABELLED}")
    ] = None,
    policy: Annotated[
        str, typer.Option("--policy", help="Which of the policies to choose again with --on.")
    ] = BALANCED,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File to write that policy to; without it policy.json, unless that holds something other than a policy.",
        ),
    ] = None,
    model: ModelOption = None,
    jobs: Jobs = 1,
    _loudness: Loudness = None,
) -> None:
    """Print the policies with their measured figures; with --on, choose one on labels of your own and write it."""
    chosen = load(model)
    if on is None:
        base = chosen.manifest.get("base", {})
        whose = f"{base['model']}, whose policies it has," if base.get("gave_policies") else "it"
        say(
            f"{chosen.label}, as measured where its policies were chosen: articles of sites that taught {whose} nothing"
        )
        known = chosen.manifest["policies"]
        _print({name: {**known[name], **known[name].get("measured", {})} for name in POLICIES})
    elif policy not in POLICIES:
        fail(f"--policy {policy!r} cannot be chosen again: choose from {', '.join(POLICIES)}")
    else:
        _choose(on, chosen, policy, output or _own_file(), jobs)


def _own_file() -> Path:
    """The file to write if none is named; one of that name that holds no policy, as other tools have it, ends the command."""
    try:
        Policy.load(OUTPUT)
    except FileNotFoundError:
        pass
    except (OSError, ValueError):
        fail(f"{OUTPUT} is there already and holds no policy: name another file with -o")
    return OUTPUT


def _choose(labelled: Sequence[str], model: Model, name: str, output: Path, jobs: int) -> None:
    """Score the labelled pages, choose the policy, print and write it."""
    from noisefilter.batch.labelled import read_labelled  # noqa: PLC0415 - what --help does not need
    from noisefilter.learn.evaluate import observe_noise  # noqa: PLC0415
    from noisefilter.learn.policies import choose_with_intervals  # noqa: PLC0415
    from noisefilter.learn.provenance import taught_note  # noqa: PLC0415

    pages = read_labelled(labelled)
    chosen, figures = choose_with_intervals(observe_noise(model, pages, jobs), name)
    policy = Policy(chosen.review_at, chosen.drop_at, f"{name}, own labels")
    policy.save(output, model=model.label, measured={key: round(value, 4) for key, value in figures.items()})
    say(
        f"chosen on {figures['articles']} judged pages, {figures['noisy']} of them noise; in brackets: 95% intervals. Figures are of "
        "pages left out of the choice in turn"
    )
    _print({policy.name: figures})
    say(*taught_note(model.manifest, pages))
    if policy.drop_at == 1:
        say("no cut keeps what this policy promises of its drops on these labels: it drops nothing")
    say(f"wrote {output}: use it as --policy {output}")


def _print(rows: Mapping[str, Mapping[str, float]]) -> None:
    """A column a policy, a row a figure."""
    from noisefilter.report.figures import figure_row, new_table, print_tables  # noqa: PLC0415 - as above

    table = new_table(None, [""], rows)
    for name, *cells in zip(SHOWN, *(figure_row(row, SHOWN) for row in rows.values()), strict=True):
        table.add_row(name, *cells)
    print_tables(table)
