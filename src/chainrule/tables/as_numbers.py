"""A column of text as numbers, learnt in one pass: whether it is one, in which form, and which cells are none."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.tables.moments import Moments
from chainrule.tables.text_numbers import DECIMALS, Decimal, Form, matches, read_texts, shortened

MOSTLY = 0.8  # of the numbers with a mark, that are whole groups of three
_THREE = r"^[^\d.,]*[1-9]\d{0,2}[.,]\d{3}[^\d.,]*$"


@dataclass(frozen=True)
class Cell:
    """A cell of a column: its row, counted from 1, and its text."""

    row: int
    text: str

    def __str__(self) -> str:
        return f"{shortened(self.text)} in row {self.row}"


@dataclass(frozen=True, eq=False)
class AsNumbers:
    """What a column's text, or numbers among it, is as numbers with one decimal mark.

    Attributes:
        numbers, odds, marks: cells that are numbers, that are none, and that stand for a missing value.
        moments: of the rows to learn from.
        units: each unit, "" for none, with the first cell that has it.
        special: the first number that is not as any program writes it; None: all are.
        odd, mark: the first such cell.
        low, high: least and greatest number of all rows.
        marked, threes: numbers with a point or a comma, and of these the ones with three digits behind the only one,
            which may be thousands or decimals. three: the first of these.
    """

    decimal: Decimal
    numbers: int
    odds: int
    marks: int
    moments: Moments
    units: dict[str, Cell]
    special: Cell | None
    odd: Cell | None
    mark: Cell | None
    low: float
    high: float
    marked: int = 0
    threes: int = 0
    three: Cell | None = None

    @classmethod
    def of(cls, codes: Array, words: list[str], learnt: Array, decimal: Decimal) -> AsNumbers:
        """Of the cells ``words[codes]``; -1 is no cell.

        Args:
            learnt: true for the rows to learn from.
        """
        import pyarrow as pa

        texts = pa.array(words, pa.large_string())
        read = read_texts(texts, decimal)
        first = np.full(len(words) + 1, len(codes))
        np.minimum.at(first, codes, np.arange(len(codes)))  # the last place is that of -1
        count = np.bincount(codes[codes >= 0], minlength=len(words))
        number = ~np.isnan(read.values)

        def cell(which: Array) -> Cell | None:
            if not which.any():
                return None
            place = int(np.flatnonzero(which)[np.argmin(first[:-1][which])])
            return Cell(int(first[place]) + 1, words[place])

        units = {str(unit): cell(number & (read.unit == unit)) for unit in np.unique(read.unit[number].astype(str))}
        values = np.append(read.values, np.nan)[codes]
        seen = values[learnt]
        return cls(
            decimal, int(count[number].sum()), int(count[~number & ~read.mark].sum()), int(count[read.mark].sum()),
            Moments.of(seen[~np.isnan(seen), None]), {unit: found for unit, found in units.items() if found},
            cell(number & ~read.plain), cell(~number & ~read.mark), cell(read.mark),
            float(np.min(read.values, where=number, initial=np.inf)),
            float(np.max(read.values, where=number, initial=-np.inf)),
            int(count[number & matches(texts, r"[.,]")].sum()), int(count[number & matches(texts, _THREE)].sum()),
            cell(number & matches(texts, _THREE)),
        )  # fmt: skip

    @classmethod
    def typed(cls, numbers: int, moments: Moments, low: float, high: float, row: int) -> tuple[AsNumbers, AsNumbers]:
        """Of numbers that are stored as numbers, with each decimal mark."""
        units = {"": Cell(row, "a number")} if numbers else {}
        one, other = (
            cls(decimal, numbers, 0, 0, moments, units, None, None, None, low, high) for decimal in DECIMALS
        )  # fmt: skip
        return one, other

    def later(self, rows: int) -> AsNumbers:
        """The same below so many rows."""

        def moved(cell: Cell | None) -> Cell | None:
            return None if cell is None else Cell(cell.row + rows, cell.text)

        units = {unit: Cell(cell.row + rows, cell.text) for unit, cell in self.units.items()}
        return replace(
            self,
            units=units,
            special=moved(self.special),
            odd=moved(self.odd),
            mark=moved(self.mark),
            three=moved(self.three),
        )

    def __add__(self, other: AsNumbers) -> AsNumbers:
        return AsNumbers(
            self.decimal, self.numbers + other.numbers, self.odds + other.odds, self.marks + other.marks,
            self.moments + other.moments, other.units | self.units, self.special or other.special,
            self.odd or other.odd, self.mark or other.mark, min(self.low, other.low), max(self.high, other.high),
            self.marked + other.marked, self.threes + other.threes, self.three or other.three,
        )  # fmt: skip

    def form(self, quantity: str, strays: bool) -> Form | None:
        """How to read cells of the kind later; None where they are numbers as any program writes them.

        Raises:
            InputError: cells with different units.
        """
        if len(self.units) > 1:
            (one, first), (_, second) = sorted(self.units.items(), key=lambda found: found[1].row)[:2]
            wanted = f"one unit in all cells, as {first} {'has' if one else 'has none'}"
            raise InputError(quantity, wanted, f"{second}")
        if self.special is None and not strays:
            return None
        return Form(self.decimal, next(iter(self.units), ""), strays)


def in_doubt(point: AsNumbers, comma: AsNumbers) -> Cell | None:
    """The cell that leaves it open which mark is that of decimals; None where one reading is the likelier.

    ``1.234 €`` beside ``999 €`` may be thousands or decimals, while 1,234 is thousands. Where nearly all cells are
    whole groups of three, one as ``12,34`` does not make ``5,001`` a decimal.
    """
    if point.numbers == comma.numbers:
        groups = 0 < point.threes == point.marked < point.numbers
        larger = max(abs(comma.low), abs(comma.high)) > max(abs(point.low), abs(point.high))
        return point.three if groups and larger and point.special is not None else None
    best, other = (point, comma) if point.numbers > comma.numbers else (comma, point)
    nearly = MOSTLY * best.marked <= best.threes < best.marked
    return other.odd if nearly and other.numbers and best.special is not None else None
