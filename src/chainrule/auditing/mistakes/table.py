"""What a mistake is, where one makes sense, and the right equations as LaTeX."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.replay import Replay, Rule, Wrong
from chainrule.network.equation_table import EQUATIONS
from chainrule.system.patterns import regex

Fits = Callable[[Problem, int], bool]


@dataclass(frozen=True)
class Mistake:
    """One wrong equation.

    In its templates ``<i>`` is the layer's number and ``<i-1>`` that of the one before; ``<a i>``, ``<h i-1>``,
    ``<W i+1>``, ``<b i>`` are names, in either notation; in LaTeX also ``<da i>``, the gradient of L by a_i;
    ``<W^T i>``, transposed; and ``<W_mj i>``, a component.

    Attributes:
        id: its name in reports.
        kind: the kind of node whose equation it replaces.
        fits: (problem, layer) -> whether it makes sense there (the shapes fit, the rule is of that kind, it changes
            something).
        rule: (replay, node) -> the wrong value, of numbers or of intervals: ``get`` and ``of`` give other nodes,
            ``replay.right(node)`` the right value, ``replay.elementwise`` applies a function.
        words: what was done, a template. wrong: the equation as LaTeX, a template. right: the equation that is due, a
            template or the id of an equation of ``equation_table``.
        partner: another kind of node of the same layer whose equation ``rule`` replaces as well.
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
    partner: str = ""

    def at(self, layer: int, *others: int) -> Wrong:
        """The mistake at one layer, or at several."""
        kinds = (self.kind, self.partner) if self.partner else (self.kind,)
        places = [(kind, i) for i in (layer, *others) for kind in kinds]
        return Wrong(self.kind, layer, self.rule, self.updated_first, tuple(places[1:]))

    def says(self, layer: int | None = None, delta: bool = False) -> str:
        """The words for one layer, or for any layer i."""
        return filled_in(self.words, layer, delta)

    def latex(self, layer: int, delta: bool = False) -> tuple[str, str]:
        """The wrong and the right equation for one layer."""

        def filled(text: str) -> str:
            return _TEMPLATE.sub(lambda match: _latex(match, layer, delta), text)

        if self.right not in EQUATIONS:
            return filled(self.wrong), filled(self.right)
        right = EQUATIONS[self.right].at_layer(layer, delta, component=self.kind in ("h", "J", "g'"))
        return filled(self.wrong), right


#: (d, symbol, ^T, indices, offset) of a name in a template
_TEMPLATE = regex(r"<(?:(d?)([ahWb])(\^T)?(?:_(\w+))? )?i([+-]1)?>")
_DELTA = {"a": "z", "h": "a", "W": "w", "b": "b"}  # w^l is the transpose of W_l


def filled_in(words: str, layer: int | None, delta: bool = False) -> str:
    """A template of words, for one layer or for any layer i."""
    return _TEMPLATE.sub(lambda match: _name(match, layer, delta), words)


def _number(match: re.Match[str], layer: int | None) -> str:
    offset = match[5] or ""
    return f"i{offset}" if layer is None else str(layer + int(offset or 0))


def _name(match: re.Match[str], layer: int | None, delta: bool) -> str:
    number, symbol = _number(match, layer), match[2]
    if symbol is None:
        return number
    if symbol == "h" and number == "0":
        return "x"
    return f"{_DELTA[symbol]}^{number}" if delta else f"{symbol}_{number}"


def _latex(match: re.Match[str], layer: int, delta: bool) -> str:
    number = _number(match, layer)
    gradient, symbol, turned, index, _ = match.groups()
    if symbol is None:
        return number
    if not delta:
        one = f"{symbol}_{{{','.join((number, *(index or '')))}}}"
        return (rf"\nabla_{{{one}}} L" if gradient else one) + (turned or "")
    one = f"{_DELTA[symbol]}^{{{number}}}"
    if index:
        return f"{one}_{{{index[::-1]}}}"
    if gradient:
        of_W = rf"\left(\frac{{\partial L}}{{\partial {one}}}\right)^T"
        return {"a": rf"\delta^{{{number}}}", "W": of_W}.get(symbol, rf"\nabla_{{{one}}} L")
    return f"({one})^T" if (symbol == "W") != bool(turned) else one


# ---------------------------------------------------------------- where a mistake makes sense


def anywhere(problem: Problem, i: int) -> bool:
    """At every layer."""
    return True


def square(problem: Problem, i: int) -> bool:
    """The layer has as many units as the one before, more than one."""
    return problem.sizes[i] == problem.sizes[i - 1] > 1


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


def both(*conditions: Fits) -> Fits:
    """All of these conditions."""
    return lambda problem, i: all(fits(problem, i) for fits in conditions)


# ---------------------------------------------------------------- pieces of rules


def bound(value: Any, rule: Callable[[Replay, Node, Any], Any]) -> Rule:
    """A rule that depends on one more thing, for rows that are made in a loop."""
    return lambda r, q: rule(r, q, value)


def fits_with(value: Any, fits: Callable[[Problem, int, Any], bool]) -> Fits:
    """A condition that depends on one more thing, for rows that are made in a loop."""
    return lambda problem, i: fits(problem, i, value)


def of(kind: str, layer: int = 0) -> Rule:
    """The value of another node: ``of("a")`` at node h_i is a_i; ``layer`` is counted from the node's."""
    return lambda r, q: r.get(Node(kind, q.layer + layer, q.time))


def get(r: Replay, q: Node, kind: str, layer: int = 0) -> Any:
    """The value of another node of the same time; ``layer`` is counted from the node's."""
    return r.get(Node(kind, q.layer + layer, q.time))
