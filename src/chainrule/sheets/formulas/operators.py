"""Nodes of a formula for what is written between its operands: products, quotients, powers, comparisons, primes."""

from __future__ import annotations

from typing import TypeAlias

from chainrule.formula import tree as t
from chainrule.network.names import Derivative, Quantity
from chainrule.sheets.formulas.functions import UnreadError

Product: TypeAlias = type[t.Mul] | type[t.Hadamard] | type[t.Div] | type[t.Call]


def made(kind: Product | None, factors: list[t.Expr]) -> t.Expr:
    """A product or quotient of what has been collected."""
    if kind is None:
        return factors[0]
    if kind is t.Call:
        return t.Call("otimes", tuple(factors))
    return t.Div(*factors) if kind is t.Div else kind(tuple(factors))  # type: ignore[call-arg, arg-type]


def power(base: t.Expr, exponent: t.Expr) -> t.Expr:
    """A power; the square of a norm is the sum of the squares."""
    match base, exponent:
        case t.Call(function="sqrt", arguments=(t.Call(function="sum") as squares,)), t.Number(value=2.0):
            return squares
    return t.Pow(base, exponent)


def exceeds(sign: str, large: t.Expr, small: t.Expr) -> t.Expr:
    """1 where one is larger than the other, else 0."""
    if sign in ("≥", "≤"):
        return t.Add((t.Number(1.0, "1"), t.Neg(exceeds(">", small, large))))
    is_zero = isinstance(small, t.Number) and small.value == 0
    return t.Call("step", (large if is_zero else t.Add((large, t.Neg(small))),))


def nested(tree: t.Expr) -> int:
    """How many derivatives of derivatives it has."""
    return isinstance(tree, t.Diff) + max(map(nested, t.children(tree)), default=0)


def is_whole_matrix(tree: t.Expr) -> bool:
    """W_i as a whole, or its transpose."""
    inner = tree.item if isinstance(tree, t.Transpose) else tree
    return isinstance(inner, t.Ref) and t.is_matrix(inner.name)


def later(tree: t.Expr, updates: int, at: int) -> t.Expr:
    """A quantity after updates.

    Raises:
        UnreadError: it is none.
    """
    if isinstance(tree, t.Transpose):
        return t.Transpose(later(tree.item, updates, at))
    name = tree.name if isinstance(tree, t.Ref) else None
    if isinstance(name, t.Timed):
        return t.Ref(t.Timed(name.name, name.after + updates))
    if not isinstance(name, Quantity | Derivative | t.Delta):
        raise UnreadError(at, "a prime stands behind a name, or behind a function before its bracket")
    return t.Ref(t.Timed(name, updates))
