"""The records of the chain rule in a graph of formulas: edges, paths, and their sum."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from chainrule.explanation.printed import PRODUCT, value_math, value_text
from chainrule.formula.printing import number_text, symbol_latex
from chainrule.render.blocks import Block, DisplayFormula, Heading, Math, Paragraph, line
from chainrule.render.document import Document, Rendered

MOST_SHOWN = 12  # formulas, values, or variables of a path that are printed
BEYOND = Math("a number above 1.8e308", r"\text{a number above } 1.8 \cdot 10^{308}")


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
        kinks: where a derivative is taken by convention, in words.
        notes: how large a number is that no double holds.
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
    kinks: tuple[str, ...] = ()
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
    at = some([f"{n} = {_given(v)}" for n, v in g.at.items()], ", ")
    blocks: list[Block] = [
        Heading(1, line("The chain rule for ", name)),
        Paragraph(line(some(g.formulas, "; ") + (f"; at {at}" if at else "") + ".")),
    ]
    made = {formula.partition(" = ")[0] for formula in g.formulas}
    shown = [f"{n} = {number_text(v, 6)}" for n, v in g.values.items() if n in made and math.isfinite(v)]
    if shown:
        blocks.append(Paragraph(line(f"There: {some(shown, ', ')}.")))
    listed = (
        "" if g.count == len(g.paths) else f", the {'first' if g.value is None else 'largest'} {len(g.paths)} of them"
    )
    blocks.append(Heading(2, line(f"{g.count:,} {'path' if g.count == 1 else 'paths'}{listed}")))
    for number, path in enumerate(g.paths, 1):
        blocks += [Paragraph(line(f"{number}. " + some(path.nodes, " → "))), *_of_path(path)]
    blocks.append(Heading(2, line("Their sum")))
    written = [Math(g.formula, g.latex)] if g.formula else []
    if written or g.value is not None:
        blocks.append(_formula(name, written, g.value))
    else:
        blocks.append(Paragraph(line("As a formula it is long, and not written here.")))
    notes = (*g.notes, *g.kinks) if g.numerical is not None else g.notes
    blocks += [Paragraph(line(note)) for note in notes]
    if g.value is not None:
        words = line("Numerical differentiation finds no step that works here.")
        if g.numerical is not None:
            found, ours = value_math(g.numerical, 9), value_math(g.value, 9)
            words = line("By numerical differentiation: ", found, "; by the paths: ", ours, ".")
        elif g.kinks:
            words = line(" ".join((*g.kinks, "Numerical differentiation is no check at a kink.")))
        blocks += [Heading(2, line("Check")), Paragraph(words)]
    return Document(tuple(blocks))


def _given(value: Any) -> str:
    """A number, a vector or a matrix that was given."""
    return number_text(value, 6) if isinstance(value, float) else value_text(np.array(value), 6, whole=False)


def some(words: Sequence[str], between: str) -> str:
    """Words in a row; of many the first and the last."""
    if len(words) <= MOST_SHOWN:
        return between.join(words)
    half = MOST_SHOWN // 2
    return between.join([*words[:half], f"… {len(words) - 2 * half} more", *words[-half:]])


def _of_path(path: GraphPath) -> list[Block]:
    """The edges of a path and its product; of a long one the product alone."""
    blocks: list[Block] = []
    rights = [Math(path.product, path.latex)] if path.product else []
    if len(path.edges) <= MOST_SHOWN:
        for edge in path.edges:
            right = [Math(edge.formula, edge.latex)] if edge.formula else []
            blocks += [_formula(derivative(edge.of, edge.wrt), right, edge.value)] * bool(
                right or edge.value is not None
            )
        names = [derivative(edge.of, edge.wrt) for edge in path.edges[::-1]]
        rights.insert(0, Math("*".join(n.text for n in names), " ".join(n.latex for n in names)))
    if rights or path.value is not None:
        blocks.append(_formula(PRODUCT, rights, path.value))
    return blocks


def derivative(of: str, wrt: str) -> Math:
    """The name of a derivative: ``dz/dx``."""
    top, bottom = symbol_latex(of, "textbook"), symbol_latex(wrt, "textbook")
    return Math(f"d{of}/d{wrt}", rf"\frac{{\partial {top}}}{{\partial {bottom}}}")


def _formula(left: Math, rights: list[Math], value: float | None) -> DisplayFormula:
    """What a name equals, and its number; a right side that is written as the one before is left out."""
    if value is not None:
        rights.append(value_math(value) if math.isfinite(value) else BEYOND)
    distinct = (right for i, right in enumerate(rights) if i == 0 or right.text != rights[i - 1].text)
    return DisplayFormula(left, tuple(distinct))
