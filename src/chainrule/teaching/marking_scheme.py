"""Points of a sheet: which lines are due, what each is worth, and what the sheet's own lines earn."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np

from chainrule.auditing.records import ACCEPTED
from chainrule.auditing.report.records import Audit, LineAudit
from chainrule.auditing.report.wording import PRIMED, plain_name
from chainrule.errors import InputError
from chainrule.network import names
from chainrule.network.names import SYMBOLS, Derivative, Name, Quantity
from chainrule.sheets.lines import is_blank

#: a name with its primes, the same however it was written
Key: TypeAlias = tuple[Name | str, str]

DEFAULT = "default"  # in a table of points: what every other line is worth
MISSING = "missing"
#: conventions under which W_ij of the sheet is W_ji here
_SWAPPED = ("swapped", "transposed")
_SIZES = re.compile(r"\((\d+(?:-\d+)+)")


@dataclass(frozen=True)
class Due:
    """A line that a sheet should have.

    Attributes:
        name: as the key writes it.
        key: to find it by.
        points: what it is worth.
        right: its value in the key; None where the key has none.
        number: of the line, where the sheet itself says what is due.
    """

    name: str
    key: Key
    points: float
    right: Any = None
    number: int | None = None


@dataclass(frozen=True)
class Mark:
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
        if not number or not math.isfinite(worth) or worth < 0:
            raise InputError(f"points of {name}", "a number from 0 up", repr(worth))
    return dict(points or {})


def due_lines(audit: Audit, points: Mapping[str, float], strict: bool = False) -> tuple[Due, ...]:
    """The lines of a sheet as those that are due, each name once, in its order.

    Args:
        strict: every name in ``points`` must be one of them.

    Raises:
        InputError: a name in ``points`` that the sheet does not have.
    """
    keyed = names_of(audit)
    worth = {keyed(name): value for name, value in points.items() if name != DEFAULT}
    other = points.get(DEFAULT, 1.0)
    found: dict[Key, Due] = {}
    for a in audit.lines:
        key = keyed(a.name) if a.name else (f"line {a.number}", "")
        right = a.right if a.right is not None or key not in found else found[key].right
        found[key] = Due(a.name or f"line {a.number}", key, worth.get(key, other), right, a.number)
    unknown = [name for name in points if name != DEFAULT and keyed(name) not in found]
    if strict and unknown:
        raise InputError("points", f"names of the key: {', '.join(due.name for due in found.values())}", unknown[0])
    return tuple(found.values())


def marks(audit: Audit, due: Sequence[Due], follow_through: float) -> tuple[Mark, ...]:
    """What a sheet earns for each line that is due.

    Of several lines with one name the last that claims a value counts. A vector that is due counts by its
    components where the sheet has those, and a component by its vector. A line that was not filled in is missing.
    """
    keyed = names_of(audit)
    lines: dict[Key, LineAudit] = {}
    for a in filled(audit).lines:
        key = keyed(a.name) if a.name else (f"line {a.number}", "")
        if key not in lines or a.claimed is not None or lines[key].claimed is None:
            lines[key] = a
    return tuple(_mark(d, lines, follow_through) for d in due)


def filled(audit: Audit) -> Audit:
    """An audit without the lines that were not filled in: ``a_1 =``."""
    lines = tuple(a for a in audit.lines if not is_blank(a.text))
    return audit if len(lines) == len(audit.lines) else replace(audit, lines=lines)


def _mark(due: Due, lines: Mapping[Key, LineAudit], follow_through: float) -> Mark:
    whole = _whole(due.key)
    line = lines.get(due.key) or (lines.get(whole) if whole else None)
    if line is not None:
        share = earns(line.verdict, follow_through)
        return Mark(due.name, line.verdict, due.points * share, due.points, line.number)
    parts = [lines.get(key) for key in _components(due)]
    if not any(parts):
        return Mark(due.name, MISSING, 0.0, due.points)
    verdicts = [part.verdict if part else MISSING for part in parts]
    share = sum(earns(v, follow_through) for v in verdicts) / len(verdicts)
    worst = next(v for v in (*_WORST, *ACCEPTED[::-1]) if v in verdicts)
    return Mark(due.name, worst, due.points * share, due.points)


_WORST = ("wrong", "unreadable", MISSING, "undecided", "follows")


def earns(verdict: str, follow_through: float) -> float:
    """The share of its points that a verdict earns."""
    return 1.0 if verdict in ACCEPTED else follow_through if verdict == "follows" else 0.0


def other_numbers(audit: Audit, due: Sequence[Due]) -> str:
    """A name whose value due is not the key's: the sheet was given, or has given itself, other numbers. "" for none."""
    keyed = names_of(audit)
    ours = {keyed(a.name): a.right for a in audit.lines if a.name and a.right is not None}
    for d in due:
        mine = ours.get(d.key)
        if mine is None or d.right is None or not _is_given(d.key, bool(audit.conventions)):
            continue
        if np.shape(mine) != np.shape(d.right) or not np.allclose(mine, d.right, rtol=1e-6, atol=1e-9, equal_nan=True):
            return d.name
    return ""


def _is_given(key: Key, conventions: bool) -> bool:
    """Whether the numbers given fix the value of a name.

    They do not fix a name of the author's own, nor, under a convention of the author's, the loss and its gradients.
    """
    name = key[0]
    if not conventions:
        return not isinstance(name, str)
    return isinstance(name, Quantity) and name.symbol in ("x", "a", "h", "yhat")


# ---------------------------------------------------------------- names


def names_of(audit: Audit) -> Callable[[str], Key]:
    """How the names of a sheet are read: for its network, and with weights the way its author counts them."""
    match = _SIZES.search(audit.network)
    sizes = tuple(map(int, match[1].split("-"))) if match else ()
    swapped = any(c.id in _SWAPPED for c in audit.conventions)
    return lambda name: name_key(name, sizes, swapped)


def name_key(name: str, sizes: Sequence[int], swapped: bool = False) -> Key:
    """A name as what it means, so that ``w^2_21`` and ``W_212``, ``a^2`` and ``yhat`` are one.

    Args:
        swapped: W_ij goes from unit i to unit j.
    """
    compact = "".join(plain_name(name).split())
    match = PRIMED.fullmatch(compact)
    if match is None:
        return compact, ""
    times = match["times"]
    primes = "'" * int(times) if times and len(times) == 1 else f"'{times}" if times else match["primes"]
    try:
        found = names.read(match["base"])[0]
        found = _swap(found) if swapped else found
        return (names.resolve(found, sizes) if sizes else found), primes
    except InputError:
        return match["base"], primes


def _swap(name: Name) -> Name:
    if isinstance(name, Derivative):
        return replace(name, wrt=replace(name.wrt, index=name.wrt.index[::-1])) if name.wrt.symbol == "W" else name
    return replace(name, index=name.index[::-1]) if name.symbol == "W" else name


def _whole(key: Key) -> Key | None:
    """The vector or matrix that a component is one of."""
    name, primes = key
    if isinstance(name, Derivative) and name.wrt.index:
        return Derivative(name.of, name.wrt.whole), primes
    return (name.whole, primes) if isinstance(name, Quantity) and name.index else None


def _components(due: Due) -> list[Key]:
    """The components of a vector or matrix of one example, as far as the key's value shows how many there are."""
    name, primes = due.key
    if isinstance(name, str):
        return []
    inner = name.wrt if isinstance(name, Derivative) else name
    shape = np.shape(due.right)
    of_one = not isinstance(name, Derivative) or name.of.is_component
    if inner.index or not shape or len(shape) != SYMBOLS[inner.symbol][1] or not of_one:
        return []
    parts = [replace(inner, index=tuple(i + 1 for i in place)) for place in np.ndindex(*shape)]
    return [(Derivative(name.of, p) if isinstance(name, Derivative) else p, primes) for p in parts]
