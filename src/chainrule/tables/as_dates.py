"""A column of text, or of whole numbers, as dates, learnt in one pass: in which order, and which cells are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.tables.as_numbers import Cell
from chainrule.tables.dates import PARTS, is_zoned, parts_of
from chainrule.tables.moments import Moments
from chainrule.tables.text_dates import IN_WORDS, ORDERS, DateForm, Order, may_be_dates, read_dates
from chainrule.tables.text_numbers import marks_of


@dataclass(frozen=True, eq=False)
class AsDates:
    """What a column's cells are as dates with day, month and year in one order.

    Attributes:
        dates, odds, marks: cells that are dates, that are none, and that stand for a missing value.
        moments: of the parts of the dates of the rows to learn from.
        first: the first date, None where it is stored as one. odd, mark: the first such cell.
        doubtful: the first that is another date with day and month the other way round.
        zone, bare: the first with a time zone, and the first without one.
    """

    order: Order
    dates: int
    odds: int
    marks: int
    moments: Moments
    first: Cell | None = None
    odd: Cell | None = None
    mark: Cell | None = None
    doubtful: Cell | None = None
    zone: Cell | None = None
    bare: Cell | None = None

    @classmethod
    def of(cls, codes: Array, words: list[str], learnt: Array) -> tuple[AsDates, ...]:
        """Of the cells ``words[codes]`` in each order; -1 is no cell.

        Args:
            learnt: true for the rows to learn from.
        """
        import pyarrow as pa

        texts = pa.array(words, pa.large_string())
        mark, may_be = marks_of(texts), may_be_dates(texts)
        first = np.full(len(words) + 1, len(codes))
        np.minimum.at(first, codes, np.arange(len(codes)))  # the last place is that of -1
        count = np.bincount(codes[codes >= 0], minlength=len(words))

        def cell(which: Array) -> Cell | None:
            if not which.any():
                return None
            place = int(np.flatnonzero(which)[np.argmin(first[:-1][which])])
            return Cell(int(first[place]) + 1, words[place])

        def one(order: Order) -> AsDates:
            if not may_be:  # as most text: there is nothing to look for
                odds = ~mark
                nothing = Moments.of(np.zeros((0, len(PARTS))))
                return cls(
                    order, 0, int(count[odds].sum()), int(count[mark].sum()), nothing, None, cell(odds), cell(mark)
                )
            read = read_dates(texts, order)
            date = ~np.isnat(read.values)
            odd = ~date & ~mark
            parts = np.vstack([parts_of(pa.chunked_array([pa.array(read.values)]), order), np.full(len(PARTS), np.nan)])
            seen = parts[codes[learnt]]
            return cls(
                order, int(count[date].sum()), int(count[odd].sum()), int(count[mark].sum()),
                Moments.of(seen[~np.isnan(seen[:, 0])]), cell(date), cell(odd), cell(mark), cell(read.doubtful),
                cell(date & read.zone), cell(date & ~read.zone),
            )  # fmt: skip

        return tuple(one(order) for order in ORDERS)

    @classmethod
    def typed(cls, dates: int, moments: Moments, row: int, kind: Any) -> tuple[AsDates, ...]:
        """Of dates, or times of the day, that are stored as such: ``row``: of the first. kind: Arrow's type."""
        import pyarrow as pa

        zoned, orders = is_zoned(kind), ["time"] if pa.types.is_time(kind) else [o for o in ORDERS if o != "time"]
        cell = Cell(row, "a date with a time zone" if zoned else "a date without a time zone") if dates else None
        zone, bare = (cell, None) if zoned else (None, cell)
        nothing = Moments.of(np.zeros((0, len(PARTS))))
        return tuple(
            cls(order, dates, 0, 0, moments, zone=zone, bare=bare) if order in orders
            else cls(order, 0, dates, 0, nothing, odd=Cell(row, f"a {'date' if order == 'time' else 'time of day'}"))
            for order in ORDERS
        )  # fmt: skip

    def later(self, rows: int) -> AsDates:
        """The same below so many rows."""

        def moved(cell: Cell | None) -> Cell | None:
            return None if cell is None else Cell(cell.row + rows, cell.text)

        names = ("first", "odd", "mark", "doubtful", "zone", "bare")
        more: dict[str, Any] = {name: moved(getattr(self, name)) for name in names}
        return replace(self, **more)

    def __add__(self, other: AsDates) -> AsDates:
        return AsDates(
            self.order, self.dates + other.dates, self.odds + other.odds, self.marks + other.marks,
            self.moments + other.moments, self.first or other.first, self.odd or other.odd, self.mark or other.mark,
            self.doubtful or other.doubtful, self.zone or other.zone, self.bare or other.bare,
        )  # fmt: skip

    def form(self, quantity: str, strays: bool) -> DateForm:
        """How to read cells of the kind later.

        Raises:
            InputError: dates with a time zone, and others without.
        """
        if self.zone and self.bare:
            first, second = sorted((self.zone, self.bare), key=lambda cell: cell.row)
            wanted = f"a time zone in all cells or in none, as {first} has {'one' if first is self.zone else 'none'}"
            raise InputError(quantity, wanted, str(second))
        return DateForm(self.order, strays, self.zone is not None)


def the_order(quantity: str, name: str, found: Sequence[AsDates]) -> AsDates:
    """The one that most cells agree with.

    Raises:
        InputError: as many agree with the day first as with the month first, and they differ.
    """
    best = max(found, key=lambda one: one.dates)
    for other in found:
        if other is not best and other.dates == best.dates and best.doubtful is not None:
            wanted = (
                "dates that show whether the day or the month is first "
                f"(--types {name}=date-dmy takes the {IN_WORDS['dmy']}, {name}=date-mdy the {IN_WORDS['mdy']})"
            )
            raise InputError(quantity, wanted, f"{best.doubtful}, and none that tells")
    return best
