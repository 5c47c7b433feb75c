"""`noisefilter report` and `noisefilter review`: arguments → a page to look at, and to mark."""

from __future__ import annotations

import logging
import sys
import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from noisefilter.report.options import InputNames, Jobs, Loudness, ModelOption, fail, load
from noisefilter.report.printing import say

if TYPE_CHECKING:
    from noisefilter.report.tally import Tally

LOGGER = logging.getLogger("noisefilter")
#: Without another number, so many pages are shown with their text.
PAGES, DOUBTFUL = 250, 100


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
    from noisefilter.report.site import render  # noqa: PLC0415 - what --help does not need
    from noisefilter.report.tally import Tally  # noqa: PLC0415

    tally = _count(inputs, Tally(pages=pages), model, jobs)
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
    """Look at the most doubtful pages and mark them: never bot walls, errors, or pages that are not judged."""
    from noisefilter.report.site import render  # noqa: PLC0415 - as above
    from noisefilter.report.tally import Tally  # noqa: PLC0415

    tally = _count(inputs, Tally(pages=count, doubtful_only=True), model, jobs)
    title = f"Review of {_title(inputs)}"
    if serve:
        from noisefilter.viewing.serving import serve_review  # noqa: PLC0415

        folder = output if output.suffix != ".html" else output.with_suffix("")
        serve_review(
            lambda save_to: render(tally, title=title, first="pages", save_to=save_to),
            folder,
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


def _count(inputs: list[str], tally: Tally, model: Path | None, jobs: int) -> Tally:
    """The tally with all pages of the inputs; what is wrong with them ends the command."""
    from noisefilter.report.progress import Meter  # noqa: PLC0415 - as above
    from noisefilter.viewing.sources import Sources  # noqa: PLC0415

    check_extra()
    sources = Sources(inputs, model=load(model) if model else None, jobs=jobs)
    tally.add_all(Meter("reading").over(sources))
    tally.rejected = sources.inputs.rejected
    if not tally.total:
        fail("no page in the inputs: nothing is written")
    if sources.textless:
        LOGGER.warning(
            "no spans can be shown on %s of %s pages, whose records hold the cleaned text only: do not train on marks made "
            "there. To see the spans, run `noisefilter clean` with --visible-text",
            f"{sources.textless:,}",
            f"{tally.total:,}",
        )
    return tally


def check_extra() -> None:
    """End the command before the work starts if Jinja2 is missing."""
    from noisefilter.report.site import ExtraError, read_template  # noqa: PLC0415 - as above

    try:
        read_template()
    except ExtraError as error:
        fail(str(error))


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
    pages = f"{chosen}{tally.total:,} page{'' if tally.total == 1 else 's'}"
    say(f"wrote {output}: {pages}, {len(html.encode()) / 1e6:.1f} MB; open it in a browser")
