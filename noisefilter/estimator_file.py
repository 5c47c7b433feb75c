"""Fitted estimator ↔ bytes of skops, for what arrays cannot hold; read only with a list of the types that may be built.

skops is an extra: who has no such model needs it not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection

EXTRA = "skops is not installed; it comes with the extra: python -m pip install 'noisefilter[skops]'"


class EstimatorError(ValueError):
    """An estimator that cannot be written or read, or whose types nobody has allowed."""


def type_name(estimator: object) -> str:
    """Module and name of an object's class, as skops and `trusted` write it."""
    return f"{type(estimator).__module__}.{type(estimator).__qualname__}"


def dump_estimator(estimator: object) -> bytes:
    """The estimator as skops writes it; not the same bytes twice, since skops writes addresses and times.

    Raises:
        EstimatorError: skops is missing, or cannot write it.
    """
    try:
        from skops.io import dumps  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise EstimatorError(EXTRA) from error
    try:
        return bytes(dumps(estimator))
    except Exception as error:
        msg = f"skops cannot write a {type_name(estimator)}: {error}"
        raise EstimatorError(msg) from error


def load_estimator(content: bytes, expected: str, trusted: Collection[str]) -> Any:  # noqa: ANN401 - any class may be named
    """The estimator, if it is of the expected type, and that and all types that skops does not know to be safe are trusted.

    Raises:
        EstimatorError: a type that is not trusted, another type than expected, unreadable bytes, or skops is missing.
    """
    try:
        from skops.io import get_untrusted_types, loads  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise EstimatorError(EXTRA) from error
    try:
        needed = {expected, *get_untrusted_types(data=content)}
    except Exception as error:
        msg = f"skops cannot read it: {error}"
        raise EstimatorError(msg) from error
    if missing := sorted(needed - set(trusted)):
        msg = f"it holds types that were not allowed: {', '.join(missing)}. Who trusts whoever made it passes them as `trusted`"
        raise EstimatorError(msg)
    try:
        estimator = loads(content, trusted=sorted(needed))
    except Exception as error:
        msg = f"skops cannot read it: {error}"
        raise EstimatorError(msg) from error
    if type_name(estimator) != expected:
        msg = f"it holds a {type_name(estimator)}, not the {expected} that was named"
        raise EstimatorError(msg)
    return estimator
