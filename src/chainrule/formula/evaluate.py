"""What a formula is worth. Vectors are columns (m, 1), so that x^T and outer products need no rule of their own."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.formula import tree as t
from chainrule.network import activations as act
from chainrule.network import arrays, losses, pairs
from chainrule.network.names import Quantity
from chainrule.network.outputs import softmax

Value = Any  # a float, or an array (m, n); a vector is (m, 1)
MOST_ENTRIES = 1_000_000  # of an array


def _on_array(rule: Callable[[arrays.Array], arrays.Array]) -> Callable[[Value], Value]:
    """A rule of the tables for a number or an array."""
    return lambda v: rule(np.asarray(v, dtype=float))


def _softmax(value: Value) -> Value:
    if not np.ndim(value):
        raise InputError("function softmax", "a vector in it", "one number")
    return softmax(np.ravel(value))[:, None]


def _logsumexp(*values: Value) -> Value:
    top = reduce(np.maximum, values)
    return top + np.log(reduce(np.add, (np.exp(v - top) for v in values)))


def _diag(value: Value) -> Value:
    _check_size(np.size(value) ** 2)
    return np.diag(np.ravel(value))


#: name -> (function, how many arguments; None: any number)
FUNCTIONS: dict[str, tuple[Callable[..., Value], int | None]] = {
    "exp": (np.exp, 1),
    "log": (np.log, 1),
    "ln": (np.log, 1),
    "log10": (np.log10, 1),
    "log2": (np.log2, 1),
    "sqrt": (np.sqrt, 1),
    "sin": (np.sin, 1),
    "cos": (np.cos, 1),
    "tan": (np.tan, 1),
    "sinh": (np.sinh, 1),
    "cosh": (np.cosh, 1),
    "abs": (np.abs, 1),
    "sign": (np.sign, 1),
    "sigma": (_on_array(act.ACTIVATIONS["sigmoid"].g), 1),
    **{name: (_on_array(rule.g), 1) for name, rule in act.ACTIVATIONS.items()},
    **{f"{name}'": (_on_array(rule.dg), 1) for name, rule in act.ACTIVATIONS.items()},
    "logsoftplus": (_on_array(pairs.log_softplus), 1),
    "step": (lambda v: np.where(np.asarray(v) > 0, 1.0, 0.0), 1),
    "Phi": (_on_array(act.normal_cdf), 1),
    "phi": (_on_array(act.normal_pdf), 1),
    "clip": (_on_array(losses.clip), 1),
    "huber": (_on_array(losses.huber), 1),
    "diag": (_diag, 1),
    "softmax": (_softmax, 1),
    "sum": (lambda v: float(np.sum(v)), 1),
    "sum_rows": (lambda v: np.sum(np.atleast_2d(v), axis=0, keepdims=True), 1),
    "sum_columns": (lambda v: np.sum(np.atleast_2d(v), axis=1, keepdims=True), 1),
    "mean": (lambda v: float(np.mean(v)), 1),
    "max": (lambda *v: reduce(np.maximum, v), None),
    "min": (lambda *v: reduce(np.minimum, v), None),
    "logsumexp": (_logsumexp, None),
}


def evaluate(tree: t.Expr, lookup: Callable[[t.Symbol], Value]) -> Value:
    """The value of a formula: a float, or an array with vectors as columns (m, 1).

    Args:
        lookup: the value of a name; one-dimensional arrays are taken as columns.

    Raises:
        InputError: shapes that do not fit, a function that is not in the table or has a wrong number of arguments,
            a derivative with respect to something other than a number.
    """
    with np.errstate(all="ignore"):  # infinite and undefined values are values; the caller judges them
        value = _value(tree, lookup)
    return float(value) if np.ndim(value) == 0 else value


def _value(tree: t.Expr, lookup: Callable[[t.Symbol], Value]) -> Value:
    return _RULES[type(tree)](tree, lookup)


def _call(tree: t.Call, lookup: Callable[[t.Symbol], Value]) -> Value:
    function, arguments = tree.function, tree.arguments
    if function not in FUNCTIONS:
        known = ", ".join(sorted(name for name in FUNCTIONS if name.isalnum()))
        raise InputError(f"function {function}", f"one of {known}", repr(function))
    rule, count = FUNCTIONS[function]
    if count is not None and len(arguments) != count:
        raise InputError(f"function {function}", f"{count} argument", str(len(arguments)))
    return rule(*_fitting(f"function {function}", *(_value(a, lookup) for a in arguments)))


def _divided(tree: t.Div, lookup: Callable[[t.Symbol], Value]) -> Value:
    return np.divide(*_fitting("quotient", _value(tree.top, lookup), _value(tree.bottom, lookup)))


def _power(tree: t.Pow, lookup: Callable[[t.Symbol], Value]) -> Value:
    return np.power(*_fitting("power", _value(tree.base, lookup), _value(tree.exponent, lookup)))


def _summed(tree: Any, lookup: Callable[[t.Symbol], Value]) -> Value:
    return reduce(_plus, (_value(term, lookup) for term in tree.terms), np.float64(0.0))


#: kind of node -> its value
_RULES: dict[type, Callable[[Any, Callable[[t.Symbol], Value]], Value]] = {
    t.Number: lambda tree, lookup: np.float64(tree.value),
    t.Ref: lambda tree, lookup: _column(lookup(tree.name)),
    t.Neg: lambda tree, lookup: -_value(tree.item, lookup),
    t.Add: _summed,
    t.More: _summed,
    t.Mul: lambda tree, lookup: reduce(_times, (_value(f, lookup) for f in tree.factors)),
    t.Hadamard: lambda tree, lookup: reduce(_hadamard, (_value(f, lookup) for f in tree.factors)),
    t.Div: _divided,
    t.Pow: _power,
    t.Transpose: lambda tree, lookup: np.transpose(_value(tree.item, lookup)),
    t.Array: lambda tree, lookup: _stack([_value(item, lookup) for item in tree.items]),
    t.Call: _call,
    t.Diff: lambda tree, lookup: _difference(tree.item, tree.wrt, lookup),
}


def _difference(item: t.Expr, wrt: t.Symbol, lookup: Callable[[t.Symbol], Value]) -> Value:
    """The derivative of a formula by the five-point rule; every other name in it is held fixed."""
    at = lookup(wrt)
    if np.size(at) == 1:
        at = np.ravel(at)[0]
    if np.ndim(at):
        raise InputError("derivative of a formula", "one with respect to a number", f"an array, {_shape(at)}")
    step = 1e-3 * max(1.0, abs(float(at)))

    def moved(steps: int) -> Value:
        return _value(item, lambda name: _moved(name, lookup(name), wrt, steps * step))

    return (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * step)


def _moved(name: t.Symbol, value: Value, wrt: t.Symbol, by: float) -> Value:
    """The value of a name after ``wrt`` has moved: itself, or the vector or matrix it is a component of."""
    if name == wrt:
        return value + by
    if isinstance(wrt, Quantity) and wrt.index and name == wrt.whole:
        array = np.array(value, dtype=float)
        row, *column = (unit - 1 for unit in wrt.index)
        array[(row, *(column or [0] * (array.ndim - 1)))] += by
        return array
    return value


def magnitude(tree: t.Expr, lookup: Callable[[t.Symbol], Value]) -> Value:
    """The value with every term of every sum made positive: what rounding errors are measured against."""
    match tree:
        case t.Neg(item=item):
            return magnitude(item, lookup)
        case t.Transpose(item=item):
            return np.transpose(magnitude(item, lookup))
        case t.Add(terms=terms) | t.More(terms=terms):
            return reduce(_plus, (magnitude(term, lookup) for term in terms), np.float64(0.0))
        case t.Mul(factors=factors):
            return reduce(_times, (magnitude(f, lookup) for f in factors))
        case t.Hadamard(factors=factors):
            return reduce(_hadamard, (magnitude(f, lookup) for f in factors))
        case t.Div(top=top, bottom=bottom):
            with np.errstate(all="ignore"):
                return np.divide(magnitude(top, lookup), np.abs(_value(bottom, lookup)))
        case _:
            return np.abs(evaluate(tree, lookup))


def _column(value: Value) -> Value:
    if type(value) is np.float64:
        return value
    array = np.asarray(value, dtype=float)
    if array.ndim > 2:
        raise InputError("value", "a number, a vector or a matrix", _shape(array))
    return array[:, None] if array.ndim == 1 else array[()]


def _stack(items: list[Value]) -> Value:
    if all(np.ndim(item) == 0 for item in items):
        return np.array(items)[:, None]
    rows = [np.ravel(item) for item in items]
    if len({len(row) for row in rows}) != 1:
        raise InputError("matrix", "rows of one length", "rows of " + ", ".join(str(len(row)) for row in rows))
    return np.array(rows)


def _check_size(entries: int) -> None:
    if entries > MOST_ENTRIES:
        raise InputError("array", f"at most {MOST_ENTRIES} entries", str(entries))


def _fitting(what: str, *values: Value) -> tuple[Value, ...]:
    """The values, if an elementwise rule can take them."""
    if not any(map(np.ndim, values)):
        return values
    try:
        shape = np.broadcast_shapes(*map(np.shape, values))
    except ValueError:
        raise InputError(what, "arguments of one shape", ", ".join(map(_shape, values))) from None
    _check_size(math.prod(shape))
    return values


def _shape(value: Value) -> str:
    return " x ".join(map(str, np.shape(value))) or "a number"


def _plus(a: Value, b: Value) -> Value:
    one, two = np.shape(a), np.shape(b)
    if one and two and one != two:
        if one == two[::-1] and 1 in one:
            return a + np.transpose(b)  # h W + b^T, with vectors as rows
        if not _one_axis(one, two):
            raise InputError("sum", f"terms of one shape ({_shape(a)})", _shape(b))
    return a + b


def _one_axis(a: tuple[int, ...], b: tuple[int, ...]) -> bool:
    """Whether two matrices differ in one axis, of length 1 in one of them: a vector added to each row or column."""
    axes = [(m, n) for m, n in zip(a, b, strict=True) if m != n]
    return len(axes) == 1 and 1 in axes[0]


def _times(a: Value, b: Value) -> Value:
    if not np.ndim(a) or not np.ndim(b):
        return a * b
    if a.shape[1] != b.shape[0] and a.shape == b.shape:
        return a * b  # no product of matrices: people write * for the elementwise one
    if a.shape[1] != b.shape[0] and 1 in (a.size, b.size):
        return a.item() * b if a.size == 1 else a * b.item()  # [0.3] [1, 2]
    if a.shape[1] != b.shape[0]:
        raise InputError("product", f"a right factor of {a.shape[1]} rows (the left one is {_shape(a)})", _shape(b))
    _check_size(a.shape[0] * b.shape[1])
    return a @ b


def _hadamard(a: Value, b: Value) -> Value:
    if np.ndim(a) and np.ndim(b) and np.shape(a) != np.shape(b):
        raise InputError("elementwise product", f"factors of one shape ({_shape(a)})", _shape(b))
    return a * b
