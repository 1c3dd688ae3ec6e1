"""Formulas as SymPy expressions, by their trees; SymPy's parser is never used."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.errors import InputError
from chainrule.formula.tree import Add, Call, Div, Expr, Mul, Neg, Number, Pow, Ref, children

FUNCTIONS = ("exp", "log", "sqrt", "sin", "cos", "tan", "tanh", "sigma", "relu", "softplus", "abs")


def check(tree: Expr) -> None:
    """Let pass only scalars and the functions that can be differentiated.

    Raises:
        InputError: another function, a vector or a matrix.
    """
    if isinstance(tree, Call) and tree.function not in FUNCTIONS:
        raise InputError("graph", f"functions {', '.join(FUNCTIONS)}", tree.function)
    if not isinstance(tree, (Number, Ref, Neg, Add, Mul, Div, Pow, Call)):
        raise InputError("graph", "formulas of numbers", "a vector or a matrix")
    for part in children(tree):
        check(part)


def to_sympy(tree: Expr, symbols: Mapping[str, Any]) -> Any:
    """A formula as a SymPy expression in these symbols."""
    import sympy

    match tree:
        case Number(value=value):
            return sympy.Integer(int(value)) if value.is_integer() else sympy.Float(value)
        case Ref(name=name):
            return symbols[str(name)]
        case Neg(item=item):
            return -to_sympy(item, symbols)
        case Add(terms=terms):
            return sympy.Add(*(to_sympy(t, symbols) for t in terms))
        case Mul(factors=factors):
            return sympy.Mul(*(to_sympy(f, symbols) for f in factors))
        case Div(top=top, bottom=bottom):
            return to_sympy(top, symbols) / to_sympy(bottom, symbols)
        case Pow(base=base, exponent=exponent):
            return to_sympy(base, symbols) ** to_sympy(exponent, symbols)
        case Call(function=function, arguments=arguments):
            return _function(function, [to_sympy(a, symbols) for a in arguments])
        case _:
            raise InputError("graph", "formulas of numbers", "a vector or a matrix")


def _function(name: str, arguments: list[Any]) -> Any:
    import sympy

    if len(arguments) != 1:
        raise InputError(f"function {name}", "1 argument", str(len(arguments)))
    (v,) = arguments
    own = {
        "sigma": lambda: 1 / (1 + sympy.exp(-v)),
        "relu": lambda: sympy.Piecewise((v, v > 0), (0, True)),  # its slope at 0 is 0, as in the table of activations
        "softplus": lambda: sympy.log(1 + sympy.exp(v)),
        "abs": lambda: sympy.Abs(v),
    }
    return own[name]() if name in own else getattr(sympy, name)(v)


def as_text(expression: Any) -> str:
    """SymPy's text with our signs."""
    return str(expression).replace("**", "^")
