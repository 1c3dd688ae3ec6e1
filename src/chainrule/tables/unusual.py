"""Cells unlike those that a column was learnt from: what they are, and what is said of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from chainrule.network.arrays import Array
from chainrule.tables.text_numbers import shortened


@dataclass(frozen=True)
class Unusual:
    """Cells of a column that are not as those it was learnt from.

    Attributes:
        what: ``missing``, or ``unseen`` for a category that was not there.
        row: of the first, counted from 1. text: of the first. where: the part of a table in which rows are counted.
    """

    column: str
    what: Literal["missing", "unseen"]
    cells: int
    row: int
    text: str = ""
    where: str = ""

    def __str__(self) -> str:
        cells = f"{self.cells} cell{'s' if self.cells > 1 else ''}"
        row = f"row {self.row}{f' of {self.where}' if self.where else ''}"
        if self.what == "missing":
            return f"column {self.column!r}: {cells} missing (the first in {row}), taken as the mean"
        new = f"{cells} with a category that training did not see ({shortened(self.text)} in {row})"
        return f"column {self.column!r}: {new}, taken as none of those it saw"


def summed(unusual: Iterable[Unusual]) -> tuple[Unusual, ...]:
    """Those of parts of a table, in their order, as those of the whole: the cells added up, the first kept."""
    found: dict[tuple[str, str], Unusual] = {}
    for one in unusual:
        before = found.get((one.column, one.what))
        found[one.column, one.what] = one if before is None else replace(before, cells=before.cells + one.cells)
    return tuple(found.values())


@dataclass(frozen=True, eq=False)
class Taken:
    """Inputs X (n, d).

    Attributes:
        unusual: columns whose cells are not as those they were learnt from.
        missing: names of the columns with a cell that is missing, also where training had such.
    """

    x: Array
    unusual: tuple[Unusual, ...] = ()
    missing: tuple[str, ...] = ()
