"""Blocks: small partitions joined, and the order in which sums over blocks are added.

Both depend on the rows of the partitions alone, never on the workers: so every sum is the same to the last bit
wherever its terms were computed.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

BLOCK_BYTES = 1 << 25  # that small partitions are joined to, at most
BLOCKS = 128  # partitions of a table of so many or fewer, and of equal size, stay as they are


@dataclass(frozen=True, eq=False)
class RowBlocks:
    """Tasks that give rows each, in their order.

    Attributes:
        tasks: Dask's ``Delayed`` objects, or what stands for rows itself.
        rows: how many each gives, where that is known; otherwise all count alike.
        kept: whether all are in the workers' memory.
    """

    tasks: tuple[Any, ...]
    rows: tuple[int, ...]
    kept: bool = False

    @classmethod
    def of(cls, tasks: Sequence[Any]) -> RowBlocks:
        """Of tasks whose rows are not known yet."""
        return cls(tuple(tasks), (1,) * len(tasks))

    def __len__(self) -> int:
        return len(self.tasks)

    def words(self, partitions: int) -> str:
        """So many partitions, and to how many blocks they are joined if they are, for agreements."""
        joined = "" if len(self) == partitions else f" joined to {len(self)} blocks"
        return f"{partitions} partitions{joined}"

    def some(self, places: Sequence[int]) -> RowBlocks:
        """Those at these places, in this order."""
        return RowBlocks(tuple(self.tasks[i] for i in places), tuple(self.rows[i] for i in places), self.kept)


def joined(rows: Sequence[int], row_bytes: int) -> list[range]:
    """Which partitions are a block together: neighbours, up to ``BLOCK_BYTES`` or a share of one in ``BLOCKS``.

    >>> joined([10] * 6, 8)
    [range(0, 1), range(1, 2), range(2, 3), range(3, 4), range(4, 5), range(5, 6)]
    >>> len(joined([10] * 1000, 8))
    143
    """
    most = min(BLOCK_BYTES / max(row_bytes, 1), sum(rows) / BLOCKS)
    found: list[range] = []
    first = held = 0
    for place, count in enumerate(rows):
        if held and count and held + count > most:
            found.append(range(first, place))
            first, held = place, 0
        held += count
    return [*found, range(first, len(rows))]


class Halves:
    """The order of a sum: the terms in two halves of about as many rows, each of these in two, and so on."""

    def __init__(self, rows: Sequence[int]) -> None:
        self._until = [0, *accumulate(count + 1 for count in rows)]

    def weight(self, first: int, last: int) -> float:
        """The share of the terms from ``first`` to before ``last``."""
        return (self._until[last] - self._until[first]) / self._until[-1]

    def middle(self, first: int, last: int) -> int:
        """Where the second half begins, of at least two terms.

        >>> Halves([5, 5, 5, 5]).middle(0, 4), Halves([100, 1, 1, 1]).middle(0, 4)
        (2, 1)
        """
        until = self._until
        half = (until[first] + until[last]) / 2
        above = bisect_left(until, half, first + 1, last - 1)
        return above - (above > first + 1 and half - until[above - 1] <= until[above] - half)

    def tree(self, first: int, last: int) -> Any:
        """The order of the additions of a range: a place among the terms, or two such orders.

        >>> Halves([5, 5, 5]).tree(0, 3)
        (0, (1, 2))
        """
        if last - first == 1:
            return first
        middle = self.middle(first, last)
        return self.tree(first, middle), self.tree(middle, last)

    def seat(self, place: int, seats: int) -> int:
        """Which of so many seats a term has, from 0: the halves of the terms have the halves of the seats."""
        return int((self._until[place] + self._until[place + 1]) / 2 / self._until[-1] * seats)
