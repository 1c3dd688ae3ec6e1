"""The formula language: trees, what they are worth, how they are read and printed.

One small language serves explanations, graphs of formulas and worksheets. Nothing in a formula is ever
evaluated by Python: reading gives a tree of the types in ``tree``, and ``evaluate`` knows those alone.
"""

from chainrule.formula.evaluate import FUNCTIONS, evaluate
from chainrule.formula.grammar import parse
from chainrule.formula.printing import latex, text
from chainrule.formula.tree import (
    Add,
    Array,
    Call,
    Delta,
    Diff,
    Div,
    Expr,
    Hadamard,
    More,
    Mul,
    Neg,
    Number,
    Pow,
    Ref,
    Timed,
    Transpose,
    refs,
    substitute,
)

__all__ = [
    "FUNCTIONS",
    "Add",
    "Array",
    "Call",
    "Delta",
    "Diff",
    "Div",
    "Expr",
    "Hadamard",
    "More",
    "Mul",
    "Neg",
    "Number",
    "Pow",
    "Ref",
    "Timed",
    "Transpose",
    "evaluate",
    "latex",
    "parse",
    "refs",
    "substitute",
    "text",
]
