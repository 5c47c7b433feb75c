"""Two cuts on `noise`: what is reviewed, and what is dropped."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping

#: The policies that every model has, from the one that drops least to the one that drops most.
POLICIES = CAUTIOUS, BALANCED, STRICT = ("cautious", "balanced", "strict")
#: Name of a user's own policy.
OWN = "own"


@dataclass(frozen=True, slots=True)
class Policy:
    """An article's verdict by its `noise`: at or above `drop_at` "drop", else at or above `review_at` "review".

    Raises:
        TypeError: a cut that is not a number, or a name that is not a string.
        ValueError: a cut outside 0-1, or `review_at` above `drop_at`.

    Examples:
        >>> Policy(0.5, 0.8)
        Policy(review_at=0.5, drop_at=0.8, name='own')
    """

    review_at: float
    drop_at: float
    name: str = OWN

    def __post_init__(self) -> None:
        """Check the cuts."""
        for name in ("review_at", "drop_at"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise TypeError(f"{name} must be a number, not {type(value).__name__}")
            if not (isfinite(value) and 0 <= value <= 1):
                raise ValueError(f"{name} must lie between 0 and 1, not {value}")
        called: object = self.name
        if not isinstance(called, str):
            raise TypeError(f"a policy's name must be a string, not {type(called).__name__}")
        if self.review_at > self.drop_at:
            raise ValueError(f"review_at must not lie above drop_at: {self.review_at} > {self.drop_at}")

    def with_cuts(self, review_at: float | None = None, drop_at: float | None = None) -> Policy:
        """This policy with other cuts; if only one is given, the other moves where the two would conflict.

        Raises:
            ValueError: as for a `Policy`.

        Examples:
            >>> Policy(0.5, 0.8).with_cuts(drop_at=0.4)
            Policy(review_at=0.4, drop_at=0.4, name='own')
        """
        if review_at is None and drop_at is None:
            return self
        review = review_at if review_at is not None else min(self.review_at, 1 if drop_at is None else drop_at)
        drop = drop_at if drop_at is not None else max(self.drop_at, review)
        return Policy(review, drop, OWN)

    @classmethod
    def load(cls, path: str | Path) -> Self:
        """The policy in a file that `save` or `noisefilter policies` wrote.

        Raises:
            OSError: the file cannot be read.
            ValueError: it holds no policy; the message names the file.
        """
        try:
            return cls.from_dict(json.loads(Path(path).read_text(encoding="utf8")))
        except (TypeError, ValueError, RecursionError) as error:
            raise ValueError(f"{path} holds no policy: {error}") from error

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """The policy in a record; its measurements are ignored.

        Raises:
            TypeError: the record is not an object, or a cut is not a number.
            ValueError: a cut is missing, or as for a `Policy`.
        """
        if not isinstance(record, dict):
            raise TypeError(f"a policy is an object, not {type(record).__name__}")
        if missing := [name for name in ("review_at", "drop_at") if name not in record]:
            raise ValueError(f"{missing[0]} is missing")
        return cls(record["review_at"], record["drop_at"], record.get("name", OWN))

    def save(self, path: str | Path, **more: object) -> None:
        """Write the policy and the fields `more` as JSON."""
        Path(path).write_text(json.dumps({**asdict(self), **more}, indent=1) + "\n", encoding="utf8")


def find_policy(wanted: object, known: Mapping[str, Policy]) -> Policy:
    """Find a policy: one of the model's by its name, a file by its path, or a `Policy` itself; "balanced" if None.

    Raises:
        TypeError: something else was asked for.
        ValueError: an unknown name that is no file either, or a file that holds no policy.
    """
    if isinstance(wanted, Policy):
        return wanted
    if wanted is None:
        return known[BALANCED]
    if not isinstance(wanted, str | Path):
        raise TypeError(f"policy must be a Policy, a name, a path or None, not {type(wanted).__name__}")
    if isinstance(wanted, str) and wanted in known:
        return known[wanted]
    try:
        return Policy.load(wanted)
    except OSError as error:
        raise ValueError(
            f"unknown policy {str(wanted)!r}: choose from {', '.join(POLICIES)}, or name a file that can be read"
        ) from error


def check_policy(wanted: object) -> None:
    """Raise TypeError or ValueError if no model knows this policy: before the first page, not in a remote worker."""
    find_policy(wanted, dict.fromkeys(POLICIES, Policy(1, 1)))
