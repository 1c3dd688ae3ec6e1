"""MLPClassifier of a cluster."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.utils.validation import check_is_fitted

from chainrule.distributed.base import CLUSTER, ClusterPerceptron
from chainrule.distributed.fit import ClusterFit
from chainrule.distributed.summary import Summary
from chainrule.errors import InputError
from chainrule.estimators import classifier as one
from chainrule.estimators.parameters import take
from chainrule.network.arrays import Array
from chainrule.tables.columns import balanced


class MLPClassifier(ClusterPerceptron, one.MLPClassifier):
    """``chainrule.MLPClassifier`` on a Dask cluster: its parameters, its first weights, its fitted network.

    X and y are Dask arrays or dataframes, divided alike; data stay on the workers. What it has beside the other's
    parameters:

    Args:
        mode: ``exact``: each step is of the gradient of all rows (or of ``steps_per_epoch`` groups of blocks),
            added in a fixed order: bitwise the same weights on any number of workers. ``minibatches``: all workers
            share each minibatch, of rows that were dealt out at random; they must hold them in memory. ``rounds``: each
            block makes ``local_steps`` minibatch steps by the compiled engine, then the weights are averaged by rows
            (local SGD, Stich 2019): the same for one partitioning. ``auto``: the one that fits; ``mode_`` and
            ``mode_reason_`` tell. ``lbfgs`` is always exact.
        client: a ``distributed.Client``; None takes the current one, or makes a ``LocalCluster`` on the cores here.
        standardize: learn each column's mean and deviation in the first pass; the fitted network takes the columns as
            they are all the same.
        persist: whether the rows are kept on the workers, or read again for each pass; ``auto``: if they take no more
            than 0.3 of the workers' memory.
        timeout: seconds in which nothing was done, and no worker that answers is at work, after which the fit ends with
            an error that says so.
        checkpoint: a file. ``fit`` goes on from it, on another number of workers too; in exact mode it ends in bitwise
            the same weights. The partitions must be the same.

    What it has not: ``partial_fit``, ``scoring``, sparse X, ``n_threads`` (a task has one), ``n_models``,
    ``health_``; ``dropout`` outside of rounds; in exact mode ``batch_size``.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {**one.MLPClassifier._parameter_constraints, **CLUSTER}
    _one_machine = one.MLPClassifier

    def __init__(
        self, hidden_layer_sizes: Any = (100,), activation: Any = "relu", *,
        solver: str = "adam", alpha: float = 0.0001, batch_size: int | str = "auto", learning_rate: str = "constant",
        learning_rate_init: float = 0.001, power_t: float = 0.5, max_iter: int = 200, shuffle: bool = True,
        random_state: Any = None, tol: float = 1e-4, verbose: bool | int = False, warm_start: bool = False,
        momentum: float = 0.9, nesterovs_momentum: bool = True, early_stopping: bool = False,
        validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
        n_iter_no_change: float = 10, max_fun: int = 15000, loss: str = "log_loss", weight_decay: float = 0.01,
        dropout: Any = 0.0, class_weight: Any = None, scoring: Any = None, callbacks: Any = (), checkpoint: Any = None,
        n_threads: int | None = None,
        mode: str = "exact", client: Any = None, local_steps: int = 100, steps_per_epoch: int = 1,
        standardize: bool = False, persist: bool | str = "auto", timeout: float = 600.0,
    ) -> None:  # fmt: skip
        take(self, locals())

    def _fit(self, X: Any, y: Any, sample_weight: Any, validation_data: Any, incremental: bool) -> MLPClassifier:
        ClusterFit(self).fit(X, y, sample_weight, validation_data, incremental)
        return self

    def _learn_targets(self, summary: Summary) -> tuple[Array | None, int]:
        """Classes in order; of 0 and 1 in several columns, none: each column is a label.

        Raises:
            InputError: one class only; with ``warm_start``, other classes than before.
        """
        known = self.classes_ if self.warm_start and hasattr(self, "classes_") else None
        if summary.classes is None:
            k = summary.columns  # the binarizer learns from 0 and 1 in several columns what they are
            self._learn_classes(np.vstack([np.ones(k, int), np.eye(k, dtype=int), np.zeros(k, int)]))
            return None, k
        found = np.array(sorted(summary.classes))
        if len(found) < 2:
            raise InputError("y", "at least two classes", f"{len(found)}: {', '.join(map(str, found))}")
        if known is not None and not np.array_equal(known, found):
            raise InputError("y", f"the classes {known.tolist()}, as before (warm_start)", str(found.tolist()))
        self._learn_classes(found)
        return self.classes_, 1 if len(found) == 2 else len(found)

    def _class_weight_of(self, summary: Summary) -> Array | None:
        if self.class_weight is None:
            return None
        if summary.classes is None:
            raise InputError("class_weight", "None for several labels at once", repr(self.class_weight))
        rows = np.array([summary.classes[label] for label in sorted(summary.classes)], dtype=float)
        if self.class_weight == "balanced":
            return balanced(rows)
        given = dict(self.class_weight)
        unknown = [label for label in given if label not in summary.classes]
        if unknown:
            raise InputError("class_weight", f"classes of {sorted(summary.classes)}", str(unknown[0]))
        chosen = np.array([float(given.get(label, 1.0)) for label in sorted(summary.classes)])
        if (chosen < 0).any() or not (chosen * rows).any():
            raise InputError("class_weight", "numbers from 0 up, at least one above 0", repr(self.class_weight))
        return chosen

    def predict(self, X: Any) -> Any:
        """The likeliest label of each row (n,): lazy for a Dask collection."""
        check_is_fitted(self)
        at_once = self._label_binarizer.y_type_ == "multilabel-indicator"
        like = np.zeros((0, len(self.classes_)), int) if at_once else self.classes_[:0]
        return self._lazily(X, "predict", like)

    def predict_proba(self, X: Any) -> Any:
        """The probability of each class (n, classes): lazy for a Dask collection."""
        check_is_fitted(self)
        return self._lazily(X, "predict_proba", np.zeros((0, len(self.classes_)), self.coefs_[0].dtype))
