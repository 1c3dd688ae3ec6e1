"""The type of every array: NumPy's, of whatever number type the network has."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

Array = npt.NDArray[Any]
