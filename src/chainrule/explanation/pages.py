"""Explanations, paths and graphs as documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.explanation import printed
from chainrule.explanation.records import Explanation, Step
from chainrule.formula import latex, text
from chainrule.formula.printing import number_text, symbol_latex, symbol_text
from chainrule.formula.tree import Ref, Symbol
from chainrule.network import names
from chainrule.network.names import Derivative, Notation
from chainrule.render.blocks import Block, Bullets, DisplayFormula, Heading, Line, Math, Paragraph, Table, line
from chainrule.render.document import Document

if TYPE_CHECKING:
    from chainrule.explanation.graph import Edge, GraphDerivative
    from chainrule.explanation.paths import Path, Paths

MOST_CONTRIBUTIONS = 10  # shown


def name_math(name: Symbol, notation: Notation) -> Math:
    """A name as a formula."""
    return Math(symbol_text(name, notation), symbol_latex(name, notation))


def value_math(value: Any, digits: int = printed.VALUE_DIGITS, whole: bool = True) -> Math:
    """A value as a formula."""
    tree, lookup = Ref("value"), lambda _: value
    written = text(tree, "textbook", lookup, digits, whole)
    return Math(written, latex(tree, "textbook", lookup, digits, whole))


def step_equation(step: Step) -> DisplayFormula:
    """A step: its symbolic line, the same with numbers, the value."""
    digits, whole = printed.line_digits(step), printed.is_whole(step)
    symbolic = Math(step.symbolic, latex(step.tree, step.notation, whole=step.full))
    numbers = latex(step.tree, step.notation, step.values.__getitem__, digits, whole)
    value = value_math(step.value, whole=whole and np.size(step.value) <= printed.MOST_ENTRIES)
    rights = [symbolic, Math(step.substituted, numbers), value]
    if rights[1].text == value.text or rights[0].text == value.text:
        del rights[1]
    title = f"{step.title} · {step.equation}"
    return DisplayFormula(name_math(step.quantity, step.notation), tuple(rights), title, step.note)


def explanation_page(e: Explanation) -> Document:
    """An explanation, in the notes' order."""
    name = name_math(e.quantity, e.notation)
    blocks: list[Block] = [Heading(1, line("Where ", name, " comes from"))]
    blocks.append(Paragraph(line(_about(e))))
    if e.contributions:
        blocks += _contributions(e, name)
    elif e.example is not None:
        blocks.append(Paragraph(line(_alone(e))))
    if e.given:
        blocks.append(Heading(2, line("From the forward pass")))
        for given, value in e.given:
            whole = e.full or np.size(value) <= 8
            blocks.append(DisplayFormula(name_math(given, e.notation), (value_math(value, whole=whole),)))
    stage = ""
    for step in e.steps:
        if step.stage != stage:
            stage = step.stage
            blocks.append(Heading(2, line(stage)))
        blocks.append(step_equation(step))
    if e.check is not None:
        blocks += _check(e)
    if e.example is not None and np.ndim(e.value) and _is_summed(e):
        blocks.append(Heading(2, line("Over the batch")))
        blocks.append(
            DisplayFormula(name, (value_math(e.value, whole=e.full or np.size(e.value) <= printed.MOST_ENTRIES),))
        )
    return Document(tuple(blocks))


def _about(e: Explanation) -> str:
    net = e.network
    hidden = ", ".join(dict.fromkeys(net.hidden)) or "none"
    about = f"Network {'-'.join(map(str, net.sizes))}; hidden: {hidden}; output: {net.output}; loss: {net.loss}."
    if e.shortcut:
        about += f" Shortcut: {e.shortcut} (the long way is there too)."
    return about


def _is_summed(e: Explanation) -> bool:
    """Whether the examples' derivatives add up to one: dL by a weight or a bias."""
    q = e.quantity
    return isinstance(q, Derivative) and q.of.symbol == "L" and q.wrt.symbol in "Wb"


def _alone(e: Explanation) -> str:
    of_loss = isinstance(e.quantity, Derivative) and e.quantity.of.symbol == "L"
    whole = _is_summed(e) and not e.contributions
    start = "The examples' derivatives are summed over the batch. " if whole else ""
    if not e.contributions and not whole:
        start = "Each example has its own. "
    weight = f", whose coefficient in the batch's {e.network.reduction} is {number_text(e.coefficient, 4)}"
    return f"{start}The steps below are of example {e.example} alone{weight if of_loss or e.contributions else ''}."


def _contributions(e: Explanation, name: Math) -> list[Block]:
    shown = e.contributions if e.full else e.contributions[:MOST_CONTRIBUTIONS]
    size = sum(abs(c.value) for c in e.contributions) or 1.0
    rows: list[tuple[Line, ...]] = [
        (line(str(c.example)), line(value_math(c.value)), line(f"{100 * abs(c.value) / size:.1f} %")) for c in shown
    ]
    left = len(e.contributions) - len(shown)
    if left:
        rest = sum(c.value for c in e.contributions[len(shown) :])
        rows.append((line(f"… {left} more"), line(value_math(rest)), line("")))
    return [
        Heading(2, line("Which examples push it")),
        Paragraph(line(name, " over the batch is the sum of what its examples add to it:")),
        Table((line("example"), line("adds"), line("share of the absolute sum")), tuple(rows)),
        Paragraph(line("They add up to ", value_math(e.value), ". " + _alone(e))),
    ]


def _check(e: Explanation) -> list[Block]:
    assert e.check is not None
    value, numerical = value_math(e.check.value, 10), value_math(e.check.numerical, 10)
    where = f" (at {e.check.entry}, the entry that differs most of those tried)" if np.size(e.value) > 1 else ""
    verdict = "They agree." if e.check.ok else "They differ."
    if not e.check.ok and not e.shortcut:
        verdict += " Next to a probability of 0 or 1 the long way loses digits."
    words = line(f"By numerical differentiation{where}: ", numerical, "; by the steps: ", value, f". {verdict}")
    return [Heading(2, line("Check")), Paragraph(words)]


# ---------------------------------------------------------------- paths


def paths_page(p: Paths) -> Document:
    """The paths of one derivative."""
    name = name_math(p.quantity, p.notation)
    net = p.network
    blocks: list[Block] = [Heading(1, line("The paths of ", name))]
    blocks.append(Paragraph(line(f"Network {'-'.join(map(str, net.sizes))}; output: {net.output}; loss: {net.loss}.")))
    dead = p.count - p.alive
    facts: list[Line] = [
        line(
            f"{p.count:,} {'path leads' if p.count == 1 else 'paths lead'} to the loss; their sum is ",
            value_math(p.total),
        ),
    ]
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
    return DisplayFormula(
        Math("product", r"\text{product}"), (symbolic, Math(shown, tex_shown), value_math(path.product))
    )


def _tex_number(written: str) -> str:
    mantissa, e, exponent = written.partition("e")
    return rf"{mantissa} \cdot 10^{{{exponent}}}" if e else written


# ---------------------------------------------------------------- graphs


def graph_page(g: GraphDerivative) -> Document:
    """A derivative in a graph of formulas."""
    name = Math(g.name, derivative_latex(g.of, g.wrt))
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
        blocks += [_edge_equation(edge) for edge in path.edges]
        factors = "*".join(f"d{e.of}/d{e.wrt}" for e in path.edges[::-1])
        factors_latex = " ".join(derivative_latex(e.of, e.wrt) for e in path.edges[::-1])
        rights = [Math(factors, factors_latex), Math(path.product, path.latex)]
        if path.value is not None:
            rights.append(value_math(path.value))
        blocks.append(DisplayFormula(Math("product", r"\text{product}"), _distinct(rights)))
    blocks.append(Heading(2, line("Their sum")))
    rights = [Math(g.formula, g.latex)]
    if g.value is not None:
        rights.append(value_math(g.value))
    blocks.append(DisplayFormula(name, _distinct(rights)))
    if g.value is not None and g.numerical is None:
        blocks += [
            Heading(2, line("Check")),
            Paragraph(line("Numerical differentiation finds no step that works here.")),
        ]
    if g.value is not None and g.numerical is not None:
        words = line(
            "By numerical differentiation: ", value_math(g.numerical, 9), "; by the paths: ", value_math(g.value, 9)
        )
        blocks += [Heading(2, line("Check")), Paragraph((*words, "."))]
    return Document(tuple(blocks))


def derivative_latex(of: str, wrt: str) -> str:
    """dz/dx as LaTeX."""
    top, bottom = symbol_latex(of, "textbook"), symbol_latex(wrt, "textbook")
    return rf"\frac{{\partial {top}}}{{\partial {bottom}}}"


def _edge_equation(edge: Edge) -> DisplayFormula:
    rights = [Math(edge.formula, edge.latex)]
    if edge.value is not None:
        rights.append(value_math(edge.value))
    return DisplayFormula(Math(f"d{edge.of}/d{edge.wrt}", derivative_latex(edge.of, edge.wrt)), _distinct(rights))


def _distinct(rights: list[Math]) -> tuple[Math, ...]:
    return tuple(right for i, right in enumerate(rights) if i == 0 or right.text != rights[i - 1].text)
