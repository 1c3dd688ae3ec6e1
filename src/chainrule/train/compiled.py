"""The compiled engine: the native library with a network's parameters and its own threads."""

from __future__ import annotations

import ctypes
from contextlib import nullcontext
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.native import library as native
from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.train import dropout, engine
from chainrule.train.blas import one_blas_thread
from chainrule.train.health import asleep_limits
from chainrule.train.order import key
from chainrule.train.recipe import Recipe

NEAR_BYTES = 1 << 19  # of a matrix, up to which the library multiplies it itself


class CompiledEngine:
    """Trains by the native library."""

    kind = "compiled"
    _handle: int | None = None

    def __init__(self, network: Network, recipe: Recipe, shares: tuple[float, ...]) -> None:
        self.like, self.recipe, self.step = network, recipe, 0
        self.dtype = network.dtype
        self.threads = recipe.threads_for(network)
        self.batch = recipe.batch_size
        self.library = native.library()
        sizes, size = network.sizes, self.dtype.itemsize
        products = [(self.batch * j, self.batch * m, j * m) for j, m in pairwise(sizes)]
        self.by_blas = max(map(max, products)) * size > NEAR_BYTES
        self._begin(shares)
        self.restore(engine.beginning(network, recipe))

    def _begin(self, shares: tuple[float, ...]) -> None:
        """Start the library's engine."""
        network, rule = self.like, self.recipe.optimizer
        s = rule.settings
        numbers = native.computed("activations")
        kept: dict[str, Array | None] = {  # as long as the library reads them
            "sizes": np.array(network.sizes, np.int64),
            "hidden": np.array([numbers[name] for name in network.hidden], np.int32),
            "limits": np.array(asleep_limits(network), np.float64),
            "below": np.array([dropout.threshold(share) for share in shares], np.uint32) if shares else None,
            "factors": np.array([dropout.scale(share) for share in shares], np.float64) if shares else None,
        }
        plan = native.EnginePlan(
            depth=network.depth, batch=self.batch, threads=self.threads,
            output=numbers[network.output], loss=native.computed("losses")[network.loss],
            pair=native.computed("pairs").get(f"{network.loss} {network.output}", 0), mean=network.reduction == "mean",
            rule=native.RULES[rule.name], seed=self.recipe.seed % 2**32, momentum=s.momentum, beta_1=s.beta_1,
            beta_2=s.beta_2, epsilon=s.epsilon, l2=float(self.recipe.l2),
            gemm=native.gemm(self.dtype) if self.by_blas else None,
            **{name: native.address(array) for name, array in kept.items()},
        )  # fmt: skip
        self._handle = self.library.chainrule_start(ctypes.byref(plan), self.dtype.itemsize)
        if self._handle is None:
            raise MemoryError

    def _open(self) -> int:
        """The library's engine.

        Raises:
            RuntimeError: it was closed.
        """
        if self._handle is None:
            raise RuntimeError("the engine was closed")
        return self._handle

    def close(self) -> None:
        """Give back its memory and its threads; its last state can be asked for, and nothing else."""
        if self._handle is not None:
            self._last = self.state()
            self.library.chainrule_stop(self._handle)
            self._handle = None

    def __del__(self) -> None:
        if self._handle is not None:
            self.library.chainrule_stop(self._handle)
            self._handle = None

    def restore(self, state: engine.State) -> None:
        """Go on from a state."""
        self._write(state.theta, *state.moments)
        self.step = state.step

    def _write(self, *vectors: Array) -> None:
        given = [np.ascontiguousarray(v, self.dtype) for v in vectors]
        places = ([native.address(v) for v in given] + [None, None])[:3]
        self.library.chainrule_write(self._open(), *places)

    def _read(self, which: int) -> list[Array]:
        found = [np.empty(self.like.parameter_count, self.dtype) for _ in range(which)]
        self.library.chainrule_read(self._open(), *([native.address(v) for v in found] + [None, None])[:3])
        return found

    def network(self) -> Network:
        """The network as it is now."""
        return self.like.on_flat(self.snapshot())

    def snapshot(self) -> Array:
        """A copy of the parameters, in the order of ``Network.flat``."""
        return self._last.theta if self._handle is None else self._read(1)[0]

    def recall(self, snapshot: Array) -> None:
        """Go back to the parameters of a snapshot."""
        self._write(snapshot)

    def state(self) -> engine.State:
        """A copy of the state."""
        if self._handle is None:
            return self._last
        theta, *moments = self._read(1 + self.recipe.optimizer.moments)
        return engine.State(theta, tuple(moments), self.step)

    def steps(self, rows: engine.Rows, order: Array, learning_rates: Array) -> engine.StepsResult:
        """A step for each minibatch of the rows in ``order``."""
        order = np.ascontiguousarray(order, np.int64)
        asked, norms, asleep = self._train(rows, len(order), learning_rates[None], order=order)
        failed = None if asked.failed < 0 else int(asked.failed)
        probe = engine.HealthProbe(norms[0, 0], norms[1, 0], norms[2, 0], asleep[0], int(asked.observed))
        return engine.StepsResult(float(asked.loss), int(asked.right), failed, probe)

    def epochs(self, rows: engine.Rows, first: int, learning_rates: Array) -> engine.EpochsResult:
        """Epochs from number ``first`` on, to the first that does not end well, in one call of the library."""
        told, good = np.empty((len(learning_rates), 4)), np.empty(self.like.parameter_count, self.dtype)
        asked, norms, asleep = self._train(
            rows, len(rows), learning_rates, told=told, good=good, key=key(self.recipe.seed),
            shuffle=self.recipe.shuffle, first_epoch=first,
        )  # fmt: skip
        loss, right, observed, seconds = told[: asked.made].T
        grads, weights, updates = norms[:, : asked.made]
        probe = engine.HealthProbe(grads, weights, updates, asleep[: asked.made], observed.astype(np.int64))
        return engine.EpochsResult(loss, right.astype(np.int64), seconds, probe, None if asked.failed < 0 else good)

    def _train(
        self, rows: engine.Rows, count: int, learning_rates: Array, **given: Any
    ) -> tuple[native.Request, Array, Array]:
        """Epochs of ``count`` rows with the learning rates of their steps (epochs, steps), and what was observed.

        That is the norms of gradient, parameters and step (3, epochs, layers), and how often units slept, by epoch.
        """
        (epochs, steps), rule = learning_rates.shape, self.recipe.optimizer
        rates = np.ascontiguousarray(rule.rates(self.step, learning_rates.ravel()), np.float64)
        decays = np.ascontiguousarray(rule.decays(learning_rates.ravel()), np.float64)
        asleep = np.zeros((epochs, sum(self.like.sizes[1:-1])), np.int64)
        health = np.zeros((epochs, self.threads, self.like.depth, 3))
        every = engine.observed_steps(count, self.batch) if self.recipe.health else 0
        asked = self._ask(
            self.library.chainrule_train, rows, count, rates=rates, decays=decays, asleep=asleep, health=health,
            first_step=self.step, every=every, epochs=epochs, **given,
        )  # fmt: skip
        self.step += asked.made * steps + max(asked.failed, 0)
        return asked, np.sqrt(health.sum(axis=1)).transpose(2, 0, 1), asleep

    def gradient(self, rows: engine.Rows) -> engine.SummedGradient:
        """The summed loss of rows and its gradient, ``batch_size`` rows at a time."""
        grad = np.zeros(self.like.parameter_count, self.dtype)
        asked = self._ask(self.library.chainrule_gradient, rows, len(rows), grad=grad)
        if asked.failed >= 0:
            return engine.SummedGradient(np.inf, np.full_like(grad, np.nan), 0)
        return engine.SummedGradient(float(asked.loss), grad, int(asked.right))

    def evaluate(self, rows: engine.Rows) -> tuple[float, float]:
        """Loss (without penalty or dropout) and share of right answers (NaN for numbers) over rows."""
        asked = self._ask(self.library.chainrule_evaluate, rows, len(rows))
        total = asked.loss / asked.weights if self.like.reduction == "mean" and asked.weights else asked.loss
        return float(total), float(asked.right / len(rows)) if rows.y.ndim == 1 else float("nan")

    def _ask(self, function: Any, rows: engine.Rows, count: int, **given: Any) -> native.Request:
        """One call of the library; arrays among what is given go by their addresses."""
        labelled = rows.y.ndim == 1
        arrays = {  # in the types and the order that the library reads: the very arrays where they are so
            "x": np.ascontiguousarray(rows.x, self.dtype),
            "labels" if labelled else "y": np.ascontiguousarray(rows.y, np.int64 if labelled else self.dtype),
            "weight": None if rows.weight is None else np.ascontiguousarray(rows.weight, self.dtype),
            **{name: v for name, v in given.items() if isinstance(v, np.ndarray)},
        }
        numbers = {name: v for name, v in given.items() if not isinstance(v, np.ndarray)}
        asked = native.Request(count=count, **{n: native.address(a) for n, a in arrays.items()}, **numbers)
        with one_blas_thread() if self.by_blas else nullcontext():
            if function(self._open(), ctypes.byref(asked)):
                raise MemoryError
        return asked
