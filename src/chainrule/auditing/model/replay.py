"""The network replayed from what an author wrote: every quantity from the lines that stand, the rest by the equations.

A replay is lazy. It computes a quantity from its parents by the equations of ``equations``; where the author has
written a value, that value stands. It runs on numbers or on intervals, with the right equations or with one of
them replaced by a mistake.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.auditing.model.interval import SLACK, Interval, image
from chainrule.auditing.model.problem import Node, Problem, gradient_node, node_of, order, part
from chainrule.network import equations, pairs
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.arrays import Array
from chainrule.network.jacobians import local_derivative
from chainrule.network.names import Derivative, Quantity
from chainrule.network.stages import Stage

Rule = Callable[["Replay", Node], Any]


@dataclass(frozen=True, eq=False)
class Wrong:
    """One equation replaced: at this node, ``rule`` gives the value instead.

    ``updated_first``: over many updates, it is that each layer is updated before the gradient goes on through it.
    ``also``: (kind, layer) of further equations that it replaces.
    """

    kind: str
    layer: int
    rule: Rule
    updated_first: bool = False
    also: tuple[tuple[str, int], ...] = ()

    @property
    def places(self) -> tuple[tuple[str, int], ...]:
        """(kind, layer) of every equation that it replaces."""
        return ((self.kind, self.layer), *self.also)

    def at(self, node: Node) -> bool:
        """Whether it replaces the equation of this node; of W and b that is the update."""
        return node[:2] in self.places and (node.time > 0 or self.kind not in ("W", "b"))


@dataclass(eq=False)
class Replay:
    """One replay.

    Attributes:
        problem: what it is about.
        given: node -> (values, mask): what the author wrote, where the mask is true.
        intervals: run on intervals.
        wrong: equations that are replaced.
        long_way: where two ways to a value disagree, because a line between is wrong, take the one through the
            lines nearest to it (slopes from h, dL/da_L through dL/dyhat); else the shorter one.
    """

    problem: Problem
    given: dict[Node, tuple[Any, Array]] = field(default_factory=dict)
    intervals: bool = False
    wrong: tuple[Wrong, ...] = ()
    long_way: bool = False
    known: dict[Node, Any] = field(default_factory=dict)
    _within: bool = field(default=False, init=False)  # a value is being computed, and others for it

    def write(self, node: Node, value: Any, mask: Array) -> None:
        """Let the author's value stand from now on."""
        if node in self.given:
            before, old = self.given[node]
            value = before.where(mask, value) if self.intervals else np.where(mask, value, before)
            mask = old | mask
        self.given[node] = (value, mask)
        self.known = self._before(node)

    def _before(self, node: Node) -> dict[Node, Any]:
        depth, rank = self.problem.depth, order(node, self.problem.depth)
        return {k: v for k, v in self.known.items() if order(k, depth) < rank}

    def with_wrong(self, *wrong: Wrong, without: tuple[Node, ...] = (), long_way: bool | None = None) -> Replay:
        """A replay with more equations replaced, and without what the author wrote for some nodes."""
        way = self.long_way if long_way is None else long_way
        given = {k: v for k, v in self.given.items() if k not in without} if without else self.given
        known: dict[Node, Any] = {}
        if way == self.long_way:
            places = [*(Node(*place, t) for w in wrong for place in w.places for t in (0, 1)), *without]
            depth = self.problem.depth
            least = min((order(p, depth) for p in places), default=None)
            known = self.known if least is None else {k: v for k, v in self.known.items() if order(k, depth) < least}
        return Replay(self.problem, given, self.intervals, (*self.wrong, *wrong), way, dict(known))

    def get(self, node: Node) -> Any:
        """The value of a node: as written, else computed."""
        if node not in self.known:
            self.known[node] = self._merged(node)
        return self.known[node]

    def _merged(self, node: Node) -> Any:
        if node not in self.given:
            return self.computed(node)
        value, mask = self.given[node]
        if mask.all():
            return value
        computed = self.computed(node)
        return computed.where(mask, value) if self.intervals else np.where(mask, value, computed)

    def computed(self, node: Node) -> Any:
        """The value of a node from its parents, whatever the author wrote for it."""
        if self._within:
            return self._computed(node)
        self._within = True
        try:
            with np.errstate(all="ignore"):
                return self._computed(node)
        finally:
            self._within = False

    def _computed(self, node: Node) -> Any:
        rule = next((wrong.rule for wrong in self.wrong if wrong.at(node)), None) if self.wrong else None
        value = self.right(node) if rule is None else rule(self, node)
        mask = self.problem.masks.get(node.layer) if node.kind in ("h", "g'") else None
        return value if mask is None else value * mask

    def right(self, node: Node) -> Any:
        """The value of a node from its parents by the right equation, whatever is replaced; before any dropout."""
        kind, i, t = node
        problem, depth = self.problem, self.problem.depth
        match kind:
            case "y":
                return self.number(problem.y)
            case "W" | "b":
                return self._parameter(node)
            case "a":
                W, h, b = self.get(Node("W", i, t)), self.get(Node("h", i - 1, t)), self.get(Node("b", i, t))
                a: Any = equations.pre_batch(W, h, b)
                return _interval_without_rest(a, W, h, b) if isinstance(a, Interval) else _without_rest(a, W, h, b)
            case "h":
                return self.number(problem.x) if i == 0 else self.act(i, self.get(Node("a", i, t)))
            case "L":
                return self._loss(t)
            case "J":
                return self._jacobian(self.get(Node("h", depth, t)))
            case "g'":
                return self._slope(i, t)
            case "dh":
                if i == depth:
                    return self._loss_gradient(self.get(Node("h", depth, t)))
                return equations.hidden_batch(self.get(Node("W", i + 1, t)), self.get(Node("da", i + 1, t)))
            case "da":
                if i == depth:
                    return self._out(t)
                return equations.pre_grad(self.get(Node("dh", i, t)), self.get(Node("g'", i, t)))
            case "dW":
                return equations.weight_batch(self.get(Node("da", i, t)), self.get(Node("h", i - 1, t)))
            case _:
                return self._bias(i, equations.bias_batch(self.get(Node("da", i, t))))

    def number(self, value: Any) -> Any:
        """Exact numbers, as this replay runs on them."""
        return Interval.of(value) if self.intervals else value

    # ------------------------------------------------------------ one equation each

    def _parameter(self, node: Node) -> Any:
        kind, i, t = node
        if t == 0 or not self.problem.is_updated(kind, i):
            return self.number((self.problem.network.weights if kind == "W" else self.problem.network.biases)[i - 1])
        before = Node(kind, i, t - 1)
        return equations.update(self.get(before), self.get(Node("d" + kind, i, t - 1)), self.problem.rate)

    def _bias(self, i: int, each: Any) -> Any:
        """The derivatives by the biases of layer i: of one that the units share, the sum."""
        if i not in self.problem.shared:
            return each
        return self.number(np.zeros(each.shape)) + each.sum()

    def act(self, i: int, a: Any) -> Any:
        """The activation of layer i, or the output function."""
        rule = self.problem.rule(i)
        if rule is not None:
            return self.elementwise(rule.g, a, rule.turns)
        if not self.intervals:
            return self.problem.network.output_rule.value(a)
        return Interval(_softmax_bound(a.low, a.high), _softmax_bound(a.high, a.low))

    def elementwise(self, rule: Callable[[Array], Array], value: Any, turns: tuple[Any, ...] = ()) -> Any:
        """An elementwise rule, monotone between ``turns``."""
        return image(rule, value, turns) if self.intervals else rule(value)

    def _loss(self, t: int) -> Any:
        problem, top = self.problem, Node("h", self.problem.depth, t)
        network, yhat, a = problem.network, self.get(top), Node("a", problem.depth, t)
        c, value = problem.coefficients, network.loss_rule.value
        if not self.intervals:
            written = top in self.given or any(w.at(top) for w in self.wrong)
            each = (
                value(yhat, problem.y)
                if written
                else pairs.example_losses(network.loss, network.output, self.get(a), yhat, problem.y)
            )
            return np.array(equations.loss_batch(c, each))
        # the loss is a sum of convex terms, one an output: each is least and greatest at an end or at y
        base = value(yhat.low, problem.y)
        low, high = base.copy(), base.copy()
        for k in range(yhat.shape[1]):
            changes = [np.zeros_like(base)]
            for point in (yhat.high, np.clip(problem.y, yhat.low, yhat.high)):
                moved = yhat.low.copy()
                moved[:, k] = point[:, k]
                changes.append(value(moved, problem.y) - base)
            low, high = low + np.min(changes, axis=0), high + np.max(changes, axis=0)
        unknown = ~np.isfinite(base)
        low, high = np.where(unknown, -np.inf, low), np.where(unknown, np.inf, high)
        counted = c != 0
        return Interval(np.asarray((c[counted] * low[counted]).sum()), np.asarray((c[counted] * high[counted]).sum()))

    def _loss_gradient(self, yhat: Any) -> Any:
        problem = self.problem

        def gradient(p: Array) -> Array:
            return equations.loss_grad_batch(problem.coefficients, problem.network.loss_rule.gradient(p, problem.y))

        return self.elementwise(gradient, yhat)

    def _jacobian(self, yhat: Any) -> Any:
        if not self.intervals:
            return equations.jacobian_batch(yhat)
        off = -(yhat[:, :, None] * yhat[:, None, :])
        # printed outputs need not sum to 1, so that p (1 - p) and p times the sum of the others differ
        others = Interval(yhat.low.sum(1, keepdims=True) - yhat.low, yhat.high.sum(1, keepdims=True) - yhat.high)
        on = image(lambda p: p * (1 - p), yhat, (0.5,)).hull(yhat * others)
        return off.where(np.eye(yhat.shape[1], dtype=bool)[None], on[:, :, None])

    def slope_at(self, i: int, values: Any) -> Any:
        """g' of layer i, which has an elementwise rule, at these values."""
        rule = self.problem.rule(i)
        assert rule is not None
        return self.elementwise(rule.dg, values, rule.dturns)

    def _slope(self, i: int, t: int) -> Any:
        by_a, rule = self.slope_at(i, self.get(Node("a", i, t))), self.problem.rule(i)
        by_h = None if rule is None else rule.dg_of_h
        if by_h is None or i in self.problem.masks or (not self.intervals and not self.long_way):
            return by_a
        return self._ways(by_a, self.elementwise(by_h, self.get(Node("h", i, t)), (0.5, 0.0)))

    def _ways(self, short: Any, long: Any) -> Any:
        """Of two ways to one value: both, where they meet; else the one asked for."""
        if not self.intervals:
            return long if self.long_way else short
        if short.touches(long).all():
            return short.hull(long)
        return long if self.long_way else short

    def _out(self, t: int) -> Any:
        """dL/da_L by the declared pair or the long way."""
        problem, depth = self.problem, self.problem.depth
        through = problem.slope_node(depth, t)
        long = self._long(through, Node("dh", depth, t))
        changed = any(w.at(through) or w.at(Node("dh", depth, t)) for w in self.wrong)
        if problem.pair is None or changed:
            return long
        short = self._pair(problem.pair, t)
        if short is None:
            return long
        if not self.intervals and not (self.long_way or through in self.given or Node("dh", depth, t) in self.given):
            return short
        return self._ways(short, long)

    def _long(self, through: Node, dyhat: Node) -> Any:
        grad, slopes = self.get(dyhat), self.get(through)
        if through.kind == "g'":
            return grad * slopes
        return (slopes * grad[:, :, None]).sum(1) if self.intervals else equations.out_batch(slopes, grad)

    def _pair(self, pair: pairs.Pair, t: int) -> Any:
        """dL/da_L by the pair; None where its bounds are not known."""
        problem, depth = self.problem, self.problem.depth
        a, yhat = self.get(Node("a", depth, t)), self.get(Node("h", depth, t))

        def gradient(a: Array, p: Array) -> Array:
            return equations.loss_grad_batch(problem.coefficients, pair.gradient(a, p, problem.y))

        if not self.intervals:
            return gradient(a, yhat)
        if pair.rising:
            return Interval(gradient(a.low, yhat.low), gradient(a.high, yhat.high))
        if (pair.loss, pair.output) != ("poisson", "sigmoid"):
            return None
        sigmoid = ACTIVATIONS["sigmoid"].g  # (yhat - y) (1 - yhat)
        return (yhat - problem.y) * self.elementwise(lambda v: sigmoid(-v), a) * problem.coefficients[:, None]

    # ------------------------------------------------------------ names

    def read(self, name: Quantity | Derivative, time: int = 0) -> Any:
        """The value of a name: (n, …) for what each example has, the shape of W or b for parameters, () for L."""
        if isinstance(name, Quantity):
            return part(self.get(node_of(name, time, self.problem.depth)), name)
        if name.of.symbol == "L":
            return part(self.get(gradient_node(name.wrt, time, self.problem.depth)), name.wrt)
        problem = self.problem

        def value(quantity: Quantity) -> Any:
            return self.get(node_of(quantity, time, problem.depth))

        def derivative(stage: Stage) -> Any:
            affine = stage.kind == "affine"
            return self.get(Node("W", stage.layer, time) if affine else problem.slope_node(stage.layer, time))

        return local_derivative(name, problem.network.stages, value, derivative)


def _without_rest(a: Array, W: Array, h: Array, b: Array) -> Array:
    """a with 0 for what is only the rounding of a sum that is 0: 0.5 - 0.6 + 0.1, which lies on the kink of relu."""
    rest = 4 * len(W.T) * np.finfo(float).eps * (np.abs(h) @ np.abs(W).T + np.abs(b))
    return np.where((np.abs(a) <= rest) & (rest < np.inf), 0.0, a)


def _interval_without_rest(a: Interval, W: Any, h: Any, b: Any) -> Interval:
    """The same of intervals that are no wider than the rounding of their arithmetic."""
    weights, inputs, biases = (Interval.of(one).size for one in (W, h, b))
    rest = 4 * SLACK * (inputs @ weights.T + biases)
    small = (np.maximum(np.abs(a.low), np.abs(a.high)) <= rest) & (rest < np.inf)
    return a.where(small, Interval.of(np.zeros(a.shape))) if small.any() else a


def _softmax_bound(own: Array, others: Array) -> Array:
    """Softmax of each entry with its own logit from one array and those of the rest from another."""
    top = np.maximum(own.max(axis=1, keepdims=True), others.max(axis=1, keepdims=True))
    rest = np.exp(others - top)
    e = np.exp(own - top)
    bound: Array = e / (e + np.maximum(rest.sum(axis=1, keepdims=True) - rest, 0.0))
    return bound
