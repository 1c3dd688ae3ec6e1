"""The formula language: trees, what they are worth, how they are read and printed.

One small language serves explanations, graphs of formulas and worksheets. Nothing in a formula is ever
evaluated by Python: reading gives a tree of the types in ``tree``, and ``evaluate`` knows those alone.
"""

from chainrule.formula.evaluate import evaluate
from chainrule.formula.grammar import parse
from chainrule.formula.printing import latex, text

__all__ = ["evaluate", "latex", "parse", "text"]
