"""The functions of a graph, a row each: value, derivative as a formula, where it is defined, where it has a kink.

Values are computed by mpmath. The derivative is written in a, the argument, and h, the value; it serves symbols and
numbers alike. Activations come from the package's own table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chainrule.network.activations import ACTIVATIONS

Real = Any  # a number of mpmath
Context = Any  # of mpmath: its precision and its functions


@dataclass(frozen=True)
class Elementary:
    """A function of one number.

    Attributes:
        value: at a number, in a context.
        slope: the derivative, a formula in a and h.
        inside: whether it is defined at a number; ``needs`` says it in words.
        kink: where it has no derivative although it is defined; the formula's value is taken there, by convention.
        jump: it is no kink but a jump.
        wide: it may take numbers of any size; others take what mpmath can reduce.
    """

    value: Callable[[Context, Real], Real]
    slope: str
    inside: Callable[[Real], bool] = lambda x: True
    needs: str = ""
    kink: float | None = None
    jump: bool = False
    wide: bool = False


def _is_positive(x: Real) -> bool:
    return bool(x > 0)


def _is_not_zero(x: Real) -> bool:
    return bool(x != 0)


def _is_sine(x: Real) -> bool:
    return bool(abs(x) <= 1)


def _is_outside(x: Real) -> bool:
    return bool(abs(x) >= 1)


def _is_between(x: Real) -> bool:
    return bool(abs(x) < 1)


def _near(x: Real) -> Real:
    """A number beyond which the normal distribution does not change."""
    return max(min(x, x.context.mpf(1e6)), x.context.mpf(-1e6))


def _huber(c: Context, x: Real) -> Real:
    return x * x / 2 if abs(x) <= 1 else abs(x) - c.mpf(1) / 2


_OUTSIDE = "a number up to -1 or from 1 on"
_POSITIVE, _NOT_ZERO, _SINE = "a number above 0", "a number that is not 0", "a number from -1 to 1"

FUNCTIONS: dict[str, Elementary] = {
    "exp": Elementary(lambda c, x: c.exp(x), "h"),
    "log": Elementary(lambda c, x: c.log(x), "1/a", _is_positive, _POSITIVE, wide=True),
    "log10": Elementary(lambda c, x: c.log(x) / c.log(10), "1/(a*log(10))", _is_positive, _POSITIVE, wide=True),
    "log2": Elementary(lambda c, x: c.log(x) / c.log(2), "1/(a*log(2))", _is_positive, _POSITIVE, wide=True),
    "log1p": Elementary(lambda c, x: c.log1p(x), "1/(1 + a)", lambda x: bool(x > -1), "a number above -1", wide=True),
    "expm1": Elementary(lambda c, x: c.expm1(x), "h + 1"),
    "sqrt": Elementary(
        lambda c, x: c.sqrt(x), "1/(2*h)", lambda x: bool(x >= 0), "a number that is not negative", wide=True
    ),
    "cbrt": Elementary(lambda c, x: c.sign(x) * c.cbrt(abs(x)), "1/(3*h^2)", wide=True),
    "sin": Elementary(lambda c, x: c.sin(x), "cos(a)"),
    "cos": Elementary(lambda c, x: c.cos(x), "-sin(a)"),
    "tan": Elementary(lambda c, x: c.tan(x), "1 + h^2"),
    "cot": Elementary(lambda c, x: c.cot(x), "-1 - h^2", _is_not_zero, _NOT_ZERO),
    "sec": Elementary(lambda c, x: c.sec(x), "h*tan(a)"),
    "csc": Elementary(lambda c, x: c.csc(x), "-h*cot(a)", _is_not_zero, _NOT_ZERO),
    "asin": Elementary(lambda c, x: c.asin(x), "1/sqrt(1 - a^2)", _is_sine, _SINE),
    "acos": Elementary(lambda c, x: c.acos(x), "-1/sqrt(1 - a^2)", _is_sine, _SINE),
    "atan": Elementary(lambda c, x: c.atan(x), "1/(1 + a^2)"),
    "acot": Elementary(lambda c, x: c.pi / 2 - c.atan(x), "-1/(1 + a^2)"),
    "sinh": Elementary(lambda c, x: c.sinh(x), "cosh(a)"),
    "cosh": Elementary(lambda c, x: c.cosh(x), "sinh(a)"),
    "tanh": Elementary(lambda c, x: c.tanh(x), "1 - h^2"),
    "coth": Elementary(lambda c, x: c.coth(x), "1 - h^2", _is_not_zero, _NOT_ZERO),
    "sech": Elementary(lambda c, x: c.sech(x), "-h*tanh(a)"),
    "csch": Elementary(lambda c, x: c.csch(x), "-h*coth(a)", _is_not_zero, _NOT_ZERO),
    "asec": Elementary(lambda c, x: c.asec(x), "1/(abs(a)*sqrt(a^2 - 1))", _is_outside, _OUTSIDE),
    "acsc": Elementary(lambda c, x: c.acsc(x), "-1/(abs(a)*sqrt(a^2 - 1))", _is_outside, _OUTSIDE),
    "asinh": Elementary(lambda c, x: c.asinh(x), "1/sqrt(a^2 + 1)"),
    "acosh": Elementary(lambda c, x: c.acosh(x), "1/sqrt(a^2 - 1)", lambda x: bool(x >= 1), "a number of at least 1"),
    "atanh": Elementary(lambda c, x: c.atanh(x), "1/(1 - a^2)", _is_between, "a number between -1 and 1"),
    "acoth": Elementary(
        lambda c, x: c.acoth(x), "1/(1 - a^2)", lambda x: bool(abs(x) > 1), "a number below -1 or above 1"
    ),
    "asech": Elementary(
        lambda c, x: c.asech(x), "-1/(a*sqrt(1 - a^2))", lambda x: bool(0 < x <= 1), "a number above 0 and up to 1"
    ),
    "acsch": Elementary(lambda c, x: c.acsch(x), "-1/(abs(a)*sqrt(1 + a^2))", _is_not_zero, _NOT_ZERO),
    "erf": Elementary(lambda c, x: c.erf(_near(x)), "2*exp(-a^2)/sqrt(pi)"),
    "Phi": Elementary(lambda c, x: c.ncdf(_near(x)), "phi(a)"),
    "phi": Elementary(lambda c, x: c.npdf(_near(x)), "-a*h"),
    "huber": Elementary(_huber, "max(-1, min(1, a))", wide=True),
    "abs": Elementary(lambda c, x: abs(x), "sign(a)", kink=0.0, wide=True),
    "sign": Elementary(lambda c, x: c.sign(x), "0", kink=0.0, jump=True, wide=True),
    "step": Elementary(lambda c, x: c.mpf(x > 0), "0", kink=0.0, jump=True, wide=True),
}
#: activations: their rows give the value and the derivative as formulas
BY_FORMULA = {name: row for name, row in ACTIVATIONS.items() if name not in FUNCTIONS and name != "identity"}
#: functions of two numbers and more; at a tie the first has the slope, so that max(0, a) has that of relu
EXTREMES = ("max", "min")
ARRAYS = ("sum", "mean", "dot", "norm", "softmax")
KNOWN = {*FUNCTIONS, *BY_FORMULA, *EXTREMES, *ARRAYS}
_INVERSES = ("sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "coth", "sech", "csch")
ALIASES = {
    "ln": "log",
    "sigma": "sigmoid",
    "σ": "sigmoid",
    "logistic": "sigmoid",
    "sgn": "sign",
    "ReLU": "relu",
    "Σ": "sum",
    "∑": "sum",
    "swish": "silu",
    **{f"arc{name}": f"a{name}" for name in _INVERSES},
    **{f"ar{name}": f"a{name}" for name in _INVERSES if name.endswith("h")},
}
CONSTANTS = {"pi": "pi", "π": "pi", "e": "e"}


def kink(name: str) -> float | None:
    """Where a function of one number has a kink or a jump."""
    return FUNCTIONS[name].kink if name in FUNCTIONS else BY_FORMULA[name].kink
