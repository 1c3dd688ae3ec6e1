"""``chainrule.train.dropout`` compiled: the same units are dropped."""

from __future__ import annotations

import numpy as np
from numba import njit

from chainrule.train.dropout import mix
from chainrule.train.kernels.mathematics import FAST

_mix = njit(mix, error_model="numpy", forceinline=True)


@njit(error_model="numpy", fastmath=FAST)
def drop(units, slopes, row, first_unit, key, below, factor):
    """The compiled ``keep`` of some units of one example: they and their slopes are multiplied with it.

    Args:
        row: the example's number within its minibatch.
        first_unit: the first one's number within its layer.
    """
    zero, drawn = units.dtype.type(0), _mix(np.uint32(row) ^ key)
    for u in range(units.size):
        kept = factor if _mix(np.uint32(first_unit + u) ^ drawn) >= below else zero
        units[u] *= kept
        slopes[u] *= kept
