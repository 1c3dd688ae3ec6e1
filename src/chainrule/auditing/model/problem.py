"""What a sheet is about, and the graph of its quantities: which is computed from which."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

import numpy as np

from chainrule.network import equations, pairs
from chainrule.network.activations import Activation
from chainrule.network.arrays import Array
from chainrule.network.backward import read_targets
from chainrule.network.forward import forward, propagate
from chainrule.network.names import LOSS, Derivative, Notation, Quantity, to_text
from chainrule.network.network import Network
from chainrule.network.stages import AffineStage

Kept = TypeVar("Kept")


class Node(NamedTuple):
    """One whole quantity: kind, layer, and how many updates came before (0 or 1).

    Kinds: W, b, a, h (layer 0 is x, layer L is yhat), y, L; J, the output's Jacobian; g', the slopes dh_i/da_i;
    dh, da, dW, db, the gradients of L.
    """

    kind: str
    layer: int
    time: int = 0


@dataclass(frozen=True, eq=False)
class Problem:
    """A network in float64 with its examples, and how it is updated.

    Attributes:
        x, y: (n, d), (n, k). coefficients: c_n of each example in L, (n,).
        single: x was one example, so quantities are named without the axis of examples.
        learning_rate: None where none is given.
        update_biases: False where the biases stay as they are.
        kept: (kind, layer) of other parameters that stay as they are.
        masks: layer -> (n, m), what dropout multiplies its output with: 0, or the scale.
        shared: layers, from 1, whose units have one bias between them: its derivative is the sum of theirs.
        settled: conventions of the loss that what is said of it rules out, by their ids.
        turned: the author gives the matrices as their transposes, a row for each unit of the layer before.
        descended: networks after many updates, which this problem and those made from it have found so far.
        known: what ``once`` has made: a sheet is marked several times.
    """

    network: Network
    x: Array
    y: Array
    coefficients: Array
    single: bool = True
    learning_rate: float | None = None
    update_biases: bool = True
    kept: frozenset[tuple[str, int]] = frozenset()
    masks: Mapping[int, Array] = field(default_factory=dict)
    shared: frozenset[int] = frozenset()
    settled: frozenset[str] = frozenset()
    turned: bool = False
    descended: dict[Hashable, Network] = field(default_factory=dict, repr=False)
    known: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)

    def once(self, key: Hashable, make: Callable[[], Kept]) -> Kept:
        """What is made of this very problem and never changes: the first time it is made, then it is known."""
        if key not in self.known:
            self.known[key] = make()
        found: Kept = self.known[key]
        return found

    def is_updated(self, kind: str, layer: int) -> bool:
        """Whether W or b of a layer changes in a step."""
        return (kind == "W" or self.update_biases) and (kind, layer) not in self.kept

    @classmethod
    def of(cls, network: Network, x: Any, y: Any, sample_weight: Any = None, rate: float | None = None) -> Problem:
        """The problem of a network and examples as a caller gives them."""
        network = network.astype("float64")
        f = forward(network, x)
        targets, coefficients = read_targets(f, y, sample_weight)
        return cls(network, f.x, targets, coefficients, f.single, rate)

    @cached_property
    def depth(self) -> int:
        """L, the number of layers."""
        return self.network.depth

    @cached_property
    def n(self) -> int:
        """Number of examples."""
        return len(self.x)

    @cached_property
    def sizes(self) -> tuple[int, ...]:
        """Units of each layer."""
        return self.network.sizes

    @cached_property
    def pair(self) -> pairs.Pair | None:
        """The declared pair of output and loss by which people compute, if there is one."""
        pair = pairs.shortcut(self.network.loss, self.network.output)
        return None if pair is None or "{" in pair.formula else pair

    @property
    def rate(self) -> float:
        """The learning rate; 1 where none is given."""
        return 1.0 if self.learning_rate is None else self.learning_rate

    def rule(self, layer: int) -> Activation | None:
        """The elementwise rule of a layer; None for softmax."""
        return self.network.rule(layer)

    def slope_node(self, layer: int, time: int) -> Node:
        """Where dh_i/da_i stands: the Jacobian of softmax, the slopes of an elementwise rule."""
        return Node("J" if self.rule(layer) is None else "g'", layer, time)

    def scaled(self, factor: float) -> Problem:
        """The problem with every coefficient of the loss multiplied."""
        return replace(self, coefficients=self.coefficients * factor)

    def on(self, network: Network) -> Problem:
        """The problem of another network with these examples."""
        return replace(self, network=network)


def node_of(name: Quantity, time: int, depth: int) -> Node:
    """The node of a quantity."""
    match name.symbol:
        case "x" | "yhat":
            return Node("h", 0 if name.symbol == "x" else depth, time)
        case "y" | "L":
            return Node(name.symbol, 0, time)
        case _:
            return Node(name.symbol, name.layer or 0, time)


def gradient_node(wrt: Quantity, time: int, depth: int) -> Node:
    """The node of dL by a quantity."""
    node = node_of(wrt, time, depth)
    return node._replace(kind="d" + node.kind)


def shape_of(node: Node, problem: Problem) -> tuple[int, ...]:
    """The shape of a node's value, without the axis of examples."""
    kind, layer, sizes = node.kind.removeprefix("d"), node.layer, problem.sizes
    match kind:
        case "W":
            return (sizes[layer], sizes[layer - 1])
        case "L":
            return ()
        case "J":
            return (sizes[layer], sizes[layer])
        case "y":
            return (sizes[-1],)
    return (sizes[layer],)


def quantity_of(node: Node, depth: int) -> Quantity:
    """The quantity of a node: of a gradient what it is by, of slopes the activation."""
    kind = node.kind.removeprefix("d") if node.kind.startswith("d") else {"g'": "h", "J": "h"}.get(node.kind, node.kind)
    if kind == "h" and node.layer in (0, depth):
        return Quantity("x" if node.layer == 0 else "yhat")
    return Quantity(kind) if kind in ("L", "y") else Quantity(kind, node.layer)


def name_of(node: Node, depth: int, notation: Notation = "textbook") -> str:
    """The name of a node's quantity as text; primes for updates."""
    quantity = quantity_of(node, depth)
    if node.kind in ("g'", "J"):
        return to_text(Derivative(quantity, Quantity("a", node.layer)), notation)
    name = Derivative(LOSS, quantity) if node.kind.startswith("d") else quantity
    return to_text(name, notation) + "'" * node.time


def is_backward(name: Derivative, depth: int) -> bool:
    """Whether it is the derivative of what comes before: da_1/dh_1, da_1/dW_2."""
    if name.of.symbol == "L":
        return False
    of, wrt = (node_of(q, 0, depth) for q in (name.of, name.wrt))
    return (of.layer, of.kind == "h") < (wrt.layer, wrt.kind == "h")


def part(whole: Any, name: Quantity) -> Any:
    """The component that a name picks from the last axes."""
    return whole[(..., *index_of(name))].copy() if name.index else whole  # a view would keep all the rest


def index_of(name: Quantity) -> tuple[int, ...]:
    """The indices of a component as an array has them, from 0."""
    return tuple(i - 1 for i in name.index)


def parents(node: Node, problem: Problem) -> Iterator[Node]:
    """What a node is computed from."""
    kind, i, t = node
    depth = problem.depth
    match kind:
        case "W" | "b":
            if t and problem.is_updated(kind, i):
                yield from (Node(kind, i, t - 1), Node("d" + kind, i, t - 1))
        case "a":
            yield from (Node("W", i, t), Node("b", i, t), Node("h", i - 1, t))
        case "h":
            if i:
                yield Node("a", i, t)
        case "L" | "J":
            yield Node("h", depth, t)
        case "g'":
            yield from (Node("h", i, t), Node("a", i, t))
        case "dh":
            yield from ([Node("h", depth, t)] if i == depth else [Node("W", i + 1, t), Node("da", i + 1, t)])
        case "da":
            if i == depth and problem.pair is not None:
                yield Node("h", depth, t)
            yield from (Node("dh", i, t), problem.slope_node(i, t))
        case "dW":
            yield from (Node("da", i, t), Node("h", i - 1, t))
        case "db":
            yield Node("da", i, t)


def part_of(parent: Node, node: Node, index: tuple[int | None, ...], problem: Problem) -> tuple[int | None, ...]:
    """Which entries of a parent an entry of a node is computed from; None in an index is all along that axis.

    Args:
        index: of the entry, without the axis of examples; () for the whole.
    """
    if not index:
        return ()
    kind, i, _ = node
    unit = index[:1]
    whole_layer = kind in ("h", "da") and problem.rule(i) is None  # softmax: each unit has a part in every other
    match kind, parent.kind:
        case (("W" | "b"), _):
            return index
        case ("a", "W"):
            return (*unit, None)
        case ("a", "b") | ("g'", _):
            return unit
        case ("dh", "W"):
            return (None, *unit)
        case ("dh", "h"):
            return unit
        case ("h", "a") | ("da", "dh" | "g'") if not whole_layer:
            return unit
        case ("da", "h"):
            return unit
        case ("dW", "da"):
            return unit
        case ("dW", "h"):
            return index[1:]
        case ("db", "da") if i not in problem.shared:
            return unit
        case _:
            return ()


_FORWARD = {"y": 0, "W": 0, "b": 0, "a": 1, "h": 2, "g'": 3, "J": 3}
_BACKWARD = {"dh": 0, "da": 1, "dW": 2, "db": 2}


def order(node: Node, depth: int) -> tuple[int, int, int, int]:
    """A rank above that of all parents."""
    kind, i, t = node
    if kind == "L":
        return (t, 1, 0, 0)
    if kind in _FORWARD:
        return (t, 0, i, _FORWARD[kind])
    return (t, 2, depth - i, _BACKWARD[kind])


def simulate(problem: Problem, steps: int, updated_first: bool = False) -> Network:
    """The network after so many steps of gradient descent on the same examples.

    Args:
        updated_first: W_i is updated before the gradient goes on back through it (the mistake
            ``updated_weights_used``).
    """
    key = (steps, updated_first, *_identity(problem))
    if key not in problem.descended:
        problem.descended[key] = _descended(problem, steps, updated_first)
    return problem.descended[key]


def _identity(problem: Problem) -> Iterator[Hashable]:
    """What the updates of a problem depend on, beside the rules of its network, which every reading of it shares."""
    yield from (problem.rate, problem.update_biases, problem.kept, problem.shared)
    network = problem.network
    for array in (problem.x, problem.y, problem.coefficients, *network.weights, *network.biases):
        yield (array.shape, array.tobytes())


def _descended(problem: Problem, steps: int, updated_first: bool) -> Network:
    now, rate = problem.network, problem.rate

    def through(layer: int, W: Array, dW: Array) -> Array:
        return equations.update(W, dW, rate) if updated_first and problem.is_updated("W", layer) else W

    with np.errstate(all="ignore"):
        for _ in range(steps):
            dW, db = gradients(problem, now, through)
            W, b = list(now.weights), list(now.biases)
            for i in range(problem.depth):
                if i + 1 in problem.shared:
                    db[i] = np.full_like(db[i], db[i].sum())
                if problem.is_updated("W", i + 1):
                    W[i] = equations.update(W[i], dW[i], rate)
                if problem.is_updated("b", i + 1):
                    b[i] = equations.update(b[i], db[i], rate)
            now = now._with(tuple(W), tuple(b))
    return now


def gradients(
    problem: Problem, network: Network, through: Callable[[int, Array, Array], Array] | None = None
) -> tuple[list[Array], list[Array]]:
    """(dL/dW, dL/db) of every layer of a network with the examples of a problem.

    Args:
        through: (layer, W, dL/dW) -> the weights through which the gradient goes back.
    """
    c, y, pair = problem.coefficients, problem.y, problem.pair
    a, h = propagate(network, problem.x)
    if pair is not None:
        grad = equations.loss_grad_batch(c, pair.gradient(a[-1], h[-1], y))
    else:
        by_output = equations.loss_grad_batch(c, network.loss_rule.gradient(h[-1], y))
        grad = network.output_rule.pull(a[-1], h[-1], by_output)
    dW: list[Array] = []
    db: list[Array] = []
    for stage in reversed(network.stages[:-1]):
        i = stage.layer - 1
        if not isinstance(stage, AffineStage):
            grad = stage.vjp(stage.derivative(a[i], h[i + 1]), grad)
            continue
        step_W, step_b = stage.parameter_gradients(h[i], grad)
        dW.append(step_W)
        db.append(step_b)
        if i:
            grad = stage.vjp(stage.W if through is None else through(stage.layer, stage.W, step_W), grad)
    return dW[::-1], db[::-1]
