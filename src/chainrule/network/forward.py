"""Forward: the values of every unit, by the equations forward.pre and forward.act."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.network import checks
from chainrule.network import names as notation
from chainrule.network.arrays import Array, frozen
from chainrule.network.jacobians import local_derivative
from chainrule.network.names import Derivative, Name, Quantity
from chainrule.network.network import Network
from chainrule.network.quantities import Quantities
from chainrule.network.stages import Stage


@dataclass(frozen=True, eq=False, repr=False)
class Forward(Quantities):
    """One forward pass: a mapping from names to quantities.

    Attributes:
        network: the network it was made from.
        a: a_1 … a_L, each (n, m).
        h: h_0 … h_L, each (n, m): h_0 is x, h_L is yhat.
        single: x was one example (d,); quantities are then given without the axis of examples.
        keep: what dropout multiplied each hidden layer with, (n, m) each; empty outside of training.

    >>> net = cr.Network([[[0.1, 0.2], [0.3, -0.4]], [[0.5, -0.6]]], output="sigmoid", loss="half_squared_error")
    >>> f = net.forward([1, 2])
    >>> f["a_1"]
    array([ 0.5, -0.5])
    >>> round(f["yhat_1"], 4), round(f["dyhat_1/dh_12"], 4)
    (0.5212, -0.1497)
    >>> net.forward([[1, 2], [0, 1], [3, 3]])["h_1"].shape
    (3, 2)
    >>> list(f)
    ['x', 'W_1', 'b_1', 'a_1', 'h_1', 'W_2', 'b_2', 'a_2', 'yhat']
    >>> "h_12" in f, "h_13" in f, "L" in f  # there are two units; the loss belongs to the backward pass
    (True, False, False)
    """

    network: Network
    a: tuple[Array, ...]
    h: tuple[Array, ...]
    single: bool
    keep: tuple[Array, ...] = ()

    @property
    def x(self) -> Array:
        """The inputs (n, d)."""
        return self.h[0]

    @property
    def yhat(self) -> Array:
        """The outputs (n, k)."""
        return self.h[-1]

    @property
    def n(self) -> int:
        """Number of examples."""
        return int(self.h[0].shape[0])

    def names(self) -> tuple[str, ...]:
        """The whole quantities, as computed: x, W_1, b_1, a_1, h_1, …, a_L, yhat."""
        return notation.of_forward(self.network.sizes)

    def _title(self, of: str = "Forward") -> str:
        return f"{of} pass of {self.network!r}, {'one example' if self.single else f'{self.n} examples'}"

    def __getitem__(self, name: str) -> Any:
        """The quantity of that name: a float, or an array with examples as its first axis in a batch.

        ``f["a_1"]``, ``f["h_13"]``, ``f["yhat"]``, ``f["W_2"]``, ``f["dyhat_1/da_21"]``; in delta
        notation ``f["z^1"]``, ``f["a^1"]``, ``f["w^2"]`` (the transpose of W_2).

        Raises:
            InputError: no such quantity; the message says what exists.
        """
        resolved, written = notation.find(name, self.network.sizes)
        subject = resolved.of if isinstance(resolved, Derivative) else resolved
        if subject.symbol in ("L", "y"):
            needs = f"{subject.symbol}, which needs the targets (ask the backward pass)"
            raise InputError(f"name {name!r}", "a quantity of the forward pass", needs)
        shared = isinstance(resolved, Quantity) and resolved.symbol in "Wb"
        wrt = resolved.wrt if isinstance(resolved, Derivative) else resolved
        return tidy(self.value(resolved), wrt, written, self.single and not shared)

    def value(self, name: Name) -> Array:
        """The quantity of a name that fits the network, examples first: (n,), (n, m); of W and b their own shape.

        Of a derivative, such as dyhat_1/da_21: (n,) + the shape of what is derived + the shape of what it is by.

        Raises:
            InputError: a derivative by something that comes later.
        """
        if isinstance(name, Derivative):
            return local_derivative(name, self.network.stages, self.value, self.derivative)
        symbol, layer = name.symbol, name.layer or 0
        if symbol in ("W", "b"):
            whole = (self.network.weights if symbol == "W" else self.network.biases)[layer - 1]
        elif symbol == "a":
            whole = self.a[layer - 1]
        else:
            whole = self.h[{"x": 0, "yhat": -1}.get(symbol, layer)]
        return pick(whole, name)

    def derivative(self, stage: Stage) -> Array:
        """The derivative of a stage at the values of this pass, with the factors of dropout: W_i, g'(a_i) or J_O."""
        found = stage.derivative(self.value(stage.before), self.value(stage.after))
        if stage.kind == "activation" and self.keep:
            found = found * self.keep[stage.layer - 1]
        return found


def forward(network: Network, x: Any, keep: tuple[Array, ...] = ()) -> Forward:
    """Equations forward.pre and forward.act through all layers, for one example (d,) or a batch (n, d).

    Args:
        keep: for dropout, factors of each hidden layer (n, m): h_i = keep_i * g(a_i).

    Raises:
        InputError: x has another width, or is not finite.
    """
    batch, single = checks.examples("x", x, network.sizes[0], network.dtype)
    with np.errstate(over="ignore", invalid="ignore"):  # an infinite value is a value; who needs a finite one says so
        a, h = propagate(network, np.array(batch), keep)
    for values in (*a, *h):
        frozen(values)
    return Forward(network, a, h, single, keep)


def propagate(network: Network, x: Array, keep: tuple[Array, ...] = ()) -> tuple[tuple[Array, ...], tuple[Array, ...]]:
    """(a_1 … a_L), (h_0 … h_L) of a batch (n, d) that is known to fit."""
    values = [x]
    for stage in network.stages:
        values.append(stage.forward(values[-1]))
        if stage.kind == "activation" and keep:
            values[-1] = values[-1] * keep[stage.layer - 1]
    return tuple(values[1::2]), tuple(values[::2])


def pick(whole: Array, quantity: Quantity) -> Array:
    """The component that a quantity names, from the last axes of the whole."""
    where: tuple[Any, ...] = (..., *(i - 1 for i in quantity.index))
    picked: Array = whole[where] if quantity.index else whole
    return picked


def tidy(value: Array, quantity: Quantity, written: notation.Notation, drop_examples: bool) -> Any:
    """The value as the caller's notation and kind of input ask: w^l transposed, no axis for one example."""
    if drop_examples:
        value = value[0]
    if written == "delta" and quantity.symbol == "W" and not quantity.index:
        value = value.swapaxes(-1, -2)
    if value.ndim == 0:
        return float(value)
    return frozen(value.view())
