"""Curves: the loss over one given number, and what a unit gives over what comes into it; each with its tangent."""

from __future__ import annotations

import math

import numpy as np

from chainrule.errors import InputError
from chainrule.network import pairs
from chainrule.network.arrays import Array
from chainrule.network.backward import Backward, backward
from chainrule.network.forward import forward
from chainrule.network.names import LOSS, Derivative, Name, Notation, Quantity, to_text
from chainrule.network.network import Network
from chainrule.view.answers import CurveAnswer
from chainrule.view.subject import Subject

POINTS = 61  # an odd number: the middle one is the number itself
WIDEST = 8.0  # of an activation's curve, to each side


def curve(subject: Subject, name: Name, notation: Notation) -> CurveAnswer:
    """Of a given number (or of dL by it) the loss as it alone changes; of a unit its value by its pre-activation.

    Raises:
        InputError: a name that is neither.
    """
    q = name.wrt if isinstance(name, Derivative) and name.of == LOSS else name
    if not isinstance(q, Quantity) or not q.is_component or q == LOSS:
        raise InputError("curve", "a given number or a unit: W_212, b_21, x_3, a_21, h_12", str(name))
    return _activation(subject, q, notation) if q.symbol in ("a", "h", "yhat") else _loss(subject, q, notation)


def _loss(subject: Subject, q: Quantity, notation: Notation) -> CurveAnswer:
    b = subject.passes()
    value = float(np.ravel(b.value(q))[0])
    half = max(1.0, 10.0 ** math.ceil(math.log10(abs(value)))) if value else 1.0
    moves = np.linspace(-half, half, POINTS)
    found = (_by_target if q.symbol == "y" else _by_given)(b, q, moves)
    slope = None if q.symbol == "y" else float(np.ravel(b.value(Derivative(LOSS, q)))[0])
    return CurveAnswer(
        over=to_text(q, notation), of="L", rule=subject.network.loss, x=(value + moves).tolist(), y=found.tolist(),
        at=value, value=float(b.L), slope=slope,
    )  # fmt: skip


def _by_given(b: Backward, q: Quantity, moves: Array) -> Array:
    """L with a given number moved by each of ``moves``, by a network of what comes after it: its input is the move."""
    f, net = b.forward, b.forward.network
    i = q.layer or 1
    if q.symbol == "x":
        slopes = net.weights[0][:, q.index[0] - 1]
    else:
        slopes = np.zeros(net.sizes[i], net.dtype)
        slopes[q.index[0] - 1] = f.h[i - 1][0, q.index[1] - 1] if q.symbol == "W" else 1.0
    weights, biases = [slopes[:, None], *net.weights[i:]], [f.a[i - 1][0], *net.biases[i:]]
    after = forward(Network(weights, biases, net.hidden[i - 1 :], net.output, net.loss), moves[:, None])
    y = np.repeat(b.y, POINTS, axis=0)
    return pairs.example_losses(net.loss, net.output, after.a[-1], after.yhat, y)


def _by_target(b: Backward, q: Quantity, moves: Array) -> Array:
    """L with a target moved; not a number where the loss takes no such target."""
    f, net = b.forward, b.forward.network
    a, yhat, y = (np.repeat(array, POINTS, axis=0) for array in (f.a[-1], f.yhat, b.y))
    column = y[:, q.index[0] - 1]
    column += moves
    low, high = net.loss_rule.target_range
    found = pairs.example_losses(net.loss, net.output, a, yhat, y).astype(float)
    return np.where((column >= low) & (column <= high), found, np.nan)


def _activation(subject: Subject, q: Quantity, notation: Notation) -> CurveAnswer:
    net, depth = subject.network, subject.network.depth
    layer, unit = q.layer or depth, q.index[0]
    rule = net.rule(layer)
    f = forward(net, subject.x)
    h = Quantity("yhat", None, q.index) if layer == depth else Quantity("h", layer, q.index)
    a = Quantity("a", layer, q.index)
    row = f.a[layer - 1][0].astype(float)
    value, gives = float(row[unit - 1]), float(f.h[layer][0, unit - 1])
    half = min(max(WIDEST / 2, 1.5 * abs(value)), max(WIDEST, 1.5 * abs(value)))
    over = np.linspace(-half, half, POINTS)
    rows = np.tile(row, (POINTS, 1))
    rows[:, unit - 1] = over
    found = rule.g(over) if rule is not None else net.output_rule.value(rows)[:, unit - 1]
    slope = backward(f, subject.y).value(Derivative(h, a))
    name = net.output if layer == depth else net.hidden[layer - 1]
    return CurveAnswer(
        over=to_text(a, notation), of=to_text(h, notation), x=over.tolist(), y=np.asarray(found, float).tolist(),
        at=value, value=gives, slope=float(np.ravel(slope)[0]), rule=name,
    )  # fmt: skip
