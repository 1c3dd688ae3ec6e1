"""Mistakes with one unknown number that what they give follows in no straight line: a temperature, a threshold.

Each says where to begin; from there the number is solved step by step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.auditing.mistakes.code.slopes import kinked
from chainrule.auditing.mistakes.code.targets import by_error, error_scale, paired
from chainrule.auditing.mistakes.table import Fits, Mistake, activation_is, both, curved, get, last, loss_is, softmax
from chainrule.auditing.mistakes.unknowns import told
from chainrule.auditing.model.problem import Node
from chainrule.auditing.model.replay import Replay, Rule
from chainrule.network.arrays import Array

MOST_STARTS = 30  # the simplest numbers first
MOST_DIGITS = 8  # of a threshold
USUAL = (0.5, 0.1, 0.2, 0.3, 0.01, 0.05, 0.001, 0.25, 0.4, 0.6, 0.7, 0.8, 0.9, 1.0, 2.0)  # thresholds

Starts = Callable[[Replay, Node], Iterable[float]]


@dataclass(frozen=True)
class Curve:
    """A family of mistakes at one kind of node.

    Attributes:
        rule: the unknown -> the rule. words: a template as those of ``Mistake``, with {} for the number.
        starts: where its solution is looked for.
        partner: another kind of node whose equation the rule replaces as well.
        right: the number with which it is no mistake. flat: what it gives changes in jumps only.
    """

    id: str
    kind: str
    fits: Fits
    rule: Callable[[float], Rule]
    words: str
    starts: Starts
    partner: str = ""
    right: float = 0.0
    flat: bool = False

    def at_number(self, c: float) -> Mistake:
        """The mistake with any number."""
        return Mistake(self.id, self.kind, self.fits, self.rule(c), self.words.format(told(c)), "", "",
                       partner=self.partner)  # fmt: skip


def _from(*numbers: float) -> Starts:
    return lambda r, q: numbers


def _between(of: Callable[[Replay, Node], Array]) -> Starts:
    """A number between each two values that are neighbours, as short as one can be: the shortest first."""

    def starts(r: Replay, q: Node) -> Iterable[float]:
        values = np.unique(of(r, q))
        found = [_shortest(float(low), float(high)) for low, high in pairwise(values)]
        numbers = [number for _, number in sorted(found)[:MOST_STARTS]]
        return dict.fromkeys([*numbers, *(number for number in USUAL if values[0] < number < values[-1])])

    return starts


def _shortest(low: float, high: float) -> tuple[int, float]:
    """(decimals, number) of the shortest number between two."""
    for digits in range(MOST_DIGITS):
        number = round((low + high) / 2, digits)
        if low < number < high:
            return digits, number
    return MOST_DIGITS, (low + high) / 2


def _a(r: Replay, q: Node) -> Array:
    return np.append(get(r, q, "a").ravel(), 0.0)


def _error(r: Replay, q: Node) -> Any:
    return get(r, q, "h") - r.problem.y


def _sizes(r: Replay, q: Node) -> Array:
    return np.append(np.abs(_error(r, q)).ravel(), 0.0)


def _exp(a: Array) -> Any:
    e = np.exp(a - a.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def _temperatures() -> Iterator[Curve]:
    starts = _from(0.5, 2.0, 0.1, 10.0)
    yield Curve(
        "softmax_temperature", "h", softmax, lambda c: lambda r, q: _exp(c * get(r, q, "a")),
        "the logits are multiplied with {} in the softmax, as by a temperature; the gradient is without it", starts,
        right=1.0,
    )  # fmt: skip
    yield Curve(
        "softmax_temperature", "da", both(softmax, paired),
        lambda c: lambda r, q: c * error_scale(r.problem) * (_exp(c * get(r, q, "a")) - r.problem.y),
        "the logits are multiplied with {}, as by a temperature, in the softmax and in its gradient", starts,
        right=1.0,
    )  # fmt: skip


def _steepness() -> Iterator[Curve]:
    def smooth(p: Any, i: int) -> bool:
        return curved(p, i) and not activation_is("relu")(p, i) and not kinked(p, i)

    def scaled(power: int) -> Callable[[float], Rule]:
        def rule(c: float) -> Rule:
            def replaced(r: Replay, q: Node) -> Any:
                activation, a = r.problem.rule(q.layer), c * get(r, q, "a")
                assert activation is not None
                return activation.g(a) if q.kind == "h" else c**power * activation.dg(a)

            return replaced

        return rule

    starts = _from(0.5, 2.0)
    for power, words in ((1, ", forward and back"), (0, "; its derivative is without the factor")):
        yield Curve("activation_scaled", "h", smooth, scaled(power),
                    "<a i> is multiplied with {} in the activation of layer <i>" + words, starts, partner="g'",
                    right=1.0)  # fmt: skip
        yield Curve("slope_scaled", "g'", smooth, scaled(power),
                    "<a i> is multiplied with {} in the derivative of the activation, not in the activation", starts,
                    right=1.0)  # fmt: skip


def _thresholds() -> Iterator[Curve]:
    yield Curve("threshold", "g'", kinked, lambda c: lambda r, q: r.slope_at(q.layer, get(r, q, "a") - c),
                "the mask asks for a above {}, where the kink is at 0", _between(_a), flat=True)  # fmt: skip
    yield Curve("threshold", "h", activation_is("relu"),
                lambda c: lambda r, q: (get(r, q, "a") > c) * (get(r, q, "a") if q.kind == "h" else 1.0),
                "the ReLU lets through what is above {}, not above 0, forward and back", _between(_a),
                partner="g'", flat=True)  # fmt: skip

    def error(of: Callable[[Array, float], Any]) -> Callable[[float], Rule]:
        return lambda c: lambda r, q: error_scale(r.problem) * of(_error(r, q), c)

    for kind, fits in (("dh", by_error), ("da", paired)):
        yield Curve("error_cut_off", kind, fits, error(lambda e, c: e * (np.abs(e) < c)),
                    "errors beyond {} get no gradient: they are clipped before the loss is taken",
                    _between(_sizes), right=np.inf, flat=True)  # fmt: skip
        yield Curve("error_clipped", kind, fits, error(lambda e, c: np.clip(e, -c, c)),
                    "errors are clipped at {}", _between(_sizes), right=np.inf)  # fmt: skip


def _denominators() -> Iterator[Curve]:
    entropy = both(last, loss_is("cross_entropy"))

    def over(of: Callable[[Array, float], Any]) -> Callable[[float], Rule]:
        return lambda c: lambda r, q: -r.problem.coefficients[:, None] * r.problem.y / of(get(r, q, "h"), c)

    yield Curve("epsilon_in_denominator", "dh", entropy, over(lambda p, c: p + c),
                "{} is added to yhat in the derivative of the loss", _from(1e-3, 0.05))  # fmt: skip
    yield Curve("output_floored", "dh", entropy, over(lambda p, c: np.maximum(p, c)),
                "yhat is kept above {} in the derivative of the loss",
                _between(lambda r, q: np.append(get(r, q, "h")[r.problem.y != 0], 0.0)))  # fmt: skip


#: every family, likelier ones first
CURVES: tuple[Curve, ...] = (*_temperatures(), *_thresholds(), *_steepness(), *_denominators())
