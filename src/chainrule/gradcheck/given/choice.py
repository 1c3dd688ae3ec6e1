"""Which reading of a set is meant: that which its shapes allow and most of its numbers fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from chainrule.errors import InputError
from chainrule.gradcheck.given.factors import Factors, found_factors
from chainrule.gradcheck.given.fits import Evidence
from chainrule.gradcheck.given.layouts import IN_COLUMNS, ArrayLayout, LaidOut, layouts, pieces
from chainrule.gradcheck.given.misfits import misfit
from chainrule.gradcheck.given.readings import SetReading
from chainrule.gradcheck.given.relations import holding


class _Rank(NamedTuple):
    """What makes one reading likelier than another, first things first.

    Attributes:
        right: arrays that are right, less those whose shape speaks against the layout. shapes: those that speak for it,
            less these. relations: equations that hold among the arrays. sure: it is how the names are usually meant.
    """

    right: int
    shapes: int
    relations: int
    sure: bool


@dataclass(frozen=True, eq=False)
class Chosen:
    """A set as it is read: every array in the layout of the design, not yet divided by its factor."""

    naming: SetReading
    layout: ArrayLayout
    pieces: tuple[LaidOut, ...]
    factors: Factors
    rank: _Rank


def chosen(found: Sequence[SetReading], evidence: Evidence, rate: float | None, in_out: bool | None = None) -> Chosen:
    """The reading that is meant; with weights that lie in one way alone where that is given.

    Raises:
        InputError: an array whose shape fits nothing; two readings that nothing decides between.
    """
    possible: list[Chosen] = []
    for naming in found:
        for one in _in_its_layout(naming, evidence, rate, in_out):
            if one.rank.right == len(one.pieces):
                return one
            possible.append(one)
    if not possible:
        raise misfit(found, evidence.b)
    best = max(possible, key=lambda one: one.rank)  # the first of those that are alike: the likelier reading
    _refuse_tie(best, possible)
    return best


def _in_its_layout(naming: SetReading, evidence: Evidence, rate: float | None, in_out: bool | None) -> Iterator[Chosen]:
    """A reading of the names with the layout that its arrays have."""
    best: Chosen | None = None
    for layout in layouts(naming.items, in_out):
        parts = _pieces(naming, layout, evidence)
        if parts is None:
            continue
        factors, right = found_factors(parts, evidence, rate)
        against, speaks = sum(p.against for p in parts), sum(p.speaks for p in parts)
        relations = 0 if right == len(parts) else holding(parts, evidence, factors.each)
        one = Chosen(naming, layout, parts, factors, _Rank(right - against, speaks - against, relations, naming.sure))
        if best is None or (
            one.rank > best.rank and (layout.in_out == best.layout.in_out or _speaks_for(one, best, evidence))
        ):
            best = one
        elif one.rank == best.rank and layout.in_out == best.layout.in_out and layout != best.layout:
            best = min(best, one, key=lambda either: _distance(either, evidence))  # the first of two alike
    if best is not None:
        yield best


def _distance(one: Chosen, evidence: Evidence) -> float:
    """How far all arrays are from what is due, each relative to it."""
    pairs = [(p.value, evidence.due(p.quantity)) for p in one.pieces if p.value.shape == evidence.due(p.quantity).shape]
    sizes = [float(np.abs(due).max(initial=0.0)) or 1.0 for _, due in pairs]
    return sum(float(np.linalg.norm((value - due) / size)) for (value, due), size in zip(pairs, sizes, strict=True))


def _pieces(naming: SetReading, layout: ArrayLayout, evidence: Evidence) -> tuple[LaidOut, ...] | None:
    found: list[LaidOut] = []
    for item in naming.items:
        parts = pieces(item, layout, evidence.b)
        if parts is None:
            return None
        found += parts
    return tuple(_turned(found, evidence))


def _turned(parts: list[LaidOut], evidence: Evidence) -> Iterator[LaidOut]:
    """Arrays of as many examples as units, turned where their numbers say so, or those of the others of the set."""
    both = {i: (part, _transposed(part)) for i, part in enumerate(parts) if part.turns}
    exact = {i: tuple(_is_multiple(way, evidence) for way in ways) for i, ways in both.items()}
    votes = [turned for as_is, turned in exact.values() if as_is != turned]
    votes += [IN_COLUMNS in part.done for part in parts if not part.turns and part.of_units and part.value.ndim == 2]
    most = 2 * sum(votes) > len(votes)
    if both and not votes:
        turned = [both[i][1] if i in both else part for i, part in enumerate(parts)]
        most = holding(turned, evidence) > holding(parts, evidence)
    for i, part in enumerate(parts):
        as_is, turned_is = exact.get(i, (True, False))
        turn = turned_is if as_is != turned_is else most
        yield both[i][1] if i in both and turn else part


def _is_multiple(part: LaidOut, evidence: Evidence) -> bool:
    """Whether it is a multiple of what is due, of all examples together or of each alone."""
    return evidence.fit(part).exact or evidence.fit(part, each=True).exact


def _transposed(part: LaidOut) -> LaidOut:
    return part._replace(value=part.value.T, done=(*part.done, IN_COLUMNS))


def _speaks_for(one: Chosen, other: Chosen, evidence: Evidence) -> bool:
    """Whether a layout that the names do not have has evidence: a shape, or more than one weight.

    One weight alone that is its own transpose is a mistake, except as the only one of a network under a name of code.
    """
    if any(p.speaks for p in one.pieces):
        return True
    if evidence.b.forward.network.depth == 1:
        return not any(item.label is not None and item.label.designed for item in one.naming.items)
    weights = [p for p in one.pieces if p.quantity.subject.symbol == "W" and p.value.ndim == 2]
    if any(1 < min(p.value.shape) < max(p.value.shape) for p in weights):
        return True
    fits = [evidence.fit(p) for p in weights]
    return len(fits) > 1 and (sum(fit.informative for fit in fits) > 1 or all(fit.exact for fit in fits))


def _refuse_tie(best: Chosen, possible: list[Chosen]) -> None:
    if best.rank.sure:
        return
    other = next((one for one in possible if one.rank == best.rank and not _is_same(one, best)), None)
    if other is None:
        return
    pairs = zip(best.pieces, other.pieces, strict=False)
    name, one, two = next((p.name, p.quantity, q.quantity) for p, q in pairs if not _is_equal(p, q))
    either = f"one that may be {one} or {two}" if one != two else "one that may be in one order or another"
    meant = f"a name of which the layer is clear, such as {one}"
    raise InputError(name, meant, f"{either}: neither shapes nor numbers decide")


def _is_same(one: Chosen, other: Chosen) -> bool:
    """Whether two readings give the same arrays."""
    pieces = {p.quantity: p for p in other.pieces}
    return len(one.pieces) == len(pieces) and all(_is_equal(p, pieces.get(p.quantity)) for p in one.pieces)


def _is_equal(one: LaidOut, other: LaidOut | None) -> bool:
    return other is not None and one.quantity == other.quantity and np.array_equal(one.value, other.value)
