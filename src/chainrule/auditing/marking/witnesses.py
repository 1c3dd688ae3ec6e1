"""Two lines that contradict each other where nothing shows which of them is wrong."""

from __future__ import annotations

from contextlib import suppress

import numpy as np

from chainrule.auditing.marking.mark import FormulaMark, Mark
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.problem import Node
from chainrule.auditing.model.world import COUNTS
from chainrule.auditing.records import ACCEPTED
from chainrule.errors import InputError
from chainrule.formula import tree as t
from chainrule.network.arrays import Array

DIGITS = 100  # units of the last digit that a number has at least which bears out another


def contradicted(state: SheetState, mark: Mark) -> Mark | None:
    """The line whose number alone makes a line wrong that uses it, or its formula, where nothing bears it out.

    A number is borne out where a quantity of the network has its value, and where another line that uses it is right.
    """
    claim, value = mark.claim, mark.value
    if value is None or any(is_false(part, mark) for part in mark.formulas):
        return None
    if claim.own:
        tree = state.definition(claim)
        trees = [] if tree is None else [tree]
    elif value.verdict in ACCEPTED:
        trees = [part.part.tree for part in mark.formulas if part.verdict == "wrong"]
    else:
        return None
    waiting, seen = [symbol for tree in trees for symbol in t.refs(tree)], {claim.own}
    while waiting:
        symbol = waiting.pop()
        if not isinstance(symbol, str) or symbol in seen:
            continue
        seen.add(symbol)
        formula, number = state.names.get(symbol, (None, None))
        if formula is not None:
            waiting += t.refs(formula)
        elif number is not None and not _is_borne_out(state, symbol, np.asarray(number, dtype=float)):
            return next((m for m in state.marks if m.claim.own == symbol), None)
    return None


def either(other: Mark) -> str:
    """Why neither of two lines that contradict each other is called wrong."""
    return f"it and line {other.number} do not fit together, and nothing shows which of the two is off"


def is_false(part: FormulaMark, mark: Mark) -> bool:
    """Whether numbers that are computed in a line do not give the number behind them, however they are rounded."""
    given = part.value
    if given is None or mark.value is None:
        return False
    numbers = mark.value.numbers
    if given[0].size != numbers.value.size:
        return False
    gap = np.abs(given[0].reshape(numbers.value.shape) - numbers.value)
    return bool((gap > given[1].reshape(numbers.value.shape) + numbers.unit).any())


def _is_borne_out(state: SheetState, name: str, number: Array) -> bool:
    if name in COUNTS and number.ndim == 0 and number == state.problem.n:
        return True
    for mark in state.marks:
        uses = any(name in set(t.refs(part.tree)) for part in mark.claim.formulas)
        if uses and mark.value is not None and mark.verdict in ACCEPTED:
            return True
    unit = next((m.claim.numbers.unit for m in state.marks if m.claim.own == name and m.claim.numbers), None)
    if unit is None or (np.abs(number) < DIGITS * unit).any():
        return False
    for kind in ("h", "a", "dh", "da", "dW", "db", "W", "b", "L"):
        for layer in [0] if kind == "L" else range(kind not in ("h",), state.problem.depth + 1):
            with suppress(InputError, KeyError, IndexError):
                values = np.ravel(state.truth.replay(0).get(Node(kind, layer)))
                if all(
                    (np.abs(values - one) <= 0.51 * u).any()
                    for one, u in zip(np.ravel(number), np.ravel(unit), strict=True)
                ):
                    return True
    return False
