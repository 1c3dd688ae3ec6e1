"""The state of marking a sheet: its problem, the author's worlds so far, and what the lines up to here have said."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.auditing.marking.loss_parts import part_of_loss
from chainrule.auditing.marking.mark import Adopted, Mark
from chainrule.auditing.model.claims import LineClaim, Reader, Reading
from chainrule.auditing.model.effort import Effort
from chainrule.auditing.model.other_numbers import at_other_numbers, read_problem
from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.world import (
    FormulaReading,
    NameValues,
    NumbersOnly,
    World,
    value_of,
)
from chainrule.errors import InputError
from chainrule.formula import tree as t
from chainrule.network.names import Notation, Quantity
from chainrule.sheets.lines import Line


@dataclass(eq=False)
class SheetState:
    """A sheet while it is marked under one reading.

    Attributes:
        header: the problem as the header has it. problem: as the reading has it.
        both: numbers may be cut as well as rounded.
        exact: the numbers are all there is to them, not rounded ones: arrays of somebody's code.
        operands: numbers that stand in arithmetic are held against the names that they stand for.
        truth: the right values. own: what the author's lines so far give, as intervals; printed: as numbers.
        marks: of the lines so far.
        names: the author's own names -> a formula, or None, and the number written.
        definitions: quantity -> the formulas in the author's own names that lines have given for it.
        claimed: derivative of one unit by another -> the value written.
        adopted: mistakes that the author may have gone on with.
        writers: (node, updates) -> lines that write it.
        kept: worlds after many updates with a mistake in each, by the mistake's id.
        turns: the state before each line from which on the sheet is about new parameters or a further example.
        turned_at: marks before the last of them. updates: made before it, since the header.
        further: the sheet has gone on to a further example. example: its number, where it has one.
        views: id of a line -> the state that its mark was made in, where that is another.
        examples: of a batch, the sheet about each example alone, as far as lines are.
        parameters: those that lines are about, once they have been looked for.
        as_mended: (marks so far, the author's world with what is off in it as it should be).
        is_sound: no line that writes a quantity is wrong or follows from one that is.
        is_explained: no line is wrong whose mistake has not been looked for.
        spent: effort that marking took.
    """

    header: Problem
    reading: Reading
    lines: tuple[Line, ...]
    unit: float
    both: bool = False
    exact: bool = False
    operands: bool = True
    effort: Effort = field(default_factory=Effort)
    marks: list[Mark] = field(default_factory=list, init=False)
    names: dict[str, tuple[t.Expr | None, Any]] = field(default_factory=dict, init=False)
    definitions: dict[t.Symbol, list[t.Expr]] = field(default_factory=dict, init=False)
    claimed: dict[Any, Any] = field(default_factory=dict, init=False)
    adopted: list[Adopted] = field(default_factory=list, init=False)
    writers: dict[tuple[Node, int], list[Mark]] = field(default_factory=dict, init=False)
    kept: dict[str, World] = field(default_factory=dict, init=False)
    turns: list[SheetState] = field(default_factory=list, init=False)
    turned_at: int = field(default=0, init=False)
    updates: int = field(default=0, init=False)
    further: bool = field(default=False, init=False)
    example: int = field(default=0, init=False)
    views: dict[int, SheetState] = field(default_factory=dict, init=False)
    examples: dict[int, SheetState] = field(default_factory=dict, init=False)
    parameters: set[Quantity] | None = field(default=None, init=False)
    as_mended: tuple[int, World | None] | None = field(default=None, init=False)
    is_sound: bool = field(default=True, init=False)
    is_explained: bool = field(default=True, init=False)
    spent: float = field(default=0.0, init=False)

    def __post_init__(self) -> None:
        problem = read_problem(self.header, self.reading)
        self.reader = Reader(problem, self.reading, self.unit)
        self.be_about(problem)

    def be_about(self, problem: Problem) -> None:
        """Take a problem of which the author has said nothing yet."""
        self.problem = self.reader.problem = problem
        self.truth = World.of(self.problem, self.effort)
        self.printed = World(self.problem, networks=self.truth.networks, effort=self.effort)
        self.own = self.printed
        self.as_mended = None
        if not self.exact:
            self.own = World(self.problem, intervals=True, networks=self.truth.networks, effort=self.effort)

    @property
    def recent(self) -> list[Mark]:
        """The marks since the sheet has gone on to new parameters or to a further example."""
        return self.marks[self.turned_at :] if self.turned_at else self.marks

    def view(self, mark: Mark) -> SheetState:
        """The state that a mark was made in."""
        found = self.views.get(id(mark.claim.line), self)
        if found is not self:
            found.marks = self.marks
        return found

    @cached_property
    def notation(self) -> Notation:
        """The notation of most lines."""
        delta = sum(line.notation == "delta" for line in self.lines)
        return "delta" if 2 * delta > len(self.lines) else "textbook"

    @cached_property
    def given(self) -> frozenset[float]:
        """Sizes of the header's numbers: where one stands in a formula it is exact."""
        network, problem = self.header.network, self.problem
        arrays = [*network.weights, *network.biases, self.header.x, self.header.y, problem.x, problem.y]
        return frozenset(float(abs(v)) for array in arrays for v in np.ravel(array)) | {abs(problem.rate)}

    @cached_property
    def digits(self) -> dict[float, float]:
        """Sizes of numbers -> the unit of the last digit in which the sheet has them: 0 of what is given."""
        return dict.fromkeys(self.given, 0.0)

    @cached_property
    def worlds(self) -> list[World]:
        """The truth, and the same network at other numbers: where formulas are judged."""
        return [self.truth, *(World.of(p, self.effort) for p in at_other_numbers(self.problem))]

    @cached_property
    def more_worlds(self) -> list[World]:
        """More other numbers: slopes of two layers are as often alike at a few."""
        return [World.of(p, self.effort) for p in at_other_numbers(self.problem, count=8, seed=21)]

    def lookup(self, world: World, numeric: bool = False, way: FormulaReading | None = None) -> NameValues:
        """The names of this sheet in a world."""
        claimed = self.claimed if numeric else {}
        way = way or FormulaReading()
        return NameValues(world, self.reader, self.names, numeric, way, claimed, definitions=self.definitions)

    def lines_of(self, node: Node, time: int) -> list[Mark]:
        """The lines that write a node after so many updates, to read and to add to; 0 and 1 share a replay."""
        return self.writers.setdefault((node, time if time > 1 else 0), [])

    def definition(self, claim: LineClaim) -> t.Expr | None:
        """The formula by which a line's subject is known: of a name of the author's, or the subject itself.

        A part of the loss is known by the loss.
        """
        known, _ = self.names.get(claim.own, (None, None))
        if known is not None:
            return known
        worlds = (self.lookup(self.truth), self.lookup(self.printed, numeric=True)) if claim.own else ()
        if worlds and (part := part_of_loss(self.problem, claim, worlds)) is not None:
            return part
        return next((part.tree for part in (*claim.formulas, *claim.arithmetic)), None)

    def due(self, claim: LineClaim, world: World) -> Any:
        """What a line's value should be in a world.

        Raises:
            NumbersOnly: a name of the author's that has a number alone.
        """
        if claim.place is not None:
            return world.value(claim.place)
        tree = self.definition(claim)
        if tree is None:
            raise NumbersOnly
        try:
            return value_of(tree, self.lookup(world))
        except NumbersOnly:  # what has no formula is worth its number
            return value_of(tree, self.lookup(world, numeric=True))
        except InputError:  # vectors as rows, and matrices the other way
            return value_of(tree, self.lookup(world, way=FormulaReading(rows=True, flipped=True)))
