"""All derivatives of one variable in one table: for each node its value, and the derivative by it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from chainrule.explanation.graph.picture import Spot, picture
from chainrule.explanation.printed import value_math
from chainrule.formula.printing import number_text, symbol_latex
from chainrule.render.blocks import Block, Heading, Line, Math, Paragraph, Table, line
from chainrule.render.document import Document, Rendered
from chainrule.render.look import drawing
from chainrule.render.writers.text import TextWriter

TOO_LARGE = "beyond 1.8e308"
MOST_DRAWN = 60  # nodes of a picture within a page

Numbers = float | list[Any] | None  # a number, a vector or rows of a matrix; None where it is not known or not defined


@dataclass(frozen=True)
class GraphNode:
    """A node of a graph.

    Attributes:
        name: of its variable; "" for an operation within a formula.
        formula: what it is made from, in the variables of the graph; "" for an input.
        operation: the last one of its formula, as a picture shows it.
        uses: the nodes it is made from, by their places among all.
        value: of the forward pass.
        gradient: the derivative of the graph's result by it; in symbols ``gradient_formula`` where that is short.
        note: why a number is not there.
    """

    name: str
    formula: str
    operation: str
    uses: tuple[int, ...]
    value: Numbers
    gradient: Numbers
    gradient_formula: str = ""
    note: str = ""

    @property
    def shown(self) -> str:
        """The node as a line of the table names it."""
        return f"{self.name} = {self.formula}" if self.name and self.formula else self.name or self.formula


@dataclass(frozen=True)
class GraphGradients(Rendered):
    """The derivatives of one variable by every node below it.

    Attributes:
        of: the variable.
        nodes: each after those it uses; the last is the variable itself.
        kinks: where a derivative is taken by convention, in words.

    >>> found = cr.Graph("x = -2; y = 5; z = -4; q = x + y; f = q*z").gradients("f")
    >>> [(node.name, node.value, node.gradient) for node in found.nodes]
    [('x', -2.0, -4.0), ('y', 5.0, -4.0), ('q', 3.0, -4.0), ('z', -4.0, 3.0), ('f', -12.0, 1.0)]
    """

    of: str
    nodes: tuple[GraphNode, ...]
    kinks: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    def to_svg(self) -> str:
        """The graph as a picture: layers from left to right, values above the nodes and gradients below.

        Raises:
            InputError: more nodes than a picture can show.
        """
        spots = [
            Spot(node.name, node.operation, _brief(node.value), _brief(node.gradient), node.uses) for node in self.nodes
        ]
        return picture(f"The graph of {self.of}", ("value", f"d{self.of}/d(node)"), spots)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is not defined, and what is taken by convention."""
        return (*dict.fromkeys(node.note for node in self.nodes if node.note), *self.kinks)

    def cells(self) -> list[tuple[str, ...]]:
        """The rows of the table as text."""
        return [tuple(TextWriter().line(cell) for cell in _row(node)) for node in self.nodes]

    def document(self) -> Document:
        """The table, and what is not defined or taken by convention."""
        blocks: list[Block] = [Heading(1, line("The derivatives of ", _math(self.of)))]
        header = (line("node"), line("value"), line(f"d{self.of}/d(node)"))
        blocks.append(Table(header, tuple(map(_row, self.nodes))))
        blocks += [Paragraph(line(note)) for note in self.notes]
        return Document(tuple(blocks))

    def to_html(self) -> str:
        """A self-contained page, with the picture where the graph is not too large."""
        return self._with_picture().to_html()

    def _repr_html_(self) -> str:
        return self._with_picture().to_html(fragment=True)

    def _with_picture(self) -> Document:
        parts = self.document().blocks
        if len(self.nodes) > MOST_DRAWN:
            return Document(parts)
        words = f"The graph of {self.of}: {len(self.nodes)} nodes with their values and the derivatives by them"
        return Document((*parts, drawing(self.to_svg(), words, wide=True)))


def _row(node: GraphNode) -> tuple[Line, ...]:
    return (line(node.shown), _cell(node.value, ""), _cell(node.gradient, node.gradient_formula or "not defined"))


def _cell(value: Numbers, otherwise: str) -> Line:
    if value is None:
        return line(otherwise)
    if isinstance(value, float):
        return line(number_text(value, 6) if math.isfinite(value) else TOO_LARGE)
    return line(value_math(np.array(value, dtype=float)))


def _brief(value: Numbers) -> str:
    """A number as a picture shows it."""
    if value is None:
        return ""
    if isinstance(value, float):
        return number_text(value, 4) if math.isfinite(value) else TOO_LARGE
    return _rows(value)


def _rows(value: Sequence[Any]) -> str:
    written = [_rows(part) if isinstance(part, list) else number_text(part, 3) for part in value[:4]]
    return f"[{', '.join(written)}{', …' if len(value) > 4 else ''}]"


def _math(name: str) -> Math:
    return Math(name, symbol_latex(name, "textbook"))
