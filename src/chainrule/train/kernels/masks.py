"""``chainrule.train.dropout`` compiled: the same units are dropped."""

from __future__ import annotations

import numpy as np
from numba import njit

from chainrule.train.dropout import mix
from chainrule.train.kernels.mathematics import FAST

_mix = njit(mix, error_model="numpy", forceinline=True)


@njit(error_model="numpy", fastmath=FAST)
def drop(units, slopes, at, rows, width, first_row, key, below, factor):
    """The compiled ``keep``: units (rows, width) from offset ``at`` and their slopes are multiplied with it.

    Args:
        first_row: the number of the first row within its minibatch.
    """
    zero = units.dtype.type(0)
    for r in range(rows):
        row = _mix(np.uint32(first_row + r) ^ key)
        for u in range(width):
            i = at + r * width + u
            kept = factor if _mix(np.uint32(u) ^ row) >= below else zero
            units[i] *= kept
            slopes[i] *= kept
