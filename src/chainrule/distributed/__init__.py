"""Training on a Dask cluster: data stay on the workers, gradients and weights travel.

``partitions`` reads a collection, ``summary`` learns from one pass what prepares it, ``prepare`` makes its rows ready,
``arranging`` keeps them on the workers in ``blocks``. ``exact`` adds up the gradient of all rows, ``minibatches`` has
the workers share each step, ``rounds`` averages weights that each block has trained; ``modes`` chooses. ``work`` asks
the cluster and waits, with a bound. The estimators are in ``classifier`` and ``regressor``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.distributed.classifier import MLPClassifier as MLPClassifier
    from chainrule.distributed.regressor import MLPRegressor as MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]


def __getattr__(name: str) -> Any:
    from chainrule.errors import InputError

    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise InputError("chainrule.distributed", "the extra chainrule[dask]", "no Dask") from None
    from chainrule.distributed import classifier, regressor

    return getattr(classifier if name == "MLPClassifier" else regressor, name)
