"""Diagnosis: which mistake reproduces what a wrong line says, best first.

A line is replayed from the author's own earlier lines with each mistake of the table in turn, at the line's own
equation and at those between it and the nearest lines written; then the structural ones are tried on its digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.auditing.diagnosis import by_digits as structural
from chainrule.auditing.marking.mark import MOST, Candidate, Mark
from chainrule.auditing.mistakes import MISTAKES, Mistake
from chainrule.auditing.model.claims import QuantityPlace
from chainrule.auditing.model.interval import Interval
from chainrule.auditing.model.problem import Node, parents, quantity_of
from chainrule.auditing.model.world import World
from chainrule.auditing.records import Found
from chainrule.errors import InputError
from chainrule.network.names import LOSS, Derivative, Quantity, to_text

if TYPE_CHECKING:
    from chainrule.auditing.marking.sheet import Pass


def diagnose(p: Pass, mark: Mark) -> list[Candidate]:
    """The mistakes that explain a wrong line, best first."""
    from chainrule.auditing.diagnosis.by_formula import explain_formula

    shown: list[Found] = []
    for judged in mark.formulas:
        if judged.verdict == "wrong":
            judged.found = explain_formula(p, mark, judged)[:MOST]
            shown += judged.found
    found: list[Candidate] = []
    if mark.value_verdict == "wrong" and mark.numbers is not None:
        found = by_equation(p, mark)
        exact = any(c.exact and not c.contradicted for c in found)
        found += structural.whole(p, mark) if exact else structural.candidates(p, mark)
        found = [c for c in found if not c.contradicted] or found
    ids = [f.id for f in shown]
    found = [replace(c, named=True) if c.found.id in ids else c for c in found]
    found.sort(key=lambda c: (ids.index(c.found.id) if c.named else len(ids), *c.key))
    known = {c.found.id for c in found}
    found += [Candidate(f, None, True, 0, structural=True) for f in shown if f.id not in known]
    if not found and mark.verdict == "wrong":
        found = [Candidate(structural.last_resort(p, mark), None, False, 0, structural=True)]
    return found


# ---------------------------------------------------------------- by the table


def by_equation(p: Pass, mark: Mark) -> list[Candidate]:
    """Mistakes of the table that give the line's numbers, from the author's own lines, else from the header alone."""
    place = mark.place
    if place is None or mark.numbers is None:
        return []
    worlds = [p.own]
    if any(m.verdict in ("wrong", "follows") for m in p.marks[:-1]):
        worlds.append(p.own.other(long_way=True))
    worlds += [p.own.other(a.wrong, long_way=True) for a in p.adopted]
    for world in worlds:
        found = list(_matching(p, mark, place, world))
        if found:
            return [replace(c, contradicted=c.distance > 0 and not _spared(p, c, world)) for c in found]
    if place.time > 1:
        return list(_looped(p, mark, place))
    if place.time:
        return list(
            _matching(p, mark, place, World(p.problem, intervals=True, networks=p.truth.networks, effort=p.effort))
        )
    return []


def _spared(p: Pass, candidate: Candidate, world: World) -> bool:
    """Whether a mistake between the lines leaves those right that are: it would have shown in what comes from it."""
    assert candidate.wrong is not None
    changed = world.other(candidate.wrong)
    for mark in p.marks[:-1]:
        if mark.value_verdict not in ("right", "rounded", "truncated") or mark.place is None or mark.place.time > 1:
            continue
        value = _value(p, mark, mark.place, changed)
        if value is None or mark.numbers is None:
            continue
        if not mark.numbers.interval(True).touches(Interval.of(value)).all():
            return False
    return True


def _looped(p: Pass, mark: Mark, place: QuantityPlace) -> Iterator[Candidate]:
    """After many updates: the mistake was made in each."""
    assert mark.numbers is not None
    mistake = next(m for m in MISTAKES if m.id == "updated_weights_used")
    if not any(mistake.fits(p.problem, i) for i in range(1, p.problem.depth)):
        return
    key = "updated_first"
    if key not in p.looped:
        p.looped[key] = World(p.problem, wrong=(mistake.at(1),))
    value = _value(p, mark, place, p.looped[key])
    if value is not None and mark.numbers.interval(False).touches(Interval.of(value)).all():
        yield Candidate(found_at(p, mistake, Node("dh", 1), value), None, True, 1)


def _matching(p: Pass, mark: Mark, place: QuantityPlace, world: World) -> Iterator[Candidate]:
    assert mark.numbers is not None
    places = closure(p, place, world)
    exactly = mark.numbers.interval(False)
    wanted = mark.numbers.interval(p.both)
    for mistake in MISTAKES:
        for node, (distance, without) in places.items():
            if mistake.kind != node.kind or not mistake.fits(p.problem, node.layer):
                continue
            if node.kind in ("W", "b") and node.time == 0:
                continue
            wrong = mistake.at(node.layer)
            value = _value(p, mark, place, world.other(wrong, without=without))
            if value is None or not wanted.touches(Interval.of(value)).all():
                continue
            points = [q.other(wrong, without=without) for q in (p.printed, p.truth)]
            points += [q.other(wrong, without=without, long_way=True) for q in (p.printed,)]
            exact, best = False, None
            for q in points:
                point = _value(p, mark, place, q)
                if point is None:
                    continue
                best = point if best is None else best
                if exactly.touches(Interval.of(point)).all():
                    exact, best = True, point
                    break
            yield Candidate(found_at(p, mistake, node, best), wrong, exact, distance)


def _value(p: Pass, mark: Mark, place: QuantityPlace, world: World) -> Any:
    """The value of the line in a world, shaped as its numbers; None where there is none."""
    assert mark.numbers is not None
    try:
        value = world.value(place, computed=True)
    except (InputError, ValueError, IndexError, FloatingPointError):
        return None
    if mark.flipped:
        value = value.T
    if isinstance(value, Interval):
        return value.reshape(mark.numbers.value.shape)
    value = np.reshape(value, mark.numbers.value.shape)
    return None if np.isnan(value).any() else value


def closure(p: Pass, place: QuantityPlace, world: World) -> dict[Node, tuple[int, tuple[Node, ...]]]:
    """Nodes whose equation the author may have got wrong for this line: its own, and up to the lines written.

    Each with its distance and what must not be taken as given for the mistake to show: the slopes are part of
    the equation of dL/da, so a slope written right before it does not rule out a wrong one in it.
    """
    replay = world.replay(place.time)
    if place.node is None:
        depth = p.problem.depth
        return {p.problem.slope_node(i, min(place.time, 1)): (1, ()) for i in range(1, depth + 1)}
    found: dict[Node, tuple[int, tuple[Node, ...]]] = {place.node: (0, ())}
    queue = [place.node]
    while queue:
        node = queue.pop(0)
        for parent in parents(node, p.problem):
            if parent in found:
                continue
            given = replay.given.get(parent)
            written = given is not None and bool(given[1].all())
            inner = parent.kind in ("g'", "J") and node == place.node
            if written and not inner:
                continue
            found[parent] = (found[node][0] + 1, (parent,) if written else found[node][1])
            if not written:
                queue.append(parent)
    return found


def found_at(p: Pass, mistake: Mistake, node: Node, value: Any = None) -> Found:
    """The record of a mistake at a node."""
    delta = p.notation == "delta"
    words, (wrong, right) = mistake.says(node.layer, delta), mistake.latex(node.layer, delta)
    plain = float(value) if value is not None and np.ndim(value) == 0 else value
    return Found(mistake.id, where(p, node), words, wrong, right, plain)


def where(p: Pass, node: Node) -> str:
    """The name of a node's quantity."""
    quantity = quantity_of(node, p.problem.depth)
    if node.kind in ("g'", "J"):
        return to_text(Derivative(quantity, Quantity("a", node.layer)), p.notation)
    name = Derivative(LOSS, quantity) if node.kind.startswith("d") else quantity
    return to_text(name, p.notation) + "'" * node.time
