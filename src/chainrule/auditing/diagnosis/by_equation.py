"""Mistakes of the table that give the number of a line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from chainrule.auditing.diagnosis.chance import Chance
from chainrule.auditing.diagnosis.reach import found_at, reached
from chainrule.auditing.marking.mark import BAD, Candidate, NumberMark
from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.mistakes import MISTAKES
from chainrule.auditing.model.claims import LineClaim, QuantityPlace
from chainrule.auditing.model.interval import Interval
from chainrule.auditing.model.problem import Node
from chainrule.auditing.model.replay import Wrong
from chainrule.auditing.model.world import World
from chainrule.auditing.records import ACCEPTED
from chainrule.errors import InputError


def by_equation(state: SheetState, claim: LineClaim, written: NumberMark, chance: Chance) -> list[Candidate]:
    """Mistakes of the table that give the line's numbers, from the author's own lines, else from the header alone."""
    place = claim.place
    if place is None:
        return []
    worlds = [state.own]
    if any(m.verdict in BAD for m in state.marks):
        worlds.append(state.own.other(long_way=True))
    worlds += [state.own.other(a.wrong, long_way=True) for a in state.adopted]
    for world in worlds:
        found = list(_matching(state, place, written, world, chance))
        if found:
            return [
                replace(c, contradicted=c.distance > 0 and not spares(state, world.other(wrong))) for c, wrong in found
            ]
    if place.time > 1:
        return list(_looped(state, place, written))
    if place.time:
        header = World(state.problem, intervals=True, networks=state.truth.networks, effort=state.effort)
        return [c for c, _ in _matching(state, place, written, header, chance)]
    return []


def spares(state: SheetState, changed: World) -> bool:
    """Whether a mistake between the lines leaves those right that are: it would have shown in what comes from it."""
    for mark in state.marks:
        if mark.value is None or mark.value.verdict not in ACCEPTED or mark.place is None or mark.place.time > 1:
            continue
        if state.view(mark) is not state:
            continue  # it is about one example of several, or about another pass
        value = value_of_line(mark.place, mark.value, changed)
        if value is not None and not mark.value.numbers.interval(True).touches(Interval.of(value)).all():
            return False
    return True


def _looped(state: SheetState, place: QuantityPlace, written: NumberMark) -> Iterator[Candidate]:
    """After many updates: the mistake was made in each."""
    for mistake in MISTAKES:
        if not mistake.updated_first or not any(mistake.fits(state.problem, i) for i in range(1, state.problem.depth)):
            continue
        if mistake.id not in state.kept:
            state.kept[mistake.id] = World(state.problem, wrong=(mistake.at(1),))
        value = value_of_line(place, written, state.kept[mistake.id])
        if value is not None and written.numbers.interval(False).touches(Interval.of(value)).all():
            yield Candidate(found_at(state, mistake, Node(mistake.kind, 1), value), None, True, 1)


def _matching(
    state: SheetState, place: QuantityPlace, written: NumberMark, world: World, chance: Chance
) -> Iterator[tuple[Candidate, Wrong]]:
    exactly = written.numbers.interval(False)
    wanted = written.numbers.interval(state.both)
    nearest = sorted(reached(state.problem, place, world, MISTAKES), key=lambda one: one.distance)
    for mistake, node, distance, without in nearest:
        wrong = mistake.at(node.layer)
        value = value_of_line(place, written, world.other(wrong, without=without))
        if value is None:
            continue
        accident = chance.of(value)
        if not wanted.touches(Interval.of(value)).all():
            continue
        worlds = [w.other(wrong, without=without) for w in (state.printed, state.truth)]
        worlds.append(state.printed.other(wrong, without=without, long_way=True))
        exact, best = False, None
        for changed in worlds:
            numbers = value_of_line(place, written, changed)
            if numbers is None:
                continue
            best = numbers if best is None else best
            if exactly.touches(Interval.of(numbers)).all():
                exact, best, accident = True, numbers, min(accident, chance.of(numbers))
                break
        if not exact and _bounded(value) < 0.5:
            continue  # what may be anything explains nothing
        yield Candidate(found_at(state, mistake, node, best), wrong, exact, distance, chance=accident), wrong


def _bounded(value: Any) -> float:
    """The share of the entries that have bounds."""
    ends = (value.low, value.high) if isinstance(value, Interval) else (value, value)
    return float((np.isfinite(ends[0]) & np.isfinite(ends[1])).mean())


def value_of_line(place: QuantityPlace, written: NumberMark, world: World) -> Any:
    """The value of the line in a world, shaped as its numbers; None where there is none."""
    try:
        value = world.value(place, computed=True)
    except (InputError, ValueError, IndexError, FloatingPointError):
        return None
    if isinstance(value, Interval):
        return written.shaped(value)
    value = np.reshape(value.T if written.flipped else value, written.numbers.value.shape)
    return None if np.isnan(value).any() else value
