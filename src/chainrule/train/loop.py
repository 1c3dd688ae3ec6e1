"""Training: let the engine make epochs, validate, tell the callbacks, write checkpoints."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from threading import Event

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.train.callbacks import Callback
from chainrule.train.checkpoints import Checkpoint, read_checkpoint
from chainrule.train.engine import Away, Engine, EpochsResult, Rows, State, fitting
from chainrule.train.engines import start
from chainrule.train.epochs import Source, at_once, make_epochs
from chainrule.train.health import health, largest_layer
from chainrule.train.metrics import r_squared
from chainrule.train.recipe import Recipe, whole
from chainrule.train.records import Epoch, Fitted, Outcome, Run

SECONDS_PER_CALL = 0.05  # about, of many epochs: as late a watcher is told, and Ctrl-C heard

Scorer = Callable[[Network], float]


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
    stop: Event | None = None,
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
        stop: ends the training as Ctrl-C does once it is set, and is set by Ctrl-C.

    Raises:
        InputError: a number that does not fit; a checkpoint of another training.
    """
    whole("epochs", epochs)
    for callback in callbacks:
        if not isinstance(callback, Callback):
            what = "objects of classes derived from chainrule.train.callbacks.Callback (a function is its on_epoch_end)"
            got = f"the class {callback.__name__}" if isinstance(callback, type) else f"a {type(callback).__name__}"
            raise InputError("callbacks", what, got)
    if len(rows) == 0:
        raise InputError("rows", "at least one example", "none")
    if isinstance(rows, Rows):
        rows = fitting(rows, network)
    if isinstance(validation, Rows):
        validation = fitting(validation, network, "validation rows")
    recipe = replace(recipe, batch_size=min(recipe.batch_size, len(rows)))
    run = Run(network, start(network, recipe) if engine is None else engine, recipe, epochs)
    run.stop = run.stop if stop is None else stop
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
    network, epochs, validates = run.like, run.epochs, validation is not None or scorer is not None
    if state is not None:
        run.engine.restore(state)
    if checkpoint is not None:
        run.beginning = _digest(run.engine.snapshot(), rows)
        if resume:
            read_checkpoint(checkpoint, network, run, callbacks)
    began = time.perf_counter() - (run.history[-1].seconds if run.history else 0.0)
    for callback in callbacks:
        callback.on_fit_begin(run)
    stops, outcome, good, pace = run.ended, None, run.engine.snapshot(), 1.0
    made: list[Epoch] = []
    try:
        while not stops and len(run.history) < epochs:
            start_of_call = time.perf_counter()
            count = 1 if validates else _together(run, rows, callbacks, checkpoint, pace)
            part, rates = make_epochs(run, rows, len(run.history) + 1, count)
            records = _records(run, rows, part, rates, start_of_call - began)
            pace = SECONDS_PER_CALL * count / (time.perf_counter() - start_of_call)
            good = run.engine.snapshot() if part.good is None else part.good
            if records and validates:
                loss, score = _validate(run, validation, scorer)
                records = [replace(records[0], validation_loss=loss, validation_score=score)]
            made = records
            for epoch in made:
                run.history.append(epoch)
                answers = [callback.on_epoch_end(run) for callback in callbacks]  # each is told
                stops = stops or any(answers)
            if part.good is not None:
                outcome = _diverged(run, rows, len(run.history) + 1)
                break
            number = len(run.history)
            if checkpoint is not None and (checkpoint.due(number) or stops or number == epochs):
                checkpoint.write(network, run, callbacks)
    except KeyboardInterrupt:
        run.history += [epoch for epoch in made if epoch.number > len(run.history)]
        run.stop.set()
        outcome = Outcome("interrupted", len(run.history) + 1, run.best is not None)
    whole_state = run.engine.state() if outcome is None else None
    if outcome is None:
        outcome = Outcome("early" if stops else "finished", len(run.history), run.best is not None, reason=run.said)
    run.engine.recall(good if run.best is None else run.best)
    fitted = Fitted(run.engine.network(), tuple(run.history), outcome, whole_state)
    for callback in callbacks:
        callback.on_fit_end(run, fitted)
    return fitted


def _together(
    run: Run, rows: Rows | Source | Away, callbacks: Sequence[Callback], checkpoint: Checkpoint | None, pace: float
) -> int:
    """How many epochs are made before a callback must be told or a checkpoint is due, at a pace of so many a call."""
    made = len(run.history)
    most = [pace, run.epochs - made, at_once(run, rows), *(callback.epochs_apart(run) for callback in callbacks)]
    if checkpoint is not None:
        most.append(checkpoint.every - made % checkpoint.every)
    return max(1, int(min(most)))


def _records(run: Run, rows: Rows | Source | Away, part: EpochsResult, rates: Array, before: float) -> list[Epoch]:
    """A record of each epoch that ended well, still without validation; ``before``: seconds until they began."""
    network, made = run.like, len(part.loss)
    labels = rows.y.ndim == 1 if isinstance(rows, Rows) else getattr(rows, "labels", False)
    accuracy = (part.right / len(rows)).tolist() if labels else [None] * made
    layers = health(network, part.probe, run.recipe.dropout_of(network)) if run.recipe.health else [()] * made
    numbers = range(len(run.history) + 1, len(run.history) + 1 + made)
    columns = (numbers, part.loss.tolist(), accuracy, rates.tolist(), (before + part.seconds).tolist(), layers)
    return [
        Epoch(number, loss, right, None, None, rate, seconds, of_layers)
        for number, loss, right, rate, seconds, of_layers in zip(*columns, strict=False)
    ]


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
