"""Marking: each line held against the truth and against what the author's own earlier lines give."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.auditing.marking.carry_forward import write
from chainrule.auditing.marking.dependencies import sources
from chainrule.auditing.marking.formulas import judge_arithmetic, judge_formula
from chainrule.auditing.marking.mark import BAD, Adopted, Candidate, Mark
from chainrule.auditing.marking.numbers import mark_numbers
from chainrule.auditing.model.claims import LineClaim, Reader, Reading
from chainrule.auditing.model.effort import Effort, Spent
from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.replay import Wrong
from chainrule.auditing.model.world import (
    FormulaReading,
    NameValues,
    NumbersOnly,
    World,
    other_points,
    read_problem,
    value_of,
)
from chainrule.auditing.records import Verdict
from chainrule.errors import InputError
from chainrule.formula import tree as t
from chainrule.network.names import Notation
from chainrule.sheets.lines import Line

MOST_ADOPTED = 6  # mistakes of one line that later lines are tried with


#: explains a wrong line: the mistakes that reproduce it, best first
Diagnose = Callable[["Pass", Mark], list[Candidate]]


@dataclass(eq=False)
class Pass:
    """One pass over a sheet under one reading.

    Attributes:
        both: numbers may be cut as well as rounded.
        diagnose: explains wrong lines; None only marks.
        exact: the numbers are all there is to them, not rounded ones: arrays of somebody's code.
    """

    problem: Problem
    reading: Reading
    lines: tuple[Line, ...]
    unit: float
    both: bool = False
    diagnose: Diagnose | None = None
    exact: bool = False
    effort: Effort = field(default_factory=Effort)
    marks: list[Mark] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.header = self.problem
        self.problem = read_problem(self.problem, self.reading)
        self.reader = Reader(self.problem, self.reading, self.unit)
        self.truth = World(self.problem, effort=self.effort)
        self.own = World(self.problem, intervals=True, networks=self.truth.networks, effort=self.effort)
        self.printed = World(self.problem, networks=self.truth.networks, effort=self.effort)
        if self.exact:
            self.own = self.printed
        self.names: dict[str, tuple[t.Expr | None, Any]] = {}
        self.claimed: dict[Any, Any] = {}
        self.adopted: list[Adopted] = []
        self.looped: dict[str, World] = {}
        self.writers: dict[tuple[Node, int], list[Mark]] = {}

    @cached_property
    def notation(self) -> Notation:
        """The notation of most lines."""
        delta = sum(line.notation == "delta" for line in self.lines)
        return "delta" if 2 * delta > len(self.lines) else "textbook"

    @cached_property
    def given(self) -> frozenset[float]:
        """Sizes of the header's numbers: where one stands in a formula it is exact."""
        return given_numbers(self.problem)

    @cached_property
    def points(self) -> list[World]:
        """Other numbers for the same network, at which formulas are judged."""
        return [World(p, effort=self.effort) for p in other_points(self.problem)]

    def run(self, claims: Iterable[LineClaim] | None = None) -> Pass:
        """Mark every line; or claims that come from elsewhere."""
        for claim in self.reader.claims(self.lines) if claims is None else claims:
            mark = Mark(claim)
            self.marks.append(mark)
            try:
                self._mark(mark)
            except InputError as error:
                mark.verdict, mark.why = "unreadable", f"{error.quantity}: expected {error.expected}; got {error.got}"
            except (RecursionError, ArithmeticError):
                mark.verdict, mark.why = "unreadable", "its numbers are too large to be computed"
        self._count()
        return self

    def _count(self) -> None:
        """Of several mistakes that explain a root, the one by which later lines follow comes first."""
        for root in {a.mark for a in self.adopted}:
            votes = [m.via for m in self.marks if m.root is root and m.via is not None and m.verdict in BAD]
            root.candidates.sort(key=lambda c: -sum(v is c for v in votes))

    # ------------------------------------------------------------ one line

    def _mark(self, mark: Mark) -> None:
        claim = mark.claim
        if claim.line.blank:
            mark.why = "not filled in yet"
            return
        if claim.error:
            mark.verdict, mark.why = "unreadable", claim.error
            return
        if claim.place is not None:
            self.truth.whole(claim.place)  # what cannot be computed is not marked: too many updates
        target = self.target(mark)
        if target is None:
            mark.why = "a name of your own with a number alone: there is nothing to hold it against"
            write(self, mark)
            return
        if claim.numbers is not None:
            mark_numbers(self, mark, target)
        self._mark_parts(mark, target)
        self._combine(mark)
        if mark.verdict == "wrong" and self.diagnose is not None:
            try:
                with self.effort.explaining():
                    mark.candidates = self.diagnose(self, mark)
            except Spent:
                mark.unexplained = True
            for c in mark.candidates[:MOST_ADOPTED]:
                if c.wrong is not None and not _settled(mark, c.wrong):
                    self.adopted.append(Adopted(c.wrong, mark, c))
        write(self, mark)

    def target(self, mark: Mark) -> Callable[[World, bool], Any] | None:
        """What the line's value should be in a world; the flag asks for the author's own numbers."""
        claim = mark.claim
        if claim.place is not None:
            place = claim.place
            return lambda world, own: world.value(place, computed=own)
        tree = self.definition(claim)
        if tree is None:
            return None
        return lambda world, own: self._defined(tree, world, own)

    def _defined(self, tree: t.Expr, world: World, own: bool) -> Any:
        """The value of a formula for a name of the author's; what has no formula is worth its number."""
        try:
            return value_of(tree, self.lookup(world, numeric=own))
        except NumbersOnly:
            return value_of(tree, self.lookup(world, numeric=True))

    def definition(self, claim: LineClaim) -> t.Expr | None:
        """The formula by which a line's subject is known: of a name of the author's, or the subject itself."""
        if claim.own in self.names and self.names[claim.own][0] is not None:
            return self.names[claim.own][0]
        candidates = [*claim.formulas, *claim.arithmetic]
        return candidates[0].tree if candidates else None

    def lookup(self, world: World, numeric: bool = False, way: FormulaReading | None = None) -> NameValues:
        """The names of this sheet in a world."""
        return NameValues(
            world, self.reader, self.names, numeric, way or FormulaReading(), self.claimed if numeric else {}
        )

    # ------------------------------------------------------------ formulas

    def _mark_parts(self, mark: Mark, target: Callable[[World, bool], Any]) -> None:
        claim = mark.claim
        defining = self.definition(claim) if claim.place is None else None
        for part in claim.formulas:
            if part.tree is not defining:
                mark.formulas.append(judge_formula(self, mark, part, lambda world: target(world, False)))
        for part in claim.arithmetic:
            if part.tree is not defining or claim.numbers is not None:
                mark.formulas.append(judge_arithmetic(self, mark, part))

    def _combine(self, mark: Mark) -> None:
        verdict: Verdict = mark.value_verdict or "right"
        states = [f.verdict for f in mark.formulas]
        if mark.value_verdict is None and not mark.formulas:
            verdict = "undecided" if mark.claim.own == "" else "right"
        elif "wrong" in states:
            verdict = "wrong"
        elif mark.value_verdict is None:
            verdict = "undecided" if "undecided" in states and "right" not in states else "right"
        elif mark.value_verdict == "wrong" and self._by_formula(mark):
            verdict = mark.value_verdict = "follows"
            bad = sources(self, mark)
            mark.root = mark.root or (bad[0] if bad else None)
        mark.verdict = verdict

    def _by_formula(self, mark: Mark) -> bool:
        """The number is what the line's own right formula gives with the author's earlier numbers."""
        if mark.numbers is None or mark.place is None or not any(m.verdict in BAD for m in self.marks):
            return False
        for judged in mark.formulas:
            if judged.kind != "formula" or judged.verdict != "right":
                continue
            names = self.lookup(self.printed, numeric=True)
            try:
                value = np.asarray(value_of(judged.tree, names), float)
            except (InputError, NumbersOnly):
                continue
            if value.size == mark.numbers.value.size:
                gap = np.abs(value.reshape(mark.numbers.value.shape) - mark.numbers.value)
                if (gap <= mark.numbers.unit * 1.5).all():
                    return True
        return False


def given_numbers(problem: Problem) -> frozenset[float]:
    """Sizes of the numbers in the header: where one stands in a formula it is exact."""
    arrays = [*problem.network.weights, *problem.network.biases, problem.x, problem.y]
    return frozenset(float(abs(v)) for array in arrays for v in np.ravel(array)) | {abs(problem.rate)}


def _settled(mark: Mark, wrong: Wrong) -> bool:
    """Whether the line itself writes all that the mistake touches, so that nothing of it is left to carry."""
    place = mark.place
    if place is None or place.node is None:
        return True
    return place.node[:2] == (wrong.kind, wrong.layer) and not place.index
