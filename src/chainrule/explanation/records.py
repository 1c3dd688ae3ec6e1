"""The records of an explanation: its steps, its contributions, its check."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np

from chainrule.explanation import printed
from chainrule.explanation.printed import name_math, value_math
from chainrule.formula import latex, text
from chainrule.formula.printing import Mark, number_text, symbol_text
from chainrule.formula.tree import Expr, Symbol, is_matrix
from chainrule.network.names import Derivative, Name, Notation
from chainrule.network.network import Network
from chainrule.render.blocks import Block, DisplayFormula, Heading, Line, Math, Paragraph, Table, line
from chainrule.render.document import Document, Rendered

MOST_CONTRIBUTIONS = 10  # shown


@dataclass(frozen=True, eq=False)
class Step:
    """One step: a quantity by an equation.

    Attributes:
        equation: the equation's id.
        title: what the step does, in words.
        stage: the part of the way it belongs to, as the notes say it ("Talk to the output layer").
        quantity: what it gives.
        value: a float; a vector (m,); a matrix. In delta notation the matrix of w^l, transposed.
        note: a declared shortcut, a convention at a kink, what a long sum leaves out.
    """

    equation: str
    title: str
    stage: str
    quantity: Symbol
    tree: Expr
    values: dict[Symbol, Any] = field(repr=False)
    value: Any
    notation: Notation
    full: bool
    note: str = ""

    @property
    def name(self) -> str:
        """The quantity as text."""
        return symbol_text(self.quantity, self.notation)

    @property
    def symbolic(self) -> str:
        """The right side with names: ``dL/da_21*h_12``."""
        return text(self.tree, self.notation, whole=self.full)

    @property
    def substituted(self) -> str:
        """The right side with this network's numbers; computed as it stands it gives ``value`` as it is printed."""
        return text(self.tree, self.notation, self.values.__getitem__, self._digits, self._is_whole)

    @property
    def result(self) -> str:
        """The value as printed."""
        return self._result.text

    @cached_property
    def _digits(self) -> int:
        return printed.line_digits(self.tree, self.values, self.value)

    @cached_property
    def _is_whole(self) -> bool:
        """Whether its arrays are printed whole."""
        return self.full or printed.entries(self.tree, self.values) <= printed.MOST_ENTRIES

    @property
    def _result(self) -> Math:
        return self._value_math(None)

    def _value_math(self, mark: Mark | None) -> Math:
        whole = self._is_whole and np.size(self.value) <= printed.MOST_ENTRIES
        return value_math(self.value, whole=whole, mark=mark)

    @property
    def formula(self) -> DisplayFormula:
        """Its line with names, the line with numbers, and the value, under its title."""
        return self.written()

    def written(self, mark: Mark | None = None) -> DisplayFormula:
        """The same, with every name and every number in LaTeX as ``mark`` writes them."""
        symbolic = Math(self.symbolic, latex(self.tree, self.notation, whole=self.full, mark=mark))
        tex = latex(self.tree, self.notation, self.values.__getitem__, self._digits, self._is_whole, mark)
        of_value = None if mark is None else lambda _, index, tex: mark(self.quantity, self._entry(index), tex)
        rights = [symbolic, Math(self.substituted, tex), self._value_math(of_value)]
        if rights[2].text in (rights[0].text, rights[1].text):
            del rights[1]
        title = f"{self.title} · {self.equation}"
        return DisplayFormula(name_math(self.quantity, self.notation, mark), tuple(rights), title, self.note)

    def _entry(self, index: tuple[int, ...]) -> tuple[int, ...]:
        """The index of an entry of the value: in delta notation that of a matrix is turned."""
        return index[::-1] if self.notation == "delta" and is_matrix(self.quantity) else index

    def to_dict(self) -> dict[str, Any]:
        """Plain data: the equation, the formula with names and with numbers, the value."""
        names = ("equation", "title", "stage", "name", "symbolic", "substituted", "value", "note")
        return {name: printed.plain(getattr(self, name)) for name in names}


@dataclass(frozen=True)
class Contribution:
    """What one example of a batch adds to a derivative (or to the loss). ``example`` counts from 1."""

    example: int
    value: float


@dataclass(frozen=True)
class Check:
    """The value beside the one by numerical differentiation, at ``entry``: of an array the entry that differs most."""

    value: float
    numerical: float
    entry: str
    tolerance: float

    @property
    def ok(self) -> bool:
        """Whether they agree within the tolerance, relative, or are both 0 to rounding."""
        return self.relative_error <= self.tolerance or max(abs(self.value), abs(self.numerical)) < 1e-12

    @property
    def relative_error(self) -> float:
        """|value - numerical| over the larger of the two."""
        size = max(abs(self.value), abs(self.numerical))
        return abs(self.value - self.numerical) / size if size else 0.0


@dataclass(frozen=True, eq=False)
class Explanation(Rendered):
    """Where one quantity comes from.

    Attributes:
        quantity: what was asked; ``name`` is it as text.
        value: as ``Backward[name]`` gives it, of the whole batch.
        steps: in the notes' order, from the output layer back to what was asked; of one example.
        given: values of the forward pass that the steps use.
        contributions: for a batch, of each example, largest first; empty for one example.
        example: the example of the batch that the steps explain, counted from 1; None for one example.
        coefficient: of that example in the batch's loss; the steps have it in them.
        check: beside numerical differentiation; None for a forward value.
        shortcut: the declared pair used for grad a_L, in words, or "".

    >>> net = cr.Network([[[2.0]]], [[1.0]], output="identity", loss="half_squared_error")
    >>> found = cr.explain(net, [3.0], [5.0], "dL/db_1")
    >>> found.name, found.value, [step.equation for step in found.steps]
    ('dL/db_1', array([2.]), ['backward.loss', 'backward.slope', 'backward.out', 'backward.bias'])
    >>> print(str(found).splitlines()[0])
    Where dL/db_1 comes from
    """

    network: Network
    quantity: Name
    value: Any
    steps: tuple[Step, ...]
    given: tuple[tuple[Name, Any], ...]
    notation: Notation
    contributions: tuple[Contribution, ...] = ()
    example: int | None = None
    coefficient: float = 1.0
    check: Check | None = None
    shortcut: str = ""
    full: bool = False

    @property
    def name(self) -> str:
        """What was asked, as text."""
        return symbol_text(self.quantity, self.notation)

    def to_dict(self) -> dict[str, Any]:
        """Plain data: names, formulas as text, numbers."""
        check = self.check
        return {
            "quantity": self.name,
            "notation": self.notation,
            "value": printed.plain(self.value),
            "network": repr(self.network),
            "shortcut": self.shortcut,
            "example": self.example,
            "coefficient": self.coefficient,
            "given": {symbol_text(n, self.notation): printed.plain(v) for n, v in self.given},
            "steps": [step.to_dict() for step in self.steps],
            "contributions": [asdict(c) for c in self.contributions],
            "check": check and {"entry": check.entry, "value": check.value, "numerical": check.numerical},
        }

    def document(self, mark: Mark | None = None) -> Document:
        """The explanation in the notes' order, from the output layer back; ``mark`` as in ``Step.written``."""
        return _document(self, mark)


def stage_blocks(steps: Iterable[Step], mark: Mark | None = None) -> Iterator[Block]:
    """The formulas of steps, each stage under its heading."""
    for stage, of_stage in groupby(steps, lambda step: step.stage):
        yield Heading(2, line(stage))
        yield from (step.written(mark) for step in of_stage)


def _document(e: Explanation, mark: Mark | None) -> Document:
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
    blocks += stage_blocks(e.steps, mark)
    if e.check is not None:
        blocks += _check(e)
    if e.example is not None and np.ndim(e.value) and _is_summed(e):
        blocks.append(Heading(2, line("Over the batch")))
        whole = e.full or np.size(e.value) <= printed.MOST_ENTRIES
        blocks.append(DisplayFormula(name, (value_math(e.value, whole=whole),)))
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
