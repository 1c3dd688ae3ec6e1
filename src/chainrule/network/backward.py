"""Backward: every gradient of the loss, by the equations backward.out to backward.bias."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, overload

import numpy as np

from chainrule.errors import InputError
from chainrule.network import checks, equations, losses, pairs
from chainrule.network import names as notation
from chainrule.network.arrays import Array, frozen
from chainrule.network.forward import Forward, pick, tidy
from chainrule.network.names import LOSS, Derivative, Name, Quantity
from chainrule.network.pairs import Pair
from chainrule.network.quantities import Quantities


@dataclass(frozen=True, eq=False, repr=False)
class Backward(Quantities):
    """One backward pass: a mapping from names to quantities, the loss L of the batch and its derivatives among them.

    Attributes:
        forward: the forward pass it was made from.
        y: targets (n, k).
        coefficients: c_n of each example in L = sum_n c_n l_n, (n,).
        L: the loss.
        shortcut: the declared pair that gave grad a_L, or None where the general path did.
        grad_a: dL/da_1 … dL/da_L, each (n, m). The coefficient of each example is in them.
        grad_h: dL/dh_1 … dL/dh_{L-1}, each (n, m).
        grad_W: dL/dW_1 … dL/dW_L, each shaped as its W.
        grad_b: dL/db_1 … dL/db_L.

    >>> net = cr.Network([[[0.1, 0.2], [0.3, -0.4]], [[0.5, -0.6]]], output="sigmoid", loss="half_squared_error")
    >>> b = net.backward([1, 2], [1])
    >>> b["dL/dW_2"].round(4)
    array([[-0.0744, -0.0451]])
    >>> round(b["dL/dW_212"], 4), round(b["δ^2_1"], 4)  # the second in delta notation: dL/da_21
    (-0.0451, -0.1195)
    >>> b.forward.network is net
    True
    >>> [name for name in b if name.startswith("dL/dW")], "dL/dW_213" in b, len(b)
    (['dL/dW_2', 'dL/dW_1'], False, 20)
    """

    forward: Forward
    y: Array
    coefficients: Array
    L: float
    shortcut: Pair | None
    grad_a: tuple[Array, ...]
    grad_h: tuple[Array, ...]
    grad_W: tuple[Array, ...]
    grad_b: tuple[Array, ...]

    @cached_property
    def grad_yhat(self) -> Array:
        """dL/dyhat (n, k)."""
        return frozen(_grad_yhat(self.forward, self.y, self.coefficients))

    @cached_property
    def grad_x(self) -> Array:
        """dL/dx (n, d). Equation backward.hidden at the first layer."""
        return frozen(equations.hidden_batch(self.forward.network.weights[0], self.grad_a[0]))

    @cached_property
    def example_losses(self) -> Array:
        """The loss of each example, without its coefficient, (n,)."""
        return frozen(_example_losses(self.forward, self.y))

    @cached_property
    def flat(self) -> Array:
        """The gradient as one vector in the order of ``Network.flat``."""
        pairs = zip(self.grad_W, self.grad_b, strict=True)
        return frozen(np.concatenate([part.ravel() for pair in pairs for part in pair]))

    def names(self) -> tuple[str, ...]:
        """The whole quantities, as computed: those of the forward pass, y, L, dL/dyhat, dL/da_L, …, dL/dx."""
        return notation.of_backward(self.forward.network.sizes)

    def _title(self) -> str:
        return self.forward._title("Backward")

    @overload
    def __getitem__(self, name: Literal["L"]) -> float: ...
    @overload
    def __getitem__(self, name: str) -> Any: ...
    def __getitem__(self, name: str) -> Any:
        """The quantity of that name: a float, or an array with examples as its first axis in a batch.

        ``b["L"]``, ``b["dL/da_2"]``, ``b["dL/dW_212"]``, ``b["dL/dx"]``, ``b["dyhat_1/da_21"]``; in delta
        notation ``b["δ^2"]``, ``b["dL/dw^2"]`` (the transpose of dL/dW_2); and all that Forward has.

        Raises:
            InputError: no such quantity; the message says what exists.
        """
        resolved, written = notation.find(name, self.forward.network.sizes)
        if resolved == LOSS:
            return self.L
        if isinstance(resolved, Quantity) and resolved.symbol == "y":
            return tidy(self.value(resolved), resolved, written, self.forward.single)
        if isinstance(resolved, Quantity) or resolved.of != LOSS:
            return self.forward[name]
        shared = resolved.wrt.symbol in "Wb"
        return tidy(self.value(resolved), resolved.wrt, written, self.forward.single and not shared)

    def value(self, name: Name) -> Array:
        """The quantity of a name that fits the network, examples first: (n,), (n, m); of L (), of dL/dW its own shape.

        Raises:
            InputError: a derivative by something that comes later.
        """
        if isinstance(name, Derivative) and name.of == LOSS:
            return pick(self.gradient(name.wrt), name.wrt)
        if isinstance(name, Quantity) and name.symbol in ("L", "y"):
            return np.asarray(self.L) if name.symbol == "L" else pick(self.y, name)
        return self.forward.value(name)

    def gradient(self, wrt: Quantity) -> Array:
        """dL by the whole of a quantity: a batch's (n, m), or a parameter's own shape."""
        symbol, layer = wrt.symbol, wrt.layer or 0
        if symbol in ("x", "yhat"):
            return self.grad_x if symbol == "x" else self.grad_yhat
        return {"W": self.grad_W, "b": self.grad_b, "a": self.grad_a, "h": self.grad_h}[symbol][layer - 1]


def backward(forward: Forward, y: Any = None, sample_weight: Any = None, *, shortcuts: bool = True) -> Backward:
    """The closed-form backward pass.

    Args:
        forward: the forward pass.
        y: targets (k,) or (n, k), or class numbers counted from 0; not needed by the loss ``identity``.
        sample_weight: (n,), none negative.
        shortcuts: use the declared pair of output and loss where there is one; False takes the
            general path, with the output's full Jacobian; next to a probability of 0 or 1 that path loses
            digits, and at logits of hundreds the loss's own derivative overflows.

    Raises:
        InputError: targets or weights that do not fit the network or the batch.
    """
    network = forward.network
    targets, coefficients = read_targets(forward, y, sample_weight)
    pair = pairs.shortcut(network.loss, network.output) if shortcuts else None
    with np.errstate(over="ignore", invalid="ignore"):  # as in the forward pass
        grads = [_grad_output(forward, targets, coefficients, pair, shortcuts)]  # at a_L, h_{L-1}, …, h_1, a_1
        for stage in network.stages[-2:0:-1]:
            grads.append(stage.vjp(forward.derivative(stage), grads[-1]))
        grad_a, grad_h = grads[::-2], grads[-2::-2]
        loss = equations.loss_batch(coefficients, _example_losses(forward, targets))
        grad_W = [equations.weight_batch(g, h) for g, h in zip(grad_a, forward.h, strict=False)]
        grad_b = [equations.bias_batch(g) for g in grad_a]
    parts = (tuple(map(frozen, part)) for part in (grad_a, grad_h, grad_W, grad_b))
    return Backward(forward, frozen(targets), frozen(coefficients), loss, pair, *parts)


def loss_value(forward: Forward, y: Any = None, sample_weight: Any = None) -> float:
    """The loss L of the batch alone, the same number as ``Backward.L``."""
    targets, coefficients = read_targets(forward, y, sample_weight)
    with np.errstate(over="ignore", invalid="ignore"):
        return equations.loss_batch(coefficients, _example_losses(forward, targets))


def read_targets(forward: Forward, y: Any, sample_weight: Any) -> tuple[Array, Array]:
    """Targets (n, k) and the coefficient of each example (n,).

    Raises:
        InputError: they do not fit the network, its loss or the batch.
    """
    network, n = forward.network, forward.n
    if y is None:
        if network.loss != "identity":
            raise InputError("y", f"targets for the loss {network.loss}", "none")
        targets = np.zeros((n, 1), network.dtype)
    else:
        targets = checks.targets(y, n, network.sizes[-1], forward.single, network.dtype)
    checks.within(f"y (targets of {network.loss})", targets, *network.loss_rule.target_range)
    weights = checks.weights(sample_weight, n, network.dtype)
    return targets, losses.reduce_by(network.reduction, n, weights, network.dtype)


def _example_losses(forward: Forward, y: Array) -> Array:
    network = forward.network
    return pairs.example_losses(network.loss, network.output, forward.a[-1], forward.yhat, y)


def _grad_yhat(forward: Forward, y: Array, coefficients: Array) -> Array:
    return equations.loss_grad_batch(coefficients, forward.network.loss_rule.gradient(forward.yhat, y))


def _grad_output(forward: Forward, y: Array, coefficients: Array, pair: Pair | None, shortcuts: bool) -> Array:
    """dL/da_L: by the declared pair, else by backward.out; its Jacobian is formed only on the long way."""
    a, yhat, out = forward.a[-1], forward.yhat, forward.network.output_rule
    if pair is not None:
        return equations.loss_grad_batch(coefficients, pair.gradient(a, yhat, y))
    grad_yhat = _grad_yhat(forward, y, coefficients)
    if shortcuts:
        return out.pull(a, yhat, grad_yhat)
    return equations.out_batch(out.jacobian(a, yhat), grad_yhat)
