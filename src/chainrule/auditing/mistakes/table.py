"""What a mistake is, where one makes sense, and the right equations as LaTeX."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.auditing.model.interval import Interval, image
from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.replay import Replay, Rule, Wrong
from chainrule.auditing.report.delta import delta_latex, delta_words
from chainrule.network.equation_table import EQUATIONS

Fits = Callable[[Problem, int], bool]


@dataclass(frozen=True)
class Mistake:
    """One wrong equation.

    Attributes:
        id: its name in reports.
        kind: the kind of node whose equation it replaces.
        fits: (problem, layer) -> whether it makes sense there (the shapes fit, the rule is of that kind, it changes
            something).
        words: what was done; ``{i}`` is the layer, ``{n}`` the next one, ``{p}`` the one before.
        wrong: the equation as LaTeX, <i> for the layer. right: the same, or the id of an equation of ``equations``.
        updated_first: in training it means that a layer is updated before the gradient goes on back through it.
    """

    id: str
    kind: str
    fits: Fits
    rule: Rule
    words: str
    wrong: str
    right: str
    updated_first: bool = False

    def at(self, layer: int) -> Wrong:
        """The mistake at one layer."""
        return Wrong(self.kind, layer, self.rule, self.updated_first)

    def says(self, layer: int, delta: bool = False) -> str:
        """The words for one layer."""
        words = self.words.format(i=layer, n=layer + 1, p=layer - 1)
        return delta_words(words) if delta else words

    def latex(self, layer: int, delta: bool = False) -> tuple[str, str]:
        """The wrong and the right equation for one layer."""

        def filled(text: str) -> str:
            for letter, value in (("i+1", layer + 1), ("i-1", layer - 1), ("i", layer)):
                text = text.replace(f"<{letter}>", str(value))
            return delta_latex(text) if delta else text

        if self.right not in EQUATIONS:
            return filled(self.wrong), filled(self.right)
        right = EQUATIONS[self.right].at_layer(layer, delta, component=self.kind in ("h", "J", "g'"))
        return filled(self.wrong), right


# ---------------------------------------------------------------- where a mistake makes sense


def anywhere(problem: Problem, i: int) -> bool:
    """At every layer."""
    return True


def square(problem: Problem, i: int) -> bool:
    """The layer has as many units as the one before, more than one."""
    return problem.sizes[i] == problem.sizes[i - 1] > 1


def next_square(problem: Problem, i: int) -> bool:
    """The next layer has as many units as this one, more than one."""
    return i < problem.depth and problem.sizes[i + 1] == problem.sizes[i] > 1


def hidden(problem: Problem, i: int) -> bool:
    """A hidden layer."""
    return 0 < i < problem.depth


def last(problem: Problem, i: int) -> bool:
    """The last layer."""
    return i == problem.depth


def curved(problem: Problem, i: int) -> bool:
    """The layer has an elementwise rule other than the identity."""
    rule = problem.rule(i) if i else None
    return rule is not None and rule.name != "identity"


def activation_is(*names: str) -> Fits:
    """The layer's rule is one of these."""

    def fits(problem: Problem, i: int) -> bool:
        rule = problem.rule(i) if i else None
        return rule is not None and rule.name in names

    return fits


def softmax(problem: Problem, i: int) -> bool:
    """The last layer, a softmax of several outputs."""
    return i == problem.depth and problem.rule(i) is None and problem.sizes[i] > 1


def loss_is(*names: str) -> Fits:
    """The loss is one of these."""
    return lambda problem, i: problem.network.loss in names


def pair_is(*pairs: tuple[str, str]) -> Fits:
    """The last layer, loss and output being one of these pairs."""
    return lambda problem, i: i == problem.depth and (problem.network.loss, problem.network.output) in pairs


def both(*conditions: Fits) -> Fits:
    """All of these conditions."""
    return lambda problem, i: all(fits(problem, i) for fits in conditions)


def later(problem: Problem, i: int) -> bool:
    """Not the first layer."""
    return i > 1


def several_next(problem: Problem, i: int, least: int = 2) -> bool:
    """The next layer has several units."""
    return i < problem.depth and problem.sizes[i + 1] >= least


def several(problem: Problem, i: int) -> bool:
    """A batch in which every example counts the same."""
    return problem.n > 1 and float(np.ptp(problem.coefficients)) == 0.0


# ---------------------------------------------------------------- pieces of rules


def of(kind: str, layer: int = 0) -> Rule:
    """The value of another node: ``of("a")`` at node h_i is a_i; ``layer`` is counted from the node's."""
    return lambda r, q: r.get(Node(kind, q.layer + layer, q.time))


def get(r: Replay, q: Node, kind: str, layer: int = 0) -> Any:
    """The value of another node of the same time; ``layer`` is counted from the node's."""
    return r.get(Node(kind, q.layer + layer, q.time))


def gate(value: Any) -> Any:
    """p (1 - p)."""
    if isinstance(value, Interval):
        return image(lambda p: p * (1 - p), value, (0.5,))
    return value * (1 - value)


# ---------------------------------------------------------------- the right equations

#: ids of the table of equations; the softmax's own formula is in none of them
PRE, ACT, OUT, JACOBIAN = "forward.pre", "forward.act", "backward.out", "backward.jacobian"
SLOPE, PRE_GRAD, WEIGHT, BIAS, HIDDEN = (
    "backward.slope",
    "backward.pre",
    "backward.weight",
    "backward.bias",
    "backward.hidden",
)
SOFTMAX = r"\hat{y}_m = e^{a_m} / \sum_j e^{a_j}"
