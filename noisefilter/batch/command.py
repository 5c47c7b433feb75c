"""`noisefilter clean`: arguments → a run and its printed summary."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from noisefilter.batch.errors import BatchError, RefusedError
from noisefilter.batch.formats import FORMATS
from noisefilter.batch.options import EngineName, Fields, InputFormat, Limits, Options
from noisefilter.report.options import (
    FAILED,
    STOPPED,
    DropAt,
    InputNames,
    Jobs,
    Loudness,
    ModelOption,
    PolicyOption,
    ReviewAt,
    chosen_policy,
    fail,
)
from noisefilter.report.printing import is_quiet, lines_of, shown, terminal
from noisefilter.types import VERDICTS, check_choices

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.console import Console

    FormatName = str
else:
    FormatName = Literal[tuple(FORMATS)]  # typer makes the choices of it

#: Sites in the printed summary, and pages that a site needs to be among them; `summary.json` has more.
SITES, ENOUGH = 10, 10
Name = Annotated[
    str | None, typer.Option(help="Field of the input; guessed if not named. A dot reaches into an object.")
]


def clean(
    inputs: InputNames,
    output: Annotated[
        str, typer.Option("--output", "-o", help="Folder of this run, or its URL; the same call goes on in it.")
    ],
    *,
    format: Annotated[FormatName, typer.Option("--format", help="How to write it.")] = "jsonl.zst",  # noqa: A002
    input_format: Annotated[
        InputFormat, typer.Option(help="How to read it; `auto` goes by names, then by how it begins.")
    ] = "auto",
    text_field: Name = None,
    html_field: Name = None,
    id_field: Name = None,
    url_field: Name = None,
    title_field: Name = None,
    policy: PolicyOption = None,
    review_at: ReviewAt = None,
    drop_at: DropAt = None,
    drop: Annotated[bool, typer.Option("--drop", help="Keep all pages but those whose verdict is drop.")] = False,
    only: Annotated[str | None, typer.Option(help="Verdicts to keep, with commas: keep,trim. Not with --drop.")] = None,
    content: Annotated[bool, typer.Option(help="Keep the field that holds the page.")] = True,
    visible_text: Annotated[
        bool, typer.Option("--visible-text", help="Add visible_text, which spans count in.")
    ] = False,
    model: ModelOption = None,
    shard_pages: Annotated[
        int | None, typer.Option(min=0, help="Pages of a shard, by default 256 to 16; 0: a shard a file, uncounted.")
    ] = None,
    engine: Annotated[EngineName, typer.Option(help="Workers of this machine, or of a Ray cluster.")] = "local",
    address: Annotated[str | None, typer.Option(help="The cluster's; what Ray finds by default.")] = None,
    jobs: Jobs = -1,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that a page may take to be read or scored.")] = 60,
    memory_mb: Annotated[int, typer.Option(min=100, help="MiB that a worker may hold.")] = 2048,
    _loudness: Loudness = None,
) -> None:
    """Clean a crawl: files in, shards with scores out, each page exactly once; the same call goes on after a stop.

    Exits with 1 if every row was rejected, or if the run could not go on; with 2 for a wrong call,
    or inputs without a page.
    """
    if address is not None and engine != "ray":
        fail("--address is for --engine ray")
    if drop and only is not None:
        fail("--drop and --only exclude each other: --only names all verdicts that are kept")
    options = Options(
        format=format,
        fields=Fields(text=text_field, html=html_field, id=id_field, url=url_field, title=title_field),
        input_format=input_format,
        only=_verdicts(only, drop=drop),
        policy=chosen_policy(policy, review_at, drop_at, model),
        content=content,
        visible_text=visible_text,
        shard_pages=shard_pages,
        model=str(model) if model else None,
    )
    limits = Limits(jobs=None if jobs == -1 else jobs, timeout_s=timeout, memory_mb=memory_mb)
    summary = _run(inputs, output, options, limits, engine, address)
    if not is_quiet():
        print_summary(terminal(), summary, output)
    if not summary["read"]:
        fail("no page in the inputs")
    if summary["rejected"] == summary["read"]:
        fail(
            f"no row was scored, for all were rejected: the files in {output.rstrip('/')}/rejects say why", code=FAILED
        )


def _run(
    inputs: list[str], output: str, options: Options, limits: Limits, engine: EngineName, address: str | None
) -> Mapping[str, Any]:
    """The run's summary; an error or interrupt becomes a message and an exit code."""
    from noisefilter.batch.runner import run  # noqa: PLC0415 - what --help does not need

    try:
        return run(inputs, output, options, limits, engine=engine, address=address)
    except RefusedError as error:
        fail(*lines_of(error))
    except (BatchError, OSError) as error:
        fail(*lines_of(error), *_state(output), code=FAILED)
    except KeyboardInterrupt:
        fail("stopped", *_state(output), code=STOPPED)


def _state(output: str) -> Sequence[str]:
    """How far the run got; nothing if that cannot be read, either."""
    from noisefilter.batch.runner import describe_state  # noqa: PLC0415 - as above

    try:
        return [describe_state(output)]
    except (BatchError, OSError):
        return []


def _verdicts(only: str | None, *, drop: bool) -> tuple[str, ...] | None:
    chosen = tuple(name.strip() for name in only.split(",")) if only is not None else VERDICTS
    try:
        check_choices(chosen, VERDICTS, "--only", "--only knows no verdict")
    except ValueError as error:
        fail(*lines_of(error))
    kept = tuple(name for name in VERDICTS if name in chosen and not (drop and name == "drop"))
    return None if kept == VERDICTS else kept


def print_summary(console: Console, summary: Mapping[str, Any], output: str) -> None:
    """Print what became of the pages, why, and the sites with the most pages judged noise."""

    def say(text: str) -> None:
        console.print(shown(text), soft_wrap=True, markup=False, highlight=False)

    rate = summary["pages_per_second"]
    say(
        f"{summary['read']:,} read: {summary['kept']:,} kept, {summary['dropped']:,} dropped, {summary['rejected']:,} rejected"
        f"{'' if rate is None else f'; {rate:,.0f} pages a second'}"
    )
    for name in ("verdicts", "statuses", "drop_reasons", "reject_reasons", "spans"):
        if summary[name]:
            title = {"drop_reasons": "dropped", "reject_reasons": "rejected"}.get(name, name)
            say(f"{title}: {', '.join(f'{count:,} {key}' for key, count in summary[name].items())}")
    if noise := summary["noise"].get("all"):
        low, *_, median, _, _, _, high = noise["deciles"]
        say(
            f"noise: half of the pages have at most {median:.2f}, a tenth at most {low:.2f}, a tenth at least {high:.2f}"
        )
    sites = [site for site in summary["sites"] if site["site"] and site["dropped"] and site["pages"] >= ENOUGH]
    for site in sorted(sites, key=lambda site: -site["dropped"] * site["pages"])[:SITES]:
        say(f"  {site['dropped']:.0%} of {site['pages']:,} pages judged noise: {site['site']}")
    if summary["files_passed_over"]:
        say(f"files passed over, of other types or of other runs: {summary['files_passed_over']:,}")
    say(f"wrote {output}")
