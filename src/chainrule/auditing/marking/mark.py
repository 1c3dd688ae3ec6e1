"""What marking makes of a line: the marks of its number and of its formulas, and the mistakes that explain it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from chainrule.auditing.mistakes import MISTAKES
from chainrule.auditing.model.claims import Formula, LineClaim, QuantityPlace
from chainrule.auditing.model.digits import Numbers
from chainrule.auditing.model.interval import Interval
from chainrule.auditing.model.problem import Node
from chainrule.auditing.model.replay import Wrong
from chainrule.auditing.records import Found, Verdict
from chainrule.network.arrays import Array

MOST = 3  # mistakes named for one line
BY_CHANCE = 0.01  # a mistake that may fit by accident more often is not named
BAD = ("wrong", "follows")
_RANK = {mistake.id: i for i, mistake in reversed(list(enumerate(MISTAKES)))}


@dataclass(frozen=True, eq=False)
class Candidate:
    """A mistake that reproduces a line.

    Attributes:
        wrong: the equation that is replaced, None for a mistake around the equations.
        exact: to the digit from what is printed, or from the header; else only within what the digits allow.
        distance: equations between it and the line.
        named: the line's own formula shows it.
        contradicted: it would have shown in an earlier line, which is right.
        chance: of fitting by accident; a mistake is named where it is below ``BY_CHANCE``.
    """

    found: Found
    wrong: Wrong | None
    exact: bool
    distance: int
    structural: bool = False
    named: bool = False
    contradicted: bool = False
    chance: float = 0.0

    @property
    def key(self) -> tuple[bool, bool, bool, int, int]:
        """What is named first."""
        return (not self.named, not self.exact, self.structural, self.distance, _RANK.get(self.found.id, 0))


@dataclass(frozen=True)
class OperandSlip:
    """A number of a line's arithmetic that is not what the name is worth for which it stands.

    Attributes:
        id: as of a mistake. words: ``0.3 stands where b_21 = 0.2``.
        sure: wrong whatever the line gives; else it counts only where the line is wrong anyway.
        known: the name is given, or the author has written what it is worth: no other mistake is behind the number.
    """

    id: str
    words: str
    sure: bool
    known: bool = True


@dataclass(frozen=True, eq=False)
class FormulaMark:
    """A part of a line that is computed, marked apart from the number behind it.

    Attributes:
        rows: it holds with vectors as rows.
        value: of arithmetic, what it gives and how far its digits can move that.
        slips: of arithmetic, its numbers that are not what their names are worth.
        aligned: of arithmetic, each of its numbers is what its name is worth.
        misfit: its shapes do not fit, however its products are read.
        beyond: it names a unit that the network does not have.
        found: the mistakes that it is, best first, once the line is diagnosed.
    """

    part: Formula
    kind: Literal["formula", "arithmetic"]
    verdict: Verdict
    why: str = ""
    rows: bool = False
    value: tuple[Array, Array] | None = None
    slips: tuple[OperandSlip, ...] = ()
    aligned: bool = False
    misfit: bool = False
    beyond: bool = False
    found: tuple[Found, ...] = ()


@dataclass(frozen=True, eq=False)
class NumberMark:
    """The number of a line, marked.

    Attributes:
        numbers: as written, in the shape of what is due, or of its transpose.
        due: the right value, shaped as the line has it.
        flipped: the numbers have the shape of the transpose.
        fits: entries that are right to their digits, or follow.
        own: what the author's own earlier lines give; None where that is not known.
        root: the line that it follows from. via: the mistake in that line by which it follows.
        inconsistent: right, though the author's own lines give something else.
    """

    numbers: Numbers
    due: Array
    flipped: bool
    verdict: Verdict
    fits: Array
    own: Interval | None
    why: str = ""
    root: Mark | None = None
    via: Candidate | None = None
    inconsistent: bool = False

    @property
    def own_or_due(self) -> Interval:
        """What the author's own lines give; where that is not known, the right value."""
        return Interval.of(self.due) if self.own is None else self.own

    def shaped(self, value: Interval) -> Interval:
        """The value of the quantity as the line has it: transposed where the numbers are."""
        return (value.T if self.flipped else value).reshape(self.numbers.value.shape)


@dataclass(frozen=True, eq=False)
class Mark:
    """A line, marked; once it is diagnosed, with the mistakes that explain it.

    Attributes:
        value: the mark of its number; None where it has none that can be held against anything.
        candidates: the mistakes that explain it, best first.
        unexplained: its mistake was not looked for to the end: the sheet has too many.
    """

    claim: LineClaim
    verdict: Verdict = "undecided"
    why: str = ""
    value: NumberMark | None = None
    formulas: tuple[FormulaMark, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    unexplained: bool = False

    @property
    def place(self) -> QuantityPlace | None:
        """What it claims of the network."""
        return self.claim.place

    @property
    def node(self) -> Node | None:
        """The whole quantity that it claims, or claims an entry of."""
        return None if self.claim.place is None else self.claim.place.node

    @property
    def number(self) -> int:
        """The number of its line in the file."""
        return self.claim.line.number

    @property
    def value_verdict(self) -> Verdict | None:
        """The verdict of its number."""
        return None if self.value is None else self.value.verdict

    @property
    def root(self) -> Mark | None:
        """The line that it follows from."""
        return None if self.value is None else self.value.root

    @property
    def found(self) -> list[Found]:
        """The mistakes to be named: each once, at most three."""
        named = [c.found for c in self.candidates if c.chance < BY_CHANCE]
        first: dict[str, Found] = {}
        for found in named:
            first.setdefault(found.id, found)
        return list(first.values())[:MOST]

    @property
    def likeliest(self) -> Candidate | None:
        """The mistake that fits but is not named, as one or another would by accident; None where one is named."""
        return None if self.found else next(iter(self.candidates), None)


@dataclass(frozen=True, eq=False)
class Adopted:
    """A mistake that explains a line and touches what the line does not write: the author may have gone on with it."""

    wrong: Wrong
    mark: Mark
    candidate: Candidate
