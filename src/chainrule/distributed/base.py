"""What the two estimators of a cluster share: parameters, lazy predictions, copies. ``fit`` fits them."""

from __future__ import annotations

from abc import abstractmethod
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from sklearn.base import clone
from sklearn.utils._param_validation import Interval, StrOptions

from chainrule.distributed.modes import MODES
from chainrule.distributed.predicting import LazyPredictions
from chainrule.distributed.summary import Summary
from chainrule.estimators.base import MultilayerPerceptron
from chainrule.network.arrays import Array

CLUSTER: dict[str, list[Any]] = {
    "mode": [StrOptions(set(MODES))],
    "client": "no_validation",  # type: ignore[dict-item]
    "local_steps": [Interval(Integral, 1, None, closed="left")],
    "steps_per_epoch": [Interval(Integral, 1, None, closed="left")],
    "standardize": ["boolean"],
    "persist": ["boolean", StrOptions({"auto"})],
    "timeout": [Interval(Real, 0, None, closed="neither")],
    "checkpoint": [str, Path, None],
}


class ClusterPerceptron(LazyPredictions, MultilayerPerceptron):
    """Base of the two estimators of a cluster, which stands before an estimator of one machine."""

    #: for type checkers
    mode: str
    mode_: str
    mode_reason_: str
    client: Any
    local_steps: int
    steps_per_epoch: int
    standardize: bool
    persist: bool | str
    timeout: float

    @abstractmethod
    def _fit(self, X: Any, y: Any, sample_weight: Any, validation_data: Any, incremental: bool) -> Any:
        """Fit on the cluster: by ``ClusterFit``."""

    @abstractmethod
    def _learn_targets(self, summary: Summary) -> tuple[Array | None, int]:
        """Take up what y is; its classes (None for numbers) and the outputs of the network."""

    def _class_weight_of(self, summary: Summary) -> Array | None:
        """The weight of each class."""
        return None

    def __getstate__(self) -> dict[str, Any]:
        """A copy elsewhere has no client: it takes the current one there."""
        state: dict[str, Any] = super().__getstate__()
        return state | {"client": None}

    def __sklearn_clone__(self) -> Any:
        """An unfitted estimator of the same parameters, the client itself among them."""
        given = self.get_params(deep=False)
        return type(self)(**{k: v if k == "client" else clone(v, safe=False) for k, v in given.items()})
