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
        if not len(self.y):
            return 0.0, False
        i = q.layer or 0
        if q.symbol not in "Wb":
            return _only(self._from_units(q, self._units(q) + delta))
        W, b, h = self.network.weights[i - 1], self.network.biases[i - 1], self.h[i - 1]
        if row is None:
            a = equations.pre_batch(W + delta, h, b) if q.symbol == "W" else equations.pre_batch(W, h, b) + delta
            return _only(self._from_a(i, a))
        a = self.a[i - 1].astype(np.result_type(delta, self.a[i - 1]))
        part = slice(row, row + 1)
        moved_W = W[part] + (delta if q.symbol == "W" else 0)
        moved_b = b[part] + (delta if q.symbol == "b" else 0)
        a[:, part] = equations.pre_batch(moved_W.astype(a.dtype), h, moved_b)
        return _only(self._from_a(i, a))

    def moved_each(self, q: Quantity, places: Array, deltas: Array) -> tuple[Array, Array]:
        """As ``moved``, of many entries of q, each moved alone: all are copies of the examples in one forward pass.

        ``places`` (e, 2), or (e, 1) of a bias, and ``deltas`` (e,) -> losses (e,) and changes of sides (e,).
        """
        if not len(self.y):
            return np.zeros_like(deltas), np.zeros(len(deltas), dtype=bool)
        at, i = np.arange(len(deltas)), q.layer or 0
        if q.symbol not in "Wb":
            copies = np.repeat(self._units(q).astype(deltas.dtype)[None], len(at), axis=0)
            copies[at, places[:, 0], places[:, 1]] += deltas
            return self._from_units(q, copies.reshape(-1, copies.shape[2]))
        rows = places[:, 0]
        moved_W = self.network.weights[i - 1][rows].astype(deltas.dtype)
        moved_b = self.network.biases[i - 1][rows].astype(deltas.dtype)
        if q.symbol == "W":
            moved_W[at, places[:, 1]] += deltas
        else:
            moved_b += deltas
        copies = np.repeat(self.a[i - 1].astype(deltas.dtype)[None], len(at), axis=0)
        copies[at, :, rows] = equations.pre_batch(moved_W, self.h[i - 1], moved_b).T
        return self._from_a(i, copies.reshape(-1, copies.shape[2]))

    @property
    def breadth(self) -> int:
        """Numbers that one copy of the examples has at most at once."""
        k = self.network.sizes[-1]
        return max(len(self.y), 1) * max(*self.network.sizes, k * k)

    # of what follows, rows are e copies of the n examples, and results are (e,)

    def _units(self, q: Quantity) -> Array:
        return self.a[(q.layer or 0) - 1] if q.symbol == "a" else self.h[-1 if q.symbol == "yhat" else q.layer or 0]

    def _from_units(self, q: Quantity, moved: Array) -> tuple[Array, Array]:
        if q.symbol == "a":
            return self._from_a(q.layer or 0, moved)
        if self.reads.whole == q.whole:
            return self._unit(moved), self._nowhere(moved)
        if q.symbol == "yhat":
            each = self.network.loss_rule.value(moved, self._targets(moved))
            return self._total(each), self._error_changes_side(moved)
        return self._onward(q.layer or 0, moved, self._nowhere(moved))

    def _onward(self, i: int, h: Array, crossed: Array) -> tuple[Array, Array]:
        W, b = self.network.weights[i], self.network.biases[i]
        loss, later = self._from_a(i + 1, equations.pre_batch(W, h, b))
        return loss, crossed | later

    def _from_a(self, i: int, a: Array) -> tuple[Array, Array]:
        network = self.network
        rule = network.rule(i)
        crossed = self._nowhere(a)
        if rule is not None and rule.bend is not None:
            crossed = _changes_side(self._copies(a), self.a[i - 1], rule.bend)
        if self.reads.whole == Quantity("a", i):
            return self._unit(a), crossed
        if i < network.depth:
            assert rule is not None
            h = equations.act(rule.g, a)
            return (self._unit(h), crossed) if self.reads.whole == Quantity("h", i) else self._onward(i, h, crossed)
        yhat = equations.act(network.output_rule.value, a)
        if self.reads.symbol == "yhat":
            return self._unit(yhat), crossed
        each = pairs.example_losses(network.loss, network.output, a, yhat, self._targets(a))
        return self._total(each), crossed | self._error_changes_side(yhat)

    def _copies(self, rows: Array) -> Array:
        return rows.reshape(-1, len(self.y), rows.shape[1])

    def _targets(self, rows: Array) -> Array:
        return self.y if len(rows) == len(self.y) else np.tile(self.y, (len(rows) // len(self.y), 1))

    def _nowhere(self, rows: Array) -> Array:
        return np.zeros(len(rows) // len(self.y), dtype=bool)

    def _total(self, losses_: Array) -> Array:
        counted = self.coefficients != 0
        each = self.coefficients[counted] * losses_.reshape(-1, len(self.y))[:, counted]
        total: Array = each.sum(axis=1)
        return total

    def _unit(self, values: Array) -> Array:
        total: Array = self._copies(values)[:, :, self.reads.index[0] - 1].sum(axis=1)
        return total

    def _error_changes_side(self, yhat: Array) -> Array:
        crossed = self._nowhere(yhat)
        for bend in self.network.loss_rule.bends:
            crossed = crossed | _changes_side(self._copies(yhat), self.h[-1], self.y + bend)
        return crossed

    def at_kink(self) -> int:
        """Units of all examples that sit exactly on a kink."""
        rules = zip(map(self.network.rule, range(1, self.network.depth + 1)), self.a, strict=True)
        units = sum(int((a == rule.kink).sum()) for rule, a in rules if rule and rule.kink is not None)
        return units + (int((self.h[-1] == self.y).sum()) if self.network.loss_rule.kink else 0)


def _only(found: tuple[Array, Array]) -> tuple[Any, bool]:
    """Of one copy."""
    return found[0][0], bool(found[1][0])


def _changes_side(moved: Array, base: Array, kink: Any) -> Array:
    """Of copies (e, n, m) of ``base`` (n, m); also true of a unit nearer to the kink than any step can tell."""
    distance = base - kink
    too_near = (distance != 0) & (np.abs(distance) < NEGLIGIBLE)
    changed: Array = (too_near | (np.sign(moved.real - kink) != np.sign(distance))).any(axis=(1, 2))
    return changed


def differentiate(
    loss: Callable[[complex], tuple[Any, bool]], method: Method, first_step: float
) -> tuple[float, float, bool]:
    """d loss / dt at 0, an estimate of the error (0 for the complex step), and whether a kink was crossed."""

    def alone(which: Array, ts: Array) -> tuple[Array, Array]:
        results = [loss(t) for t in ts.tolist()]
        return np.array([value for value, _ in results]), np.array([crossed for _, crossed in results])

    (found,), (error,), (crossed,) = differentiate_each(alone, method, first_step, 1)
    return float(found), float(error), bool(crossed)


def differentiate_each(
    loss: Callable[[Array, Array], tuple[Array, Array]], method: Method, first_step: float, count: int
) -> tuple[Array, Array, Array]:
    """The same of ``count`` functions at once: ``loss`` is given numbers of functions (p,), and a t for each."""
    if method == "complex":
        value, too_near = loss(np.arange(count), np.full(count, STEP * 1j))
        return value.imag / STEP, np.zeros(count), too_near
    from scipy.differentiate import derivative

    step, bent = np.full(count, first_step), np.arange(count)
    while (bent := bent[step[bent] > 1e-7 * first_step]).size:
        bent = bent[loss(bent, step[bent])[1] | loss(bent, -step[bent])[1]]
        step[bent] /= 4
    crossed, least, largest = np.zeros(count, dtype=bool), np.full(count, np.inf), np.zeros(count)

    def values(ts: Array, which: Array) -> Array:
        each = np.broadcast_to(which, ts.shape).ravel()
        value, across = loss(each, ts.ravel())
        np.minimum.at(least, each, np.where(ts.ravel() == 0, np.inf, np.abs(ts.ravel())))
        np.maximum.at(largest, each, np.abs(value))
        np.logical_or.at(crossed, each, across)
        return value.reshape(ts.shape)

    start = np.zeros(count)
    found = derivative(values, start, args=(np.arange(count),), initial_step=step, order=6, maxiter=6)
    rounding = 8 * float(np.finfo(float).eps) * largest / least
    return found.df, 4 * found.error + rounding, crossed


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
