"""A graph as nodes with names: what each variable is made from, and the numbers that are given."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.explanation.graph.build import Builder, Built, entry_names, index_below, parent
from chainrule.explanation.graph.functions import CONSTANTS
from chainrule.explanation.graph.language import Statement
from chainrule.explanation.graph.nodes import Nodes
from chainrule.explanation.graph.numbers import exact
from chainrule.formula import tree as t


@dataclass
class Circuit:
    """The nodes of a graph.

    Attributes:
        built: variable -> its node, or the array of nodes of its entries.
        variables: node of a number's variable -> its name, each after those it uses.
        given: numbers of inputs.
    """

    nodes: Nodes = field(default_factory=Nodes)
    built: dict[str, Built] = field(default_factory=dict)
    variables: dict[int, str] = field(default_factory=dict)
    given: dict[int, Fraction] = field(default_factory=dict)

    def named(self, name: str) -> Built | None:
        """The node, or the array of nodes, of a variable or of an entry of one; None where there is none.

        Raises:
            InputError: an entry that an array does not have.
        """
        found = self.built.get(name)
        head = parent(name, self.built)
        if found is not None or head == name or not np.ndim(array := self.built[head]):
            return found
        place = entry_names(head, array.shape)
        if name in place:
            return array.flat[place.index(name)]
        index = name.rpartition("_")[2].strip("{}")
        if not all(part.isdecimal() and int(part) for part in index.split(",")) or "0" in index.split(","):
            return None  # a name of its own: h_0, W_out
        shape = " x ".join(map(str, array.shape)) if array.shape[1] > 1 else str(len(array))
        raise InputError(name, f"an entry of {head}, which has {shape}", "another")

    def together(self, name: str) -> Built | None:
        """Numbers with one name and an index below as an array: ``x`` for x_1 and x_2, ``W_1`` for W_111 to W_123."""
        found = dict[tuple[int, ...], int]()
        for node, variable in self.variables.items():
            below = index_below(variable, name)
            if below and "0" not in below:
                found[tuple(map(int, below))] = node
        if not found or len({len(index) for index in found}) > 1:
            return None
        shape = [max(places) for places in zip(*found, strict=True)]
        if len(found) != np.prod(shape):
            return None
        array: Any = np.empty((*shape, 1)[:2], dtype=object)
        for index, node in found.items():
            array[tuple(i - 1 for i in (*index, 1)[:2])] = node
        return array


def circuit(statements: Mapping[str, Statement], at: Mapping[str, Any], asked: Collection[str] = ()) -> Circuit:
    """The circuit of formulas that are in order.

    Args:
        at: input -> a number, a list of numbers or of rows.
        asked: names that are variables even where they are those of constants.

    Raises:
        InputError: shapes that do not fit, a value that is no number.
    """
    made = Circuit()
    for name, value in at.items():
        _given(made, name, value)

    def lookup(name: str) -> Built | None:
        found = made.named(name)
        if found is None and (name not in CONSTANTS or name in asked):
            _named(made, name, made.nodes.variable(name))
            return made.built[name]
        return found

    builder = Builder(made.nodes, lookup)
    for name, statement in statements.items():
        found = builder.build(statement.tree)
        if not np.ndim(found):
            _named(made, name, made.nodes.variable(name, found))
            continue
        entries: Any = np.empty(found.shape, dtype=object)
        for place, one in zip(np.ndindex(found.shape), entry_names(name, found.shape), strict=True):
            entries[place] = made.nodes.variable(one, found[place])
            made.variables[entries[place]] = one
        made.built[name] = entries
    return made


def in_order(statements: Mapping[str, Statement]) -> dict[str, Statement]:
    """The formulas so that each stands after those it uses.

    Raises:
        InputError: a variable that depends on itself.
    """
    order: dict[str, Statement] = {}
    begun: set[str] = set()
    for start in statements:
        stack = [(start, False)]
        while stack:
            name, done = stack.pop()
            if done:
                order[name] = statements[name]
            elif name in statements and name not in begun:
                begun.add(name)
                stack.append((name, True))
                for used in statements[name].uses:
                    if used in begun and used not in order:
                        raise InputError("graph", "no circle", f"{name} depends on itself through {used}")
                    stack.append((used if used in statements else parent(used, statements), False))
    return order


def free_names(statements: Mapping[str, Statement]) -> list[str]:
    """Names that no formula gives, and that may be no entries of an array, in the order of reading."""
    used = dict.fromkeys(name for statement in statements.values() for name in statement.uses)
    arrays: set[str] = set()
    for name, statement in statements.items():
        if _has_array(statement.tree) or any(one in arrays for one in statement.uses):
            arrays.add(name)
    return [name for name in used if name not in statements and parent(name, arrays) not in arrays]


def _has_array(tree: t.Expr) -> bool:
    waiting = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, t.Array):
            return True
        waiting += t.children(one)
    return False


def _named(made: Circuit, name: str, node: int) -> None:
    made.built[name] = node
    made.variables[node] = name


def _given(made: Circuit, name: str, value: Any) -> None:
    """An input with its number, or an array of inputs with theirs."""
    array = np.asarray(value, dtype=object)
    if array.ndim == 0:
        _named(made, name, made.nodes.variable(name))
        made.given[made.built[name]] = exact(array.item(), name)
        return
    if array.ndim > 2 or not array.size:
        raise InputError(f"value of {name}", "a number, a vector or a matrix", f"shape {array.shape}")
    if array.ndim == 1:
        array = array[:, None]
    entries: Any = np.empty(array.shape, dtype=object)
    for place, one in zip(np.ndindex(array.shape), entry_names(name, array.shape), strict=True):
        entries[place] = made.nodes.variable(one)
        made.variables[entries[place]] = one
        made.given[entries[place]] = exact(array[place], one)
    made.built[name] = entries
