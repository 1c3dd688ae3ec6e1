"""What the names of a sheet stand for, by the sheet itself: the way of reading them under which most of it comes out.

A sheet in the notation of the design is read as it stands. Where lines are wrong, or names unknown, it is read again under
each other way, one change after another, as long as that helps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from chainrule.auditing.marking.conventions import cost
from chainrule.auditing.marking.mark import Mark
from chainrule.auditing.marking.sheet import mark_sheet
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import Reading
from chainrule.auditing.model.digits import usual_unit
from chainrule.auditing.model.effort import READINGS, Effort, Spent
from chainrule.auditing.model.problem import Problem
from chainrule.auditing.records import ACCEPTED
from chainrule.sheets.lines import Line, read_lines
from chainrule.sheets.names import Operand, Own
from chainrule.sheets.naming import WEAK, Naming, kinds, surface

UNKNOWN = 0.75  # what a claim under a name that could be a quantity's, and is read as none, costs
GAIN = 0.5  # what another way of reading must save
MOST_CHANGES = 8


@dataclass(frozen=True, eq=False)
class ReadSheet:
    """The lines of a sheet under one naming.

    Attributes:
        cost: wrong and unreadable lines, and claims under names that are not understood.
        ties: namings that cost as little.
    """

    naming: Naming
    lines: tuple[Line, ...]
    met: frozenset[Operand]
    cost: float
    marks: tuple[Mark, ...] = ()
    ties: tuple[Naming, ...] = ()


@dataclass
class NameReader:
    """Reads the lines of one sheet under any naming."""

    problem: Problem
    written: Sequence[str]
    first_line: int
    declared: Mapping[str, str] = field(default_factory=dict)

    def read(self) -> ReadSheet:
        """The sheet under the naming that fits it best."""
        effort = Effort.of(self.problem, READINGS)
        best = self._under(Naming(self.problem.sizes, declared=self.declared), effort)
        if any(_is_before_activation(o) for o in best.met):
            best = self._under(Naming(self.problem.sizes, words={"a": "h"}, declared=self.declared), effort)
        ties: tuple[Naming, ...] = ()
        with suppress(Spent):
            for _ in range(MOST_CHANGES):
                if best.cost < GAIN:
                    break
                tried = [self._under(naming, effort) for naming in best.naming.alternatives(set(best.met))]
                least = min(tried, key=lambda one: one.cost, default=best)
                if least.cost > best.cost - GAIN:
                    break
                ties = tuple(one.naming for one in tried if one is not least and one.cost == least.cost)
                best = least
        return ReadSheet(best.naming, best.lines, best.met, best.cost, best.marks, ties)

    def _under(self, naming: Naming, effort: Effort) -> ReadSheet:
        met: set[Operand] = set()
        lines = read_lines(self.written, self.first_line, self.problem.sizes, naming, met, self.problem.n)
        state = mark_sheet(SheetState(self.problem, Reading(), lines, usual_unit(lines), effort=effort))
        unknown = sum(_is_unknown(m, naming) for m in state.marks)
        return ReadSheet(naming, lines, frozenset(met), cost(state) + UNKNOWN * unknown, tuple(state.marks))


def _is_before_activation(operand: Operand) -> bool:
    """Whether a name is one of a pre-activation other than a."""
    found = surface(operand)
    return found is not None and found.word != "a" and found.word.lower() not in WEAK and kinds(found)[:1] in (("a",), ("logits",))


def _is_unknown(mark: Mark, naming: Naming) -> bool:
    """A claim about a name that could be one of a quantity and is read as none."""
    if not mark.claim.own or mark.verdict not in ACCEPTED:
        return False
    found = surface(Own(mark.claim.own))
    return found is not None and bool(kinds(found)) and found.word.lower() not in WEAK


def unsupported(mark: Mark, marks: Sequence[Mark]) -> frozenset[Operand]:
    """Names of a line that no other line bears out: none that came out right has one of their kind in it.

    A right number of 0 or 1 bears out nothing.
    """
    needed = {o: _way(o) for o in mark.claim.line.names}
    seen = {
        _way(o)
        for other in marks
        if other.claim.line is not mark.claim.line and other.verdict in ACCEPTED and other.value is not None
        for o in other.claim.line.names
    }
    return frozenset(o for o, way in needed.items() if way not in seen)


def _way(operand: Operand) -> tuple[str, int, bool]:
    """What kind of name it is: names of one word with as many indices are read alike."""
    found = surface(operand)
    if found is None:
        return (str(operand), 0, False)
    return (found.word.lower(), len(found.items), any(item.letters for item in found.items))
