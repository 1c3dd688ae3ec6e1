"""MLPRegressor of a cluster."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from chainrule.distributed.base import CLUSTER, ClusterPerceptron
from chainrule.distributed.fit import ClusterFit
from chainrule.distributed.summary import Summary
from chainrule.estimators import regressor as one
from chainrule.estimators.parameters import take
from chainrule.network.arrays import Array


class MLPRegressor(ClusterPerceptron, one.MLPRegressor):
    """``chainrule.MLPRegressor`` on a Dask cluster: its parameters, its first weights, its fitted network.

    What it has beside the other's parameters, and what it has not, is that of the ``MLPClassifier`` of a cluster.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {**one.MLPRegressor._parameter_constraints, **CLUSTER}
    _one_machine = one.MLPRegressor

    def __init__(
        self, loss: str = "squared_error", hidden_layer_sizes: Any = (100,), activation: Any = "relu", *,
        solver: str = "adam", alpha: float = 0.0001, batch_size: int | str = "auto", learning_rate: str = "constant",
        learning_rate_init: float = 0.001, power_t: float = 0.5, max_iter: int = 200, shuffle: bool = True,
        random_state: Any = None, tol: float = 1e-4, verbose: bool | int = False, warm_start: bool = False,
        momentum: float = 0.9, nesterovs_momentum: bool = True, early_stopping: bool = False,
        validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
        n_iter_no_change: float = 10, max_fun: int = 15000, weight_decay: float = 0.01, dropout: Any = 0.0,
        scoring: Any = None, callbacks: Any = (), checkpoint: Any = None, n_threads: int | None = None,
        mode: str = "exact", client: Any = None, local_steps: int = 100, steps_per_epoch: int = 1,
        standardize: bool = False, persist: bool | str = "auto", timeout: float = 600.0,
    ) -> None:  # fmt: skip
        take(self, locals())

    def _fit(self, X: Any, y: Any, sample_weight: Any, validation_data: Any, incremental: bool) -> MLPRegressor:
        ClusterFit(self).fit(X, y, sample_weight, validation_data, incremental)
        return self

    def _learn_targets(self, summary: Summary) -> tuple[Array | None, int]:
        self._columns = summary.columns
        return None, summary.columns or 1

    def predict(self, X: Any) -> Any:
        """The number of each row (n,), or (n, k): lazy for a Dask collection."""
        check_is_fitted(self)
        k = self.n_outputs_
        return self._lazily(X, "predict", np.zeros((0, k) if k > 1 else 0, self.coefs_[0].dtype))
