"""Which units dropout keeps: a hash of (seed, step, layer, example, unit), so that no state needs to be stored.

The numbers do not depend on threads. ``native/rows.h`` computes the same.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.network.arrays import Array


def mix(h: Any) -> Any:
    """The finaliser of MurmurHash3: every bit of the 32 of h changes every bit of the result."""
    h = np.uint32((h ^ (h >> np.uint32(16))) * np.uint32(0x85EBCA6B))
    h = np.uint32((h ^ (h >> np.uint32(13))) * np.uint32(0xC2B2AE35))
    return np.uint32(h ^ (h >> np.uint32(16)))


def keep(key: int, share: float, rows: int, units: int, dtype: Any) -> Array:
    """1/(1 - share) for a unit that is kept, 0 for one that is dropped, (rows, units). Srivastava et al. 2014.

    Args:
        key: of the step and the layer, by ``keys``.
    """
    row = mix(np.arange(rows, dtype=np.uint32) ^ np.uint32(key))
    drawn = mix(np.arange(units, dtype=np.uint32)[None, :] ^ row[:, None])
    factors: Array = np.where(drawn >= threshold(share), scale(share), 0.0).astype(dtype)
    return factors


def threshold(share: float) -> Any:
    """The number below which a draw drops its unit."""
    return np.uint32(min(round(share * 2**32), 2**32 - 1))


def scale(share: float) -> float:
    """What a kept unit is multiplied with, so that the mean stays."""
    return 1.0 / (1.0 - share)


def keys(seed: int, first_step: int, steps: int, layers: int) -> Array:
    """A key for each step and layer, (steps, layers), uint32."""
    step = mix(
        np.arange(first_step, first_step + steps, dtype=np.int64).astype(np.uint32)
        ^ mix(np.array([seed % 2**32], np.uint32))
    )
    found: Array = mix(step[:, None] ^ (np.arange(1, layers + 1, dtype=np.uint32) * np.uint32(0x9E3779B9))[None, :])
    return found
