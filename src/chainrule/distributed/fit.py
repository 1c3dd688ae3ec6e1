"""The fit of an estimator on a cluster, in place of the one of one machine."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from numbers import Integral
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.base import is_classifier
from sklearn.utils import check_random_state

from chainrule.distributed.arranging import Arranged, arrange
from chainrule.distributed.base import ClusterPerceptron
from chainrule.distributed.blocks import RowBlocks
from chainrule.distributed.modes import ChosenMode, Looked, choose, shards
from chainrule.distributed.partitions import Partitions, partitions
from chainrule.distributed.prepare import Preparation, prepare, prepare_block, rows_fit
from chainrule.distributed.progress import progress
from chainrule.distributed.solving import ClusterTask, solve
from chainrule.distributed.summary import PartitionSplit, Summary, summarise
from chainrule.distributed.versions import check_versions
from chainrule.distributed.work import SMALL, Work, client_of
from chainrule.errors import InputError
from chainrule.estimators.objective import Objective
from chainrule.estimators.parameters import hidden_names, layer_sizes
from chainrule.estimators.solving import batch_of
from chainrule.network.arrays import Array
from chainrule.network.losses import loss as loss_of


@dataclass(frozen=True, eq=False)
class _Data:
    """What was learnt of the rows in one pass, and the rows, ready."""

    summary: Summary
    rows: Arranged
    preparation: Preparation
    chosen: ChosenMode


@dataclass(frozen=True, eq=False)
class ClusterFit:
    """The fit of one estimator by its parameters; what is found becomes its attributes."""

    est: ClusterPerceptron

    def fit(self, X: Any, y: Any, sample_weight: Any, validation_data: Any, incremental: bool) -> ClusterPerceptron:
        """Fit to Dask collections, or to arrays that are divided here; gives the estimator back.

        An error, or an interruption before anything was found, leaves the estimator as it was.
        """
        est = self.est
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
                task = ClusterTask(work, data.rows, data.chosen, data.summary, objective, random, split, held)
                solve(est, task)
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
        est = self.est
        if incremental:
            raise InputError("partial_fit", "fit, on a cluster (warm_start goes on from the last one)", "partial_fit")
        if est.mode in ("rounds", "minibatches") and est.solver == "lbfgs":
            raise InputError("mode", "exact, with solver='lbfgs', which makes no minibatches", est.mode)
        if est.mode in ("exact", "minibatches") and np.any(est.dropout):
            what = f"0 in {est.mode} mode, whose gradient is that of all units (mode='rounds' has it)"
            raise InputError("dropout", what, repr(est.dropout))
        if est.mode == "exact" and est.solver != "lbfgs" and est.batch_size != "auto":
            what = "'auto' in exact mode, whose steps are of whole partitions (steps_per_epoch), or mode='minibatches'"
            raise InputError("batch_size", what, repr(est.batch_size))
        if est.scoring is not None:
            raise InputError("scoring", "None on a cluster: accuracy, or R^2", repr(est.scoring))
        if est.solver == "lbfgs":
            for name in ("callbacks", "early_stopping"):
                if value := getattr(est, name):
                    raise InputError(name, "none with solver='lbfgs', which makes no epochs", repr(value))
        if est.checkpoint is None:
            return
        if not isinstance(est.random_state, Integral):
            raise InputError("random_state", "a whole number, with a checkpoint", repr(est.random_state))
        if not Path(est.checkpoint).parent.is_dir() or Path(est.checkpoint).is_dir():
            raise InputError(f"checkpoint {est.checkpoint}", "a file in a folder that is there", "no such place")

    def _split(self, validation_data: Any, random: Any) -> PartitionSplit:
        est = self.est
        seed = int(copy.deepcopy(random).randint(np.iinfo(np.int32).max))  # the first weights are drawn as elsewhere
        share = float(est.validation_fraction) if est.early_stopping and validation_data is None else 0.0
        return PartitionSplit(seed, share)

    @contextmanager
    def _cluster(self) -> Iterator[Work]:
        est = self.est
        client, own = client_of(est.client)
        try:
            check_versions(client)
            with progress(bool(est.verbose)) as on_part, Work(client, float(est.timeout), on_part) as work:
                yield work
        finally:
            if own:
                client.close()
                client.cluster.close()

    def _look(self, work: Work, parts: Partitions, split: PartitionSplit) -> _Data:
        """One pass that learns what prepares the rows; then the rows, ready, kept on the workers if they fit there."""
        est = self.est
        keep_raw = est.persist is True
        raw = RowBlocks.of(parts.parts)
        if keep_raw:
            [raw] = work.keep(raw)
        wanted = split, is_classifier(est), bool(est.standardize)
        summary = work.total("summary-of-partition", summarise, raw, *wanted, fan=SMALL)
        work.rows = summary.rows
        if not summary.rows:
            raise InputError("X", "at least one row to learn from", "none")
        if not summary.weight:
            raise InputError("sample_weight", "at least one number above 0 among the rows to learn from", "zeros")
        if split.share and summary.held < 2:
            raise InputError("validation_fraction", "at least two rows to validate with", str(summary.held))
        classes, outputs = est._learn_targets(summary)
        est.n_outputs_ = outputs
        loss = est._objective().loss
        mean, scale = (None, None) if summary.inputs is None else summary.inputs.own()
        of_class = est._class_weight_of(summary)
        how = Preparation(mean, scale, classes, outputs, of_class, loss, loss_of(loss).target_range, parts.dtype)
        rows = summary.rows + summary.held
        kept = keep_raw or (est.persist == "auto" and rows_fit(work.client, rows, parts.width, parts.dtype))
        looked = Looked(kept, summary.between, "y")
        chosen = choose(est.mode, looked, est.solver == "lbfgs", bool(np.any(est.dropout)), int(est.steps_per_epoch))
        est.mode_, est.mode_reason_ = chosen.mode, chosen.why
        if chosen.warning:
            warnings.warn(chosen.warning, stacklevel=6)
        row_bytes = (parts.width + 2) * parts.dtype.itemsize
        dealt = {"shards": shards(chosen, batch_of(est, summary.rows)), "seed": split.seed} if chosen.mixed else {}
        ready = arrange(
            work, raw.tasks, summary.learnt, row_bytes, kept, prepare_block, work.send(how), split, **dealt
        )  # fmt: skip
        if keep_raw:
            work.let_go(raw)
        return _Data(summary, ready, how, chosen)

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
        est = self.est
        first = not hasattr(est, "coefs_") or not est.warm_start
        est.n_features_in_ = parts.width
        had_names = getattr(est, "feature_names_in_", None)
        if not first and had_names is not None and parts.names is not None and tuple(had_names) != parts.names:
            raise InputError("X", f"the columns {', '.join(had_names)}, as before (warm_start)", ", ".join(parts.names))
        if parts.names is not None:
            est.feature_names_in_ = np.array(parts.names, dtype=object)
        else:
            est.__dict__.pop("feature_names_in_", None)
        est._begin(sizes, names, objective, random, parts.dtype, first)
        if not first:
            self._unfold(data.preparation)

    def _validation(self, work: Work, given: Any, parts: Partitions, how: Preparation) -> tuple[Any, Summary]:
        """The caller's rows, all of them to be validated with.

        Raises:
            InputError: not (X, y) or (X, y, sample_weight); other columns.
        """
        est = self.est
        if not (isinstance(given, (tuple, list)) and len(given) in (2, 3)):
            raise InputError("validation_data", "(X, y) or (X, y, sample_weight)", type(given).__name__)
        own = partitions(given[0], given[1], given[2] if len(given) == 3 else None, "validation ")
        if own.width != parts.width:
            raise InputError("validation X", f"{parts.width} columns, as X", str(own.width))
        if own.names is not None and parts.names is not None and own.names != parts.names:
            raise InputError("validation X", f"the columns {', '.join(parts.names)}, as X", ", ".join(own.names))
        everything = PartitionSplit(0, 1.0)
        given_rows = RowBlocks.of(own.parts)
        wanted = everything, is_classifier(est), False
        summary = work.total("summary-of-partition", summarise, given_rows, *wanted, fan=SMALL)
        ready = work.map("prepare", prepare, own.parts, replace(how, class_weight=None), everything)
        return RowBlocks(ready, given_rows.rows), summary

    # ------------------------------------------------------------ standardisation as a part of the first layer

    def _fold(self, how: Preparation) -> None:
        """W_1 (x - mean)/scale + b_1 as W_1' x + b_1': the fitted network takes the columns as they are."""
        est = self.est
        if how.mean is None or how.scale is None:
            return
        W = est.coefs_[0].astype(np.float64) / how.scale[:, None]
        self._first_layer(W, est.intercepts_[0].astype(np.float64) - how.mean @ W)

    def _unfold(self, how: Preparation) -> None:
        est = self.est
        if how.mean is None or how.scale is None:
            return
        W = est.coefs_[0].astype(np.float64)
        self._first_layer(W * how.scale[:, None], est.intercepts_[0].astype(np.float64) + how.mean @ W)

    def _first_layer(self, W: Array, b: Array) -> None:
        """Another first layer, in lists of its own: earlier predictions may hold the old ones. It is the best one too:
        a fit with early stopping ends with that."""
        est = self.est
        kind = est.coefs_[0].dtype
        est.coefs_ = [W.astype(kind), *est.coefs_[1:]]
        est.intercepts_ = [b.astype(kind), *est.intercepts_[1:]]
        if hasattr(est, "_best"):
            est._best = (est.coefs_, est.intercepts_)
