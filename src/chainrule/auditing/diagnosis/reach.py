"""Which equations a wrong line can have got wrong, which mistakes can be made in them, and a mistake found there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import numpy as np

from chainrule.auditing.marking.state import SheetState
from chainrule.auditing.mistakes import Mistake
from chainrule.auditing.mistakes.table import Fits
from chainrule.auditing.model.claims import QuantityPlace
from chainrule.auditing.model.problem import Node, Problem, name_of, parents
from chainrule.auditing.model.world import World
from chainrule.auditing.records import Found


class Family(Protocol):
    """A mistake, or several that differ in a number, at one kind of node."""

    @property
    def kind(self) -> str:
        """The kind of node."""

    @property
    def fits(self) -> Fits:
        """Where it makes sense."""


Row = TypeVar("Row", bound=Family)


class Reached(NamedTuple, Generic[Row]):
    """A mistake at an equation that a line may have got wrong.

    ``distance`` counts the equations from there to the line. ``without`` are nodes that must not be taken as given for
    the mistake to show: the slopes are part of the equation of dL/da, so that a slope written right before it does
    not rule out a wrong one in it.
    """

    mistake: Row
    node: Node
    distance: int
    without: tuple[Node, ...]


def reached(problem: Problem, place: QuantityPlace, world: World, table: Iterable[Row]) -> Iterator[Reached[Row]]:
    """Every mistake of a table at every equation between a line and the lines that are written, its own first."""
    nodes = nodes_between(problem, place, world)
    for mistake in table:
        for node, (distance, without) in nodes.items():
            given = node.kind in ("W", "b") and node.time == 0
            if mistake.kind == node.kind and not given and mistake.fits(problem, node.layer):
                yield Reached(mistake, node, distance, without)


def nodes_between(problem: Problem, place: QuantityPlace, world: World) -> dict[Node, tuple[int, tuple[Node, ...]]]:
    """Node -> (distance, without), as far back as the lines that are written."""
    replay = world.replay(place.time)
    if place.node is None:
        return {problem.slope_node(i, min(place.time, 1)): (1, ()) for i in range(1, problem.depth + 1)}
    found: dict[Node, tuple[int, tuple[Node, ...]]] = {place.node: (0, ())}
    queue = [place.node]
    while queue:
        node = queue.pop(0)
        for parent in parents(node, problem):
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


def found_at(state: SheetState, mistake: Mistake, node: Node, value: Any = None) -> Found:
    """The record of a mistake at a node."""
    delta = state.notation == "delta"
    words, (wrong, right) = mistake.says(node.layer, delta), mistake.latex(node.layer, delta)
    plain = float(value) if value is not None and np.ndim(value) == 0 else value
    return Found(mistake.id, name_of(node, state.problem.depth, state.notation), words, wrong, right, plain)
