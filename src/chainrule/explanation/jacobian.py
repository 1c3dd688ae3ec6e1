"""The way back as matrices: the Jacobian of a whole layer by another, a row for each unit of the later one."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.explanation import rules
from chainrule.explanation.records import Check
from chainrule.explanation.steps import NARROW, StepsBuilder
from chainrule.formula.tree import Array, Call, Expr, Mul, Number, Ref, Transpose
from chainrule.network.backward import Backward
from chainrule.network.names import Derivative, Notation, Quantity


class JacobianBuilder(StepsBuilder):
    """Steps of the derivative of a vector by an earlier vector, by weights or by biases."""

    def __init__(self, b: Backward, notation: Notation, full: bool, of: Quantity) -> None:
        super().__init__(b, notation, full, whole=True)
        self.of, self.of_layer = of, of.layer_in(self.network.depth)

    def d(self, q: Quantity) -> Derivative:
        """The name d of / d q."""
        return Derivative(self.of, q)

    def need(self, q: Quantity) -> None:
        """The steps that give d of / d q."""
        i = q.layer_in(self.network.depth)
        a = Quantity("a", i)
        if self.d(q) in self.values:
            return
        if q == self.of or (q.symbol == "b" and self.of == a):
            ones = Array((Number(1.0),) * self.network.sizes[i])
            self.emit(self.d(q), "chain", [Call("diag", (ones,))])
        elif q.symbol == "a":
            self._through_layer(q, i)
        elif q.symbol == "b":
            self.need(a)
            self.emit(self.d(q), "backward.bias", [Ref(self.d(a))])
        elif q.symbol == "W":
            self._weights(q, a)
        else:
            self._to_layer_before(q, i)

    def _through_layer(self, a: Quantity, i: int) -> None:
        """By a_i: through the activation of its layer, or through the output."""
        h = self.h(i)
        local, equation = self._local(a, i)
        note = self.kink_note(a) if self.network.rule(i) is not None else ""
        if h == self.of:
            self.emit(self.d(a), equation, local, note)
            return
        self.need(h)
        self.emit(self.d(a), "backward.pre", [Mul((Ref(self.d(h)), one)) for one in local], note)

    def _local(self, a: Quantity, i: int) -> tuple[list[Expr], str]:
        if i == self.network.depth and self.network.output_rule.rule is None:
            return [rules.jacobian_vector(Ref(self.h(i)))], "backward.jacobian"
        slopes = rules.slope(self._rule(i), Ref(a), Ref(self.h(i)), vector=True)
        return [Call("diag", (slope,)) for slope in slopes], "backward.slope"

    def _to_layer_before(self, h: Quantity, i: int) -> None:
        above, weights = Quantity("a", i + 1), Ref(Quantity("W", i + 1))
        if above == self.of:
            self.emit(self.d(h), "backward.hidden", [weights])
            return
        self.need(above)
        self.emit(self.d(h), "backward.hidden", [Mul((Ref(self.d(above)), weights))])

    def _weights(self, q: Quantity, a: Quantity) -> None:
        """By W_i: for each unit of ``of`` a matrix, its row of the Jacobian by a_i times h_{i-1}^T."""
        self.need(a)
        h = self.h((a.layer or 1) - 1)
        units = list(self.units(self.of_layer))
        for unit in units if self.full else units[:NARROW]:
            one = self.of.at((unit,))
            row = Ref(Derivative(one, a))
            delta = self.notation == "delta"
            tree = Mul((Ref(h), Transpose(row)) if delta else (row, Transpose(Ref(h))))
            left = f"for the first {NARROW} of {len(units)} units" if len(units) > NARROW and not self.full else ""
            self.emit(Derivative(one, q), "backward.weight", [tree], left, value_is_transposed=delta)


def check_units(checks: list[Check]) -> Check:
    """Of the checks of several units the one that differs most."""
    return max(checks, key=lambda one: abs(one.value - one.numerical))


def units_to_check(value: Any) -> list[int]:
    """Units, from 0, of the rows with the largest and the smallest entry."""
    sizes = np.abs(np.asarray(value)).reshape(len(value), -1).max(axis=1)
    return list(dict.fromkeys([int(np.argmax(sizes)), int(np.argmin(sizes)), 0, len(value) - 1]))
