"""Points of a sheet: which lines are due, what each is worth, and what the sheet's own lines earn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.auditing.model.claims import claimed_quantity
from chainrule.auditing.records import ACCEPTED
from chainrule.auditing.report.document import Audit
from chainrule.auditing.report.records import LineAudit
from chainrule.errors import InputError
from chainrule.formula.tree import Symbol, Timed
from chainrule.network.names import SYMBOLS, Derivative, Name, Quantity, shape
from chainrule.sheets.lines import is_blank, read_lines

MOST_POINTS = 1_000_000_000  # of a line
DEFAULT = "default"  # in a table of points: what every other line is worth
MISSING = "missing"
#: conventions under which W_ij of the sheet is W_ji here
_SWAPPED = ("swapped", "transposed")


@dataclass(frozen=True)
class Due:
    """A line that a sheet should have.

    Attributes:
        name: as the key writes it.
        quantity: to find it by, however a sheet writes it.
        points: what it is worth.
        right: its value in the key; None where the key has none.
        parts: the components of a vector or a matrix of one example.
    """

    name: str
    quantity: Symbol
    points: float
    right: Any = None
    parts: tuple[Symbol, ...] = ()


@dataclass(frozen=True)
class EarnedMark:
    """What one line that is due earned.

    Attributes:
        verdict: of the author's line; ``missing`` where there is none.
        number: of the author's line; None where several components count together, or it is missing.
    """

    name: str
    verdict: str
    points: float
    of: float
    number: int | None = None


def check_points(points: Mapping[str, float] | None) -> dict[str, float]:
    """Points by name, each a finite number from 0 up.

    Raises:
        InputError: naming the entry.
    """
    for name, worth in (points or {}).items():
        number = isinstance(worth, (int, float)) and not isinstance(worth, bool)
        if not (number and 0 <= worth <= MOST_POINTS):
            got = "a larger number" if number and worth > MOST_POINTS else repr(worth)[:40]
            raise InputError(f"points of {name}", f"a number from 0 to {MOST_POINTS:,}", got)
    return dict(points or {})


def due_lines(audit: Audit, points: Mapping[str, float], strict: bool = False) -> tuple[Due, ...]:
    """The lines of a sheet as those that are due, each name once, in its order.

    Args:
        strict: every name in ``points`` must be one of them.

    Raises:
        InputError: a name in ``points`` that the sheet does not have.
    """
    quantities = {a.name: quantity_of(a) for a in audit.lines}
    named = {name: quantities.get(name) or quantity_named(name, audit) for name in points if name != DEFAULT}
    worth = {quantity: points[name] for name, quantity in named.items()}
    found: dict[Symbol, Due] = {}
    for a in audit.lines:
        quantity = quantity_of(a)
        right = a.right if a.right is not None or quantity not in found else found[quantity].right
        points_of = worth.get(quantity, points.get(DEFAULT, 1.0))
        parts = _components(quantity, right, audit.sizes)
        found[quantity] = Due(a.name or f"line {a.number}", quantity, points_of, right, parts)
    unknown = [name for name, quantity in named.items() if quantity not in found]
    if strict and unknown:
        raise InputError("points", f"names of the key: {', '.join(due.name for due in found.values())}", unknown[0])
    return tuple(found.values())


def marks(audit: Audit, due: Sequence[Due], follow_through: float) -> tuple[EarnedMark, ...]:
    """What a sheet earns for each line that is due.

    Of several lines with one name the last that claims a value counts. A vector that is due counts by its
    components where the sheet has those, and a component by its vector. A line that was not filled in is missing.
    """
    lines: dict[Symbol, LineAudit] = {}
    for a in filled(audit).lines:
        quantity = quantity_of(a)
        if quantity not in lines or a.claimed is not None or lines[quantity].claimed is None:
            lines[quantity] = a
    return tuple(_mark(d, lines, follow_through) for d in due)


def filled(audit: Audit) -> Audit:
    """An audit without the lines that were not filled in: ``a_1 =``."""
    lines = tuple(a for a in audit.lines if not is_blank(a.text))
    return audit if len(lines) == len(audit.lines) else replace(audit, lines=lines)


def _mark(due: Due, lines: Mapping[Symbol, LineAudit], follow_through: float) -> EarnedMark:
    name = _name(due.quantity)
    line = lines.get(due.quantity) or (lines.get(_renamed(due.quantity, name.whole)) if name else None)
    if line is not None:
        share = earns(line.verdict, follow_through)
        return EarnedMark(due.name, line.verdict, due.points * share, due.points, line.number)
    parts = [lines.get(part) for part in due.parts]
    if not any(parts):
        return EarnedMark(due.name, MISSING, 0.0, due.points)
    verdicts = [part.verdict if part else MISSING for part in parts]
    share = sum(earns(v, follow_through) for v in verdicts) / len(verdicts)
    worst = next(v for v in (*_WORST, *ACCEPTED[::-1]) if v in verdicts)
    return EarnedMark(due.name, worst, due.points * share, due.points)


_WORST = ("wrong", "unreadable", MISSING, "undecided", "follows")


def earns(verdict: str, follow_through: float) -> float:
    """The share of its points that a verdict earns."""
    return 1.0 if verdict in ACCEPTED else follow_through if verdict == "follows" else 0.0


def other_numbers(audit: Audit, due: Sequence[Due]) -> str:
    """A name whose value due is not the key's: the sheet was given, or has given itself, other numbers. "" for none."""
    ours = {quantity_of(a): a.right for a in audit.lines if a.name and a.right is not None}
    for d in due:
        mine = ours.get(d.quantity)
        if mine is None or d.right is None or not _is_given(d.quantity, bool(audit.conventions)):
            continue
        if np.shape(mine) != np.shape(d.right):  # a matrix in delta notation is the transpose
            mine = np.transpose(mine)
        if np.shape(mine) != np.shape(d.right) or not np.allclose(mine, d.right, rtol=1e-6, atol=1e-9, equal_nan=True):
            return d.name
    return ""


def _is_given(quantity: Symbol, conventions: bool) -> bool:
    """Whether the numbers given fix the value of a quantity.

    They do not fix a name of the author's own, nor, under a convention of the author's, the loss and its gradients.
    """
    name = _name(quantity)
    if not conventions:
        return name is not None
    return isinstance(name, Quantity) and name.symbol in ("x", "a", "h", "yhat")


# ---------------------------------------------------------------- names


def quantity_of(a: LineAudit) -> Symbol:
    """What a line is found by: what it claims, else its name as typed, else its number."""
    return a.quantity or "".join(a.name.split()) or f"line {a.number}"


def quantity_named(name: str, audit: Audit) -> Symbol:
    """What a name stands for that a teacher gives points to, written as in a worksheet."""
    swapped = any(c.id in _SWAPPED for c in audit.conventions)
    lines = read_lines((f"{name.strip().strip('$')} = 0",), 1, audit.sizes) if audit.sizes else ()
    quantity = claimed_quantity(lines[0], audit.sizes, swapped) if lines else None
    return quantity or "".join(name.split())


def _name(quantity: Symbol) -> Name | None:
    """The name of the design that a quantity has, without its updates."""
    name = quantity.name if isinstance(quantity, Timed) else quantity
    return name if isinstance(name, Quantity | Derivative) else None


def _renamed(quantity: Symbol, name: Name) -> Symbol:
    """Another quantity after as many updates."""
    return replace(quantity, name=name) if isinstance(quantity, Timed) else name


def _components(quantity: Symbol, right: Any, sizes: Sequence[int]) -> tuple[Symbol, ...]:
    """The components of a vector or a matrix of one example, whose value is ``right``."""
    name, dimensions = _name(quantity), len(np.shape(right))
    if name is None or name.subject.index or not dimensions or dimensions != SYMBOLS[name.subject.symbol][1]:
        return ()
    if isinstance(name, Derivative) and not name.of.is_component:
        return ()
    places = np.ndindex(*shape(name.subject, sizes))
    return tuple(_renamed(quantity, name.at(tuple(i + 1 for i in place))) for place in places)
