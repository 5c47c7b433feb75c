"""Names for arrays, by shape and type."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

#: One number per row: (rows,).
Column = NDArray[np.float64]
#: Numbers in rows and columns: (rows, columns).
Matrix = NDArray[np.float64]
#: A network's input matrix: float32 in training, where there are millions of rows.
Inputs = NDArray[np.floating[Any]]
#: Integers: rows of another array, offsets, counts.
Index = NDArray[np.int64]
#: Booleans, mostly one per row: (rows,).
Flags = NDArray[np.bool_]
#: A model's arrays by name.
Arrays = dict[str, Matrix]
