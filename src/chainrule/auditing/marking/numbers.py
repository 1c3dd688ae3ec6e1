"""The number of a line: held against the truth, and against the author's own earlier lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.auditing.marking.dependencies import sources
from chainrule.auditing.marking.mark import BAD, Adopted, Mark, fitted
from chainrule.auditing.model.claims import LineClaim
from chainrule.auditing.model.effort import Spent
from chainrule.auditing.model.interval import Interval
from chainrule.auditing.model.replay import Wrong
from chainrule.auditing.model.world import NameValues, NumbersOnly, World, value_of
from chainrule.errors import InputError
from chainrule.formula import tree as t
from chainrule.network.arrays import Array

if TYPE_CHECKING:
    from chainrule.auditing.marking.sheet import Pass

LAST_DIGIT = 0.02  # by how much a last digit that is one off may change a number


def mark_numbers(p: Pass, mark: Mark, target: Callable[[World, bool], Any]) -> None:
    """Give the line's number its verdict.

    Raises:
        InputError: its shape does not fit; the header lacks what it needs.
    """
    assert mark.claim.numbers is not None
    due = np.asarray(target(p.truth, False), dtype=float)
    numbers, flipped, due = fitted(mark.claim.numbers, due, _by_example(p, mark), _is_slopes(mark))
    if numbers is None:
        shape = " x ".join(map(str, due.shape)) or "one number"
        got = " x ".join(map(str, mark.claim.numbers.value.shape)) or "one number"
        raise InputError(mark.claim.line.parts[0].text, shape, got)
    mark.numbers, mark.flipped, mark.due = numbers, flipped, due
    if np.isnan(due).any():
        raise InputError(mark.claim.line.parts[0].text, "what it needs in the header (y)", "none")
    rounds, cuts = numbers.interval(False), numbers.interval(True)
    exact = np.abs(numbers.value - due) <= 1e-9 * np.abs(due) + 1e-12
    by_rounding = rounds.touches(Interval.of(due))
    by_cutting = cuts.touches(Interval.of(due))
    gap = np.abs(numbers.value - due)
    last_digit = (gap <= numbers.unit * (1 + 1e-6)) & (gap <= LAST_DIGIT * np.abs(due))
    wanted = rounds if not p.both else cuts
    mark.fits = by_rounding | by_cutting | last_digit
    own_fits = _own_fits(p, mark, wanted, target)
    drift = (by_rounding | own_fits).all()
    bad = sources(p, mark) if drift else []
    if by_rounding.all():
        mark.value_verdict = "right" if exact.all() else "rounded"
    elif drift and not bad and mark.root is None:
        mark.value_verdict = "rounded"
    elif (by_rounding | by_cutting).all():
        mark.value_verdict = "truncated"
    elif mark.fits.all():
        mark.value_verdict, mark.why = "rounded", "one off in the last digit"
    elif (mark.fits | own_fits).all():
        bad = bad or sources(p, mark)
        mark.value_verdict = "follows" if bad or mark.root else "rounded"
        mark.root = mark.root or (bad[0] if bad else None)
        _trivial(p, mark)
    else:
        mark.value_verdict = "wrong"
    mark.fits = mark.fits | own_fits
    if flipped:
        mark.value_verdict, mark.fits = "wrong", np.zeros(due.shape, dtype=bool)
    if mark.value_verdict in ("right", "rounded", "truncated"):
        mark.root = None
        mark.inconsistent = not own_fits.all() and bool(sources(p, mark))


def _by_example(p: Pass, mark: Mark) -> bool:
    """Whether the line has a row, or a column, for each example."""
    return mark.place is not None and mark.place.examples and not p.problem.single


def _is_slopes(mark: Mark) -> bool:
    return mark.place is not None and mark.place.node is not None and mark.place.node.kind == "g'"


def _own_fits(p: Pass, mark: Mark, wanted: Interval, target: Callable[[World, bool], Any]) -> Array:
    """Entries that the author's own earlier lines give, by any of the ways they can be taken."""
    best = np.zeros(wanted.shape, dtype=bool)
    place = mark.place
    if place is None:
        value, radius = _spread(p, mark.claim)
        if value is not None:
            shaped = Interval(value - radius, value + radius).reshape(wanted.shape)
            mark.own = shaped
            best = wanted.touches(shaped)
        return best
    for world, adopted in _ways(p, place.time > 1):
        root = adopted.mark if adopted else None
        value = Interval.of(world.value(place, computed=True))
        value = _shaped(value, mark)
        touching = wanted.touches(value)
        if mark.own is None or touching.sum() > best.sum():
            mark.own = value
        if touching.all() or (touching | (mark.fits if mark.fits is not None else False)).all():
            mark.own, mark.root = value, root
            mark.via = adopted.candidate if adopted else None
            return touching
        best = best | touching if root is None else best
        if root is None and mark.fits is not None and mark.fits.all():
            return best
    return best


def _ways(p: Pass, far: bool) -> Iterator[tuple[World, Adopted | None]]:
    """The author's worlds: as the lines stand, the other way where two disagree, with mistakes found before."""
    yield p.own, None
    if any(m.verdict in BAD for m in p.marks):
        yield p.own.other(long_way=True), None
    if far:  # many updates are made anew from the header, not from these lines
        return
    for adopted in p.adopted:
        world = _carried(p, adopted.wrong)
        if world is None:
            return
        yield world, adopted
    roots = list(dict.fromkeys(a.mark for a in p.adopted))
    if len(roots) > 1:
        firsts = [next(a for a in p.adopted if a.mark is root) for root in roots]
        world = _carried(p, *(a.wrong for a in firsts))
        if world is not None:
            yield world, firsts[-1]


def _carried(p: Pass, *wrong: Wrong) -> World | None:
    """The author's world with mistakes found before; None where the sheet has too many to try them all."""
    try:
        with p.effort.explaining():
            return p.own.other(*wrong, long_way=True)
    except Spent:
        return None


def _spread(p: Pass, claim: LineClaim) -> tuple[Any, Any]:
    """The line's first formula from the author's own numbers, and how far their digits can move it."""
    tree = p.definition(claim)
    if tree is None:
        return None, None
    names = p.lookup(p.printed, numeric=True)
    try:
        base = np.asarray(value_of(tree, names), dtype=float)
        radius = np.zeros_like(base)
        for symbol in set(t.refs(tree)):
            widths = _width(p, symbol)
            if widths is None or not np.any(widths):
                continue
            moved = [_moved(p, tree, names, symbol, s * widths) for s in (-1, 1)]
            radius = radius + np.maximum(np.abs(moved[0] - base), np.abs(moved[1] - base))
    except (InputError, NumbersOnly):
        return None, None
    return base, radius * 1.01


def _moved(p: Pass, tree: t.Expr, names: NameValues, symbol: t.Symbol, by: Any) -> Array:
    """The formula's value with one name moved by a little."""
    moved = replace(names, moved={symbol: by})
    return np.asarray(value_of(tree, moved), dtype=float)


def _width(p: Pass, symbol: t.Symbol) -> Any:
    if isinstance(symbol, str):
        return p.names[symbol][1] * 0 + _own_unit(p, symbol) / 2 if symbol in p.names else None
    value = p.own.value(p.reader.place(symbol))
    return (value.high - value.low) / 2 if isinstance(value, Interval) else None


def _own_unit(p: Pass, symbol: str) -> float:
    for mark in reversed(p.marks):
        if mark.claim.own == symbol and mark.claim.numbers is not None:
            return float(mark.claim.numbers.unit.max(initial=0.0))
    return 0.0


def _trivial(p: Pass, mark: Mark) -> None:
    """A carried 0 that makes the line true whatever the author knows earns nothing."""
    assert mark.numbers is not None
    if mark.value_verdict != "follows" or mark.own is None:
        return
    differs = ~np.isclose(mark.numbers.value, mark.due, rtol=1e-9, atol=1e-12)
    zero = (
        (mark.numbers.value == 0)
        & (np.abs(mark.own.low) < mark.numbers.unit)
        & (np.abs(mark.own.high) < mark.numbers.unit)
    )
    if differs.any() and zero[differs].all():
        where = f" (line {mark.root.number})" if mark.root else ""
        mark.value_verdict = "undecided"
        mark.why = f"the 0 carried from an earlier line{where} makes this line 0 whatever is done: it shows nothing"


def _shaped(value: Interval, mark: Mark) -> Interval:
    assert mark.numbers is not None
    if mark.flipped:
        value = value.T
    return value.reshape(mark.numbers.value.shape)
