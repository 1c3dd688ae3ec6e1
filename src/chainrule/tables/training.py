"""Training on a prepared table: fit with checkpoints, score, and cross-validation."""

from __future__ import annotations

import hashlib
import json
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.network.network import Network
from chainrule.tables.columns import balanced
from chainrule.tables.plan import Model, Plan, Prepared, TrainingTable, with_parts
from chainrule.tables.scores import Scores
from chainrule.train.callbacks import Callback, EarlyStopping
from chainrule.train.checkpoints import Checkpoint
from chainrule.train.engine import Rows
from chainrule.train.health import SMALL_UPDATE, LayerHealth, findings
from chainrule.train.loop import fit
from chainrule.train.records import Epoch, Fitted

if TYPE_CHECKING:
    from chainrule.train.loop import Run


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
    def findings(self) -> tuple[str, ...]:
        """What was amiss with the layers' health and stayed so, in words."""
        return lasting_findings(self.model.network, self.fitted.history)


def train_table(
    prepared: Prepared,
    plan: Plan,
    callbacks: Sequence[Callback] = (),
    checkpoint: Path | None = None,
    every: int = 1,
    resume: bool = False,
) -> Trained:
    """Fit a prepared model to its training rows and score it on its test rows.

    Args:
        checkpoint: file for the state, written after each ``every`` epochs.
        resume: go on from the checkpoint, if it is there.

    Raises:
        InputError: the checkpoint is of other rows or of another plan, or cannot be written.
    """
    rows, validation = _rows(prepared, plan)
    stopping = None if plan.patience is None else EarlyStopping("validation_loss", plan.patience)
    together = Together(stopping, callbacks, checkpoint)
    kept = None if checkpoint is None else Checkpoint(checkpoint, every, _asked(prepared, plan, rows, validation))
    fitted = fit(
        prepared.model.network, rows, plan.recipe(), epochs=plan.epochs, validation=validation, callbacks=[together],
        checkpoint=kept, resume=resume,
    )  # fmt: skip
    model = replace(prepared.model, network=fitted.network)
    scored = len(prepared.test) and fitted.history and fitted.stopped != "diverged"
    test = model.evaluate(prepared.table.take(prepared.test)) if scored else None
    return Trained(prepared, model, fitted, test, best_epoch(fitted, plan))


def best_epoch(fitted: Fitted, plan: Plan) -> int | None:
    """Number of the epoch whose network ``fit`` ended with."""
    if not fitted.history:
        return None
    if plan.patience is None:
        return fitted.history[-1].number
    losses = np.array([epoch.validation_loss for epoch in fitted.history], dtype=float)
    return fitted.history[int(np.argmin(np.where(np.isfinite(losses), losses, np.inf)))].number


def _rows(prepared: Prepared, plan: Plan) -> tuple[Rows, Rows | None]:
    """The rows to learn from and those to validate with, as an engine takes them."""
    model, table = prepared.model, prepared.table
    dtype = model.network.dtype
    weights = None
    if plan.class_weight == "balanced":
        counts = np.bincount(model.target.apply(table)[prepared.train], minlength=model.target.outputs)
        weights = balanced(counts)
    parts: list[Rows | None] = []
    for numbers in (prepared.train, prepared.validation):
        part = table.take(numbers)
        y = model.target.apply(part) if len(numbers) else np.zeros(0)
        weight = None if weights is None or not len(numbers) else weights[y].astype(dtype)
        y = y if model.target.classes else y.astype(dtype)
        x = np.ascontiguousarray(model.inputs.apply(part), dtype) if len(numbers) else None
        parts.append(None if x is None else Rows(x, y, weight))
    train = parts[0]
    assert train is not None  # a plan leaves rows to learn from
    return train, parts[1]


# ---------------------------------------------------------------- checkpoints


def _asked(prepared: Prepared, plan: Plan, rows: Rows, validation: Rows | None) -> str:
    """What a resumed training must agree with beside network and recipe: the rows, and what the plan adds."""
    digest = hashlib.sha256(json.dumps([asdict(prepared.model.inputs), asdict(prepared.model.target)]).encode())
    for part in (rows, validation):
        if part is not None:
            digest.update(np.ascontiguousarray(part.x).tobytes() + np.ascontiguousarray(part.y).tobytes())
    stopping = "no early stopping" if plan.patience is None else f"early stopping with patience {plan.patience}"
    weight = f"; class weight {plan.class_weight}" if plan.class_weight else ""
    counts = f"{len(rows)} rows to train, {0 if validation is None else len(validation)} to validate"
    return f"a training on the table {digest.hexdigest()[:12]} ({counts}; {stopping}{weight})"


class Together(Callback):
    """Early stopping and those that only watch as one callback: a checkpoint does not depend on who watches."""

    def __init__(self, stopping: EarlyStopping | None, others: Sequence[Callback], checkpoint: Path | None) -> None:
        self._stopping, self._others, self._checkpoint = stopping, others, checkpoint

    def on_fit_begin(self, run: Run) -> None:
        """Refuse a checkpoint that is further on; tell all."""
        if len(run.history) > run.epochs:
            made = f"one after epoch {len(run.history)}"
            most = f"{run.epochs} epoch{'s' if run.epochs > 1 else ''}"
            raise InputError(f"checkpoint {self._checkpoint}", f"at most {most}, as asked now", made)
        for callback in self._all():
            callback.on_fit_begin(run)

    def on_epoch_end(self, run: Run) -> bool:
        """Tell all, also where one would stop."""
        answers = [callback.on_epoch_end(run) for callback in self._all()]  # each is told
        return any(answers)

    def on_fit_end(self, run: Run, fitted: Fitted) -> None:
        """Tell all."""
        for callback in self._all():
            callback.on_fit_end(run, fitted)

    def close(self) -> None:
        """Close all."""
        for callback in self._all():
            callback.close()

    def memory(self) -> dict[str, Array]:
        """That of early stopping."""
        return {} if self._stopping is None else self._stopping.memory()

    def remember(self, memory: Mapping[str, Array]) -> None:
        """Give it back to early stopping."""
        if self._stopping is not None:
            self._stopping.remember(memory)

    def _all(self) -> list[Callback]:
        return [*([] if self._stopping is None else [self._stopping]), *self._others]


# ---------------------------------------------------------------- cross-validation


def cross_validate(
    prepared: Prepared, plan: Plan, folds: int, watchers: Callable[[], Sequence[Callback]] = tuple
) -> Iterator[Trained]:
    """Train for each fold anew, tested on the fold; preprocessing too is learnt without it. The test part stays aside.

    Args:
        folds: how many; for classes, each fold has each class in proportion.
        watchers: callbacks for one fold.

    Raises:
        InputError: too many folds for the rows to train, or fewer than 2.
    """
    rows = np.sort(np.concatenate([prepared.train, prepared.validation]))
    classes = bool(prepared.model.target.classes)
    most = len(rows) if classes else len(rows) // 2  # R² takes two rows
    if not 2 <= folds <= most:
        raise InputError("folds", f"a number from 2 to {most} for {len(rows)} rows to train", str(folds))
    labels = prepared.model.target.apply(prepared.table)[rows] if classes else None
    for learn, tested in _folds(len(rows), folds, plan.seed, labels):
        yield train_table(with_parts(prepared, plan, rows[learn], rows[tested]), plan, watchers())


def _folds(count: int, folds: int, seed: int, labels: Array | None) -> list[tuple[Array, Array]]:
    from sklearn.model_selection import KFold, StratifiedKFold

    stratified = labels is not None and np.bincount(labels).max() >= folds
    kind = StratifiedKFold if stratified else KFold
    with warnings.catch_warnings():  # a class with fewer rows than folds is in some folds only
        warnings.simplefilter("ignore", UserWarning)
        parts = kind(folds, shuffle=True, random_state=seed)
        return list(parts.split(np.zeros(count), labels if stratified else None))


# ---------------------------------------------------------------- health


def lasting_findings(network: Network, history: Sequence[Epoch]) -> tuple[str, ...]:
    """Findings that held in most epochs of the last third of a training, as the last of these epochs says them.

    An update is not called small where the loss has fallen well or the schedule has all but ended the training.
    """
    last = history[-max(1, len(history) // 3) :]
    peak = max((epoch.learning_rate for epoch in history), default=0.0)
    held: Counter[str] = Counter()
    said: dict[str, str] = {}
    for epoch in last:
        content = epoch.loss <= 0.5 * history[0].loss or epoch.learning_rate < 0.1 * peak
        rows = [_without_small_update(row) if content else row for row in epoch.health]
        for sentence in findings(network, rows):
            where, _, words = sentence.partition(":")
            kind = f"{where}: {re.sub(r'[0-9][0-9.e+-]*', '#', words)}"
            held[kind] += 1
            said[kind] = sentence
    return tuple(sentence for kind, sentence in said.items() if 2 * held[kind] > len(last))


def _without_small_update(row: LayerHealth) -> LayerHealth:
    return replace(row, update_ratio=float("nan")) if row.update_ratio < SMALL_UPDATE else row
