"""Elementwise rules: one row each, g beside g' and what holds at a kink.

Every function takes real or complex arrays (a complex step branches on the real part), keeps
float32 as float32, lets NaN through, and does not overflow. g' is written so that it keeps its
relative accuracy where g saturates: sigma' is e/(1+e)^2 with e = exp(-|a|), never h(1-h).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from chainrule.errors import unknown
from chainrule.network.arrays import Array
from chainrule.system.patterns import regex

LEAK = 0.01  # slope of leaky_relu left of 0
_PHI_LIMIT = 40.0  # exp(-40^2/2) is 0 in float64


@dataclass(frozen=True)
class Activation:
    """One elementwise rule h = g(a).

    Attributes:
        g: the function.
        dg: its derivative, as a function of a.
        formula, dformula: g and g' for reading, in the letters a and h = g(a).
        latex, dlatex: g and g' as LaTeX.
        low, high: bounds that its values never reach.
        kink: where g has no derivative (None: nowhere), and there ``convention`` holds.
        bend: where g' has none: the kink, or where two smooth pieces meet.
        gate: s, where g(a) is a s(a), so that g' is s + a s' by the product rule; None for another rule.
        dg_of_h: g' as a function of h alone, where its formula is one: the auditor takes it from an h that is written.
        turns, dturns: where g and where g' stop rising or falling; between them each is monotone.
        he: weights into such a layer are drawn after He et al. 2015, not after Glorot & Bengio 2010.
        asleep: slope at or below which a unit (hardly) learns from an example: a hundredth of the steepest slope, 0
            where the slope is 0 exactly; None where there is no such slope.
        one_sided: it is asleep at one end only, so that a unit which always is has died.
    """

    name: str
    g: Callable[[Array], Array]
    dg: Callable[[Array], Array]
    formula: str
    dformula: str
    latex: str
    dlatex: str
    low: float = -math.inf
    high: float = math.inf
    kink: float | None = None
    convention: str = ""
    bend: float | None = None
    gate: Callable[[Array], Array] | None = None
    dg_of_h: Callable[[Array], Array] | None = None
    turns: tuple[float, ...] = ()
    dturns: tuple[float, ...] = ()
    he: bool = False
    asleep: float | None = 0.01
    one_sided: bool = True


class OwnRule(str):
    """The name of an activation that is in no table and brings its own row: a formula of an author's."""

    @property
    def row(self) -> Activation:
        """The activation."""
        raise NotImplementedError


def _decay(a: Array) -> Array:
    """exp(-|a|), by the sign of the real part."""
    e: Array = np.exp(np.where(a.real >= 0, -a, a))
    return e


def side(a: Array) -> Array:
    """What decides on which side of a kink a lies: a, or the real part of a point moved by a complex step.

    A real part no larger than the step is the rounding of one that was 0.
    """
    if not np.iscomplexobj(a):
        return a
    return np.where(np.abs(a.real) <= np.abs(a.imag), 0.0, a.real)


def log1p(z: Array) -> Array:
    """log(1 + z), exact for small z also where z was moved by a complex step (NumPy's is not)."""
    if not np.iscomplexobj(z):
        real: Array = np.log1p(z)
        return real
    moved: Array = np.log1p(z.real) + 1j * np.arctan2(z.imag, 1 + z.real)
    return moved


def _one(a: Array) -> Array:
    return np.ones_like(a)


def _sigmoid(a: Array) -> Array:
    e = _decay(a)
    h: Array = np.where(a.real >= 0, 1, e) / (1 + e)
    return h


def _dsigmoid(a: Array) -> Array:
    e = _decay(a)
    slope: Array = e / (1 + e) ** 2
    return slope


def normal_cdf(a: Array) -> Array:
    """Phi, the distribution of the standard normal."""
    from scipy.special import erfc

    tail: Array = erfc(-a * math.sqrt(0.5))
    return tail / 2


def normal_pdf(a: Array) -> Array:
    """phi, the density of the standard normal."""
    near = np.clip(a, -_PHI_LIMIT, _PHI_LIMIT)
    density: Array = np.exp(-(near**2) / 2) / math.sqrt(2 * math.pi)
    return density


def _softplus(a: Array) -> Array:
    h: Array = np.where(a.real < 0, 0, a) + log1p(_decay(a))
    return h


def _leaky(name: str, slope: float) -> Activation:
    """max(slope a, a), with a slope below 1."""
    rest = float(f"{1 - slope:.12g}")
    return Activation(
        name,
        lambda a: np.where(side(a) <= 0, slope * a, a), lambda a: np.where(side(a) <= 0, slope * _one(a), 1),
        f"max({slope}*a, a)", f"{slope} + {rest}*step(a)", rf"\max({slope}\,a, a)", rf"{slope} + {rest}\,[a > 0]",
        kink=0.0, bend=0.0, convention=f"g'(0) = {slope}", he=True, asleep=None, one_sided=False,
    )  # fmt: skip


_ROWS = (  # g and g' as functions, for reading, and as LaTeX; then what holds of them
    Activation("identity", lambda a: a + 0, _one, "a", "1", "a", "1", asleep=None, one_sided=False),
    Activation(
        "sigmoid", _sigmoid, _dsigmoid,
        "1/(1 + exp(-a))", "h*(1 - h)", r"\frac{1}{1 + e^{-a}}", r"h\,(1 - h)",
        low=0.0, high=1.0, dg_of_h=lambda h: h * (1 - h), dturns=(0.0,), asleep=0.0025, one_sided=False,
    ),
    Activation(
        "tanh", np.tanh, lambda a: 4 * _dsigmoid(2 * a),
        "tanh(a)", "1 - h^2", r"\tanh a", "1 - h^2",
        low=-1.0, high=1.0, dg_of_h=lambda h: 1 - h**2, dturns=(0.0,), one_sided=False,
    ),
    Activation(
        "relu", lambda a: np.where(side(a) <= 0, 0, a), lambda a: np.where(side(a) <= 0, 0, _one(a)),
        "max(0, a)", "step(a)", r"\max(0, a)", "[a > 0]",
        kink=0.0, bend=0.0, convention="g'(0) = 0", he=True, asleep=0.0,
    ),
    _leaky("leaky_relu", LEAK),
    Activation(
        "elu",
        lambda a: np.where(a.real > 0, a, np.expm1(np.where(a.real > 0, 0, a))),
        lambda a: np.exp(np.where(a.real > 0, 0, a)),
        "max(0, a) + exp(min(0, a)) - 1", "exp(min(0, a))", r"\max(0, a) + e^{\min(0, a)} - 1", r"e^{\min(0, a)}",
        low=-1.0, bend=0.0, he=True,
    ),
    Activation(
        "gelu",
        lambda a: a * normal_cdf(a),
        lambda a: normal_cdf(a) + np.clip(a, -_PHI_LIMIT, _PHI_LIMIT) * normal_pdf(a),
        "a*Phi(a)", "Phi(a) + a*phi(a)", r"a\,\Phi(a)", r"\Phi(a) + a\,\varphi(a)",
        gate=normal_cdf, turns=(-0.7517915246935645,), dturns=(-1.4142135623730951, 1.4142135623730951), he=True,
    ),
    Activation(
        "silu", lambda a: a * _sigmoid(a), lambda a: _sigmoid(a) + a * _dsigmoid(a),
        "a*sigma(a)", "sigma(a)*(1 + a*(1 - sigma(a)))", r"a\,\sigma(a)", r"\sigma(a)\,(1 + a\,(1 - \sigma(a)))",
        gate=_sigmoid, turns=(-1.2784645427610738,), dturns=(-2.399357280520542, 2.399357280520542), he=True,
    ),
    Activation("softplus", _softplus, _sigmoid, "log(1 + exp(a))", "sigma(a)", r"\log(1 + e^a)", r"\sigma(a)", low=0.0),
)  # fmt: skip

ACTIVATIONS: dict[str, Activation] = {row.name: row for row in _ROWS}


_LEAKY = regex(r"leaky_relu\((0(?:\.[0-9]{1,12})?)\)")


@lru_cache(maxsize=64)
def _leaky_named(name: str) -> Activation | None:
    match = _LEAKY.fullmatch(name)
    return None if match is None else _leaky(name, float(match[1]))


def own_rule(name: str) -> Activation | None:
    """The row of a name that is in no table: ``leaky_relu(0.2)`` has that slope, an ``OwnRule`` brings its own."""
    if isinstance(name, OwnRule):
        return name.row
    return _leaky_named(name) if isinstance(name, str) else None


def activation(name: str, quantity: str = "activation") -> Activation:
    """The row of that name; ``leaky_relu(0.2)`` is leaky_relu with that slope, from 0 to below 1, left of 0.

    Raises:
        InputError: no such activation; the message lists those that are known.
    """
    found = ACTIVATIONS.get(name) if isinstance(name, str) else None
    found = found or own_rule(name)
    if found is None:
        raise unknown(quantity, name, ACTIVATIONS)
    return found
