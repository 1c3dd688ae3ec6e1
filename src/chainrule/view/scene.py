"""The drawing as data: every unit, weight and bias that is drawn, with its names, its value and its gradient."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.network import names
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.arrays import Array
from chainrule.network.backward import Backward
from chainrule.network.losses import LOSSES, fitting_outputs
from chainrule.network.names import LOSS, Derivative, Name, Notation, Quantity
from chainrule.network.outputs import OUTPUTS
from chainrule.view.matter import contributions, shown_units
from chainrule.view.subject import Subject
from chainrule.view.track import Track


def scene(subject: Subject, track: Track, notation: Notation, focus: Name | None) -> dict[str, Any]:
    """What a page needs to draw the network.

    Args:
        focus: the question; of a wide layer the units that matter for it are drawn, the others gathered into one.
    """
    b = subject.passes()
    net = subject.network
    found = contributions(b, focus)
    shown = shown_units(found, focus)
    pen = _Pen(b, notation)
    return {
        "title": subject.title,
        "note": subject.note,
        "network": repr(net),
        "notation": notation,
        "sizes": net.sizes,
        "hidden": net.hidden,
        "output": net.output,
        "loss": net.loss,
        "dtype": str(net.dtype),
        "parameters": net.parameter_count,
        "learning_rate": subject.learning_rate,
        "whole": all(len(units) == size for units, size in zip(shown, net.sizes, strict=True)),
        "layers": [pen.layer(i, units, found[i]) for i, units in enumerate(shown)],
        "weights": [pen.weights(i, shown[i], shown[i - 1]) for i in range(1, net.depth + 1)],
        "crossing": pen.crossing(shown[-1]),
        "targets": [] if subject.y is None else [pen.number(Quantity("y", None, (u,)), None) for u in shown[-1]],
        "L": {"name": "L", "value": float(b.L)},
        "track": {"now": track.now, "losses": track.losses},
        "choices": choices(net.sizes[-1]),
    }


def choices(outputs: int) -> dict[str, Any]:
    """The rules that may be chosen; a loss that goes with no output of so many units is left out."""
    losses = [loss for loss in LOSSES if fitting_outputs(loss, outputs)]
    return {"hidden": list(ACTIVATIONS), "output": list(OUTPUTS), "loss": losses}


class _Pen:
    """Draws the parts of one network under their names."""

    def __init__(self, b: Backward, notation: Notation) -> None:
        self.b, self.net, self.notation = b, b.forward.network, notation

    def text(self, name: Name) -> str:
        """A name in the notation of the page; yhat keeps its name, which the loss is written with."""
        return names.to_text(name, self.notation)

    def number(self, q: Quantity, value: float | None, gradient: float | None = None) -> dict[str, Any]:
        """A number with its name, and its gradient with its."""
        known = self.b[names.to_text(q)] if value is None else value
        data: dict[str, Any] = {"name": self.text(q), "unit": q.index[0], "value": float(known)}
        if gradient is not None:
            data |= {"gradient": float(gradient), "gradient_name": self.text(Derivative(LOSS, q))}
        return data

    def layer(self, i: int, units: tuple[int, ...], found: Array) -> dict[str, Any]:
        """A layer: its units, each of a pre-activation, an activation and a bias, and the rest of them as one."""
        return {
            "layer": i,
            "size": self.net.sizes[i],
            "activation": (None, *self.net.hidden, self.net.output)[i],
            "units": [self._unit(i, u, found) for u in units],
            "rest": self._rest(units, found),
        }

    def _unit(self, i: int, u: int, found: Array) -> dict[str, Any]:
        f, b, depth = self.b.forward, self.b, self.net.depth
        symbol, layer = ("x", None) if i == 0 else ("yhat", None) if i == depth else ("h", i)
        grads = (b.grad_x, *b.grad_h, b.grad_yhat)[i]
        act = self.number(Quantity(symbol, layer, (u,)), f.h[i][0, u - 1], grads[0, u - 1])
        unit: dict[str, Any] = {"unit": u, "adds": float(found[u - 1]), "act": act}
        if i:
            unit["pre"] = self.number(Quantity("a", i, (u,)), f.a[i - 1][0, u - 1], b.grad_a[i - 1][0, u - 1])
            bias, slope = self.net.biases[i - 1][u - 1], b.grad_b[i - 1][u - 1]
            unit["bias"] = self.number(Quantity("b", i, (u,)), bias, slope)
        return unit

    @staticmethod
    def _rest(units: tuple[int, ...], found: Array) -> dict[str, Any] | None:
        if len(units) == len(found):
            return None
        left = np.delete(found, [u - 1 for u in units])
        return {"count": len(left), "adds": float(left.sum()), "largest": float(np.abs(left).max())}

    def weights(self, i: int, to: tuple[int, ...], before: tuple[int, ...]) -> dict[str, Any]:
        """The weights between the units that are drawn, and what the rest of the layer before adds to each unit."""
        W, grad, h = self.net.weights[i - 1], self.b.grad_W[i - 1], self.b.forward.h[i - 1][0]
        edges = [
            {
                "from": j,
                "to": m,
                **self.number(Quantity("W", i, (m, j)), W[m - 1, j - 1], grad[m - 1, j - 1]),
            }
            for m in to
            for j in before
        ]
        others = np.setdiff1d(np.arange(W.shape[1]), [j - 1 for j in before])
        rest = [{"to": m, "adds": float(W[m - 1, others] @ h[others])} for m in to] if len(others) else []
        return {
            "layer": i,
            "largest": float(np.abs(W).max()),
            "largest_gradient": float(np.abs(grad).max()),
            "edges": edges,
            "rest": rest,
        }

    def crossing(self, units: tuple[int, ...]) -> list[dict[str, Any]]:
        """The edges dyhat_o/da_Lm of the output function, between the units that are drawn."""
        depth, a, yhat = self.net.depth, self.b.forward.a[-1], self.b.forward.yhat
        rule = self.net.output_rule.rule
        if rule is not None:
            slopes = rule.dg(a)[0]
            pairs = [(u, u, slopes[u - 1]) for u in units]
        else:
            jacobian = self.net.output_rule.jacobian(a, yhat)[0]
            pairs = [(m, o, jacobian[o - 1, m - 1]) for o in units for m in units]
        return [
            {
                "from": m,
                "to": o,
                "name": self.text(Derivative(Quantity("yhat", None, (o,)), Quantity("a", depth, (m,)))),
                "value": float(value),
            }
            for m, o, value in pairs
        ]
