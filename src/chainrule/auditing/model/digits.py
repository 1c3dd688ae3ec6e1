"""Numbers as a sheet has them written: their values, and the unit of the last digit of each."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from chainrule.auditing.model.interval import SLACK, Interval
from chainrule.formula import tree as t
from chainrule.network.arrays import Array
from chainrule.sheets.formulas.tokens import MOST_EXPONENT
from chainrule.sheets.lines import Line

EXACT = 1e-9  # the unit of a fraction of whole numbers in an array
MOST_DECIMALS = 12  # of a number in a message
CUT = 1 - 1e-6  # of a unit: a number that is cut is less than a whole unit away
LAST_DIGIT = 0.02  # by how much a last digit that is one off may change a number


@dataclass(frozen=True, eq=False)
class Numbers:
    """Numbers as written: their values and the unit of the last digit of each."""

    value: Array
    unit: Array
    text: str

    @property
    def decimals(self) -> int:
        """Decimals of the finest entry."""
        return max(0, round(-math.log10(float(self.unit.min(initial=1.0)))))

    def interval(self, both: bool) -> Interval:
        """Numbers that are written so: rounded, or with ``both`` rounded or cut."""
        return self._cut if both else self._rounded

    @cached_property
    def _rounded(self) -> Interval:
        return self._within(False)

    @cached_property
    def _cut(self) -> Interval:
        return self._within(True)

    def _within(self, both: bool) -> Interval:
        half = self.unit / 2
        # a whole unit away is another number, also by what ``Interval.touches`` allows for the arithmetic itself
        slack = SLACK * (np.abs(self.value) + self.unit) + 2e-15
        away = np.maximum(self.unit * CUT - slack, half) if both else half
        # cut towards 0: the number itself is farther from 0 than what is written
        high = np.where(self.value >= 0, self.value + away, self.value + half)
        low = np.where(self.value <= 0, self.value - away, self.value - half)
        return Interval(low, high)

    def reshaped(self, shape: tuple[int, ...]) -> Numbers:
        """In another shape."""
        return Numbers(self.value.reshape(shape), self.unit.reshape(shape), self.text)

    @property
    def diagonal(self) -> Numbers | None:
        """The diagonal of a matrix that is 0 everywhere else, as a vector; None for another."""
        if np.any(self.value - np.diag(np.diag(self.value))):
            return None
        return Numbers(np.diag(self.value), np.diag(self.unit), self.text)

    @property
    def T(self) -> Numbers:
        """Transposed."""
        return Numbers(self.value.T, self.unit.T, self.text)


def numbers_of(tree: t.Expr, unit: float, text: str = "") -> Numbers | None:
    """A number, a vector or a matrix as written; None for anything else.

    Args:
        unit: what an integer of one digit is written to.
    """
    if isinstance(tree, t.Transpose) and isinstance(tree.item, t.Array):  # (0.61, 0.40)^T
        turned = numbers_of(tree.item, unit, text)
        return None if turned is None else turned.T
    rows = _entries(tree)
    if rows is None:
        return None
    flat = [entry for row in rows for entry in row]
    units = [u for _, u in flat]
    finest = min((u for u in units if u is not None), default=unit)
    values = np.array([v for v, _ in flat])
    filled = np.array([min(finest, unit) if u is None else u for u in units])
    if isinstance(tree, t.Array):
        shape: tuple[int, ...] = (len(rows), len(rows[0])) if _is_matrix(tree) else (len(flat),)
    else:
        shape = ()
    return Numbers(values.reshape(shape), filled.reshape(shape), text)


def _is_matrix(tree: t.Array) -> bool:
    return any(isinstance(item, t.Array) for item in tree.items)


def _entries(tree: t.Expr) -> list[list[tuple[float, float | None]]] | None:
    """Rows of (value, unit); the unit of an integer of one digit is None."""
    if not isinstance(tree, t.Array):
        one = _entry(tree)
        return None if one is None else [[one]]
    if not tree.items:
        return None
    rows = []
    for item in tree.items:
        inner = item.items if isinstance(item, t.Array) else (item,)
        row = [(value, EXACT) if (value := t.fraction(part)) is not None else _entry(part) for part in inner]
        if any(entry is None for entry in row) or not row:
            return None
        rows.append([entry for entry in row if entry is not None])
    if len({len(row) for row in rows}) != 1:
        return None
    return rows


def _entry(tree: t.Expr) -> tuple[float, float | None] | None:
    match tree:
        case t.Number(value=value, written=written):
            return value, _unit(written or repr(value))
        case t.Neg(item=item):
            inner = _entry(item)
            return None if inner is None else (-inner[0], inner[1])
        case t.Mul(factors=(first, t.Pow(base=t.Number(value=10.0), exponent=power))):
            inner, ten = _entry(first), _entry(power)
            if inner is None or ten is None or abs(ten[0]) > MOST_EXPONENT:
                return None
            scale = 10.0 ** ten[0]
            return inner[0] * scale, (1.0 if inner[1] is None else inner[1]) * scale
        case _:
            return None


def _unit(written: str) -> float | None:
    mantissa, _, exponent = written.lower().partition("e")
    whole, _, decimals = mantissa.partition(".")
    if not decimals and not exponent and len(whole.lstrip("+-")) == 1:
        return None
    return float(10.0 ** (int(exponent or 0) - len(decimals)))


def usual_unit(lines: tuple[Line, ...]) -> float:
    """The unit that the sheet's numbers are written to: what a bare 0 or 1 stands for."""
    decimals = []
    for line in lines:
        last = line.parts[-1].tree if line.parts else None
        for row in (_entries(last) if last is not None else None) or []:
            decimals += [-math.log10(unit) for _, unit in row if unit is not None and 0 < unit < 1]
    return float(10.0 ** -max(2, round(sorted(decimals)[(len(decimals) - 1) // 2]))) if decimals else 0.01


def digit_slip(claimed: float, due: float, unit: float, least: int = 3) -> bool:
    """Two neighbouring digits changed places, or one digit is another: of three digits or more."""
    if unit <= 0 or not max(abs(due), abs(claimed)) / unit <= 1e12 or (claimed < 0) != (due < 0):
        return False
    if abs(claimed - due) < unit:
        return False
    for near in (round(abs(due) / unit), int(abs(due) / unit)):
        a, b = str(round(abs(claimed) / unit)), str(near)
        width = max(len(a), len(b))
        a, b = a.zfill(width), b.zfill(width)
        differ = [i for i in range(width) if a[i] != b[i]]
        if len(b.lstrip("0")) < least and len(a.lstrip("0")) < least:
            return False
        swapped = (
            len(differ) == 2
            and differ[1] == differ[0] + 1
            and a[differ[0]] == b[differ[1]]
            and a[differ[1]] == b[differ[0]]
        )
        if swapped or len(differ) == 1:
            return True
    return False


def swapped_digits(claimed: float, due: float, unit: float) -> bool:
    """Two digits of what is due changed places: 0.5279 for 0.5297. Both above 0."""
    if unit <= 0 or not max(due, claimed) / unit <= 1e12:
        return False
    for near in (round(due / unit), int(due / unit)):
        a, b = str(round(claimed / unit)), str(near)
        if (
            a != b
            and len(a) == len(b)
            and sorted(a) == sorted(b)
            and sum(x != y for x, y in zip(a, b, strict=True)) == 2
        ):
            return True
    return False


def apart(value: float, other: float, decimals: int) -> str:
    """A number in so many decimals, in more where it would look like the other one."""
    for more in range(decimals, MOST_DECIMALS):
        if (shown := f"{value:.{more}f}") != f"{other:.{more}f}":
            return shown
    return repr(value)
