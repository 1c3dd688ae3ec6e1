"""The plain minibatch loop of ``Forward`` and ``Backward`` themselves: the reference, and what runs without the
native library.
"""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from chainrule.network.arrays import Array
from chainrule.network.backward import backward
from chainrule.network.forward import Forward, forward
from chainrule.network.network import Network
from chainrule.train import engine
from chainrule.train.dropout import keep, keys
from chainrule.train.health import asleep_limits
from chainrule.train.metrics import right_answers, summed_loss
from chainrule.train.order import row_order
from chainrule.train.recipe import Recipe


class PlainEngine:
    """Trains by the equations as they stand."""

    kind, threads = "plain", 1

    def __init__(self, network: Network, recipe: Recipe, dropout: tuple[float, ...]) -> None:
        self.like, self.recipe, self.dropout = network, recipe, dropout
        self.weights = engine.weight_mask(network)
        self.restore(engine.beginning(network, recipe))

    def restore(self, state: engine.State) -> None:
        """Go on from a state."""
        self.theta, self.moments, self.step = state.theta, state.moments, state.step
        self.now = self.like.on_flat(np.array(state.theta))

    def network(self) -> Network:
        """The network as it is now."""
        return self.now

    def snapshot(self) -> Array:
        """The parameters."""
        return self.theta

    def recall(self, snapshot: Array) -> None:
        """Go back to the parameters of a snapshot."""
        self.restore(engine.State(snapshot, self.moments, self.step))

    def close(self) -> None:
        """Nothing to give back."""

    def state(self) -> engine.State:
        """The state; nothing in it is changed later."""
        return engine.State(self.theta, self.moments, self.step)

    def steps(self, rows: engine.Rows, order: Array, learning_rates: Array) -> engine.StepsResult:
        """A step for each minibatch of the rows in ``order``."""
        batch, mean = self.recipe.batch_size, self.like.reduction == "mean"
        rates, decays = self._rates(learning_rates)
        every = engine.observed_steps(len(order), batch) if self.recipe.health else 0
        total, right = 0.0, 0
        watch = _Watch(self.like)
        with np.errstate(over="ignore", invalid="ignore"):  # divergence is seen in the loss
            for number in range(engine.minibatches(len(order), batch)):
                chosen = order[number * batch : (number + 1) * batch]
                weight = None if rows.weight is None else rows.weight[chosen]
                whole = float(len(chosen)) if weight is None else float(weight.sum(dtype=np.float64))
                share = len(chosen) / len(order) if mean else 1.0
                f = self._forward(rows.x[chosen])
                if rows.y.ndim == 1:
                    right += int(right_answers(f.yhat, rows.y[chosen]).sum())
                if every and number % every == 0:
                    watch.observe(f)
                if whole == 0:  # a minibatch without weight teaches nothing
                    self.step += 1
                    continue
                b = backward(f, rows.y[chosen], weight)
                penalty = self.recipe.l2 / whole if mean else self.recipe.l2
                squares = float((self.theta[self.weights].astype(np.float64) ** 2).sum()) if penalty else 0.0
                total += share * (b.L + penalty / 2 * squares)
                if not np.isfinite(b.L):
                    return engine.StepsResult(total, right, number, watch.probe())
                old = self.theta
                self._update(b.flat, penalty, float(rates[number]), float(decays[number]))
                if every and number == engine.minibatches(len(order), batch) - 1:
                    watch.last(b.flat, old, self.theta)
        return engine.StepsResult(total, right, None, watch.probe())

    def epochs(self, rows: engine.Rows, first: int, learning_rates: Array) -> engine.EpochsResult:
        """Epochs from number ``first`` on, to the first that does not end well."""
        began, recipe = time.perf_counter(), self.recipe
        parts: list[engine.StepsResult] = []
        seconds: list[float] = []
        for number, rates in enumerate(learning_rates, first):
            before = self.theta
            order = row_order(len(rows), recipe.seed, number) if recipe.shuffle else np.arange(len(rows))
            part = self.steps(rows, order, rates)
            if part.failed is not None or not np.isfinite(self.theta).all():
                return engine.EpochsResult.of(self.like, parts, seconds, before)
            parts.append(part)
            seconds.append(time.perf_counter() - began)
        return engine.EpochsResult.of(self.like, parts, seconds, None)

    def gradient(self, rows: engine.Rows) -> engine.SummedGradient:
        """The summed loss of rows and its gradient, by ``Backward``, ``batch_size`` rows at a time."""
        network, batch = self.like.summed().on_flat(self.theta), self.recipe.batch_size
        loss, right, grad = 0.0, 0, np.zeros_like(self.theta)
        with np.errstate(over="ignore", invalid="ignore"):  # an infinite loss is an answer
            for number in range(engine.minibatches(len(rows), batch)):
                some = slice(number * batch, (number + 1) * batch)
                weight = None if rows.weight is None else rows.weight[some]
                f = forward(network, rows.x[some])
                if rows.y.ndim == 1:
                    right += int(right_answers(f.yhat, rows.y[some]).sum())
                if weight is not None and not weight.any():
                    continue
                b = backward(f, rows.y[some], weight)
                if not np.isfinite(b.L):
                    return engine.SummedGradient(np.inf, np.full_like(self.theta, np.nan), 0)
                loss += b.L
                grad += b.flat
        return engine.SummedGradient(loss, grad, right)

    def evaluate(self, rows: engine.Rows) -> tuple[float, float]:
        """Loss (without penalty or dropout) and share of right answers (NaN for numbers) over rows."""
        with np.errstate(over="ignore", invalid="ignore"):
            f = forward(self.now, rows.x)
            total = summed_loss(f, rows.y, rows.weight)
        accuracy = float(right_answers(f.yhat, rows.y).mean()) if rows.y.ndim == 1 else float("nan")
        whole = float(len(rows) if rows.weight is None else rows.weight.sum(dtype=np.float64))
        return (total / whole if self.like.reduction == "mean" and whole else total), accuracy

    def _rates(self, learning_rates: Array) -> tuple[Array, Array]:
        rule = self.recipe.optimizer
        return rule.rates(self.step, learning_rates), rule.decays(learning_rates)

    def _forward(self, x: Array) -> Forward:
        drawn = keys(self.recipe.seed, self.step, 1, len(self.dropout))[0] if self.dropout else ()
        layers = zip(drawn, self.dropout, self.like.sizes[1:], strict=False)
        return forward(self.now, x, tuple(keep(int(key), p, len(x), units, x.dtype) for key, p, units in layers))

    def _update(self, grad: Array, penalty: float, rate: float, decay: float) -> None:
        if penalty:
            grad = grad + penalty * (self.weights * self.theta)
        rule = self.recipe.optimizer
        moved, self.moments = rule.rule(self.theta, grad.astype(self.theta.dtype), self.moments, rate, rule.settings)
        if decay:
            moved = (moved - decay * (self.weights * self.theta)).astype(self.theta.dtype)
        self.theta, self.step = moved, self.step + 1
        self.now = self.like.on_flat(moved.view())


class _Watch:
    """Gathers a ``HealthProbe``."""

    def __init__(self, network: Network) -> None:
        self.network, self.limits = network, asleep_limits(network)
        self.asleep = np.zeros(sum(network.sizes[1:-1]), np.int64)
        self.seen = 0
        self.norms = np.zeros((3, network.depth))

    def observe(self, f: Forward) -> None:
        counts: list[Any] = []
        for i, (row, limit) in enumerate(zip(self.network.activations, self.limits, strict=True)):
            slope = row.dg(f.a[i]) * (f.keep[i] if f.keep else 1)
            counts.append((np.abs(slope) <= limit).sum(axis=0))
        if counts:
            self.asleep += np.concatenate(counts)
        self.seen += f.n

    def last(self, grad: Array, before: Array, after: Array) -> None:
        start = 0
        for i, (W, b) in enumerate(zip(self.network.weights, self.network.biases, strict=True)):
            part = slice(start, start + W.size + b.size)
            start = part.stop
            for row, values in enumerate((grad[part], before[part], after[part] - before[part])):
                self.norms[row, i] = np.sqrt((values.astype(np.float64) ** 2).sum())

    def probe(self) -> engine.HealthProbe:
        return engine.HealthProbe(self.norms[0], self.norms[1], self.norms[2], self.asleep, self.seen)
