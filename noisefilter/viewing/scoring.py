"""`noisefilter score`: inputs → scores, printed for people or as records."""

from __future__ import annotations

import logging
import sys
from collections import Counter
from itertools import islice
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
    chosen_policy,
    fail,
    load,
)
from noisefilter.report.printing import json_line, say, terminal
from noisefilter.viewing.command import check_extra

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from noisefilter.batch.inputs import Given
    from noisefilter.types import Score

    Scored = Iterator[tuple[Given, Score]]

LOGGER = logging.getLogger("noisefilter")


def score(
    inputs: InputNames,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a page and line.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Print each page's text with its spans marked.")] = False,
    as_html: Annotated[bool, typer.Option("--html", help="Print a page of HTML that shows one page's score.")] = False,
    policy: PolicyOption = None,
    review_at: ReviewAt = None,
    drop_at: DropAt = None,
    jobs: Jobs = 1,
    model: ModelOption = None,
    _loudness: Loudness = None,
) -> None:
    """Score pages; exits with 1 if some input could not be scored, with 2 for a wrong call."""
    from noisefilter.batch.inputs import Inputs, score_given  # noqa: PLC0415 - what --help does not need

    if as_json + explain + as_html > 1:
        fail("--json, --explain and --html exclude each other")
    if as_html:
        check_extra()
    chosen, decides = load(model) if model else None, chosen_policy(policy, review_at, drop_at, model)
    given = Inputs(inputs)
    wanted = islice(given, 2) if as_html else given
    scores = _all_scores(score_given(wanted, model=chosen, policy=decides, jobs=jobs))
    statuses = _print_html(scores) if as_html else _print(scores, as_json=as_json, explain=explain)
    if not statuses and not given.rejected:
        fail("no page in the inputs")
    if given.scored and (policy or model or review_at is not None or drop_at is not None):
        stood = "1 score stood" if given.scored == 1 else f"{given.scored:,} scores stood"
        LOGGER.warning("%s in the inputs, shown as they are: policy and model are for pages without one", stood)
    if statuses.total() > 1 and not as_json:
        say(f"look at them: noisefilter report {' '.join(inputs[:3])}{' …' if len(inputs) > 3 else ''} -o report.html")
    raise typer.Exit(DONE if set(statuses) <= {"ok"} and not given.rejected else UNSCORED)


def _all_scores(found: Iterable[tuple[Given, Score | None]]) -> Scored:
    """Rows with their scores: those of records as they stand."""
    from noisefilter.viewing.sources import show_record, stored_record  # noqa: PLC0415 - as above

    for given, result in found:
        yield given, result or show_record(given.id, "", stored_record(given), given.page).score


def _print(scores: Scored, *, as_json: bool, explain: bool) -> Counter[str]:
    """Print scores as they come; how many pages got which status. Where that fills a terminal, no bar is needed."""
    from noisefilter.report.progress import Meter  # noqa: PLC0415 - as above
    from noisefilter.report.terminal import Table, print_explained  # noqa: PLC0415

    console = terminal()
    table = Table(console)
    statuses = Counter[str]()
    for given, result in scores if sys.stdout.isatty() else Meter("scoring").over(scores):
        statuses[result.status] += 1
        if as_json:
            named = {"path": given.source} | ({} if given.id == given.source else {"id": given.id})
            sys.stdout.buffer.write(json_line({**named, **(given.record or result.to_dict())}))
        elif explain:
            print_explained(console, given.id, result)
        else:
            table.add(given.id, result)
    if statuses and not as_json and not explain:
        table.finish()
    sys.stdout.flush()
    return statuses


def _print_html(scores: Scored) -> Counter[str]:
    """Print the page that shows one page's score; of several pages `noisefilter report` makes one file."""
    from noisefilter.report.site import score_html  # noqa: PLC0415 - as above

    found = list(islice(scores, 2))
    if len(found) > 1:
        fail("--html shows one page: `noisefilter report` shows several")
    for given, result in found:
        sys.stdout.buffer.write(score_html(result, given.page, given.id).encode())
        sys.stdout.flush()
    return Counter(result.status for _, result in found)
