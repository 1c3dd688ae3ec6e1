"""A problem at other numbers, where formulas are judged, and as an author's conventions have it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from chainrule.auditing.model.claims import Reading
from chainrule.auditing.model.problem import Problem
from chainrule.network.arrays import Array


def at_other_numbers(problem: Problem, count: int = 2, seed: int = 20) -> list[Problem]:
    """The same network, loss and targets at other numbers; what is 0 in the header stays 0.

    Targets are drawn where none are given.
    """

    def drawn() -> list[Problem]:
        rng = np.random.default_rng(seed)
        found = []
        for _ in range(count):
            weights = [_drawn(rng, W, 1 / np.sqrt(W.shape[1])) for W in problem.network.weights]
            biases = [_drawn(rng, b, 1.0) for b in problem.network.biases]
            biases = [np.where(b == 0, b, b.max()) if i in problem.shared else b for i, b in enumerate(biases, 1)]
            network = problem.network._with(tuple(weights), tuple(biases))
            other = replace(problem, network=network, x=_drawn(rng, problem.x, 1.0))
            found.append(replace(other, y=_targets(rng, problem)) if np.isnan(problem.y).any() else other)
        return found

    return problem.once((count, seed), drawn)


def _targets(rng: np.random.Generator, problem: Problem) -> Array:
    """Targets that the loss can have: of softmax a class for each example."""
    if problem.network.output == "softmax":
        return np.asarray(
            np.eye(problem.sizes[-1])[rng.integers(problem.sizes[-1], size=problem.n)].reshape(problem.y.shape)
        )
    return rng.uniform(0.2, 0.8, size=problem.y.shape)


def _drawn(rng: np.random.Generator, like: Array, scale: float) -> Array:
    drawn = rng.normal(size=like.shape) * scale
    return np.where(like == 0, 0.0, drawn)


def read_problem(problem: Problem, reading: Reading) -> Problem:
    """The problem as the author's conventions have it."""
    return problem.once(reading, lambda: _under(problem, reading))


def _under(problem: Problem, reading: Reading) -> Problem:
    if reading.scale != 1.0:
        problem = problem.scaled(reading.scale)
    if reading.transposed:
        flipped = tuple(np.ascontiguousarray(W.T) for W in problem.network.weights)
        problem = problem.on(problem.network._with(flipped, problem.network.biases))
    return replace(problem, update_biases=problem.update_biases and reading.update_biases, kept=reading.kept)
