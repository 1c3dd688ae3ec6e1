"""The same training by chainrule and by its peers: float32, Adam, softmax and cross-entropy, rows shuffled each epoch.

Each is written as its own documentation does it, with what makes it fastest where that is a choice of one word. A
peer is made for a case; every block of epochs starts from new parameters, so that none is timed further along than
another. Only workers import this file's peers' packages, each its own.
"""

from __future__ import annotations

import importlib.util
import time
import warnings
from typing import Any, ClassVar

import numpy as np
from cases import BETA_1, BETA_2, EPSILON, LEARNING_RATE, Case


class Peer:
    """One way to train.

    Attributes:
        package, pip: what must be installed, and how.
        threads: thread counts that can be asked for; None is its own choice.
    """

    label: ClassVar[str]
    package: ClassVar[str]
    pip: ClassVar[str]
    threads: ClassVar[tuple[int | None, ...]] = (1, 2)
    used: int  # threads that it has

    @classmethod
    def missing(cls) -> str | None:
        """What to tell a reader if it is not installed."""
        if importlib.util.find_spec(cls.package) is not None:
            return None
        return f"{cls.label} is not installed and is left out; to compare with it: {cls.pip}"

    @classmethod
    def environment(cls, threads: int | None) -> dict[str, str]:
        """What must be set before its process starts."""
        return {}

    @classmethod
    def imports(cls) -> None:
        """Load what training needs."""
        importlib.import_module(cls.package)

    def __init__(self, case: Case, threads: int | None) -> None:
        raise NotImplementedError

    def block(self, epochs: int) -> float:
        """Seconds for so many epochs from new parameters."""
        raise NotImplementedError

    def first(self) -> None:
        """The first epoch of all, with whatever is compiled in it."""
        self.block(1)

    def loss(self, epochs: int) -> float:
        """Mean cross-entropy over all rows after so many epochs: that everyone does the same work."""
        self.block(epochs)
        return self.measured()

    def measured(self) -> float:
        """Mean cross-entropy over all rows after the last block."""
        raise NotImplementedError


class Chainrule(Peer):
    """The engine, many epochs a call, as the training loop has it. Unless asked, it chooses its threads itself."""

    label, package, pip, threads = "chainrule", "chainrule", "pip install chainrule", (None,)

    @classmethod
    def imports(cls) -> None:
        import chainrule.train.compiled
        import chainrule.train.engine  # noqa: F401

    def __init__(self, case: Case, threads: int | None) -> None:
        from chainrule.network.network import Network
        from chainrule.train.engine import Rows
        from chainrule.train.engines import start
        from chainrule.train.optimizers import optimizer
        from chainrule.train.recipe import Recipe

        weights = case.weights()
        biases = [np.zeros(len(w), np.float32) for w in weights]
        network = Network(
            weights=weights, biases=biases, hidden=case.activation, output="softmax", loss="cross_entropy"
        )
        assert network.dtype == np.float32
        rule = optimizer("adam", LEARNING_RATE, beta_1=BETA_1, beta_2=BETA_2, epsilon=EPSILON)
        self.engine = start(network, Recipe(rule, batch_size=case.batch, threads=threads))
        self.used = self.engine.threads
        self.beginning = self.engine.state()
        self.rows = Rows(*case.data())
        self.steps = case.steps

    def block(self, epochs: int) -> float:
        self.engine.restore(self.beginning)
        start = time.perf_counter()
        self.engine.epochs(self.rows, 1, np.full((epochs, self.steps), LEARNING_RATE))
        return time.perf_counter() - start

    def measured(self) -> float:
        return self.engine.evaluate(self.rows)[0]


class ScikitLearn(Peer):
    """``MLPClassifier.fit``. Its BLAS is limited by threadpoolctl.

    A block of e epochs is a fit of 1 + e less a fit of 1: checking the input, encoding the labels and drawing the first
    weights are in both and do not count. No fit ends early: ``tol`` is 0 and no number of epochs without progress is
    enough. With two classes it has one output unit instead of two, slightly less work.
    """

    label, package, pip = "scikit-learn", "sklearn", "pip install scikit-learn"
    estimator = "sklearn.neural_network", "MLPClassifier"

    @classmethod
    def imports(cls) -> None:
        getattr(importlib.import_module(cls.estimator[0]), cls.estimator[1])

    def __init__(self, case: Case, threads: int | None) -> None:
        from threadpoolctl import threadpool_info, threadpool_limits

        module, name = self.estimator
        self.make = getattr(importlib.import_module(module), name)
        if threads is not None:
            self.limit = threadpool_limits(threads, user_api="blas")
        self.used = threads or max([1, *(pool["num_threads"] for pool in threadpool_info())])
        self.x, self.y = case.data()
        self.settings = {
            "hidden_layer_sizes": case.sizes[1:-1],
            "activation": {"sigmoid": "logistic"}.get(case.activation, case.activation),
            "solver": "adam", "alpha": 0.0, "batch_size": case.batch, "learning_rate_init": LEARNING_RATE,
            "beta_1": BETA_1, "beta_2": BETA_2, "epsilon": EPSILON, "shuffle": True, "early_stopping": False,
            "tol": 0.0, "n_iter_no_change": 10**9, "random_state": 0,
        }  # fmt: skip

    def _fit(self, epochs: int) -> float:
        self.model = self.make(**self.settings, max_iter=epochs)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it has not converged
            start = time.perf_counter()
            self.model.fit(self.x, self.y)
        return time.perf_counter() - start

    def block(self, epochs: int) -> float:
        for _ in range(5):  # a fit of 1 can take longer than the other one only if it was disturbed
            if (taken := -self._fit(1) + self._fit(1 + epochs)) > 0:
                return taken
        raise RuntimeError("the machine is too busy to time it")

    def first(self) -> None:
        self._fit(1)

    def loss(self, epochs: int) -> float:
        self._fit(epochs)
        p = self.model.predict_proba(self.x)[np.arange(len(self.y)), self.y]
        return float(-np.log(np.maximum(p, 1e-30)).mean())


class Estimator(ScikitLearn):
    """``chainrule.MLPClassifier.fit``, timed as scikit-learn's; it chooses its threads itself."""

    label, package, pip, threads = "chainrule estimator", "chainrule", "pip install chainrule", (None,)
    estimator = "chainrule", "MLPClassifier"

    @classmethod
    def missing(cls) -> str | None:
        import chainrule

        return None if hasattr(chainrule, "MLPClassifier") else "This chainrule has no MLPClassifier: left out."

    def __init__(self, case: Case, threads: int | None) -> None:
        super().__init__(case, threads)
        self.used = case.own_threads()


class PyTorch(Peer):
    """The eager loop of its tutorials, without a DataLoader, which would only cost; Adam with ``fused=True``.

    Rows are permuted once an epoch and split into views, which is quicker than indexing each minibatch.
    """

    label, package, pip = "PyTorch", "torch", "pip install torch==2.13.0"

    def __init__(self, case: Case, threads: int | None) -> None:
        import torch

        if threads is not None:
            torch.set_num_threads(threads)
        self.torch, self.case, self.used = torch, case, torch.get_num_threads()
        self.x, self.y = map(torch.from_numpy, case.data())
        hidden = {"relu": torch.nn.ReLU, "sigmoid": torch.nn.Sigmoid, "tanh": torch.nn.Tanh}[case.activation]
        layers: list[Any] = []
        for before, after in zip(case.sizes, case.sizes[1:], strict=False):
            layers += [torch.nn.Linear(before, after), hidden()]
        self.model = torch.nn.Sequential(*layers[:-1])
        self.measure = torch.nn.CrossEntropyLoss()
        self.weights = list(map(torch.from_numpy, case.weights()))

    def _restart(self) -> Any:
        with self.torch.no_grad():
            for layer, weight in zip(self.model[::2], self.weights, strict=True):
                layer.weight.copy_(weight)
                layer.bias.zero_()
        adam = self.torch.optim.Adam
        return adam(self.model.parameters(), lr=LEARNING_RATE, betas=(BETA_1, BETA_2), eps=EPSILON, fused=True)

    def block(self, epochs: int) -> float:
        optimizer, model, measure, batch = self._restart(), self.model, self.measure, self.case.batch
        start = time.perf_counter()
        for _ in range(epochs):
            order = self.torch.randperm(self.case.n)
            for x, y in zip(self.x[order].split(batch), self.y[order].split(batch), strict=True):
                optimizer.zero_grad()
                measure(model(x), y).backward()
                optimizer.step()
        return time.perf_counter() - start

    def measured(self) -> float:
        with self.torch.no_grad():
            return float(self.measure(self.model(self.x), self.y))


class Jax(Peer):
    """An epoch is one jitted call: ``lax.scan`` over the minibatches, parameters and moments donated."""

    label, package, pip = "JAX", "jax", "pip install jax"

    @classmethod
    def environment(cls, threads: int | None) -> dict[str, str]:
        given = {"JAX_PLATFORMS": "cpu"}
        if threads is not None:  # XLA takes the size of its pool from NPROC
            given |= {"NPROC": str(threads)}
        if threads == 1:
            given |= {"XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"}
        return given

    def __init__(self, case: Case, threads: int | None) -> None:
        import jax
        import jax.numpy as jnp

        self.jax, self.case, self.used = jax, case, threads or 2
        hidden = {"relu": jax.nn.relu, "sigmoid": jax.nn.sigmoid, "tanh": jnp.tanh}[case.activation]
        k = case.sizes[-1]

        def measure(params, x, y):
            for w, b in params[:-1]:
                x = hidden(x @ w + b)
            w, b = params[-1]
            return -jnp.mean(jnp.sum(jax.nn.one_hot(y, k) * jax.nn.log_softmax(x @ w + b), axis=1))

        def step(state, rows, x, y):
            params, m, v, t = state
            loss, g = jax.value_and_grad(measure)(params, x[rows], y[rows])
            t = t + 1
            rate = LEARNING_RATE * jnp.sqrt(1 - BETA_2**t) / (1 - BETA_1**t)
            m = jax.tree.map(lambda m, g: BETA_1 * m + (1 - BETA_1) * g, m, g)
            v = jax.tree.map(lambda v, g: BETA_2 * v + (1 - BETA_2) * g * g, v, g)
            params = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v) + EPSILON), params, m, v)
            return (params, m, v, t), loss

        def epoch(state, order, x, y):
            state, losses = jax.lax.scan(lambda s, rows: step(s, rows, x, y), state, order)
            return state, losses.mean()

        self.epoch = jax.jit(epoch, donate_argnums=0)
        self.measure = jax.jit(measure)
        x, labels = case.data()
        self.x, self.y = jnp.asarray(x), jnp.asarray(labels.astype(np.int32))
        self.rng = np.random.default_rng(2)
        self.weights = case.weights()

    def block(self, epochs: int) -> float:
        jnp, shape = self.jax.numpy, (self.case.steps, self.case.batch)
        params = [(jnp.array(w.T), jnp.zeros(len(w), jnp.float32)) for w in self.weights]
        zeros = [self.jax.tree.map(jnp.zeros_like, params) for _ in range(2)]
        state = self.jax.block_until_ready((params, *zeros, jnp.float32(0)))
        start = time.perf_counter()
        for _ in range(epochs):
            order = self.rng.permutation(self.case.n).astype(np.int32).reshape(shape)
            state, _ = self.epoch(state, order, self.x, self.y)
        self.state = self.jax.block_until_ready(state)
        return time.perf_counter() - start

    def measured(self) -> float:
        return float(self.measure(self.state[0], self.x, self.y))


PEERS: dict[str, type[Peer]] = {
    "chainrule": Chainrule,
    "estimator": Estimator,
    "scikit-learn": ScikitLearn,
    "pytorch": PyTorch,
    "jax": Jax,
}
