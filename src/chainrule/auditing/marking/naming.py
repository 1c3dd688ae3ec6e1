"""What the names of a sheet stand for, by the sheet itself: the way of reading them under which most of it comes out.

A sheet in the notation of the design is read as it stands. Where lines are wrong, or names unknown, it is read again
under each other way, one change after another, as long as that helps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from chainrule.auditing.marking.conventions import Inferred, cost, infer, is_turned
from chainrule.auditing.marking.formulas import literals
from chainrule.auditing.marking.mark import BAD, FormulaMark, Mark, NumberMark
from chainrule.auditing.marking.shared_biases import shared_layers
from chainrule.auditing.marking.sheet import mark_sheet
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import Reading
from chainrule.auditing.model.digits import usual_unit
from chainrule.auditing.model.effort import Effort, Spent
from chainrule.auditing.model.problem import Problem
from chainrule.auditing.records import ACCEPTED
from chainrule.formula import tree as t
from chainrule.formula.printing import symbol_text
from chainrule.formula.tree import Symbol
from chainrule.sheets.lines import Line, read_lines
from chainrule.sheets.names.naming import Naming
from chainrule.sheets.names.plain import Operand, Own
from chainrule.sheets.names.surfaces import WEAK, as_written, kinds, surface
from chainrule.sheets.names.ways import alternatives, is_output, joined, suggested

UNKNOWN = 0.75  # what a claim under a name that could be a quantity's, and is read as none, costs
PERHAPS = 0.3  # likewise, where the name is as often one of the author's own
SHOWN = 0.75  # what a number or a formula of the network's that comes out is worth
WORKED_OUT = 0.7  # what it is worth more where the line works it out of several numbers
TERMS = 4  # so many
GAIN = 0.5  # what another way of reading must save
MOST_CHANGES = 8
NAMINGS = 1_500_000.0  # units of effort for trying ways to read the names
READ = 100.0  # units of reading a line


@dataclass(frozen=True, eq=False)
class ReadSheet:
    """The lines of a sheet under one naming.

    Attributes:
        cost: wrong and unreadable lines, and claims under names that are not understood, less what comes out right.
        doubts: wrong and unreadable lines alone.
        state: the sheet marked under this naming, by no other convention.
        inferred: the conventions of the sheet under this naming, where they were looked for.
        ties: namings that cost as little.
    """

    naming: Naming
    problem: Problem
    lines: tuple[Line, ...]
    met: frozenset[Operand]
    cost: float = 0.0
    doubts: float = 0.0
    marks: tuple[Mark, ...] = ()
    state: SheetState | None = None
    inferred: Inferred | None = None
    ties: tuple[Naming, ...] = ()


@dataclass
class NameReader:
    """Reads the lines of one sheet under any naming.

    Attributes:
        words: kinds of quantity that words stand for, as far as it is known.
        named: the sheet has no header, and its words name the activations: a may be what comes out of a unit then.
    """

    problem: Problem
    written: Sequence[str]
    first_line: int
    declared: Mapping[str, str] = field(default_factory=dict)
    shared: frozenset[int] = frozenset()
    named: bool = False
    words: Mapping[str, str] = field(default_factory=dict)
    _problems: dict[frozenset[int], Problem] = field(default_factory=dict, init=False)
    _marked: dict[tuple[Any, ...], tuple[SheetState, SheetState, float]] = field(default_factory=dict, init=False)

    @cached_property
    def plain(self) -> Naming:
        """Names as the design has them, and as the header declares them."""
        equal = {i for i, b in enumerate(self.problem.network.biases, 1) if len(b) > 1 and (b == b[0]).all()}
        return Naming(self.problem.sizes, words=self.words, declared=self.declared, shared=frozenset(equal))

    def read(self) -> ReadSheet:
        """The sheet under the naming that fits it best."""
        effort = Effort.of(self.problem, NAMINGS)
        best = _by_conventions(self._under(self.plain, Effort.of(self.problem)))
        if any(_is_before_activation(o) for o in best.met):
            best = self._under(replace(self.plain, words={**self.words, "a": "h"}, _known={}), Effort.of(self.problem))
        elif self.named and _in_doubt(best) and not any(map(is_output, best.met)):
            other = self._under(replace(self.plain, words={**self.words, "a": "h"}, _known={}), Effort.of(self.problem))
            best = min(best, other, key=_cost)
        while best.doubts >= GAIN or any(map(_unknown, best.marks)):
            shown = [self._under(naming, Effort.of(self.problem)) for naming in suggested(best.naming, best.met)]
            least = min(shown, key=_cost, default=best)
            if least.cost > best.cost - GAIN:
                break
            best = least
        ties: tuple[Naming, ...] = ()
        seen = {self._told_apart(best.naming, best.met)}
        with suppress(Spent):
            for _ in range(MOST_CHANGES):
                if best.doubts < GAIN and not any(_unknown(m) or _hangs_on_a_name(m) for m in best.marks):
                    break
                tried: list[ReadSheet] = []
                with suppress(Spent):  # of those that there was effort for, the best is taken
                    for naming in alternatives(best.naming, _questioned(best.marks), best.met):
                        key = self._told_apart(naming, best.met)
                        if key not in seen:
                            seen.add(key)
                            tried.append(self._under(naming, effort))
                least = min(tried, key=lambda one: one.cost, default=best)
                if least.cost > best.cost - GAIN:
                    break
                ties = tuple(one.naming for one in tried if one is not least and one.cost == least.cost)
                both = joined(
                    best.naming, [one.naming for one in sorted(tried, key=_cost) if one.cost <= best.cost - GAIN]
                )
                key = self._told_apart(both, best.met)
                best = least
                if key not in seen:  # what helps alone most often helps together
                    seen.add(key)
                    best = min(least, self._under(both, effort), key=_cost)
        return replace(best, ties=ties)

    def _told_apart(self, naming: Naming, met: frozenset[Operand]) -> frozenset[tuple[Operand, Symbol | None]]:
        """What the names met mean under a naming: two that agree in all of them are one."""
        return frozenset((operand, naming.meaning(operand)) for operand in met)

    def _under(self, naming: Naming, effort: Effort) -> ReadSheet:
        effort.spend(READ * len(self.written))
        lines = read_lines(self.written, self.first_line, self.problem.sizes, naming, self.problem.n)
        met = {operand for line in lines for operand in line.operands}
        shared = shared_layers(self.problem, lines, self.shared | naming.shared_by(met))
        problem = self._problems.setdefault(shared, replace(self.problem, shared=shared))
        key = (shared, *map(id, lines))  # lines are kept where their names mean the same
        if key in self._marked:
            state, marked, spent = self._marked[key]
            effort.spend(spent)
        else:
            state, marked, spent = self._marked[key] = _marked(problem, lines, effort)
        marks = tuple(marked.marks)
        unread = sum(
            _unknown(mark) + _unclear(mark) + _shows_nothing(mark) - SHOWN * _comes_out(mark) for mark in marks
        )
        read = ReadSheet(naming, problem, lines, frozenset(met), doubts=cost(marked), marks=marks, state=state)
        return replace(read, cost=read.doubts + unread)


def _by_conventions(read: ReadSheet) -> ReadSheet:
    """A sheet whose names are all understood: what a convention explains, no other reading of names has to."""
    if read.doubts < GAIN or any(mark.verdict == "unreadable" or _unknown(mark) for mark in read.marks):
        return read
    inferred = infer(read.problem, read.lines, usual_unit(read.lines), read.state)
    explained = read.doubts - cost(inferred.best)
    return replace(read, inferred=inferred, doubts=read.doubts - explained, cost=read.cost - explained)


def _marked(problem: Problem, lines: tuple[Line, ...], effort: Effort) -> tuple[SheetState, SheetState, float]:
    """Lines marked as they stand, and so that they come out best; with the effort it took."""
    state = mark_sheet(SheetState(problem, Reading(), lines, usual_unit(lines), operands=False, effort=effort))
    if not any(map(is_turned, state.marks)):
        return state, state, state.spent
    minus = Reading(minus_delta=True)  # some write δ for -dL/da
    other = mark_sheet(SheetState(problem, minus, lines, state.unit, operands=False, effort=effort))
    return state, min(state, other, key=cost), state.spent + other.spent


def _is_before_activation(operand: Operand) -> bool:
    """Whether a name is one of a pre-activation other than a."""
    found = surface(operand)
    return (
        found is not None
        and found.layer is None
        and found.word != "a"
        and found.word.lower() not in WEAK
        and kinds(found)[:1] in (("a",), ("logits",))
    )


def _in_doubt(read: ReadSheet) -> bool:
    return read.doubts >= GAIN or any(map(_hangs_on_a_name, read.marks))


def _hangs_on_a_name(mark: Mark) -> bool:
    """Whether a derivative cannot be judged, for nothing says what a name of the author's is."""
    return mark.place is None and not mark.claim.own and mark.verdict == "undecided" and not mark.claim.line.blank


def _unclear(mark: Mark) -> int:
    """How many formulas and numbers about the network cannot be judged: no better than wrong ones."""
    if mark.claim.own or mark.claim.line.blank:
        return 0
    return (mark.verdict == "undecided") + sum(f.kind == "formula" and f.verdict == "undecided" for f in mark.formulas)


def _cost(read: ReadSheet) -> float:
    return read.cost


def _questioned(marks: Sequence[Mark]) -> set[Operand]:
    """The names of lines that do not come out, or that could mean more than they are read as."""
    unclear = [m for m in marks if m.verdict in ("wrong", "unreadable", "undecided") or _unknown(m)]
    return {operand for mark in unclear for operand in mark.claim.line.operands}


def _comes_out(mark: Mark) -> float:
    """How many numbers and formulas of a line about the network come out."""
    if mark.place is None or _shows_nothing(mark):
        return 0
    number = mark.value is not None and is_telling(mark.value) and mark.value_verdict in (*ACCEPTED, "follows")
    worked_out = number and mark.verdict in ACCEPTED and any(_is_worked_out(f) for f in mark.formulas)
    return number + WORKED_OUT * worked_out + sum(f.kind == "formula" and f.verdict == "right" for f in mark.formulas)


def _shows_nothing(mark: Mark) -> bool:
    """Whether a line has its own subject in its formula: two of its names are read as one, and anything would hold."""
    place = mark.place
    if place is None or place.time:
        return False
    return any(
        f.kind == "formula" and f.verdict == "right" and place.name in set(t.refs(f.part.tree)) for f in mark.formulas
    )


def _is_worked_out(mark: FormulaMark) -> bool:
    """Whether a part of a line is the arithmetic of several terms."""
    return mark.kind == "arithmetic" and mark.verdict == "right" and sum(1 for _ in literals(mark.part.tree)) >= TERMS


def _unknown(mark: Mark) -> float:
    """What a claim costs whose name could be a quantity's and is read as none."""
    if not mark.claim.own or (mark.claim.numbers is None and not mark.claim.formulas):
        return 0.0
    word, _, index = mark.claim.own.rstrip("'").partition("_")
    found = surface(Own(mark.claim.own, word, index))
    if found is None or not kinds(found):
        return 0.0
    return UNKNOWN if found.word.lower() not in WEAK else PERHAPS if mark.verdict == "undecided" else 0.0


def in_doubt(marks: Sequence[Mark], naming: Naming, given: frozenset[str] = frozenset()) -> list[Mark]:
    """The marks, undecided where a line is wrong only if its names mean what nothing else in the sheet bears out.

    Args:
        given: names of whole arrays that the sheet's own lines give.

    A name bears out others of its word with as many indices where it stands in a line whose number is right.
    """
    found = []
    for mark in marks:
        wanting = _unsupported(mark, marks, naming, given) if mark.verdict in BAD and mark.claim.line.names else ()
        if wanting and not any(f.kind == "arithmetic" and f.verdict == "wrong" for f in mark.formulas):
            mark = replace(mark, verdict="undecided", why=_doubt(wanting, naming))
        found.append(mark)
    return found


def is_understood(marks: Sequence[Mark], naming: Naming, given: frozenset[str] = frozenset()) -> bool:
    """Whether the names of the first wrong number are borne out by other lines."""
    first = next((mark for mark in marks if mark.value_verdict == "wrong"), None)
    return first is None or not _unsupported(first, marks, naming, given)


def _doubt(operands: Sequence[Operand], naming: Naming) -> str:
    name, symbol = operands[0], naming.meaning(operands[0])
    assert symbol is not None
    text, means = _text(name), symbol_text(symbol, "textbook")
    shows = "but no line that is right shows that it is"
    return f'{text} could be {means}, {shows}; a table [names] in the header with {text} = "{means}" would settle it'


def _unsupported(mark: Mark, marks: Sequence[Mark], naming: Naming, given: frozenset[str]) -> tuple[Operand, ...]:
    """Names of a line that no other line bears out."""
    seen = {
        _way(operand)
        for other in marks
        if (other.claim.line is not mark.claim.line and _bears_out(other)) or _shows_formula(other)
        for operand in other.claim.line.names
    }
    needed = sorted(mark.claim.line.names, key=lambda name: (str(name), repr(name)))
    known = {_way(o) for o in needed if _text(o).removeprefix("d") in given}
    subject = [o for o in needed if _text(o) == mark.claim.subject]
    if mark.value_verdict == "wrong" and subject and all(_way(o) in known for o in subject):
        return ()  # whatever its formula means, the number is wrong
    return tuple(o for o in needed if not naming.is_declared(o) and _way(o) not in (seen | known))


def _text(operand: Operand) -> str:
    return operand.name if isinstance(operand, Own) else as_written(operand)


def _shows_formula(mark: Mark) -> bool:
    """Whether a formula about the network holds under these names, at any numbers."""
    return mark.place is not None and any(f.kind == "formula" and f.verdict == "right" for f in mark.formulas)


def _bears_out(mark: Mark) -> bool:
    """A right number of two digits or more, other than 1: those of one digit come about in many ways."""
    return mark.value is not None and mark.verdict in ACCEPTED and is_telling(mark.value)


def is_telling(value: NumberMark) -> bool:
    """Whether a number has two digits or more, and is not 1."""
    numbers, size = value.numbers, np.abs(value.numbers.value)
    return bool(((size >= 9.5 * numbers.unit) & (size != 1)).any())


def _way(operand: Operand) -> tuple[str, int, bool]:
    """What kind of name it is: names of one word with as many indices are read alike."""
    found = surface(operand)
    if found is None:
        return (str(operand), 0, False)
    return (found.word.lower(), len(found.items), any(item.letters for item in found.items))
