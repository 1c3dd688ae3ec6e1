"""How good predictions are: accuracy for classes, R² and RMSE for numbers, and the loss."""

from __future__ import annotations

from dataclasses import dataclass

from chainrule.network.arrays import Array
from chainrule.network.backward import loss_value
from chainrule.network.forward import Forward
from chainrule.tables.columns import Target


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
        if self.accuracy is not None:
            return f"accuracy {self.accuracy:.4f} ({self.right} of {self.n}), loss {self.loss:.4f}"
        return f"R² {self.r2:.4f}, RMSE {self.rmse:.4g} ({self.n} rows), loss {self.loss:.4f}"


def score(forward: Forward, y: Array, target: Target) -> Scores:
    """Scores of a forward pass against the targets as ``Target.apply`` gives them."""
    n, loss = forward.n, loss_value(forward, y)
    if target.task == "classification":
        right = int((forward.yhat.argmax(axis=1) == y).sum())
        return Scores(n, loss, accuracy=right / n, right=right)
    from sklearn.metrics import r2_score, root_mean_squared_error

    truth, guess = target.restore(y), target.restore(forward.yhat)
    r2 = float(r2_score(truth, guess)) if n > 1 else float("nan")
    return Scores(n, loss, r2=r2, rmse=float(root_mean_squared_error(truth, guess)))
