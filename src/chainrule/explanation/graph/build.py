"""From formulas to nodes: scalars, and vectors and matrices as arrays of the nodes of their entries."""

from __future__ import annotations

from collections.abc import Callable, Collection
from fractions import Fraction
from functools import reduce
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.explanation.graph.functions import BY_FORMULA, CONSTANTS, EXTREMES, FUNCTIONS
from chainrule.explanation.graph.nodes import Nodes
from chainrule.explanation.graph.tokens import below
from chainrule.formula import tree as t

Built = Any  # a node, or an array (m, 1) or (m, n) of nodes
MOST_NODES = 50_000  # and so many operations


class Builder:
    """Makes the nodes of formulas.

    Args:
        lookup: the node, or the array of nodes, of a name; None where there is none.
    """

    def __init__(self, nodes: Nodes, lookup: Callable[[str], Built]) -> None:
        self.nodes, self.lookup = nodes, lookup

    def build(self, tree: t.Expr) -> Built:
        """The node of a formula, or the array of nodes; without recursion, whatever its depth.

        Raises:
            InputError: shapes that do not fit, a function with a wrong number of arguments.
        """
        waiting: list[tuple[t.Expr, bool]] = [(tree, False)]
        done: list[Built] = []
        while waiting:
            one, ready = waiting.pop()
            parts = t.children(one)
            if not ready and parts:
                waiting.append((one, True))
                waiting += [(part, False) for part in reversed(parts)]
                continue
            arguments = done[len(done) - len(parts) :]
            del done[len(done) - len(parts) :]
            done.append(self.apply(one, arguments))
            if len(self.nodes) > MOST_NODES:
                raise InputError("graph", f"at most {MOST_NODES} operations", "more")
        return done[0]

    def apply(self, tree: t.Expr, parts: list[Built]) -> Built:
        """A node of a formula from its parts."""
        raw = self.nodes.raw
        match tree:
            case t.Number(value=value, written=written):
                return self.nodes.number(Fraction(written or repr(value)))
            case t.Ref(name=name):
                return self.named(str(name))
            case t.Neg():
                return _each("negative", lambda a: raw("neg", (a,)), *parts)
            case t.Add():
                return _each("sum", lambda *terms: raw("+", terms), *parts)
            case t.Mul():
                return reduce(self.times, parts)
            case t.Hadamard():
                return reduce(lambda a, b: _each("elementwise product", self.product, a, b), parts)
            case t.Div():
                return _each("quotient", lambda a, b: raw("/", (a, b)), *parts)
            case t.Pow():
                if any(np.ndim(part) and part.shape[1] > 1 for part in parts):
                    raise InputError("power", "a number, or a vector by its entries", "a matrix")
                return _each("power", lambda a, b: raw("^", (a, b)), *parts)
            case t.Transpose():
                if not np.ndim(parts[0]):
                    raise InputError("^T", "a vector or a matrix before it (a power is written x^(T))", "a number")
                return parts[0].T
            case t.Array():
                return _array(parts)
            case t.Call(function=function):
                return self.call(function, parts)
        raise InputError("graph", "formulas of numbers, vectors and matrices", type(tree).__name__)

    def named(self, name: str) -> Built:
        """A variable, a component of one that is an array, or a constant."""
        found = self.lookup(name)
        if found is None:
            found = self.nodes.raw("constant", (), CONSTANTS[name])
        return found

    def product(self, a: int, b: int) -> int:
        """A product of numbers."""
        return self.nodes.raw("*", (a, b))

    def times(self, a: Built, b: Built) -> Built:
        """A product: of matrices where both are arrays."""
        if not np.ndim(a) or not np.ndim(b):
            return _each("product", self.product, a, b)
        if a.shape[1] != b.shape[0]:
            if a.shape == b.shape and 1 in a.shape:
                raise InputError("product of two vectors", "a^T b for a number, a ⊙ b entry by entry", "a b")
            got = f"{_shape(a)} times {_shape(b)}"
            raise InputError("product", "a right factor with a row for each column of the left one", got)
        if a.shape[0] * a.shape[1] * b.shape[1] > MOST_NODES:
            raise InputError("product", f"at most {MOST_NODES} operations", f"{_shape(a)} times {_shape(b)}")
        found = np.empty((a.shape[0], b.shape[1]), dtype=object)
        for m, n in np.ndindex(found.shape):
            found[m, n] = self.total([self.product(p, q) for p, q in zip(a[m], b[:, n], strict=True)])
        return found.item() if found.size == 1 else found

    def total(self, terms: list[int]) -> int:
        """A sum of numbers."""
        return terms[0] if len(terms) == 1 else self.nodes.raw("+", tuple(terms))

    def call(self, function: str, parts: list[Built]) -> Built:
        """A function."""
        if function in EXTREMES:
            entries = list(np.ravel(parts[0])) if len(parts) == 1 else parts
            if len(entries) < 2:
                raise InputError(f"function {function}", "at least 2 arguments, or a vector", "1 number")
            pair = lambda a, b: self.nodes.raw(function, (a, b))  # noqa: E731
            return reduce(lambda a, b: _each(f"function {function}", pair, a, b), entries)
        if function == "leaky_relu" and len(parts) == 2:  # its slope left of 0 beside it
            return self.call("max", [self.times(parts[1], parts[0]), parts[0]])
        wanted = 2 if function == "dot" else 1
        if len(parts) != wanted:
            raise InputError(f"function {function}", f"{wanted} argument{'s' * (wanted > 1)}", str(len(parts)))
        if function in FUNCTIONS or function in BY_FORMULA:
            return _each(f"function {function}", lambda a: self.nodes.raw(function, (a,)), parts[0])
        return self.of_array(function, parts)

    def of_array(self, function: str, parts: list[Built]) -> Built:
        """A function of a vector or a matrix."""
        if function == "softmax" and not np.ndim(parts[0]):
            raise InputError("function softmax", "a vector in it", "one number")
        entries = [int(node) for node in np.ravel(parts[0])]
        match function:
            case "dot":
                return self.total(list(np.ravel(_each("function dot", self.product, *parts))))
            case "norm":
                two = self.nodes.number(2)
                return self.nodes.raw("sqrt", (self.total([self.nodes.raw("^", (a, two)) for a in entries]),))
            case "mean":
                return self.nodes.raw("/", (self.total(entries), self.nodes.number(len(entries))))
            case "softmax":
                powers = [self.nodes.raw("exp", (a,)) for a in entries]
                total = self.total(powers)
                shares = np.array([self.nodes.raw("/", (power, total)) for power in powers], dtype=object)
                return shares.reshape(np.shape(parts[0]))
        return self.total(entries)


def entry_names(name: str, shape: tuple[int, ...]) -> list[str]:
    """The names of the entries of an array: ``h_1`` of a vector, ``W_12`` of a matrix, ``W_{10,2}`` of a large one."""
    if shape[1] == 1:
        return [name + below([str(m + 1)]) for m in range(shape[0])]
    return [name + below([str(m + 1), str(n + 1)]) for m, n in np.ndindex(shape)]


def _each(what: str, rule: Callable[..., int], *parts: Built) -> Built:
    """A rule for numbers, taken entry by entry; numbers beside arrays serve each entry."""
    shapes = {part.shape for part in parts if np.ndim(part)}
    if not shapes:
        return rule(*parts)
    if len(shapes) > 1:
        raise InputError(what, "parts of one shape", " and ".join(sorted(map(str, shapes))))
    (shape,) = shapes
    found = np.empty(shape, dtype=object)
    for place in np.ndindex(shape):
        found[place] = rule(*(part[place] if np.ndim(part) else part for part in parts))
    return found


def _array(items: list[Built]) -> Built:
    if all(not np.ndim(item) for item in items):
        return np.array(items, dtype=object)[:, None]
    rows = [np.ravel(item) for item in items]
    if len({len(row) for row in rows}) != 1:
        raise InputError("matrix", "rows of one length", "rows of " + ", ".join(str(len(row)) for row in rows))
    return np.array(rows, dtype=object)


def _shape(array: Built) -> str:
    return " x ".join(map(str, array.shape))


def parent(name: str, known: Collection[str]) -> str:
    """The array that a name may be a component of; the name itself where there is none."""
    head, line, _ = name.rpartition("_")
    return head if line and head in known else name


def index_below(name: str, of: str) -> str:
    """The one or two digits of a name beyond another: ``12`` of W_112 beyond W_1; "" where it is no entry of that."""
    index = name[len(of) :].removeprefix("_") if of and name.startswith(of) else ""
    return index if index.isdecimal() and len(index) <= 2 else ""
