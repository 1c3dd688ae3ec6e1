"""Marking: each line held against the truth and against what the author's own earlier lines give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.activations import Array
from chainrule.auditing.claims import Claim, Place, Reader, Reading
from chainrule.auditing.formulas import judge_arithmetic, judge_formula
from chainrule.auditing.interval import Interval
from chainrule.auditing.lookup import Names, NumbersOnly, World, other_points, read_problem, value_of
from chainrule.auditing.marks import Adopted, Candidate, Mark, fitted
from chainrule.auditing.problem import Node, Problem, parents
from chainrule.auditing.records import Verdict
from chainrule.auditing.replay import Wrong
from chainrule.errors import InputError
from chainrule.formula import tree as t
from chainrule.formula.sheet import Line
from chainrule.notation import Notation

BAD = ("wrong", "follows")
LAST_DIGIT = 0.02  # by how much a last digit that is one off may change a number
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
    marks: list[Mark] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.header = self.problem
        self.problem = read_problem(self.problem, self.reading)
        self.reader = Reader(self.problem, self.reading, self.unit)
        self.truth = World(self.problem)
        self.own = World(self.problem, intervals=True, networks=self.truth.networks)
        self.printed = World(self.problem, networks=self.truth.networks)
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
        return [World(p) for p in other_points(self.problem)]

    def run(self, claims: Iterable[Claim] | None = None) -> Pass:
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
        if claim.error:
            mark.verdict, mark.why = "unreadable", claim.error
            return
        target = self.target(mark)
        if target is None:
            mark.why = "a name of your own with a number alone: there is nothing to hold it against"
            self._write(mark)
            return
        if claim.numbers is not None:
            self._mark_numbers(mark, target)
        self._mark_parts(mark, target)
        self._combine(mark)
        if mark.verdict == "wrong" and self.diagnose is not None:
            mark.candidates = self.diagnose(self, mark)
            for c in mark.candidates[:MOST_ADOPTED]:
                if c.wrong is not None and not _settled(mark, c.wrong):
                    self.adopted.append(Adopted(c.wrong, mark, c))
        self._write(mark)

    def target(self, mark: Mark) -> Callable[[World, bool], Any] | None:
        """What the line's value should be in a world; the flag asks for the author's own numbers."""
        claim = mark.claim
        if claim.place is not None:
            place = claim.place
            return lambda world, own: world.value(place, computed=own)
        tree = self._definition(claim)
        if tree is None:
            return None
        return lambda world, own: value_of(tree, self.lookup(world, numeric=own))

    def _definition(self, claim: Claim) -> t.Expr | None:
        if claim.own in self.names and self.names[claim.own][0] is not None:
            return self.names[claim.own][0]
        candidates = [*claim.formulas, *claim.arithmetic]
        return candidates[0].tree if candidates else None

    def lookup(self, world: World, numeric: bool = False, rows: bool = False, example: int | None = None) -> Names:
        """The names of this sheet in a world."""
        return Names(world, self.reader, self.names, numeric, rows, example, self.claimed if numeric else {})

    # ------------------------------------------------------------ numbers

    def _mark_numbers(self, mark: Mark, target: Callable[[World, bool], Any]) -> None:
        assert mark.claim.numbers is not None
        due = np.asarray(target(self.truth, False), dtype=float)
        numbers, flipped, due = fitted(mark.claim.numbers, due, self._by_example(mark))
        if numbers is None:
            shape = " x ".join(map(str, due.shape)) or "one number"
            got = " x ".join(map(str, mark.claim.numbers.value.shape)) or "one number"
            raise InputError(mark.claim.line.parts[0].text, shape, got)
        mark.numbers, mark.flipped, mark.due = numbers, flipped, due
        if np.isnan(due).any():
            raise InputError(mark.claim.line.parts[0].text, "what it needs in the header (y)", "none")
        rounds, cuts = numbers.interval(False), numbers.interval(True)
        exact = np.abs(numbers.value - due) <= 1e-9 * np.abs(due) + 1e-12
        by_rounding = rounds.touches(Interval.of(due))
        by_cutting = cuts.touches(Interval.of(due))
        gap = np.abs(numbers.value - due)
        last_digit = (gap <= numbers.unit * (1 + 1e-6)) & (gap <= LAST_DIGIT * np.abs(due))
        wanted = rounds if not self.both else cuts
        mark.fits = by_rounding | by_cutting | last_digit
        own_fits = self._own_fits(mark, wanted, target)
        drift = (by_rounding | own_fits).all()
        bad = self.sources(mark) if drift else []
        if by_rounding.all():
            mark.value_verdict = "right" if exact.all() else "rounded"
        elif drift and not bad and mark.root is None:
            mark.value_verdict = "rounded"
        elif (by_rounding | by_cutting).all():
            mark.value_verdict = "truncated"
        elif mark.fits.all():
            mark.value_verdict, mark.why = "rounded", "one off in the last digit"
        elif (mark.fits | own_fits).all():
            bad = bad or self.sources(mark)
            mark.value_verdict = "follows" if bad or mark.root else "rounded"
            mark.root = mark.root or (bad[0] if bad else None)
            self._trivial(mark)
        else:
            mark.value_verdict = "wrong"
        mark.fits = mark.fits | own_fits
        if flipped:
            mark.value_verdict, mark.fits = "wrong", np.zeros(due.shape, dtype=bool)
        if mark.value_verdict in ("right", "rounded", "truncated"):
            mark.root = None
            mark.inconsistent = not own_fits.all() and bool(self.sources(mark))

    def _by_example(self, mark: Mark) -> bool:
        """Whether the line has a row, or a column, for each example."""
        return mark.place is not None and mark.place.examples and not self.problem.single

    def _own_fits(self, mark: Mark, wanted: Interval, target: Callable[[World, bool], Any]) -> Array:
        """Entries that the author's own earlier lines give, by any of the ways they can be taken."""
        best = np.zeros(wanted.shape, dtype=bool)
        place = mark.place
        if place is None:
            value, radius = self._spread(mark.claim)
            if value is not None:
                shaped = Interval(value - radius, value + radius).reshape(wanted.shape)
                mark.own = shaped
                best = wanted.touches(shaped)
            return best
        for world, adopted in self._ways(place.time > 1):
            root = adopted.mark if adopted else None
            value = Interval.of(world.value(place, computed=True))
            value = self._shaped(value, mark)
            touching = wanted.touches(value)
            if mark.own is None or touching.sum() > best.sum():
                mark.own = value
            if touching.all() or (touching | (mark.fits if mark.fits is not None else False)).all():
                mark.own, mark.root = value, root
                mark.via = adopted.candidate if adopted else None
                return touching
            best = best | touching if root is None else best
            if root is None and mark.fits is not None and mark.fits.all():
                return best
        return best

    def _ways(self, far: bool) -> Iterator[tuple[World, Adopted | None]]:
        """The author's worlds: as the lines stand, the other way where two disagree, with mistakes found before."""
        yield self.own, None
        if any(m.verdict in BAD for m in self.marks):
            yield self.own.other(long_way=True), None
        if far:  # many updates are made anew from the header, not from these lines
            return
        for adopted in self.adopted:
            yield self.own.other(adopted.wrong, long_way=True), adopted
        roots = list(dict.fromkeys(a.mark for a in self.adopted))
        if len(roots) > 1:
            firsts = [next(a for a in self.adopted if a.mark is root) for root in roots]
            yield self.own.other(*(a.wrong for a in firsts), long_way=True), firsts[-1]

    def _shaped(self, value: Interval, mark: Mark) -> Interval:
        assert mark.numbers is not None
        if mark.flipped:
            value = value.T
        return value.reshape(mark.numbers.value.shape)

    def _spread(self, claim: Claim) -> tuple[Any, Any]:
        """The line's first formula from the author's own numbers, and how far their digits can move it."""
        tree = self._definition(claim)
        if tree is None:
            return None, None
        names = self.lookup(self.printed, numeric=True)
        try:
            base = np.asarray(value_of(tree, names), dtype=float)
            radius = np.zeros_like(base)
            for symbol in set(t.refs(tree)):
                widths = self._width(symbol)
                if widths is None or not np.any(widths):
                    continue
                moved = [self._moved(tree, names, symbol, s * widths) for s in (-1, 1)]
                radius = radius + np.maximum(np.abs(moved[0] - base), np.abs(moved[1] - base))
        except (InputError, NumbersOnly):
            return None, None
        return base, radius * 1.01

    def _moved(self, tree: t.Expr, names: Names, symbol: t.Symbol, by: Any) -> Array:
        """The formula's value with one name moved by a little."""
        moved = replace(names, moved={symbol: by})
        return np.asarray(value_of(tree, moved), dtype=float)

    def _width(self, symbol: t.Symbol) -> Any:
        if isinstance(symbol, str):
            return self.names[symbol][1] * 0 + self._own_unit(symbol) / 2 if symbol in self.names else None
        value = self.own.value(self.reader.place(symbol))
        return (value.high - value.low) / 2 if isinstance(value, Interval) else None

    def _own_unit(self, symbol: str) -> float:
        for mark in reversed(self.marks):
            if mark.claim.own == symbol and mark.claim.numbers is not None:
                return float(mark.claim.numbers.unit.max(initial=0.0))
        return 0.0

    def sources(self, mark: Mark) -> list[Mark]:
        """Earlier lines, wrong or following, that this one is computed from; the nearest first."""
        found: list[Mark] = []
        if mark.place is None or mark.place.node is None:
            symbols: Iterable[Any] = (s for p in mark.claim.formulas if p.tree is not None for s in t.refs(p.tree))
            for symbol in symbols:
                found += [m for m in self._writers_of(symbol) if m.verdict in BAD and m is not mark]
            return found
        return self._bad_above(mark.place.node, mark.place.time, mark)

    def _writers_of(self, symbol: Any) -> list[Mark]:
        if isinstance(symbol, str):
            return [m for m in self.marks if m.claim.own == symbol]
        try:
            place = self.reader.place(symbol)
        except InputError:
            return []
        if place.node is None:
            return [m for m in self.marks if m.place is not None and m.place.name == place.name]
        key = (place.node, place.time if place.time > 1 else 0)
        return self.writers.get(key, []) or self._bad_above(place.node, place.time, None)

    def _bad_above(self, node: Node, time: int, but: Mark | None) -> list[Mark]:
        found: list[Mark] = []
        replay, seen = self.own.replay(time), {node}
        queue = [*parents(node, self.problem)]
        while queue:
            parent = queue.pop(0)
            if parent in seen:
                continue
            seen.add(parent)
            writers = self.writers.get((parent, time if time > 1 else 0), [])
            found += [m for m in writers if m.verdict in BAD and m is not but and m not in found]
            given = replay.given.get(parent)
            if given is None or not given[1].all():
                queue += parents(parent, self.problem)
        return found

    def _trivial(self, mark: Mark) -> None:
        """A carried 0 that makes the line true whatever the author knows earns nothing."""
        assert mark.numbers is not None
        if mark.value_verdict != "follows" or mark.own is None:
            return
        differs = ~np.isclose(mark.numbers.value, mark.due, rtol=1e-9, atol=1e-12)
        zero = (
            (mark.numbers.value == 0)
            & (np.abs(mark.own.low) < mark.numbers.unit)
            & (np.abs(mark.own.high) < mark.numbers.unit)
        )
        if differs.any() and zero[differs].all():
            where = f" (line {mark.root.number})" if mark.root else ""
            mark.value_verdict = "undecided"
            mark.why = f"the 0 carried from an earlier line{where} makes this line 0 whatever is done: it shows nothing"

    # ------------------------------------------------------------ formulas

    def _mark_parts(self, mark: Mark, target: Callable[[World, bool], Any]) -> None:
        claim = mark.claim
        defining = self._definition(claim) if claim.place is None else None
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
            bad = self.sources(mark)
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

    # ------------------------------------------------------------ what stands from now on

    def _write(self, mark: Mark) -> None:
        claim = mark.claim
        if claim.own:
            first = self._definition(claim)
            number = None if mark.claim.numbers is None else mark.claim.numbers.value
            if claim.own not in self.names or number is not None:
                self.names[claim.own] = (first, number)
        if mark.place is None or mark.numbers is None:
            return
        place, numbers = mark.place, mark.numbers
        if place.node is None or place.factor == 0:
            self.claimed[place.name] = numbers.value / (place.factor or 1.0)
            return
        value = self._carried(mark)
        if place.factor != 1.0:
            value = value * (1 / place.factor)
        plain = numbers.value / place.factor
        if mark.flipped:
            value, plain = value.T, plain.T
        if place.flip:
            value, plain = value.T, plain.T
        value = self._within(value, plain, place)
        shape = self.own.replay(place.time).get(place.node).shape
        where: tuple[Any, ...] = (..., *place.index)
        if place.examples and self.problem.single:
            where = (0, *where)
        mask = np.zeros(shape, dtype=bool)
        mask[where] = True
        low, high, middle = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        target = low[where].shape
        low[where], high[where] = value.low.reshape(target), value.high.reshape(target)
        middle[where] = plain.reshape(target)
        if not self.exact:
            self.own.replay(place.time).write(place.node, Interval(low, high), mask)
        self.printed.replay(place.time).write(place.node, middle, mask)
        self.writers.setdefault((place.node, place.time if place.time > 1 else 0), []).append(mark)

    def _carried(self, mark: Mark) -> Interval:
        """What the author may have gone on with: what is printed, or what it was printed from."""
        assert mark.numbers is not None
        printed = Interval.of(mark.numbers.value)
        cut = self.both or mark.value_verdict == "truncated"
        wanted = mark.numbers.interval(cut)
        if mark.own is not None:
            meet = wanted.meet(mark.own)
            narrow = meet.low <= meet.high
            wanted = wanted.where(narrow, meet)
        if mark.value_verdict in ("right", "rounded", "truncated") and not self.sources(mark):
            due = Interval.of(mark.due)
            wanted = wanted.where(np.abs(mark.numbers.value - mark.due) <= mark.numbers.unit * 1.01, wanted.hull(due))
        return wanted.hull(printed)

    def _within(self, value: Interval, plain: Array, place: Place) -> Interval:
        """Values of a unit stay inside what its activation can give, where the printed one does."""
        if place.node is None or place.node.kind != "h" or place.node.layer == 0:
            return value
        rule = self.problem.rule(place.node.layer)
        low, high = (0.0, 1.0) if rule is None else (rule.low, rule.high)
        inside = (plain >= low) & (plain <= high)
        return value.where(inside, Interval(np.clip(value.low, low, high), np.clip(value.high, low, high)))


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
