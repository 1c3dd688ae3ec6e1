"""Gradients of weights that have been changed too early, by a step that is solved.

Three ways: the gradient of the network after a step; that added to the gradient before; and a loop over the examples
that makes a step after each, so that later examples see other weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from chainrule.auditing.diagnosis.bench import GRADIENTS, Bench
from chainrule.auditing.diagnosis.by_equation import value_of_line
from chainrule.auditing.mistakes.unknowns import told
from chainrule.auditing.model.problem import Problem, gradients
from chainrule.auditing.model.world import World
from chainrule.network.arrays import Array
from chainrule.network.network import Network

STARTS = (0.1, 0.01, -0.1)  # rates
LOOP_STARTS = (0.02, 0.3)  # of steps within a loop
STEPS = 12  # of one solution
EARLY, ENOUGH, FAR = 2, 5, 1e3  # so many steps bring it nearer, so many within so many times the room, or never
SMALL = 1e-7  # of a rate: what it is changed by to see what it does
CLOSE = 1e-10  # no more is changed by another step
MOST_EXAMPLES = 40  # of a loop

Given = Callable[[float], Array | None]


class StepTaken(NamedTuple):
    """The step that gives the array."""

    id: str
    words: str
    value: Array


def stepped(bench: Bench) -> Iterator[StepTaken]:
    """The array as that of a network whose weights have made a step, or several, of some rate."""
    problem = bench.state.problem
    if bench.node.kind not in GRADIENTS or problem.masks or bench.value.size < 2:
        return
    ways: list[tuple[str, Given, tuple[float, ...], str]] = [
        ("gradient_after_step", _after(bench), STARTS,
         "it is the gradient {} a step of rate {}: the weights are changed too early"),
        ("gradient_not_reset", _both(bench), STARTS,
         "it is the gradient and that {} a step of rate {} added up: it is not reset between the two"),
    ]  # fmt: skip
    if bench.node.kind in ("dW", "db") and 1 < problem.n <= MOST_EXAMPLES:
        ways.append(("updated_in_loop", _loop(bench), LOOP_STARTS,
                     "the weights are changed within the loop over the examples, {} each by a step of rate {}: the "
                     "first example's part is right, later ones see weights that are changed already"))  # fmt: skip
    for id, given, starts, words in ways:
        found: list[float] = problem.once(("rates", id), list[float])
        own = () if problem.learning_rate is None else (problem.learning_rate,)
        few = bench.value.size < 3  # which say nothing of a rate
        for c in dict.fromkeys((*found, *own, *(() if few else starts))):
            if (taken := _tried(bench, given, (c,)) if few else _solved(bench, given, c)) is not None:
                number, value = taken
                found.append(number)
                side = "after" if number > 0 else "before"
                yield StepTaken(id, _said(words.format(side, told(abs(number))), number > 0), value)
                return


def _said(words: str, down: bool) -> str:
    """What is no step down the gradient is not explained further."""
    return words if down else words.partition(":")[0]


def _solved(bench: Bench, given: Given, c: float) -> tuple[float, Array] | None:
    """(rate, array) at the rate to which one start leads; None where that does not give the array."""
    started = np.inf
    for step in range(STEPS):
        here = given(c)
        off = np.inf if here is None else float((np.abs(here - bench.value) / bench.room).max())
        started = off if step == 0 else started
        if here is None or off > (FAR if step >= ENOUGH else started if step >= EARLY else np.inf):
            return None
        near = given(c + SMALL)
        change = None if near is None else bench.line(here, (near - here) / SMALL)
        if change is None or not np.isfinite(change) or abs(c + change) > 100:
            break
        c += change
        if abs(change) <= CLOSE * abs(c):
            break
    return _tried(bench, given, (float(told(c)), c))


def _tried(bench: Bench, given: Given, rates: tuple[float, ...]) -> tuple[float, Array] | None:
    """(rate, array) of the first of these rates that gives the array."""
    for number in rates:
        value = given(number) if abs(number) > SMALL else None
        if value is not None and bench.gives(value):
            return number, value
    return None


def _changed(network: Network, c: float, dW: list[Array], db: list[Array]) -> Network:
    """The network after a step."""
    weights = tuple(W - c * d for W, d in zip(network.weights, dW, strict=True))
    return network._with(weights, tuple(b - c * d for b, d in zip(network.biases, db, strict=True)))


def _shaped(bench: Bench, problem: Problem) -> Array | None:
    value = value_of_line(bench.place, bench.written, World(problem))
    return None if value is None or np.shape(value) != bench.value.shape else np.asarray(value, dtype=float)


def _after(bench: Bench) -> Given:
    problem = bench.state.problem
    whole = gradients(problem, problem.network)
    return lambda c: _shaped(bench, problem.on(_changed(problem.network, c, *whole)))


def _both(bench: Bench) -> Given:
    before, after = _shaped(bench, bench.state.problem), _after(bench)

    def given(c: float) -> Array | None:
        value = after(c)
        return None if value is None or before is None else before + value

    return given


def _loop(bench: Bench) -> Given:
    """The sum over the examples where a step is made after each, by that example's own gradient."""
    problem, kind, i = bench.state.problem, bench.node.kind, bench.node.layer
    each = [replace(problem, x=problem.x[n : n + 1], y=problem.y[n : n + 1], coefficients=np.ones(1))
            for n in range(problem.n)]  # fmt: skip

    def given(c: float) -> Array | None:
        network, total = problem.network, np.zeros(())
        for share, example in zip(problem.coefficients, each, strict=True):
            dW, db = gradients(example, network)
            total = total + share * (dW if kind == "dW" else db)[i - 1]
            network = _changed(network, c, dW, db)
        value = np.asarray(total.T if bench.written.flipped else total)
        return value.reshape(bench.value.shape) if value.size == bench.value.size else None

    return given
