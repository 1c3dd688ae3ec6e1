"""What the two estimators of a cluster share: parameters, the order of a fit, lazy predictions."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from dataclasses import dataclass, replace
from numbers import Integral, Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions

from chainrule.distributed.partitions import Partitions, partitions
from chainrule.distributed.predicting import LazyPredictions
from chainrule.distributed.prepare import Preparation, prepare, rows_fit
from chainrule.distributed.progress import progress
from chainrule.distributed.solving import Asked, solve
from chainrule.distributed.summary import PartitionSplit, Summary, summarise
from chainrule.distributed.work import Work, client_of
from chainrule.errors import InputError
from chainrule.estimators.objective import Objective
from chainrule.estimators.parameters import hidden_names, layer_sizes
from chainrule.network.arrays import Array
from chainrule.network.losses import loss as loss_of
from chainrule.network.network import Network

if TYPE_CHECKING:
    from collections.abc import Iterator

MODES = ("exact", "rounds")
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


@dataclass(frozen=True, eq=False)
class _Data:
    """What was learnt of the rows in one pass, and their partitions, ready."""

    summary: Summary
    parts: tuple[Any, ...]
    preparation: Preparation


class ClusterPerceptron(LazyPredictions):
    """The fit of a cluster, in place of the one of one machine; to be mixed in before an estimator of that."""

    #: for type checkers
    mode: str
    client: Any
    local_steps: int
    steps_per_epoch: int
    standardize: bool
    persist: Any
    timeout: float
    coefs_: list[Array]
    intercepts_: list[Array]

    def _classification(self) -> bool:
        raise NotImplementedError

    def _learn_targets(self, summary: Summary) -> tuple[Array | None, int]:
        """Take up what y is; its classes (None for numbers) and the outputs of the network."""
        raise NotImplementedError

    def _class_weight_of(self, summary: Summary) -> Array | None:
        """The weight of each class."""
        return None

    # ------------------------------------------------------------ fitting

    def _fit(self, X: Any, y: Any, sample_weight: Any, validation_data: Any, incremental: bool) -> Any:
        est: Any = self
        self._check(incremental)
        hidden = layer_sizes(est.hidden_layer_sizes)
        names = hidden_names(est.activation, len(hidden))
        parts = partitions(X, y, sample_weight)
        random = check_random_state(est.random_state)
        split = self._split(validation_data, random)
        before, begun, how = dict(est.__dict__), None, None
        try:
            with self._cluster() as work:
                data = self._look(work, parts, split)
                how = data.preparation
                objective: Objective = est._objective()
                sizes = [parts.width, *hidden, est.n_outputs_]
                held = None if validation_data is None else self._validation(work, validation_data, parts, how)
                self._begin(sizes, names, objective, random, parts, data)
                begun = est.coefs_
                solve(est, Asked(work, data.parts, data.summary, objective, random, split, held))
        except BaseException:
            if begun is None or est.coefs_ is begun:  # nothing was found: the estimator is as it was
                est.__dict__.clear()
                est.__dict__.update(before)
            elif how is not None:
                self._fold(how)
            raise
        self._fold(how)
        return est

    def _check(self, incremental: bool) -> None:
        """Refuse what a cluster does not do.

        Raises:
            InputError: a parameter of one machine.
        """
        est: Any = self
        if incremental:
            raise InputError("partial_fit", "fit, on a cluster (warm_start goes on from the last one)", "partial_fit")
        if self.mode == "rounds" and est.solver == "lbfgs":
            raise InputError("mode", "exact, with solver='lbfgs', which makes no minibatches", "rounds")
        if self.mode == "exact" and np.any(est.dropout):
            raise InputError("dropout", "0 in exact mode, whose gradient is that of all units", repr(est.dropout))
        if self.mode == "exact" and est.solver != "lbfgs" and est.batch_size != "auto":
            what = "'auto' in exact mode, whose steps are of whole partitions (steps_per_epoch), or mode='rounds'"
            raise InputError("batch_size", what, repr(est.batch_size))
        if est.scoring is not None:
            raise InputError("scoring", "None on a cluster: accuracy, or R^2", repr(est.scoring))
        if est.solver == "lbfgs":
            for name in ("callbacks", "early_stopping"):
                if getattr(est, name):
                    got = repr(getattr(est, name))
                    raise InputError(name, "none with solver='lbfgs', which makes no epochs", got)
        if est.checkpoint is None:
            return
        if not isinstance(est.random_state, Integral):
            raise InputError("random_state", "a whole number, with a checkpoint", repr(est.random_state))
        if not Path(est.checkpoint).parent.is_dir() or Path(est.checkpoint).is_dir():
            raise InputError(f"checkpoint {est.checkpoint}", "a file in a folder that is there", "no such place")

    def _split(self, validation_data: Any, random: Any) -> PartitionSplit:
        est: Any = self
        seed = int(copy.deepcopy(random).randint(np.iinfo(np.int32).max))  # the first weights are drawn as elsewhere
        share = float(est.validation_fraction) if est.early_stopping and validation_data is None else 0.0
        return PartitionSplit(seed, share)

    @contextmanager
    def _cluster(self) -> Iterator[Work]:
        client, own = client_of(self.client)
        try:
            with progress(bool(self.verbose)) as told:  # type: ignore[attr-defined]
                yield Work(client, float(self.timeout), told)
        finally:
            if own:
                client.close()
                client.cluster.close()

    def _look(self, work: Work, parts: Partitions, split: PartitionSplit) -> _Data:
        """One pass that learns what prepares the rows; then the rows, ready, kept on the workers if they fit there."""
        keep_raw = self.persist is True
        raw = work.persist(parts.parts) if keep_raw else parts.parts
        summary = work.total(
            "summary-of-partition", summarise, raw, split, self._classification(), bool(self.standardize)
        )
        work.rows = summary.rows
        if not summary.rows:
            raise InputError("X", "at least one row to learn from", "none")
        if not summary.weight:
            raise InputError("sample_weight", "at least one number above 0 among the rows to learn from", "zeros")
        if split.share and summary.held < 2:
            raise InputError("validation_fraction", "at least two rows to validate with", str(summary.held))
        classes, outputs = self._learn_targets(summary)
        est: Any = self
        est.n_outputs_ = outputs
        loss = est._objective().loss
        mean, scale = (None, None) if summary.inputs is None else (summary.inputs.mean, summary.inputs.scale())
        of_class = self._class_weight_of(summary)
        how = Preparation(mean, scale, classes, outputs, of_class, loss, loss_of(loss).target_range, parts.dtype)
        ready = work.map("prepare-partition", prepare, raw, how, split)
        rows = summary.rows + summary.held
        if keep_raw or (self.persist == "auto" and rows_fit(work.client, rows, parts.width, parts.dtype)):
            ready = work.persist(ready)
        return _Data(summary, ready, how)

    def _begin(
        self,
        sizes: list[int],
        names: tuple[str, ...],
        objective: Objective,
        random: Any,
        parts: Partitions,
        data: _Data,
    ) -> None:
        """The first weights, as on one machine, or those of the last fit."""
        est: Any = self
        first = not hasattr(est, "coefs_") or not est.warm_start
        rules = (names, objective.output, objective.loss)
        shapes = [*(np.zeros((1, 1)) for _ in names), np.zeros((est.n_outputs_, 1))]
        est._like = Network(shapes, None, *rules)
        est.n_features_in_ = parts.width
        had_names = getattr(est, "feature_names_in_", None)
        if not first and had_names is not None and parts.names is not None and tuple(had_names) != parts.names:
            raise InputError("X", f"the columns {', '.join(had_names)}, as before (warm_start)", ", ".join(parts.names))
        if parts.names is not None:
            est.feature_names_in_ = np.array(parts.names, dtype=object)
        else:
            est.__dict__.pop("feature_names_in_", None)
        if first:
            est._initialize(sizes, names, objective, random, parts.dtype)
        elif sizes != (had := [est.coefs_[0].shape[0], *(len(b) for b in est.intercepts_)]):
            raise InputError("layers", f"{had}, as in the network that is trained further", f"{sizes}")
        else:
            self._unfold(data.preparation)

    def _validation(self, work: Work, given: Any, parts: Partitions, how: Preparation) -> tuple[Any, Summary]:
        """The caller's rows, all of them to be validated with.

        Raises:
            InputError: not (X, y) or (X, y, sample_weight); other columns.
        """
        if not (isinstance(given, (tuple, list)) and len(given) in (2, 3)):
            raise InputError("validation_data", "(X, y) or (X, y, sample_weight)", type(given).__name__)
        own = partitions(given[0], given[1], given[2] if len(given) == 3 else None, "validation ")
        if own.width != parts.width:
            raise InputError("validation X", f"{parts.width} columns, as X", str(own.width))
        if own.names is not None and parts.names is not None and own.names != parts.names:
            raise InputError("validation X", f"the columns {', '.join(parts.names)}, as X", ", ".join(own.names))
        everything = PartitionSplit(0, 1.0)
        summary = work.total("summary-of-partition", summarise, own.parts, everything, self._classification(), False)
        ready = work.map("prepare-partition", prepare, own.parts, replace(how, class_weight=None), everything)
        return ready, summary

    # ------------------------------------------------------------ standardisation as a part of the first layer

    def _fold(self, how: Preparation) -> None:
        """W_1 (x - mean)/scale + b_1 as W_1' x + b_1': the fitted network takes the columns as they are."""
        if how.mean is None or how.scale is None:
            return
        W = self.coefs_[0].astype(np.float64) / how.scale[:, None]
        self._first_layer(W, self.intercepts_[0].astype(np.float64) - how.mean @ W)

    def _unfold(self, how: Preparation) -> None:
        if how.mean is None or how.scale is None:
            return
        W = self.coefs_[0].astype(np.float64)
        self._first_layer(W * how.scale[:, None], self.intercepts_[0].astype(np.float64) + how.mean @ W)

    def _first_layer(self, W: Array, b: Array) -> None:
        """Another first layer, in lists of its own: earlier predictions may hold the old ones. It is the best one too:
        a fit with early stopping ends with that."""
        kind = self.coefs_[0].dtype
        self.coefs_ = [W.astype(kind), *self.coefs_[1:]]
        self.intercepts_ = [b.astype(kind), *self.intercepts_[1:]]
        if hasattr(self, "_best"):
            self._best = (self.coefs_, self.intercepts_)

    # ------------------------------------------------------------ copies

    def __getstate__(self) -> dict[str, Any]:
        """A copy elsewhere has no client: it takes the current one there."""
        state: dict[str, Any] = super().__getstate__()  # type: ignore[assignment]
        return state | {"client": None}

    def __sklearn_clone__(self) -> Any:
        """An unfitted estimator of the same parameters, the client itself among them."""
        est: Any = self
        given = est.get_params(deep=False)
        return type(self)(**{k: v if k == "client" else clone(v, safe=False) for k, v in given.items()})
