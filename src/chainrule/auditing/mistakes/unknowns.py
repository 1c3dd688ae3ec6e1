"""Mistakes with one unknown number in them: a penalty's lambda, a rate, the slope of a leaky ReLU.

What such a mistake gives is a straight line in its unknown, so that the unknown is solved from an array.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.auditing.mistakes.code.slopes import kinked, leaky
from chainrule.auditing.mistakes.code.targets import by_error, one_hot, paired, with_targets
from chainrule.auditing.mistakes.table import Fits, Mistake, activation_is, anywhere, bound, curved, fits_with, get
from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.replay import Replay, Rule

#: how near a number is to the one that a person would have written
NEAR = 1e-5


@dataclass(frozen=True)
class Unknown:
    """A family of mistakes at one kind of node.

    Attributes:
        rule: the unknown -> the rule.
        says: (problem, unknown) -> the words, a template as those of ``Mistake``; None where no such number is used.
    """

    id: str
    kind: str
    fits: Fits
    rule: Callable[[float], Rule]
    says: Callable[[Problem, float], str | None]

    def at_number(self, c: float, words: str = "") -> Mistake:
        """The mistake with any number."""
        return Mistake(self.id, self.kind, self.fits, self.rule(c), words, "", "")

    def solved(self, problem: Problem, c: float) -> Mistake | None:
        """The mistake with its number; None where nobody would use it."""
        words = self.says(problem, c)
        return None if words is None else self.at_number(c, words)


def told(c: float) -> str:
    """A number as a person would have written it, where one is near."""
    for digits in range(1, 6):
        short = float(f"{c:.{digits}g}")
        if abs(short - c) <= NEAR * abs(c):
            return f"{short:g}"
    return f"{c:.6g}"


def _says_with(value: Any, says: Callable[[Problem, float, Any], str | None]) -> Callable[[Problem, float], str | None]:
    """Words that depend on one more thing, for rows that are made in a loop."""
    return lambda problem, c: says(problem, c, value)


def is_round(c: float) -> bool:
    """Whether it has two digits at most."""
    return len(told(c).lstrip("-").replace(".", "").strip("0")) <= 2


def _penalty(symbol: str) -> Callable[[Problem, float], str | None]:
    def says(problem: Problem, c: float) -> str | None:
        n, name = problem.n, f"<{symbol} i>"
        start = f"{told(c)} {name} is added, as by an L2 penalty"
        if c < 0:
            return f"{told(-c)} {name} is subtracted, as by an L2 penalty with the wrong sign"
        if is_round(c):
            more = f" (or 2 lambda with lambda = {told(c / 2)})" if is_round(c / 2) else ""
            return f"{start}: lambda = {told(c)}{more}"
        if n > 1 and is_round(c * n):
            return f"{start}: lambda / n with lambda = {told(c * n)}"
        if is_round(c / 2):
            return f"{start}: 2 lambda with lambda = {told(c / 2)}"
        if n > 1 and is_round(c * n / 2):
            return f"{start}: 2 lambda / n with lambda = {told(c * n / 2)}"
        return f"{start}: lambda = {told(c)}"

    return says


def _added(of: Callable[[Replay, Node], Any]) -> Callable[[float], Rule]:
    return lambda c: lambda r, q: r.right(q) + c * of(r, q)


def _stepped(symbol: str) -> Callable[[float], Rule]:
    return lambda c: lambda r, q: get(r, q, symbol) - c * r.right(q)


def _penalties() -> Iterator[Unknown]:
    for symbol in ("W", "b"):
        kind = f"d{symbol}"

        def there(p: Problem, i: int, s: str = symbol) -> bool:
            arrays = p.network.weights if s == "W" else p.network.biases
            return bool(np.any(arrays[i - 1]))

        yield Unknown("l2_penalty" if symbol == "W" else "l2_penalty_on_biases", kind, there,
                      _added(bound(symbol, lambda r, q, s: get(r, q, s))), _penalty(symbol))  # fmt: skip
        yield Unknown(
            "l1_penalty",
            kind,
            there,
            _added(bound(symbol, lambda r, q, s: np.sign(get(r, q, s)))),
            _says_with(symbol, lambda p, c, s: f"{told(c)} times the sign of <{s} i> is added, as by an L1 penalty"),
        )
        yield Unknown(
            "parameters_after_step",
            kind,
            there,
            _stepped(symbol),
            _says_with(
                symbol,
                lambda p, c, s: (
                    None
                    if not c
                    else f"<{s} i> after a step of rate {told(c)} stands here, where its gradient should be"
                    if c > 0
                    else f"<{s} i> plus {told(-c)} times the gradient stands here, not the gradient"
                ),
            ),
        )
        yield Unknown("constant_added", kind, anywhere, _added(lambda r, q: 1.0),
                      lambda p, c: f"{told(c)} is added to every entry")  # fmt: skip


def _rates() -> Iterator[Unknown]:
    def says(p: Problem, c: float) -> str | None:
        if c > 0:
            return f"the already updated <W i+1> is used on the way back, with the rate {told(c)}"
        return f"<W i+1> after a step up the gradient is used on the way back, with the rate {told(-c)}"

    yield Unknown("updated_weights_used", "dh", lambda p, i: i < p.depth,
                  lambda c: lambda r, q: get(r, q, "da", 1) @ (get(r, q, "W", 1) - c * get(r, q, "dW", 1)),
                  says)  # fmt: skip
    yield Unknown("bias_in_weights", "dh", lambda p, i: i < p.depth and bool(np.any(p.network.biases[i])),
                  lambda c: lambda r, q: get(r, q, "da", 1) @ (get(r, q, "W", 1) + c * get(r, q, "b", 1)[:, None]),
                  lambda p, c: f"{told(c)} times the bias is added to <W i+1> on the way back")  # fmt: skip


def _slopes() -> Iterator[Unknown]:
    def below(of: Callable[[Replay, Node], Any]) -> Callable[[float], Rule]:
        return lambda c: lambda r, q: np.where(get(r, q, "a") > 0, 1.0, c * of(r, q))

    relu = activation_is("relu")
    yield Unknown(
        "leaky_slope_for_relu",
        "g'",
        relu,
        below(lambda r, q: 1.0),
        lambda p, c: f"the slope of a leaky ReLU is used: {told(c)} below 0, where the ReLU has 0",
    )
    yield Unknown(
        "other_alpha",
        "g'",
        leaky,
        below(lambda r, q: 1.0),
        lambda p, c: f"the slope below 0 is {told(c)}, which is another alpha than the activation has",
    )
    yield Unknown("leaky_slope_used", "g'", lambda p, i: curved(p, i) and not relu(p, i) and not leaky(p, i),
                  below(lambda r, q: 1.0),
                  lambda p, c: f"the slope of a leaky ReLU is used: {told(c)} below 0")  # fmt: skip
    yield Unknown(
        "leaky_value_for_slope",
        "g'",
        kinked,
        below(lambda r, q: get(r, q, "a")),
        lambda p, c: f"below 0 the slope is written as {told(c)} a, where it is a number",
    )
    yield Unknown("other_alpha", "g'", activation_is("elu"), below(lambda r, q: np.exp(get(r, q, "a"))),
                  lambda p, c: f"the slope of an ELU with alpha = {told(c)} is used")  # fmt: skip
    yield Unknown("number_below", "da", lambda p, i: 0 < i < p.depth and kinked(p, i),
                  lambda c: lambda r, q: np.where(get(r, q, "a") > 0, r.right(q), c),
                  lambda p, c: f"where a is below 0, {told(c)} stands alone, not times the gradient that comes "
                  "back")  # fmt: skip
    yield Unknown("slope_above", "g'", kinked,
                  lambda c: lambda r, q: np.where(get(r, q, "a") > 0, c * r.right(q), r.right(q)),
                  lambda p, c: f"the slope above 0 is {told(c)}, where it is 1")  # fmt: skip


def _targets_are(change: Callable[[Problem, float], Any]) -> Callable[[float], Rule]:
    return lambda c: with_targets(lambda p: change(p, c))


def _targets() -> Iterator[Unknown]:
    def says(p: Problem, c: float) -> str | None:
        return f"the targets are smoothed by {told(c)}: 1 - {told(c)} and a share of it" if 0 < c < 1 else None

    for kind, fits in (("da", paired), ("dh", by_error)):
        yield Unknown(
            "targets_smoothed",
            kind,
            fits_with(fits, lambda p, i, f: f(p, i) and one_hot(p)),
            _targets_are(lambda p, c: p.y + c * (1.0 / p.sizes[-1] - p.y)),
            says,
        )
        yield Unknown(
            "targets_scaled",
            kind,
            fits,
            _targets_are(lambda p, c: c * p.y),
            lambda p, c: f"the targets are {told(c)} times what they should be" if c else None,
        )
        yield Unknown("targets_moved", kind, fits, _targets_are(lambda p, c: p.y + c),
                      lambda p, c: f"{told(c)} is added to every target" if c else None)  # fmt: skip


#: every family, likelier ones first
UNKNOWNS: tuple[Unknown, ...] = (*_slopes(), *_rates(), *_penalties(), *_targets())
