"""The public functions. Arguments are checked here; bad pages get a status further down."""

from __future__ import annotations

from functools import partial
from operator import index
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from noisefilter.batches import cut_batches
from noisefilter.blocks.sites import SiteProfile
from noisefilter.html.cleaning.page import clean_page
from noisefilter.kinds import REMOVED_KINDS
from noisefilter.model import Model, check_thresholds, load_model, model_at
from noisefilter.pipeline import extract_safely, score_safely
from noisefilter.policy import check_policy
from noisefilter.threads import late_import
from noisefilter.types import Format, Page, Score, check_kinds

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from types import UnionType

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
        page: HTML or plain text; bytes are decoded.
        url: where the page came from; it is copied to the score.
        title: the article's title, if known; otherwise it is read from the page.
        format: "html" or "text" instead of sniffing.
        language: ISO 639-1 code of the article ("en", "en-US"), if known; otherwise it is detected. Only English is judged.
        policy: decides the verdict: "cautious", "balanced" (default), "strict", a `Policy`, or the path of one.
        thresholds: probability from which a span is cut, by kind, and `not_article`; the model's by default.
        site: profile of the page's site, which knows the blocks that recur on its pages; none by default.
        model: a loaded `Model`, "fast", or the folder of a model; the shipped model with the reader by default.

    Returns:
        The score. Bad input never raises: its `status` says what is wrong, and its numbers are None. If the code itself
        fails on a page, the status is "unreadable", and the traceback goes to the logger `noisefilter`.

    Raises:
        TypeError: `page` is neither bytes, str nor Page, or another argument has the wrong type.
        ValueError: an unknown format, policy or threshold.
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
        ValueError: an unknown policy or threshold, or `jobs` is 0 or below -1.
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
    options = {"thresholds": limits, "language": language, "site": site, "policy": policy}
    return _score_batches(pages, jobs, partial(_score_batch, model=model, options=options))


def _score_batches(
    pages: Iterable[bytes | str | Page], jobs: int, score_batch: Callable[[list[Page]], list[Score]]
) -> Iterator[Score]:
    batches = cut_batches(map(as_page, pages), lambda page: len(page.content))
    if jobs == 1:
        scored = map(score_batch, batches)
    else:
        joblib = late_import("joblib")  # takes 0.1 s, and one process does not need it
        run = joblib.Parallel(n_jobs=jobs, return_as="generator", pre_dispatch="2 * n_jobs")
        scored = run(joblib.delayed(score_batch)(batch) for batch in batches)
    for scores in scored:
        yield from scores


def _score_batch(batch: list[Page], model: Model | str | Path | None, options: dict[str, Any]) -> list[Score]:
    """One batch, maybe in a worker, which is sent a model's path rather than its arrays."""
    return score_safely(batch, as_model(model), **options)


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
    """The article's text: the page without boilerplate, and nothing else removed; "" if it holds none.

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
    return load_model(path)


def as_model(model: Model | str | Path | None) -> Model:
    """The argument as a `Model`; read once per process.

    Raises:
        ModelError: a folder that holds no model.
    """
    return model if isinstance(model, Model) else model_at(model)


def as_page(
    page: object,
    *,
    url: str | None = None,
    title: str | None = None,
    format: Format = "auto",  # noqa: A002
) -> Page:
    """The argument as a `Page`; a `Page`'s own url, title and format take precedence.

    Raises:
        TypeError: it is neither bytes, str nor Page, or its url or title is not a str.
        ValueError: an unknown format.
    """
    _check_format("format", format)
    what, content = "a page", bytes(page) if isinstance(page, bytearray | memoryview) else page
    if isinstance(page, Page):
        _check_format("a page's format", page.format)
        what, content = "a page's content", page.content
        url, title, format = page.url or url, page.title or title, page.format if page.format != "auto" else format  # noqa: A001
    if not isinstance(content, bytes | str):
        raise TypeError(f"{what} must be bytes or str, not {type(content).__name__}")
    _check_type("a page's url", url, str)
    _check_type("a page's title", title, str)
    return Page(content, url, title, format)


def _check_format(what: str, value: str) -> None:
    if value not in get_args(Format):
        raise ValueError(f"{what} must be auto, html or text, not {value!r}")


def _check_type(what: str, value: object, wanted: type | UnionType) -> None:
    if value is not None and not isinstance(value, wanted):
        names = " or ".join(kind.__name__ for kind in (get_args(wanted) or (wanted,)))
        raise TypeError(f"{what} must be {names} or None, not {type(value).__name__}")


def _check_options(
    thresholds: Mapping[str, float] | None,
    language: str | None,
    site: SiteProfile | None,
    model: Model | str | Path | None,
    policy: Policy | str | Path | None = None,
) -> dict[str, float]:
    """Check the arguments and return the thresholds: a bad argument must not be reported as a bad page."""
    _check_type("language", language, str)
    _check_type("site", site, SiteProfile)
    _check_type("model", model, Model | str | Path)
    check_policy(policy)
    limits = dict(thresholds or {})
    check_thresholds(limits)
    return limits
