"""How a step is printed: enough digits in the numbers for the printed line to give the printed value.

A value is printed with VALUE_DIGITS significant digits. The numbers of its line are printed with as many as
it takes, from LINE_DIGITS up, for the line, computed from the printed numbers, to give that value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.formula import evaluate, text
from chainrule.formula.printing import number_text, symbol_latex, symbol_text
from chainrule.formula.tree import Add, Expr, More, Number, Ref, Symbol, children, refs, with_children
from chainrule.network.names import Notation

if TYPE_CHECKING:
    from chainrule.explanation.records import Explanation, Step

VALUE_DIGITS = 5
LINE_DIGITS = 5
MOST_DIGITS = 17
MOST_ENTRIES = 60  # of all arrays in a line; a longer line is shortened and printed with LONG_DIGITS
LONG_DIGITS = 6


def symbol(name: Symbol, way: Notation) -> str:
    """A name as text."""
    return symbol_text(name, way)


def name(step: Step) -> str:
    """The quantity that a step gives, as text."""
    return symbol(step.quantity, step.notation)


def name_latex(step: Step) -> str:
    """The quantity that a step gives, as LaTeX."""
    return symbol_latex(step.quantity, step.notation)


def symbolic(step: Step) -> str:
    """The step's formula with names."""
    return text(step.tree, step.notation, whole=step.full)


def substituted(step: Step) -> str:
    """The step's formula with numbers."""
    return text(step.tree, step.notation, step.values.__getitem__, line_digits(step), whole=is_whole(step))


def is_whole(step: Step) -> bool:
    """Whether the step's arrays are printed whole."""
    return step.full or entries(step) <= MOST_ENTRIES


def entries(step: Step) -> int:
    """Numbers in a step's line."""
    return sum(np.size(step.values[r]) for r in set(refs(step.tree)))


def result(step: Step) -> str:
    """The step's value."""
    return value_text(step.value, whole=is_whole(step) and np.size(step.value) <= MOST_ENTRIES)


def value_text(value: Any, digits: int = VALUE_DIGITS, whole: bool = True) -> str:
    """A float, a vector or a matrix."""
    return text(Ref("value"), "textbook", lambda _: value, digits, whole)


def line_digits(step: Step) -> int:
    """The fewest digits with which the printed line gives the printed value."""
    if entries(step) > MOST_ENTRIES:
        return LONG_DIGITS
    wanted = _rounded(step.value, VALUE_DIGITS)
    for digits in range(LINE_DIGITS, MOST_DIGITS):
        lookup = _rounding(step.values.__getitem__, digits)
        found = np.squeeze(evaluate(_rounded_constants(step.tree, step.values.__getitem__, digits), lookup))
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


# ---------------------------------------------------------------- plain data


def explanation_dict(e: Explanation) -> dict[str, Any]:
    """The data of an explanation."""
    return {
        "quantity": e.name,
        "notation": e.notation,
        "value": plain(e.value),
        "network": repr(e.network),
        "shortcut": e.shortcut,
        "example": e.example,
        "coefficient": e.coefficient,
        "given": {symbol(n, e.notation): plain(v) for n, v in e.given},
        "steps": [step_dict(step) for step in e.steps],
        "contributions": [{"example": c.example, "value": c.value} for c in e.contributions],
        "check": None
        if e.check is None
        else {"entry": e.check.entry, "value": e.check.value, "numerical": e.check.numerical},
    }


def plain(value: Any) -> Any:
    """A number, or lists of numbers."""
    return value.tolist() if isinstance(value, np.ndarray) else value


def step_dict(step: Step) -> dict[str, Any]:
    """The data of a step."""
    return {
        "equation": step.equation,
        "title": step.title,
        "stage": step.stage,
        "name": step.name,
        "symbolic": step.symbolic,
        "substituted": step.substituted,
        "value": plain(step.value),
        "note": step.note,
    }
