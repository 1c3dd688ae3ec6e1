"""The steps of an explanation, in the notes' order: from the output layer back to what was asked.

A quantity is asked for, and asks for what its own equation needs first. Where a single number is asked, narrow
layers are walked unit by unit and wide ones as vectors; where a vector or a matrix is asked, all as vectors.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.explanation import rules
from chainrule.explanation.records import Step
from chainrule.formula.evaluate import evaluate, magnitude
from chainrule.formula.tree import Add, Expr, More, Mul, Number, Ref, Slope, Symbol, refs
from chainrule.network.activations import Activation
from chainrule.network.backward import Backward
from chainrule.network.equation_table import EQUATIONS
from chainrule.network.names import LOSS, Derivative, Notation, Quantity
from chainrule.network.pairs import shortcut

NARROW = 4  # units of a layer that is still walked one by one
SHOWN = 4  # terms of a long sum that are shown
SHORT = 6  # terms of a sum that is shown whole


class StepsBuilder:
    """Builds the steps of one question about one example."""

    def __init__(self, b: Backward, notation: Notation, full: bool, whole: bool) -> None:
        self.backward, self.network = b, b.forward.network
        self.notation, self.full, self.whole = notation, full, whole
        self.steps: list[Step] = []
        self.values: dict[Symbol, Any] = {}
        self._references: dict[Symbol, Any] = {}
        self.rounding = 64 * float(np.finfo(self.network.dtype).eps)

    # ------------------------------------------------------------ values

    def known(self, name: Symbol) -> Any:
        """The value of a name that a formula uses: as an earlier step gave it, else as the passes did."""
        if name not in self.values:
            self.values[name] = self._known(name)
        return self.values[name]

    def _known(self, name: Symbol) -> Any:
        if isinstance(name, Quantity) or (isinstance(name, Derivative) and name.of.is_component):
            whole = self.values.get(name.whole)
            if whole is not None:  # of a vector that a step gave
                return float(whole[tuple(i - 1 for i in name.subject.index)])
        return self.reference(name)

    def reference(self, name: Symbol) -> Any:
        """The value that the forward and the backward pass give."""
        if isinstance(name, Slope):
            return self._rule(name.layer).dg(self.backward.forward.a[name.layer - 1])[0].astype(float)
        assert isinstance(name, Quantity | Derivative)
        whole = self._references.get(name.whole)
        if whole is None:
            value = self.backward.value(name.whole)
            of_loss = name.of == LOSS if isinstance(name, Derivative) else True
            shared = name == LOSS or (of_loss and name.subject.symbol in "Wb")  # no axis of examples
            whole = self._references[name.whole] = np.asarray(value if shared else value[0], dtype=float)
        value = whole[tuple(i - 1 for i in name.subject.index)]
        return float(value) if np.ndim(value) == 0 else value

    # ------------------------------------------------------------ writing a step

    def emit(
        self, quantity: Symbol, equation: str, ways: Sequence[Expr], note: str = "", value_is_transposed: bool = False
    ) -> None:
        """Write the step of ``quantity`` by the first of the formulas that gives its right value."""
        reference = self.reference(quantity)
        tree, value = self._best(ways, reference.T if value_is_transposed else reference)
        self.values[quantity] = value.T if value_is_transposed else value
        used = {name: self.known(name) for name in refs(tree)}
        title, stage = EQUATIONS[equation].title, self._stage(quantity)
        self.steps.append(Step(equation, title, stage, quantity, tree, used, value, self.notation, self.full, note))

    def _best(self, ways: Sequence[Expr], reference: Any) -> tuple[Expr, Any]:
        close = 1e-9 if self.network.dtype == np.float64 else 1e-4
        for tree in ways:
            value = _squeezed(evaluate(tree, self.known), reference)
            if np.all(np.abs(value - reference) <= close * np.abs(reference)):
                return tree, value
        tree = ways[-1] if not np.all(np.isfinite(evaluate(ways[0], self.known))) else ways[0]
        value = _squeezed(evaluate(tree, self.known), reference)
        if not np.all(np.isfinite(value)):
            hint = "" if self.backward.shortcut else " (a declared shortcut, where there is one, may avoid it)"
            raise InputError("explanation", "finite numbers", f"an infinite or undefined value on the way{hint}")
        noise = np.abs(value) <= self.rounding * _squeezed(magnitude(tree, self.known), reference)
        cleaned = np.where(noise, 0.0, value)
        return tree, float(cleaned) if np.ndim(value) == 0 else cleaned

    def _stage(self, quantity: Symbol) -> str:
        if isinstance(quantity, Slope):
            target = Quantity("a", quantity.layer)
        elif isinstance(quantity, Derivative):
            target = quantity.wrt
        else:
            assert isinstance(quantity, Quantity)
            return _forward_stage(quantity, self.network.depth)
        if target.symbol in ("W", "b"):
            return "And now talk to the " + ("weights" if target.symbol == "W" else "bias")
        if target.symbol == "x":
            return "Talk to the input"
        if target.symbol == "yhat" or target.layer == self.network.depth:
            return "Talk to the output layer"
        return f"Talk to hidden layer {target.layer}"

    def _rule(self, layer: int) -> Activation:
        rule = self.network.rule(layer)
        assert rule is not None
        return rule

    def kink_note(self, a: Quantity) -> str:
        """What is said of a step through an activation at its kink."""
        assert a.layer is not None
        rule = self._rule(a.layer)
        values = self.reference(a)
        return (
            f"on the kink, {rule.convention} by convention"
            if rule.kink is not None and (values == rule.kink if a.index else (values == rule.kink).any())
            else ""
        )

    def long_sum(self, terms: Sequence[Expr]) -> Expr:
        """The sum, a long one with its largest terms shown and the others counted."""
        if len(terms) == 1:
            return terms[0]
        if self.full or len(terms) <= SHORT:
            return Add(tuple(terms))
        sizes = [abs(evaluate(term, self.known)) for term in terms]
        shown = set(sorted(range(len(terms)), key=lambda i: -sizes[i])[:SHOWN])
        rest = tuple(term for i, term in enumerate(terms) if i not in shown)
        return Add((*(terms[i] for i in sorted(shown)), More(rest)))

    # ------------------------------------------------------------ quantities of the network as names

    def h(self, layer: int, unit: int | None = None) -> Quantity:
        """h_i or its unit; h_0 is x and h_L is yhat."""
        index = () if unit is None else (unit,)
        if layer == 0:
            return Quantity("x", None, index)
        return Quantity("yhat", None, index) if layer == self.network.depth else Quantity("h", layer, index)

    def units(self, layer: int) -> range:
        """Unit numbers of a layer."""
        return range(1, self.network.sizes[layer] + 1)

    def by_component(self, layer: int) -> bool:
        """Whether a layer is walked unit by unit."""
        return not self.whole and self.network.sizes[layer] <= NARROW

    # ------------------------------------------------------------ forward

    def forward(self, q: Quantity) -> None:
        """The steps that give a value of the forward pass, or the loss."""
        if q in self.values:
            return
        if q.symbol == "L":
            self._layer_forward(self.network.depth, self.h)
            self._loss()
        elif q.symbol == "a":
            assert q.layer is not None
            self._pre(q, q.layer)
        else:
            self._act(q, q.layer or self.network.depth)

    def _layer_forward(self, layer: int, of: Any) -> None:
        """All units of a layer: one by one where it is narrow."""
        if layer:
            for q in [of(layer, m) for m in self.units(layer)] if self.by_component(layer) else [of(layer)]:
                self.forward(q)

    def _pre(self, q: Quantity, i: int) -> None:
        self._layer_forward(i - 1, self.h)
        if not q.index:
            tree: Expr = Add((Mul((Ref(Quantity("W", i)), Ref(self.h(i - 1)))), Ref(Quantity("b", i))))
            self.emit(q, "forward.pre", [tree])
            return
        (m,) = q.index
        terms = [Mul((Ref(Quantity("W", i, (m, j))), Ref(self.h(i - 1, j)))) for j in self.units(i - 1)]
        total = self.long_sum(terms)
        parts = total.terms if isinstance(total, Add) else (total,)
        self.emit(q, "forward.pre", [Add((*parts, Ref(Quantity("b", i, (m,)))))])

    def _act(self, q: Quantity, i: int) -> None:
        out = self.network.output_rule
        if i == self.network.depth and out.rule is None:
            self._layer_forward(i, lambda layer, m=None: Quantity("a", layer, () if m is None else (m,)))
            a = [Ref(Quantity("a", i, (m,))) for m in self.units(i)]
            whole = rules.softmax_vector(Ref(Quantity("a", i)))
            self.emit(q, "forward.act", rules.softmax_component(a, q.index[0] - 1) if q.index else whole)
            return
        a_q = Quantity("a", i, q.index)
        self.forward(a_q)
        self.emit(q, "forward.act", rules.value(self._rule(i), Ref(a_q), vector=not q.index))

    def _loss(self) -> None:
        depth, k = self.network.depth, self.network.sizes[-1]
        p = [Ref(self.h(depth, o)) for o in self.units(depth)]
        y = [Ref(Quantity("y", None, (o,))) for o in self.units(depth)]
        a = [Ref(Quantity("a", depth, (o,))) for o in self.units(depth)]
        ways = rules.loss_value(self.network.loss_rule, shortcut(self.network.loss, self.network.output), p, y, a)
        if k > 1:
            ways = [self.long_sum(way.terms) if isinstance(way, Add) else way for way in ways]
        c = float(self.backward.coefficients[0])
        self.emit(LOSS, "forward.loss", [way if c == 1 else Mul((Number(c), way)) for way in ways])


def _squeezed(value: Any, like: Any) -> Any:
    """Columns (m, 1) as vectors (m,), in the shape of the reference."""
    return np.reshape(np.broadcast_to(value, _column_shape(like)), np.shape(like)) if np.ndim(like) else float(value)


def _column_shape(like: Any) -> tuple[int, ...]:
    return (len(like), 1) if np.ndim(like) == 1 else np.shape(like)


def _forward_stage(quantity: Quantity, depth: int) -> str:
    if quantity.symbol == "L":
        return "The loss"
    layer = quantity.layer or depth
    return "The output layer" if layer == depth else f"Hidden layer {layer}"
