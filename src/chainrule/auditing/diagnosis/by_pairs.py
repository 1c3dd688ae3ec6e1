"""Two mistakes of the table at once: in two equations behind one array, or one upon the other in the same equation."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np

from chainrule.auditing.diagnosis.bench import Bench, Tried
from chainrule.auditing.diagnosis.by_equation import value_of_line
from chainrule.auditing.model.problem import Node
from chainrule.auditing.model.replay import Replay, Rule, Wrong
from chainrule.errors import InputError
from chainrule.network.arrays import Array

NEAR = 2  # equations between a mistake and the array
LEAST = 3  # entries that must be wrong, and agree
MOST = 1000  # pairs
LARGE = 5e4  # parameters times examples
CHANCE = 1e-9  # of a fit by accident


class Pair(NamedTuple):
    """Two mistakes, the one nearer to the array first, with what they give together."""

    first: Tried
    second: Tried
    wrong: Wrong
    value: Array
    chance: float


def pairs(bench: Bench, late: frozenset[str]) -> Iterator[Pair]:
    """Every two mistakes that together give the array, and that neither gives alone.

    Args:
        late: ids of mistakes that are not taken for one of two.
    """
    problem = bench.state.problem
    if int((~bench.written.fits).sum()) < LEAST or problem.network.parameter_count * problem.n > LARGE:
        return
    near = [one for one in bench.tried if one.reached.distance <= NEAR and one.reached.mistake.id not in late]
    near = [one for one in near if one.wrong.places == ((one.wrong.kind, one.wrong.layer),)]
    apart = [both for both in combinations(_distinct(near), 2) if both[0].reached.node != both[1].reached.node]
    upon = [both for both in combinations(near, 2) if both[0].reached.node == both[1].reached.node]
    both = sorted([*apart, *upon], key=_rank)[:MOST]
    for first, second in both:
        same = first.reached.node == second.reached.node
        for one, other in ((first, second), (second, first)) if same else ((first, second),):
            wrong = _upon(one.wrong, other.wrong) if same else _beside(one.wrong, other.wrong)
            value = _value(bench, wrong, (*one.reached.without, *other.reached.without))
            if value is None or not bench.gives(value):
                continue
            chance = bench.accident(value, 2.0 * len(both))
            if chance <= CHANCE:
                yield Pair(first, second, wrong, value, chance)
            break


def _rank(both: tuple[Tried, Tried]) -> tuple[bool, int]:
    """In two equations, and before the array, first."""
    first, second = (one.reached for one in both)
    return first.node == second.node, (first.distance == 0) + (second.distance == 0)


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
