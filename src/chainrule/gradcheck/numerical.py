"""The reported loss as a function of one quantity, and its numerical derivative.

Nothing here uses a backward equation: what is checked has no say in the check.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from chainrule.network import equations, pairs
from chainrule.network.arrays import Array
from chainrule.network.backward import Backward
from chainrule.network.forward import propagate
from chainrule.network.names import LOSS, Quantity
from chainrule.network.network import Network

Method = Literal["complex", "central"]

STEP = 1e-100  # of the complex step: any step whose square vanishes
NEGLIGIBLE = (
    1e-190  # below this the complex step sees nothing: of the order of STEP^2, and of the smallest float over STEP
)
ROUNDING = 64  # units of rounding allowed on the sum of absolute paths

# ---------------------------------------------------------------- the loss as a function of one quantity


@dataclass(frozen=True, eq=False)
class PerturbedLoss:
    """The reported loss, in float64, as a function of one quantity that is moved by ``delta``.

    ``reads``: what is read off instead of the loss: one unit ``a_im``, ``h_im`` or ``yhat_o``.
    """

    network: Network
    a: tuple[Array, ...]
    h: tuple[Array, ...]
    y: Array
    coefficients: Array
    method: Method
    reads: Quantity = LOSS

    @classmethod
    def of(cls, b: Backward, method: Method) -> PerturbedLoss:
        """The probe of one backward pass: its network, inputs, targets and coefficients, in float64."""
        network = b.forward.network.astype(np.float64)
        a, h = propagate(network, b.forward.x.astype(np.float64))
        return cls(network, a, h, b.y.astype(np.float64), b.coefficients.astype(np.float64), method)

    def moved(self, q: Quantity, delta: Array, row: int | None = None) -> tuple[Any, bool]:
        """The loss, and whether some unit has changed sides of a kink.

        ``row``: only this row (unit m) of W or b moves, and ``delta`` is that row alone.
        """
        i = q.layer or 0
        if q.symbol == "yhat":
            yhat = self.h[-1] + delta
            if self.reads.symbol == "yhat":
                return self._unit(yhat), False
            return self._total(self.network.loss_rule.value(yhat, self.y)), self._error_changes_side(yhat)
        if q.symbol in ("x", "h"):
            h = self.h[i] + delta
            return (self._unit(h), False) if self.reads.whole == q.whole else self._onward(i, h, crossed=False)
        if q.symbol == "a":
            return self._from_a(i, self.a[i - 1] + delta)
        W, b, h = self.network.weights[i - 1], self.network.biases[i - 1], self.h[i - 1]
        if row is None:
            a = equations.pre_batch(W + delta, h, b) if q.symbol == "W" else equations.pre_batch(W, h, b) + delta
            return self._from_a(i, a)
        a = self.a[i - 1].astype(np.result_type(delta, self.a[i - 1]))
        part = slice(row, row + 1)
        moved_W = W[part] + (delta if q.symbol == "W" else 0)
        moved_b = b[part] + (delta if q.symbol == "b" else 0)
        a[:, part] = equations.pre_batch(moved_W.astype(a.dtype), h, moved_b)
        return self._from_a(i, a)

    def _onward(self, i: int, h: Array, crossed: bool) -> tuple[Any, bool]:
        W, b = self.network.weights[i], self.network.biases[i]
        loss, later = self._from_a(i + 1, equations.pre_batch(W, h, b))
        return loss, crossed or later

    def _from_a(self, i: int, a: Array) -> tuple[Any, bool]:
        network = self.network
        rule = network.rule(i)
        crossed = rule is not None and rule.bend is not None and _changes_side(a, self.a[i - 1], rule.bend)
        if self.reads.whole == Quantity("a", i):
            return self._unit(a), crossed
        if i < network.depth:
            assert rule is not None
            h = equations.act(rule.g, a)
            return (self._unit(h), crossed) if self.reads.whole == Quantity("h", i) else self._onward(i, h, crossed)
        yhat = equations.act(network.output_rule.value, a)
        if self.reads.symbol == "yhat":
            return self._unit(yhat), crossed
        each = pairs.example_losses(network.loss, network.output, a, yhat, self.y)
        return self._total(each), crossed or self._error_changes_side(yhat)

    def _total(self, losses_: Array) -> Any:
        counted = self.coefficients != 0
        return (self.coefficients[counted] * losses_[counted]).sum()

    def _unit(self, values: Array) -> Any:
        return values[:, self.reads.index[0] - 1].sum()

    def _error_changes_side(self, yhat: Array) -> bool:
        return any(_changes_side(yhat, self.h[-1], self.y + bend) for bend in self.network.loss_rule.bends)

    def at_kink(self) -> int:
        """Units of all examples that sit exactly on a kink."""
        rules = zip(map(self.network.rule, range(1, self.network.depth + 1)), self.a, strict=True)
        units = sum(int((a == rule.kink).sum()) for rule, a in rules if rule and rule.kink is not None)
        return units + (int((self.h[-1] == self.y).sum()) if self.network.loss_rule.kink else 0)


def _changes_side(moved: Array, base: Array, kink: Any) -> bool:
    """Also true of a unit nearer to the kink than any step can tell."""
    distance = base - kink
    too_near = (distance != 0) & (np.abs(distance) < NEGLIGIBLE)
    return bool((too_near | (np.sign(moved.real - kink) != np.sign(distance))).any())


def differentiate(
    loss: Callable[[complex], tuple[Any, bool]], method: Method, first_step: float
) -> tuple[float, float, bool]:
    """d loss / dt at 0, an estimate of the error (0 for the complex step), and whether a kink was crossed."""
    if method == "complex":
        value, too_near = loss(STEP * 1j)
        return float(value.imag / STEP), 0.0, too_near
    from scipy.differentiate import derivative

    step = first_step
    while step > 1e-7 * first_step and (loss(step)[1] or loss(-step)[1]):
        step /= 4
    crossings: list[bool] = []
    steps: list[float] = []
    sizes: list[float] = []

    def values(ts: Array) -> Array:
        results = [loss(float(t)) for t in ts.ravel()]
        steps.extend(abs(float(t)) for t in ts.ravel() if t)
        sizes.extend(abs(float(value)) for value, _ in results)
        crossings.extend(crossed for _, crossed in results)
        return np.array([float(value) for value, _ in results]).reshape(ts.shape)

    found = derivative(values, np.array(0.0), initial_step=step, order=6, maxiter=6)
    rounding = 8 * float(np.finfo(float).eps) * max(sizes) / min(steps)
    return float(found.df), 4 * float(found.error) + rounding, any(crossings)


# ---------------------------------------------------------------- the rounding floor


def rounding_floors(b: Backward) -> dict[Quantity, Array]:
    """For each quantity, ROUNDING units of rounding of the sum of |path| over all its paths."""
    network = b.forward.network.astype(np.float64)
    a = [part.astype(np.float64) for part in b.forward.a]
    h = [np.abs(part.astype(np.float64)) for part in b.forward.h]
    y = np.abs(b.y.astype(np.float64))
    tiny = float(np.finfo(b.forward.network.dtype).tiny) / float(np.finfo(b.forward.network.dtype).eps)
    unit = ROUNDING * float(np.finfo(b.forward.network.dtype).eps)
    at_yhat = b.coefficients[:, None] * (h[-1] + y)
    if b.shortcut is None:
        at_yhat = 2 * at_yhat + np.abs(b.grad_yhat)
        at_a = np.einsum("nom,no->nm", _jacobian_terms(network, a[-1], h[-1]), at_yhat)
    else:
        at_a = at_yhat * np.maximum(y.sum(axis=1, keepdims=True), 1)
    at_a += np.abs(b.grad_a[-1])
    at_yhat, at_a = at_yhat + tiny, at_a + tiny
    floors = {Quantity("yhat"): unit * at_yhat}
    for i in range(network.depth, 0, -1):  # written out: a tolerance does not come from the equations that it judges
        floors[Quantity("a", i)] = unit * at_a
        floors[Quantity("W", i)] = unit * at_a.T @ h[i - 1]
        floors[Quantity("b", i)] = unit * at_a.sum(axis=0)
        at_h = at_a @ np.abs(network.weights[i - 1])
        floors[Quantity("h", i - 1) if i > 1 else Quantity("x")] = unit * at_h
        if i > 1:
            at_a = at_h * np.abs(network.activations[i - 2].dg(a[i - 2]))
    return floors


def _jacobian_terms(network: Network, a: Array, yhat: Array) -> Array:
    """The output's Jacobian (n, o, m) with the terms of each entry made positive."""
    if network.output_rule.rule is not None:
        return np.abs(network.output_rule.jacobian(a, yhat))
    terms: Array = yhat[:, :, None] * (np.eye(yhat.shape[1]) + yhat[:, None, :])
    return terms
