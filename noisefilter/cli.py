"""Arguments → calls: `noisefilter score | train | evaluate`."""

from __future__ import annotations

import glob
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from noisefilter.types import Page, Score

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from noisefilter.model import Model

app = typer.Typer(
    help="Find content-farm and SEO noise in web pages.", no_args_is_help=True, add_completion=False,
    pretty_exceptions_enable=False,
)  # fmt: skip

DONE, UNSCORED, USAGE = 0, 1, 2
SUFFIXES = {".html", ".htm", ".xhtml", ".txt", ".text", ".md"}
#: A progress bar is worth its flicker from this many pages on.
MANY = 20

Paths = Annotated[list[str], typer.Argument(help="Files, folders, globs, or - for standard input.")]
ModelOption = Annotated[Path | None, typer.Option("--model", help="Folder of a model; the shipped one by default.")]


@app.callback()
def main() -> None:
    """Find content-farm and SEO noise in web pages."""


@app.command()
def score(
    paths: Paths,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a page and line.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Print each page's text with its spans marked.")] = False,
    jobs: Annotated[int, typer.Option(help="Worker processes; -1 for one a core.")] = 1,
    model: ModelOption = None,
) -> None:
    """Score pages; exits with 1 if some input could not be scored, with 2 for a wrong call."""
    from noisefilter.api import score_many  # noqa: PLC0415 - a second of imports that --help does not need

    if as_json and explain:
        _fail("--json and --explain exclude each other")
    if jobs == 0 or jobs < -1:
        _fail(f"--jobs must be a positive number or -1, not {jobs}")
    names = _expand(paths)
    chosen = _load(model) if model else None
    scores = zip(names, score_many(_pages(names), jobs=jobs, model=chosen), strict=True)
    complete = _print_json(scores) if as_json else _print_human(scores, len(names), explain=explain)
    raise typer.Exit(DONE if complete else UNSCORED)


@app.command()
def train(
    corpora: Annotated[list[Path], typer.Argument(help="Folders with pages.jsonl and labels.jsonl.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write the model to.")],
    *,
    name: Annotated[str | None, typer.Option(help="Name that scores carry; the folder's by default.")] = None,
    from_nothing: Annotated[
        bool,
        typer.Option(
            "--from-nothing", help="Fail where labels are missing instead of taking the default model's stage."
        ),
    ] = False,
    jobs: Annotated[int, typer.Option(help="Worker processes for reading pages.")] = 1,
) -> None:
    """Fit a model on labelled pages and write it as arrays, manifest and card."""
    from noisefilter.model import VECTORS, default_model, models_folder, save_model  # noqa: PLC0415 - as above
    from noisefilter.training.card import write_card  # noqa: PLC0415
    from noisefilter.training.corpora import CorpusError, read_corpora  # noqa: PLC0415
    from noisefilter.training.evaluate import evaluate as measure  # noqa: PLC0415
    from noisefilter.training.fit import split_by_site  # noqa: PLC0415
    from noisefilter.training.fit import train as fit  # noqa: PLC0415
    from noisefilter.vectors import load_vectors  # noqa: PLC0415

    err = Console(stderr=True)
    try:
        data = split_by_site(read_corpora(corpora))
        fitted = fit(
            data, load_vectors(models_folder() / VECTORS), name=name or output.name, jobs=jobs,
            base=None if from_nothing else default_model(), progress=lambda stage: err.print(f"[dim]{stage}[/dim]"),
        )  # fmt: skip
    except CorpusError as error:
        _fail(str(error))
    figures = measure(fitted, data.tune)
    save_model(
        fitted, output, write_card(fitted, figures, "the corpus' own held-out sites, which also chose the thresholds")
    )
    _print_figures(figures)
    err.print(f"wrote {output}")


@app.command()
def evaluate(
    model: Annotated[Path, typer.Argument(help="Folder of a model, or `default`.")],
    corpora: Annotated[list[Path], typer.Argument(help="Folders with pages.jsonl and labels.jsonl.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print a model's figures on labelled pages, by kind and by source."""
    from noisefilter.model import default_model  # noqa: PLC0415 - as above
    from noisefilter.training.corpora import CorpusError, read_corpora  # noqa: PLC0415
    from noisefilter.training.evaluate import evaluate as measure  # noqa: PLC0415

    chosen = default_model() if str(model) == "default" else _load(model)
    try:
        figures = measure(chosen, read_corpora(corpora))
    except CorpusError as error:
        _fail(str(error))
    if as_json:
        sys.stdout.write(json.dumps(figures, indent=1) + "\n")
    else:
        _print_figures(figures)


def _fail(message: str) -> None:
    Console(stderr=True).print(f"[red]noisefilter:[/red] {message}", highlight=False)
    raise typer.Exit(USAGE)


def _load(path: Path) -> Model:
    from noisefilter.model import ModelError, load_model  # noqa: PLC0415 - as above

    try:
        return load_model(path)
    except ModelError as error:
        _fail(str(error))
        raise


def _expand(paths: Sequence[str]) -> list[str]:
    """Names of the inputs: folders and globs expanded, in order; a path that names nothing is a wrong call."""
    names: list[str] = []
    for path in paths:
        if path == "-":
            names.append(path)
            continue
        if Path(path).is_dir():
            found = sorted(
                str(file) for file in Path(path).rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file()
            )
            if not found:
                _fail(f"{path}: no page in this folder ({', '.join(sorted(SUFFIXES))})")
        else:
            found = (
                [path]
                if Path(path).is_file()
                else sorted(
                    file
                    for file in glob.glob(path, recursive=True)  # noqa: PTH207 - absolute patterns too
                    if Path(file).is_file()
                )
            )
            if not found:
                _fail(f"{path}: no such file")
        names += found
    return names


def _pages(names: Sequence[str]) -> Iterator[Page]:
    for name in names:
        if name == "-":
            yield Page(sys.stdin.buffer.read())
            continue
        try:
            yield Page(Path(name).read_bytes())
        except OSError as error:
            Console(stderr=True).print(f"[red]{name}:[/red] {error.strerror}", highlight=False)
            yield Page(b"")


def _print_json(scores: Iterator[tuple[str, Score]]) -> bool:
    complete = True
    for name, result in scores:
        complete &= result.status == "ok"
        line = json.dumps({"path": name, **result.to_dict()}, ensure_ascii=False)
        sys.stdout.buffer.write(line.encode("utf-8", "surrogatepass") + b"\n")
    sys.stdout.flush()
    return complete


def _print_human(scores: Iterator[tuple[str, Score]], count: int, *, explain: bool) -> bool:
    from noisefilter.report.terminal import print_explained, print_scores, print_summary  # noqa: PLC0415 - only here

    console = Console()
    results = []
    columns = (TextColumn("scoring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=count < MANY) as progress:
        task = progress.add_task("scoring", total=count)
        for name, result in scores:
            progress.advance(task)
            results.append((name, result))
    if explain:
        for name, result in results:
            print_explained(console, name, result)
    else:
        print_scores(console, results)
        print_summary(console, results)
    return all(result.status == "ok" for _, result in results)


def _print_figures(figures: dict[str, dict[str, dict[str, float]]]) -> None:
    from noisefilter.report.terminal import figure_tables  # noqa: PLC0415 - only here

    console = Console()
    for table in figure_tables(figures):
        console.print(table)


if __name__ == "__main__":
    app()
