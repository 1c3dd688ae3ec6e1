"""How many threads a fit takes, so that fits side by side do not get in each other's way."""

from __future__ import annotations

import os
import threading
from contextlib import nullcontext
from typing import Any

from chainrule.network.network import Network
from chainrule.train.engines import compiled_here
from chainrule.train.recipe import Recipe


def threads_for(given: int | None, recipe: Recipe, network: Network) -> int:
    """One in a thread that somebody else has started, where others work beside; no more than OMP_NUM_THREADS, which
    joblib sets in its processes; else by the size of a step."""
    if given is not None:
        return int(given)
    most = limit(given)
    found = recipe.threads_for(network)
    return found if most is None else min(found, most)


def limit(given: int | None) -> int | None:
    """What ``threads_for`` must not exceed, also of a prediction; None: nothing."""
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
