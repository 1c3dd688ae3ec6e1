"""Whether partitions are alike: of rows that were sorted, each partition has its own classes, or its own mean."""

from __future__ import annotations

import math
from collections.abc import Iterable

UNLIKE = 0.1  # share of the variation of the targets between partitions, beyond chance, that is worth a word


def spread_of_classes(counts: Iterable[int]) -> float:
    """The sum of squared deviations of class indicators from their shares: n (1 - sum of squared shares)."""
    known = [count for count in counts if count]
    rows = sum(known)
    return rows - sum(count * count for count in known) / rows if rows else 0.0


def share_between(within: float, total: float, partitions: int, rows: int) -> float:
    """The share of a spread that is between partitions, less what chance gives, from 0 to 1.

    Args:
        within: the sum of the spreads within each partition. total: the spread of all rows.

    >>> share_between(0.0, 50.0, 2, 100)
    0.98
    """
    if not (math.isfinite(within) and math.isfinite(total) and total > 0 and rows):
        return 0.0
    return max(0.0, 1 - within / total - partitions / rows)
