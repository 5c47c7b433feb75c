"""Training data → what the models `default` and `fast` hold: the library's stages and then the reader's, each kept in a folder.

What a stage gave is read again as long as code and data are the same; `first` names a stage from which on all is fitted anew,
whatever has changed, on what is kept of those before it. A stage that no other one reads can be fitted alone, for models that
are there (`refit_stage`).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import joblib
from threadpoolctl import threadpool_limits

import noisefilter
from noisefilter.fit import FOLDS
from noisefilter.insertions.fit import fit_insertions, labelled_examples
from noisefilter.learn.stages import STAGES, Fitted
from noisefilter.learn.train import model_of
from reader_training.last import LastFit, fit_last, writer_fold

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from noisefilter.arrays import Arrays
    from noisefilter.learn.stages import Training
    from noisefilter.model import Model
    from noisefilter.types import Page

CODE = (Path(noisefilter.__file__).parent, Path(__file__).parent)
#: Stages that no other stage reads, so that each can be fitted alone.
ALONE = ("blocks", "articles")
#: Stages whose results for each fold no model holds.
FOLDED = ("sentences", "writers", "reader")


@dataclass(frozen=True, slots=True)
class Learned:
    """What some stages gave.

    `measures` are what the library's stages gave, all that `fast` holds. `writers` are classifiers of insertions that have not
    seen the writers of their fold, `readers` readers that have seen neither these nor its sites and, last, the one that ships.
    `last` are the networks that read it, and thresholds where theirs are other ones.
    """

    measures: Fitted = field(default_factory=Fitted)
    writers: Sequence[Arrays] = ()
    readers: Sequence[bytes] = ()
    last: Fitted = field(default_factory=Fitted)

    def __or__(self, other: Learned) -> Learned:
        """These and what another stage gave."""
        return Learned(
            self.measures | other.measures,
            other.writers or self.writers,
            other.readers or self.readers,
            self.last | other.last,
        )


@dataclass(frozen=True, slots=True)
class Run:
    """What the stages read: the library's `training`, the texts and the torch device of `ReaderFit`; `kept` is the folder."""

    training: Training
    texts: Sequence[Page]
    kept: Path
    device: str = "cpu"

    def kept_stage(self, name: str) -> dict[str, Any] | None:
        """What a stage `gave` that is kept, and the `key` of the code and data that it comes from."""
        path = self._path(name)
        return joblib.load(path) if path.is_file() else None

    def keep(self, name: str, gave: Learned, key: str) -> None:
        """Keep what a stage gave."""
        self.kept.mkdir(parents=True, exist_ok=True)
        joblib.dump({"key": key, "gave": gave}, self._path(name))

    def _path(self, name: str) -> Path:
        return self.kept / f"{name}.joblib"


def fit_both(
    run: Run,
    names: tuple[str, str],
    *,
    vectors_file: Path | None = None,
    first: str | None = None,
    base: Learned | None = None,
    only: str | None = None,
) -> tuple[Model, Model]:
    """A model with a reader and one without, from one run (extra `train`).

    Args:
        run: what they learn from.
        names: of the model with the reader, and of the other.
        vectors_file: where the vectors were read, if that is not the shipped table; the model needs it in its folder.
        first: as for `fit_stages`.
        base: as for `fit_stages`.
        only: a stage to fit alone; the rest is taken from `base` (`refit_stage`).

    Raises:
        CorpusError: a stage has no labels (of both sorts, in both parts).
    """
    with threadpool_limits(1):
        learned = refit_stage(run, only, base) if only and base else fit_stages(run, first, base)
    read, measured = learned.measures | learned.last, learned.measures
    return (
        model_of(read, run.training, names[0], vectors_file, learned.readers[-1]),
        model_of(measured, run.training, names[1], vectors_file),
    )


def fit_stages(
    run: Run, first: str | None = None, base: Learned | None = None, names: Sequence[str] | None = None
) -> Learned:
    """What all stages give.

    Args:
        run: what they read.
        first: the stage from which on all is fitted anew.
        base: what the models hold; their stages before `first` are taken where none are kept.
        names: of the stages, all if None.
    """
    done, names = Learned(), list(names or EVERY)
    older = names[: names.index(first)] if first else []
    if base is not None:
        arrays = {key: value for stage in older for key, value in base.measures.of(stage).items()}
        done = Learned(replace(base.measures, arrays=arrays))
    key = _key(run)
    fresh = False
    for name in names:
        found = run.kept_stage(name)
        if found and (name in older or (not first and not fresh and found["key"] == key)):
            done |= found["gave"]
        elif name not in older or base is None or name in FOLDED:
            gave, fresh = EVERY[name](run, done), True
            run.keep(name, gave, key)
            done |= gave
    return done


def refit_stage(run: Run, name: str, base: Learned) -> Learned:
    """What models hold, with one stage fitted anew.

    `articles` reads sentence classifiers of folds, which no model holds: they are fitted for it, unless they are kept.

    Args:
        run: what the stage reads; nothing is written to its folder.
        name: one of `ALONE`.
        base: what the models hold.

    Raises:
        CorpusError: the stage has no labels (of both sorts).
        ValueError: another stage reads this one.
    """
    if name not in ALONE:
        raise ValueError(f"other stages read {name!r}: fit them as well, or choose from {', '.join(ALONE)}")
    known = base.measures
    if name == "articles":
        found = run.kept_stage("sentences")
        gave = found["gave"] if found and found["key"] == _key(run) else EVERY["sentences"](run, Learned())
        known = replace(known, folds=gave.measures.folds)
    gone = known.of(name)
    rest = replace(known, arrays={key: value for key, value in known.arrays.items() if key not in gone})
    return replace(base, measures=rest | STAGES[name](run.training, known))


def _key(run: Run) -> str:
    """A hash of code and data: what a kept stage must share."""
    state = hashlib.sha256(run.training.vectors.matrix.tobytes())
    for folder in CODE:
        for path in sorted(folder.rglob("*.py")) + sorted(folder.rglob("*.toml")):
            state.update(path.read_bytes())
    data = run.training.data
    state.update(str(run.device != "cpu").encode())  # with another device the reader has a teacher
    for part in (data.fit, data.tune, data.articles or (), data.retold, data.inserted, data.tune_inserted, run.texts):
        for row in part:
            state.update(repr(row).encode("utf-8", "surrogatepass"))
    return state.hexdigest()


def _fit_writers(run: Run, done: Learned) -> Learned:
    """Classifiers of insertions without each fold's writers in turn: the last networks must not read predictions that its writer taught."""
    training, kinds = run.training, done.measures.of("sentences")
    found = []
    for fold in range(FOLDS):
        training.progress(f"insertions, without the writers of fold {fold}")
        fit, tune = (
            labelled_examples(page for page in part if writer_fold(page) != fold)
            for part in training.data.with_inserted
        )
        arrays, _ = fit_insertions(fit, tune, kinds, done.measures.folds, training.vectors, training.jobs)
        found.append(arrays)
    return Learned(writers=found)


def _fit_reader(run: Run, _: Learned) -> Learned:
    """The reader, and one of each fold."""
    from reader_training.readers import ReaderFit  # noqa: PLC0415 - torch, which only this stage needs

    fit = ReaderFit(run.texts, run.kept, run.device, run.training.progress)
    pages = run.training.data.with_inserted[0]
    return Learned(readers=fit.all_folds(pages, teacher=run.device != "cpu"))


def _fit_last(run: Run, done: Learned) -> Learned:
    """The networks that read the reader beside the measures."""
    training, measures = run.training, done.measures
    kinds, insertions = [*measures.folds, measures.of("sentences")], [*done.writers, measures.of("insertions")]
    learned = LastFit(done.readers, kinds, insertions, training.vectors)
    arrays, thresholds = fit_last(*training.data.with_inserted, learned, training.progress)
    return Learned(last=Fitted(arrays, thresholds))


def _fit_measures(name: str) -> Callable[[Run, Learned], Learned]:
    return lambda run, done: Learned(STAGES[name](run.training, done.measures))


#: All stages, in the order in which they build on one another: the library's, then the reader's.
EVERY: Mapping[str, Callable[[Run, Learned], Learned]] = {
    **{name: _fit_measures(name) for name in STAGES},
    "writers": _fit_writers,
    "reader": _fit_reader,
    "last": _fit_last,
}
