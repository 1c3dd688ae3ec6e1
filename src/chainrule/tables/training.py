"""Training on a table that is ready, wherever its rows are: fit with checkpoints, score, and cross-validation."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.system.side_by_side import side_by_side
from chainrule.tables.plan import Model, Plan, TrainingTable
from chainrule.tables.prepared import Prepared, prepare_parts
from chainrule.tables.scores import Scores
from chainrule.train.callbacks import Callback, EarlyStopping
from chainrule.train.checkpoints import Checkpoint
from chainrule.train.health import Finding, findings
from chainrule.train.loop import fit
from chainrule.train.many import at_once
from chainrule.train.records import Epoch, Fitted

if TYPE_CHECKING:
    from chainrule.train.records import Run


@dataclass(frozen=True, eq=False)
class Trained:
    """The result of ``train_table``.

    Attributes:
        test: scores of the test rows; None where there are none, or where training diverged.
        best: number of the epoch whose network it is; None where no epoch ended.
    """

    prepared: TrainingTable
    model: Model
    fitted: Fitted
    test: Scores | None
    best: int | None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was amiss with the layers' health and stayed so."""
        return lasting_findings(self.model.network, self.fitted.history)


def train_table(
    prepared: TrainingTable, plan: Plan, callbacks: Sequence[Callback] = (), checkpoint: Path | None = None,
    every: int = 1, resume: bool = False, stop: Event | None = None,
) -> Trained:  # fmt: skip
    """Fit a prepared model to its rows and score it on its test rows.

    Args:
        checkpoint: file for the state, written after each ``every`` epochs.
        resume: go on from the checkpoint, if it is there.
        stop: ends the training as Ctrl-C does once it is set, and is set by Ctrl-C.

    Raises:
        InputError: the checkpoint is of other rows or of another plan, or cannot be written.
        OSError: a cluster that has the rows does not answer.
    """
    setup = prepared.setup(plan)
    stopping = None if plan.patience is None else EarlyStopping("validation_loss", plan.patience)
    fitted = fit(
        setup.network, setup.rows, setup.recipe, epochs=plan.epochs, validation=setup.validation,
        callbacks=[Together(stopping, callbacks, checkpoint)],
        checkpoint=None if checkpoint is None else Checkpoint(checkpoint, every, setup.agreement), resume=resume,
        engine=setup.engine, stop=stop,
    )  # fmt: skip
    fitted = replace(fitted, network=fitted.network.astype(prepared.model.network.dtype))
    model = replace(prepared.model, network=fitted.network)
    return Trained(prepared, model, fitted, _test_scores(prepared, model, fitted), _best_epoch(fitted, plan))


def _test_scores(prepared: TrainingTable, model: Model, fitted: Fitted) -> Scores | None:
    """None also where there is no answer after an interruption."""
    if not (len(prepared.test) and fitted.history) or fitted.outcome.kind == "diverged":
        return None
    try:
        return prepared.test_scores(model)
    except (OSError, KeyboardInterrupt):
        if fitted.outcome.kind != "interrupted":
            raise
        return None


def _best_epoch(fitted: Fitted, plan: Plan) -> int | None:
    """Number of the epoch whose network ``fit`` ended with."""
    if not fitted.history:
        return None
    if plan.patience is None:
        return fitted.history[-1].number
    losses = np.array([epoch.validation_loss for epoch in fitted.history], dtype=float)
    return fitted.history[int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))].number


class Together(Callback):
    """Early stopping and those that only watch as one callback: a checkpoint does not depend on who watches."""

    def __init__(self, stopping: EarlyStopping | None, others: Sequence[Callback], checkpoint: Path | None) -> None:
        self._stopping, self._checkpoint = stopping, checkpoint
        self._all: list[Callback] = [*([] if stopping is None else [stopping]), *others]

    def on_fit_begin(self, run: Run) -> None:
        """Refuse a checkpoint that is further on; tell all."""
        if len(run.history) > run.epochs:
            made = f"one after epoch {len(run.history)}"
            most = f"{run.epochs} epoch{'s' if run.epochs > 1 else ''}"
            raise InputError(f"checkpoint {self._checkpoint}", f"at most {most}, as asked now", made)
        for callback in self._all:
            callback.on_fit_begin(run)

    def epochs_apart(self, run: Run) -> float:
        """The fewest that any of them bears."""
        return min((callback.epochs_apart(run) for callback in self._all), default=np.inf)

    def on_epoch_end(self, run: Run) -> bool:
        """Tell all, also where one would stop."""
        answers = [callback.on_epoch_end(run) for callback in self._all]  # each is told
        return any(answers)

    def on_fit_end(self, run: Run, fitted: Fitted) -> None:
        """Tell all."""
        for callback in self._all:
            callback.on_fit_end(run, fitted)

    def close(self) -> None:
        """Close all."""
        for callback in self._all:
            callback.close()

    def memory(self) -> dict[str, Array]:
        """That of early stopping."""
        return {} if self._stopping is None else self._stopping.memory()

    def remember(self, memory: Mapping[str, Array]) -> None:
        """Give it back to early stopping."""
        if self._stopping is not None:
            self._stopping.remember(memory)


def cross_validate(
    prepared: Prepared, plan: Plan, folds: int, watchers: Callable[[], Sequence[Callback]] = tuple
) -> Generator[Trained, None, None]:
    """Train for each fold anew, tested on the fold; preprocessing too is learnt without it. The test part stays aside.

    Folds are trained side by side on the processors that there are, each as it is alone to the last bit, and given in
    their order. Ctrl-C ends all of them, as does closing the iterator.

    Args:
        folds: how many; for classes, each fold has each class in proportion.
        watchers: callbacks for one fold.

    Raises:
        InputError: too many folds for the rows to train, or fewer than 2.
    """

    def train(fold: Callable[[], Prepared], stop: Event) -> Trained:
        return train_table(fold(), plan, watchers(), stop=stop)

    jobs = [partial(train, fold) for fold in folds_of_table(prepared, plan, folds)]
    yield from side_by_side(jobs, at_once([(prepared.model.network, plan.recipe())]))


def folds_of_table(prepared: Prepared, plan: Plan, folds: int) -> list[Callable[[], Prepared]]:
    """What makes each fold ready to train on: the rows outside it to learn from, and the fold to test on.

    Raises:
        InputError: too many folds for the rows to train, or fewer than 2.
    """
    rows = np.sort(np.concatenate([prepared.train, prepared.validation]))
    model = prepared.model
    classes = bool(model.target.classes)
    most = len(rows) if classes else len(rows) // 2  # R² takes two rows
    if not 2 <= folds <= most:
        raise InputError("folds", f"a number from 2 to {most} for {len(rows)} rows to train", str(folds))
    labels = model.target.apply(prepared.table.take(rows)) if classes else None

    def fold(learn: Array, tested: Array) -> Prepared:
        return prepare_parts(prepared.table, model.target, plan, model.split, rows[learn], rows[tested])

    return [partial(fold, *parts) for parts in _folds(len(rows), folds, plan.seed, labels)]


def _folds(count: int, folds: int, seed: int, labels: Array | None) -> list[tuple[Array, Array]]:
    from sklearn.model_selection import KFold, StratifiedKFold

    stratified = labels is not None and np.bincount(labels).max() >= folds
    kind = StratifiedKFold if stratified else KFold
    with warnings.catch_warnings():  # a class with fewer rows than folds is in some folds only
        warnings.simplefilter("ignore", UserWarning)
        parts = kind(folds, shuffle=True, random_state=seed)
        return list(parts.split(np.zeros(count), labels if stratified else None))


def lasting_findings(network: Network, history: Sequence[Epoch]) -> tuple[Finding, ...]:
    """Findings that held in most epochs of the last third of a training, as in the last of these epochs.

    An update is not called small where the loss has fallen well or the schedule has all but ended the training.
    """
    last = history[-max(1, len(history) // 3) :]
    peak = max((epoch.learning_rate for epoch in history), default=0.0)
    held: Counter[tuple[str, int]] = Counter()
    latest: dict[tuple[str, int], Finding] = {}
    for epoch in last:
        content = epoch.loss <= 0.5 * history[0].loss or epoch.learning_rate < 0.1 * peak
        for finding in findings(network, epoch.health):
            if not (content and finding.kind == "small step"):
                held[finding.kind, finding.layer] += 1
                latest[finding.kind, finding.layer] = finding
    return tuple(finding for what, finding in latest.items() if 2 * held[what] > len(last))
