"""The public functions. Arguments are checked here; bad pages get a status further down."""

from __future__ import annotations

import pickle
from contextlib import closing
from functools import lru_cache, partial
from itertools import chain
from operator import index
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from noisefilter.batches import cut_batches
from noisefilter.blocks.sites import SiteProfile
from noisefilter.html.cleaning.page import clean_page
from noisefilter.kinds import REMOVED_KINDS
from noisefilter.model import Model, as_model, check_model, check_thresholds, load_model
from noisefilter.page import as_page
from noisefilter.pipeline import extract_safely, score_safely
from noisefilter.policy import check_policy
from noisefilter.text.language import CODES, subtag
from noisefilter.threads import late_import
from noisefilter.types import Format, Page, Score, check_kinds, check_type

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from noisefilter.policy import Policy


def score(
    page: bytes | str | Page,
    *,
    url: str | None = None,
    title: str | None = None,
    format: Format = "auto",  # noqa: A002
    language: str | None = None,
    policy: Policy | str | Path | None = None,
    thresholds: Mapping[str, float] | None = None,
    site: SiteProfile | None = None,
    model: Model | str | Path | None = None,
) -> Score:
    """How likely a page is noise, with the evidence.

    Args:
        page: HTML or plain text; bytes are decoded. A `Page` has its own url, title and format.
        url: where the page came from; it is copied to the score.
        title: the article's title, if known; otherwise it is read from the page.
        format: "html" or "text" instead of sniffing.
        language: ISO 639-1 code of the article ("en", "zh-Hans"), if known; otherwise it is detected. Only English is judged.
        policy: decides the verdict: "cautious", "balanced" (default), "strict", a `Policy`, or the path of one.
        thresholds: probability from which a span is cut, by kind, and `not_article`; the model's by default.
        site: profile of the page's site, which knows the blocks that recur on its pages; none by default.
        model: a loaded `Model`, "fast", or the folder of a model; the shipped model with the reader by default.

    Returns:
        The score. Bad input never raises: its `status` says what is wrong, and its numbers are None. If the code itself
        fails on a page, the status is "unreadable", and the traceback goes to the logger `noisefilter`.

    Raises:
        TypeError: `page` is neither bytes, str nor Page, or another argument has the wrong type.
        ValueError: an unknown format, language, policy or threshold, or a url or title that is not the `Page`'s own.
        ModelError: `model` names a folder that holds no model; it is a ValueError.

    Examples:
        >>> score("Too little to say.").status
        'too_short'
    """
    wanted = as_page(page, url=url, title=title, format=format)
    limits = _check_options(thresholds, language, site, model, policy)
    return score_safely([wanted], as_model(model), limits, language, site, policy)[0]


def score_many(
    pages: Iterable[bytes | str | Page],
    *,
    jobs: int = 1,
    language: str | None = None,
    policy: Policy | str | Path | None = None,
    thresholds: Mapping[str, float] | None = None,
    site: SiteProfile | None = None,
    model: Model | str | Path | None = None,
) -> Iterator[Score]:
    """Scores in page order, the same as `score` gives, computed in batches.

    Pages are contents, or `Page`s with their url and title; a generator is read lazily. `jobs` is the number of worker
    processes, -1 for one per core. The other arguments are as for `score`; with a `site`, all pages must be from it.

    Raises:
        TypeError: a page that is neither bytes, str nor Page, or `jobs` is no integer.
        ValueError: an unknown language, policy or threshold, or `jobs` is 0 or below -1.
        ModelError: `model` names a folder that holds no model; it is a ValueError.
    """
    if isinstance(pages, bytes | str | Page):
        raise TypeError(f"score_many takes several pages; for one {type(pages).__name__} use score")
    limits = _check_options(thresholds, language, site, model, policy)
    try:
        jobs = index(jobs)  # NumPy's integers, too
    except TypeError:
        raise TypeError(f"jobs must be an integer, not {type(jobs).__name__}") from None
    if jobs == 0 or jobs < -1:
        raise ValueError(f"jobs must be a positive number or -1, not {jobs}")
    if isinstance(model, str | Path):
        as_model(model)  # so that a bad model fails now
    options: dict[str, Any] = {"thresholds": limits, "language": language, "site": site, "policy": policy}
    batches = cut_batches(_numbered(pages), lambda page: len(page.content))
    if jobs == 1:
        return chain.from_iterable(score_safely(batch, as_model(model), **options) for batch in batches)
    return _score_in_workers(batches, jobs, model, options)


def _numbered(pages: Iterable[bytes | str | Page]) -> Iterator[Page]:
    """The pages; an error names the place of the page that is none."""
    for place, page in enumerate(pages):
        try:
            yield as_page(page)
        except (TypeError, ValueError) as error:
            raise type(error)(f"page {place}: {error}") from error


def _score_in_workers(
    batches: Iterable[list[Page]], jobs: int, model: Model | str | Path | None, options: dict[str, Any]
) -> Iterator[Score]:
    """Scores of the batches, in order; a worker reads the model from a file, once, rather than with each batch."""
    joblib = late_import("joblib")  # takes 0.1 s, and one process does not need it
    run = joblib.Parallel(n_jobs=jobs, return_as="generator", pre_dispatch="2 * n_jobs")
    with TemporaryDirectory(prefix="noisefilter-") as folder:
        find_model = partial(as_model, model)
        if isinstance(model, Model):
            path = Path(folder) / "model.pickle"
            path.write_bytes(pickle.dumps(model))
            find_model = partial(_unpickled, path)
        with closing(run(joblib.delayed(_score_batch)(batch, find_model, options) for batch in batches)) as scored:
            yield from chain.from_iterable(scored)


@lru_cache(maxsize=1)
def _unpickled(path: Path) -> Model:
    model: Model = pickle.loads(path.read_bytes())  # noqa: S301 - written above
    return model


def _score_batch(batch: list[Page], find_model: Callable[[], Model], options: dict[str, Any]) -> list[Score]:
    return score_safely(batch, find_model(), **options)


def extract(
    page: bytes | str | Page,
    *,
    url: str | None = None,
    title: str | None = None,
    format: Format = "auto",  # noqa: A002
    thresholds: Mapping[str, float] | None = None,
    site: SiteProfile | None = None,
    model: Model | str | Path | None = None,
    headline: bool = False,
) -> str:
    """The article's text: the page without boilerplate, and nothing else removed; "" if it holds none, or is too large to be read.

    The headline counts as boilerplate, since `Score.title` has it; `headline=True` keeps it where the page shows it.
    Other arguments and errors are as for `score`.

    Examples:
        >>> extract("<body><nav><a href='/'>Home</a> <a href='/news'>News</a></nav></body>")
        ''
    """
    wanted = as_page(page, url=url, title=title, format=format)
    limits = _check_options(thresholds, None, site, model)
    return extract_safely(wanted, as_model(model), limits, site, headline=headline)


def clean_html(
    page: bytes | str | Page,
    *,
    kinds: Collection[str] = REMOVED_KINDS,
    url: str | None = None,
    title: str | None = None,
    language: str | None = None,
    thresholds: Mapping[str, float] | None = None,
    site: SiteProfile | None = None,
    model: Model | str | Path | None = None,
) -> str:
    """The page's HTML without the spans that `Score.clean(kinds)` cuts; safe to embed if a CSP forbids scripts.

    Arguments other than `kinds` are as for `score`.

    Returns:
        HTML of the kept text, with allowed elements, attributes, links and images only; "" if the page cannot be read.

    Raises:
        TypeError: `page` is neither bytes, str nor Page.
        ValueError: an unknown kind or threshold.
    """
    check_kinds(kinds)
    wanted = as_page(page, url=url, title=title, format="html")
    limits = _check_options(thresholds, language, site, model)
    result = score_safely([wanted], as_model(model), limits, language, site)[0]
    return "" if result.status == "unreadable" else clean_page(wanted, result, kinds)


def load(path: str | Path) -> Model:
    """A model: "default", "fast" (no reader: two and a half times as fast, finds less), or a folder from `noisefilter train`.

    Raises:
        ModelError: the folder holds no model, or one that this version cannot use; the message names the file.
    """
    check_model(path)
    return load_model(path)


def check_language(language: str | None) -> None:
    """Raise ValueError for what begins with no code of ISO 639-1, TypeError for what is no string."""
    check_type("language", language, str)
    if language is not None and subtag(language) not in CODES:
        raise ValueError(f"language must be a code of ISO 639-1, such as 'en' or 'pt-BR', not {language!r}")


def _check_options(
    thresholds: Mapping[str, float] | None,
    language: str | None,
    site: SiteProfile | None,
    model: Model | str | Path | None,
    policy: Policy | str | Path | None = None,
) -> dict[str, float]:
    """Check the arguments and return the thresholds: a bad argument must not be reported as a bad page."""
    check_language(language)
    check_type("site", site, SiteProfile)
    check_type("model", model, Model | str | Path)
    check_policy(policy)
    limits = dict(thresholds or {})
    check_thresholds(limits)
    return limits
