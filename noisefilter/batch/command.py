"""`noisefilter clean`: arguments → a run, and what is printed of it."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads annotations
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from noisefilter.batch.formats import FORMATS
from noisefilter.batch.options import EngineName, Fields, InputFormat, Limits, Options
from noisefilter.report.printing import complain, lines_of, shown, terminal
from noisefilter.types import VERDICTS, check_choices

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import Console

    from noisefilter.policy import Policy

    FormatName = str
else:
    FormatName = Literal[tuple(FORMATS)]  # typer makes the choices of it

FAILED, USAGE, STOPPED = 1, 2, 130
#: Lines of sites that the printed summary shows; `summary.json` has more.
SITES = 10

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUT…",
        help="Files, folders, globs, URLs, or -: HTML, text, JSON lines, CSV (packed too), Parquet, WARC.",
    ),
]
Name = Annotated[
    str | None, typer.Option(help="Field of the input; guessed if not named. A dot reaches into an object.")
]


PolicyOption = Annotated[
    str | None,
    typer.Option("--policy", help="What decides the verdict: cautious, balanced (default), strict, or a policy.json."),
]
ReviewAt = Annotated[float | None, typer.Option(min=0, max=1, help="Noise from which the verdict is review.")]
DropAt = Annotated[float | None, typer.Option(min=0, max=1, help="Noise from which the verdict is drop.")]


def clean(
    inputs: Inputs,
    output: Annotated[
        str, typer.Option("--output", "-o", help="Folder of this run, or its URL; the same call goes on in it.")
    ],
    *,
    format: Annotated[FormatName, typer.Option("--format", help="How to write it.")] = "jsonl.zst",  # noqa: A002
    input_format: Annotated[InputFormat, typer.Option(help="How to read it; `auto` goes by names.")] = "auto",
    text_field: Name = None,
    html_field: Name = None,
    id_field: Name = None,
    url_field: Name = None,
    title_field: Name = None,
    policy: PolicyOption = None,
    review_at: ReviewAt = None,
    drop_at: DropAt = None,
    drop: Annotated[bool, typer.Option("--drop", help="Do not keep pages whose verdict is drop.")] = False,
    only: Annotated[str | None, typer.Option(help="Verdicts to keep, with commas: keep,trim.")] = None,
    content: Annotated[bool, typer.Option(help="Keep the field that holds the page.")] = True,
    visible_text: Annotated[
        bool, typer.Option("--visible-text", help="Add visible_text, which spans count in.")
    ] = False,
    model: Annotated[
        Path | None, typer.Option(help="`fast`, or the folder of a model; the shipped one with the reader by default.")
    ] = None,
    shard_pages: Annotated[
        int | None, typer.Option(min=0, help="Pages of a shard, by default 256 to 16; 0: a shard a file, uncounted.")
    ] = None,
    engine: Annotated[EngineName, typer.Option(help="Workers of this machine, or of a Ray cluster.")] = "local",
    address: Annotated[str | None, typer.Option(help="The cluster's; what Ray finds by default.")] = None,
    jobs: Annotated[int, typer.Option(help="Worker processes; -1 for one a core.")] = -1,
    timeout: Annotated[float, typer.Option(min=0.1, help="Seconds that a page may take to be read or scored.")] = 60,
    memory_mb: Annotated[int, typer.Option(min=100, help="MiB that a worker may hold.")] = 2048,
) -> None:
    """Clean a crawl: files in, shards with scores out, each page exactly once; the same call goes on after a stop."""
    if jobs == 0 or jobs < -1:
        _fail(USAGE, f"--jobs must be a positive number or -1, not {jobs}")
    if address is not None and engine != "ray":
        _fail(USAGE, "--address is for --engine ray")
    fields = Fields(text_field, html_field, id_field, url_field, title_field)
    options = Options(
        format,
        fields,
        input_format,
        _verdicts(only, drop=drop),
        chosen_policy(policy, review_at, drop_at, model),
        content,
        visible_text,
        shard_pages,
        str(model) if model else None,
    )
    limits = Limits(None if jobs == -1 else jobs, timeout, memory_mb)
    print_summary(terminal(), _run(inputs, output, options, limits, engine, address), output)


def chosen_policy(name: str | None, review_at: float | None, drop_at: float | None, model: Path | None) -> Policy:
    """What `--policy`, `--review-at` and `--drop-at` say together; a wrong call ends with its message."""
    from noisefilter.model import DEFAULT, ModelError, policies_at  # noqa: PLC0415 - what --help does not need
    from noisefilter.policy import find_policy  # noqa: PLC0415

    try:
        return find_policy(name, policies_at(model or DEFAULT)).with_cuts(review_at, drop_at)
    except (ModelError, ValueError) as error:
        _fail(USAGE, *lines_of(error))


def _run(
    inputs: list[str], output: str, options: Options, limits: Limits, engine: EngineName, address: str | None
) -> Mapping[str, Any]:
    """The run's summary; what ends it early becomes a message and an exit code."""
    from noisefilter.batch.errors import BatchError, RefusedError  # noqa: PLC0415 - what --help does not need
    from noisefilter.batch.runner import run  # noqa: PLC0415

    try:
        return run(inputs, output, options, limits, engine=engine, address=address)
    except RefusedError as error:
        _fail(USAGE, *lines_of(error))
    except (BatchError, OSError) as error:
        _fail(
            FAILED,
            *lines_of(error),
            "What is done stays done; unless the message says otherwise, the same command goes on.",
        )
    except KeyboardInterrupt:
        _fail(STOPPED, "stopped. Nothing that is done is lost: the same command goes on.")


def _verdicts(only: str | None, *, drop: bool) -> tuple[str, ...] | None:
    chosen = tuple(name.strip() for name in only.split(",")) if only is not None else VERDICTS
    try:
        check_choices(chosen, VERDICTS, "--only", "--only knows no verdict")
    except ValueError as error:
        _fail(USAGE, *lines_of(error))
    kept = tuple(name for name in VERDICTS if name in chosen and not (drop and name == "drop"))
    return None if kept == VERDICTS else kept


def _fail(code: int, *lines: str) -> NoReturn:
    complain("noisefilter", *lines)
    raise typer.Exit(code)


def print_summary(console: Console, summary: Mapping[str, Any], output: str) -> None:
    """What became of the pages, why, and the sites with the largest share of noise."""

    def say(text: str) -> None:
        console.print(shown(text), soft_wrap=True, markup=False, highlight=False)

    rate = summary["pages_per_second"]
    say(
        f"{summary['read']:,} read: {summary['kept']:,} kept, {summary['dropped']:,} dropped, {summary['rejected']:,} rejected"
        f"{'' if rate is None else f'; {rate:,.0f} pages a second'}"
    )
    for title, name in (
        ("verdicts", "verdicts"),
        ("statuses", "statuses"),
        ("dropped", "drop_reasons"),
        ("rejected", "reject_reasons"),
        ("spans", "spans"),
    ):
        if summary[name]:
            say(f"{title}: {', '.join(f'{count:,} {key}' for key, count in summary[name].items())}")
    sites = [site for site in summary["sites"] if site["site"] and site["dropped"]]
    for site in sorted(sites, key=lambda site: -site["dropped"] * site["pages"])[:SITES]:
        say(f"  {site['dropped']:.0%} of {site['pages']:,} pages judged noise: {site['site']}")
    if summary["files_passed_over"]:
        say(f"files passed over, of other types or of other runs: {summary['files_passed_over']:,}")
    say(f"wrote {output}")
