"""How far rounding alone can move every quantity of a backward pass: a running error analysis.

Higham, Accuracy and Stability of Numerical Algorithms (2002), section 3.3: a bound of each error goes along with each
operation. What is not linear is moved by its bound and looked at again, so that a unit that rounding may take across a
kink is allowed both slopes. The bounds hold for arithmetic of ``eps``, whatever formulas a person's code uses.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chainrule.gradcheck.numerical import rounding_floors
from chainrule.network.activations import Activation
from chainrule.network.arrays import Array
from chainrule.network.backward import Backward
from chainrule.network.names import LOSS, Derivative, Name, Quantity

STEPS = 4  # roundings of one operation: an activation or a loss is several
MOST_OUTPUTS = 200  # above that each output is moved together with all others


def _summed(terms: int) -> float:
    """Units of rounding of a sum: its errors are as often up as down."""
    return STEPS + float(np.sqrt(terms))


def rounding_errors(b: Backward, eps: float) -> dict[Name, Array]:
    """Bounds of the rounding errors of every unit, every gradient and the loss, shaped as these (examples first).

    Args:
        b: of a network in float64. eps: of the arithmetic that is judged.
    """
    with np.errstate(all="ignore"):
        return _Bounds(b, eps).all()


class _Bounds:
    """The bounds, forward and back."""

    def __init__(self, b: Backward, eps: float) -> None:
        self.b, self.eps, self.network = b, eps, b.forward.network

    def all(self) -> dict[Name, Array]:
        """Of every quantity."""
        b, f, network, eps = self.b, self.b.forward, self.network, self.eps
        error_h, found = [STEPS * eps * np.abs(f.x)], dict[Name, Array]()
        error_a = []
        for i, (W, bias) in enumerate(zip(network.weights, network.biases, strict=True), 1):
            terms = np.abs(f.h[i - 1]) @ np.abs(W).T + np.abs(bias)
            error_a.append(error_h[-1] @ np.abs(W).T + _summed(W.shape[1]) * eps * terms)
            error_h.append(self._activated(i, error_a[-1]))
            found[Quantity("a", i)] = error_a[-1]
            found[Quantity("h", i) if i < network.depth else Quantity("yhat")] = error_h[-1]
        found[Quantity("x")] = error_h[0]
        error_loss = self._loss_gradient(error_h[-1])
        c = b.coefficients[:, None]
        found[LOSS] = (c * (np.abs(b.grad_yhat) / np.where(c == 0, 1, c) * error_h[-1])).sum() + _summed(
            len(f.x)
        ) * eps * (b.coefficients * np.abs(b.example_losses)).sum()
        found[Derivative(LOSS, Quantity("yhat"))] = c * error_loss
        error = c * self._at_logits(error_a[-1], error_loss) + rounding_floors(b)[Quantity("a", network.depth)] * (
            eps / float(np.finfo(float).eps) / 16
        )
        for i in range(network.depth, 0, -1):
            error, grad, size = np.where(np.isfinite(error), error, 0.0), b.grad_a[i - 1], _summed(len(f.x)) * eps
            h = np.abs(f.h[i - 1])
            found[Derivative(LOSS, Quantity("a", i))] = error
            found[Derivative(LOSS, Quantity("W", i))] = (
                error.T @ (h + error_h[i - 1]) + np.abs(grad).T @ (error_h[i - 1] + size * h)
            )  # fmt: skip
            found[Derivative(LOSS, Quantity("b", i))] = error.sum(axis=0) + size * np.abs(grad).sum(axis=0)
            W = np.abs(network.weights[i - 1])
            error = error @ W + _summed(len(W)) * eps * np.abs(grad) @ W
            found[Derivative(LOSS, Quantity("h", i - 1) if i > 1 else Quantity("x"))] = error
            if i > 1:
                slope, slope_error = self._slope_of(network.activations[i - 2], f.a[i - 2], error_a[i - 2])
                error = error * (slope + slope_error) + np.abs(b.grad_h[i - 2]) * slope_error
        return {name: np.where(np.isfinite(bound), bound, 0.0) for name, bound in found.items()}

    def _activated(self, i: int, error: Array) -> Array:
        """Bounds of h_i (n, m) from those of a_i."""
        network, a, h = self.network, self.b.forward.a[i - 1], self.b.forward.h[i]
        rule = network.rule(i)
        if rule is None:  # softmax: every output moves with every logit
            relative = np.expm1(2 * np.minimum(error.max(axis=1, keepdims=True), 20.0))
            softened: Array = h * (relative + _summed(h.shape[1]) * self.eps)
            return softened
        smooth = 0.0 if rule.kink is not None or rule.name == "identity" else 1.0
        if i == network.depth:
            smooth = 0.0  # a loss may divide by it
        return _moved(rule.g, a, error) + STEPS * self.eps * (np.abs(h) + smooth)

    def _slope_of(self, rule: Activation, a: Array, error: Array) -> tuple[Array, Array]:
        """g'(a) without sign and its bounds (n, m); 1 - h^2 and the like lose what is below a unit of rounding."""
        slope = np.abs(rule.dg(a))
        smooth = 0.0 if rule.kink is not None or rule.name == "identity" else 1.0
        return slope, _moved(rule.dg, a, error) + STEPS * self.eps * (slope + smooth)

    def _loss_gradient(self, error: Array) -> Array:
        """Bounds of dl/dyhat (n, k) of each example from those of yhat."""
        gradient, y, yhat = self.network.loss_rule.gradient, self.b.y, self.b.forward.yhat
        moved = error + STEPS * self.eps * np.abs(y)
        return _moved(lambda p: gradient(p, y), yhat, moved) + STEPS * self.eps * np.abs(gradient(yhat, y))

    def _at_logits(self, error: Array, error_loss: Array) -> Array:
        """Bounds of dl/da_L (n, k) of each example from those of a_L and of dl/dyhat."""
        a = self.b.forward.a[-1]
        outputs = a.shape[1]
        base, total = self._gradient(a), np.zeros_like(a)
        each = [slice(m, m + 1) for m in range(outputs)] if outputs <= MOST_OUTPUTS else [slice(None)]
        for part in each:
            largest = np.zeros_like(a)
            for sign in (1, -1):
                moved = a.copy()
                moved[:, part] += sign * error[:, part]
                change = np.abs(self._gradient(moved) - base)
                largest = np.maximum(largest, np.where(np.isfinite(change), change, 0.0))
            total += largest
        yhat, out = self.b.forward.yhat, self.network.output_rule
        if out.rule is not None:
            slope, slope_error = self._slope_of(out.rule, a, error)
            gradient = np.abs(self.network.loss_rule.gradient(yhat, self.b.y))
            by_loss: Array = slope * error_loss + np.where(np.isfinite(gradient), gradient, 0.0) * slope_error
        else:
            by_loss = yhat * (error_loss + (yhat * error_loss).sum(axis=1, keepdims=True))
        bound: Array = total + by_loss
        return bound

    def _gradient(self, a: Array) -> Array:
        """dl/da_L of each example at other logits."""
        network, y = self.network, self.b.y
        yhat = network.output_rule.value(a)
        if self.b.shortcut is not None:
            return self.b.shortcut.gradient(a, yhat, y)
        return network.output_rule.pull(a, yhat, network.loss_rule.gradient(yhat, y))


def _moved(function: Callable[[Array], Array], at: Array, by: Array) -> Array:
    """How far the values of a function move, at most, where its argument moves so far to either side."""
    base = function(at)
    change: Array = np.maximum(np.abs(function(at + by) - base), np.abs(function(at - by) - base))
    return np.where(np.isfinite(change), change, 0.0)
