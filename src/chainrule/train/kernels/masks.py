"""``chainrule.train.dropout`` compiled: the same units are dropped."""

from __future__ import annotations

import numpy as np
from numba import njit

from chainrule.train.dropout import mix
from chainrule.train.kernels.mathematics import FAST

_mix = njit(mix, error_model="numpy", forceinline=True)


@njit(error_model="numpy", fastmath=FAST)
def drop(units, slopes, first_row, key, below, factor):
    """The compiled ``keep``: units (rows, width) and their slopes are multiplied with it.

    Args:
        first_row: the number of the first row within its minibatch.
    """
    zero = units.dtype.type(0)
    for r in range(units.shape[0]):
        row = _mix(np.uint32(first_row + r) ^ key)
        for u in range(units.shape[1]):
            kept = factor if _mix(np.uint32(u) ^ row) >= below else zero
            units[r, u] *= kept
            slopes[r, u] *= kept
