"""What the classifier and the regressor share: parameters, the order of a fit, predicting."""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import pairwise
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from chainrule.errors import InputError
from chainrule.estimators.data import pieces
from chainrule.estimators.ensemble import fit_ensemble
from chainrule.estimators.objective import Objective
from chainrule.estimators.parameters import CONSTRAINTS, hidden_names, layer_sizes
from chainrule.estimators.solving import solve
from chainrule.estimators.task import Task
from chainrule.estimators.threads import limit
from chainrule.native.predict import Predictor
from chainrule.network.arrays import Array
from chainrule.network.forward import propagate
from chainrule.network.network import Network

#: not attributes: predicting changes none of an estimator's, by scikit-learn's convention
_predictors: WeakKeyDictionary[Any, tuple[tuple[Array, ...], Predictor | None]] = WeakKeyDictionary()


class MultilayerPerceptron(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator, ABC):  # type: ignore[misc]
    """Base of the two estimators; not to be used by itself."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS
    #: for type checkers: the parameters and what a fit leaves are attributes by scikit-learn's convention
    hidden_layer_sizes: Any
    activation: Any
    solver: str
    loss: str
    random_state: Any
    warm_start: bool
    n_models: int
    n_threads: int | None
    class_weight: Any
    estimators_: list[Any]
    coefs_: list[Array]
    n_features_in_: int
    intercepts_: list[Array]
    n_outputs_: int
    t_: int

    @abstractmethod
    def _read(self, X: Any, y: Any, incremental: bool, reset: bool) -> tuple[Any, Array]:
        """X, and y as the caller gave it, validated."""

    @abstractmethod
    def _targets(self, y: Array, dtype: Any) -> Array:
        """y as a network learns it: class numbers (n,), or (n, k)."""

    @abstractmethod
    def _objective(self) -> Objective:
        """The loss and the output."""

    @abstractmethod
    def _read_validation(self, X: Any, y: Any) -> tuple[Any, Array]:
        """X and y of the rows for validation, y as the caller gave it, validated."""

    def _class_weights(self, y: Array, incremental: bool) -> Array | None:
        """The weight of each row by its class."""
        return None

    def _fit(self, X: Any, y: Any, sample_weight: Any, validation_data: Any, incremental: bool) -> MultilayerPerceptron:
        hidden = layer_sizes(self.hidden_layer_sizes)
        names = hidden_names(self.activation, len(hidden))
        had = len(getattr(self, "estimators_", ())) or int(hasattr(self, "coefs_"))
        first = not had or (not self.warm_start and not incremental)
        if not first and had != self.n_models:
            raise InputError("n_models", f"{had}, as in what is trained further", f"{self.n_models}")
        X, y = self._read(X, y, incremental, first)
        weight, of_class = self._weights(sample_weight, X), self._class_weights(y, incremental)
        targets = self._targets(y, X.dtype)
        self.n_outputs_ = len(self.classes_) if targets.ndim == 1 else targets.shape[1]
        sizes = [X.shape[1], *hidden, self.n_outputs_]
        objective, random = self._objective(), check_random_state(self.random_state)
        task = Task(X, y, targets, weight, of_class, objective, validation_data, random, incremental)
        if self.n_models > 1:
            fit_ensemble(self, task, sizes, names, first)
        else:
            self.__dict__.pop("estimators_", None)
            self._learn(task, sizes, names, first)
        return self

    def _learn(self, task: Task, sizes: list[int], names: tuple[str, ...], first: bool) -> None:
        """Fit one network."""
        self._begin(sizes, names, task.objective, task.random, task.X.dtype, first)
        task = task.astype(self.coefs_[0].dtype)
        if task.of_class is not None and ((task.of_class < 0).any() or not np.any(task.learned_by)):
            raise InputError("class_weight", "numbers from 0 up, at least one above 0", f"{self.class_weight}")
        if task.targets.ndim == 2:
            task.objective.check(task.targets)
        solve(self, task)

    def _begin(
        self, sizes: list[int], names: tuple[str, ...], objective: Objective, random: Any, dtype: Any, first: bool
    ) -> None:
        """The rules of the network and, in a ``first`` fit, its parameters.

        They are scikit-learn's start, number for number: uniform within sqrt(6/(fan_in + fan_out)), 2 for logistic,
        biases too (Glorot & Bengio 2010). The output layer goes by the last hidden layer's activation.

        Raises:
            InputError: the network that is trained further has other layers.
        """
        shapes = [*(np.zeros((1, 1)) for _ in names), np.zeros((sizes[-1], 1))]
        self._like = Network(shapes, None, names, objective.output, objective.loss)
        if not first:
            had = [self.coefs_[0].shape[0], *(len(b) for b in self.intercepts_)]
            if sizes != had:
                raise InputError("layers", f"{had}, as in the network that is trained further", f"{sizes}")
            return
        self.n_iter_ = self.t_ = 0
        self.n_layers_ = len(sizes)
        self.out_activation_ = objective.activation
        self.coefs_, self.intercepts_ = [], []
        of_each = [*names, names[-1] if names else self.activation if isinstance(self.activation, str) else ""]
        for (fan_in, fan_out), name in zip(pairwise(sizes), of_each, strict=True):
            bound = np.sqrt((2.0 if name in ("sigmoid", "logistic") else 6.0) / (fan_in + fan_out))
            self.coefs_.append(random.uniform(-bound, bound, (fan_in, fan_out)).astype(dtype, copy=False))
            self.intercepts_.append(random.uniform(-bound, bound, fan_out).astype(dtype, copy=False))
        for name in ("_optimizer", "_best", "best_loss_", "best_validation_score_"):
            self.__dict__.pop(name, None)
        self.loss_curve_: list[float] = []
        self.validation_scores_: list[float] | None = None
        self.validation_loss_curve_: list[float] | None = None
        self._no_improvement_count = 0

    @staticmethod
    def _weights(sample_weight: Any, X: Any) -> Array | None:
        """Sample weights.

        Raises:
            InputError: a negative one, or none positive.
        """
        if sample_weight is None:
            return None
        weight = np.array(_check_sample_weight(sample_weight, X, dtype=X.dtype))
        if (weight < 0).any():
            raise InputError("sample_weight", "numbers from 0 up", f"{weight.min():g}")
        if not weight.any():
            raise InputError("sample_weight", "at least one positive number", "zeros")
        return weight

    @property
    def network_(self) -> Network:
        """The fitted network, a copy; its class numbers are places in ``classes_``.

        Raises:
            AttributeError: there are several.
        """
        if hasattr(self, "estimators_"):
            raise AttributeError(f"network_: expected one network (n_models=1); got {self.n_models}: see networks_")
        if not hasattr(self, "coefs_") or not hasattr(self, "_like"):
            raise NotFittedError(f"This {type(self).__name__} instance is not fitted yet; call fit first.")
        like = self._like
        return Network([W.T for W in self.coefs_], self.intercepts_, like.hidden, like.output, like.loss)

    @property
    def networks_(self) -> tuple[Network, ...]:
        """The fitted networks: ``n_models`` of them, each as ``network_`` is of one."""
        return tuple(one.network_ for one in getattr(self, "estimators_", (self,)))

    def _now(self) -> Network:
        """The fitted network on the arrays of ``coefs_`` themselves, not checked."""
        return self._like._with(tuple(W.T for W in self.coefs_), tuple(self.intercepts_))

    def _values(self, X: Any, layer: int) -> Array:
        """h of a layer, all rows."""
        network = self._now()
        rows: list[Array] = []
        with np.errstate(over="ignore", invalid="ignore"):
            for _, x in pieces(X, max(W.shape[0] for W in network.weights)):
                rows.append(propagate(network, x.astype(network.dtype, copy=False))[1][layer])
        return rows[0] if len(rows) == 1 else np.concatenate(rows)

    def _outputs(self, X: Any) -> Array:
        """yhat (n, k) of rows as a caller gives them: the mean of the networks' where there are several."""
        ensemble = getattr(self, "estimators_", None)
        if ensemble is None and not hasattr(self, "coefs_"):
            check_is_fitted(self)
        X, threads = self._validated(X), limit(self.n_threads)
        if ensemble is None:
            return self._propagated(X, threads)
        total: Array = sum(one._propagated(X, threads) for one in ensemble)
        return total / len(ensemble)

    def _propagated(self, X: Any, threads: int | None) -> Array:
        """yhat (n, k) of one network, of rows that are validated."""
        predictor = self._predictor()
        if predictor is None:
            return self._values(X, -1)
        dtype = predictor.dtype
        if isinstance(X, np.ndarray) and X.dtype == dtype and X.flags.c_contiguous:
            return predictor(X, threads)
        rows = [predictor(np.ascontiguousarray(x, dtype), threads) for _, x in pieces(X, max(map(len, self.coefs_)))]
        return rows[0] if len(rows) == 1 else np.concatenate(rows)

    def _predictor(self) -> Predictor | None:
        """The native one on the arrays of ``coefs_`` and ``intercepts_`` themselves."""
        now = (*self.coefs_, *self.intercepts_)
        known = _predictors.get(self)
        if known is None or len(known[0]) != len(now) or any(a is not b for a, b in zip(known[0], now, strict=True)):
            like = self._like
            made = Predictor.of(self.coefs_, self.intercepts_, like.hidden, like.output)
            aliased = made is not None and all(a is b for a, b in zip(made.kept, now, strict=True))
            known = _predictors[self] = (now if aliased else (), made)
        return known[1]

    def _validated(self, X: Any) -> Any:
        if self._fits(X):
            return X
        return validate_data(self, X, accept_sparse=["csr", "csc"], dtype=(np.float64, np.float32), reset=False)

    def _fits(self, X: Any) -> bool:
        """Whether X surely passes scikit-learn's validation, which takes longer than a small prediction."""
        if type(X) is not np.ndarray or X.ndim != 2 or X.shape[1] != self.n_features_in_ or len(X) == 0:
            return False
        if X.dtype not in (np.float64, np.float32) or hasattr(self, "feature_names_in_"):
            return False
        with np.errstate(over="ignore", invalid="ignore"):
            return bool(np.isfinite(X.sum()))

    def transform(self, X: Any, layer: int = -1) -> Array:
        """The values h of a hidden layer's units: what the network has learned to see; of several, side by side.

        Args:
            X: (n, d), dense or sparse.
            layer: 1 is the first hidden layer; -1 the last.

        Returns:
            (n, units of the layer).

        Raises:
            InputError: no such hidden layer.
        """
        check_is_fitted(self)
        ensemble = getattr(self, "estimators_", (self,))
        hidden = len(ensemble[0].coefs_) - 1
        if not (isinstance(layer, (int, np.integer)) and 1 <= abs(layer) <= hidden):
            there = f"a hidden layer, from 1 to {hidden} or from -1 to -{hidden}" if hidden else "a hidden layer: none"
            raise InputError("layer", there, repr(layer))
        X, place = self._validated(X), layer if layer > 0 else hidden + 1 + layer
        return np.hstack([one._values(X, place) for one in ensemble])

    @property
    def _n_features_out(self) -> int:
        return sum(int(one.coefs_[-1].shape[0]) for one in getattr(self, "estimators_", (self,)))

    @property
    def findings_(self) -> list[str]:
        """What is amiss in ``health_``, in words, each with what to try."""
        from chainrule.train.health import findings

        return [str(finding) for finding in findings(self.network_, self.health_)]

    def _steps_in_batches(self) -> bool:
        """Whether the solver can be asked for one epoch.

        Raises:
            AttributeError: it cannot.
        """
        if self.solver == "lbfgs":
            raise AttributeError(f"partial_fit is only available for stochastic solvers; {self.solver} is not one.")
        return True

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
