"""MLPRegressor."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import RegressorMixin, _fit_context
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import validate_data

from chainrule.estimators.base import MultilayerPerceptron
from chainrule.estimators.objective import REGRESSION, Objective, regression
from chainrule.estimators.parameters import CONSTRAINTS, take
from chainrule.network.arrays import Array


class MLPRegressor(RegressorMixin, MultilayerPerceptron):  # type: ignore[misc]
    """A feedforward network that gives numbers: scikit-learn's ``MLPRegressor``, faster, and with more to it.

    Parameters, attributes, messages and the first weights are scikit-learn's. What it has not is that of
    ``MLPClassifier`` (without ``class_weight``), and

    Args:
        loss: ``squared_error`` and ``poisson`` are scikit-learn's: half the squared error, its mean over rows and
            outputs; half the Poisson deviance, with the output e^a. Further every loss of ``chainrule.Network`` but
            ``identity``, by its name there: as ``half_squared_error``, its sum over the outputs, or ``huber``;
            ``binary_cross_entropy`` for shares from 0 to 1 (a sigmoid), ``cross_entropy`` for shares of one whole (a
            softmax).

    The gradient is that of the loss that is reported. scikit-learn's, with ``squared_error`` and k outputs, is k times
    as large: with k outputs its ``sgd`` makes steps k times as long, and its ``alpha`` weighs k times less than here;
    ``loss="half_squared_error"`` trains as scikit-learn does, and reports k times its loss.
    Callbacks see the network's own loss: twice the reported one with ``squared_error`` and k outputs (the steps are
    those of the reported one all the same).
    With sample weights and ``poisson`` the reported loss may differ by a small constant an epoch.

    >>> X = np.linspace(-1, 1, 41)[:, None]
    >>> reg = cr.MLPRegressor(hidden_layer_sizes=(8,), activation="tanh", solver="lbfgs", random_state=0)
    >>> reg.fit(X, np.sin(3 * X[:, 0])).predict([[0.5]]).round(1)
    array([1.])
    >>> reg.network_.sizes
    (1, 8, 1)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {**CONSTRAINTS, "loss": [StrOptions(set(REGRESSION))]}

    def __init__(
        self, loss: str = "squared_error", hidden_layer_sizes: Any = (100,), activation: Any = "relu", *,
        solver: str = "adam", alpha: float = 0.0001, batch_size: int | str = "auto", learning_rate: str = "constant",
        learning_rate_init: float = 0.001, power_t: float = 0.5, max_iter: int = 200, shuffle: bool = True,
        random_state: Any = None, tol: float = 1e-4, verbose: bool | int = False, warm_start: bool = False,
        momentum: float = 0.9, nesterovs_momentum: bool = True, early_stopping: bool = False,
        validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
        n_iter_no_change: float = 10, max_fun: int = 15000, weight_decay: float = 0.01, dropout: Any = 0.0,
        scoring: Any = None, callbacks: Any = (), checkpoint: Any = None, n_threads: int | None = None,
        n_models: int = 1,
    ) -> None:  # fmt: skip
        take(self, locals())

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, validation_data: Any = None) -> MLPRegressor:
        """Fit to X and y.

        Args:
            X: (n, d), dense, sparse or a data frame; float32 is kept, all else becomes float64.
            y: numbers (n,) or (n, k).
            sample_weight: (n,), none negative.
            validation_data: (X, y) or (X, y, sample_weight), whose loss and score are taken after each epoch; early
                stopping then watches these rows and splits none off.
        """
        self._fit(X, y, sample_weight, validation_data, incremental=False)
        return self

    @available_if(lambda est: est._steps_in_batches())  # type: ignore[untyped-decorator]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, validation_data: Any = None) -> MLPRegressor:
        """One epoch over X and y, going on from where the last call ended.

        A changed ``learning_rate_init`` counts from this call on (scikit-learn keeps the first one).

        Args:
            validation_data: as in ``fit``. With early stopping ``converged_`` becomes True when the score has not
                improved for ``n_iter_no_change`` calls, and the parameters are then those of the best score.
        """
        self._fit(X, y, sample_weight, validation_data, incremental=True)
        return self

    def _read(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        X, y = validate_data(
            self, X, y, accept_sparse=["csr"], multi_output=True, y_numeric=True, dtype=(np.float64, np.float32),
            reset=reset,
        )  # fmt: skip
        return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _read_validation(self, X: Any, y: Any) -> tuple[Any, Array]:
        return self._read(X, y, True, False)

    def _targets(self, y: Array, dtype: Any) -> Array:
        targets: Array = np.ascontiguousarray(y.reshape(len(y), -1), dtype)
        return targets

    def _objective(self) -> Objective:
        return regression(self.loss, self.n_outputs_)

    def predict(self, X: Any) -> Array:
        """The number of each row (n,), or (n, k)."""
        yhat = self._outputs(X)
        return yhat[:, 0] if yhat.shape[1] == 1 else yhat
