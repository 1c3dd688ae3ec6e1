"""Callbacks: what watches training and may stop it. Progress, history, early stopping."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from threading import Lock
from typing import Any, Literal, TextIO

import numpy as np

from chainrule.errors import InputError
from chainrule.network.arrays import Array
from chainrule.system.files import is_device
from chainrule.system.progress import bars
from chainrule.train.health import Finding, findings
from chainrule.train.recipe import whole
from chainrule.train.records import EPOCH_NUMBERS, Epoch, Fitted, Run


class Callback:
    """Base of all callbacks; each method may be left as it is."""

    @property
    def checkpoint_name(self) -> str:
        """By which a checkpoint knows it: a class that is renamed keeps its first name here."""
        return type(self).__name__

    def epochs_apart(self, run: Run) -> float:
        """How many epochs may be made before it is told of them, one after another.

        1 where it looks at the network, or may act after each epoch. More where it reads ``run.history`` alone, and
        surely neither stops nor changes the training before the last of them: many epochs of a small network are then
        one call of the engine, and what comes out is the same to the bit. It is asked before each call.
        """
        return 1

    def on_fit_begin(self, run: Run) -> None:
        """Before the first epoch; after a checkpoint was read."""

    def on_epoch_end(self, run: Run) -> bool | None:
        """After each epoch, ``run.history[-1]``; True stops the training."""

    def on_fit_end(self, run: Run, fitted: Fitted) -> None:
        """After the last epoch, also an interrupted one."""

    def close(self) -> None:
        """Give back what was taken, also where the training ended with an error."""

    def memory(self) -> dict[str, Array]:
        """What a checkpoint must keep so that the callback goes on as if never interrupted."""
        return {}

    def remember(self, memory: Mapping[str, Array]) -> None:
        """Go on from what ``memory`` gave."""


class Watcher(Callback):
    """Base of what only reads the history: it is told some 50 milliseconds late."""

    def epochs_apart(self, run: Run) -> float:
        """Any number."""
        return np.inf


class Progress(Watcher):
    """A bar on standard error, with the last losses and the time that is left."""

    def on_fit_begin(self, run: Run) -> None:
        """Draw the bar."""
        self._bar = bars("epoch", "bar", "count", "{task.description}", "left")
        self._bar.start()
        self._task = self._bar.add_task("", total=run.epochs, completed=len(run.history))

    def on_epoch_end(self, run: Run) -> None:
        """Move it on."""
        self._bar.update(self._task, advance=1, description=describe(run.history[-1]))

    def close(self) -> None:
        """Leave the bar as it is, on the screen: what holds the callback can be pickled again."""
        if hasattr(self, "_bar"):
            self._bar.stop()
            del self._bar


class SharedProgress(Watcher):
    """One bar on standard error for several trainings, which it may watch at the same time; ``with`` ends it.

    Args:
        what: is trained, such as ``folds``.
        count: of them.
    """

    def __init__(self, what: str, count: int) -> None:
        self._what, self._count, self._ended, self._lock = what, count, 0, Lock()
        self._bar = bars("{task.description}", "bar", "percent", "left")
        self._task = self._bar.add_task(self._words(), total=count)

    def __enter__(self) -> SharedProgress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar.live.is_started:
            self._bar.stop()

    def _words(self) -> str:
        return f"{self._ended} of {self._count} {self._what}"

    def on_fit_begin(self, run: Run) -> None:
        """Draw the bar, if no other training has begun."""
        self._bar.start()

    def on_epoch_end(self, run: Run) -> None:
        """Move it on."""
        self._bar.advance(self._task, 1 / run.epochs)

    def on_fit_end(self, run: Run, fitted: Fitted) -> None:
        """Count one more; epochs that it did not need are done too."""
        if fitted.stopped == "interrupted":
            return
        with self._lock:
            self._ended += 1
            left = 1 - len(fitted.history) / run.epochs
            self._bar.update(self._task, advance=left, description=self._words())


def describe(epoch: Epoch) -> str:
    """An epoch in one line."""
    named = {"loss": epoch.loss, "accuracy": epoch.accuracy}
    named |= {"validation loss": epoch.validation_loss, "score": epoch.validation_score}
    return "  ".join(f"{name} {value:.4f}" for name, value in named.items() if value is not None)


class History(Watcher):
    """Each epoch as a line of a CSV or of a JSON-lines file, written as it comes; begun anew by each fit.

    A pipe or a device is opened once a fit, and written through.
    """

    _through: TextIO | None = None

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        if self.path.suffix not in (".csv", ".jsonl"):
            raise InputError(f"history {path}", "a name that ends in .csv or .jsonl", repr(self.path.suffix))

    def on_fit_begin(self, run: Run) -> None:
        """Begin the file, with the epochs of a checkpoint if there are any."""
        with self._opened("w") as file:
            if self.path.suffix == ".csv":
                csv.writer(file).writerow(EPOCH_NUMBERS)
            for epoch in run.history:
                self._line(file, epoch)

    def on_epoch_end(self, run: Run) -> None:
        """Add a line."""
        with self._opened("a") as file:
            self._line(file, run.history[-1])

    def close(self) -> None:
        """Leave a pipe: its reader sees the end."""
        if self._through is not None:
            with suppress(OSError):
                self._through.close()
            self._through = None

    @contextmanager
    def _opened(self, mode: Literal["w", "a"]) -> Iterator[TextIO]:
        """The file for some lines.

        Raises:
            InputError: it cannot be written, or nobody reads it any more.
        """
        try:
            if self._through is None:
                file: TextIO = open(self.path, mode, encoding="utf-8", newline="")  # noqa: SIM115  a pipe stays open
                self._through = file if is_device(self.path) else None
            else:
                file = self._through
            try:
                yield file
                file.flush()
            finally:
                if self._through is None:
                    file.close()
        except OSError as error:
            got = error.strerror or str(error)
            raise InputError(f"history {self.path}", "a file that can be written", got) from None

    def _line(self, file: Any, epoch: Epoch) -> None:
        if self.path.suffix == ".csv":
            csv.writer(file).writerow(getattr(epoch, name) for name in EPOCH_NUMBERS)
        else:
            file.write(json.dumps(_finite(asdict(epoch))) + "\n")


def _finite(value: Any) -> Any:
    """NaN and infinity as null: JSON has neither."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


Watched = Literal["loss", "validation_loss", "validation_score"]


class EarlyStopping(Callback):
    """Stop when a number has not improved for some epochs, and end with the parameters of the best.

    Args:
        watch: ``loss``, ``validation_loss`` (less is better) or ``validation_score`` (more is better).
        patience: epochs without improvement that are borne.
        tol: what counts as an improvement.
        restore_best: end with the best parameters, not the last.
    """

    def __init__(
        self, watch: Watched = "validation_loss", patience: float = 10, tol: float = 1e-4, restore_best: bool = True
    ) -> None:
        if watch not in ("loss", "validation_loss", "validation_score"):
            raise InputError("watch", "loss, validation_loss or validation_score", repr(watch))
        if patience != np.inf:
            whole("patience", patience)
        self.watch, self.patience, self.tol, self.restore_best = watch, patience, tol, restore_best
        self._reset()

    def _reset(self) -> None:
        self.best, self.since = -np.inf, 0
        self._snapshot: Array | None = None
        self._resumed = False

    def on_fit_begin(self, run: Run) -> None:
        """Forget an earlier training."""
        if not self._resumed:
            self._reset()
        elif self._snapshot is not None and self.restore_best:
            run.best = self._snapshot
        self._resumed = False
        if self.since > self.patience:  # the checkpoint was written when it stopped
            run.ended, run.said = True, self._reason()

    def epochs_apart(self, run: Run) -> float:
        """Where the best parameters are not kept: those that its patience bears."""
        return 1 if self.restore_best else self.patience - self.since + 1

    def on_epoch_end(self, run: Run) -> bool:
        """Look at the number."""
        value = getattr(run.history[-1], self.watch)
        if value is None:
            raise InputError(f"early stopping by {self.watch}", "validation rows", "none")
        gain = value if self.watch == "validation_score" else -value
        self.since = 0 if gain > -np.inf and gain >= self.best + self.tol else self.since + 1
        if gain > self.best:
            self.best = gain
            if self.restore_best:
                self._snapshot = run.best = run.engine.snapshot()
        if self.since <= self.patience:
            return False
        run.said = self._reason()
        return True

    def _reason(self) -> str:
        return f"{self.watch.replace('_', ' ')} did not improve by more than {self.tol:g} for {self.patience:g} epochs"

    def memory(self) -> dict[str, Array]:
        """The best value, the count, the parameters of the best."""
        kept = {"numbers": np.array([self.best, self.since])}
        return kept if self._snapshot is None else kept | {"snapshot": self._snapshot}

    def remember(self, memory: Mapping[str, Array]) -> None:
        """Go on from a checkpoint."""
        best, since = memory["numbers"].tolist()
        self.best, self.since, self._resumed = best, int(since), True
        self._snapshot = memory.get("snapshot")


class Health(Watcher):
    """Collects ``findings`` while training goes on: (epoch, finding) each, once, when it first holds."""

    def __init__(self, say: bool = False) -> None:
        self.say = say
        self.findings: list[tuple[int, Finding]] = []

    @property
    def found(self) -> list[tuple[int, str]]:
        """The findings in words: (epoch, sentence) each."""
        return [(epoch, str(finding)) for epoch, finding in self.findings]

    def on_fit_begin(self, run: Run) -> None:
        """Forget an earlier training."""
        self.findings = []
        self._like = run.network

    def on_epoch_end(self, run: Run) -> None:
        """Look at the last epoch; what was found in a layer before is not said again."""
        epoch = run.history[-1]
        before = {(finding.kind, finding.layer) for _, finding in self.findings}
        for finding in findings(self._like, epoch.health):
            if (finding.kind, finding.layer) not in before:
                self.findings.append((epoch.number, finding))
                if self.say:
                    sys.stderr.write(f"epoch {epoch.number}: {finding}\n")
