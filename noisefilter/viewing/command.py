"""`noisefilter score | report | review`: arguments → what is printed, or a page to look at and to mark."""

from __future__ import annotations

import sys
import webbrowser
from collections import Counter
from itertools import islice
from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Annotated

import typer

from noisefilter.report.options import (
    DONE,
    UNSCORED,
    DropAt,
    InputNames,
    Jobs,
    Loudness,
    ModelOption,
    PolicyOption,
    ReviewAt,
    check_output,
    chosen_policy,
    fail,
    load,
)
from noisefilter.report.printing import LOGGER, counted, json_line, say, shown, terminal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from noisefilter.batch.inputs import Given, Inputs
    from noisefilter.report.tally import Tally
    from noisefilter.types import Score

    Scored = Iterator[tuple[Given, Score]]

#: Without another number, so many pages are shown with their text.
PAGES, DOUBTFUL = 250, 100


def score(
    inputs: InputNames,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a page and line.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Print each page's text with its spans marked.")] = False,
    as_html: Annotated[bool, typer.Option("--html", help="Print a page of HTML that shows one page's score.")] = False,
    as_text: Annotated[
        bool, typer.Option("--text", help="Print one page's cleaned article, and nothing else.")
    ] = False,
    policy: PolicyOption = None,
    review_at: ReviewAt = None,
    drop_at: DropAt = None,
    jobs: Jobs = 1,
    model: ModelOption = None,
    _loudness: Loudness = None,
) -> None:
    """Score pages; exits with 1 if some input could not be scored, with 2 for a wrong call."""
    from noisefilter.batch.inputs import Inputs, score_given  # noqa: PLC0415 - what --help does not need
    from noisefilter.viewing.sources import show_record, stored_record  # noqa: PLC0415

    if as_json + explain + as_html + as_text > 1:
        fail("--json, --explain, --html and --text exclude each other")
    if as_html:
        from noisefilter.report.site import read_template  # noqa: PLC0415 - as above

        read_template()  # it needs an extra: say so before the work starts
    chosen, decides = load(model) if model else None, chosen_policy(policy, review_at, drop_at, model)
    given = Inputs(inputs)
    is_one = as_html or as_text
    wanted = islice(given, 2) if is_one else given
    found = score_given(wanted, model=chosen, policy=decides, jobs=jobs)
    scores = ((one, result or show_record(stored_record(one), one.page).score) for one, result in found)
    statuses = (
        _print_one(scores, as_html=as_html) if is_one else _print(scores, given, as_json=as_json, explain=explain)
    )
    if not statuses and not given.rejected:
        fail("no page in the inputs")
    if given.scored and (policy or model or review_at is not None or drop_at is not None):
        stood = "1 score stood" if given.scored == 1 else f"{given.scored:,} scores stood"
        LOGGER.warning("%s in the inputs, shown as they are: policy and model are for pages without one", stood)
    if statuses.total() > 1 and not as_json and "-" not in inputs:  # which cannot be read again
        say(f"look at them: noisefilter report {join(inputs[:3])}{' …' if len(inputs) > 3 else ''} -o report.html")
    raise typer.Exit(DONE if set(statuses) <= {"ok"} and not given.rejected else UNSCORED)


def _print(scores: Scored, inputs: Inputs, *, as_json: bool, explain: bool) -> Counter[str]:
    """Print scores as they come; how many pages got which status. Where that fills a terminal, no bar is needed."""
    from noisefilter.report.progress import Meter  # noqa: PLC0415 - as above
    from noisefilter.report.terminal import ScorePrinter, print_explained  # noqa: PLC0415

    console = terminal()
    printer = ScorePrinter(console)
    statuses = Counter[str]()
    for given, result in scores if sys.stdout.isatty() else Meter("scoring").over(scores):
        statuses[result.status] += 1
        if as_json:
            named = {"path": given.source} | ({} if given.id == given.source else {"id": given.id})
            sys.stdout.buffer.write(json_line({**named, **(given.record or result.to_dict())}))
        elif explain:
            print_explained(console, given.id, result)
        else:
            printer.add(given.id, result)
    if statuses and not as_json and not explain:
        printer.finish(inputs.rejected)
    elif inputs.rejected:
        say(f"{inputs.rejected:,} rejected")
    sys.stdout.flush()
    return statuses


def _print_one(scores: Scored, *, as_html: bool) -> Counter[str]:
    """Print the page of HTML that shows one page's score, or its cleaned article, as it is unless a terminal reads it."""
    from noisefilter.report.site import score_html  # noqa: PLC0415 - as above

    found = list(islice(scores, 2))
    if len(found) > 1:
        option, command = ("--html", "report") if as_html else ("--text", "clean")
        fail(f"{option} prints one page: `noisefilter {command}` is for several")
    for given, result in found:
        if as_html:
            content = score_html(result, given.page, given.id)
        else:
            text = "" if result.status == "too_large" else result.text  # else the whole page, of which nothing is cut
            content = shown(text, lines=True) if sys.stdout.isatty() else text
            content += "\n" if content else ""
            if result.status != "ok":
                LOGGER.warning("%s: not judged: %s", given.id, result.status)
        sys.stdout.buffer.write(content.encode("utf-8", "backslashreplace"))
        sys.stdout.flush()
    return Counter(result.status for _, result in found)


def report(
    inputs: InputNames,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("report.html"),
    *,
    pages: Annotated[
        int, typer.Option(min=1, help="Pages that are shown with their text, chosen by verdict and doubt.")
    ] = PAGES,
    model: ModelOption = None,
    jobs: Jobs = 1,
    _loudness: Loudness = None,
) -> None:
    """Write one HTML file to look at: verdicts, the cut, sites, and pages with their evidence and buttons to mark them."""
    from noisefilter.report.site import render  # noqa: PLC0415 - as above
    from noisefilter.report.tally import Tally  # noqa: PLC0415

    check_output(output, holds=_holds_report, what="report")
    tally = _count(inputs, output, Tally(pages=pages), model, jobs)
    _write(output, render(tally, title=_title(inputs)), tally)


def review(
    inputs: InputNames,
    count: Annotated[
        int, typer.Option("-n", "--count", min=1, help="Pages to look at, the most doubtful first.")
    ] = DOUBTFUL,
    output: Annotated[
        Path,
        typer.Option("--output", "-o", help="The file to write; with --serve, the folder that marks are saved in."),
    ] = Path("review.html"),
    *,
    serve: Annotated[
        bool,
        typer.Option(
            "--serve", help="Serve the page on this host alone, and save labels.jsonl and pages.jsonl as you mark."
        ),
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="For --serve; 0 takes a free one.")] = 0,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open it in the browser.")] = True,
    model: ModelOption = None,
    jobs: Jobs = 1,
    _loudness: Loudness = None,
) -> None:
    """Look at the most doubtful pages and mark them: never pages that are not judged."""
    from noisefilter.report.site import render  # noqa: PLC0415 - as above
    from noisefilter.report.tally import Tally  # noqa: PLC0415

    if serve and output.suffix == ".html":
        output = output.with_suffix("")
    check_output(output, is_folder=serve, holds=None if serve else _holds_report, what="report")
    tally = _count(inputs, output, Tally(pages=count, doubtful_only=True), model, jobs)
    title = f"Review of {_title(inputs)}"
    if serve:
        from noisefilter.viewing.serving import serve_review  # noqa: PLC0415

        serve_review(
            lambda save_to: render(tally, title=title, first="pages", save_to=save_to),
            output,
            port,
            open_browser=open_browser,
        )
        return
    _write(
        output,
        render(tally, title=title, first="pages"),
        tally,
        f"the {len(tally.sample.chosen()):,} most doubtful of ",
    )
    if open_browser and sys.stdout.isatty():
        webbrowser.open(output.resolve().as_uri())


def _holds_report(path: Path) -> bool:
    from noisefilter.report.site import MARK  # noqa: PLC0415 - as above

    with path.open("rb") as file:
        return MARK.encode() in file.read(4096)


def _count(inputs: list[str], output: Path, tally: Tally, model: Path | None, jobs: int) -> Tally:
    """The tally with all pages of the inputs; what is wrong with them ends the command."""
    from noisefilter.batch.inputs import Inputs  # noqa: PLC0415 - as above
    from noisefilter.report.progress import Meter  # noqa: PLC0415
    from noisefilter.report.site import read_template  # noqa: PLC0415
    from noisefilter.viewing.sources import seen_pages  # noqa: PLC0415

    read_template()  # it needs an extra: say so before the work starts
    given = Inputs(inputs, output=output)
    tally.add_all(Meter("reading").over(seen_pages(given, model=load(model) if model else None, jobs=jobs)))
    tally.rejected = given.rejected
    tally.drop_at = _drop_at(inputs) if given.scored else chosen_policy(None, None, None, model).drop_at
    if not tally.total:
        fail("no page in the inputs: nothing is written")
    if tally.textless:
        LOGGER.warning(
            "no spans can be shown on %s of %s pages, whose records hold the cleaned text only: do not train on marks made "
            "there. To see the spans, run `noisefilter clean` with --visible-text",
            f"{tally.textless:,}",
            f"{tally.total:,}",
        )
    return tally


def _drop_at(inputs: list[str]) -> float | None:
    """Noise from which runs dropped their pages; None if an input is no run, or they differ."""
    from noisefilter.batch.sources import run_manifest  # noqa: PLC0415 - as above

    options = [run_manifest(name.rstrip("/")).get("options", {}) for name in inputs]
    cuts = {(of.get("policy") or {}).get("drop_at") for of in options}
    return cuts.pop() if len(cuts) == 1 else None


def _title(inputs: list[str]) -> str:
    return ", ".join(
        "standard input" if name == "-" else name.rstrip("/").rsplit("/", 1)[-1] or name for name in inputs[:3]
    ) + (f" and {len(inputs) - 3} more" if len(inputs) > 3 else "")


def _write(output: Path, html: str, tally: Tally, chosen: str = "") -> None:
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_text(html, encoding="utf8")
    except OSError as error:
        fail(f"{output} cannot be written: {error.strerror}")
    say(
        f"wrote {output}: {chosen}{counted(tally.total, 'page')}, {len(html.encode()) / 1e6:.1f} MB; open it in a browser"
    )
