"""The number of a line: held against the truth, and against the author's own earlier lines."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

import numpy as np

from chainrule.auditing.marking.carry_forward import mended
from chainrule.auditing.marking.dependencies import is_off, sources
from chainrule.auditing.marking.formulas import with_radius
from chainrule.auditing.marking.mark import BAD, Adopted, Mark, NumberMark
from chainrule.auditing.marking.roundings import MOST_ENTRIES, is_rounded_once
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import LineClaim
from chainrule.auditing.model.digits import LAST_DIGIT, Numbers
from chainrule.auditing.model.effort import Spent
from chainrule.auditing.model.interval import Interval
from chainrule.auditing.model.replay import Wrong
from chainrule.auditing.model.world import MOST_SIZE, MOST_WRITTEN_OUT, NumbersOnly, World, value_of
from chainrule.auditing.records import ACCEPTED, Verdict
from chainrule.errors import InputError
from chainrule.formula import tree as t
from chainrule.network.arrays import Array

ROUNDED_TWICE = 0.556  # of a unit: 0.62246 is 0.6225 in four digits, and that 0.623 in three
ONE_OFF = "one off in the last digit"
MENDED = "right with the wrong number above as it should be"


def mark_numbers(state: SheetState, claim: LineClaim, written: Numbers) -> NumberMark:
    """The mark of the line's number.

    Raises:
        InputError: its shape does not fit; the header lacks what it needs.
    """
    numbers, flipped, due, gap, by_rounding, by_cutting, fits, _ = _held_against_truth(state, claim, written)
    rounds, cuts = numbers.interval(False), numbers.interval(True)
    own = _from_own_lines(state, claim, cuts if state.both else rounds, fits, flipped)
    if not state.exact:
        sure = by_rounding | by_cutting | (gap <= ROUNDED_TWICE * numbers.unit)
        fits = _without_slips(state, claim, numbers, fits | _last_digit(numbers, own.value, due), sure)
    root = own.adopted.mark if own.adopted else None
    drift = (by_rounding | own.fits).all()
    bad = sources(state, claim) if drift else []
    verdict: Verdict
    why = ""
    if by_rounding.all():
        verdict = "right" if (gap <= 1e-9 * np.abs(due) + 1e-12).all() else "rounded"
    elif drift and not bad and root is None:
        verdict = "rounded"
    elif (by_rounding | by_cutting).all():
        verdict = "truncated"
    elif fits.all():
        verdict, why = "rounded", ONE_OFF
    elif (fits | own.fits).all():
        root = root or next(iter(bad or sources(state, claim)), None)
        verdict = "follows" if root else "rounded"
        if root and own.value is not None and not state.exact and _trivial(numbers, due, own.value):
            verdict = "undecided"
            why = f"the 0 carried from an earlier line (line {root.number}) makes this line 0 whatever is done: "
            why += "it shows nothing"
    elif _goes_on_mended(state, claim, numbers, fits, flipped, due):
        verdict, why, own = "rounded", MENDED, own._replace(fits=np.ones(due.shape, dtype=bool))
    else:
        verdict = "wrong"
    fits = fits | own.fits
    if flipped:
        verdict, fits = "wrong", np.zeros(due.shape, dtype=bool)
    inconsistent = False
    if verdict in ACCEPTED:
        root, inconsistent = None, not own.fits.all() and bool(sources(state, claim))
    via = own.adopted.candidate if own.adopted else None
    return NumberMark(numbers, due, flipped, verdict, fits, own.value, why, root, via, inconsistent)


def _goes_on_mended(
    state: SheetState, claim: LineClaim, numbers: Numbers, fits: Array, flipped: bool, due: Array
) -> bool:
    """Whether a number is right by the author's lines with the wrong ones among them as they should be."""
    try:
        with state.effort.explaining():
            return _comes_out_mended(state, claim, numbers, fits, flipped, due)
    except Spent:
        return False


def _comes_out_mended(
    state: SheetState, claim: LineClaim, numbers: Numbers, fits: Array, flipped: bool, due: Array
) -> bool:
    place = claim.place
    if place is not None and place.time > 1:
        return False
    wanted = numbers.interval(False)
    if place is None:
        tree = state.definition(claim)
        value = None if tree is None or t.has(tree, t.Diff) else spread_mended(state, tree, literally=True)
        if value is None or value.low.size != wanted.low.size:
            return False
    else:
        world = mended(state)
        if world is None:
            return False
        value = Interval.of(world.value(place, computed=True))
        value = value.T if flipped else value
    value = value.reshape(wanted.shape)
    near = _last_digit(numbers, value, due)
    return bool((_without_slips(state, claim, numbers, fits | near, fits) | wanted.touches(value)).all())


class _ByTruth(NamedTuple):
    """A line's number held against the right value: both in one shape, how far they are apart, which entries fit."""

    numbers: Numbers
    flipped: bool
    due: Array
    gap: Array
    by_rounding: Array
    by_cutting: Array
    fits: Array
    claim: LineClaim


def _held_against_truth(state: SheetState, claim: LineClaim, written: Numbers) -> _ByTruth:
    """What no other line has a say in is found once, however often the sheet is marked."""
    known: dict[int, _ByTruth] = state.problem.once(("by truth", state.reading), dict)
    due = np.asarray(state.due(claim, state.truth), dtype=float)
    if id(claim) in known and claim.place is not None:
        return known[id(claim)]
    numbers, flipped, due = _fitted(written, due, state, claim)
    if np.isnan(due).any() and np.isnan(state.problem.y).any():
        raise InputError(claim.subject, "what it needs in the header (y)", "none")
    if not np.isfinite(due).all():
        raise InputError(claim.subject, "a value that can be computed in double precision", "one beyond 1.8e308")
    gap = np.abs(numbers.value - due)
    by_rounding = numbers.interval(False).touches(Interval.of(due))
    by_cutting = by_rounding if state.exact else numbers.interval(True).touches(Interval.of(due))
    last_digit = (gap <= numbers.unit * (1 + 1e-6)) & (gap <= LAST_DIGIT * np.abs(due))
    fits = by_rounding if state.exact else by_rounding | by_cutting | last_digit
    found = _ByTruth(numbers, flipped, due, gap, by_rounding, by_cutting, fits, claim)
    return known.setdefault(id(claim), found) if claim.place is not None else found


def _last_digit(numbers: Numbers, own: Interval | None, due: Array) -> Array:
    """Entries that are one off in the last digit from what the author's own lines give, and little from what is due."""
    if own is None or own.low.shape != numbers.value.shape:
        return np.zeros(due.shape, dtype=bool)
    gap = np.abs(numbers.value - np.clip(numbers.value, own.low, own.high))
    away = np.abs(numbers.value - due)
    near: Array = (gap <= numbers.unit * (1 + 1e-6)) & (away <= 2 * numbers.unit) & (away <= LAST_DIGIT * np.abs(due))
    return near


def _without_slips(state: SheetState, claim: LineClaim, numbers: Numbers, fits: Array, sure: Array) -> Array:
    """What fits, without entries one off in the last digit where no more than one result can have been rounded."""
    place = claim.place
    slips = np.argwhere(fits & ~sure)
    if place is None or place.node is None or not 0 < len(slips) <= MOST_ENTRIES or place.flip:
        return fits
    found = np.array(fits, dtype=bool)
    for one in map(tuple, slips):
        entry = place.index or one
        found[one] = not is_rounded_once(state, place, entry, float(numbers.unit[one]))
    return found


def _fitted(written: Numbers, due: Array, state: SheetState, claim: LineClaim) -> tuple[Numbers, bool, Array]:
    """The numbers in the shape of what is due: (numbers, whether it is the transpose's shape, due).

    Raises:
        InputError: the shape does not fit.
    """
    shape, given, place = due.shape, written.value.shape, claim.place
    if state.reading.columns and place is not None and place.examples and len(shape) == 2 and given == shape[::-1]:
        return written.T, False, due
    if given == shape:
        return written, False, due
    if due.size == written.value.size and (due.ndim < 2 or 1 in shape) and (len(given) < 2 or 1 in given):
        return written.reshaped(shape), False, due
    if len(shape) == 2 and given == shape[::-1]:
        by_example = place is not None and place.examples and not state.problem.single
        return (written.T, False, due) if by_example else (written, True, due.T)
    is_slopes = place is not None and place.node is not None and place.node.kind == "g'"
    if is_slopes and len(shape) == 1 and given == (*shape, *shape) and written.diagonal is not None:
        return written.diagonal, False, due
    expected, got = (" x ".join(map(str, s)) or "one number" for s in (shape, given))
    raise WrongShape(claim.subject, expected, got)


class WrongShape(InputError):
    """Numbers that are not as many, or not so arranged, as what is claimed."""


class _FromOwnLines(NamedTuple):
    """What the author's own earlier lines give: entries that fit, the value, and the mistake it takes, if any."""

    fits: Array
    value: Interval | None
    adopted: Adopted | None = None


def _from_own_lines(state: SheetState, claim: LineClaim, wanted: Interval, fits: Array, flipped: bool) -> _FromOwnLines:
    """By any of the ways in which the author's earlier lines can be taken.

    Args:
        wanted: numbers that are written as the line's are. fits: entries that are right as they stand.
    """
    best, place = np.zeros(wanted.shape, dtype=bool), claim.place
    if place is None:
        tree = state.definition(claim)
        value = None if tree is None else spread(state, tree, literally=True)
        if value is None:
            return _FromOwnLines(best, None)
        value = value.reshape(wanted.shape)
        return _FromOwnLines(wanted.touches(value), value)
    own = None
    for world, adopted in own_worlds(state, place.time > 1):
        value = Interval.of(world.value(place, computed=True))
        value = (value.T if flipped else value).reshape(wanted.shape)
        touching = wanted.touches(value)
        if (touching | fits).all():
            return _FromOwnLines(touching, value, adopted)
        if own is None or touching.sum() > best.sum():
            own = value
        if adopted is None:
            best = best | touching
    return _FromOwnLines(best, own)


def own_worlds(state: SheetState, far: bool = False) -> Iterator[tuple[World, Adopted | None]]:
    """The author's worlds: as the lines stand, the other way where two disagree, with mistakes found before."""
    yield state.own, None
    if any(m.verdict in BAD for m in state.marks):
        yield state.own.other(long_way=True), None
    if far:  # many updates are made anew from the header, not from these lines
        return
    for adopted in state.adopted:
        world = _with_mistakes(state, adopted.wrong)
        if world is None:
            return
        yield world, adopted
    firsts: dict[Mark, Adopted] = {}
    for adopted in state.adopted:
        firsts.setdefault(adopted.mark, adopted)
    if len(firsts) > 1:
        world = _with_mistakes(state, *(a.wrong for a in firsts.values()))
        if world is not None:
            yield world, [*firsts.values()][-1]


def _with_mistakes(state: SheetState, *wrong: Wrong) -> World | None:
    """The author's world with mistakes found before; None where the sheet has too many to try them all."""
    try:
        with state.effort.explaining():
            return state.own.other(*wrong, long_way=True)
    except Spent:
        return None


def spread(state: SheetState, tree: t.Expr, literally: bool = False) -> Interval | None:
    """A formula from the author's own numbers, as far as their digits can move it.

    Args:
        literally: the numbers that stand in it are rounded as well.
    """
    return _spread(state, tree, {}, literally)


def spread_mended(state: SheetState, tree: t.Expr, literally: bool = False) -> Interval | None:
    """A formula from the author's numbers with the wrong ones as they should be; None where none of them is wrong."""
    world = mended(state)
    known: dict[t.Symbol, Interval] = {}
    for symbol in set(t.refs(tree)):
        if isinstance(symbol, str):
            if (number := _own_as_due(state, symbol)) is not None:
                known[symbol] = number
        elif world is not None:
            with suppress(InputError):
                known[symbol] = Interval.of(world.value(state.reader.place(symbol)))
    return _spread(state, tree, known, literally) if known else None


def _own_as_due(state: SheetState, symbol: str) -> Interval | None:
    """A name of the author's whose number is off, as it should be printed, rounded or cut; None for another."""
    mark = next((m for m in reversed(state.marks) if m.claim.own == symbol and m.value is not None), None)
    if mark is None or mark.value is None or not is_off(mark) or mark.value.flipped:
        return None
    due, unit = mark.value.due, mark.value.numbers.unit
    return Interval(due - unit, due + unit)


def _spread(
    state: SheetState, tree: t.Expr, instead: Mapping[t.Symbol, Interval], literally: bool = False
) -> Interval | None:
    """A formula from the author's numbers, or from those that stand instead of them."""
    unwritten = {name: formula for name, (formula, number) in state.names.items() if number is None}
    for _ in range(MOST_WRITTEN_OUT):
        if unwritten.keys().isdisjoint(t.refs(tree)) or t.size(tree) > MOST_SIZE:
            break
        tree = t.substitute(tree, lambda symbol: unwritten.get(symbol) if isinstance(symbol, str) else None)
    names = state.lookup(state.printed, numeric=True)
    known: dict[t.Symbol, Any] = {symbol: value.middle for symbol, value in instead.items()}
    moved: dict[t.Symbol, Any] = {}

    def lookup(symbol: t.Symbol) -> Any:
        if symbol not in known:
            known[symbol] = names(symbol)
        return known[symbol] + moved[symbol] if symbol in moved else known[symbol]

    def value() -> Array:
        return np.asarray(value_of(tree, names, lookup=lookup), dtype=float)

    try:
        base = value()
        radius = np.zeros_like(base)
        for symbol in set(t.refs(tree)):
            one = instead.get(symbol)
            widths = _width(state, symbol) if one is None else (one.high - one.low) / 2
            if widths is None or not np.any(widths):
                continue
            ends = []
            for sign in (-1, 1):
                moved[symbol] = np.reshape(sign * widths, np.shape(lookup(symbol)))
                ends.append(value())
                del moved[symbol]
            radius = radius + np.maximum(np.abs(ends[0] - base), np.abs(ends[1] - base))
        if literally:
            radius = radius + with_radius(tree, names, state.digits, state.effort)[1]
    except (InputError, NumbersOnly):
        return None
    radius = radius * 1.01
    return Interval(base - radius, base + radius)


def _width(state: SheetState, symbol: t.Symbol) -> Any:
    """How far the digits of a name's number leave it open, to each side; None for what is exact."""
    if isinstance(symbol, str):
        _, number = state.names.get(symbol, (None, None))
        return None if number is None else number * 0 + _own_unit(state, symbol) / 2
    value = state.own.value(state.reader.place(symbol))
    return (value.high - value.low) / 2 if isinstance(value, Interval) else None


def _own_unit(state: SheetState, symbol: str) -> float:
    for mark in reversed(state.marks):
        if mark.claim.own == symbol and mark.claim.numbers is not None:
            return float(mark.claim.numbers.unit.max(initial=0.0))
    return 0.0


def _trivial(numbers: Numbers, due: Array, own: Interval) -> bool:
    """A carried 0 makes the line true whatever the author knows, so that it earns nothing."""
    differs = ~np.isclose(numbers.value, due, rtol=1e-9, atol=1e-12)
    zero = (numbers.value == 0) & (np.abs(own.low) < numbers.unit) & (np.abs(own.high) < numbers.unit)
    return bool(differs.any() and zero[differs].all())
