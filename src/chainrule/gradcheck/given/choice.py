"""Which reading of a set is meant: that which its shapes allow and most of its numbers fit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from chainrule.errors import InputError
from chainrule.gradcheck.given.factors import Factors, found_factors
from chainrule.gradcheck.given.fits import Evidence, Fit
from chainrule.gradcheck.given.layouts import IN_COLUMNS, ArrayLayout, LaidOut, layouts, pieces
from chainrule.gradcheck.given.misfits import misfit
from chainrule.gradcheck.given.readings import SetReading

CLOSE = 0.02  # cosines, summed over the arrays, that differ by less for each say nothing
CLEAR = 0.1  # by more for each, they say that weights lie the other way


class _Rank(NamedTuple):
    """What makes one reading likelier than another, first things first."""

    right: int
    shapes: int
    sure: bool
    cosine: float


@dataclass(frozen=True, eq=False)
class Chosen:
    """A set as it is read: every array in the layout of the design, not yet divided by its factor."""

    naming: SetReading
    layout: ArrayLayout
    pieces: tuple[LaidOut, ...]
    factors: Factors
    rank: _Rank


def chosen(found: Sequence[SetReading], evidence: Evidence, rate: float | None) -> Chosen:
    """The reading that is meant.

    Raises:
        InputError: an array whose shape fits nothing; two readings that nothing decides between.
    """
    possible: list[Chosen] = []
    for naming in found:
        possible += _in_its_layout(naming, evidence, rate)
    if not possible:
        raise misfit(found, evidence.b)
    best = max(possible, key=lambda one: one.rank)  # the first of those that are alike: the likelier reading
    _refuse_tie(best, possible)
    return best


def _in_its_layout(naming: SetReading, evidence: Evidence, rate: float | None) -> Iterator[Chosen]:
    """A reading of the names with the layout that its arrays have."""
    best: Chosen | None = None
    for layout in layouts(naming.items):
        parts = _pieces(naming, layout, evidence)
        if parts is None:
            continue
        factors, right = found_factors(parts, evidence, rate)
        against, speaks = sum(p.against for p in parts), sum(p.speaks for p in parts)
        fits = [evidence.fit(p, factors.each) for p in parts]
        rank = _Rank(right - against, speaks - against, naming.sure, sum(fit.cosine for fit in fits))
        one = Chosen(naming, layout, parts, factors, rank)
        if best is None:
            best = one
        elif layout.in_out == best.layout.in_out or _speaks_for(one, best, fits, factors):
            best = max(best, one, key=lambda each: (*each.rank[:2], round(each.rank.cosine, 6)))
    if best is not None:
        yield best


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
    fits = {
        i: (_either(part, evidence), _either(_transposed(part), evidence)) for i, part in enumerate(parts) if part.turns
    }
    votes = [other.exact for one, other in fits.values() if one.exact != other.exact]
    votes += [IN_COLUMNS in part.done for part in parts if not part.turns and part.of_units and part.value.ndim == 2]
    for i, part in enumerate(parts):
        if i not in fits:
            yield part
            continue
        one, other = fits[i]
        turn = other.cosine > one.cosine + 0.1
        if one.exact != other.exact:
            turn = other.exact
        elif votes:
            turn = 2 * sum(votes) > len(votes)
        yield _transposed(part) if turn else part


def _either(part: LaidOut, evidence: Evidence) -> Fit:
    """The better of its fits to what is due, of all examples together or of each alone."""
    fits = [evidence.fit(part), evidence.fit(part, each=True)]
    return max(fits, key=lambda fit: (fit.exact, fit.cosine))


def _transposed(part: LaidOut) -> LaidOut:
    return part._replace(value=part.value.T, done=(*part.done, IN_COLUMNS))


def _speaks_for(one: Chosen, other: Chosen, fits: list[Fit], factors: Factors) -> bool:
    """Whether a layout that the names do not have has evidence: a shape, or the numbers of two weights.

    One weight alone that is its own transpose is a mistake.
    """
    if any(p.speaks for p in one.pieces):
        return True
    weights = [(p, f) for p, f in zip(one.pieces, fits, strict=True) if p.quantity.subject.symbol == "W"]
    square = sum(f.informative for _, f in weights)
    oblong = any(p.value.ndim == 2 and 1 < min(p.value.shape) < max(p.value.shape) for p, _ in weights)
    if any(f.informative and f.at(factors.of(p)) for p, f in weights) and (square > 1 or oblong):
        return True
    more = one.rank.cosine - other.rank.cosine
    return len(weights) > 1 and one.rank.right == other.rank.right and more > CLEAR * len(weights)


def _refuse_tie(best: Chosen, possible: list[Chosen]) -> None:
    if best.rank.sure or best.rank.right == len(best.pieces):
        return
    wanted = best.naming.quantities
    close = CLOSE * len(best.pieces)
    others = [
        one
        for one in possible
        if one.rank[:3] == best.rank[:3]
        and one.rank.cosine > best.rank.cosine - close
        and one.naming.quantities != wanted
    ]
    if not others:
        return
    at = next(i for i, q in enumerate(others[0].naming.quantities) if q != wanted[i])
    name = best.naming.items[at].leaf.name
    meant = f"a name of which the layer is clear, such as {wanted[at]}"
    raise InputError(
        name,
        meant,
        f"one that may be {wanted[at]} or {others[0].naming.quantities[at]}: neither shapes nor numbers decide",
    )
