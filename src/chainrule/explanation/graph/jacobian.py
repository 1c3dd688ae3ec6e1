"""Derivatives where one side is a vector or a matrix: a gradient, or the Jacobian of a vector by a vector."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.explanation.graph.build import Built
from chainrule.explanation.graph.circuit import Circuit
from chainrule.explanation.graph.kinks import candidates, kink_words, met
from chainrule.explanation.graph.numbers import Undefined, as_float, change, numbers, why
from chainrule.explanation.graph.records import derivative, some
from chainrule.explanation.graph.reverse import adjoints
from chainrule.explanation.printed import value_math
from chainrule.render.blocks import Block, DisplayFormula, Heading, Paragraph, line
from chainrule.render.document import Document, Rendered

MOST_CHECKED = 100  # entries that are differentiated numerically, too
MOST_ENTRIES = 100_000


@dataclass(frozen=True, eq=False)
class GraphJacobian(Rendered):
    """The derivative of a number by a vector or a matrix, or of a vector by a number or a vector.

    Attributes:
        value: of the shape of ``wrt`` where ``of`` is a number, of that of ``of`` where ``wrt`` is one; for two vectors
            a row for each entry of ``of``.
        numerical: the same by numerical differentiation; None where no step works, and for large ones.
        kinks: where a derivative is taken by convention, in words.
    """

    of: str
    wrt: str
    formulas: tuple[str, ...]
    at: Mapping[str, Any]
    value: Any
    numerical: Any
    kinks: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``dL/dW``."""
        return f"d{self.of}/d{self.wrt}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        numerical = None if self.numerical is None else self.numerical.tolist()
        facts = {"of": self.of, "wrt": self.wrt, "formulas": self.formulas, "at": dict(self.at), "kinks": self.kinks}
        return {**facts, "value": self.value.tolist(), "numerical": numerical}

    def document(self) -> Document:
        """The array, and how far numerical differentiation is from it."""
        name = derivative(self.of, self.wrt)
        blocks: list[Block] = [
            Heading(1, line("The chain rule for ", name)),
            Paragraph(line(f"{some(self.formulas, '; ')}.")),
            DisplayFormula(name, (value_math(self.value, whole=False),)),
            *(Paragraph(line(kink)) for kink in self.kinks),
        ]
        if self.numerical is not None:
            far = float(np.max(np.abs(self.numerical - self.value)))
            words = f"By numerical differentiation each entry is the same to {max(far, 1e-16):.1e}."
            blocks += [Heading(2, line("Check")), Paragraph(line(words))]
        return Document(tuple(blocks))


def jacobian(
    made: Circuit, of: str, wrt: str, above: Built, below: Built, formulas: tuple[str, ...], at: Mapping[str, Any]
) -> GraphJacobian:
    """The derivatives of all entries of ``above`` by all of ``below``: a backward pass for each entry of ``above``.

    Raises:
        InputError: an array by an array of which one is a matrix, no way from one to the other, a derivative that is
            not defined.
    """
    tops, ends = np.array(above, dtype=object), np.array(below, dtype=object)
    if tops.ndim and ends.ndim and max(tops.shape[1], ends.shape[1]) > 1:
        raise InputError(f"name d{of}/d{wrt}", "a number or two vectors; of a matrix by a matrix one entry", "a matrix")
    if tops.size * ends.size > MOST_ENTRIES:
        raise InputError(f"name d{of}/d{wrt}", f"at most {MOST_ENTRIES} entries", str(tops.size * ends.size))
    nodes = made.nodes
    places = {int(node) for node in ends.flat}
    back = [adjoints(nodes, int(top), places) for top in tops.flat]
    if not any(back):
        raise InputError(f"name 'd{of}/d{wrt}'", f"a variable that {of} depends on", wrt)
    possible = candidates(nodes, set[int]().union(*back))
    parts = [part for one in possible for part in (*nodes.parts[one.node], one.slope)]
    pairs = [
        (int(top), int(end), ways.get(int(end))) for top, ways in zip(tops.flat, back, strict=True) for end in ends.flat
    ]
    wanted = [node for *_, node in pairs if node is not None]
    values = numbers(nodes, [*wanted, *parts, *map(int, ends.flat), *map(int, tops.flat)], made.given)
    for top, end, node in pairs:
        found = values[top] if isinstance(values[top], Undefined) else values.get(-1 if node is None else node)
        if isinstance(found, Undefined):
            names = made.variables
            raise InputError(f"d{names[top]}/d{names[end]}", "a finite number at these values", why(nodes, found))
    kinks = kink_words(nodes, met(nodes, possible, values), values)
    shape = _shape(tops, ends)
    value = np.array([0.0 if node is None else as_float(values[node]) for *_, node in pairs]).reshape(shape)
    checked = None
    if len(pairs) <= MOST_CHECKED and not kinks:
        steps = [change(nodes, top, end, made.given, values[end]) for top, end, _ in pairs]
        if all(step is not None for step in steps):
            checked = np.array([step[0] for step in steps if step is not None]).reshape(shape)
    return GraphJacobian(of, wrt, formulas, at, value, checked, kinks)


def _shape(tops: Any, ends: Any) -> tuple[int, ...]:
    if tops.ndim and ends.ndim:
        return tops.size, ends.size
    one = tops if tops.ndim else ends
    return (one.size,) if one.shape[1] == 1 else one.shape
