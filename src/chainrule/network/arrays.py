"""The type of every array: NumPy's, of whatever number type the network has; and how one is made read-only."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]


def frozen(array: Array) -> Array:
    """The array itself, from now on read-only."""
    array.setflags(write=False)
    return array
