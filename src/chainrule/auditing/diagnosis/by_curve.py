"""The number of a mistake whose effect is no straight line in it, solved from a wrong array step by step."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from chainrule.auditing.diagnosis.bench import Bench, Tried
from chainrule.auditing.diagnosis.reach import Reached, reached
from chainrule.auditing.mistakes import Mistake
from chainrule.auditing.mistakes.curves import CURVES, Curve
from chainrule.auditing.mistakes.unknowns import told
from chainrule.network.arrays import Array

STEPS = 12  # of one solution
SMALL = 1e-6  # of a number: what it is changed by to see what it does


class Solved(NamedTuple):
    """A family with its number. ``tries``: how many numbers could have been named."""

    tried: Tried
    tries: float


def solved_curves(bench: Bench) -> Iterator[Solved]:
    """Every family that gives the array at some number."""
    for family in CURVES:
        for one in reached(bench.state.problem, bench.place, bench.world, (family,)):
            replay = bench.world.replay(bench.place.time)
            starts = [float(c) for c in family.starts(replay, one.node)]
            for start in starts:
                found = _from(bench, family, one, start)
                if found is not None:
                    yield Solved(found, float(len(starts)))
                    break


def _from(bench: Bench, family: Curve, one: Reached[Curve], start: float) -> Tried | None:
    """The family at the number to which one start leads; None where that does not give the array."""

    def given(c: float) -> tuple[Mistake, Array | None]:
        mistake = family.at_number(c)
        return mistake, bench.with_mistake(mistake, one.node, one.without)[0]

    c = start
    for _ in range(STEPS):
        _, here = given(c)
        if here is None:
            return None
        if bench.gives(here):
            return _tidy(bench, family, one, c)
        _, near = given(c + SMALL * max(1.0, abs(c)))
        change = None if near is None else bench.line(here, (near - here) / (SMALL * max(1.0, abs(c))))
        if change is None or not np.isfinite(change) or abs(change) < SMALL**2:
            return None
        c += change
    return None


def _tidy(bench: Bench, family: Curve, one: Reached[Curve], c: float) -> Tried | None:
    """The family at the number that a person would have written, where it gives the array as well."""
    if abs(c - family.right) <= SMALL:
        return None
    for number in (float(told(c)), c):
        mistake = family.at_number(number)
        value, wrong = bench.with_mistake(mistake, one.node, one.without)
        if value is not None and bench.gives(value):
            return Tried(Reached(mistake, *one[1:]), wrong, value)
    return None
