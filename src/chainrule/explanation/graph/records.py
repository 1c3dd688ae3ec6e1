"""The records of the chain rule in a graph of formulas: edges, paths, and their sum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from chainrule.explanation.printed import PRODUCT, value_math
from chainrule.formula.printing import number_text, symbol_latex
from chainrule.render.blocks import Block, DisplayFormula, Heading, Math, Paragraph, line
from chainrule.render.document import Document, Rendered


@dataclass(frozen=True)
class Edge:
    """The local derivative of one variable by another: in symbols, as LaTeX, and its number."""

    of: str
    wrt: str
    formula: str
    latex: str
    value: float | None


@dataclass(frozen=True)
class GraphPath:
    """One path from the variable below to the one above, its product in symbols and as a number."""

    nodes: tuple[str, ...]
    edges: tuple[Edge, ...]
    product: str
    latex: str
    value: float | None


@dataclass(frozen=True)
class GraphDerivative(Rendered):
    """A derivative in a graph: the sum over all paths.

    Attributes:
        formula, latex: the sum in the inputs, or where that is long in the variables of the formulas; "" where that is
            long too and was not asked for.
        value: the number, where the variables have values.
        paths: all in the order of the formulas, or the largest of them.
        count: paths, exactly.
        numerical: the number by numerical differentiation; None where no step works, or at a kink.
        notes: what is taken by convention.
    """

    of: str
    wrt: str
    formulas: tuple[str, ...]
    at: Mapping[str, float]
    values: Mapping[str, float]
    paths: tuple[GraphPath, ...]
    count: int
    formula: str
    latex: str
    value: float | None
    numerical: float | None
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``dz/dx``."""
        return f"d{self.of}/d{self.wrt}"

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)

    def document(self) -> Document:
        """Every path with its edges and its product, and their sum."""
        return _document(self)


def _document(g: GraphDerivative) -> Document:
    name = derivative(g.of, g.wrt)
    at = ", ".join(f"{n} = {number_text(v, 6)}" for n, v in g.at.items())
    blocks: list[Block] = [
        Heading(1, line("The chain rule for ", name)),
        Paragraph(line("; ".join(g.formulas) + (f"; at {at}" if at else "") + ".")),
    ]
    if g.values:
        shown = ", ".join(f"{n} = {number_text(v, 6)}" for n, v in g.values.items() if n not in g.at)
        blocks.append(Paragraph(line(f"There: {shown}.")))
    shown = "" if g.count == len(g.paths) else f", the first {len(g.paths)} of them"
    blocks.append(Heading(2, line(f"{g.count:,} {'path' if g.count == 1 else 'paths'}{shown}")))
    for number, path in enumerate(g.paths, 1):
        blocks.append(Paragraph(line(f"{number}. " + " → ".join(path.nodes))))
        blocks += [
            _formula(derivative(edge.of, edge.wrt), [Math(edge.formula, edge.latex)], edge.value) for edge in path.edges
        ]
        names = [derivative(edge.of, edge.wrt) for edge in path.edges[::-1]]
        factors = Math("*".join(n.text for n in names), " ".join(n.latex for n in names))
        blocks.append(_formula(PRODUCT, [factors, Math(path.product, path.latex)], path.value))
    blocks.append(Heading(2, line("Their sum")))
    blocks.append(_formula(name, [Math(g.formula, g.latex)], g.value))
    if g.value is not None:
        words = line("Numerical differentiation finds no step that works here.")
        if g.numerical is not None:
            found, ours = value_math(g.numerical, 9), value_math(g.value, 9)
            words = line("By numerical differentiation: ", found, "; by the paths: ", ours, ".")
        blocks += [Heading(2, line("Check")), Paragraph(words)]
    return Document(tuple(blocks))


def derivative(of: str, wrt: str) -> Math:
    """The name of a derivative: ``dz/dx``."""
    top, bottom = symbol_latex(of, "textbook"), symbol_latex(wrt, "textbook")
    return Math(f"d{of}/d{wrt}", rf"\frac{{\partial {top}}}{{\partial {bottom}}}")


def _formula(left: Math, rights: list[Math], value: float | None) -> DisplayFormula:
    """What a name equals, and its number; a right side that is written as the one before is left out."""
    if value is not None:
        rights.append(value_math(value))
    distinct = (right for i, right in enumerate(rights) if i == 0 or right.text != rights[i - 1].text)
    return DisplayFormula(left, tuple(distinct))
