"""Functions of a table → a matrix with named columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, ParamSpec

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

Of = ParamSpec("Of")


class Columns(Generic[Of]):
    """Columns in order. Each is a function, named after itself or by the name given with it.

    >>> def length(words: NDArray[np.str_]) -> NDArray[np.float64]:
    ...     return np.char.str_len(words).astype(float)
    >>> Columns(length, ("double", lambda words: 2 * length(words))).matrix(np.array(["a", "bcd"]))
    array([[1., 2.],
           [3., 6.]])
    """

    def __init__(
        self, *features: Callable[Of, NDArray[np.float64]] | tuple[str, Callable[Of, NDArray[np.float64]]]
    ) -> None:
        pairs = [feature if isinstance(feature, tuple) else (feature.__name__, feature) for feature in features]
        self._functions = dict(pairs)
        if len(self._functions) < len(pairs):
            raise ValueError("two columns have one name")

    @property
    def names(self) -> tuple[str, ...]:
        """Names in the order of the columns."""
        return tuple(self._functions)

    def __len__(self) -> int:
        return len(self._functions)

    def __iter__(self) -> Iterator[tuple[str, Callable[Of, NDArray[np.float64]]]]:
        return iter(self._functions.items())

    def __add__(self, other: Columns[Of]) -> Columns[Of]:
        return Columns(*self, *other)

    def measure(self, *args: Of.args, **options: Of.kwargs) -> dict[str, NDArray[np.float64]]:
        """Each column by its name."""
        return {name: function(*args, **options) for name, function in self}

    def matrix(self, *args: Of.args, **options: Of.kwargs) -> NDArray[np.float64]:
        """The columns side by side: (rows, columns)."""
        return side_by_side([*self.measure(*args, **options).values()])


def side_by_side(columns: Sequence[NDArray[Any]]) -> NDArray[np.float64]:
    """Columns as a matrix: (rows, columns). `np.stack` gives the same, but first makes a view of each."""
    matrix = np.empty((len(columns[0]), len(columns)))
    for place, column in enumerate(columns):
        matrix[:, place] = column
    return matrix
