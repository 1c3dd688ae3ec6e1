"""A walk through a network: every equation in the order in which it is applied, forward, loss, and back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from chainrule.errors import InputError
from chainrule.explanation.back import BackBuilder
from chainrule.explanation.records import Step, stage_blocks
from chainrule.formula.tree import Add, Mul, Neg, Number, Ref, Slope, Symbol, Timed, Transpose, substitute
from chainrule.network.backward import backward
from chainrule.network.equation_table import EQUATIONS
from chainrule.network.forward import forward
from chainrule.network.names import LOSS, Derivative, Notation, Quantity
from chainrule.network.network import Network
from chainrule.render.blocks import Heading, line
from chainrule.render.document import Document, Rendered

Phase = Literal["forward", "loss", "backward", "update"]

#: equation -> what it means, for someone who sees it for the first time
_MEANING = {
    "forward.pre": "Each unit weighs what comes from the layer before, adds it all up, and adds its bias.",
    "forward.act": "Each unit passes its sum on through the activation.",
    "forward.loss": "One number says how far the prediction is from the target.",
    "backward.loss": "The way back begins: what happens to the loss when a prediction grows a little.",
    "backward.jacobian": "With softmax every prediction depends on every sum of the last layer: a matrix of slopes.",
    "backward.out": "From the predictions back to the sums of the last layer.",
    "backward.weight": "A weight's gradient: that of the unit it leads to, times what comes in through the weight.",
    "backward.bias": "A bias is added as it is, so its gradient is that of its unit.",
    "backward.hidden": "A unit acts on the loss through every unit that it leads to; these paths add up.",
    "backward.slope": "How steep the activation is at each unit: what a little more at its input gives at its output.",
    "backward.pre": "Back through the activation: the gradient of its output, times its slope there.",
    "update": "One step of gradient descent: each number goes against its gradient, by the learning rate times it.",
}
_STAGE = "And now the update"
_NEW_LOSS = "The loss of the network after the step: it is smaller unless the step was too large."
_LAST = "The output function turns the last sums into the prediction."


@dataclass(frozen=True, eq=False)
class Walk(Rendered):
    """All steps of one example.

    Attributes:
        steps: of whole vectors and matrices; forward, then the loss, then back from the output to the input, then
            the update, where a learning rate is given, and the new loss.
    """

    network: Network
    notation: Notation
    steps: tuple[Step, ...]

    def document(self) -> Document:
        """The walk as a document."""
        return Document((Heading(1, line("Forward, loss, backward")), *stage_blocks(self.steps)))

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "network": repr(self.network),
            "notation": self.notation,
            "steps": [{"phase": phase(step), **step.to_dict()} for step in self.steps],
        }


def phase(step: Step) -> Phase:
    """The part of the walk that a step belongs to."""
    if isinstance(step.quantity, Timed):
        return "update"
    if isinstance(step.quantity, Quantity):
        return "loss" if step.quantity == LOSS else "forward"
    return "backward"


def means(step: Step) -> str:
    """What a step does, in one sentence."""
    if step.quantity == Timed(LOSS, 1):
        return _NEW_LOSS
    return _LAST if step.quantity == Quantity("yhat") else _MEANING[step.equation]


def walk(
    network: Network, x: Any, y: Any, notation: Notation = "textbook", *, shortcuts: bool = True,
    learning_rate: float | None = None,
) -> Walk:  # fmt: skip
    """Every equation with this network's numbers, for one example; arguments as for ``explain``.

    Each quantity comes once: a_1, h_1, …, yhat, L, then dL/da_L, dL/dW_L, dL/db_L, dL/dh_{L-1}, …, dL/dx, then with
    a learning rate W_1', b_1', …, L'.

    Raises:
        InputError: input that does not fit, or a value that is infinite on the way.
    """
    b = backward(forward(network, x), y, shortcuts=shortcuts)
    builder = BackBuilder(b, notation, full=False, whole=True, of=LOSS)
    builder.forward(LOSS)
    for i in range(network.depth, 0, -1):
        builder.need(Quantity("a", i))
        builder.need(Quantity("W", i))
        builder.need(Quantity("b", i))
        builder.need(builder.h(i - 1))
    steps = tuple(builder.steps)
    return Walk(network, notation, steps if learning_rate is None else (*steps, *_update(builder, x, y, learning_rate)))


def _update(builder: BackBuilder, x: Any, y: Any, rate: float) -> Iterator[Step]:
    """Equation update of every layer, and the loss that the network then has."""
    b, notation = builder.backward, builder.notation
    network = b.forward.network.step(b, rate)
    if not np.isfinite(network.flat).all():
        return
    for i in range(1, network.depth + 1):
        for q, value in ((Quantity("W", i), network.weights[i - 1]), (Quantity("b", i), network.biases[i - 1])):
            gradient = Derivative(LOSS, q)
            turned = notation == "delta" and q.symbol == "W"
            parts = [Transpose(Ref(one)) if turned else Ref(one) for one in (q, gradient)]
            tree = Add((parts[0], Neg(Mul((Number(rate), parts[1])))))
            values: dict[Symbol, Any] = {name: builder.known(name) for name in (q, gradient)}
            new = value.T if turned else value
            yield Step("update", EQUATIONS["update"].title, _STAGE, Timed(q, 1), tree, values, new, notation, False)
    after = BackBuilder(backward(forward(network, x), y), notation, full=False, whole=True, of=LOSS)
    try:
        after.forward(LOSS)
    except InputError:  # a loss that is not finite
        return
    yield _primed(after.steps[-1])


def _primed(step: Step) -> Step:
    """A step of the network after the update: its names have a prime, but for the target."""

    def primed(name: Symbol) -> Symbol:
        return Timed(name, 1) if isinstance(name, Quantity) and name.symbol != "y" else name

    tree = substitute(step.tree, lambda name: Ref(primed(name)))
    values = {primed(name): value for name, value in step.values.items()}
    return replace(step, title="the new loss", stage=_STAGE, quantity=primed(step.quantity), tree=tree, values=values)


def gives(step: Step) -> Quantity:
    """The quantity whose value or gradient a step gives: for dL/dW_2, and for the slopes at a_2, W_2 and a_2."""
    if isinstance(step.quantity, Timed):
        assert isinstance(step.quantity.name, Quantity)
        return step.quantity.name
    if isinstance(step.quantity, Slope):
        return Quantity("a", step.quantity.layer)
    assert isinstance(step.quantity, Quantity | Derivative)
    return step.quantity.subject
