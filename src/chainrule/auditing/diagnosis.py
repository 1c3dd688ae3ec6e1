"""Diagnosis: which mistake reproduces what a wrong line says, best first.

A line is replayed from the author's own earlier lines with each mistake of the table in turn, at the line's own
equation and at those between it and the nearest lines written; then the structural ones are tried on its digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.auditing import structural
from chainrule.auditing.claims import Place
from chainrule.auditing.interval import Interval
from chainrule.auditing.lookup import World
from chainrule.auditing.mistakes import MISTAKES, Mistake
from chainrule.auditing.problem import Node, parents, quantity_of
from chainrule.auditing.records import Found
from chainrule.auditing.replay import Wrong
from chainrule.errors import InputError
from chainrule.notation import LOSS, Derivative

if TYPE_CHECKING:
    from chainrule.auditing.marking import Mark, Pass

MOST = 3  # mistakes named for one line
_RANK = {mistake.id: i for i, mistake in reversed(list(enumerate(MISTAKES)))}


@dataclass(frozen=True, eq=False)
class Candidate:
    """A mistake that reproduces a line.

    Attributes:
        exact: to the digit from what is printed, or from the header; else only within what the digits allow.
        distance: equations between it and the line.
    """

    found: Found
    wrong: Wrong | None
    exact: bool
    distance: int
    structural: bool = False

    @property
    def key(self) -> tuple[bool, bool, int, int]:
        """What is named first."""
        return (not self.exact, self.structural, self.distance, _RANK.get(self.found.id, 0))


def diagnose(p: Pass, mark: Mark) -> list[tuple[Found, Wrong | None]]:
    """The mistakes that explain a wrong line, at most three, best first, each with what to go on with."""
    from chainrule.auditing.slips import explain_formula

    shown: list[Found] = []
    for judged in mark.formulas:
        if judged.verdict == "wrong":
            judged.found = explain_formula(p, mark, judged)[:MOST]
            shown += judged.found
    candidates: list[Candidate] = []
    if mark.value_verdict == "wrong" and mark.numbers is not None:
        candidates = sorted(by_equation(p, mark), key=lambda c: c.key)
        if (candidates and not candidates[0].exact) or not candidates:
            candidates = sorted([*candidates, *structural.candidates(p, mark)], key=lambda c: c.key)
        else:
            candidates = sorted([*candidates, *structural.whole(p, mark)], key=lambda c: c.key)
    named = {f.id for f in shown}
    candidates.sort(key=lambda c: (c.found.id not in named, *c.key))
    results: list[tuple[Found, Wrong | None]] = []
    for candidate in candidates:
        if candidate.found.id not in {f.id for f, _ in results}:
            adopt = None if _settled(mark, candidate.wrong) else candidate.wrong
            results.append((candidate.found, adopt))
    for found in shown:
        if found.id not in {f.id for f, _ in results}:
            results.append((found, None))
    if not results and mark.value_verdict == "wrong":
        results = [(structural.last_resort(p, mark), None)]
    return results[:MOST]


def _settled(mark: Mark, wrong: Wrong | None) -> bool:
    """Whether the line itself writes all that the mistake touches, so that nothing of it is left to carry."""
    place = mark.place
    if wrong is None or place is None or place.node is None:
        return True
    return place.node[:2] == (wrong.kind, wrong.layer) and not place.index


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
            return found
    if place.time:
        return list(_matching(p, mark, place, World(p.problem, intervals=True, networks=p.truth.networks)))
    return []


def _matching(p: Pass, mark: Mark, place: Place, world: World) -> Iterator[Candidate]:
    assert mark.numbers is not None
    places = closure(p, place, world)
    exactly = mark.numbers.interval(False)
    wanted = mark.numbers.interval(p.both)
    looped = place.time > 1
    for mistake in MISTAKES:
        for node, (distance, without) in places.items():
            if mistake.kind != node.kind or not mistake.fits(p.problem, node.layer):
                continue
            if node.kind in ("W", "b") and node.time == 0:
                continue
            if looped and distance and mistake.id != "updated_weights_used":
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


def _value(p: Pass, mark: Mark, place: Place, world: World) -> Any:
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


def closure(p: Pass, place: Place, world: World) -> dict[Node, tuple[int, tuple[Node, ...]]]:
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
    wrong, right = mistake.latex(node.layer)
    plain = float(value) if value is not None and np.ndim(value) == 0 else value
    return Found(mistake.id, where(p, node), mistake.says(node.layer), wrong, right, plain)


def where(p: Pass, node: Node) -> str:
    """The name of a node's quantity."""
    quantity = quantity_of(node, p.problem.depth)
    if node.kind in ("g'", "J"):
        from chainrule.notation import Quantity

        return str(Derivative(quantity, Quantity("a", node.layer)))
    name = str(Derivative(LOSS, quantity)) if node.kind.startswith("d") else str(quantity)
    return name + "'" * node.time
