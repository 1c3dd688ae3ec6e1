"""How good predictions are: accuracy for classes, R² and RMSE for numbers, and the loss."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chainrule.network.arrays import Array
from chainrule.tables.columns import Target
from chainrule.train.metrics import mean_r_squared


@dataclass(frozen=True)
class Scores:
    """Scores over n rows.

    Attributes:
        accuracy, right: for classes: the share and the number of rows classified right.
        r2, rmse: for numbers; the root mean squared error is in the target's own unit.
    """

    n: int
    loss: float
    accuracy: float | None = None
    right: int | None = None
    r2: float | None = None
    rmse: float | None = None

    def __str__(self) -> str:
        loss = f"loss {_short(self.loss)}"
        if self.accuracy is not None:
            return f"accuracy {self.accuracy:.4f} ({self.right} of {self.n}), {loss}"
        return f"R² {_short(self.r2 or 0.0)}, RMSE {self.rmse:.4g} ({self.n} row{'s' if self.n > 1 else ''}), {loss}"

    @property
    def main(self) -> tuple[str, float]:
        """Name and value of the score that comes first: accuracy or R²."""
        return ("accuracy", self.accuracy) if self.accuracy is not None else ("R²", self.r2 or 0.0)

    @classmethod
    def of_classes(cls, n: int, loss: float, right: int) -> Scores:
        """From the number of rows classified right."""
        return cls(n, loss, accuracy=right / n, right=right)

    @classmethod
    def of_numbers(cls, n: int, loss: float, error: float, spread: float, unit: float = 1.0) -> Scores:
        """From sums of squares, of errors and of true numbers about their mean; ``unit``: theirs in the target's."""
        r2 = mean_r_squared(np.array([error]), np.array([spread])) if n > 1 else float("nan")
        return cls(n, loss, r2=r2, rmse=float(np.sqrt(error / n)) * unit)


def _short(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 1e6 or value != value else f"{value:.4g}"


def score(yhat: Array, y: Array, target: Target, loss: float) -> Scores:
    """Scores of outputs yhat (n, k) with this loss against targets as ``Target.apply`` gives them."""
    n = len(yhat)
    if target.classes:
        return Scores.of_classes(n, loss, int((yhat.argmax(axis=1) == y).sum()))
    truth = y[:, 0].astype(np.float64)
    # as the network learns them: in the target's own unit they may be too large to square
    error, spread = truth - yhat[:, 0].astype(np.float64), truth - truth.mean() if np.ptp(truth) else truth * 0.0
    return Scores.of_numbers(n, loss, float((error**2).sum()), float((spread**2).sum()), target.unit)
