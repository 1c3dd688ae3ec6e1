"""Two mistakes of the table at once: in two equations behind one array, or one upon the other in the same equation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from chainrule.auditing.diagnosis.bench import Bench, Tried
from chainrule.auditing.diagnosis.by_equation import value_of_line
from chainrule.auditing.model.problem import Node, Problem, parents
from chainrule.auditing.model.replay import Replay, Rule, Wrong
from chainrule.errors import InputError
from chainrule.network.arrays import Array

NEAR = 2  # equations between a mistake and the array
LEAST = 3  # entries that must be wrong, and agree
MOST = 1600  # pairs
LARGE = 5e4  # parameters times examples
CHANCE = 1e-9  # of a fit by accident


class BothMistakes(NamedTuple):
    """Two mistakes, the one nearer to the array first, with what they give together."""

    first: Tried
    second: Tried
    wrong: Wrong
    value: Array
    chance: float


def pairs(bench: Bench, late: frozenset[str]) -> Iterator[BothMistakes]:
    """Every two mistakes that together give the array, and that neither gives alone.

    Args:
        late: ids of mistakes that are not taken for one of two.
    """
    problem = bench.state.problem
    if int((~bench.written.fits).sum()) < LEAST or problem.network.parameter_count * problem.n > LARGE:
        return
    near = [one for one in bench.tried if one.reached.distance <= NEAR and one.reached.mistake.id not in late]
    near = [one for one in near if one.wrong.places == ((one.wrong.kind, one.wrong.layer),)]
    read = {one: _read(bench, one) for one in near}
    upon = [(one, other) for one in near if one.reached.node in read[one]
            for other in near if one is not other and one.reached.node == other.reached.node]  # fmt: skip
    apart = [(one, other) for one, other in combinations(_distinct(near), 2)
             if _beside_each_other(one, other, read, problem)]  # fmt: skip
    apart.sort(key=lambda both: -sum(one.reached.distance for one in both))
    both = [*apart[: MOST // 2], *upon[: MOST // 2], *apart[MOST // 2 :]][:MOST]
    for first, second in both:
        same = first.reached.node == second.reached.node
        wrong = (_upon if same else _beside)(first.wrong, second.wrong)
        value = _value(bench, wrong, (*first.reached.without, *second.reached.without))
        if value is not None and bench.gives(value):
            chance = bench.accident(value, float(len(both)))
            if chance <= CHANCE:
                yield BothMistakes(first, second, wrong, value, chance)


def _read(bench: Bench, one: Tried) -> set[Node]:
    """The nodes that a mistake takes something from, near or far; its own where it takes what is due there."""
    node, problem = one.reached.node, bench.state.problem
    watched = _Watched(bench.world.replay(node.time))
    try:
        one.wrong.rule(watched, node)  # type: ignore[arg-type]
    except (InputError, ValueError, IndexError):
        return set()
    found = set(watched.asked)
    for asked in watched.asked:
        found |= _before(asked, problem)
    return found


def _before(node: Node, problem: Problem) -> set[Node]:
    """What a node is computed from, near or far."""

    def found() -> set[Node]:
        nodes, left = set[Node](), [*parents(node, problem)]
        while left:
            parent = left.pop()
            if parent not in nodes:
                nodes.add(parent)
                left += parents(parent, problem)
        return nodes

    return problem.once(("before", node), found)


def _beside_each_other(one: Tried, other: Tried, read: Mapping[Tried, set[Node]], problem: Problem) -> bool:
    """Whether both are in what comes of them: where one is computed from the other's node, it takes that."""
    mine, its = one.reached.node, other.reached.node
    taken = mine not in _before(its, problem) or mine in read[other]
    return mine != its and taken and (its not in _before(mine, problem) or its in read[one])


def _distinct(near: list[Tried]) -> list[Tried]:
    """One mistake of those that give the same."""
    found: dict[bytes, Tried] = {}
    for one in near:
        found.setdefault(np.round(one.value, 12).tobytes(), one)
    return list(found.values())


@np.errstate(all="ignore")
def _value(bench: Bench, wrong: Wrong, without: tuple[Node, ...]) -> Array | None:
    try:
        value = value_of_line(bench.place, bench.written, bench.world.other(wrong, without=without))
    except (InputError, ValueError, IndexError):
        return None
    return None if value is None or np.shape(value) != bench.value.shape else np.asarray(value, dtype=float)


def _beside(one: Wrong, other: Wrong) -> Wrong:
    """Two equations replaced."""
    rules: dict[tuple[str, int], Rule] = {(w.kind, w.layer): w.rule for w in (one, other)}
    return Wrong(one.kind, one.layer, lambda r, q: rules[q[:2]](r, q), also=((other.kind, other.layer),))


def _upon(one: Wrong, other: Wrong) -> Wrong:
    """One equation replaced twice: what one takes for the right value is the other's."""
    return Wrong(one.kind, one.layer, lambda r, q: one.rule(_Changed(r, q, other.rule), q))  # type: ignore[arg-type]


class _Changed:
    """A replay in which the right value of one node is another."""

    def __init__(self, replay: Replay, node: Node, rule: Rule) -> None:
        self._replay, self._node, self._rule = replay, node, rule

    def right(self, node: Node) -> Any:
        """The other value at that node, the right one elsewhere."""
        return self._rule(self._replay, node) if node == self._node else self._replay.right(node)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._replay, name)


class _Watched:
    """A replay that keeps which nodes are asked for."""

    def __init__(self, replay: Replay) -> None:
        self._replay, self.asked = replay, set[Node]()

    def get(self, node: Node) -> Any:
        """The value of a node."""
        self.asked.add(node)
        return self._replay.get(node)

    def right(self, node: Node) -> Any:
        """The right value of a node."""
        self.asked.add(node)
        return self._replay.right(node)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._replay, name)
