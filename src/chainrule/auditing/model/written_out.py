"""The network's own equations for one number, written out in names: what the numbers of a line are laid beside."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from chainrule.auditing.model.problem import Node, Problem
from chainrule.formula import parse
from chainrule.formula import tree as t
from chainrule.network.names import LOSS, Derivative, Name, Quantity
from chainrule.network.words import WORDS
from chainrule.system.patterns import regex

MOST_TERMS = 64  # of a sum that is written out


_OUTPUT = regex(r"o?_?\{?([1-9][0-9]?)\}?")


def is_loss(word: str) -> bool:
    """Whether a word is one of a loss; e is as often an error."""
    return word in ("E", "L", "C", "J") or (len(word) > 1 and "L" in WORDS.get(word.lower(), ()))


def output_of_part(name: str, problem: Problem) -> int:
    """The output whose term of the loss a name of the author's is, by its word and its index; 0 for none.

    ``E_o1`` and ``L_2`` of a network of two outputs; ``E_total`` and ``e_1`` are none.
    """
    word, _, index = name.partition("_")
    found = _OUTPUT.fullmatch(index)
    outputs = problem.sizes[-1]
    if found is None or not is_loss(word) or not problem.single or outputs < 2 or int(found[1]) > outputs:
        return 0
    return int(found[1])


@dataclass(frozen=True)
class WrittenOut:
    """Equations of one example, in the author's names.

    Attributes:
        swapped: the author's W_ij goes from unit i to unit j.
        time: updates before.
    """

    problem: Problem
    swapped: bool = False
    time: int = 0

    def of(self, node: Node, index: tuple[int, ...]) -> Iterator[t.Expr]:
        """The ways in which people write one entry of a quantity, the shortest first.

        Args:
            index: of the entry, from 0; () for L.
        """
        kind, i, _ = node
        problem, depth, sizes = self.problem, self.problem.depth, self.problem.sizes
        if not problem.single or max(sizes) > MOST_TERMS:
            return
        m, rule = index[0] if index else 0, problem.rule(i) if i else None
        match kind:
            case "a":
                products = (t.Mul((self.ref("W", i, m, j), self.ref("h", i - 1, j))) for j in range(sizes[i - 1]))
                yield t.Add((*products, self.ref("b", i, m)))
            case "h" if rule is not None:
                yield self._of_unit(rule.formula, i, m)
            case "h":
                powers = tuple(t.Call("exp", (self.ref("a", i, k),)) for k in range(sizes[i]))
                yield t.Div(powers[m], t.Add(powers))
            case "L":
                yield _sum(tuple(self.loss_of(k) for k in range(sizes[-1])))
            case "dh" if i == depth:
                yield self._of_loss(problem.network.loss_rule.dformula, m)
            case "dh":
                paths = ((self.ref("W", i + 1, k, m), self.grad("a", i + 1, k)) for k in range(sizes[i + 1]))
                yield _sum(tuple(t.Mul(pair) for pair in paths))
            case "g'" if rule is not None:
                yield self._of_unit(rule.dformula, i, m)
            case "da" if rule is not None:
                slope = self._named(Derivative(self._quantity("h", i, m), self._quantity("a", i, m)))
                for gradient in (self.grad("h", i, m), *self.of(Node("dh", i), (m,))):
                    yield t.Mul((gradient, slope))
                    yield t.Mul((gradient, self._of_unit(rule.dformula, i, m)))
            case "dW":
                for gradient in (self.grad("a", i, m), *self.of(Node("da", i), (m,))):
                    yield t.Mul((gradient, self.ref("h", i - 1, index[1])))
            case "db":
                yield from self.of(Node("da", i), (m,))
            case "W" | "b" if self.time == 1:
                before = WrittenOut(problem, self.swapped)
                for gradient in (before.grad(kind, i, *index), *before.of(Node(f"d{kind}", i), index)):
                    step = t.Mul((t.Number(problem.rate), gradient))
                    yield t.Add((before.ref(kind, i, *index), t.Neg(step)))
        if kind == "da" and i == depth and problem.pair is not None:
            yield self._scaled(t.Add((self.ref("h", i, m), t.Neg(self.ref("y", 0, m)))))

    def loss_of(self, unit: int) -> t.Expr:
        """The term of the loss of one output; units from 0."""
        return self._of_loss(self.problem.network.loss_rule.formula, unit)

    def ref(self, symbol: str, layer: int, *units: int) -> t.Expr:
        """A unit's value, a weight, a bias; units from 0."""
        return self._named(self._quantity(symbol, layer, *units))

    def grad(self, symbol: str, layer: int, *units: int) -> t.Expr:
        """The gradient of L by it."""
        return self._named(Derivative(LOSS, self._quantity(symbol, layer, *units)))

    def _named(self, name: Name) -> t.Expr:
        name = name.swapped if self.swapped else name
        return t.Ref(t.Timed(name, self.time) if self.time else name)

    def _quantity(self, symbol: str, layer: int, *units: int) -> Quantity:
        index = tuple(unit + 1 for unit in units)
        if symbol == "h" and layer in (0, self.problem.depth):
            return Quantity("yhat" if layer else "x", None, index)
        return Quantity(symbol, None if symbol == "y" else layer, index)

    def _of_unit(self, formula: str, layer: int, unit: int) -> t.Expr:
        """A formula of the table of activations with the names of one unit in it."""
        return t.substitute(
            parse(formula, "free"),
            lambda letter: self.ref(letter, layer, unit) if isinstance(letter, str) and letter in "ah" else None,
        )

    def _of_loss(self, formula: str, unit: int) -> t.Expr:
        """A formula of the table of losses with the names of one output in it."""
        depth = self.problem.depth
        names = {
            "p": self.ref("h", depth, unit), "y": self.ref("y", 0, unit), "k": t.Number(self.problem.sizes[-1])
        }  # fmt: skip
        return self._scaled(t.substitute(parse(formula, "free"), lambda letter: names.get(str(letter))))

    def _scaled(self, term: t.Expr) -> t.Expr:
        factor = float(self.problem.coefficients[0])
        return term if factor == 1 else t.Mul((t.Number(factor), term))


def _sum(terms: tuple[t.Expr, ...]) -> t.Expr:
    return t.Add(terms) if len(terms) > 1 else terms[0]
