"""The parameters that both estimators take: what each may be."""

from __future__ import annotations

import os
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import Interval, Options, StrOptions

from chainrule.errors import InputError
from chainrule.network.activations import ACTIVATIONS
from chainrule.train.checkpoints import Checkpoint

SOLVERS = ("adam", "sgd", "lbfgs", "adamw")
_NAMES = {*ACTIVATIONS, "logistic"}

CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
    "activation": [StrOptions(_NAMES), list, tuple],
    "solver": [StrOptions(set(SOLVERS))],
    "alpha": [Interval(Real, 0, None, closed="left")],
    "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
    "power_t": [Interval(Real, 0, None, closed="left")],
    "max_iter": [Interval(Integral, 1, None, closed="left")],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [Interval(Real, 0, None, closed="left")],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [Interval(Real, 0, None, closed="neither")],
    "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
    "max_fun": [Interval(Integral, 1, None, closed="left")],
    "weight_decay": [Interval(Real, 0, None, closed="left")],
    "dropout": [Interval(Real, 0, 1, closed="left"), list, tuple],
    "scoring": [StrOptions(set(get_scorer_names())), callable, None],
    "callbacks": [list, tuple],
    "checkpoint": [str, os.PathLike, Checkpoint, None],
    "n_threads": [Interval(Integral, 1, None, closed="left"), None],
}


def take(estimator: Any, given: Mapping[str, Any]) -> None:
    """Keep the arguments of a constructor as they are, under their names: scikit-learn's convention."""
    for name, value in given.items():
        if name not in ("self", "__class__"):
            setattr(estimator, name, value)


def layer_sizes(given: Any) -> list[int]:
    """Units of each hidden layer.

    Raises:
        ValueError: a size below 1.
    """
    sizes = list(given) if hasattr(given, "__iter__") else [given]
    if any(size <= 0 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return [int(size) for size in sizes]


def hidden_names(given: Any, layers: int) -> tuple[str, ...]:
    """The activation of each hidden layer, in chainrule's names.

    Raises:
        InputError: an unknown name, or neither one nor one a hidden layer.
    """
    names = [given] * layers if isinstance(given, str) else list(given)
    for name in names:
        if name not in _NAMES:
            raise InputError("activation", f"one of {', '.join(sorted(_NAMES))}", repr(name))
    if len(names) != layers:
        raise InputError("activation", f"one name, or {layers} (one a hidden layer)", f"{len(names)}")
    return tuple("sigmoid" if name == "logistic" else name for name in names)
