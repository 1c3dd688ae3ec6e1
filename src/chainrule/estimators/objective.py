"""What an estimator's ``loss`` means: the network's loss and output, and the scale in which it is reported."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import xlogy

from chainrule.errors import InputError
from chainrule.network import losses
from chainrule.network.arrays import Array
from chainrule.train.records import Epoch


@dataclass(frozen=True)
class Objective:
    """The loss that is reported is ``factor`` times the network's, plus ``shift``.

    Gradient descent is on the reported loss: the penalty, the learning rate and Adam's epsilon are converted, so a
    step is the step that the reported loss asks for. The factor is a power of two: nothing is rounded by it.

    Attributes:
        loss, output: the network's.
        shift: does not depend on the parameters.
    """

    loss: str
    output: str
    factor: float = 1.0
    shift: float = 0.0

    @property
    def activation(self) -> str:
        """The output's name as scikit-learn writes it."""
        return {"sigmoid": "logistic"}.get(self.output, self.output)

    def reported(self, loss: float) -> float:
        """The network's loss in the scale that is reported."""
        return self.factor * loss + self.shift

    def epoch(self, epoch: Epoch, validation: Objective) -> Epoch:
        """An epoch's record in that scale."""
        if (self.factor, self.shift, validation.factor, validation.shift) == (1.0, 0.0, 1.0, 0.0):
            return epoch
        held = epoch.validation_loss
        validation_loss = None if held is None else validation.reported(held)
        return replace(epoch, loss=self.reported(epoch.loss), validation_loss=validation_loss)

    def shifted(self, y: Array, weight: Array | None) -> Objective:
        """With the constant of these targets: scikit-learn's Poisson loss is 0 where yhat = y.

        It is their weighted mean of y log y - y; a minibatch of weighted rows has its own, which is neglected.
        """
        if (self.loss, self.output) != ("poisson", "exp"):
            return self
        terms = (xlogy(y, y) - y).astype(np.float64).sum(axis=1)
        return replace(self, shift=float(np.average(terms, weights=weight)))

    def check(self, y: Array) -> None:
        """Raise an InputError for targets (n, k) outside of what the loss is defined for."""
        low, high = losses.loss(self.loss).target_range
        if y.size and (y.min() < low or y.max() > high):
            wanted = f"values from {low:g} to {high:g} for loss {self.loss}"
            raise InputError("y", wanted, f"{y.min():g} to {y.max():g}")


_OUTPUTS = {"poisson": "exp", "binary_cross_entropy": "sigmoid", "cross_entropy": "softmax"}  # the others': identity
_REGRESSION = {name: Objective(name, _OUTPUTS.get(name, "identity")) for name in losses.LOSSES if name != "identity"}
_REGRESSION["squared_error"] = Objective("half_squared_error", "identity")  # as scikit-learn names and reports it
REGRESSION = tuple(_REGRESSION)
#: a classifier's losses; log_loss and cross_entropy are the same
CLASSIFICATION = ("log_loss", *REGRESSION)


def classification(loss: str, classes_exclude: bool) -> Objective:
    """A classifier's objective.

    Args:
        classes_exclude: more than two classes, one of which is right: softmax. Otherwise each output is a sigmoid,
            and the cross-entropy is that of "right or not".
    """
    output = "softmax" if classes_exclude else "sigmoid"
    if loss in ("log_loss", "cross_entropy"):
        loss = "cross_entropy" if classes_exclude else "binary_cross_entropy"
    return Objective(loss, output)


def regression(loss: str, outputs: int) -> Objective:
    """A regressor's objective. scikit-learn's squared_error is half the mean over the outputs.

    Raises:
        InputError: cross_entropy of a single output.
    """
    if loss == "squared_error" and outputs > 1:
        return Objective("mean_squared_error", "identity", 0.5)
    if loss == "cross_entropy" and outputs < 2:
        raise InputError("loss cross_entropy", "y with at least two columns, the shares of a whole", f"{outputs}")
    return _REGRESSION[loss]
