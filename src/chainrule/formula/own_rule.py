"""An activation that an author gives as a formula: its derivative by rule, and where both turn."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np

from chainrule.errors import InputError
from chainrule.formula import tree as t
from chainrule.formula.derivative import derivative, elementwise
from chainrule.formula.evaluate import evaluate
from chainrule.formula.grammar import parse
from chainrule.formula.printing import latex, text
from chainrule.network.activations import ACTIVATIONS, Activation, OwnRule
from chainrule.network.arrays import Array

VARIABLE = "a"
REACH = 30.0  # turns are looked for from -REACH to REACH
_STEPS = 6_001
_HALVINGS = 60
_SAME = 1e-9  # relative: by how much two rules may differ that are one
_STEP = 1e-3  # of numerical differentiation


class FormulaRule(OwnRule):
    """The activation g(a) of a formula in the letter a, which is its name.

    Raises:
        InputError: another variable, a function without a known derivative, no number anywhere.

    >>> from chainrule.formula.own_rule import FormulaRule
    >>> rule = FormulaRule("a/10").row
    >>> rule.dformula, rule.g(np.array([5.0, -1.0])).tolist()
    ('1/10', [0.5, -0.1])
    """

    @cached_property
    def row(self) -> Activation:
        """The activation, found once."""
        return _row(str(self))

    def __reduce__(self) -> tuple[type[FormulaRule], tuple[str]]:
        return FormulaRule, (str(self),)


@lru_cache(maxsize=64)
def _row(written: str) -> Activation:
    tree = parse(written, "free")
    if set(t.refs(tree)) != {VARIABLE}:
        raise InputError(f"activation {written!r}", f"a formula of {VARIABLE} alone", ", ".join(map(str, t.refs(tree))))
    slope = derivative(tree, VARIABLE)
    g, dg = _function(tree), _function(slope)
    points = np.linspace(-REACH, REACH, _STEPS)
    if not np.isfinite(g(points)).any():
        raise InputError(f"activation {written!r}", f"numbers from {-REACH:g} to {REACH:g}", "none")
    return Activation(
        written, g, dg, text(tree), text(slope), latex(tree), latex(slope),
        turns=_turns(dg), dturns=_turns(lambda a: (dg(a + _STEP) - dg(a - _STEP)) / (2 * _STEP)), asleep=None,
    )  # fmt: skip


def named(tree: t.Expr) -> str:
    """The name of the activation of a formula in the letter a: that of the table, where one is equal to it.

    Raises:
        InputError: as ``FormulaRule``.
    """
    rule = FormulaRule(text(tree))
    points = np.linspace(-8.0, 8.0, 33)
    values = rule.row.g(points)

    def equal(other: Array) -> bool:
        return bool(np.allclose(values, other, rtol=_SAME, atol=_SAME))

    found = next((name for name, row in ACTIVATIONS.items() if equal(row.g(points))), None)
    if found is not None:
        return found
    slope = float(f"{values[0] / points[0]:.9g}")  # of a straight line through 0 left of it
    if 0 < slope < 1 and equal(np.where(points > 0, points, slope * points)):
        return f"leaky_relu({slope})"
    return rule


def _function(tree: t.Expr) -> Callable[[Array], Array]:
    """The formula for arrays of any shape; along a complex step by its real slope, taken numerically."""
    each = elementwise(tree)

    def real(a: Array) -> Array:
        column = np.ravel(np.asarray(a, dtype=float))
        value = np.broadcast_to(np.ravel(evaluate(each, lambda _: column)), column.shape)
        return np.array(value, dtype=a.dtype if a.dtype.kind == "f" else float).reshape(np.shape(a))

    def rule(a: Array) -> Array:
        a = np.asarray(a)
        if not np.iscomplexobj(a):
            return real(a)
        at, h = a.real, _STEP
        slope = (8 * (real(at + h) - real(at - h)) - (real(at + 2 * h) - real(at - 2 * h))) / (12 * h)
        moved: Array = real(at) + 1j * a.imag * slope
        return moved

    return rule


def _turns(slope: Callable[[Array], Array]) -> tuple[float, ...]:
    """Where a function stops rising or falling: where its slope changes its sign."""
    points = np.linspace(-REACH, REACH, _STEPS) + 1e-7  # no kink of a simple formula is on the grid
    values = slope(points)
    size = np.abs(values[np.isfinite(values)]).max(initial=0.0)
    signs = np.where(np.abs(values) <= 1e-9 * max(size, 1e-3), 0, np.sign(values))
    marked = np.flatnonzero(np.isfinite(signs) & (signs != 0))
    found = []
    for i, j in pairwise(marked):
        if signs[i] == signs[j]:
            continue
        low, high = points[i], points[j]
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            same = np.sign(slope(np.array([middle]))[0]) == signs[i]
            low, high = (middle, high) if same else (low, middle)
        found.append(float(f"{(low + high) / 2:.12g}"))
    return tuple(found)
