"""The records of an audit: what each line claims, what is due, and what was probably done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from chainrule.auditing.records import ACCEPTED, Contradiction, Convention, Found, Verdict
from chainrule.render.document import Document, Rendered


@dataclass(frozen=True, eq=False)
class PartAudit:
    """One part of a line, between two signs of equality.

    Attributes:
        text: as written.
        kind: ``formula`` (names in it), ``arithmetic`` (numbers only) or ``value``.
        verdict: a formula is judged apart from the number behind it.
        message: what is wrong with it, or "".
        mistakes: ids that explain it, best first.
    """

    text: str
    kind: Literal["formula", "arithmetic", "value"]
    verdict: Verdict
    message: str = ""
    found: tuple[Found, ...] = ()

    @property
    def mistakes(self) -> tuple[str, ...]:
        """Ids of the mistakes that explain it, best first."""
        return tuple(f.id for f in self.found)


@dataclass(frozen=True, eq=False)
class LineAudit:
    """One line of the sheet.

    Attributes:
        number: its number in the file, counted from 1.
        text: as written.
        name: the quantity it claims, as text in the sheet's notation; "" where it cannot be read.
        claimed: the value claimed, a float or an array; None where the line claims only a formula.
        right: the value due; None where there is none (unreadable, or a name of the author's with no formula).
        accepted: (low, high), what the digits of the author's own earlier lines allow, without the line's own rounding.
        verdict: of the line as a whole.
        parts: the verdict of each formula and of the value.
        found: mistakes that reproduce it, best first, at most three.
        message: what a teacher would say; "" for a line that is right.
        root: the number of the line that this one follows from, for ``follows``.
        digits: decimals claimed, of an array those of its finest entry.
        fits: which entries are right to their digits, or follow; shaped as ``claimed``.
    """

    number: int
    text: str
    name: str
    claimed: Any
    right: Any
    accepted: tuple[Any, Any] | None
    verdict: Verdict
    parts: tuple[PartAudit, ...] = ()
    found: tuple[Found, ...] = ()
    message: str = ""
    root: int | None = None
    digits: int | None = None
    fits: Any = None

    @property
    def mistakes(self) -> tuple[str, ...]:
        """Ids of the mistakes that reproduce it, best first."""
        return tuple(f.id for f in self.found)


@dataclass(frozen=True, eq=False)
class Audit(Rendered):
    """The audit of a sheet.

    Attributes:
        path, title: of the sheet.
        network: in words, as its ``repr``.
        lines: one record each, in the order of the sheet; prose is left out.
        conventions: held throughout, not mistakes.
        contradictions: of the header's numbers.
        rounding: ``rounds``, ``truncates`` or ``both``: what the lines show.

    >>> net = cr.Network([[[0.5, -0.6]]], output="identity", loss="half_squared_error")
    >>> audit = cr.audit_gradients(net, [1, 2], [1], {"dL/dyhat": [-1.7], "dL/dW_1": [[-1.7, 3.4]]})
    >>> audit.ok, audit.score, audit.first_wrong.name
    (False, 0.5, 'dL/dW_1')
    >>> [line.verdict for line in audit.lines]
    ['right', 'wrong']
    """

    path: str
    title: str
    network: str
    lines: tuple[LineAudit, ...]
    conventions: tuple[Convention, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    rounding: str = "rounds"

    @property
    def ok(self) -> bool:
        """True when no line is wrong or unreadable, and the header's numbers fit."""
        return not self.contradictions and all(line.verdict not in ("wrong", "unreadable") for line in self.lines)

    @property
    def first_wrong(self) -> LineAudit | None:
        """The first line that is wrong: the root; what follows from it is ``follows``."""
        return next((line for line in self.lines if line.verdict == "wrong"), None)

    @property
    def score(self) -> float:
        """Share of the lines that are right, or follow from the author's own; 1 for a sheet without lines."""
        good = sum(line.verdict in (*ACCEPTED, "follows") for line in self.lines)
        return good / len(self.lines) if self.lines else 1.0

    def document(self) -> Document:
        """The record as a document."""
        from chainrule.auditing.report.document import audit_document

        return audit_document(self)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        from chainrule.auditing.report.document import audit_dict

        return audit_dict(self)
