"""How many threads a fit takes, so that it gives the same to the last bit wherever it runs."""

from __future__ import annotations

import os
import threading
from contextlib import nullcontext
from typing import Any

from chainrule.network.network import Network
from chainrule.train.engines import compiled_here
from chainrule.train.recipe import Recipe


def threads_for(given: int | None, recipe: Recipe, network: Network) -> int:
    """What was asked for, else a number that depends on the network and on the size of a step alone."""
    return recipe.threads_for(network) if given is None else int(given)


def limit(given: int | None) -> int | None:
    """How many threads may be at work where no bit depends on it: in a prediction, and on networks side by side.

    One in a thread that somebody else has started, where others work beside; no more than OMP_NUM_THREADS, which
    joblib sets in its processes; None: as many as there are processors.
    """
    if given is not None:
        return int(given)
    if threading.current_thread() is not threading.main_thread():
        return 1
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdecimal() and int(told) else None


def one_blas_thread() -> Any:
    """Held for the whole training: to take and to lift it costs as much as an epoch of a small table."""
    if not compiled_here():
        return nullcontext()
    from chainrule.train import blas

    return blas.one_blas_thread()
