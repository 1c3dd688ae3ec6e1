"""What stands of a line from then on: the author goes on with what is printed, or with what it was printed from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.auditing.marking.dependencies import sources
from chainrule.auditing.marking.mark import Mark
from chainrule.auditing.model.claims import QuantityPlace
from chainrule.auditing.model.interval import Interval
from chainrule.network.arrays import Array

if TYPE_CHECKING:
    from chainrule.auditing.marking.sheet import Pass


def write(p: Pass, mark: Mark) -> None:
    """Let a line stand for those that come after it."""
    claim = mark.claim
    if claim.own:
        first = p.definition(claim)
        number = None if mark.claim.numbers is None else mark.claim.numbers.value
        if claim.own not in p.names or number is not None:
            p.names[claim.own] = (first, number)
    if mark.place is None or mark.numbers is None:
        return
    place, numbers = mark.place, mark.numbers
    if place.node is None or place.factor == 0:
        p.claimed[place.name] = numbers.value / (place.factor or 1.0)
        return
    value = _carried(p, mark)
    if place.factor != 1.0:
        value = value * (1 / place.factor)
    plain = numbers.value / place.factor
    if mark.flipped:
        value, plain = value.T, plain.T
    if place.flip:
        value, plain = value.T, plain.T
    value = _within(p, value, plain, place)
    shape = p.own.replay(place.time).get(place.node).shape
    where: tuple[Any, ...] = (..., *place.index)
    if place.examples and p.problem.single:
        where = (0, *where)
    mask = np.zeros(shape, dtype=bool)
    mask[where] = True
    low, high, middle = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    target = low[where].shape
    low[where], high[where] = value.low.reshape(target), value.high.reshape(target)
    middle[where] = plain.reshape(target)
    if not p.exact:
        p.own.replay(place.time).write(place.node, Interval(low, high), mask)
    p.printed.replay(place.time).write(place.node, middle, mask)
    p.writers.setdefault((place.node, place.time if place.time > 1 else 0), []).append(mark)


def _carried(p: Pass, mark: Mark) -> Interval:
    """What the author may have gone on with: what is printed, or what it was printed from."""
    assert mark.numbers is not None
    printed = Interval.of(mark.numbers.value)
    cut = p.both or mark.value_verdict == "truncated"
    wanted = mark.numbers.interval(cut)
    if mark.own is not None:
        meet = wanted.meet(mark.own)
        narrow = meet.low <= meet.high
        wanted = wanted.where(narrow, meet)
    if mark.value_verdict in ("right", "rounded", "truncated") and not sources(p, mark):
        due = Interval.of(mark.due)
        wanted = wanted.where(np.abs(mark.numbers.value - mark.due) <= mark.numbers.unit * 1.01, wanted.hull(due))
    return wanted.hull(printed)


def _within(p: Pass, value: Interval, plain: Array, place: QuantityPlace) -> Interval:
    """Values of a unit stay inside what its activation can give, where the printed one does."""
    if place.node is None or place.node.kind != "h" or place.node.layer == 0:
        return value
    rule = p.problem.rule(place.node.layer)
    low, high = (0.0, 1.0) if rule is None else (rule.low, rule.high)
    inside = (plain >= low) & (plain <= high)
    return value.where(inside, Interval(np.clip(value.low, low, high), np.clip(value.high, low, high)))
