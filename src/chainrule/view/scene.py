"""The drawing as data: every unit, weight and bias that is drawn, with its names, its value and its gradient."""

from __future__ import annotations

import numpy as np

from chainrule.network import names
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.arrays import Array
from chainrule.network.backward import Backward
from chainrule.network.losses import LOSSES, fitting_outputs
from chainrule.network.names import LOSS, Derivative, Name, Notation, Quantity
from chainrule.network.outputs import OUTPUTS
from chainrule.view import answers as drawn
from chainrule.view.history import NetworkHistory
from chainrule.view.relevance import contributions, shown_units


def scene(history: NetworkHistory, notation: Notation, focus: Name | None) -> drawn.SceneAnswer:
    """What a page needs to draw the network; of a wide layer the units that matter for ``focus``, the others as one."""
    descent, subject = history.descent, history.subject
    b = subject.passes()
    net = subject.network
    found = contributions(b, focus)
    shown = shown_units(found, focus)
    drawing = _Drawing(b, notation)
    targets = [drawing.given(Quantity("y", None, (u,)), b.y[0, u - 1]) for u in shown[-1] if subject.y is not None]
    losses = [loss for loss in LOSSES if fitting_outputs(loss, net.sizes[-1])]  # with an output of so many units
    return drawn.SceneAnswer(
        title=subject.title, note=subject.note, notation=notation, sizes=list(net.sizes), hidden=list(net.hidden),
        output=net.output, loss=net.loss, parameters=net.parameter_count, learning_rate=subject.learning_rate,
        whole=all(len(units) == size for units, size in zip(shown, net.sizes, strict=True)),
        layers=[drawing.layer(i, units, found[i]) for i, units in enumerate(shown)],
        weights=[drawing.weights(i, shown[i], shown[i - 1]) for i in range(1, net.depth + 1)],
        crossing=drawing.crossing(shown[-1]), targets=targets, lines=list(subject.lines),
        L=drawing.given(LOSS, b.L), descent=drawn.DescentSoFar(now=descent.now, losses=[*descent.losses]),
        network=history.state,
        choices=drawn.RuleChoices(hidden=list(ACTIVATIONS), output=list(OUTPUTS), loss=losses),
    )  # fmt: skip


class _Drawing:
    """The parts of one network under their names in one notation; units are counted from 1."""

    def __init__(self, b: Backward, notation: Notation) -> None:
        self.b, self.net, self.notation = b, b.forward.network, notation

    def text(self, name: Name) -> str:
        """A name in the notation of the page; yhat keeps its name, which the loss is written with."""
        return names.to_text(name, self.notation)

    def given(self, q: Quantity, value: float) -> drawn.DrawnNumber:
        """A number without a gradient: a target, or the loss itself."""
        unit = q.index[0] if q.index else 0
        return drawn.DrawnNumber(name=self.text(q), unit=unit, value=float(value), gradient=None, gradient_name=None)

    def number(self, q: Quantity, value: float, gradient: float) -> drawn.DrawnNumber:
        """A number under its name, and its gradient under its own."""
        return drawn.DrawnNumber(
            name=self.text(q), unit=q.index[0], value=float(value), gradient=float(gradient),
            gradient_name=self.text(Derivative(LOSS, q)),
        )  # fmt: skip

    def layer(self, i: int, units: tuple[int, ...], found: Array) -> drawn.DrawnLayer:
        """A layer: its units that are drawn, and the rest of them as one; ``found``: what each unit of it adds."""
        return drawn.DrawnLayer(
            layer=i, size=self.net.sizes[i], activation=(None, *self.net.hidden, self.net.output)[i],
            units=[self._unit(i, u, float(found[u - 1])) for u in units], rest=_others(units, found),
        )  # fmt: skip

    def _unit(self, i: int, u: int, adds: float) -> drawn.DrawnUnit:
        """Unit u of layer i."""
        f, b, depth = self.b.forward, self.b, self.net.depth
        symbol, layer = ("x", None) if i == 0 else ("yhat", None) if i == depth else ("h", i)
        grads = (b.grad_x, *b.grad_h, b.grad_yhat)[i]
        act = self.number(Quantity(symbol, layer, (u,)), f.h[i][0, u - 1], grads[0, u - 1])
        if i == 0:
            return drawn.DrawnUnit(unit=u, adds=adds, act=act, pre=None, bias=None)
        pre = self.number(Quantity("a", i, (u,)), f.a[i - 1][0, u - 1], b.grad_a[i - 1][0, u - 1])
        bias = self.number(Quantity("b", i, (u,)), self.net.biases[i - 1][u - 1], b.grad_b[i - 1][u - 1])
        return drawn.DrawnUnit(unit=u, adds=adds, act=act, pre=pre, bias=bias)

    def weights(self, i: int, to: tuple[int, ...], before: tuple[int, ...]) -> drawn.DrawnWeights:
        """The weights between the units that are drawn, and what the rest of the layer before adds to each unit."""
        W, grad, h = self.net.weights[i - 1], self.b.grad_W[i - 1], self.b.forward.h[i - 1][0]
        others = np.setdiff1d(np.arange(W.shape[1]), [j - 1 for j in before])
        rest = [drawn.OtherWeights(to=m, adds=float(W[m - 1, others] @ h[others])) for m in to] if len(others) else []
        return drawn.DrawnWeights(
            layer=i, largest=float(np.abs(W).max()), largest_gradient=float(np.abs(grad).max()),
            edges=[self._weight(i, m, j, W[m - 1, j - 1], grad[m - 1, j - 1]) for m in to for j in before], rest=rest,
        )  # fmt: skip

    def _weight(self, i: int, m: int, j: int, value: float, gradient: float) -> drawn.DrawnWeight:
        """The weight of layer i from unit j to unit m."""
        return drawn.DrawnWeight(from_=j, to=m, **dict(self.number(Quantity("W", i, (m, j)), value, gradient)))

    def crossing(self, units: tuple[int, ...]) -> list[drawn.OutputSlope]:
        """The edges dyhat_o/da_Lm of the output function, between the units that are drawn."""
        a, yhat = self.b.forward.a[-1], self.b.forward.yhat
        rule = self.net.output_rule.rule
        if rule is not None:
            slopes = rule.dg(a)[0]
            return [self._slope(u, u, slopes[u - 1]) for u in units]
        jacobian = self.net.output_rule.jacobian(a, yhat)[0]
        return [self._slope(m, o, jacobian[o - 1, m - 1]) for o in units for m in units]

    def _slope(self, m: int, o: int, value: float) -> drawn.OutputSlope:
        name = Derivative(Quantity("yhat", None, (o,)), Quantity("a", self.net.depth, (m,)))
        return drawn.OutputSlope(from_=m, to=o, name=self.text(name), value=float(value))


def _others(units: tuple[int, ...], found: Array) -> drawn.OtherUnits | None:
    """What the units that are not drawn add; None where all are."""
    if len(units) == len(found):
        return None
    left = np.delete(found, [u - 1 for u in units])
    return drawn.OtherUnits(count=len(left), adds=float(left.sum()), largest=float(np.abs(left).max()))
