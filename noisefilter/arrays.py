"""Names for arrays, by shape and type."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: One number a row: (rows,).
Column = NDArray[np.float64]
#: Numbers in rows and columns: (rows, columns).
Matrix = NDArray[np.float64]
#: The same as a network reads it: float32 in training, where there are millions of rows.
Inputs = NDArray[np.floating[Any]]
#: Whole numbers: rows of something else, offsets, counts.
Index = NDArray[np.int64]
#: One truth a row: (rows,).
Flags = NDArray[np.bool_]
#: Arrays of a model by name.
Arrays = dict[str, Matrix]
