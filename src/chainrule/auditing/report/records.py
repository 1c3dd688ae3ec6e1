"""The record of a line: what it claims, what is due, and what was probably done."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from chainrule.auditing.records import Found, Verdict
from chainrule.formula.tree import Symbol
from chainrule.render.blocks import Block


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

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "text": self.text,
            "kind": self.kind,
            "verdict": self.verdict,
            "message": self.message,
            "mistakes": list(self.mistakes),
            "found": [_found_data(f) for f in self.found],
        }


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
        quantity: what it claims, however it is written (``claimed_quantity``); None where that is no one quantity.
        brief: the message beside the line itself, without the formula that it is about; "" where that is the message.
        repeats: the number of an earlier line with the same mistake.
        derivation: how the line comes out right, as blocks of a page; () where that was not asked for.
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
    quantity: Symbol | None = None
    brief: str = ""
    repeats: int | None = None
    derivation: tuple[Block, ...] = ()

    @property
    def mistakes(self) -> tuple[str, ...]:
        """Ids of the mistakes that reproduce it, best first."""
        return tuple(f.id for f in self.found)

    def to_dict(self) -> dict[str, Any]:
        """Plain data."""
        return {
            "number": self.number,
            "text": self.text,
            "name": self.name,
            "verdict": self.verdict,
            "claimed": _plain(self.claimed),
            "right": _plain(self.right),
            "accepted": None if self.accepted is None else [_plain(end) for end in self.accepted],
            "digits": self.digits,
            "root": self.root,
            "message": self.message,
            "mistakes": list(self.mistakes),
            "found": [_found_data(f) for f in self.found],
            "parts": [part.to_dict() for part in self.parts],
        }


def _found_data(found: Found) -> dict[str, Any]:
    return asdict(found) | {"value": _plain(found.value)}


def _plain(given: Any) -> Any:
    return given.tolist() if isinstance(given, (np.ndarray, np.generic)) else given
