"""How often a number can have been rounded on the way: what is rounded once is no more than half a unit off.

A calculation of exact numbers whose results are all whole in the digits of the line is not rounded at all; one product
among them is rounded once. Only where several results are rounded can the last digit of the line be another.
"""

from __future__ import annotations

import math

import numpy as np

from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import QuantityPlace
from chainrule.auditing.model.problem import Node, parents, part_of, shape_of
from chainrule.errors import InputError
from chainrule.formula import evaluate
from chainrule.formula import tree as t

MANY = 2  # roundings after which the last digit may be another
MOST_ENTRIES = 64  # of a quantity that is looked into
_EXACT = 1e-6  # of a unit: what a number that is whole in it may be off by
Entry = tuple[int | None, ...]


def roundings_of(tree: t.Expr, unit: float) -> int:
    """How many results of a calculation of single numbers are not whole in a unit; ``MANY`` for one of arrays."""
    match tree:
        case t.Number():
            return 0
        case t.Neg(item=item):
            return roundings_of(item, unit)
        case t.Add(terms=terms):
            return sum(roundings_of(term, unit) for term in terms)
        case t.Mul(factors=factors):
            made = [t.Mul(factors[: i + 1]) for i in range(1, len(factors))]
            return sum(roundings_of(f, unit) for f in factors) + sum(_is_rounded(_value(m), unit) for m in made)
        case t.Div() | t.Pow() | t.Call():
            parts = sum(roundings_of(part, unit) for part in t.children(tree))
            return parts + _is_rounded(_value(tree), unit)
        case _:
            return MANY


def _value(tree: t.Expr) -> float:
    """What numbers give; not a number where that is no single one."""
    try:
        value = np.asarray(evaluate(tree, lambda _: math.nan), dtype=float)
    except (InputError, ArithmeticError, ValueError, TypeError):
        return math.nan
    return float(value.ravel()[0]) if value.size == 1 else math.nan


def _is_rounded(value: float, unit: float) -> bool:
    """Whether a number is not whole in a unit."""
    return not math.isfinite(value) or abs(value / unit - round(value / unit)) > _EXACT + 1e-12 * abs(value / unit)


def is_rounded_once(state: SheetState, place: QuantityPlace, entry: tuple[int, ...], unit: float) -> bool:
    """Whether an entry of a quantity comes from exact numbers, and at most one result on the way can have been rounded.

    Args:
        entry: of the quantity, without the axis of examples. unit: of the last digit that is written.
    """
    node = place.node
    if node is None or not state.problem.single or place.time > 1 or place.factor not in (1.0, -1.0):
        return False
    shape = shape_of(node, state.problem)
    if len(entry) != len(shape) or any(at >= size for at, size in zip(entry, shape, strict=True)):
        return False  # the numbers stand otherwise than the quantity
    return _Roundings(state, place.time, unit).count(node, entry, is_first=True) < MANY


class _Roundings:
    """The quantities that the author has not written between exact numbers and a line."""

    def __init__(self, state: SheetState, time: int, unit: float) -> None:
        self.state, self.time, self.unit = state, time, unit
        self.seen: dict[tuple[Node, Entry], int] = {}

    def count(self, node: Node, entry: Entry, is_first: bool = False) -> int:
        """Results that can have been rounded, each once; ``MANY`` where the author's number is a rounded one."""
        key = (node, entry)
        if key in self.seen:
            return 0
        self.seen[key] = 0
        if not is_first and (written := self._written(node, entry)) is not None:
            return 0 if written else MANY
        above = [(p, part_of(p, node, entry, self.state.problem)) for p in self._parents(node)]
        if not above:
            return 0
        found = self._own(node, entry)
        for parent, part in above:
            if found >= MANY:
                break
            found += self.count(parent, part)
        return found

    def _parents(self, node: Node) -> list[Node]:
        """What it is computed from, by the shorter of two ways."""
        problem, found = self.state.problem, list(parents(node, self.state.problem))
        if node.kind == "da" and node.layer == problem.depth and problem.pair is not None:
            return found[:1]
        return found

    def _written(self, node: Node, entry: Entry) -> bool | None:
        """Whether the author's number for it is exact; None where there is none."""
        given = self.state.printed.replay(self.time).given.get(node)
        if given is None:
            return None
        at = (..., *(slice(None) if one is None else one for one in entry))
        value, mask = np.asarray(given[0])[at], given[1][at]
        if not mask.any():
            return None
        right = np.asarray(self.state.truth.replay(self.time).get(node))[at]
        return bool(mask.all() and np.allclose(value, right, rtol=1e-9, atol=1e-12))

    def _own(self, node: Node, entry: Entry) -> int:
        """Results of its own equation that can have been rounded."""
        kind, i, time = node
        replay = self.state.truth.replay(self.time)
        if kind == "a":
            W, h = replay.get(Node("W", i, time)), replay.get(Node("h", i - 1, time))[0]
            return self._rounded(W[entry[0]] * h if entry else W * h)
        if kind == "dh" and i < self.state.problem.depth:
            W, da = replay.get(Node("W", i + 1, time)), replay.get(Node("da", i + 1, time))[0]
            return self._rounded(W[:, entry[0]] * da if entry else W.T * da)
        value = np.asarray(replay.get(node))
        rule = self.state.problem.rule(i) if i else None
        if kind in ("h", "g'") and rule is not None and rule.name in ("identity", "relu"):
            return 0
        example = () if kind in ("W", "b", "dW", "db", "L") else (0,)
        one = value[(*example, *(slice(None) if e is None else e for e in entry))]
        return (1 if rule is not None and kind != "L" else MANY) * self._rounded(one)

    def _rounded(self, values: object) -> int:
        return sum(_is_rounded(float(v), self.unit) for v in np.ravel(np.asarray(values, dtype=float)))
