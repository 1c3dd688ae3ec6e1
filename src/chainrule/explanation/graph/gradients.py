"""The derivatives of one variable by every node below it, from one backward pass."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from chainrule.explanation.graph import symbolic
from chainrule.explanation.graph.circuit import Circuit
from chainrule.explanation.graph.kinks import candidates, kink_words, met
from chainrule.explanation.graph.numbers import Undefined, as_float, numbers, why
from chainrule.explanation.graph.reverse import adjoints
from chainrule.explanation.graph.table import GraphGradients, GraphNode, Numbers
from chainrule.formula import text

MOST_OPERATIONS = 60  # nodes of a graph whose operations are told one by one; of a larger one its variables
MOST_FORMULAS = 40  # nodes whose derivatives are written as formulas where there are no numbers
LONGEST_OPERATION = 24  # letters of a formula in a picture
_SIGNS = {"+": "+", "*": "×", "/": "÷", "^": "^", "neg": "−"}
_LEAVES = ("number", "constant")

Key: TypeAlias = int | str  # a node, or the name of an array


class Gradients:
    """The work of one question.

    Args:
        of: the node of the variable above.
        written: variable -> its formula as it is written.
    """

    def __init__(self, made: Circuit, of: int, is_numeric: bool, written: dict[str, str]) -> None:
        self.made, self.of, self.is_numeric, self.written = made, of, is_numeric, written
        nodes = made.nodes
        self.below = [node for node in nodes.below([of]) if nodes.kinds[node] not in _LEAVES]
        self.back = adjoints(nodes, of)
        self.possible = candidates(nodes, self.back) if is_numeric else []
        parts = [part for one in self.possible for part in (*nodes.parts[one.node], one.slope)]
        entries = [int(n) for built in made.built.values() if np.ndim(built) for n in built.flat]
        self.numbers = (
            numbers(nodes, [*self.below, *entries, *self.back.values(), *parts], made.given) if is_numeric else {}
        )
        self.array_of = {int(n): name for name, built in made.built.items() if np.ndim(built) for n in built.flat}

    def record(self) -> GraphGradients:
        """The table."""
        hidden = self._hidden()
        is_small = not self.array_of and len(self.below) - len(hidden) <= MOST_OPERATIONS
        kinds = self.made.nodes.kinds
        shown = [n for n in self.below if n not in hidden and (is_small or kinds[n] == "variable")]
        keys = list(dict.fromkeys(self.array_of.get(node, node) for node in shown))
        place = {key: i for i, key in enumerate(keys)}
        rows = tuple(self._row(key, place, is_small) for key in keys)
        kinks = kink_words(self.made.nodes, met(self.made.nodes, self.possible, self.numbers), self.numbers)
        return GraphGradients(self.made.variables[self.of], rows, kinks)

    def _hidden(self) -> set[int]:
        """Operations that are a variable's whole formula and nothing else: they are told with it."""
        nodes = self.made.nodes
        users: dict[int, set[int]] = {}
        for node in self.below:
            for part in nodes.parts[node]:
                users.setdefault(part, set()).add(node)
        wholes = {nodes.definitions[n]: n for n in self.below if n in nodes.definitions}
        return {n for n, user in wholes.items() if nodes.kinds[n] != "variable" and users[n] == {user}}

    # ------------------------------------------------------------ rows

    def _row(self, key: Key, place: dict[Key, int], is_small: bool) -> GraphNode:
        nodes = self.made.nodes
        entries = self.made.built[key] if isinstance(key, str) else np.array(key, dtype=object)
        members = [int(node) for node in entries.flat]
        name = key if isinstance(key, str) else self.made.variables.get(key, "")
        definitions = [nodes.definitions[node] for node in members if node in nodes.definitions]
        whole = definitions[0] if definitions else members[0]
        formula = self.written.get(name, "") or ("" if name else symbolic.short(nodes, whole))
        if is_small:
            parts = nodes.parts[whole] if whole != members[0] or not name else ()
            operation = _operation(self.made, whole) if parts else ""
        else:
            parts = tuple(dict.fromkeys(n for one in definitions for n in nodes.reading(one)))
            operation = formula if len(formula) <= LONGEST_OPERATION else formula[: LONGEST_OPERATION - 1] + "…"
        if name and not any(nodes.reading(one) for one in definitions):
            formula, operation, parts = "", "", ()  # a number that is given
        uses = dict.fromkeys(place[k] for part in parts if (k := self.array_of.get(part, part)) in place)
        gradients = [self.back.get(node) for node in members]
        note = ""
        for node in gradients:
            value = self.numbers.get(node) if node is not None else None
            if isinstance(value, Undefined):
                note = f"By {name or formula} it is not defined: {why(nodes, value)}."
        short = "" if self.is_numeric or len(place) > MOST_FORMULAS or np.ndim(entries) else self._formula(gradients[0])
        return GraphNode(
            name, formula, operation, tuple(uses), self._numbers(entries, dict(zip(members, members, strict=True))),
            self._numbers(entries, dict(zip(members, gradients, strict=True))), short, note,
        )  # fmt: skip

    def _numbers(self, entries: Any, of: dict[int, int | None]) -> Numbers:
        """A number, or an array of them as lists; None where one of them is not there."""
        if not self.is_numeric:
            return None
        found = []
        for node in entries.flat:
            member = of[int(node)]
            value = self.numbers[member] if member is not None else None
            if isinstance(value, Undefined):
                return None
            found.append(as_float(value) if value is not None else 0.0)
        if not np.ndim(entries):
            return found[0]
        array = np.array(found).reshape(entries.shape)
        listed: list[Any] = (array[:, 0] if array.shape[1] == 1 else array).tolist()
        return listed

    def _formula(self, node: int | None) -> str:
        tree = None if node is None else symbolic.formula(self.made.nodes, node, True)
        return "" if tree is None else text(tree)


def _operation(made: Circuit, node: int) -> str:
    """The operation of a node as a picture shows it, with a number that it takes: ``+ 1``, ``×``, ``exp``."""
    nodes = made.nodes
    kind, parts = nodes.kinds[node], nodes.parts[node]
    sign = _SIGNS.get(kind, kind)
    if len(parts) != 2:
        return sign
    leaves = [nodes.kinds[part] in _LEAVES for part in parts]
    if leaves == [False, True]:
        return f"{sign} {symbolic.short(nodes, parts[1])}"
    if leaves == [True, False]:
        number = symbolic.short(nodes, parts[0])
        return f"{sign} {number}" if kind in ("+", "*") else f"{number} {sign}"
    return sign
