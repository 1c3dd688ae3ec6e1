"""The numbers of a line's arithmetic, each held against the name that it stands for.

A number that is right as it is rounded or cut, in truth or by the author's own earlier lines, is never accused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from chainrule.auditing.marking.aligned import Aligned, Aligner, Operand
from chainrule.auditing.marking.carry_forward import mended
from chainrule.auditing.marking.formulas import with_radius
from chainrule.auditing.marking.mark import BAD, FormulaMark, OperandSlip
from chainrule.auditing.marking.numbers import own_worlds, spread, spread_mended
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import LineClaim
from chainrule.auditing.model.digits import CUT, LAST_DIGIT, apart, numbers_of, swapped_digits
from chainrule.auditing.model.effort import Spent
from chainrule.auditing.model.interval import Interval
from chainrule.auditing.model.world import NumbersOnly, World, value_of
from chainrule.auditing.model.written_out import WrittenOut
from chainrule.errors import InputError
from chainrule.formula import text
from chainrule.formula import tree as t
from chainrule.network.names import Quantity

WHOLE = 0.01  # what a whole number of one digit, such as 0 for 0.0002, is written to at the finest
MOST_PARTS = 200  # of a formula that numbers are laid beside
#: size, how far its digits can move it, its unit where it is a single number
Number: TypeAlias = tuple[float, float, float | None]
_TROUBLE = (InputError, NumbersOnly, ValueError, ArithmeticError, TypeError, IndexError)


def with_operands(state: SheetState, claim: LineClaim, formulas: list[FormulaMark]) -> list[FormulaMark]:
    """The marks of a line's parts, its arithmetic with the numbers in it that are not what their names are worth.

    What is no single slip is kept for the diagnosis of a line that is wrong anyway.
    """
    if not state.problem.single or state.exact or not state.operands:
        return formulas
    try:
        with state.effort.explaining():
            return [_marked(state, claim, formulas, f) if _can_be(f) else f for f in formulas]
    except Spent:  # a sheet with so much arithmetic is marked without
        return formulas


def _can_be(mark: FormulaMark) -> bool:
    return mark.kind == "arithmetic" and mark.verdict != "undecided"


def _marked(state: SheetState, claim: LineClaim, formulas: list[FormulaMark], mark: FormulaMark) -> FormulaMark:
    operands = Operands(state)
    pairs = list(_entries(state, claim, formulas, mark.part.tree))
    laid = [operands.best(beside, numbers) for beside, numbers in pairs]
    found: dict[str, OperandSlip] = {}
    for one in laid:
        for slip in [] if one is None else operands.slips(one):
            found.setdefault(slip.words, slip)
    slips = tuple(found.values())
    if any(slip.sure for slip in slips):
        return replace(mark, verdict="wrong", why="; ".join(slip.words for slip in slips), slips=slips)
    aligned = bool(laid) and not operands.unsure and all(one is not None and not one.misses for one in laid)
    return replace(mark, slips=slips, aligned=aligned)


def _entries(
    state: SheetState, claim: LineClaim, formulas: list[FormulaMark], numbers: t.Expr
) -> Iterator[tuple[list[t.Expr], t.Expr]]:
    """(formulas that it may have been put into, numbers) for each number that the arithmetic gives."""
    place = claim.place
    if isinstance(numbers, t.Array):
        if place is None or place.node is None or place.factor != 1 or place.index:
            return
        flip = place.flip != (place.node.kind in ("W", "dW") and state.reading.swapped)
        if len(numbers.items) == 1 and isinstance(numbers.items[0], t.Array) and place.node.kind not in ("W", "dW"):
            numbers = numbers.items[0]  # a vector as a row
        for row, item in enumerate(numbers.items):
            for column, entry in enumerate(item.items) if isinstance(item, t.Array) else [(None, item)]:
                index = (row,) if column is None else (column, row) if flip else (row, column)
                if not _has_arrays(entry):
                    yield list(_equations(state, claim, index)), entry
        return
    if _has_arrays(numbers):  # products of arrays have no one number for a name
        return
    refuted = {id(f.part.tree) for f in formulas if f.kind == "formula" and f.verdict != "right"}
    beside = [p.tree for p in claim.formulas if id(p.tree) not in refuted]
    if claim.formulas and not beside:
        return
    if place is not None and place.node is not None and place.factor == 1:
        beside += _equations(state, claim, place.index)
    yield beside, numbers


def _is_updated(symbol: t.Symbol) -> bool:
    """Whether it is a weight or a bias after an update."""
    name = symbol.name if isinstance(symbol, t.Timed) else None
    return isinstance(name, Quantity) and name.symbol in "Wb"


def _has_arrays(tree: t.Expr) -> bool:
    return isinstance(tree, t.Array) or any(map(_has_arrays, t.children(tree)))


def _equations(state: SheetState, claim: LineClaim, index: tuple[int, ...]) -> Iterator[t.Expr]:
    if claim.place is None or claim.place.node is None:
        return
    try:
        yield from WrittenOut(state.problem, state.reading.swapped, claim.place.time).of(claim.place.node, index)
    except IndexError:  # the line has more entries than the quantity
        return


@dataclass
class Operands:
    """What the names of one sheet are worth so far, as the numbers of a line are held against it.

    Attributes:
        unsure: a number was let pass because it could not be held against anything.
    """

    state: SheetState
    unsure: bool = False
    _numbers: dict[int, tuple[t.Expr, Any]] = field(default_factory=dict, init=False)
    _worth_near: dict[int, tuple[t.Expr, list[Interval]]] = field(default_factory=dict, init=False)

    def best(self, beside: list[t.Expr], numbers: t.Expr) -> Aligned | None:
        """The numbers laid beside the formula that they fit best, the first of several; None where they fit none."""
        best: Aligned | None = None
        for formula in beside:
            if t.size(formula) > MOST_PARTS or t.size(numbers) > MOST_PARTS:
                continue
            aligner = Aligner(self.fits, self.worth)
            found = aligner.align(formula, numbers)
            if found is not None and not found.misses and found.fits:
                worth = self.worth(formula), self.worth(numbers)
                if None not in worth and worth[0] * worth[1] < 0:  # type: ignore[operator]
                    found = aligner.turned(found, Operand(formula, numbers, sign=True))
            if found is not None and (best is None or found.misses < best.misses):
                best = found
            if best is not None and not best.misses:
                break
        return best

    # ------------------------------------------------------------ what fits

    def fits(self, formula: t.Expr, numbers: t.Expr) -> bool:
        """Whether numbers are what a part of a formula is worth, rounded or cut, its sign apart."""
        key = id(numbers)
        if key not in self._numbers:
            self._numbers[key] = numbers, self._number(numbers)
        number = self._numbers[key][1]
        near = self._near(formula)
        if self._is_old(formula, numbers):
            return False
        if number is None or not near or any(value.low.size != 1 for value in near):
            self.unsure = True
            return True
        return self._fits(formula, number, near) or self._fits(formula, number, self._far(formula))

    def _is_old(self, formula: t.Expr, numbers: t.Expr) -> bool:
        """Whether it is a number of the header where the author has written a new value in more digits: the old one."""
        unit, number = self._unit(numbers), self._numbers[id(numbers)][1]
        if unit is None or number is None or number[0] not in self.state.given:
            return False
        factors = formula.factors if isinstance(formula, t.Mul) else (formula,)
        new = [one for one in factors if isinstance(one, t.Ref) and _is_updated(one.name)]
        if len(new) != 1 or any(self.worth(one) != 1 for one in factors if one is not new[0]):
            return False
        return any(not round(abs(value) / unit, 9).is_integer() for value in self._new_values(new[0]))

    def _new_values(self, formula: t.Ref) -> Iterator[float]:
        """What the author has written for a weight or a bias after an update."""
        yield from (float(np.ravel(v.middle)[0]) for _, v in self._written(formula) if np.size(v.middle) == 1)

    def _number(self, numbers: t.Expr) -> Number | None:
        """Numbers as they are held against a name; None where they give no single one."""
        try:
            written, moved = with_radius(numbers, None, self.state.digits, self.state.effort)
        except _TROUBLE:
            return None
        if written.size != 1:
            return None
        return abs(float(np.ravel(written)[0])), float(np.ravel(moved)[0]), self._unit(numbers)

    def _fits(self, formula: t.Expr, number: Number, values: list[Interval]) -> bool:
        given, (size, moved, unit) = self._given(formula), number
        for value in values:
            low, high = sorted((abs(float(np.ravel(value.low)[0])), abs(float(np.ravel(value.high)[0]))))
            slack = 1e-12 * max(size, high) + 1e-15
            if unit is None and given:
                below = above = slack
            elif unit is None:  # a formula of numbers: what their digits can do to it
                below = above = 2 * moved + slack
            else:
                below, above = unit * CUT + slack, unit / 2 + slack  # it may be cut, or rounded
            if unit and not given:  # nor is one off in the last digit more than a slip of rounding
                above = max(above, min(1.05 * unit, LAST_DIGIT * high))
            if low - below < size < high + above:
                return True
        return False

    def worth(self, tree: t.Expr) -> float | None:
        """The value of a part, of names or of numbers: the author's own where there is one."""
        value = next(iter(self._near(tree)), None)
        if value is None or value.low.size != 1:
            return None
        worth = float(np.ravel(value.middle)[0])
        return None if self._mended is not None and self._is_turned(tree, worth) else worth

    @cached_property
    def _mended(self) -> World | None:
        """The author's lines with what is wrong in them as it should be."""
        return mended(self.state)

    def _is_turned(self, tree: t.Expr, worth: float) -> bool:
        """Whether a part has another sign by the author's wrong lines than it should have: either may stand here."""
        if next(iter(t.refs(tree)), None) is None:
            return False
        right = next(self._in([self.state.truth], tree), None)
        return right is not None and right.low.size == 1 and float(np.ravel(right.middle)[0]) * worth < 0

    def _unit(self, numbers: t.Expr) -> float | None:
        """The unit of a single number's last digit; None for a formula of several."""
        read = numbers_of(numbers, max(self.state.unit, WHOLE))
        return None if read is None or read.value.ndim else float(read.unit)

    def _given(self, formula: t.Expr) -> bool:
        """Whether it is a number of the header, or of the formula itself."""
        if isinstance(formula, t.Neg | t.Transpose):
            return self._given(formula.item)
        if isinstance(formula, t.Number) or not isinstance(formula, t.Ref):
            return isinstance(formula, t.Number)
        if formula.name == "eta":
            return True
        return isinstance(formula.name, Quantity) and formula.name.symbol in ("x", "y", "W", "b")

    def _near(self, formula: t.Expr) -> list[Interval]:
        """What a part of a formula can be worth: by the author's lines as printed, as far as their digits, in truth."""
        key = id(formula)
        if key not in self._worth_near:
            if next(iter(t.refs(formula)), None) is None:  # of numbers alone
                values = list(self._in([self.state.truth], formula))
            else:
                known = spread(self.state, formula)
                values = [] if known is None else [known]
                values += self._in([self.state.printed, self.state.truth], formula)
                values += [] if self._given(formula) else self._as_due(formula)
            if not self._given(formula):
                values += [value for _, value in self._written(formula)]
            self._worth_near[key] = formula, values
        return self._worth_near[key][1]

    def _as_due(self, formula: t.Expr) -> Iterator[Interval]:
        """What it can be worth with the author's wrong numbers as they should be."""
        if self._mended is not None:
            yield from self._in([self._mended], formula)
        if (value := spread_mended(self.state, formula)) is not None:
            yield value

    def _far(self, formula: t.Expr) -> list[Interval]:
        """What it can be worth where the author has gone on with a mistake."""
        marks, own = self.state.marks, any(isinstance(symbol, str) for symbol in t.refs(formula))
        if own or self._given(formula):
            return []
        if not self.state.adopted and not any(m.verdict in BAD for m in marks):
            return []
        return list(self._in((world for world, _ in own_worlds(self.state)), formula))

    def _in(self, worlds: Iterator[World] | list[World], formula: t.Expr) -> Iterator[Interval]:
        for world in worlds:
            try:
                if world.intervals and isinstance(formula, t.Ref) and not isinstance(formula.name, str):
                    yield Interval.of(world.value(self.state.reader.place(formula.name)))
                else:
                    yield Interval.of(value_of(formula, self.state.lookup(world, numeric=True)))
            except _TROUBLE:
                continue

    def _written(self, formula: t.Expr) -> Iterator[tuple[int, Interval]]:
        """(number of the line, value) of every number that the author has written for a name."""
        if not isinstance(formula, t.Ref):
            return
        try:
            place = self.state.reader.place(formula.name)
        except InputError:
            return
        for mark in self.state.lines_of(place.node, place.time) if place.node is not None else ():
            if mark.place is None or mark.value is None or mark.value.flipped or mark.place.flip:
                continue
            if mark.place.index == place.index:
                yield mark.number, Interval.of(mark.value.numbers.value / mark.place.factor)
            elif not mark.place.index and mark.value.numbers.value.ndim == len(place.index):
                yield mark.number, Interval.of(mark.value.numbers.value[place.index] / mark.place.factor)

    # ------------------------------------------------------------ what does not

    def slips(self, found: Aligned) -> Iterator[OperandSlip]:
        """Numbers that stand where others should; of several that are not one slip, none is sure."""
        pairs = {(text(p.name), text(p.number)): p for p in found.pairs}
        few = len(pairs) <= max(1, len(found.fits) // 2) and bool(found.fits or len(found.pairs) > len(pairs))
        whole = not found.missing and not found.extra
        for pair in pairs.values():
            slip = self._slip(pair)
            if slip is not None and few and whole:
                yield slip
        if pairs or len(found.missing) + len(found.extra) != 1:
            return
        for part in found.missing:
            yield OperandSlip("term_missing", f"{self._name(part)} is missing", False)
        for part in found.extra:
            again = any(self.fits(p.name, part) for p in found.fits)
            words = "stands there once more than it should" if again else "is one too many"
            yield OperandSlip("used_twice" if again else "term_too_many", f"{text(part)} {words}", False)

    def _slip(self, pair: Operand) -> OperandSlip | None:
        written, due = self.worth(pair.number), self.worth(pair.name)
        if written is None or due is None:
            return None
        if pair.sign:
            return self._sign(pair, written, due)
        size = pair.number.item if isinstance(pair.number, t.Neg) else pair.number
        literal = text(t.Neg(size) if due < 0 and isinstance(size, t.Number) else size)
        unit = self._unit(pair.number)
        id, note = "digit_transposition_or_copy", ""
        if unit is not None and swapped_digits(abs(written), abs(due), unit):
            note = " (digits swapped)"
        elif due and np.isclose(abs(written / due), 10.0 ** np.arange(-3, 4), rtol=1e-9).any():
            id, note = "decimal_slip", " (the decimal point has slipped)"
        elif (other := self._other(pair, written)) is not None:
            id, note = "index_slip", f" ({literal} is {other})"
        words = f"{literal} stands where {self._worth(pair, due, written)}{note}"
        before = [number for number, _ in self._written(pair.name)]
        given = self._given(pair.name)
        words += f", of line {before[-1]}" if before and not given else ""
        return OperandSlip(id, words, unit is not None, given or bool(before))

    def _sign(self, pair: Operand, written: float, due: float) -> OperandSlip:
        return OperandSlip("sign_lost", f"{text(pair.number)} stands where {self._worth(pair, due, written)}", False)

    def _worth(self, pair: Operand, due: float, written: float) -> str:
        """``your yhat_1 = 0.5297``: a name and what it is worth, in digits that differ from what is written."""
        if self._given(pair.name):
            value = f"{due:.12g}"
            return f"{value} should be" if isinstance(pair.name, t.Number) else f"{self._name(pair.name)} = {value}"
        own = [float(np.ravel(value.middle)[0]) for _, value in self._written(pair.name) if np.size(value.middle) == 1]
        if own:
            return f"your {self._name(pair.name)} = {own[-1]:.12g}"
        digits = numbers_of(pair.number, self.state.unit)
        return f"{self._name(pair.name)} = {apart(due, written, 4 if digits is None else digits.decimals)}"

    def _name(self, tree: t.Expr) -> str:
        return text(tree, self.state.notation)

    @cached_property
    def _all(self) -> list[t.Ref]:
        """The names of every unit, weight and bias."""
        found: list[t.Ref] = []
        problem = self.state.problem
        write = WrittenOut(problem, self.state.reading.swapped)
        for i in range(problem.depth + 1):
            for m in range(problem.sizes[i]):
                trees = [write.ref("h", i, m)]
                if i:
                    trees += [write.ref("a", i, m), write.ref("b", i, m)]
                    trees += [write.ref("W", i, m, j) for j in range(problem.sizes[i - 1])]
                found += [one for one in trees if isinstance(one, t.Ref) and isinstance(one.name, Quantity)]
        return found

    def _other(self, pair: Operand, written: float) -> str | None:
        """The name of another unit of the same kind that the number is; None where it is none of three digits."""
        if not isinstance(pair.name, t.Ref) or not isinstance(pair.name.name, Quantity):
            return None
        unit = self._unit(pair.number)
        if unit is None or (abs(written) / unit < 10 and not self._given(pair.name)):
            return None
        kind = (pair.name.name.symbol, pair.name.name.layer)
        names = [
            self._name(one)
            for one in self._all
            if isinstance(one.name, Quantity) and (one.name.symbol, one.name.layer) == kind
            if self.fits(one, pair.number)
        ]
        return names[0] if len(names) == 1 else None
