"""Parameters that get their new value under their old name: ``b_2 = b_2 - 0.3*dL/db_2``, ``b_2 := 0.53``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.auditing.model.digits import Numbers, numbers_of
from chainrule.formula import tree as t
from chainrule.network.arrays import Array
from chainrule.network.names import Derivative, Quantity


def is_new_value(
    parameter: Quantity, old: Array, numbers: Numbers | None, formulas: Sequence[t.Expr], sure: bool = False
) -> bool:
    """Whether a line gives a parameter its new value.

    So it is where the parameter or its old number stands in a difference; never where the old number is claimed.

    Args:
        old: its value in the header.
        numbers: claimed by the line. formulas: the line's others parts.
        sure: something else says so: an arrow, or an earlier line that gave a parameter its new value.
    """
    if numbers is not None and _is_value(numbers, old):
        return False
    if sure:
        return True
    whole = parameter.whole
    for formula in formulas:
        names = {_plain(symbol) for symbol in t.refs(formula)}
        quantities = {name.whole for name in names if isinstance(name, Quantity)}
        if whole in quantities and whole in {name.wrt.whole for name in names if isinstance(name, Derivative)}:
            return True
        if not isinstance(formula, t.Add) or len(formula.terms) < 2:
            continue
        first, *rest = formula.terms
        if isinstance(first, t.Ref) and isinstance(name := _plain(first.name), Quantity) and name.whole == whole:
            return True
        written = numbers_of(first, 0.0)
        if written is not None and len(rest) == 1 and t.size(rest[0]) > 1 and _is_value(written, old):
            return True
    return False


def _is_value(written: Numbers, value: Array) -> bool:
    """Whether numbers are those of a parameter, or of its transpose, to their digits."""
    if written.value.size != value.size:
        return False
    one = (value.T if written.value.ndim == 2 and written.value.shape != value.shape else value).ravel()
    unit = np.where(written.unit.ravel() >= 1, 0.0, written.unit.ravel())
    return bool((np.abs(written.value.ravel() - one) <= unit / 2 + 1e-9).all())


def _plain(symbol: t.Symbol) -> Any:
    return symbol.name if isinstance(symbol, t.Timed | t.Delta) else symbol
