"""Formulas and arithmetic of a line, each judged apart from the number behind it.

A formula is right when it equals what the line claims at the header's numbers and at random other ones. Arithmetic
is numbers alone: it is held against the number that the line prints behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chainrule.auditing.model.digits import numbers_of
from chainrule.auditing.model.effort import Effort
from chainrule.auditing.model.world import FormulaReading, NameValues, NumbersOnly, World, value_of
from chainrule.auditing.records import Found, Verdict
from chainrule.errors import InputError
from chainrule.formula import tree as t
from chainrule.network.arrays import Array
from chainrule.sheets.lines import Part

if TYPE_CHECKING:
    from chainrule.auditing.marking.mark import Mark
    from chainrule.auditing.marking.sheet import Pass

MOST_MOVED = 400_000  # parts of a formula, once for each number in it
TOLERANCE = 1e-7  # relative, of a formula to what it should equal
_PLAIN = (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 10.0)  # constants of formulas, not data


@dataclass(eq=False)
class FormulaMark:
    """A part of a line while it is marked.

    Attributes:
        rows: it holds with vectors as rows.
        value: of arithmetic, what it gives and how far its digits can move that.
    """

    part: Part
    kind: Literal["formula", "arithmetic"]
    verdict: Verdict
    why: str = ""
    rows: bool = False
    found: list[Found] = field(default_factory=list)
    value: tuple[Array, Array] | None = None

    @property
    def tree(self) -> t.Expr:
        """Its formula."""
        assert self.part.tree is not None
        return self.part.tree


Target = Callable[[World], Any]


def judge_formula(p: Pass, mark: Mark, part: Part, target: Target) -> FormulaMark:
    """Whether a formula equals what the line claims."""
    assert part.tree is not None
    judged = FormulaMark(part, "formula", "wrong")
    trouble = ""
    here = evaluates = False
    for way in ways(p):
        try:
            if not agrees(p, part.tree, target, p.truth, way):
                evaluates = True
                continue
            here = True
            if all(agrees(p, part.tree, target, world, way) for world in p.points):
                judged.verdict, judged.rows = "right", way.flipped
                return judged
        except NumbersOnly:
            return _by_numbers(p, mark, judged)
        except InputError as error:
            trouble = trouble or f"{error.quantity}: expected {error.expected}; got {error.got}"
    if has_data(p, part.tree):
        return _by_numbers(p, mark, judged)
    if here:
        judged.verdict, judged.why = "undecided", "it holds at these numbers, but not at others"
        return judged
    judged.why = trouble
    if not evaluates:  # its shapes do not fit: loose writing as often as a mistake
        judged.verdict = "undecided"
    return judged


def ways(p: Pass) -> Iterator[FormulaReading]:
    """The ways in which people read a formula."""
    if p.problem.single or p.problem.n == 1:
        shapes = [FormulaReading(), FormulaReading(rows=True), FormulaReading(rows=True, flipped=True)]
    else:
        shapes = [
            FormulaReading(example=0),
            FormulaReading(rows=True, example=0),
            FormulaReading(rows=True),
            FormulaReading(columns=True),
        ]
    for sums in (False, True):
        for generic in (False, True):
            yield from (replace(way, generic=generic, sums=sums) for way in shapes)


def agrees(p: Pass, tree: t.Expr, target: Target, world: World, way: FormulaReading) -> bool:
    """Whether the formula has the target's value in this world.

    Raises:
        InputError: shapes that do not fit. NumbersOnly: it needs a number of the author's.
    """
    value, due = evaluated(p, tree, world, way), due_of(p, target, world, way)
    return same(value, due)


def evaluated(p: Pass, tree: t.Expr, world: World, way: FormulaReading) -> Array:
    """The value of a formula in a world."""
    names = p.lookup(world, way=way)
    if way.sums:
        tree = summed(tree)
    return np.asarray(value_of(tree, names, way.generic), dtype=float)


def summed(tree: t.Expr) -> t.Expr:
    """The formula with every sum taken over what stands behind it: of the squares, of the products."""
    tree = t.with_children(tree, tuple(summed(part) for part in t.children(tree)))
    match tree:
        case t.Pow(base=t.Call(function="sum", arguments=(inner,)), exponent=exponent):
            return t.Call("sum", (t.Pow(inner, exponent),))
        case t.Mul(factors=factors):
            for i, factor in enumerate(factors):
                if isinstance(factor, t.Call) and factor.function == "sum" and i + 1 < len(factors):
                    body = t.Hadamard((factor.arguments[0], *factors[i + 1 :]))
                    return t.Mul((*factors[:i], t.Call("sum", (body,)))) if i else t.Call("sum", (body,))
    return tree


def due_of(p: Pass, target: Target, world: World, way: FormulaReading) -> Array:
    """What the line should equal in a world, as the way of reading has it."""
    due = np.asarray(target(world), dtype=float)
    if way.example is not None and due.ndim and due.shape[0] == p.problem.n:
        due = due[way.example]
    if way.columns and due.ndim == 2 and due.shape[0] == p.problem.n:
        due = due.T
    return due.T if way.flipped and due.ndim == 2 else due


def same(value: Array, due: Array) -> bool:
    """Equal to rounding; a vector may be a row or a column, a matrix not the transpose.

    Raises:
        InputError: one is larger than the other.
    """
    if value.size != due.size:
        raise InputError("the formula", _words(due), _words(value))
    if value.ndim == 2 and due.ndim == 2 and value.shape != due.shape:
        return False
    gap = np.abs(value.ravel() - due.ravel())
    scale = max(float(np.abs(due).max(initial=0.0)), 1e-12)
    return bool((gap <= TOLERANCE * scale).all())


def _words(value: Array) -> str:
    if value.ndim == 0:
        return "one number"
    return f"{' x '.join(map(str, value.shape))} numbers"


def has_data(p: Pass, tree: t.Expr) -> bool:
    """Whether the formula has measured numbers in it, not only constants such as 1/2 and the learning rate."""
    rate = p.problem.learning_rate
    return any(n.value not in _PLAIN and n.value != rate for n in literals(tree))


def literals(tree: t.Expr) -> Iterator[t.Number]:
    """The numbers in a formula."""
    if isinstance(tree, t.Number):
        yield tree
    for part in t.children(tree):
        yield from literals(part)


def _by_numbers(p: Pass, mark: Mark, judged: FormulaMark) -> FormulaMark:
    """A formula with data in it: held against the numbers, to the digits of its own."""
    aim = mark.due if mark.due is not None else None
    best: float | None = None
    for world in (p.truth, p.printed):
        names = p.lookup(world, numeric=True)
        try:
            value, radius = with_radius(judged.tree, names, p.given, p.effort)
        except (InputError, NumbersOnly):
            continue
        wanted = [aim] if aim is not None else []
        unit: Any = 0.0
        if mark.numbers is not None:
            wanted.append(mark.numbers.value)
            unit = mark.numbers.unit
        elif mark.place is not None:
            wanted.append(np.asarray(p.truth.value(mark.place), dtype=float))
        for one in wanted:
            if np.size(one) == value.size:
                gap = np.abs(value.ravel() - np.ravel(one)) - radius.ravel() - np.ravel(unit)
                worst = float(gap.max(initial=0.0))
                best = worst if best is None else min(best, worst)
    if best is not None and best <= 1e-9:
        judged.verdict = "right"
    elif best is None:
        judged.verdict, judged.why = "undecided", "its numbers cannot be held against the network's"
    else:
        judged.why = "with the numbers in it, it does not give the value"
    return judged


def with_radius(tree: t.Expr, names: NameValues | None, exact: frozenset[float], effort: Effort) -> tuple[Array, Array]:
    """The value of a formula, and how far the digits of its own numbers can move it.

    Args:
        exact: sizes of numbers that are given, not rounded.

    Raises:
        InputError: it has too many numbers.
    """
    whole = t.size(tree)
    if (work := whole * sum(1 for _ in literals(tree))) > MOST_MOVED:
        raise InputError("formula", f"at most {MOST_MOVED} for its parts times its numbers", str(work))

    def value(moved: t.Expr) -> Array:
        return np.asarray(_plain(moved) if names is None else value_of(moved, names), dtype=float)

    base = value(tree)
    radius = np.zeros_like(base)
    for index, number in enumerate(literals(tree)):
        if abs(number.value) in exact:
            continue
        read = numbers_of(number, 0.0)
        unit = float(read.unit) if read is not None else 0.0
        if unit >= 1 or unit == 0:
            continue  # whole numbers are exact
        effort.spend(2 * whole)
        ends = [value(replaced(tree, index, number.value + s * unit / 2)) for s in (-1, 1)]
        radius = radius + np.maximum(np.abs(ends[0] - base), np.abs(ends[1] - base))
    return base, radius * 1.01


def _plain(tree: t.Expr) -> Any:
    from chainrule.formula import evaluate

    def none(symbol: t.Symbol) -> Any:
        raise InputError("formula", "numbers alone", str(symbol))

    value = evaluate(tree, none)
    return value[:, 0] if np.ndim(value) == 2 and value.shape[1] == 1 else value


def replaced(tree: t.Expr, index: int, value: float) -> t.Expr:
    """The tree with its number of that index (in the order of reading) replaced."""
    counter = iter(range(10**9))

    def go(node: t.Expr) -> t.Expr:
        if isinstance(node, t.Number):
            return t.Number(value) if next(counter) == index else node
        return t.with_children(node, tuple(go(part) for part in t.children(node)))

    return go(tree)


# ---------------------------------------------------------------- arithmetic


def judge_arithmetic(p: Pass, mark: Mark, part: Part) -> FormulaMark:
    """Numbers that are computed: do they give what stands behind them?"""
    assert part.tree is not None
    judged = FormulaMark(part, "arithmetic", "right")
    exact, radius = with_radius(part.tree, None, p.given, p.effort)
    numbers = mark.numbers
    if numbers is None:
        if mark.claim.numbers is not None or mark.place is None:
            return judged
        due = np.asarray(p.truth.value(mark.place), dtype=float)
        if due.size != exact.size or not (np.abs(due.ravel() - exact.ravel()) <= radius.ravel() + 1e-9).all():
            judged.verdict, judged.why = "wrong", f"it gives {shown(exact)}"
        return judged
    if exact.size != numbers.value.size:
        judged.verdict, judged.why = "wrong", f"it gives {_words(exact)}"
        return judged
    exact, radius = exact.reshape(numbers.value.shape), radius.reshape(numbers.value.shape)
    judged.value = exact, radius
    gap = np.abs(exact - numbers.value)
    if (gap <= numbers.unit / 2 * (1 + 1e-9) + 1e-12).all():
        return judged
    within = gap <= radius + numbers.unit
    cut = (np.abs(numbers.value) <= np.abs(exact) + 1e-12) & (gap < numbers.unit * (1 - 1e-6))
    whole = np.isclose(exact, np.round(exact / numbers.unit) * numbers.unit, rtol=0, atol=1e-9 * numbers.unit)
    carried = bool((np.abs(numbers.value - np.asarray(mark.due)) <= numbers.unit).all())
    if within.all() and (carried or (~whole | cut).all()):
        judged.verdict = "truncated" if cut.all() else "rounded"
        judged.why = "the numbers are printed with fewer digits than were used"
        return judged
    judged.verdict = "wrong"
    judged.why = f"{part.text} is {shown(exact, numbers.decimals + 1)}, not {numbers.text}"
    return judged


def shown(value: Any, decimals: int = 6) -> str:
    """A number or an array in words of numbers."""
    array = np.asarray(value, dtype=float)
    if array.ndim == 0:
        return (
            f"{float(array):.{max(decimals, 1)}f}".rstrip("0").rstrip(".")
            if abs(array) >= 1e-4 or array == 0
            else (f"{float(array):.4g}")
        )
    return "[" + ", ".join(shown(one, decimals) for one in array) + "]"
