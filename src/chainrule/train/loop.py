"""Epochs: order the rows, let the engine make its steps, validate, tell the callbacks."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.train.callbacks import Callback
from chainrule.train.checkpoints import Checkpoint, read_checkpoint
from chainrule.train.engine import Away, Engine, Rows, State, StepsResult, fitting, minibatches
from chainrule.train.engines import start
from chainrule.train.health import health, largest_layer
from chainrule.train.metrics import r_squared
from chainrule.train.order import row_order
from chainrule.train.recipe import Recipe, whole
from chainrule.train.records import Epoch, Fitted, Outcome, Run

WORK_PER_CALL = 1e10  # operations after which Ctrl-C is heard
STEPS_PER_CALL = 20_000

Scorer = Callable[[Network], float]


class Source(Protocol):
    """Rows that do not fit in memory: given in blocks, a new order each epoch."""

    def __len__(self) -> int:
        """How many rows there are."""

    def blocks(self, order: Callable[[int], Array]) -> Iterator[Rows]:
        """All rows, block after block; ``order`` gives the order of so many things in this epoch."""


def fit(
    network: Network,
    rows: Rows | Source | Away,
    recipe: Recipe,
    *,
    epochs: int,
    validation: Rows | Away | None = None,
    scorer: Scorer | None = None,
    callbacks: Sequence[Callback] = (),
    checkpoint: Checkpoint | None = None,
    resume: bool = False,
    state: State | None = None,
    engine: Engine | None = None,
) -> Fitted:
    """Minibatch gradient descent.

    Ctrl-C ends it with the best network so far; a loss that is no longer finite with the network of the last good
    epoch. With a checkpoint, a run that was killed goes on where the checkpoint was written, and ends in bitwise the
    same weights as one that was not.

    Args:
        rows: examples, a source of blocks, or rows that only ``engine`` reaches.
        validation: rows of one's own whose loss and score are taken after each epoch.
        scorer: network -> the validation score; None takes the accuracy of classes, and R^2 of numbers.
        callbacks: told of the beginning, of each epoch and of the end; one that answers True stops the training.
        checkpoint: where and how often the state is written.
        resume: go on from the checkpoint, if it is there.
        state: go on from this state of an engine instead of beginning with the network's parameters.
        engine: what makes the steps, of this network and recipe; None starts the one that the recipe asks for.

    Raises:
        InputError: a number that does not fit; a checkpoint of another training.
    """
    whole("epochs", epochs)
    if len(rows) == 0:
        raise InputError("rows", "at least one example", "none")
    if isinstance(rows, Rows):
        rows = fitting(rows, network)
    if isinstance(validation, Rows):
        validation = fitting(validation, network, "validation rows")
    recipe = replace(recipe, batch_size=min(recipe.batch_size, len(rows)))
    run = Run(network, start(network, recipe) if engine is None else engine, recipe, epochs)
    try:
        return _fit(run, rows, validation, scorer, callbacks, checkpoint, resume, state)
    finally:
        for callback in callbacks:
            callback.close()
        run.engine.close()


def _fit(
    run: Run, rows: Rows | Source | Away, validation: Rows | Away | None, scorer: Scorer | None,
    callbacks: Sequence[Callback], checkpoint: Checkpoint | None, resume: bool, state: State | None,
) -> Fitted:  # fmt: skip
    network, recipe, epochs = run.like, run.recipe, run.epochs
    if state is not None:
        run.engine.restore(state)
    first = 0
    if checkpoint is not None:
        run.beginning = _digest(run.engine.snapshot(), rows)
        first = read_checkpoint(checkpoint, network, run, callbacks) if resume else 0
    began = time.perf_counter() - (run.history[-1].seconds if run.history else 0.0)
    for callback in callbacks:
        callback.on_fit_begin(run)
    stops, outcome, good = run.ended, None, run.engine.snapshot()
    try:
        for number in range(first + 1, first + 1 if run.ended else epochs + 1):
            part, rate = _epoch(run, rows, number)
            now = run.engine.snapshot()
            if part.failed is not None or not np.isfinite(now).all():
                outcome = _diverged(run, rows, number)
                break
            good = now
            loss, score = _validate(run, validation, scorer)
            labels = rows.y.ndim == 1 if isinstance(rows, Rows) else getattr(rows, "labels", False)
            accuracy = part.right / len(rows) if labels else None
            layers = health(network, part.probe, recipe.dropout_of(network)) if recipe.health else ()
            seconds = time.perf_counter() - began
            run.history.append(Epoch(number, part.loss, accuracy, loss, score, rate, seconds, layers))
            answers = [callback.on_epoch_end(run) for callback in callbacks]  # each is told
            stops = any(answers)
            if checkpoint is not None and (checkpoint.due(number) or stops or number == epochs):
                checkpoint.write(network, run, callbacks)
            if stops:
                break
    except KeyboardInterrupt:
        outcome = Outcome("interrupted", len(run.history) + 1, run.best is not None)
    whole_state = run.engine.state() if outcome is None else None
    if outcome is None:
        outcome = Outcome("early" if stops else "finished", len(run.history), run.best is not None, reason=run.said)
    run.engine.recall(good if run.best is None else run.best)
    fitted = Fitted(run.engine.network(), tuple(run.history), outcome, whole_state)
    for callback in callbacks:
        callback.on_fit_end(run, fitted)
    return fitted


def _epoch(run: Run, rows: Rows | Source | Away, number: int) -> tuple[StepsResult, float]:
    """One epoch; its order depends on the seed and the number alone, so that it can be made again."""
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
            firsts = seen + np.arange(minibatches(len(piece), run.recipe.batch_size)) * run.recipe.batch_size
            rates = _rates_of(run, number - 1 + firsts / len(rows))
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
    """The order in pieces of whole minibatches, each a call of the engine short enough for Ctrl-C."""
    batch = run.recipe.batch_size
    steps = max(1, min(STEPS_PER_CALL, int(WORK_PER_CALL // (6 * run.like.parameter_count * batch))))
    for at in range(0, len(order), steps * batch):
        yield order[at : at + steps * batch]


def _rates_of(run: Run, times: Array) -> Array:
    """The learning rate at times counted in epochs."""
    base = run.recipe.optimizer.settings.learning_rate * run.scale
    if run.recipe.schedule.name == "constant" and not run.recipe.schedule.warmup:
        return np.full(len(times), base)
    return base * run.recipe.schedule.multipliers(times)


def _digest(theta: Array, rows: Rows | Source | Away) -> str:
    """Tells one beginning and one table from others; of a source, its length alone."""
    digest = hashlib.blake2b(np.ascontiguousarray(theta).tobytes(), digest_size=8)
    if isinstance(rows, Away):
        digest.update(rows.digest.encode())
    parts = (rows.x, rows.y, rows.weight) if isinstance(rows, Rows) else (np.array([len(rows)]),)
    for part in parts:
        if part is not None:
            digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()


def _validate(run: Run, validation: Rows | Away | None, scorer: Scorer | None) -> tuple[float | None, float | None]:
    """Loss and score of the validation rows."""
    if validation is None:
        return None, (scorer(run.network) if scorer is not None else None)
    loss, accuracy = run.engine.evaluate(validation)
    if scorer is not None:
        return loss, scorer(run.network)
    if isinstance(validation, Away) or validation.y.ndim == 1:
        return loss, accuracy
    return loss, r_squared(run.network, validation)


def _diverged(run: Run, rows: Rows | Source | Away, number: int) -> Outcome:
    """Where the numbers left the range; of rows that are not here, the layer is not known."""
    layer = largest_layer(run.engine.network(), rows.x[:256]) if isinstance(rows, Rows) else None
    rate = run.recipe.optimizer.settings.learning_rate * run.scale
    return Outcome("diverged", number, run.best is not None, layer, rate)
