"""A line while it is marked, and the mistakes that explain it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chainrule.auditing.marking.formulas import FormulaMark
from chainrule.auditing.mistakes import MISTAKES
from chainrule.auditing.model.claims import LineClaim, QuantityPlace
from chainrule.auditing.model.digits import Numbers
from chainrule.auditing.model.interval import Interval
from chainrule.auditing.model.replay import Wrong
from chainrule.auditing.records import Found, Verdict
from chainrule.network.arrays import Array

MOST = 3  # mistakes named for one line
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
    """

    found: Found
    wrong: Wrong | None
    exact: bool
    distance: int
    structural: bool = False
    named: bool = False
    contradicted: bool = False

    @property
    def key(self) -> tuple[bool, bool, bool, int, int]:
        """What is named first."""
        return (not self.named, not self.exact, self.structural, self.distance, _RANK.get(self.found.id, 0))


@dataclass(eq=False)
class Mark:
    """A line while it is marked.

    Attributes:
        due: the right value, shaped as the line has it; None where there is none.
        own: what the author's own earlier lines give.
        fits: entries that are right to their digits, or follow.
        root: the line that it follows from. inconsistent: right, though the author's own lines give something else.
        flipped: the numbers have the shape of the transpose.
        unexplained: its mistake was not looked for to the end: the sheet has too many.
        candidates: the mistakes that explain it, best first. via: that of the root by which it follows.
    """

    claim: LineClaim
    verdict: Verdict = "undecided"
    due: Any = None
    own: Interval | None = None
    numbers: Numbers | None = None
    fits: Array | None = None
    formulas: list[FormulaMark] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    why: str = ""
    value_verdict: Verdict | None = None
    root: Mark | None = None
    inconsistent: bool = False
    flipped: bool = False
    via: Candidate | None = None
    unexplained: bool = False

    @property
    def place(self) -> QuantityPlace | None:
        """What it claims of the network."""
        return self.claim.place

    @property
    def number(self) -> int:
        """Its line in the file."""
        return self.claim.line.number

    @property
    def found(self) -> list[Found]:
        """The mistakes to be named: each once, at most three."""
        return list({c.found.id: c.found for c in reversed(self.candidates)}.values())[::-1][:MOST]


@dataclass(frozen=True, eq=False)
class Adopted:
    """A mistake that explains a line and touches what the line does not write: the author may have gone on with it."""

    wrong: Wrong
    mark: Mark
    candidate: Candidate


def fitted(
    numbers: Numbers, due: Array, by_example: bool, is_slopes: bool = False
) -> tuple[Numbers | None, bool, Array]:
    """The numbers in the shape of what is due: (numbers, whether it is the transpose's shape, due).

    Args:
        by_example: there is a row, or a column, for each example.
        is_slopes: it may be written as a diagonal matrix.
    """
    shape, given = due.shape, numbers.value.shape
    if given == shape:
        return numbers, False, due
    if due.size == numbers.value.size and (due.ndim < 2 or 1 in shape) and (len(given) < 2 or 1 in given):
        return numbers.reshaped(shape), False, due
    if len(shape) == 2 and given == shape[::-1]:
        return (numbers.T, False, due) if by_example else (numbers, True, due.T)
    if is_slopes and len(shape) == 1 and given == (*shape, *shape):
        return numbers.diagonal, False, due
    return None, False, due
