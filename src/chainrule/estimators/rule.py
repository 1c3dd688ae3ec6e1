"""When an estimator stops: scikit-learn's rule, with its learning rates, as a callback."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from chainrule.estimators.objective import Objective
from chainrule.network.arrays import Array
from chainrule.train.callbacks import Callback
from chainrule.train.records import Run

SMALLEST_RATE = 1e-6  # where the adaptive learning rate ends


@dataclass
class Count:
    """What the rule remembers from one fit to the next.

    Attributes:
        best: the lowest loss, or with early stopping the highest score.
        since: epochs in a row without improvement.
        seen: rows seen so far.
        learning_rate: of the next epoch.
    """

    best: float
    since: int
    seen: int
    learning_rate: float


@dataclass(frozen=True)
class Terms:
    """The parameters of an estimator that the rule takes."""

    early: bool
    tol: float
    patience: float
    schedule: str
    rate: float
    power: float
    verbose: bool


class StoppingRule(Callback):
    """Stop after so many epochs without improvement by ``tol``, of the loss or, with early stopping, of the score.

    ``adaptive`` divides the learning rate by 5 instead until it is below 1e-6; ``invscaling`` divides it by a power
    of the rows seen, after each epoch.

    Attributes:
        improved: whether an epoch of this fit had the best score; the run then ends with its parameters.
        ended: whether the rule stopped the training.
    """

    def __init__(self, terms: Terms, count: Count, objective: Objective, rows: int) -> None:
        self.terms, self.count, self.objective, self.rows = terms, count, objective, rows
        self.improved = self.ended = False

    def on_fit_begin(self, run: Run) -> None:
        """Take up the learning rate; a checkpoint of a training that had ended leaves nothing to do."""
        run.scale = self.count.learning_rate / self.terms.rate
        run.ended = self.ended

    def epochs_apart(self, run: Run) -> float:
        """Those without improvement that are still borne, and one: earlier neither the end comes nor another rate."""
        terms = self.terms
        return 1 if terms.early or terms.schedule == "invscaling" else terms.patience - self.count.since + 1

    def on_epoch_end(self, run: Run) -> bool:
        """Count, and set the next learning rate."""
        epoch, terms, count = run.history[-1], self.terms, self.count
        loss = self.objective.reported(epoch.loss)
        count.seen += self.rows
        if terms.verbose:
            print("Iteration %d, loss = %.8f" % (epoch.number, loss))  # noqa: UP031
        if terms.early:
            score = float("nan") if epoch.validation_score is None else epoch.validation_score
            if terms.verbose:
                print("Validation score: %f" % score)  # noqa: UP031
            self._take(run, score, score < count.best + terms.tol, score > count.best)
        else:
            self._take(run, loss, loss > count.best - terms.tol, loss < count.best)
        if terms.schedule == "invscaling":
            count.learning_rate = terms.rate / (count.seen + 1) ** terms.power
        self.ended = count.since > terms.patience and self._ends(run)
        run.scale = count.learning_rate / terms.rate
        return self.ended

    def _take(self, run: Run, value: float, failed: bool, better: bool) -> None:
        count = self.count
        count.since = count.since + 1 if failed else 0
        if better:
            count.best = value
            if self.terms.early:
                run.best, self.improved = run.engine.snapshot(), True

    def _ends(self, run: Run) -> bool:
        what = "Validation score" if self.terms.early else "Training loss"
        tol, epochs = self.terms.tol, self.terms.patience
        reason = f"{what} did not improve more than tol={tol:f} for {epochs:g} consecutive epochs."
        ends, then = True, "Stopping."
        if self.terms.schedule == "adaptive":
            ends = self.count.learning_rate <= SMALLEST_RATE
            then = "Learning rate too small. Stopping."
            if not ends:
                self.count.learning_rate /= 5.0
                self.count.since = 0
                then = f"Setting learning rate to {self.count.learning_rate:f}"
        if self.terms.verbose:
            print(reason, then)
        if ends:
            run.said = reason
        return ends

    def memory(self) -> dict[str, Array]:
        """The count, and whether it has ended."""
        c = self.count
        return {"count": np.array([c.best, c.since, c.seen, c.learning_rate, self.improved, self.ended])}

    def remember(self, memory: Mapping[str, Array]) -> None:
        """Go on from a checkpoint."""
        best, since, seen, rate, improved, ended = memory["count"].tolist()
        self.count = Count(best, int(since), int(seen), rate)
        self.improved, self.ended = bool(improved), bool(ended)
