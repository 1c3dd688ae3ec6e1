"""The parameters that both estimators take: what each may be."""

from __future__ import annotations

import os
from collections.abc import Mapping
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import Interval, Options, StrOptions

from chainrule.errors import InputError, unknown
from chainrule.network.activations import ACTIVATIONS
from chainrule.train.checkpoints import Checkpoint

SOLVERS = ("adam", "sgd", "lbfgs", "adamw")
_NAMES = {*ACTIVATIONS, "logistic"}

_FROM_ONE, _FROM_ZERO = Interval(Integral, 1, None, closed="left"), Interval(Real, 0, None, closed="left")
_POSITIVE, _SHARE = Interval(Real, 0, None, closed="neither"), Interval(Real, 0, 1, closed="left")

CONSTRAINTS: dict[str, list[Any]] = {
    **{name: ["boolean"] for name in ("shuffle", "warm_start", "nesterovs_momentum", "early_stopping")},
    **{name: [_FROM_ONE] for name in ("max_iter", "max_fun", "n_models")},
    **{name: [_FROM_ZERO] for name in ("alpha", "power_t", "tol", "weight_decay")},
    **{name: [_POSITIVE] for name in ("learning_rate_init", "epsilon")},
    **{name: [_SHARE] for name in ("validation_fraction", "beta_1", "beta_2")},
    "hidden_layer_sizes": ["array-like", _FROM_ONE],
    "activation": [StrOptions(_NAMES), list, tuple],
    "solver": [StrOptions(set(SOLVERS))],
    "batch_size": [StrOptions({"auto"}), _FROM_ONE],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "random_state": ["random_state"],
    "verbose": ["verbose"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "n_iter_no_change": [_FROM_ONE, Options(Real, {np.inf})],
    "dropout": [_SHARE, list, tuple],
    "scoring": [StrOptions(set(get_scorer_names())), callable, None],
    "callbacks": [list, tuple],
    "checkpoint": [str, os.PathLike, Checkpoint, None],
    "n_threads": [_FROM_ONE, None],
}


def take(estimator: Any, given: Mapping[str, Any]) -> None:
    """Keep the arguments of a constructor as they are, under their names: scikit-learn's convention."""
    for name, value in given.items():
        if name not in ("self", "__class__"):
            setattr(estimator, name, value)


def layer_sizes(given: Any) -> list[int]:
    """Units of each hidden layer.

    Raises:
        InputError: a size that is no whole number.
        ValueError: a size below 1.
    """
    sizes = list(given) if hasattr(given, "__iter__") else [given]
    for size in sizes:
        if not isinstance(size, Integral) or isinstance(size, bool | np.bool_):
            raise InputError("hidden_layer_sizes", "whole numbers, one for each hidden layer", repr(size))
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
            raise unknown("activation", name, sorted(_NAMES))
    if len(names) != layers:
        raise InputError("activation", f"one name, or {layers} (one a hidden layer)", f"{len(names)}")
    return tuple("sigmoid" if name == "logistic" else name for name in names)
