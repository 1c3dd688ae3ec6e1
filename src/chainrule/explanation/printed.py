"""How names, values and lines are printed: enough digits in the numbers for the printed line to give the printed value.

A value is printed with VALUE_DIGITS significant digits. The numbers of its line are printed with as many as
it takes, from LINE_DIGITS up, for the line, computed from the printed numbers, to give that value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule.formula import evaluate, latex, text
from chainrule.formula.printing import Mark, number_text, symbol_latex, symbol_text
from chainrule.formula.tree import Add, Expr, More, Number, Ref, Symbol, children, refs, with_children
from chainrule.network.names import Notation
from chainrule.render.blocks import Math

VALUE_DIGITS = 5
LINE_DIGITS = 5
MOST_DIGITS = 17
MOST_ENTRIES = 60  # of all arrays in a line; a longer line is shortened and printed with LONG_DIGITS
LONG_DIGITS = 6
PRODUCT = Math("product", r"\text{product}")


def name_math(name: Symbol, notation: Notation, mark: Mark | None = None) -> Math:
    """A name as a formula."""
    tex = symbol_latex(name, notation)
    return Math(symbol_text(name, notation), tex if mark is None else mark(name, (), tex))


def value_math(value: Any, digits: int = VALUE_DIGITS, whole: bool = True, mark: Mark | None = None) -> Math:
    """A float, a vector or a matrix as a formula; ``mark`` is asked of a name "value"."""
    tree, lookup = Ref("value"), lambda _: value
    return Math(value_text(value, digits, whole), latex(tree, "textbook", lookup, digits, whole, mark))


def value_text(value: Any, digits: int = VALUE_DIGITS, whole: bool = True) -> str:
    """A float, a vector or a matrix."""
    return text(Ref("value"), "textbook", lambda _: value, digits, whole)


def entries(tree: Expr, values: Mapping[Symbol, Any]) -> int:
    """Numbers in a line."""
    return sum(np.size(values[r]) for r in set(refs(tree)))


def line_digits(tree: Expr, values: Mapping[Symbol, Any], value: Any) -> int:
    """The fewest digits with which the printed line gives the printed value."""
    if entries(tree, values) > MOST_ENTRIES:
        return LONG_DIGITS
    wanted = _rounded(value, VALUE_DIGITS)
    for digits in range(LINE_DIGITS, MOST_DIGITS):
        lookup = _rounding(values.__getitem__, digits)
        found = np.squeeze(evaluate(_rounded_constants(tree, values.__getitem__, digits), lookup))
        if np.array_equal(_rounded(found, VALUE_DIGITS), np.squeeze(wanted)):
            return digits
    return MOST_DIGITS


def product_digits(factors: Sequence[float], product: float) -> int:
    """The fewest digits of the factors with which their printed product gives the printed one."""
    for digits in range(LINE_DIGITS, MOST_DIGITS):
        found = float(np.prod([float(number_text(f, digits)) for f in factors])) if factors else 1.0
        if number_text(found, VALUE_DIGITS) == number_text(product, VALUE_DIGITS):
            return digits
    return MOST_DIGITS


def _rounding(lookup: Callable[[Symbol], Any], digits: int) -> Callable[[Symbol], Any]:
    return lambda name: _rounded(lookup(name), digits)


def _rounded(value: Any, digits: int) -> Any:
    array = np.asarray(value, dtype=float)
    return np.array([float(number_text(v, digits)) for v in array.ravel()]).reshape(array.shape)


def _rounded_constants(tree: Expr, lookup: Callable[[Symbol], Any], digits: int) -> Expr:
    """What is printed as one number, rounded as it will be: constants, and the sum of terms left out."""
    match tree:
        case Number(value=value):
            return Number(float(number_text(value, digits)))
        case More(terms=terms):
            return Number(float(number_text(evaluate(Add(terms), lookup), digits)))
        case _:
            parts = tuple(_rounded_constants(part, lookup, digits) for part in children(tree))
            return with_children(tree, parts)


def plain(value: Any) -> Any:
    """A number, or lists of numbers."""
    return value.tolist() if isinstance(value, np.ndarray) else value
