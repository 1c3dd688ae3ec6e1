"""Other units than those of the forward pass, let through on the way back: seen from the array that comes of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from chainrule.auditing.diagnosis.bench import Bench
from chainrule.auditing.model.problem import Node
from chainrule.auditing.model.replay import Replay, Rule, Wrong
from chainrule.network.arrays import Array

MOST_EXAMPLES = 10  # whose subsets are all tried
MOST_UNITS = 64
LEAST = 2  # entries of a unit
CHANCE = 1e-6  # of a fit by accident


class Masks(NamedTuple):
    """Another mask of a layer on the way back."""

    words: str
    node: Node
    wrong: Wrong
    value: Array
    chance: float


def other_masks(bench: Bench) -> Iterator[Masks]:
    """For each unit the examples in which its gradient is let through, where they can be told."""
    node, problem = bench.node, bench.state.problem
    i, rule = node.layer, problem.rule(node.layer)
    masked = i in problem.masks or (rule is not None and rule.name == "relu")
    if node.kind not in ("dW", "da") or not masked or i == problem.depth or bench.place.index:
        return
    if bench.written.flipped or bench.place.flip or problem.sizes[i] > MOST_UNITS:
        return
    replay, mask = bench.world.replay(bench.place.time), problem.masks.get(i)
    scale = 1.0 if mask is None else float(mask.max())
    let_through = scale * np.asarray(replay.get(Node("dh", i))) * _slopes(replay, i)
    found = _by_unit(bench, let_through) if node.kind == "dW" else _by_entry(bench, let_through)
    if found is None:
        return
    value, tries = found[0], 2.0**problem.n
    chance = min(1.0, float(np.exp(problem.sizes[i] * np.log(tries)) * bench.chance.share(value)))
    due = np.asarray(replay.get(Node("g'", i))) != 0
    count = int((found[1] != due).sum())
    if count and chance <= CHANCE:
        what = "the dropout" if mask is not None else "the ReLU"
        words = (
            f"the mask of {what} in layer {i} is another on the way back than forward: {count} of {due.size} entries "
            "differ, as where it is drawn or computed anew"
        )
        yield Masks(words, Node("da", i), Wrong("da", i, _let_through(found[1], let_through)), value, chance)


def _slopes(replay: Replay, i: int) -> Array:
    """What the gradients are multiplied with beside the mask: of a ReLU nothing else."""
    rule = replay.problem.rule(i)
    slopes = np.asarray(replay.slope_at(i, replay.get(Node("a", i))))
    return (
        np.ones_like(slopes) if rule is not None and rule.name == "relu" and i not in replay.problem.masks else slopes
    )


def _by_unit(bench: Bench, errors: Array) -> tuple[Array, Array] | None:
    """(dL/dW, mask) where each row is a sum over some of the examples."""
    inputs = np.asarray(bench.world.replay(bench.place.time).get(Node("h", bench.node.layer - 1)))
    n = len(inputs)
    if n > MOST_EXAMPLES or inputs.shape[1] < LEAST or bench.value.shape != (errors.shape[1], inputs.shape[1]):
        return None
    subsets = (np.arange(2**n)[:, None] >> np.arange(n)[None, :]) & 1
    value, mask = np.empty_like(bench.value), np.empty(errors.shape, dtype=bool)
    for m, row in enumerate(bench.value):
        given = subsets @ (errors[:, m, None] * inputs)
        fits = np.flatnonzero((np.abs(given - row) <= bench.room[m]).all(axis=1))
        if not len(fits):
            return None
        value[m], mask[:, m] = given[fits[0]], subsets[fits[0]] == 1
    return value, mask


def _by_entry(bench: Bench, errors: Array) -> tuple[Array, Array] | None:
    """(dL/da, mask) where each entry is let through or is 0."""
    if bench.value.shape != errors.shape:
        return None
    mask = bench.value != 0
    value = np.where(mask, errors, 0.0)
    return (value, mask) if bench.gives(value) else None


def _let_through(mask: Array, errors: Array) -> Rule:
    return lambda r, q: np.where(mask, errors, 0.0)
