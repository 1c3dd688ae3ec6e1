"""The number of a mistake whose effect is no straight line in it, solved from a wrong array step by step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from chainrule.auditing.diagnosis.bench import Bench, Tried
from chainrule.auditing.diagnosis.reach import Reached, reached
from chainrule.auditing.mistakes.curves import CURVES, Curve
from chainrule.auditing.mistakes.unknowns import told
from chainrule.network.arrays import Array

STEPS = 10  # of one solution
ENOUGH, FAR = 5, 1e3  # so many steps bring it within so many times the room, or it leads nowhere
CLOSE = 1e-10  # of a number: no more is changed by another step
SMALL = 1e-6  # of a number: what it is changed by to see what it does


class SolvedCurve(NamedTuple):
    """A family with its number, of so many that could have been named; ``everywhere``: at all its layers."""

    tried: Tried
    tries: float
    everywhere: bool = False


def solved_curves(bench: Bench) -> Iterator[SolvedCurve]:
    """Every family that gives the array at some number, at one layer or at all of them."""
    replay = bench.world.replay(bench.place.time)
    for family in CURVES:
        at = sorted(reached(bench.state.problem, bench.place, bench.world, (family,)), key=lambda one: one.distance)
        layers = [one.node.layer for one in at]
        places = [(one, ()) for one in at] + ([(at[0], tuple(layers[1:]))] if len(at) > 1 else [])
        for one, others in places:
            starts = [float(c) for c in family.starts(replay, one.node)]
            found = next((f for c in starts if (f := _from(bench, family, one, c, others)) is not None), None)
            if found is not None:
                yield SolvedCurve(found, float(len(starts)), bool(others))
                break


def _from(bench: Bench, family: Curve, one: Reached[Curve], c: float, others: tuple[int, ...]) -> Tried | None:
    """The family at the number to which one start leads; None where that does not give the array."""

    def given(c: float) -> Array | None:
        return bench.with_mistake(family.at_number(c), one.node, one.without, *others)[0]

    for step_number in range(0 if family.flat else STEPS):
        here, step = given(c), SMALL * max(1.0, abs(c))
        if here is None or (step_number >= ENOUGH and (np.abs(here - bench.value) > FAR * bench.room).any()):
            return None
        near = given(c + step)
        change = None if near is None else bench.line(here, (near - here) / step)
        if change is None or not np.isfinite(change):
            break
        c += change
        if abs(change) <= CLOSE * abs(c):
            break
    if not np.isfinite(c) or abs(c - family.right) <= SMALL or bench.too_free(one.node, c):
        return None
    for number in (float(told(c)), c):  # as a person would have written it
        mistake = family.at_number(number)
        value, wrong = bench.with_mistake(mistake, one.node, one.without, *others)
        if value is not None and bench.gives(value):
            return Tried(Reached(mistake, *one[1:]), wrong, value)
    return None
