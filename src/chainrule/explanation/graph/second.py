"""Second derivatives: the backward pass of a derivative, which is a node like any other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.errors import InputError
from chainrule.explanation.graph import symbolic
from chainrule.explanation.graph.build import Built
from chainrule.explanation.graph.circuit import Circuit
from chainrule.explanation.graph.kinks import candidates, kink_words, met
from chainrule.explanation.graph.numbers import Undefined, as_float, change, numbers, why
from chainrule.explanation.graph.questions import Question
from chainrule.explanation.graph.records import some
from chainrule.explanation.graph.reverse import adjoints
from chainrule.explanation.printed import value_math
from chainrule.formula import latex, text
from chainrule.formula.printing import symbol_latex
from chainrule.render.blocks import Block, DisplayFormula, Heading, Math, Paragraph, line
from chainrule.render.document import Document, Rendered

MOST_ENTRIES = 10_000
MOST_CHECKED = 25


@dataclass(frozen=True, eq=False)
class GraphSecondDerivative(Rendered):
    """A derivative of a derivative: a number, or a block of the Hessian.

    Attributes:
        wrt, then: the variable of the first derivative, and that of the second.
        value: a number; with arrays a row for each entry of ``wrt`` and a column for each of ``then``; None where
            inputs have no values.
        formula: in the inputs, of a number and where it is short.
        numerical: the first derivative, differentiated numerically.
        kinks: where a derivative is taken by convention, in words.
    """

    of: str
    wrt: str
    then: str
    formulas: tuple[str, ...]
    at: Mapping[str, Any]
    value: Any
    formula: str
    latex: str
    numerical: Any
    kinks: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """``d2z/dx^2``, ``d2z/dxdw``."""
        return f"d2{self.of}/d{self.wrt}" + ("^2" if self.wrt == self.then else f"d{self.then}")

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        arrays = {"value": self.value, "numerical": self.numerical}
        plain = {key: one.tolist() if isinstance(one, np.ndarray) else one for key, one in arrays.items()}
        facts = ("of", "wrt", "then", "formulas", "formula", "kinks")
        return {"name": self.name, **{fact: getattr(self, fact) for fact in facts}, "at": dict(self.at), **plain}

    def document(self) -> Document:
        """The formula and the number, or the array."""
        of, wrt, then = (symbol_latex(one, "textbook") for one in (self.of, self.wrt, self.then))
        below = rf"\partial {wrt}^2" if wrt == then else rf"\partial {wrt}\,\partial {then}"
        name = Math(self.name, rf"\frac{{\partial^2 {of}}}{{{below}}}")
        rights = [Math(self.formula, self.latex)] if self.formula else []
        if self.value is not None and value_math(self.value).text != self.formula:
            rights.append(value_math(self.value))
        blocks: list[Block] = [Heading(1, line("The second derivative ", name))]
        blocks.append(Paragraph(line(f"{some(self.formulas, '; ')}.")))
        if rights:
            blocks.append(DisplayFormula(name, tuple(rights)))
        else:
            blocks.append(Paragraph(line("As a formula it is long, and not written here.")))
        blocks += [Paragraph(line(kink)) for kink in self.kinks]
        if self.numerical is not None:
            said = line(f"d{self.of}/d{self.wrt}, differentiated numerically: ", value_math(self.numerical, 9), ".")
            blocks += [Heading(2, line("Check")), Paragraph(said)]
        return Document(tuple(blocks))


def second_derivative(
    made: Circuit, asked: Question, formulas: tuple[str, ...], at: Mapping[str, Any], find: Callable[[str], Built],
    is_numeric: bool,
) -> GraphSecondDerivative:  # fmt: skip
    """The second derivative of a number.

    Raises:
        InputError: of an array, by something that it does not depend on, or one that is not defined.
    """
    nodes, of, wrt, then = made.nodes, asked.of, asked.wrt, asked.then
    name = f"d2{of}/d{wrt}d{then}"
    top, firsts, seconds = (np.array(find(one), dtype=object) for one in (of, wrt, then))
    if top.ndim:
        raise InputError(f"name {name!r}", f"a second derivative of one number, such as {of}_1", "an array")
    if firsts.size * seconds.size > MOST_ENTRIES:
        raise InputError(f"name {name!r}", f"at most {MOST_ENTRIES} entries", str(firsts.size * seconds.size))
    ends = {int(node) for node in seconds.flat}
    once = adjoints(nodes, int(top), {int(node) for node in firsts.flat})
    if not once or not any(int(node) in nodes.below([int(top)]) for node in seconds.flat):
        raise InputError(f"name {name!r}", f"variables that {of} depends on", f"{wrt} and {then}")
    zero = nodes.number(0)
    slopes = [once.get(int(node), zero) for node in firsts.flat]
    twice = [adjoints(nodes, slope, ends) for slope in slopes]
    grid = [[ways.get(int(end), zero) for end in seconds.flat] for ways in twice]
    is_one = not firsts.ndim and not seconds.ndim
    tree = symbolic.formula(nodes, grid[0][0], True) if is_one else None
    written = ("", "") if tree is None else (text(tree), latex(tree))
    if not is_numeric:
        return GraphSecondDerivative(of, wrt, then, formulas, at, None, *written, None)
    possible = candidates(nodes, {*once, *(node for ways in twice for node in ways)})
    parts = [part for one in possible for part in (*nodes.parts[one.node], one.slope)]
    wanted = [node for row in grid for node in row]
    values = numbers(nodes, [int(top), *wanted, *ends, *parts], made.given)
    for node in (int(top), *wanted):
        if isinstance(values[node], Undefined):
            raise InputError(name, "a finite number at these values", why(nodes, values[node]))
    kinks = kink_words(nodes, met(nodes, possible, values), values)
    array = np.array([[as_float(values[node]) for node in row] for row in grid])
    checked = None
    if array.size <= MOST_CHECKED and not kinks:
        steps = [change(nodes, one, int(end), made.given, values[int(end)]) for one in slopes for end in seconds.flat]
        if all(step is not None for step in steps):
            checked = np.array([step[0] for step in steps if step is not None]).reshape(array.shape)
    if is_one:
        number = None if checked is None else float(checked[0, 0])
        return GraphSecondDerivative(of, wrt, then, formulas, at, float(array[0, 0]), *written, number, kinks)
    return GraphSecondDerivative(of, wrt, then, formulas, at, array, "", "", checked, kinks)
