"""Network: the frozen specification and parameters of a feedforward network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import InputError
from chainrule.network import checks, equations
from chainrule.network.activations import ACTIVATIONS, Activation, activation
from chainrule.network.arrays import Array, frozen
from chainrule.network.losses import REDUCTIONS, Loss, Reduction, fitting_outputs, loss
from chainrule.network.outputs import Output, output
from chainrule.network.stages import Stage, stages

if TYPE_CHECKING:
    from chainrule.native.predict import Predictor
    from chainrule.network.backward import Backward
    from chainrule.network.forward import Forward


@dataclass(frozen=True, init=False, eq=False, repr=False)
class Network:
    """A network of L layers: h_0 = x; a_i = W_i h_{i-1} + b_i; h_i = g_i(a_i); yhat = O(a_L).

    Attributes:
        weights: W_1 … W_L; W_i has a row for each unit of layer i, a column for each unit of layer i-1.
            All float64, or all float32 and then everything computed from them is float32.
        biases: b_1 … b_L; None means zeros.
        hidden: one activation name for all hidden layers, or one each.
        output: ``softmax`` or an activation name.
        loss: a name of ``chainrule.network.losses``; it must fit the output.
        reduction: ``mean`` (weighted mean over the batch) or ``sum``.

    Raises:
        InputError: a shape that does not fit, numbers that are not finite, an unknown name.

    >>> net = cr.Network([[[0.1, 0.2], [0.3, -0.4]], [[0.5, -0.6]]], output="sigmoid", loss="half_squared_error")
    >>> net
    Network(2-2-1, hidden=sigmoid, output=sigmoid, loss=half_squared_error, mean, float64)
    >>> b = net.backward(x=[1, 2], y=[1])
    >>> round(b.L, 4), round(net.step(b, learning_rate=0.5).backward([1, 2], [1]).L, 4)
    (0.1146, 0.1026)
    """

    weights: tuple[Array, ...]
    biases: tuple[Array, ...]
    hidden: tuple[str, ...]
    output: str
    loss: str
    reduction: Reduction

    def __init__(
        self, weights: Sequence[Any], biases: Sequence[Any] | None = None, hidden: str | Sequence[str] = "sigmoid",
        output: str = "softmax", loss: str = "cross_entropy", reduction: str = "mean",
    ) -> None:  # fmt: skip
        read = _read_weights(weights)
        fields = {"weights": read, "biases": _read_biases(biases, read), "hidden": _read_hidden(hidden, len(read))}
        if reduction not in REDUCTIONS:
            raise InputError("reduction", " or ".join(REDUCTIONS), repr(reduction))
        self.__dict__.update(fields, output=output, loss=loss, reduction=reduction)
        _check_fit(self.loss_rule, self.output_rule, self.sizes[-1])

    # ------------------------------------------------------------ what it is

    @property
    def depth(self) -> int:
        """L, the number of layers of weights."""
        return len(self.weights)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Units of each layer, the inputs first."""
        return (self.weights[0].shape[1], *(W.shape[0] for W in self.weights))

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64 or float32."""
        return self.weights[0].dtype

    @property
    def parameter_count(self) -> int:
        """Number of weights and biases."""
        return sum(W.size + b.size for W, b in zip(self.weights, self.biases, strict=True))

    @cached_property
    def activations(self) -> tuple[Activation, ...]:
        """The row of each hidden layer's activation."""
        return tuple(activation(name) for name in self.hidden)

    @cached_property
    def output_rule(self) -> Output:
        """The output function O."""
        return output(self.output)

    @cached_property
    def loss_rule(self) -> Loss:
        """The loss."""
        return loss(self.loss)

    @cached_property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of the forward pass in order: affine 1, activation 1, …, affine L, output."""
        return stages(self.weights, self.biases, self.activations, self.output_rule)

    def rule(self, layer: int) -> Activation | None:
        """The elementwise rule of a layer, the output layer L included; None where that is softmax."""
        return self.output_rule.rule if layer == self.depth else self.activations[layer - 1]

    def __eq__(self, other: object) -> bool:
        """The same rules, and the same numbers of the same type."""
        if not isinstance(other, Network):
            return NotImplemented
        mine, others = (self.weights + self.biases, other.weights + other.biases)
        same = self.sizes == other.sizes and self.dtype == other.dtype and self._rules == other._rules
        return same and all(map(np.array_equal, mine, others))

    def __hash__(self) -> int:
        return hash((self.sizes, self._rules, self.dtype.str))

    @property
    def _rules(self) -> tuple[Any, ...]:
        return self.hidden, self.output, self.loss, self.reduction

    def __getstate__(self) -> dict[str, Any]:
        return {field.name: self.__dict__[field.name] for field in fields(self)}  # no rows: functions do not pickle

    def __repr__(self) -> str:
        sizes = "-".join(map(str, self.sizes))
        hidden = self.hidden[0] if len(set(self.hidden)) == 1 else "/".join(self.hidden) or "none"
        rules = f"hidden={hidden}, output={self.output}, loss={self.loss}, {self.reduction}"
        return f"Network({sizes}, {rules}, {self.dtype})"

    # ------------------------------------------------------------ others like it

    @classmethod
    def random(
        cls, sizes: Sequence[int], hidden: str | Sequence[str] = "sigmoid", output: str = "softmax",
        loss: str = "cross_entropy", reduction: str = "mean", *, seed: int | None = None, dtype: Any = "float64",
    ) -> Network:  # fmt: skip
        """A network with drawn weights and biases of zero.

        Weights are uniform with variance 2/(fan_in + fan_out) (Glorot & Bengio 2010, eq. 16), or, into a
        layer of the relu family (``Activation.he``), 2/fan_in (He et al. 2015, eq. 10).
        """
        sizes = tuple(sizes) if isinstance(sizes, (Sequence, np.ndarray)) else (sizes,)
        if len(sizes) < 2 or not all(isinstance(s, (int, np.integer)) and s > 0 for s in sizes):
            raise InputError("sizes", "at least two positive whole numbers, the inputs first", repr(sizes))
        dtype = checks.float_type(dtype)
        if seed is not None and (not isinstance(seed, (int, np.integer)) or seed < 0):
            raise InputError("seed", "a whole number from 0 up, or None", repr(seed))
        rng = np.random.default_rng(seed)
        names = _read_hidden(hidden, len(sizes) - 1)
        weights = []
        for fan_in, fan_out, name in zip(sizes, sizes[1:], [*names, output], strict=False):
            variance = 2 / fan_in if name in ACTIVATIONS and ACTIVATIONS[name].he else 2 / (fan_in + fan_out)
            bound = (3 * variance) ** 0.5
            weights.append(rng.uniform(-bound, bound, (fan_out, fan_in)).astype(dtype))
        return cls(weights, None, hidden, output, loss, reduction)

    @cached_property
    def flat(self) -> Array:
        """All parameters as one vector: W_1 row by row, b_1, W_2, b_2, …"""
        pairs = zip(self.weights, self.biases, strict=True)
        return frozen(np.concatenate([part.ravel() for pair in pairs for part in pair]))

    def with_flat(self, flat: Array) -> Network:
        """This network with other parameters, given as one vector in the order of ``flat``.

        Raises:
            InputError: another length, or numbers that are not finite.
        """
        given = checks.shaped("flat", checks.numbers("flat", flat, self.dtype), self.parameter_count)
        return self.on_flat(np.array(given))

    def on_flat(self, flat: Array) -> Network:
        """This network with its parameters views of ``flat``, not copied and not checked: for a loop that owns it."""
        weights, biases, start = [], [], 0
        for W, b in zip(self.weights, self.biases, strict=True):
            weights.append(flat[start : start + W.size].reshape(W.shape))
            biases.append(flat[start + W.size : start + W.size + b.size])
            start += W.size + b.size
        return self._with(tuple(map(frozen, weights)), tuple(map(frozen, biases)))

    def astype(self, dtype: Any) -> Network:
        """This network in float64 or float32."""
        dtype = checks.float_type(dtype)
        cast = [tuple(p.astype(dtype) for p in part) for part in (self.weights, self.biases)]
        return Network(cast[0], cast[1], self.hidden, self.output, self.loss, self.reduction)

    def summed(self) -> Network:
        """This network with the reduction ``sum``."""
        return Network(self.weights, self.biases, self.hidden, self.output, self.loss, "sum")

    def _with(self, weights: tuple[Array, ...], biases: tuple[Array, ...]) -> Network:
        """This network with other parameters, of shapes that are known to fit."""
        new = object.__new__(Network)
        fields = {"hidden": self.hidden, "output": self.output, "loss": self.loss, "reduction": self.reduction}
        new.__dict__.update(fields, weights=weights, biases=biases)
        return new

    # ------------------------------------------------------------ the passes

    def __call__(self, x: Any) -> Array:
        """yhat of one example (d,) or a batch (n, d), by the native library where there is one.

        Nothing in between is kept: ``forward`` keeps all, and differs in the last digits.

        Raises:
            InputError: x has another width, or is not finite.

        >>> cr.Network([[[1, 2], [3, 4]]], output="identity", loss="squared_error")([1, 10])
        array([21., 43.])
        """
        batch, single = checks.examples("x", x, self.sizes[0], self.dtype)
        if self._predictor is not None:
            yhat = self._predictor(np.ascontiguousarray(batch))
        else:
            from chainrule.network.forward import propagate

            with np.errstate(over="ignore", invalid="ignore"):
                yhat = propagate(self, batch)[1][-1]
        return yhat[0] if single else yhat

    def predict(self, x: Any) -> Array:
        """What the network says of one example (d,) or a batch (n, d).

        Of softmax outputs the number of the largest, counted from 0, (n,); of outputs whose loss is
        binary_cross_entropy 0 or 1 each, (n, k); of any other network its outputs, (n, k).

        Raises:
            InputError: x has another width, or is not finite.

        >>> cr.Network([[[1, 2], [3, 4]]]).predict([[1, 10], [1, -1]])
        array([1, 0])
        """
        yhat = self(x)
        if self.output == "softmax":
            return np.asarray(yhat.argmax(axis=-1))
        return (yhat > 0.5).astype(int) if self.loss == "binary_cross_entropy" else yhat

    @cached_property
    def _predictor(self) -> Predictor | None:
        from chainrule.native.predict import Predictor

        return Predictor.of([W.T for W in self.weights], self.biases, self.hidden, self.output)

    def forward(self, x: Any) -> Forward:
        """The forward pass of one example (d,) or a batch (n, d)."""
        from chainrule.network.forward import forward

        return forward(self, x)

    def backward(self, x: Any, y: Any = None, sample_weight: Any = None, *, shortcuts: bool = True) -> Backward:
        """The forward and the backward pass: every gradient of the loss of y given x."""
        from chainrule.network.backward import backward
        from chainrule.network.forward import forward

        return backward(forward(self, x), y, sample_weight, shortcuts=shortcuts)

    def step(self, b: Backward, learning_rate: float) -> Network:
        """One step of gradient descent, a new network. Equation update."""
        if b.forward.network.sizes != self.sizes:
            raise InputError("backward pass", f"one of a network of sizes {self.sizes}", str(b.forward.network.sizes))
        if b.forward.network.dtype != self.dtype:
            raise InputError("backward pass", f"one in {self.dtype}", str(b.forward.network.dtype))
        rate = checks.number("learning_rate", learning_rate)
        weights = (equations.update(W, g, rate) for W, g in zip(self.weights, b.grad_W, strict=True))
        biases = (equations.update(p, g, rate) for p, g in zip(self.biases, b.grad_b, strict=True))
        return self._with(tuple(map(frozen, weights)), tuple(map(frozen, biases)))


def _read_hidden(given: Any, depth: int) -> tuple[str, ...]:
    """The activation of each hidden layer: one name for all, or one each."""
    names = (given,) if isinstance(given, str) else tuple(given) if isinstance(given, Sequence) else None
    if names is None:
        raise InputError("hidden", "the name of an activation, or a list of names", repr(given))
    for i, name in enumerate(names, 1):
        activation(name, "hidden" if isinstance(given, str) else f"hidden activation of layer {i}")
    if len(names) == 1:
        names *= depth - 1
    if len(names) != depth - 1:
        raise InputError("hidden", f"one activation, or {depth - 1} (one a hidden layer)", str(len(names)))
    return names


def _read_weights(given: Any) -> tuple[Array, ...]:
    if not isinstance(given, (Sequence, np.ndarray)) or isinstance(given, str):
        raise InputError("weights", "a list of matrices", repr(given))
    if len(given) == 0:
        raise InputError("weights", "at least one matrix", "none")
    weights = [np.array(checks.numbers(f"W_{i}", W)) for i, W in enumerate(given, 1)]
    for i, W in enumerate(weights, 1):
        if W.ndim != 2 or 0 in W.shape:
            raise InputError(
                f"W_{i}", "a matrix (units of layer i, units of layer i-1), none empty", f"shape {W.shape}"
            )
        if W.dtype != weights[0].dtype:
            raise InputError(f"W_{i}", f"{weights[0].dtype}, as W_1", str(W.dtype))
        if i > 1 and W.shape[1] != weights[i - 2].shape[0]:
            units = weights[i - 2].shape[0]
            raise InputError(f"W_{i}", f"{units} columns, one for each row of W_{i - 1}", f"shape {W.shape}")
    return tuple(map(frozen, weights))


def _read_biases(given: Any, weights: Sequence[Array]) -> tuple[Array, ...]:
    if given is None or (isinstance(given, Sequence) and len(given) == 0):
        return tuple(frozen(np.zeros(W.shape[0], W.dtype)) for W in weights)
    if not isinstance(given, (Sequence, np.ndarray)) or isinstance(given, str):
        raise InputError("biases", "a list of vectors, or None", repr(given))
    if len(given) != len(weights):
        raise InputError("biases", f"{len(weights)} vectors, one for each matrix of weights", str(len(given)))
    biases = []
    for i, (b, W) in enumerate(zip(given, weights, strict=True), 1):
        if isinstance(b, np.ndarray) and b.dtype.kind == "f" and b.dtype != W.dtype:
            raise InputError(f"b_{i}", f"{W.dtype}, as W_{i}", str(b.dtype))
        biases.append(frozen(np.array(checks.shaped(f"b_{i}", checks.numbers(f"b_{i}", b, W.dtype), W.shape[0]))))
    return tuple(biases)


def _check_fit(rule: Loss, out: Output, outputs: int) -> None:
    if rule.fits(out, outputs):
        return
    if rule.name == "identity":
        raise InputError("loss identity (L = yhat)", "a network of one output", f"{outputs} outputs")
    fitting = ", ".join(fitting_outputs(rule.name, outputs))
    raise InputError(
        f"loss {rule.name}",
        f"an output inside {rule.output_range}: {fitting}",
        f"{out.name} with {outputs} output{'s' if outputs > 1 else ''}",
    )
