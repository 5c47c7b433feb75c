"""What the commands share: options, their checks, and how a wrong call ends."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from noisefilter.report.printing import lines_of, show_log, shown, terminal

if TYPE_CHECKING:
    from collections.abc import Callable

    from noisefilter.model import Model
    from noisefilter.policy import Policy

DONE, UNSCORED, FAILED, USAGE, STOPPED = 0, 1, 1, 2, 130

INPUTS = "Files, folders, globs, URLs, runs of `clean`, or -: HTML, text, JSON lines, CSV (packed too), Parquet, WARC."
InputNames = Annotated[list[str], typer.Argument(metavar="INPUT…", help=INPUTS)]
LABELLED = "Labelled pages: corpora, JSON lines, CSV, Parquet (noise 0 to 3 or label 0/1 beside html or text), labels.jsonl and its pages."
LabelledNames = Annotated[list[str], typer.Argument(metavar="LABELLED…", help=LABELLED)]
ModelOption = Annotated[
    Path | None,
    typer.Option("--model", help="`fast`, or the folder of a model; the shipped one with the reader by default."),
]
PolicyOption = Annotated[
    str | None,
    typer.Option("--policy", help="What decides the verdict: cautious, balanced (default), strict, or a policy.json."),
]
ReviewAt = Annotated[float | None, typer.Option(min=0, max=1, help="Noise from which the verdict is review.")]
DropAt = Annotated[float | None, typer.Option(min=0, max=1, help="Noise from which the verdict is drop.")]
Loudness = Annotated[
    bool | None,
    typer.Option("--verbose/--quiet", "-v/-q", callback=show_log, help="Say more on standard error, or errors only."),
]


def fail(*lines: str, code: int = USAGE) -> NoReturn:
    """Print to standard error what is wrong, and end the command."""
    from rich.text import Text  # noqa: PLC0415 - what --help does not need

    console = terminal(stderr=True)
    for text in (Text.assemble(("noisefilter:", "red"), " ", shown(lines[0])), *map(Text, map(shown, lines[1:]))):
        console.print(text, soft_wrap=True)
    raise typer.Exit(code)


def check_output(
    path: Path, *, is_folder: bool = False, holds: Callable[[Path], bool] | None = None, what: str = ""
) -> None:
    """End the command before the work starts if its file, or folder, cannot be written there.

    The same if there is something already, and `holds` does not know it for what the command writes, which is named `what`.
    """
    place = next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
    is_there = place == path.absolute()
    if is_there and place.is_dir() and not is_folder:
        fail(f"{path} is a folder: name the file to write with -o")
    if place.is_file() and (is_folder or not is_there):
        fail(f"{path} cannot be written: {place} is a file")
    if not os.access(place, os.W_OK):
        fail(f"{path} cannot be written: permission denied")
    is_full = any(place.iterdir()) if place.is_dir() else place.is_file() and place.stat().st_size > 0
    if holds is not None and is_there and is_full and not holds(path):
        fail(f"{path} is there already and holds no {what}: name another one with -o")


def _check_jobs(jobs: int) -> int:
    if jobs == 0 or jobs < -1:
        fail(f"--jobs must be a positive number or -1, not {jobs}")
    return jobs


Jobs = Annotated[int, typer.Option(callback=_check_jobs, help="Worker processes; -1 for one a core.")]


def load(path: Path | None) -> Model:
    """The named model, or the shipped one if none is named."""
    from noisefilter.api import load as load_named  # noqa: PLC0415 - as above
    from noisefilter.model import DEFAULT  # noqa: PLC0415

    return load_named(path or DEFAULT)


def chosen_policy(name: str | None, review_at: float | None, drop_at: float | None, model: Path | None) -> Policy:
    """The policy that `--policy`, `--review-at` and `--drop-at` give together; a fault ends the command."""
    from noisefilter.model import DEFAULT, policy_at  # noqa: PLC0415 - as above

    try:
        return policy_at(model or DEFAULT, name).with_cuts(review_at, drop_at)
    except ValueError as error:
        fail(*lines_of(error))
