"""What stands of a line from then on: the author goes on with what is printed, or with what it was printed from."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.auditing.marking.dependencies import is_off, sources
from chainrule.auditing.marking.mark import BAD, Mark, NumberMark
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.claims import LineClaim, QuantityPlace
from chainrule.auditing.model.interval import Interval
from chainrule.auditing.model.problem import Node
from chainrule.auditing.model.world import World
from chainrule.auditing.records import ACCEPTED
from chainrule.formula import tree as t
from chainrule.network.arrays import Array

MANY_DIGITS = 100  # units in a number that is hardly another one by accident


def write(state: SheetState, mark: Mark) -> None:
    """Let a line stand for those that come after it."""
    claim = mark.claim
    if claim.numbers is not None:
        for size, unit in zip(np.abs(claim.numbers.value.ravel()), claim.numbers.unit.ravel(), strict=True):
            if size >= MANY_DIGITS * unit:  # 0.794 is the 0.7940 of a line above; 0.5 may be another 0.50
                state.digits[float(size)] = min(float(unit), state.digits.get(float(size), float(unit)))
    if claim.own and (claim.own not in state.names or claim.numbers is not None):
        number = None if claim.numbers is None else claim.numbers.value
        state.names[claim.own] = (state.definition(claim), number)
    if claim.place is not None and not claim.place.time and claim.place.factor == 1.0:
        own = [part.tree for part in claim.formulas if any(isinstance(symbol, str) for symbol in t.refs(part.tree))]
        state.definitions.setdefault(claim.place.name, []).extend(own)
    if claim.place is None or mark.value is None:
        return
    place, numbers = claim.place, mark.value.numbers
    if place.node is None or place.factor == 0:
        state.claimed[place.name] = numbers.value / (place.factor or 1.0)
        return
    value = _possible(state, claim, mark.value)
    if place.factor != 1.0:
        value = value * (1 / place.factor)
    plain = numbers.value / place.factor
    if mark.value.flipped != place.flip:
        value, plain = value.T, plain.T
    value = _within(state, value, plain, place.node)
    if not state.exact:
        _put(state, state.own, place, value)
    _put(state, state.printed, place, Interval.of(plain))
    state.lines_of(place.node, place.time).append(mark)
    state.is_sound &= mark.verdict not in BAD or mark.value_verdict in ACCEPTED


def _put(state: SheetState, world: World, place: QuantityPlace, value: Interval) -> None:
    """Let a value stand in a world, an interval or the middle of it."""
    assert place.node is not None
    shape = state.own.replay(place.time).get(place.node).shape
    where: tuple[Any, ...] = (..., *place.index)
    if place.examples and state.problem.single:
        where = (0, *where)
    mask = np.zeros(shape, dtype=bool)
    mask[where] = True
    low, high = np.zeros(shape), np.zeros(shape)
    target = low[where].shape
    low[where], high[where] = value.low.reshape(target), value.high.reshape(target)
    world.replay(place.time).write(place.node, Interval(low, high) if world.intervals else (low + high) / 2, mask)


def mended(state: SheetState) -> World | None:
    """The author's world with each number that is off as it should be, as it would be printed; None where none is off.

    An author who copies a number wrongly may go on with the right one.
    """
    if state.as_mended is None or state.as_mended[0] != len(state.marks):
        state.as_mended = len(state.marks), _mended(state)
    return state.as_mended[1]


def _mended(state: SheetState) -> World | None:
    bad = [m for m in state.recent if is_off(m) and _is_one_place(m)]
    if state.exact or not bad:
        return None
    nodes = {m.place.node for m in bad if m.place and m.place.node}
    world = state.own.other(without=tuple(nodes))
    for mark in state.recent:
        place, value = mark.place, mark.value
        if place is None or value is None or place.node not in nodes or not _is_one_place(mark):
            continue
        as_due = _as_due(world, place, value) if is_off(mark) else value.numbers.interval(state.both)
        _put(state, world, place, as_due * (1 / place.factor) if place.factor != 1.0 else as_due)
    return world


def _as_due(world: World, place: QuantityPlace, value: NumberMark) -> Interval:
    """What would be printed instead of a number that is off, rounded or cut, and what that is printed from.

    That is the right value, or what the lines above give, as rounded as they are.
    """
    unit = value.numbers.unit
    above = Interval.of(world.value(place, computed=True)).reshape(value.due.shape)
    exact = above.hull(Interval.of(value.due))
    found = exact
    for end in (exact.low, exact.high):
        digits = end / unit
        cut = np.trunc(digits + np.sign(digits) * 1e-6)
        for printed in (np.round(digits), cut):
            found = found.hull(Interval.of(printed * unit))
    return found


def _is_one_place(mark: Mark) -> bool:
    """Whether the number of a mark stands for a node, or entries of one, as the node has them."""
    place, value = mark.place, mark.value
    if place is None or value is None or place.node is None or place.factor == 0:
        return False
    return place.time < 2 and not place.flip and not value.flipped


def _possible(state: SheetState, claim: LineClaim, value: NumberMark) -> Interval:
    """What the author may have gone on with: what is printed, or what it was printed from."""
    numbers = value.numbers
    wanted = numbers.interval(state.both or value.verdict == "truncated")
    if value.own is not None:
        meet = wanted.meet(value.own)
        wanted = wanted.where(meet.low <= meet.high, meet)
    if value.verdict in ACCEPTED and not sources(state, claim):
        near = np.abs(numbers.value - value.due) <= numbers.unit * 1.01
        wanted = wanted.where(near, wanted.hull(Interval.of(value.due)))
    return wanted.hull(Interval.of(numbers.value))


def _within(state: SheetState, value: Interval, plain: Array, node: Node) -> Interval:
    """Values of a unit stay inside what its activation can give, where the printed one does."""
    if node.kind != "h" or node.layer == 0:
        return value
    rule = state.problem.rule(node.layer)
    low, high = (0.0, 1.0) if rule is None else (rule.low, rule.high)
    inside = (plain >= low) & (plain <= high)
    return value.where(inside, Interval(np.clip(value.low, low, high), np.clip(value.high, low, high)))
