"""The gradient of a network whose weights have been changed along the gradient already, by a step that is solved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from chainrule.auditing.diagnosis.bench import GRADIENTS, Bench
from chainrule.auditing.diagnosis.by_equation import value_of_line
from chainrule.auditing.mistakes.unknowns import told
from chainrule.auditing.model.problem import Node
from chainrule.auditing.model.world import World
from chainrule.network.arrays import Array

STARTS = (0.1, 0.01, -0.1)  # rates
STEPS = 12  # of one solution
SMALL = 1e-7  # of a rate: what it is changed by to see what it does
CLOSE = 1e-10  # no more is changed by another step


class StepTaken(NamedTuple):
    """The step that gives the array."""

    words: str
    value: Array


def stepped(bench: Bench) -> Iterator[StepTaken]:
    """The array as that of the network after a step of some rate."""
    problem = bench.state.problem
    if bench.node.kind not in GRADIENTS or problem.masks or bench.value.size < 3:
        return
    right = World(problem).replay(0)
    layers = range(1, problem.depth + 1)
    changes = [[np.asarray(right.get(Node(f"d{s}", i))) for i in layers] for s in "Wb"]
    own = (problem.network.weights, problem.network.biases)

    def given(c: float) -> Array | None:
        weights, biases = (
            tuple(one - c * d for one, d in zip(*both, strict=True)) for both in zip(own, changes, strict=True)
        )
        world = World(problem.on(problem.network._with(weights, biases)))
        value = value_of_line(bench.place, bench.written, world)
        return None if value is None or np.shape(value) != bench.value.shape else np.asarray(value, dtype=float)

    for c in (*STARTS, *(() if problem.learning_rate is None else (problem.learning_rate,))):
        for _ in range(STEPS):
            here = given(c)
            near = None if here is None else given(c + SMALL)
            change = None if here is None or near is None else bench.line(here, (near - here) / SMALL)
            if change is None or not np.isfinite(change) or abs(c + change) > 100:
                break
            c += change
            if abs(change) <= CLOSE * abs(c):
                break
        for number in (float(told(c)), c):
            value = given(number) if abs(c) > SMALL else None
            if value is not None and bench.gives(value):
                side = "after" if number > 0 else "before"
                words = (
                    f"it is the gradient {side} a step of rate {told(abs(number))}: the weights are changed too early"
                )
                yield StepTaken(words if number > 0 else words.partition(":")[0], value)
                return
