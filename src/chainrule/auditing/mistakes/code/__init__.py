"""Mistakes that people make in code and hardly with a pen: masks, axes, loops, targets as class numbers.

They are looked for in arrays only. Rows without an unknown number are here; those with one in ``unknowns``.
"""

from chainrule.auditing.mistakes.code.batches import BATCHES
from chainrule.auditing.mistakes.code.products import PRODUCTS
from chainrule.auditing.mistakes.code.slopes import SLOPES
from chainrule.auditing.mistakes.code.targets import TARGETS
from chainrule.auditing.mistakes.code.values import VALUES
from chainrule.auditing.mistakes.table import Mistake

#: every row, likelier ones first
CODE: tuple[Mistake, ...] = (*SLOPES, *TARGETS, *PRODUCTS, *BATCHES, *VALUES)

__all__ = ["CODE"]
