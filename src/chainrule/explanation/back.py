"""The way back: d of / d anything, where ``of`` is the loss or one unit."""

from __future__ import annotations

from chainrule.explanation import rules
from chainrule.explanation.steps import StepsBuilder
from chainrule.formula.tree import Array, Expr, Hadamard, Mul, Number, Ref, Slope, Transpose
from chainrule.network.backward import Backward
from chainrule.network.names import Derivative, Notation, Quantity

ZERO, ONE = Number(0.0), Number(1.0)


class BackBuilder(StepsBuilder):
    """Steps of the derivative of one quantity by another."""

    def __init__(self, b: Backward, notation: Notation, full: bool, whole: bool, of: Quantity) -> None:
        super().__init__(b, notation, full, whole)
        self.of = of
        self.of_layer = self.network.depth if of.symbol in ("yhat", "L") else of.layer or 0

    def d(self, q: Quantity) -> Derivative:
        """The name d of / d q."""
        return Derivative(self.of, q)

    def need(self, q: Quantity) -> None:
        """The steps that give d of / d q."""
        if self.d(q) in self.values:
            return
        if self._direct(q):
            return
        if q.symbol == "W":
            self._weight(q)
        elif q.symbol == "b":
            a = Quantity("a", q.layer, q.index)
            self.need(a)
            self.emit(self.d(q), "backward.bias", [Ref(self.d(a))])
        elif q.symbol == "yhat":
            self._loss_slope(q)
        elif q.symbol == "a":
            self._output(q) if q.layer == self.network.depth else self._pre_grad(q)
        else:
            self._hidden(q)

    # ------------------------------------------------------------ one equation each

    def _weight(self, q: Quantity) -> None:
        assert q.layer is not None
        i = q.layer
        if q.index:
            m, j = q.index
            a = Quantity("a", i, (m,))
            self.need(a)
            self.emit(self.d(q), "backward.weight", [Mul((Ref(self.d(a)), Ref(self.h(i - 1, j))))])
            return
        a, h = Quantity("a", i), self.h(i - 1)
        self.need(a)
        self._outer(q, Ref(self.d(a)), Ref(h))

    def _outer(self, q: Quantity, grad: Expr, h: Expr) -> None:
        """grad h^T; in delta notation dL/dw^l = a^{l-1} (δ^l)^T."""
        delta = self.notation == "delta"
        tree = Mul((h, Transpose(grad)) if delta else (grad, Transpose(h)))
        self.emit(self.d(q), "backward.weight", [tree], value_is_transposed=delta)

    def _hidden(self, q: Quantity) -> None:
        """The sum over all paths to the next layer."""
        i = (q.layer or 0) + 1
        if not q.index:
            self.need(Quantity("a", i))
            tree = Mul((Transpose(Ref(Quantity("W", i))), Ref(self.d(Quantity("a", i)))))
            self.emit(self.d(q), "backward.hidden", [tree])
            return
        (j,) = q.index
        units = self._units_that_lead_on(i)
        if self.by_component(i) or len(units) == 1:
            for m in units:
                self.need(Quantity("a", i, (m,)))
        else:
            self.need(Quantity("a", i))
        terms: list[Expr] = [Mul((Ref(self.d(Quantity("a", i, (m,)))), Ref(Quantity("W", i, (m, j))))) for m in units]
        self.emit(self.d(q), "backward.hidden", [self.long_sum(terms)])

    def _units_that_lead_on(self, layer: int) -> list[int]:
        """Units of a layer through which ``of`` is reached."""
        elementwise = self.of.symbol == "h" or (self.of.symbol == "yhat" and self.network.output_rule.rule is not None)
        return [self.of.index[0]] if layer == self.of_layer and elementwise else list(self.units(layer))

    def _pre_grad(self, q: Quantity) -> None:
        assert q.layer is not None
        h = Quantity("h", q.layer, q.index)
        self.need(h)
        slope = self._slope(q)
        factors = (Ref(self.d(h)), Ref(slope))
        self.emit(self.d(q), "backward.pre", [Mul(factors) if q.index else Hadamard(factors)])

    def _slope(self, a: Quantity) -> Derivative | Slope:
        """The step of g'(a_i), or of dh_im/da_im."""
        assert a.layer is not None
        rule, h = self._rule(a.layer), self.h(a.layer, *a.index)
        name = Derivative(h, a) if a.index else Slope(a.layer)
        if name not in self.values:
            ways = rules.slope(rule, Ref(a), Ref(h), vector=not a.index)
            self.emit(name, "backward.slope", ways, self.kink_note(a))
        return name

    def _loss_slope(self, q: Quantity) -> None:
        k = self.network.sizes[-1]
        y = Quantity("y", None, q.index)
        tree = rules.loss_slope(self.network.loss_rule, Ref(q), Ref(y), k, vector=not q.index)
        c = float(self.backward.coefficients[0])
        self.emit(self.d(q), "backward.loss", [tree if c == 1 else Mul((Number(c), tree))])

    def _output(self, q: Quantity) -> None:
        """d of / d a_L, where ``of`` is the loss: by the declared pair or by the output's Jacobian."""
        pair = self.backward.shortcut
        if pair is not None:
            self._shortcut(q)
            return
        softmax = self.network.output_rule.rule is None
        if not q.index:
            self.need(Quantity("yhat"))
            yhat = Ref(self.d(Quantity("yhat")))
            factor = Ref(self._jacobian(q)) if softmax else Ref(self._slope(q))
            tree: Expr = Mul((Transpose(factor), yhat)) if softmax else Hadamard((yhat, factor))
            self.emit(self.d(q), "backward.out", [tree])
            return
        outputs = list(self.units(self.network.depth)) if softmax else [q.index[0]]
        for o in outputs:
            self.need(Quantity("yhat", None, (o,)))
        terms: list[Expr] = []
        for o in outputs:
            yhat_o = Quantity("yhat", None, (o,))
            local = self._jacobian_entry(o, q) if softmax else self._slope(q)
            terms.append(Mul((Ref(self.d(yhat_o)), Ref(local))))
        self.emit(self.d(q), "backward.out", [self.long_sum(terms)])

    def _shortcut(self, q: Quantity) -> None:
        pair, depth = self.backward.shortcut, self.network.depth
        assert pair is not None
        note = f"the declared shortcut of {pair.output} with {pair.loss}"
        y_sums_to_one = float(self.backward.y[0].sum()) == 1.0
        outputs = self.units(depth)
        p = [Ref(self.h(depth, o)) for o in outputs]
        y = [Ref(Quantity("y", None, (o,))) for o in outputs]
        a = [Ref(Quantity("a", depth, (o,))) for o in outputs]
        if q.index:
            ways = rules.pair_component(pair, p, y, a, q.index[0] - 1, y_sums_to_one)
        else:
            ways = rules.pair_vector(pair, Ref(self.h(depth)), Ref(Quantity("y")), Ref(q), y_sums_to_one)
            each = [rules.pair_component(pair, p, y, a, m, y_sums_to_one) for m in range(len(p))]
            ways += [Array(tuple(one[w] for one in each)) for w in range(len(each[0]))]
        c = float(self.backward.coefficients[0])
        self.emit(self.d(q), "backward.out", [w if c == 1 else Mul((Number(c), w)) for w in ways], note)

    def _jacobian(self, a: Quantity) -> Derivative:
        name = Derivative(Quantity("yhat"), a)
        if name not in self.values:
            self.emit(name, "backward.jacobian", [rules.jacobian_vector(Ref(Quantity("yhat")))])
        return name

    def _jacobian_entry(self, o: int, a: Quantity) -> Derivative:
        name = Derivative(Quantity("yhat", None, (o,)), a)
        if name not in self.values:
            p = [Ref(Quantity("yhat", None, (j,))) for j in self.units(self.network.depth)]
            self.emit(name, "backward.jacobian", rules.jacobian_component(p, o - 1, a.index[0] - 1))
        return name

    # ------------------------------------------------------------ where ``of`` itself depends on q directly

    def _direct(self, q: Quantity) -> bool:
        """Write the step where q is one equation away from ``of``; False where it is farther, or ``of`` is the loss."""
        of, i = self.of, self.of_layer
        if of.symbol == "L" or not of.index:
            return False
        (m,) = of.index
        if of.symbol == "a":
            return self._direct_of_a(q, i, m)
        if q == of.at(q.index):
            self.emit(self.d(q), "chain", [self._indicator(q, m, ONE)])
            return True
        if q.symbol == "a" and q.layer == i:
            self._direct_of_h(q, m)
            return True
        return False

    def _direct_of_a(self, q: Quantity, i: int, m: int) -> bool:
        before = self.h(i - 1)
        if q.symbol == "a" and q.layer == i:
            self.emit(self.d(q), "chain", [self._indicator(q, m, ONE)])
        elif q.symbol == "b" and q.layer == i:
            self.emit(self.d(q), "backward.bias", [self._indicator(q, m, ONE)])
        elif q.symbol == "W" and q.layer == i:
            unit = Array(tuple(ONE if u == m else ZERO for u in self.units(i)))
            if q.index:
                self.emit(self.d(q), "backward.weight", [Ref(self.h(i - 1, q.index[1])) if q.index[0] == m else ZERO])
            else:
                self._outer(q, unit, Ref(before))
        elif q.whole == before:
            weights = [Ref(Quantity("W", i, (m, j))) for j in self.units(i - 1)]
            self.emit(self.d(q), "backward.hidden", [weights[q.index[0] - 1] if q.index else Array(tuple(weights))])
        else:
            return False
        return True

    def _direct_of_h(self, q: Quantity, m: int) -> None:
        """Of one unit h_im or yhat_o by the pre-activations of its own layer."""
        if self.of.symbol == "yhat" and self.network.output_rule.rule is None:
            p = [Ref(Quantity("yhat", None, (j,))) for j in self.units(self.of_layer)]
            ways = [rules.jacobian_component(p, m - 1, u - 1) for u in self.units(self.of_layer)]
            if q.index:
                self.emit(self.d(q), "backward.jacobian", ways[q.index[0] - 1])
            else:
                stable = [Array(tuple(way[w] for way in ways)) for w in (0, -1)]
                self.emit(self.d(q), "backward.jacobian", stable)
            return
        a = Quantity("a", self.of_layer, (m,))
        if q.index and q.index[0] != m:
            self.emit(self.d(q), "backward.slope", [ZERO])
            return
        ways_m = rules.slope(self._rule(self.of_layer), Ref(a), Ref(self.of))
        self.emit(self.d(q), "backward.slope", [self._indicator(q, m, way) for way in ways_m], self.kink_note(a))

    def _indicator(self, q: Quantity, m: int, entry: Expr) -> Expr:
        """``entry`` at unit m and 0 elsewhere; for one component the one or the other."""
        if q.index:
            return entry if q.index[0] == m else ZERO
        layer = q.layer or self.network.depth
        return Array(tuple(entry if u == m else ZERO for u in self.units(layer)))
