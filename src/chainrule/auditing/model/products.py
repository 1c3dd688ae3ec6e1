"""Products and functions that mean what the shapes say: ⊗, a product of two vectors, f_2 of numbers.

``[0.5, -0.3] [0.26, -0.18]`` is a dot product where one number is due and elementwise where two are; ``u ⊗ v`` is the
outer product where a matrix is due.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from chainrule.auditing.model.problem import Problem
from chainrule.errors import InputError
from chainrule.formula import evaluate
from chainrule.formula import tree as t
from chainrule.system.patterns import regex

_OF_SIGMOID = ("silu", "softplus", "gelu", "elu")  # beside these σ is the sigmoid: x σ(x)
_OF_LAYER = regex(r"g_([0-9]|L)('?)")


def with_functions(tree: t.Expr, problem: Problem, layer: int | None) -> t.Expr:
    """The functions of layers as what they stand for: ``f_2([…])``; of numbers also ``f([…])`` and ``σ([…])``.

    Args:
        layer: whose quantity the line claims, if that is known.

    Raises:
        InputError: a layer that the network does not have.
    """
    if not t.has(tree, t.Call):
        return tree
    parts = tuple(with_functions(part, problem, layer) for part in t.children(tree))
    tree = t.with_children(tree, parts)
    if not isinstance(tree, t.Call) or len(tree.arguments) != 1:
        return tree
    named = _OF_LAYER.fullmatch(tree.function)
    bare, slope = tree.function.rstrip("'"), "'" * tree.function.endswith("'")
    if named is not None:
        layer = problem.depth if named[1] == "L" else int(named[1])
        if not 1 <= layer <= problem.depth:
            raise InputError(f"function {tree.function}", f"a layer from 1 to {problem.depth}", named[1])
    elif bare not in ("g", "sigma") or layer is None or not 1 <= layer <= problem.depth or _has_names(tree):
        return tree
    rule = problem.rule(layer)
    if rule is None:
        return tree if named is None else t.Call(f"softmax{slope}", tree.arguments)
    if bare == "sigma" and named is None and rule.name in _OF_SIGMOID:
        return tree
    return t.Call(rule.name + slope, tree.arguments)


def fitted(tree: t.Expr, due: int | None, lookup: Callable[[t.Symbol], Any]) -> t.Expr:
    """The formula with those of its products that give as many numbers as are due.

    Args:
        due: how many numbers; None where that is not known.
        lookup: something of the shape of each name; raises InputError for a name without one.
    """
    plain = _elementwise(tree)
    if due is None or not _may_differ(tree) or _size(plain, lookup) == due:
        return plain
    others = (_outer(tree), _dotted(plain), _dotted(_outer(tree)), _with_rows(plain))
    return next((other for other in others if _size(other, lookup) == due), plain)


def _size(tree: t.Expr, lookup: Callable[[t.Symbol], Any]) -> int | None:
    try:
        return int(np.size(evaluate(tree, lookup)))
    except (InputError, ArithmeticError):
        return None


def _has_names(tree: t.Expr) -> bool:
    return next(t.refs(tree), None) is not None


def _may_differ(tree: t.Expr) -> bool:
    """Whether there is a product in it whose meaning its signs leave open."""
    if not t.has(tree, t.Mul) and not t.has(tree, t.Call):
        return False
    if isinstance(tree, t.Call) and tree.function == "otimes":
        return True
    if isinstance(tree, t.Mul) and sum(not isinstance(f, t.Number) for f in tree.factors) > 1:
        return True
    return any(map(_may_differ, t.children(tree)))


def _changed(tree: t.Expr, change: Callable[[t.Expr], t.Expr]) -> t.Expr:
    return change(t.with_children(tree, tuple(_changed(part, change) for part in t.children(tree))))


def _elementwise(tree: t.Expr) -> t.Expr:
    """⊗ as ⊙."""
    if not t.has(tree, t.Call):
        return tree
    return _changed(tree, lambda n: t.Hadamard(n.arguments) if isinstance(n, t.Call) and n.function == "otimes" else n)


def _outer(tree: t.Expr) -> t.Expr:
    """⊗ as the outer product."""

    def change(node: t.Expr) -> t.Expr:
        if isinstance(node, t.Call) and node.function == "otimes":
            return t.Mul((node.arguments[0], t.Transpose(node.arguments[1])))
        return node

    return _changed(tree, change)


def _with_rows(tree: t.Expr) -> t.Expr:
    """A product whose last factor is numbers in plain brackets, and the only one before it an array: a row of them."""

    def change(node: t.Expr) -> t.Expr:
        arrays = [f for f in node.factors if not isinstance(f, t.Number)] if isinstance(node, t.Mul) else []
        if not isinstance(node, t.Mul) or len(arrays) != 2 or node.factors[-1] is not arrays[1]:
            return node
        is_row = isinstance(arrays[1], t.Array) and not any(isinstance(one, t.Array) for one in arrays[1].items)
        return t.Mul((*node.factors[:-1], t.Transpose(arrays[1]))) if is_row else node

    return _changed(tree, change)


def _dotted(tree: t.Expr) -> t.Expr:
    """Products with numbers in them, whose left factor is a vector, as dot products."""

    def change(node: t.Expr) -> t.Expr:
        if not isinstance(node, t.Mul):
            return node
        numbers: tuple[t.Expr, ...] = tuple(f for f in node.factors if isinstance(f, t.Number))
        arrays: list[t.Expr] = [f for f in node.factors if not isinstance(f, t.Number)]
        if len(arrays) < 2:
            return node
        return t.Mul((*numbers, reduce(_dot, arrays))) if numbers else reduce(_dot, arrays)

    return _changed(tree, change)


def _dot(left: t.Expr, right: t.Expr) -> t.Expr:
    """``u^T v`` where one of them is numbers; of names alone the shapes say whether vectors are rows."""
    if _has_names(left) and _has_names(right):
        return t.Mul((left, right))
    return t.Mul((left, right)) if isinstance(left, t.Transpose) else t.Mul((t.Transpose(left), right))
