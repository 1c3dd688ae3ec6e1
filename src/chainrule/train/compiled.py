"""The compiled engine: the kernels with their buffers, on one or more threads."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import nullcontext
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numba import typeof
from numba.core import event

from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.train import dropout, engine
from chainrule.train.blas import one_blas_thread
from chainrule.train.health import asleep_limits
from chainrule.train.kernels import steps as kernels
from chainrule.train.kernels.activate import CODES as ACTIVATION_CODES
from chainrule.train.kernels.low_level import gemm_address, pause_address
from chainrule.train.kernels.output import LOSS_CODES, PAIR_CODES, ROOM, SOFTMAX
from chainrule.train.kernels.product import near
from chainrule.train.kernels.threads import ABORTED, LINE
from chainrule.train.kernels.update import CODES as RULE_CODES
from chainrule.train.layout import ParameterLayout, aligned, rows_for, whole_lines
from chainrule.train.recipe import Recipe

_NO_KEYS, _NO_LABELS = np.zeros((0, 0), np.uint32), np.zeros(0, np.int64)
TOGETHER_BYTES = 1 << 16  # of a minibatch's inputs from which the threads gather them together
BLOCK_BYTES = 1 << 20  # of a layer's gradient that is used while in the cache


class _Updates(NamedTuple):
    """What a step changes, in the kernels' layout, and by which rule.

    Attributes:
        theta, m, v: the parameters, and moments as long where the rule has them.
        rule: its number in the kernels; settings, l2: what it takes beside the rates.
    """

    theta: Array
    m: Array
    v: Array
    rule: int
    settings: Array
    l2: float


def without_kernel(network: Network) -> str:
    """The network's activations, output and loss that no kernel computes, by name; empty where all have one."""
    rules = dict.fromkeys((*network.hidden, *([] if network.output == "softmax" else [network.output])))
    missing = [name for name in rules if name not in ACTIVATION_CODES]
    return ", ".join(missing + [network.loss] * (network.loss not in LOSS_CODES))


class CompiledEngine:
    """Trains by the kernels."""

    kind = "compiled"

    def __init__(self, network: Network, recipe: Recipe, shares: tuple[float, ...]) -> None:
        self.like, self.recipe, self.shares, self.step = network, recipe, shares, 0
        self.dtype = network.dtype
        sizes = network.sizes
        self.threads = recipe.threads_for(network)
        self.sizes = np.array(sizes, np.int64)
        self.layout = ParameterLayout(network, self.threads)
        self.batch = recipe.batch_size
        s = recipe.optimizer.settings
        self.settings = np.array([s.momentum, s.beta_1, s.beta_2, s.epsilon, 1 - s.beta_1, 1 - s.beta_2], self.dtype)
        self.codes = np.array([ACTIVATION_CODES[name] for name in network.hidden], np.int64)
        self.pair = PAIR_CODES.get((network.loss, network.output), 0)
        self.output = SOFTMAX if network.output == "softmax" else ACTIVATION_CODES[network.output]
        self.limits = np.array(asleep_limits(network), np.float64)
        self.block = max(max(sizes), BLOCK_BYTES // self.dtype.itemsize)
        self.by_blas = any(not near(self.batch, j, m, self.dtype.itemsize) for j, m in pairwise(sizes))
        self._buffers(self.batch)
        self.partial = rows_for(self.threads, 3, np.dtype(np.float64))
        self.no_targets, self.no_weights = np.zeros((0, 0), self.dtype), np.zeros(0, self.dtype)
        self.below = np.array([dropout.threshold(share) for share in shares], np.uint32)
        self.factors = np.array([dropout.scale(share) for share in shares], np.float64)
        self.pool = ThreadPoolExecutor(self.threads - 1, "chainrule") if self.threads > 1 else None
        self.restore(engine.beginning(network, recipe))

    def _buffers(self, batch: int) -> None:
        """What a minibatch needs; a row a thread begins with a line of the cache of its own."""
        widths, threads = self.like.sizes, self.threads
        hidden, k = widths[1:-1], widths[-1]
        blocks = [0, 0, *(whole_lines(batch * width, self.dtype) for width in hidden)]
        self.starts = np.cumsum(blocks)[: len(widths) - 1].astype(np.int64)
        self.slopes, self.deltas = (aligned(sum(blocks), self.dtype) for _ in range(2))
        together = threads > 1 and batch * widths[0] * self.dtype.itemsize >= TOGETHER_BYTES
        self.inputs = rows_for(1 if together else threads, batch * widths[0], self.dtype)
        sides = 1 if threads == 1 or together else 2
        self.units = rows_for(sides, sum(blocks), self.dtype)
        self.pulled = rows_for(2 * threads, batch * max(hidden[:-1], default=0), self.dtype)
        self.logits = rows_for(sides * threads, batch * k, self.dtype).reshape(sides, threads, -1)
        self.grads_a = rows_for(threads, batch * k, self.dtype)
        self.targets = rows_for(threads, batch * (k + 1), self.dtype)
        self.yhats = rows_for(threads, batch * k, self.dtype) if threads > 1 else self.logits[0]
        self.c = rows_for(threads, batch, self.dtype)
        self.room = rows_for(threads, max(self.block, ROOM * batch) + max(widths), self.dtype)

    def restore(self, state: engine.State) -> None:
        """Go on from a state."""
        self.theta = self.layout.pack(state.theta)
        nothing = np.zeros(0, self.dtype)
        moments = [self.layout.pack(m) for m in state.moments]
        self.m, self.v = (*moments, nothing, nothing)[:2]
        self.step = state.step

    def network(self) -> Network:
        """The network as it is now."""
        return self.like.on_flat(self.layout.unpack(self.theta))

    def snapshot(self) -> Array:
        """A copy of the parameters, in the order of ``Network.flat``: that of the kernels depends on the threads."""
        return self.layout.unpack(self.theta)

    def recall(self, snapshot: Array) -> None:
        """Go back to the parameters of a snapshot."""
        self.theta = self.layout.pack(snapshot)

    def close(self) -> None:
        """Give back the threads; nothing waits for them."""
        if self.pool is not None:
            self.pool.shutdown(wait=False, cancel_futures=True)

    def state(self) -> engine.State:
        """A copy of the state."""
        moments = (self.m, self.v)[: self.recipe.optimizer.moments]
        return engine.State(self.layout.unpack(self.theta), tuple(map(self.layout.unpack, moments)), self.step)

    def steps(self, rows: engine.Rows, order: Array, learning_rates: Array) -> engine.StepsResult:
        """A step for each minibatch of the rows in ``order``."""
        count, rule = engine.minibatches(len(order), self.batch), self.recipe.optimizer
        rates, decays = rule.rates(self.step, learning_rates), rule.decays(learning_rates)
        layers = len(self.shares)
        keys = dropout.keys(self.recipe.seed, self.step, count, layers) if layers else _NO_KEYS
        asleep = np.zeros(sum(self.like.sizes[1:-1]), np.int64)
        health = np.zeros((self.threads, len(self.sizes) - 1, 3))
        every = engine.observed_steps(len(order), self.batch) if self.recipe.health else 0
        result = self._run(
            rows, np.ascontiguousarray(order, np.int64), self.like.reduction == "mean", self._updates(), rates, decays,
            keys, asleep, health, every, True,
        )  # fmt: skip
        failed = None if result[3] < 0 else int(result[3])
        self.step += count if failed is None else failed
        grads, weights, updates = np.sqrt(health.sum(axis=0)).T
        probe = engine.HealthProbe(grads, weights, updates, asleep, int(result[2]))
        return engine.StepsResult(float(result[0]), int(result[1]), failed, probe)

    def gradient(self, rows: engine.Rows) -> engine.SummedGradient:
        """The summed loss of rows and its gradient, ``batch_size`` rows at a time.

        The kernels use each part of a gradient at once and keep none. What gives it is a step on a copy of the
        parameters: without momentum and with learning rate 1 the velocity of ``momentum``, v <- 0 v - 1 g, is -g.
        """
        asleep = np.zeros(sum(self.like.sizes[1:-1]), np.int64)
        unmeasured = np.zeros((self.threads, self.like.depth, 3))
        rule, settings, nothing = RULE_CODES["momentum"], np.zeros_like(self.settings), np.zeros(0, self.dtype)
        loss, right, grad = 0.0, 0, np.zeros(self.like.parameter_count, self.dtype)
        for at in range(0, len(rows), self.batch):
            theta, velocity = (aligned(self.layout.count, self.dtype) for _ in range(2))
            theta[...] = self.theta
            result = self._run(
                rows, np.arange(at, min(at + self.batch, len(rows))), False,
                _Updates(theta, velocity, nothing, rule, settings, 0.0), np.ones(1), np.zeros(1), _NO_KEYS, asleep,
                unmeasured, 0, True,
            )  # fmt: skip
            if result[3] >= 0:
                return engine.SummedGradient(np.inf, np.full_like(grad, np.nan), 0)
            loss, right = loss + float(result[0]), right + int(result[1])
            grad += -self.layout.unpack(velocity)
        return engine.SummedGradient(loss, grad, right)

    def evaluate(self, rows: engine.Rows) -> tuple[float, float]:
        """Loss (without penalty or dropout) and share of right answers (NaN for numbers) over rows."""
        nothing, unmeasured = np.zeros(0), np.zeros((self.threads, 0, 3))
        result = self._run(
            rows, np.arange(len(rows)), False, self._updates(), nothing, nothing, _NO_KEYS, np.zeros(0, np.int64),
            unmeasured, 0, False,
        )  # fmt: skip
        total = result[0] / result[4] if self.like.reduction == "mean" and result[4] else result[0]
        return float(total), float(result[1] / len(rows)) if rows.y.ndim == 1 else float("nan")

    def _updates(self) -> _Updates:
        """Those of the recipe, on this engine's own parameters."""
        rule = RULE_CODES[self.recipe.optimizer.name]
        return _Updates(self.theta, self.m, self.v, rule, self.settings, float(self.recipe.l2))

    def _run(
        self, rows: engine.Rows, order: Array, mean: bool, updates: _Updates, rates: Array, decays: Array, keys: Array,
        asleep: Array, health: Array, every: int, learning: bool,
    ) -> Array:  # fmt: skip
        """The kernel on all threads, with this engine's buffers."""
        result = np.array([0.0, 0.0, 0.0, -1.0, 0.0])
        sync = np.zeros((self.threads + 1) * LINE, np.int64)
        labels, y, weight = self._targets(rows)
        given = (
            self.threads, sync, pause_address(), gemm_address(self.dtype), _open(rows.x), labels, y, weight, order,
            self.batch, mean, updates.theta, updates.m, updates.v, self.sizes, self.layout.cuts, self.layout.offsets,
            self.starts, self.codes, self.pair, LOSS_CODES[self.like.loss], self.output, updates.rule,
            updates.settings, rates, decays, updates.l2, keys, self.below, self.factors, self.inputs,
            self.units, self.slopes, self.deltas, self.pulled, self.logits, self.yhats, self.grads_a, self.targets,
            self.c, self.room, self.block, self.partial, self.limits, asleep, health, every, learning, result,
        )  # fmt: skip
        if self.dtype not in _ready:
            prepare(self.dtype, given)
        with one_blas_thread() if self.by_blas else nullcontext():
            self._together(given)
        return result

    def _together(self, given: tuple[Any, ...]) -> None:
        """Run the kernel on all threads, this one the first of them; where one fails, none waits for it."""
        if self.pool is None:
            kernels.steps(0, *given)
            return
        sync = given[1]
        others: list[Future[None]] = []
        failed: list[BaseException] = []

        def share(thread: int) -> None:
            try:
                kernels.steps(thread, *given)
            except BaseException:
                sync[ABORTED] = 1
                raise

        try:
            for thread in range(1, self.threads):
                others.append(self.pool.submit(share, thread))
            share(0)
        except BaseException as error:
            sync[ABORTED] = 1
            failed.append(error)
        for other in others:
            while not other.done():
                try:
                    other.exception()
                except KeyboardInterrupt as interrupt:  # the others are waited for, and wait for none themselves
                    sync[ABORTED] = 1
                    failed.append(interrupt)
        failed += [raised for other in others if (raised := other.exception()) is not None]
        if failed:
            self.close()  # a share that never began must not begin later
            self.pool = ThreadPoolExecutor(self.threads - 1, "chainrule")
            raise failed[0]

    def _targets(self, rows: engine.Rows) -> tuple[Array, Array, Array]:
        """Class numbers, targets and sample weights, each empty where there are none."""
        labels = _open(rows.y) if rows.y.ndim == 1 else _NO_LABELS
        y = self.no_targets if rows.y.ndim == 1 else _open(rows.y)
        return labels, y, self.no_weights if rows.weight is None else _open(rows.weight)


class _Herald(event.Listener):
    """Says once that the kernels are being compiled."""

    announced = False

    def on_start(self, event: Any) -> None:
        """A function is about to be compiled, not loaded from the cache."""
        if not self.announced:
            self.announced = True
            sys.stderr.write("chainrule: compiling the training kernels, once for this machine; some seconds\n")
            sys.stderr.flush()

    def on_end(self, event: Any) -> None:
        """It is compiled."""


_ready: set[np.dtype[Any]] = set()  # the types for which the kernel is in memory
_lock = threading.Lock()


def prepare(dtype: np.dtype[Any], given: tuple[Any, ...]) -> None:
    """Compile the kernel for a type, or load it from the cache; a compilation is announced."""
    with _lock:
        if dtype not in _ready:
            with event.install_listener("numba:compile", _Herald()):
                kernels.steps.compile(tuple(typeof(value) for value in (0, *given)))  # type: ignore[no-untyped-call]
            _ready.add(dtype)


def _open(array: Array) -> Array:
    """A view that numba takes for one that may be written to: another type would be compiled anew. It is only read."""
    return array if array.flags.writeable else np.asarray(_Interface(array))


class _Interface:
    """An array's memory, without the mark that it is only read."""

    def __init__(self, array: Array) -> None:
        self.array = array
        self.__array_interface__ = {**array.__array_interface__, "data": (array.ctypes.data, False)}
