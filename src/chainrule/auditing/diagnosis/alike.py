"""Mistakes that give the same in all numbers, not only in those of one array: they are one, and named together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from chainrule.auditing.marking.mark import Candidate
from chainrule.auditing.mistakes import MISTAKES
from chainrule.auditing.model.problem import Node, Problem
from chainrule.auditing.model.world import World
from chainrule.errors import InputError
from chainrule.network.arrays import Array

SEED = 20  # of the other numbers
_KNOWN = {mistake.id: i for i, mistake in reversed(list(enumerate(MISTAKES)))}  # the order of what people publish
NEAR = 1e-9  # relative: how near the same numbers come by two ways


def put_together(
    problem: Problem, candidates: Sequence[Candidate], is_late: Callable[[Candidate], bool]
) -> tuple[Candidate, ...]:
    """The mistakes, of those that are the same in all numbers the first, in whose words the next likely one stands too.

    Args:
        is_late: whether a mistake is one that people hardly make: it is not told beside one that is the same.
    """
    if len({c.found.words for c in candidates}) < 2:
        return tuple(candidates)
    other = World(_other_numbers(problem))
    right = _gradients(other, problem.depth)
    words: dict[int, str] = {}  # of a candidate -> of the first that is the same
    firsts: list[tuple[Array, list[Candidate]]] = []
    for c in candidates:
        value = _effect(other, c, problem.depth)
        if value is None or right is None or _is_number(value, right):
            continue
        group = next((g for v, g in firsts if np.allclose(v, value, NEAR, 1e-15)), None)
        if group is None:
            firsts.append((value, [c]))
        else:
            group.append(c)
    for _, group in firsts:
        first = min(group, key=lambda c: (is_late(c), _KNOWN.get(c.found.id, len(_KNOWN))))
        others = [c for c in group if c.found.id != first.found.id and not is_late(c)]
        said = f"{first.found.words}, which always gives the same as: {others[0].found.words}" if others else ""
        words |= {id(c): said or first.found.words for c in group}
        ids = {id(c): first.found for c in group}
        candidates = [
            replace(c, found=replace(ids[id(c)], words=words[id(c)], where=c.found.where)) if id(c) in ids else c
            for c in candidates
        ]
    return tuple(candidates)


def _effect(other: World, candidate: Candidate, depth: int) -> Array | None:
    """What comes of a mistake in all arrays of the network."""
    return None if candidate.wrong is None else _gradients(other.other(candidate.wrong), depth)


def _gradients(world: World, depth: int) -> Array | None:
    """The output and all gradients, one after another."""
    nodes = [Node("h", depth), *(Node(kind, i) for i in range(1, depth + 1) for kind in ("dW", "db"))]
    try:
        with np.errstate(all="ignore"):
            return np.concatenate([np.ravel(world.replay(0).get(node)) for node in nodes]).astype(float)
    except (InputError, ValueError, IndexError):
        return None


def _is_number(value: Array, right: Array) -> bool:
    """Whether every changed number is the right one times one factor: which factor it is, other shapes decide."""
    off = np.abs(value - right) > NEAR * np.abs(right)
    with np.errstate(all="ignore"):
        factors = value[off] / right[off]
    return bool(off.any()) and bool(np.ptp(factors) <= 1e-6 * np.abs(factors).max())


def _other_numbers(problem: Problem) -> Problem:
    """The same network with other weights, biases and inputs."""

    def made() -> Problem:
        rng, network = np.random.default_rng(SEED), problem.network
        weights, biases = (
            tuple(array * rng.uniform(0.5, 1.5, array.shape) + 0.1 * rng.normal(size=array.shape) for array in arrays)
            for arrays in (network.weights, network.biases)
        )
        moved = problem.x * rng.uniform(0.5, 1.5, problem.x.shape) + 0.1 * rng.normal(size=problem.x.shape)
        return replace(problem, network=network._with(weights, biases), x=moved)

    return problem.once("other_numbers", made)
