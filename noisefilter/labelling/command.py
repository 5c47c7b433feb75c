"""`noisefilter label`: pages → tasks for a labelling tool, and what comes back → labels."""

from __future__ import annotations

from itertools import starmap
from pathlib import Path  # noqa: TC003 - typer reads annotations
from typing import Annotated, Literal

import typer

from noisefilter.report.options import DONE, UNSCORED, InputNames, Jobs, Loudness, ModelOption, check_output, fail, load
from noisefilter.report.printing import say

label = typer.Typer(help="Label pages of your own in Label Studio or doccano.", no_args_is_help=True)
ToolOption = Annotated[Literal["label-studio", "doccano"], typer.Option("--tool", help="The labelling tool.")]


@label.command("export")
def label_export(
    inputs: InputNames,
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write pages and tasks to.")],
    tool: ToolOption,
    *,
    limit: Annotated[
        int | None, typer.Option(min=1, help="No more pages than this; the most doubtful are taken.")
    ] = None,
    model: ModelOption = None,
    jobs: Jobs = 1,
    _loudness: Loudness = None,
) -> None:
    """Write pages as tasks, with the model's spans, the doubtful first; exits with 1 if some page could not be scored."""
    from noisefilter.batch.inputs import Inputs  # noqa: PLC0415 - what --help does not need
    from noisefilter.labelling.candidates import choose_pages, list_given  # noqa: PLC0415
    from noisefilter.labelling.folder import refuse_corpus, write_export  # noqa: PLC0415
    from noisefilter.report.progress import Meter  # noqa: PLC0415

    check_output(output, is_folder=True)  # now, not when all pages are scored
    refuse_corpus(output, tool)
    chosen, given = load(model), Inputs(inputs)
    listed = starmap(list_given, Meter("scoring").over(given.pages()))
    choice = choose_pages(listed, chosen, limit=limit, jobs=jobs)
    written = write_export(output, choice.candidates, tool) if choice.candidates else []
    for name, status in choice.unscored:
        say(f"{name}: left out: {status}")
    if choice.renamed:
        say(
            f"{len(choice.renamed)} with the id of an earlier page are named with a number, such as {choice.renamed[0]}"
        )
    if not choice.candidates:
        fail("no page could be scored: nothing is written")
    passed_over = f", {choice.passed_over} less doubtful ones passed over" if choice.passed_over else ""
    left_out = len(choice.unscored) + given.rejected
    say(f"{len(choice.candidates)} pages to label{passed_over}, {left_out} without a score left out")
    say(f"wrote {', '.join(str(output / name) for name in written)}")
    raise typer.Exit(UNSCORED if left_out else DONE)


@label.command("import")
def label_import(
    folder: Annotated[Path, typer.Argument(help="The folder that `label export` wrote.")],
    annotated: Annotated[list[Path], typer.Argument(help="What the tool exported; for doccano a file an annotator.")],
    tool: ToolOption,
    *,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Lose what earlier imports say of the same pages; those of other pages stay."),
    ] = False,
    _loudness: Loudness = None,
) -> None:
    """Write labels.jsonl beside the pages; refuses labels that contradict them, with file and line or task, and writes nothing then."""
    from noisefilter.labelling.folder import import_labels  # noqa: PLC0415 - as above

    done = import_labels(folder, annotated, tool, replace=replace)
    say(
        f"{done.labelled} of {done.pages} pages labelled, {done.pages - done.labelled} without an annotation left out; "
        f"{done.with_noise} with a noise, {done.several} by several annotators, {done.unchanged} just as the model marked them"
    )
    if done.earlier:
        say(f"{done.earlier} labels of other pages, from earlier imports, stay")
    say(f"wrote {folder / 'labels.jsonl'}")
