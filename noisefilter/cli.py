"""Arguments → calls: `noisefilter score | clean | policies | report | review | train | evaluate | label`."""

from __future__ import annotations

import json
import os
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperGroup

from noisefilter.batch.command import clean
from noisefilter.labelling.command import label
from noisefilter.policy import BALANCED, POLICIES, Policy
from noisefilter.report.options import LABELLED, Jobs, LabelledNames, Loudness, ModelOption, check_output, fail, load
from noisefilter.report.printing import lenient, lines_of, say, shown
from noisefilter.threads import terminable
from noisefilter.types import UserError, needs_extra
from noisefilter.viewing.command import report, review, score

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from noisefilter.model import Model


class Commands(TyperGroup):
    """Commands that say in a message what is wrong with their arguments, inputs and files."""

    def make_context(self, *args: Any, **options: Any) -> Any:  # noqa: ANN401, D102 - click's, as typer carries it
        for name in ("stdout", "stderr"):
            if getattr(sys, name) is None:  # closed, as `>&-` does it: what is printed is not wanted
                setattr(sys, name, Path(os.devnull).open("w", encoding="utf8"))  # noqa: SIM115 - until the process ends
        lenient(sys.stdout)  # --help, too, may print characters that the encoding lacks
        with _messages():
            return super().make_context(*args, **options)

    def invoke(self, *args: Any) -> Any:  # noqa: ANN401, D102
        with _messages(), terminable():
            return super().invoke(*args)


@contextmanager
def _messages() -> Iterator[None]:
    """End the command over what its user can mend; escape usage errors, whose arguments may hold control characters."""
    try:
        yield
    except BrokenPipeError:  # whoever reads the output has seen enough
        raise
    except (UserError, OSError) as error:
        fail(*lines_of(error))
    except Exception as error:
        if isinstance(getattr(error, "message", None), str):  # click's errors; their class is in more than one module
            error.message = shown(error.message)  # type: ignore[attr-defined]
        raise


HELP = {"help_option_names": ["-h", "--help"]}
app = typer.Typer(cls=Commands, no_args_is_help=True, pretty_exceptions_enable=False, context_settings=HELP)
#: Exit code of `train` if the model is worse than the default one.
WORSE = 3
#: The file to write if none is named.
POLICY = Path("policy.json")
app.add_typer(label, name="label")


def _say_version(asked: bool) -> None:  # noqa: FBT001 - typer calls it so
    if asked:
        from importlib.metadata import version  # noqa: PLC0415 - only here

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


def train(
    labelled: LabelledNames,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder to write the model to; never a shipped model's.")
    ],
    *,
    name: Annotated[str | None, typer.Option(help="Name that scores carry; the folder's by default.")] = None,
    from_nothing: Annotated[
        bool,
        typer.Option("--from-nothing", help="Fit everything on these pages instead of adapting the default model."),
    ] = False,
    reader: Annotated[
        bool, typer.Option("--reader", help="Adapt the last layer of the model's reader, too; needs the extra `onnx`.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Write the model although the default one is better on the held-out pages.")
    ] = False,
    jobs: Jobs = 1,
    _loudness: Loudness = None,
) -> None:
    """Adapt the default model to labelled pages, or fit one; print what that changed, write arrays, manifest and card.

    A model that is worse than the default one on the held-out pages is not written, unless --force is given; the exit code is then 3.
    """
    from noisefilter.batch.labelled import read_labelled  # noqa: PLC0415 - what --help does not need
    from noisefilter.learn.card import write_picture  # noqa: PLC0415
    from noisefilter.learn.session import adapt_to, fit_on  # noqa: PLC0415
    from noisefilter.model import SHIPPED, folder_of, save_model  # noqa: PLC0415
    from noisefilter.report.figures import comparison_tables, print_tables  # noqa: PLC0415

    shipped = {folder_of(name).resolve() for name in SHIPPED}
    if folder_of(output).resolve() in shipped or _manifest_of(output).get("name") in SHIPPED:  # or a clone's
        fail(f"{output} names a model that comes with noisefilter: name another folder to write yours to")
    if output.exists() and not output.is_dir():
        fail(f"{output} is a file: a model is a folder")
    check_output(output, is_folder=True, holds=_holds_model, what="model")
    if reader and from_nothing:
        fail("--reader and --from-nothing exclude each other: a model from nothing has no reader")
    if reader and not find_spec("onnx"):
        fail(needs_extra("--reader", "onnx", "onnx"))
    pages, called = read_labelled(labelled), name or output.name
    done = fit_on(pages, called, jobs, say) if from_nothing else adapt_to(pages, called, jobs, say, heads=reader)
    if force or not done.is_worse:
        save_model(done.model, output, done.card)
        write_picture(done.after, output)
    print_tables(*comparison_tables(done.before, done.after, "fitted" if from_nothing else "adapted"))
    say(*done.notes)
    if done.is_worse and not force:
        fail(
            "nothing is written, for the default model is the better one on the held-out pages: label pages of more sites, or "
            "write it all the same with --force",
            code=WORSE,
        )
    nothing = "" if done.is_adapted else ", which judges as the default model does, for nothing was adapted"
    say(f"wrote {output}{nothing}")


def evaluate(
    model: Annotated[Path, typer.Argument(help="Folder of a model, `default` or `fast`.")],
    labelled: LabelledNames,
    *,
    labels: Annotated[
        str | None, typer.Option(help="File with the labels of the inputs' pages, found by their ids: no other counts.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    jobs: Jobs = 1,
    _loudness: Loudness = None,
) -> None:
    """Print a model's figures on labelled pages, by kind and by source."""
    from noisefilter.batch.labelled import read_labelled  # noqa: PLC0415 - as above
    from noisefilter.learn.evaluate import judge_pages, measure_scores  # noqa: PLC0415
    from noisefilter.learn.provenance import figure_notes, opposite_note, taught_note, unscored_note  # noqa: PLC0415
    from noisefilter.report.figures import ALL, figure_tables, print_tables  # noqa: PLC0415

    chosen = load(model)
    pages = read_labelled(labelled, labels)
    judged = judge_pages(chosen, pages, jobs)
    figures, unscored = measure_scores(chosen, judged), unscored_note(judged, chosen.label)
    if not figures:
        fail("nothing can be measured: no page has a label that the format knows and is judged", *unscored)
    if as_json:
        typer.echo(json.dumps(figures, indent=1))
    else:
        print_tables(*figure_tables(figures))
    notes = (
        unscored,
        opposite_note(figures.get("noise", {}).get(ALL, {})),
        figure_notes(figures),
        taught_note(chosen.manifest, pages),
    )
    say(*chain.from_iterable(notes))


def policies(
    *,
    on: Annotated[list[str] | None, typer.Option(help=f"Choose cuts for these; may be given again. {LABELLED}")] = None,
    policy: Annotated[str, typer.Option(help="Which of the policies to choose again with --on.")] = BALANCED,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File to write that policy to, by default policy.json; never one that holds anything else.",
        ),
    ] = None,
    model: ModelOption = None,
    jobs: Jobs = 1,
    _loudness: Loudness = None,
) -> None:
    """Print the policies with their measured figures; with --on, choose one on labels of your own and write it."""
    from noisefilter.report.figures import policy_table, print_tables  # noqa: PLC0415 - as above

    if on is None and (output or policy != BALANCED):
        fail("--policy and --output are for a policy that is chosen: name labelled pages with --on")
    chosen = load(model)
    if on is None:
        base = chosen.manifest.get("base", {})
        whose = f"{base['model']}, whose policies it has," if base.get("gave_policies") else "it"
        say(
            f"{chosen.label}, as measured where its policies were chosen: articles of sites that taught {whose} nothing"
        )
        known = chosen.manifest["policies"]
        print_tables(policy_table({name: {**known[name], **known[name].get("measured", {})} for name in POLICIES}))
    elif policy not in POLICIES:
        fail(f"--policy {policy!r} cannot be chosen again: choose from {', '.join(POLICIES)}")
    else:
        _choose(on, chosen, policy, output or POLICY, jobs)


def _holds_policy(path: Path) -> bool:
    try:
        Policy.load(path)
    except ValueError:
        return False
    return True


def _holds_model(folder: Path) -> bool:
    """Whether a folder holds a model, whichever version wrote it."""
    return "arrays_sha256" in _manifest_of(folder)


def _manifest_of(folder: Path) -> dict[str, Any]:
    """A model's manifest; empty if there is none."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf8"))
    except (OSError, ValueError):
        return {}
    return manifest if isinstance(manifest, dict) else {}


def _choose(labelled: Sequence[str], model: Model, name: str, output: Path, jobs: int) -> None:
    """Score the labelled pages, choose the policy, print and write it."""
    from noisefilter.batch.labelled import read_labelled  # noqa: PLC0415 - as above
    from noisefilter.learn.evaluate import judge_pages, observe_noise  # noqa: PLC0415
    from noisefilter.learn.policies import choose_with_intervals, gap_notes, vague_notes  # noqa: PLC0415
    from noisefilter.learn.provenance import opposite_note, taught_note, unscored_note  # noqa: PLC0415
    from noisefilter.report.figures import policy_table, print_tables  # noqa: PLC0415

    check_output(output, holds=_holds_policy, what="policy")
    pages = read_labelled(labelled)
    judged = judge_pages(model, [page for page in pages if page.noise is not None], jobs)
    say(*unscored_note(judged, model.label))
    observed = observe_noise(judged)
    chosen, figures = choose_with_intervals(observed, name)
    policy = Policy(chosen.review_at, chosen.drop_at, f"{name}, own labels")
    output.parent.mkdir(parents=True, exist_ok=True)
    policy.save(output, model=model.label, measured={key: round(value, 4) for key, value in figures.items()})
    say(
        f"chosen on {figures['articles']} judged pages, {figures['noisy']} of them noise; in brackets: 95% intervals. Figures are of "
        "pages left out of the choice in turn"
    )
    print_tables(policy_table({policy.name: figures}))
    say(
        *taught_note(model.manifest, pages),
        *opposite_note(figures),
        *vague_notes(figures),
        *gap_notes(observed, chosen),
    )
    if policy.drop_at == 1:
        say("no cut keeps what this policy promises of its drops on these labels: it drops nothing")
    say(f"wrote {output}: use it as --policy {output}")


for command in (score, clean, policies, report, review, train, evaluate):
    app.command()(command)
if __name__ == "__main__":
    app()
