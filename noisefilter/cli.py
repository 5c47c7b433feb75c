"""Arguments → calls: `noisefilter score | clean | policies | report | review | train | evaluate | label export | label import`."""

from __future__ import annotations

import glob
import json
import sys
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from typer.core import TyperGroup

from noisefilter.batch.command import DropAt, PolicyOption, ReviewAt, chosen_policy, clean
from noisefilter.learn.command import policies
from noisefilter.report.printing import complain, json_line, lines_of, say, shown, terminal
from noisefilter.types import Page, Score
from noisefilter.viewing.command import check_extra, report, review

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from noisefilter.labelling.candidates import Listed
    from noisefilter.model import Model
    from noisefilter.policy import Policy
    from noisefilter.report.figures import Figures


class Commands(TyperGroup):
    """Commands whose complaints about wrong arguments, which quote them, are shown rather than obeyed by the terminal."""

    def make_context(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401, D102 - click's, as typer carries it
        terminal()  # what --help prints too may hold signs that the encoding lacks
        with _shown_complaints():
            return super().make_context(*args, **options)

    def invoke(self, *args: Any) -> Any:  # noqa: ANN401, D102
        with _shown_complaints():
            return super().invoke(*args)


@contextmanager
def _shown_complaints() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        if isinstance(getattr(error, "message", None), str):  # click's errors; their class has more than one home
            error.message = shown(error.message)  # type: ignore[attr-defined]
        raise


HELP = {"help_option_names": ["-h", "--help"]}
app = typer.Typer(
    cls=Commands, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, context_settings=HELP
)
label = typer.Typer(help="Label pages of your own in Label Studio or doccano.", no_args_is_help=True)
app.add_typer(label, name="label")
for command in (clean, policies, report, review):
    app.command()(command)

DONE, UNSCORED, USAGE = 0, 1, 2
SUFFIXES = {".html", ".htm", ".xhtml", ".txt", ".text", ".md"}
#: A progress bar is worth its flicker from this many pages on.
MANY = 20

Paths = Annotated[list[str], typer.Argument(help="Files, folders, globs, or - for standard input.")]
Jobs = Annotated[int, typer.Option(help="Worker processes; -1 for one a core.")]
ToolOption = Annotated[Literal["label-studio", "doccano"], typer.Option("--tool", help="The labelling tool.")]
ModelOption = Annotated[
    Path | None,
    typer.Option("--model", help="`fast`, or the folder of a model; the shipped one with the reader by default."),
]


def _say_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it so
    if asked:
        typer.echo(f"noisefilter {version('noisefilter')}")
        raise typer.Exit


@app.callback()
def main(
    *,
    _version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Find content-farm and SEO noise in web pages."""


@app.command()
def score(
    paths: Paths,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a page and line.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Print each page's text with its spans marked.")] = False,
    as_html: Annotated[bool, typer.Option("--html", help="Print a page of HTML that shows one page's score.")] = False,
    policy: PolicyOption = None,
    review_at: ReviewAt = None,
    drop_at: DropAt = None,
    jobs: Jobs = 1,
    model: ModelOption = None,
) -> None:
    """Score pages; exits with 1 if some input could not be scored, with 2 for a wrong call."""
    from noisefilter.api import score_many  # noqa: PLC0415 - a second of imports that --help does not need

    if as_json + explain + as_html > 1:
        _fail("--json, --explain and --html exclude each other")
    _check_jobs(jobs)
    names = _expand(paths)
    chosen, decides = _load(model) if model else None, chosen_policy(policy, review_at, drop_at, model)
    if as_html:
        _print_html(names, chosen, decides)
    scores = zip(names, score_many(_pages(names), jobs=jobs, policy=decides, model=chosen), strict=True)
    complete = _print_json(scores) if as_json else _print_human(scores, len(names), explain=explain)
    if len(names) > 1 and not as_json:
        say(f"look at them: noisefilter report {' '.join(paths[:3])}{' …' if len(paths) > 3 else ''} -o report.html")
    raise typer.Exit(DONE if complete else UNSCORED)


@app.command()
def train(
    corpora: Annotated[list[Path], typer.Argument(help="Folders with pages.jsonl and labels.jsonl.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write the model to.")],
    *,
    name: Annotated[str | None, typer.Option(help="Name that scores carry; the folder's by default.")] = None,
    from_nothing: Annotated[
        bool,
        typer.Option("--from-nothing", help="Fit everything on these pages instead of adapting the default model."),
    ] = False,
    reader: Annotated[
        bool,
        typer.Option("--reader", help="Adapt the last layer of the model's reader, too; needs the extra `train`."),
    ] = False,
    jobs: Annotated[int, typer.Option(help="Worker processes for reading pages.")] = 1,
) -> None:
    """Adapt the default model to labelled pages, or fit one; print what that changed, write arrays, manifest and card."""
    from noisefilter.labels import CorpusError  # noqa: PLC0415
    from noisefilter.learn.card import write_picture  # noqa: PLC0415
    from noisefilter.learn.corpora import read_corpora  # noqa: PLC0415
    from noisefilter.learn.session import adapt_to, fit_on  # noqa: PLC0415
    from noisefilter.model import save_model  # noqa: PLC0415 - as above

    _check_jobs(jobs)
    if reader and from_nothing:
        _fail("--reader and --from-nothing exclude each other: a model from nothing has no reader")
    if reader and not find_spec("onnx"):
        _fail("--reader needs onnx: python -m pip install 'noisefilter[train]'")
    called = name or output.name
    try:
        pages = read_corpora(corpora)
        done = (
            fit_on(pages, called, jobs, _progress)
            if from_nothing
            else adapt_to(pages, called, jobs, _progress, heads=reader)
        )
        save_model(done.model, output, done.card)
        write_picture(done.after, output)
    except (CorpusError, OSError) as error:
        _fail(*lines_of(error))
    if done.before is None:
        _print_figures(done.after)
    else:
        _print_comparison(done.before, done.after)
    for note in done.notes:
        say(note)
    say(f"wrote {output}")


@app.command()
def evaluate(
    model: Annotated[Path, typer.Argument(help="Folder of a model, `default` or `fast`.")],
    corpora: Annotated[list[Path], typer.Argument(help="Folders with pages.jsonl and labels.jsonl.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Print a model's figures on labelled pages, by kind and by source."""
    from noisefilter.labels import CorpusError  # noqa: PLC0415 - as above
    from noisefilter.learn.corpora import read_corpora  # noqa: PLC0415 - as above
    from noisefilter.learn.evaluate import evaluate as measure  # noqa: PLC0415

    chosen = _load(model)
    try:
        figures = measure(chosen, read_corpora(corpora))
    except CorpusError as error:
        _fail(*lines_of(error))
    if as_json:
        sys.stdout.write(json.dumps(figures, indent=1) + "\n")
        sys.stdout.flush()
    else:
        _print_figures(figures)


@label.command("export")
def label_export(
    paths: Annotated[
        list[str],
        typer.Argument(help="Files, folders, globs, pages.jsonl or folders with one, or - for standard input."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write pages and tasks to.")],
    tool: ToolOption,
    *,
    limit: Annotated[
        int | None, typer.Option(min=1, help="No more pages than this; the most doubtful are taken.")
    ] = None,
    model: ModelOption = None,
    jobs: Jobs = 1,
) -> None:
    """Write pages as tasks, with the model's spans, the doubtful first; exits with 1 if some page could not be scored."""
    from noisefilter.labelling.candidates import choose_pages  # noqa: PLC0415 - as above
    from noisefilter.labelling.folder import Tool, write_export  # noqa: PLC0415
    from noisefilter.labels import CorpusError  # noqa: PLC0415
    from noisefilter.model import default_model  # noqa: PLC0415

    _check_jobs(jobs)
    chosen = _load(model) if model else default_model()
    try:
        choice = choose_pages(_listed(paths), chosen, limit=limit, jobs=jobs)
        written = write_export(output, choice.candidates, Tool(tool)) if choice.candidates else []
    except CorpusError as error:
        _fail(*lines_of(error))
    for name, status in choice.unscored:
        say(f"{name}: left out: {status}")
    if not choice.candidates:
        _fail("no page could be scored: nothing is written")
    passed_over = f", {choice.passed_over} less doubtful ones passed over" if choice.passed_over else ""
    say(f"{len(choice.candidates)} pages to label{passed_over}, {len(choice.unscored)} without a score left out")
    say(f"wrote {', '.join(str(output / name) for name in written)}")
    raise typer.Exit(UNSCORED if choice.unscored else DONE)


@label.command("import")
def label_import(
    folder: Annotated[Path, typer.Argument(help="The folder that `label export` wrote.")],
    annotated: Annotated[list[Path], typer.Argument(help="What the tool exported; for doccano a file an annotator.")],
    tool: ToolOption,
) -> None:
    """Write labels.jsonl beside the pages; refuses labels that contradict them, with file and line, and writes nothing then."""
    from noisefilter.labelling.folder import Tool, import_labels  # noqa: PLC0415 - as above
    from noisefilter.labels import CorpusError  # noqa: PLC0415

    try:
        done = import_labels(folder, annotated, Tool(tool))
    except CorpusError as error:
        _fail(*lines_of(error))
    say(
        f"{done.labelled} of {done.pages} pages labelled, {done.pages - done.labelled} without an annotation left out; "
        f"{done.with_noise} with a noise, {done.several} by several annotators, {done.unchanged} just as the model marked them"
    )
    say(f"wrote {folder / 'labels.jsonl'}")


def _fail(*lines: str) -> NoReturn:
    complain("noisefilter", *lines)
    raise typer.Exit(USAGE)


def _progress(stage: str) -> None:
    say(stage, style="dim")


def _check_jobs(jobs: int) -> None:
    if jobs == 0 or jobs < -1:
        _fail(f"--jobs must be a positive number or -1, not {jobs}")


def _load(path: Path) -> Model:
    from noisefilter.model import ModelError, load_model  # noqa: PLC0415 - as above

    try:
        return load_model(path)
    except ModelError as error:
        _fail(*lines_of(error))


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
            complain(name, error.strerror or str(error))
            yield Page(b"")


def _listed(paths: Sequence[str]) -> Iterable[Listed]:
    """Pages of files and corpora, under the ids that they get; all paths are looked up before the first page is read."""
    from noisefilter.labelling.candidates import list_page, list_rows  # noqa: PLC0415 - as above

    listed: list[Iterable[Listed]] = []
    for path in paths:
        rows = Path(path) / "pages.jsonl" if Path(path).is_dir() else Path(path)
        if rows.suffix == ".jsonl" and rows.is_file():
            listed.append(list_rows(rows))
        else:
            names = _expand([path])
            listed.append(map(list_page, names, _pages(names)))
    return chain.from_iterable(listed)


def _print_html(names: Sequence[str], model: Model | None, policy: Policy) -> NoReturn:
    """Print the page that shows one page's score; of several pages `noisefilter report` makes one file."""
    from noisefilter.api import score as score_one  # noqa: PLC0415 - as above
    from noisefilter.report.single import score_html  # noqa: PLC0415

    if len(names) != 1:
        _fail(f"--html shows one page, not {len(names)}: noisefilter report {' '.join(names[:3])} … shows several")
    check_extra()
    page = next(_pages(names))
    result = score_one(page, model=model, policy=policy)
    sys.stdout.buffer.write(score_html(result, page, names[0]).encode())
    sys.stdout.flush()
    raise typer.Exit(DONE if result.status == "ok" else UNSCORED)


def _print_json(scores: Iterator[tuple[str, Score]]) -> bool:
    complete = True
    for name, result in scores:
        complete &= result.status == "ok"
        sys.stdout.buffer.write(json_line({"path": name, **result.to_dict()}))
    sys.stdout.flush()
    return complete


def _print_human(scores: Iterator[tuple[str, Score]], count: int, *, explain: bool) -> bool:
    from noisefilter.report.terminal import print_explained, print_scores, print_summary  # noqa: PLC0415 - only here

    console = terminal()
    results = []
    columns = (TextColumn("scoring"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    errors = terminal(stderr=True)
    with Progress(*columns, console=errors, transient=True, disable=count < MANY or not errors.is_terminal) as progress:
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

    console = terminal()
    for table in figure_tables(figures):
        console.print(table)


def _print_comparison(before: Figures, after: Figures) -> None:
    from noisefilter.report.comparison import comparison_tables  # noqa: PLC0415 - only here

    console = terminal()
    for table in comparison_tables(before, after):
        console.print(table)


if __name__ == "__main__":
    app()
