"""What a page is about: one network, one example, the lines of a worksheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.network import checks, names
from chainrule.network.arrays import Array
from chainrule.network.backward import Backward, backward
from chainrule.network.forward import forward
from chainrule.network.names import Quantity
from chainrule.network.network import Network
from chainrule.sheets.header import Worksheet

LEARNING_RATE = 0.1  # where a worksheet gives none


@dataclass(frozen=True, eq=False)
class Subject:
    """A network with one example.

    Attributes:
        x: (d,). targets: (k,), or None where none were ever given; the loss ``identity`` leaves them aside.
        learning_rate: of a step of gradient descent; ``stated`` tells whether a worksheet says so.
        title: in words. lines: of a worksheet, below its header.
        note: where the example comes from, in words, or "".
        one_of_many: it is one example of a worksheet's batch, or without its weight: the lines are of something else.
    """

    network: Network
    x: Array
    targets: Array | None
    learning_rate: float = LEARNING_RATE
    title: str = ""
    lines: tuple[str, ...] = ()
    note: str = ""
    one_of_many: bool = False

    @classmethod
    def of(
        cls, network: Network, x: Any, y: Any, *, learning_rate: float | None = None, title: str = "",
        lines: Sequence[str] = (), note: str = "",
    ) -> Subject:  # fmt: skip
        """What fits the network, or an error that says what does not.

        Args:
            x: one example (d,). y: targets (k,), or a class number; None for the loss ``identity``.

        Raises:
            InputError: a batch, a shape or a number that does not fit.
        """
        batch, single = checks.examples("x", x, network.sizes[0], network.dtype)
        if not single:
            raise InputError("x", f"one example, shape ({network.sizes[0]},)", f"a batch, shape {batch.shape}")
        b = backward(forward(network, x), y)
        rate = LEARNING_RATE if learning_rate is None else checks.number("learning_rate", learning_rate)
        targets = None if network.loss == "identity" else np.array(b.y[0])
        return cls(network, np.array(batch[0]), targets, rate, title, tuple(lines), note)

    @classmethod
    def of_worksheet(cls, sheet: Worksheet, example: int | None = None) -> Subject:
        """A worksheet; of a batch its example of that number, counted from 1.

        Raises:
            InputError: no targets, no such example.
        """
        x, y, note = sheet.x, sheet.y, ""
        n = len(x) if x.ndim == 2 else 1
        number = 1 if example is None else example
        if not 1 <= number <= n:
            raise InputError("example", f"a number from 1 to {n}", str(example))
        if x.ndim == 2:
            x, y = x[number - 1], y[number - 1] if y is not None else None
            note = f"example {number} of the worksheet's {n}, alone"
        if sheet.sample_weight is not None:
            note = f"{note}; " * bool(note) + "without its sample weight"
        if y is None and sheet.network.loss != "identity":
            raise InputError(f"worksheet {sheet.path}: y", "targets, for the loss and its gradients", "none")
        subject = cls.of(
            sheet.network, x, y, learning_rate=sheet.learning_rate, title=sheet.title, lines=sheet.lines, note=note
        )
        return replace(subject, one_of_many=n > 1 or sheet.sample_weight is not None)

    @property
    def y(self) -> Array | None:
        """The targets (k,) that the loss uses; None for the loss ``identity``."""
        return None if self.network.loss == "identity" else self.targets

    def passes(self) -> Backward:
        """The forward and the backward pass."""
        return backward(forward(self.network, self.x), self.y)

    def plain_names(self, values: Mapping[str, float]) -> dict[str, float]:
        """Values of given numbers, each name in its plain spelling.

        Raises:
            InputError: a name that is not given but computed.
        """
        found = {}
        for text, value in values.items():
            q, _ = names.find(text, self.network.sizes)
            if not isinstance(q, Quantity) or q.symbol not in "xyWb" or not q.is_component:
                raise InputError(f"name {text!r}", "one given number: x_3, y_1, W_212 or b_21", "another quantity")
            found[str(q)] = checks.number(text, value)
        return found

    def changed(
        self, values: Mapping[str, float], hidden: Sequence[str] | None = None, output: str | None = None,
        loss: str | None = None,
    ) -> Subject:  # fmt: skip
        """Another subject, with some numbers or rules changed.

        Args:
            values: of given numbers, by their plain names: ``x_3``, ``y_1``, ``W_212``, ``b_21``.

        Raises:
            InputError: a number or a rule that does not fit.
        """
        net = self.network
        parts = {"W": [W.copy() for W in net.weights], "b": [b.copy() for b in net.biases]}
        targets = np.zeros(net.sizes[-1], net.dtype) if self.targets is None else self.targets
        example = {"x": self.x.copy(), "y": targets.copy()}
        for text, value in values.items():
            q, _ = names.find(text, net.sizes)
            assert isinstance(q, Quantity)
            array = example[q.symbol] if q.symbol in example else parts[q.symbol][(q.layer or 0) - 1]
            array[tuple(i - 1 for i in q.index)] = value
        rules = (hidden or net.hidden, output or net.output, loss or net.loss)
        changed = Network(parts["W"], parts["b"], *rules, net.reduction)
        fits = Subject.of(changed, example["x"], None if changed.loss == "identity" else example["y"])
        none_yet = self.targets is None and changed.loss == "identity"
        return replace(self, network=changed, x=fits.x, targets=None if none_yet else example["y"])
