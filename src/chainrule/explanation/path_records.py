"""The records of paths: each path with its factors, and what they add up to."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from chainrule.explanation import printed
from chainrule.explanation.printed import PRODUCT, name_math, value_math
from chainrule.formula.printing import number_text, symbol_text
from chainrule.network import names
from chainrule.network.names import Derivative, Notation, Quantity
from chainrule.network.network import Network
from chainrule.render.blocks import Block, Bullets, DisplayFormula, Heading, Line, Math, Paragraph, line
from chainrule.render.document import Document, Rendered


@dataclass(frozen=True)
class Path:
    """One path.

    Attributes:
        quantities: from the one asked to the loss: W_131, a_13, h_13, …, L.
        factors: the derivative along each edge, one less than the quantities.
        product: of the factors.
    """

    quantities: tuple[Quantity, ...]
    factors: tuple[float, ...]
    product: float
    notation: Notation

    @property
    def nodes(self) -> tuple[str, ...]:
        """The quantities as text: ``W_131``, ``a_13``, ``h_13``, …, ``L``."""
        return tuple(symbol_text(q, self.notation) for q in self.quantities)

    @property
    def slopes(self) -> tuple[Derivative, ...]:
        """The derivatives along the edges: da_13/dW_131, …"""
        return tuple(Derivative(after, before) for before, after in pairwise(self.quantities))

    @property
    def edges(self) -> tuple[str, ...]:
        """The derivatives along the edges as text: ``da_13/dW_131``, …"""
        return tuple(symbol_text(slope, self.notation) for slope in self.slopes)


@dataclass(frozen=True, eq=False)
class Paths(Rendered):
    """All the paths from a quantity to the loss.

    Attributes:
        total: the sum of all products: the gradient.
        count: how many paths there are, exactly.
        alive: how many have no factor 0.
        absolute: the sum of the absolute products.
        paths: the largest by absolute product.
        direct: the output and the loss are taken as one edge (by their declared pair).
    """

    network: Network
    quantity: Derivative
    total: float
    count: int
    alive: int
    absolute: float
    paths: tuple[Path, ...]
    notation: Notation
    direct: bool

    @property
    def share(self) -> float:
        """The part of the absolute sum that the listed paths carry, from 0 to 1."""
        return sum(abs(p.product) for p in self.paths) / self.absolute if self.absolute else 1.0

    @property
    def cancellation(self) -> float:
        """|sum of paths| / sum of |paths|: 1 when all pull one way, near 0 when they cancel."""
        return abs(self.total) / self.absolute if self.absolute else 1.0

    @property
    def name(self) -> str:
        """What was asked, as text."""
        return symbol_text(self.quantity, self.notation)

    def to_dict(self) -> dict[str, Any]:
        """Plain data; counts of any size are whole numbers."""
        listed = [{"nodes": p.nodes, "edges": p.edges, "factors": p.factors, "product": p.product} for p in self.paths]
        facts = ("total", "count", "alive", "absolute", "share", "cancellation", "direct")
        return {"quantity": self.name, **{fact: getattr(self, fact) for fact in facts}, "paths": listed}

    def document(self) -> Document:
        """What the paths add up to, and the largest of them."""
        return _document(self)


def _document(p: Paths) -> Document:
    name = name_math(p.quantity, p.notation)
    net = p.network
    blocks: list[Block] = [Heading(1, line("The paths of ", name))]
    blocks.append(Paragraph(line(f"Network {'-'.join(map(str, net.sizes))}; output: {net.output}; loss: {net.loss}.")))
    dead = p.count - p.alive
    leads = f"{p.count:,} {'path leads' if p.count == 1 else 'paths lead'}"
    facts: list[Line] = [line(f"{leads} to the loss; their sum is ", value_math(p.total))]
    if p.absolute:
        facts.append(line("sum of their absolute products: ", value_math(p.absolute)))
        facts.append(line(f"cancellation |sum| / sum of |paths|: {p.cancellation:.4g}" + _cancels(p.cancellation)))
    if dead == p.count:
        facts.append(line("every path has a factor 0 (a unit that passes nothing on)"))
    elif dead:
        facts.append(line(f"{dead:,} of them with a factor 0 (a unit that passes nothing on) add nothing"))
    if p.direct:
        facts.append(line("output and loss are one edge here, by their declared pair"))
    blocks.append(Bullets(tuple(facts)))
    if p.paths:
        carried = f"{100 * p.share:.3g} % of the absolute sum" if p.absolute else "all of them 0"
        title = f"All {p.count}" if len(p.paths) == p.count else f"The {len(p.paths)} largest: {carried}"
        blocks.append(Heading(2, line(title)))
    for number, path in enumerate(p.paths, 1):
        blocks.append(Paragraph(line(f"{number}. " + " → ".join(path.nodes))))
        blocks.append(_path_equation(path))
    return Document(tuple(blocks))


def _cancels(ratio: float) -> str:
    if ratio > 0.99:
        return " (all pull one way)"
    return " (they nearly cancel)" if ratio < 0.05 else ""


def _path_equation(path: Path) -> DisplayFormula:
    """The product of a path's edges, from the loss down, as the notes write it."""
    digits = printed.product_digits(path.factors, path.product)
    numbers = [number_text(f, digits) for f in path.factors[::-1]]
    slopes = [names.to_latex(slope, path.notation) for slope in path.slopes[::-1]]
    symbolic = Math("*".join(path.edges[::-1]), " ".join(slopes))
    shown = "*".join(f"({n})" if n.startswith("-") and i else n for i, n in enumerate(numbers))
    tex = [_tex_number(n) for n in numbers]
    tex_shown = r" \cdot ".join(rf"\left({n}\right)" if n.startswith("-") and i else n for i, n in enumerate(tex))
    return DisplayFormula(PRODUCT, (symbolic, Math(shown, tex_shown), value_math(path.product)))


def _tex_number(written: str) -> str:
    mantissa, e, exponent = written.partition("e")
    return rf"{mantissa} \cdot 10^{{{exponent}}}" if e else written
