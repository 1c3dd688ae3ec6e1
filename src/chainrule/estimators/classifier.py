"""MLPClassifier."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.preprocessing import LabelBinarizer
from sklearn.utils import column_or_1d
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels
from sklearn.utils.validation import validate_data

from chainrule.errors import InputError
from chainrule.estimators.base import MultilayerPerceptron
from chainrule.estimators.objective import CLASSIFICATION, Objective, classification
from chainrule.estimators.parameters import CONSTRAINTS, take
from chainrule.network.arrays import Array


class MLPClassifier(ClassifierMixin, MultilayerPerceptron):  # type: ignore[misc]
    """A feedforward network that tells classes: scikit-learn's ``MLPClassifier``, faster, and with more to it.

    Parameters, attributes, messages and the first weights are scikit-learn's; the rows are shuffled in another order,
    so the numbers differ as those of two seeds do. What follows is what scikit-learn does not have.

    Args:
        activation: also ``sigmoid`` (the same as ``logistic``) and every other of chainrule's activations; or a list,
            one a hidden layer.
        solver: also ``adamw``, which takes ``weight_decay`` of its weights off at each step (times the learning rate);
            ``alpha`` is the L2 penalty for all solvers.
        loss: ``log_loss``, or another of chainrule's losses, with its value: ``squared_error`` is a sum of squares.
        dropout: share of a hidden layer's units that a step leaves out: one share, or one a layer.
        class_weight: class -> weight, or ``balanced``; multiplied with ``sample_weight``, in learning only: validation
            loss and score are without it.
        scoring: what early stopping watches: a scikit-learn scorer, its name, or a function (estimator, X, y) ->
            number; None is the accuracy. It is given arrays, whatever X was.
        callbacks: ``chainrule.train.callbacks.Callback`` objects.
        checkpoint: a file, or a ``chainrule.train.checkpoints.Checkpoint``: the state is written after each epoch,
            and ``fit`` goes on from it if it is there and of the same data and parameters: a run that was killed ends
            in bitwise the same weights as one that was not. Needs a whole number as ``random_state``. A finished run's
            file makes ``fit`` give its result again.
        n_threads: that share a step. None: 1 or 2, by the network and the size of a step alone, so that the result is
            the same to the last bit on any machine of a kind, in any thread and process. Other numbers add up in
            another order: more are faster for large networks where the processors are there; 1 is where fits run side
            by side. Of several networks it is how many are trained at a time, a thread each: the result is the same
            with any number.
        n_models: networks that are trained, side by side, on all rows: an ensemble, whose probabilities are the mean
            of theirs. Each has first weights, orders of rows and rows for early stopping of its own, by a seed that is
            drawn from ``random_state``. Not with ``callbacks`` or a ``checkpoint``.

    Attributes:
        network_: the ``chainrule.Network``, for ``chainrule.explain(clf.network_, x, y, …)``; its class numbers are
            places in ``classes_``.
        networks_: all of them, ``n_models`` in number.
        estimators_: with ``n_models`` above 1 an estimator for each network, which alone would have learned the same
            by its ``random_state``. ``coefs_``, ``intercepts_``, ``history_``, ``health_`` and what else one network
            has is there; of the ensemble are ``loss_curve_`` (the mean, where a network that has stopped keeps its
            last loss), ``loss_``, ``n_iter_`` (the most) and ``converged_`` (all of them).
        converged_: whether the stopping rule ended the last fit.
        history_: an ``Epoch`` each, of the last fit, with the losses as reported.
        health_, findings_: how the layers fared in the last epoch, and what is amiss in words.
        validation_loss_curve_: of each epoch, where there are rows for validation.
        loss_curve_: also for ``lbfgs``, after each iteration.

    Sparse X is made dense: as a whole up to 256 MB, beyond that in blocks (rows for validation always as a whole).
    Two classes are one sigmoid output, more are a softmax, several labels at once are a sigmoid each.

    >>> from sklearn.datasets import load_iris
    >>> X, y = load_iris(return_X_y=True)
    >>> clf = cr.MLPClassifier(hidden_layer_sizes=(8,), solver="lbfgs", max_iter=500, random_state=0).fit(X, y)
    >>> clf.predict(X[[0, 60, 120]])
    array([0, 1, 2])
    >>> clf.network_
    Network(4-8-3, hidden=relu, output=softmax, loss=cross_entropy, mean, float64)
    >>> clf = clf.set_params(n_models=3).fit(X, y)
    >>> clf.predict_proba(X[:1]).shape, len(clf.networks_)
    ((1, 3), 3)
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **CONSTRAINTS,
        "loss": [StrOptions(set(CLASSIFICATION))],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self, hidden_layer_sizes: Any = (100,), activation: Any = "relu", *,
        solver: str = "adam", alpha: float = 0.0001, batch_size: int | str = "auto", learning_rate: str = "constant",
        learning_rate_init: float = 0.001, power_t: float = 0.5, max_iter: int = 200, shuffle: bool = True,
        random_state: Any = None, tol: float = 1e-4, verbose: bool | int = False, warm_start: bool = False,
        momentum: float = 0.9, nesterovs_momentum: bool = True, early_stopping: bool = False,
        validation_fraction: float = 0.1, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
        n_iter_no_change: float = 10, max_fun: int = 15000, loss: str = "log_loss", weight_decay: float = 0.01,
        dropout: Any = 0.0, class_weight: Any = None, scoring: Any = None, callbacks: Any = (), checkpoint: Any = None,
        n_threads: int | None = None, n_models: int = 1,
    ) -> None:  # fmt: skip
        take(self, locals())

    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def fit(self, X: Any, y: Any, sample_weight: Any = None, validation_data: Any = None) -> MLPClassifier:
        """Fit to X and y.

        Args:
            X: (n, d), dense, sparse or a data frame; float32 is kept, all else becomes float64.
            y: labels (n,), or 0 and 1 (n, labels).
            sample_weight: (n,), none negative.
            validation_data: (X, y) or (X, y, sample_weight), whose loss and score are taken after each epoch; early
                stopping then watches these rows and splits none off.
        """
        self._fit(X, y, sample_weight, validation_data, incremental=False)
        return self

    @available_if(lambda est: est._steps_in_batches())  # type: ignore[untyped-decorator]
    @_fit_context(prefer_skip_nested_validation=True)  # type: ignore[untyped-decorator]
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None, validation_data: Any = None
    ) -> MLPClassifier:
        """One epoch over X and y, going on from where the last call ended.

        A changed ``learning_rate_init`` counts from this call on (scikit-learn keeps the first one).

        Args:
            classes: all there will be; needed by the first call.
            validation_data: as in ``fit``. With early stopping ``converged_`` becomes True when the score has not
                improved for ``n_iter_no_change`` calls, and the parameters are then those of the best score.
        """
        if _check_partial_fit_first_call(self, classes):
            self._label_binarizer = LabelBinarizer()
            self._label_binarizer.fit(y if type_of_target(y).startswith("multilabel") else classes)
        self._fit(X, y, sample_weight, validation_data, incremental=True)
        return self

    def _read(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        X, y = self._both(X, y, reset)
        if not hasattr(self, "classes_") or (not self.warm_start and not incremental):
            self._learn_classes(y)
            return X, y
        classes = unique_labels(y)
        if self.warm_start and set(classes) != set(self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. Previously "
                f"got {self.classes_}, `y` has {classes}"
            )
        self._known(classes)
        return X, y

    def _learn_classes(self, y: Array) -> None:
        """The classes, from labels (n,) in which each is, or from 0 and 1 (n, labels)."""
        self._label_binarizer = LabelBinarizer().fit(y)
        self.classes_ = self._label_binarizer.classes_

    def _read_validation(self, X: Any, y: Any) -> tuple[Any, Array]:
        X, y = self._both(X, y, False)
        self._known(unique_labels(y))
        return X, y

    def _both(self, X: Any, y: Any, reset: bool) -> tuple[Any, Array]:
        kinds = (np.float64, np.float32)
        X, y = validate_data(self, X, y, accept_sparse=["csr"], multi_output=True, dtype=kinds, reset=reset)
        return X, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y

    def _known(self, classes: Array) -> None:
        if len(np.setdiff1d(classes, self.classes_, assume_unique=True)):
            known = self.classes_
            raise ValueError(f"`y` has classes not in `self.classes_`. `self.classes_` has {known}. 'y' has {classes}.")

    def _exclude(self) -> bool:
        """Whether one class of more than two is right."""
        return bool(self._label_binarizer.y_type_ == "multiclass")

    def _targets(self, y: Array, dtype: Any) -> Array:
        if self._exclude():
            return np.searchsorted(self.classes_, y).astype(np.int64)
        targets: Array = np.ascontiguousarray(self._label_binarizer.transform(y), dtype)
        return targets

    def _objective(self) -> Objective:
        return classification(self.loss, self._exclude())

    def _class_weights(self, y: Array, incremental: bool) -> Array | None:
        if self.class_weight is None:
            return None
        if incremental and self.class_weight == "balanced":
            wanted = "a dict, or None, in partial_fit, which does not see all rows"
            raise InputError("class_weight", wanted, "'balanced'")
        if y.ndim > 1:
            found: Array = compute_sample_weight(self.class_weight, y)
            return found
        of_each: Array = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        return of_each[np.searchsorted(self.classes_, y)]

    def predict(self, X: Any) -> Array:
        """The likeliest label of each row (n,); of several labels 0 or 1 each (n, labels)."""
        yhat = self._outputs(X)
        if yhat.shape[1] > 1 and not self._exclude():
            labels: Array = self._label_binarizer.inverse_transform(yhat)
            return labels
        second = (yhat[:, 0] > 0.5) & (len(self.classes_) > 1)  # where there is one output, of one or two classes
        found: Array = self.classes_[second.astype(int) if yhat.shape[1] == 1 else yhat.argmax(axis=1)]
        return found

    def predict_proba(self, X: Any) -> Array:
        """The probability of each class (n, classes), in the order of ``classes_``."""
        yhat = self._outputs(X)
        return np.hstack([1 - yhat, yhat]) if yhat.shape[1] == 1 else yhat

    def predict_log_proba(self, X: Any) -> Array:
        """The logarithm of the probability of each class (n, classes); -inf where that is 0."""
        with np.errstate(divide="ignore"):
            logs: Array = np.log(self.predict_proba(X))
        return logs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
