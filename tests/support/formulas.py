"""The formulas of the tables as functions, in whatever numbers a test computes with.

Tests hold the tables against definitions of their own. A row that those do not have yet is held against its own
formula: what a reader is shown must be what is computed.
"""

from collections.abc import Callable, Mapping
from typing import Any

from chainrule.network.activations import ACTIVATIONS
from chainrule.network.losses import LOSSES

Functions = Mapping[str, Callable[..., Any]]


def compiled(formula: str, functions: Functions) -> Callable[..., Any]:
    """The value of a formula of the tables, given its letters by name."""
    code = compile(formula.replace("^", "**"), formula, "eval")
    return lambda **letters: eval(code, {"__builtins__": {}, **functions, **letters})


def rules(functions: Functions) -> dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]]:
    """(g, g') of each activation, as functions of a."""

    def pair(formula: str, dformula: str) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
        g, dg = compiled(formula, functions), compiled(dformula, functions)
        return (lambda a: g(a=a)), (lambda a: dg(a=a, h=g(a=a)))

    return {name: pair(row.formula, row.dformula) for name, row in ACTIVATIONS.items()}


def terms(functions: Functions) -> dict[str, tuple[Callable[..., Any], Callable[..., Any]]]:
    """(the term of one output, its derivative by p) of each loss, as functions of p, y and k, the number of outputs."""

    def pair(formula: str, dformula: str) -> tuple[Callable[..., Any], Callable[..., Any]]:
        term, slope = compiled(formula, functions), compiled(dformula, functions)
        return (lambda p, y, k: term(p=p, y=y, k=k)), (lambda p, y, k: slope(p=p, y=y, k=k))

    return {name: pair(row.formula, row.dformula) for name, row in LOSSES.items()}


def arrays(np: Any) -> Functions:
    """The functions of the formulas on the arrays of a package that looks like NumPy."""

    def softplus(a: Any) -> Any:
        return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))

    return {
        "exp": np.exp, "log": np.log, "tanh": np.tanh, "sinh": np.sinh, "cosh": np.cosh, "abs": np.abs,
        "sign": np.sign, "max": np.maximum, "min": np.minimum,
        "sigma": lambda a: 1 / (1 + np.exp(-a)), "softplus": softplus,
    }  # fmt: skip


def example_losses(np: Any) -> dict[str, Callable[[Any, Any], Any]]:
    """The loss of each example from p (n, k) and y (n, k), for each loss."""

    def summed(term: Callable[..., Any]) -> Callable[[Any, Any], Any]:
        return lambda p, y: np.sum(term(p, y, p.shape[1]), axis=1)

    return {name: summed(term) for name, (term, _) in terms(arrays(np)).items()}
