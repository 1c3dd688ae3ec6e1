"""Targets in each other's place: a loss or a gradient that is right but for two targets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations

import numpy as np

from chainrule.auditing.diagnosis.by_equation import value_of_line
from chainrule.auditing.diagnosis.chance import Chance
from chainrule.auditing.marking.mark import Candidate, Mark, NumberMark
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.model.interval import Interval
from chainrule.auditing.model.problem import Problem
from chainrule.auditing.model.replay import Replay
from chainrule.auditing.model.world import World
from chainrule.auditing.records import Found

MOST_OUTPUTS = 5
ID = "targets_swapped"


def by_targets(state: SheetState, mark: Mark, written: NumberMark, chance: Chance) -> Iterator[Candidate]:
    """Two targets of one example that stand in each other's place and so give a line's numbers."""
    problem, place = state.problem, mark.place
    outputs = problem.sizes[-1]
    if place is None or place.time or place.node is None or not problem.single or not 1 < outputs <= MOST_OUTPUTS:
        return
    if place.node.kind not in ("L", "dh", "da", "dW", "db"):
        return
    pairs = [(i, j) for i, j in combinations(range(outputs), 2) if problem.y[0, i] != problem.y[0, j]]
    for i, j in pairs:
        y = np.array(problem.y, dtype=float)
        y[0, [i, j]] = y[0, [j, i]]
        swapped = replace(problem, y=y)
        for world in (state.own, state.printed, state.truth):
            state.effort.spend(state.effort.replay)
            value = value_of_line(place, written, _with(world, swapped))
            if value is None or not written.numbers.interval(state.both).touches(Interval.of(value)).all():
                continue
            middle = value.middle if isinstance(value, Interval) else value
            words = f"the targets y_{i + 1} and y_{j + 1} stand in each other's place"
            found = Found(ID, mark.claim.subject, words, value=float(middle) if np.ndim(middle) == 0 else middle)
            yield Candidate(found, None, True, 0, chance=chance.of(value, len(pairs)))
            break


def _with(world: World, problem: Problem) -> World:
    """A world with other targets, and what the author has written."""
    before = world.replay(0)
    given = {node: value for node, value in before.given.items() if node.kind in ("a", "h", "W", "b")}
    replay = Replay(problem, given, world.intervals, world.wrong, world.long_way)
    return World(problem, world.intervals, world.wrong, world.long_way, {0: replay}, effort=world.effort)
