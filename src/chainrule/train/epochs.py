"""Epochs: the order of the rows, the learning rates, and the engine's calls, each short enough for Ctrl-C."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Protocol

import numpy as np

from chainrule.network.arrays import Array
from chainrule.train.engine import Away, EpochsResult, Rows, StepsResult, fitting, minibatches
from chainrule.train.order import row_order
from chainrule.train.records import Run

WORK_PER_CALL = 1e10  # operations after which Ctrl-C is heard
STEPS_PER_CALL = 20_000


class Source(Protocol):
    """Rows that do not fit in memory: given in blocks, a new order each epoch."""

    def __len__(self) -> int:
        """How many rows there are."""

    def blocks(self, order: Callable[[int], Array]) -> Iterator[Rows]:
        """All rows, block after block; ``order`` gives the order of so many things in this epoch."""


def at_once(run: Run, rows: Rows | Source | Away) -> int:
    """How many epochs a call of the engine may make; 0 where an epoch takes several calls."""
    if not isinstance(rows, Rows):
        return 0
    return _steps_at_once(run) // minibatches(len(rows), run.recipe.batch_size)


def make_epochs(run: Run, rows: Rows | Source | Away, first: int, count: int) -> tuple[EpochsResult, Array]:
    """Epochs from number ``first`` on, and the learning rate of the last step of each (epochs,).

    An epoch depends on the seed and its number alone, so that it can be made again.

    Args:
        count: of epochs; at most ``at_once``, or 1.
    """
    run.go_on()
    if isinstance(rows, Rows) and at_once(run, rows):
        steps = minibatches(len(rows), run.recipe.batch_size)
        times = _times(run, rows, first + np.arange(count)[:, None], np.arange(steps) * run.recipe.batch_size)
        rates = _rates_of(run, times)
        return run.engine.epochs(rows, first, rates), rates[:, -1]
    began, before = time.perf_counter(), run.engine.snapshot()
    part, rate = _epoch(run, rows, first)
    ended_well = part.failed is None and np.isfinite(run.engine.snapshot()).all()
    parts, good = ([part], None) if ended_well else ([], before)
    return EpochsResult.of(run.like, parts, [time.perf_counter() - began][: len(parts)], good), np.array([rate])


def _epoch(run: Run, rows: Rows | Source | Away, number: int) -> tuple[StepsResult, float]:
    """One epoch, in several calls of the engine; with the learning rate of its last step."""
    if isinstance(rows, Away):
        rates = _rates_of(run, number - 1 + np.arange(rows.steps) / rows.steps)
        return run.engine.steps(rows, np.array([number]), rates), float(rates[-1])
    parts: list[tuple[int, StepsResult]] = []
    blocks = [rows] if isinstance(rows, Rows) else rows.blocks(lambda count: _order(run, count, number))
    seen, rate = 0, 0.0
    for which, given in enumerate(blocks):
        block = given if isinstance(rows, Rows) else fitting(given, run.like, "block")
        order = _order(run, len(block), number, *([] if isinstance(rows, Rows) else [which]))
        for piece in _pieces(run, order):
            steps = np.arange(minibatches(len(piece), run.recipe.batch_size))
            rates = _rates_of(run, _times(run, rows, number, seen + steps * run.recipe.batch_size))
            part = run.engine.steps(block, piece, rates)
            parts.append((len(piece), part))
            seen, rate = seen + len(piece), float(rates[-1])
            if part.failed is not None:
                return part, rate
    if len(parts) == 1:
        return parts[0][1], rate
    mean = run.like.reduction == "mean"
    loss = sum(part.loss * (count / seen if mean else 1.0) for count, part in parts)
    asleep = np.sum([part.probe.asleep for _, part in parts], axis=0)
    observed = sum(part.probe.observed for _, part in parts)
    probe = replace(parts[-1][1].probe, asleep=asleep, observed=observed)
    return StepsResult(loss, sum(part.right for _, part in parts), None, probe), rate


def _order(run: Run, count: int, *words: int) -> Array:
    """The order of so many things in an epoch."""
    return row_order(count, run.recipe.seed, *words) if run.recipe.shuffle else np.arange(count)


def _pieces(run: Run, order: Array) -> Iterator[Array]:
    """The order in pieces of whole minibatches, each a call of the engine."""
    size = max(1, _steps_at_once(run)) * run.recipe.batch_size
    for at in range(0, len(order), size):
        run.go_on()
        yield order[at : at + size]


def _steps_at_once(run: Run) -> int:
    work = 6 * run.like.parameter_count * run.recipe.batch_size
    return min(STEPS_PER_CALL, int(WORK_PER_CALL // work))


def _times(run: Run, rows: Rows | Source | Away, numbers: Array | int, seen: Array) -> Array:
    """When the steps of epochs are made that begin after so many rows of it, counted in epochs."""
    times: Array = numbers - 1 + seen / len(rows)
    return times


def _rates_of(run: Run, times: Array) -> Array:
    """The learning rate at times counted in epochs."""
    base = run.recipe.optimizer.settings.learning_rate * run.scale
    if run.recipe.schedule.name == "constant" and not run.recipe.schedule.warmup:
        return np.full(times.shape, base)
    return base * run.recipe.schedule.multipliers(times)
