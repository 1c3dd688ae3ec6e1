"""The derivative of a formula of one variable, as a formula: a rule for each kind of node and each function."""

from __future__ import annotations

from collections.abc import Callable

from chainrule.errors import InputError
from chainrule.formula import tree as t
from chainrule.network.activations import ACTIVATIONS

_ZERO, _ONE, _TWO = t.Number(0.0, "0"), t.Number(1.0, "1"), t.Number(2.0, "2")


def _step(x: t.Expr) -> t.Expr:
    return t.Call("step", (x,))


#: function of one argument -> its derivative there
_SLOPES: dict[str, Callable[[t.Expr], t.Expr]] = {
    "exp": lambda x: t.Call("exp", (x,)),
    "log": lambda x: t.Div(_ONE, x),
    "ln": lambda x: t.Div(_ONE, x),
    "log10": lambda x: t.Div(_ONE, _product(x, t.Call("log", (t.Number(10.0, "10"),)))),
    "log2": lambda x: t.Div(_ONE, _product(x, t.Call("log", (_TWO,)))),
    "sqrt": lambda x: t.Div(_ONE, _product(_TWO, t.Call("sqrt", (x,)))),
    "sin": lambda x: t.Call("cos", (x,)),
    "cos": lambda x: t.Neg(t.Call("sin", (x,))),
    "tan": lambda x: t.Div(_ONE, t.Pow(t.Call("cos", (x,)), _TWO)),
    "sinh": lambda x: t.Call("cosh", (x,)),
    "cosh": lambda x: t.Call("sinh", (x,)),
    "abs": lambda x: t.Call("sign", (x,)),
    "Phi": lambda x: t.Call("phi", (x,)),
    "phi": lambda x: t.Neg(_product(x, t.Call("phi", (x,)))),
    "sign": lambda x: _ZERO,
    "step": lambda x: _ZERO,
    "sigma": lambda x: t.Call("sigmoid'", (x,)),
    **{name: lambda x, name=name: t.Call(f"{name}'", (x,)) for name in ACTIVATIONS},  # type: ignore[misc]
}


def derivative(tree: t.Expr, wrt: t.Symbol) -> t.Expr:
    """The derivative of a formula of numbers, where every product is one of numbers.

    At a kink of max(f, g) or min(f, g) it is the slope of f, so that max(0, a) has that of relu.

    Raises:
        InputError: a function whose derivative is not known here, or an array.
    """
    if wrt not in set(t.refs(tree)):
        return _ZERO
    match tree:
        case t.Ref():
            return _ONE
        case t.Neg(item=item):
            return t.Neg(derivative(item, wrt))
        case t.Add(terms=terms):
            return _sum(*(derivative(term, wrt) for term in terms))
        case t.Mul(factors=factors) | t.Hadamard(factors=factors):
            each = (_product(*factors[:i], derivative(f, wrt), *factors[i + 1 :]) for i, f in enumerate(factors))
            return _sum(*each)
        case t.Div(top=top, bottom=bottom):
            if wrt not in set(t.refs(bottom)):
                return t.Div(derivative(top, wrt), bottom)
            slopes = (_product(derivative(top, wrt), bottom), t.Neg(_product(top, derivative(bottom, wrt))))
            return t.Div(_sum(*slopes), t.Pow(bottom, _TWO))
        case t.Pow(base=base, exponent=t.Number(value=value)):
            less = base if value == 2 else t.Pow(base, t.Number(value - 1, f"{value - 1:g}"))
            return _product(tree.exponent, less, derivative(base, wrt))
        case t.Pow(base=base, exponent=exponent):
            return _product(tree, derivative(_product(exponent, t.Call("log", (base,))), wrt))
        case t.Call(function="max" | "min" as function, arguments=(first, second)):
            more = t.Add((second, t.Neg(first)) if function == "max" else (first, t.Neg(second)))
            change = _sum(derivative(second, wrt), t.Neg(derivative(first, wrt)))
            return _sum(derivative(first, wrt), _product(_step(more), change))
        case t.Call(function=function, arguments=(item,)) if function in _SLOPES:
            return _product(_SLOPES[function](item), derivative(item, wrt))
    raise InputError("formula", "one whose derivative is known", type(tree).__name__)


def elementwise(tree: t.Expr) -> t.Expr:
    """The formula with its products taken entry by entry."""
    parts = tuple(elementwise(part) for part in t.children(tree))
    return t.Hadamard(parts) if isinstance(tree, t.Mul) else t.with_children(tree, parts)


def _sum(*terms: t.Expr) -> t.Expr:
    kept = tuple(term for term in terms if term not in (_ZERO, t.Neg(_ZERO)))
    return kept[0] if len(kept) == 1 else t.Add(kept) if kept else _ZERO


def _product(*factors: t.Expr) -> t.Expr:
    kept = tuple(factor for factor in factors if factor != _ONE)
    if _ZERO in kept:
        return _ZERO
    return kept[0] if len(kept) == 1 else t.Mul(kept) if kept else _ONE
