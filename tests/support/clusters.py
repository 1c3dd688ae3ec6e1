"""Clusters for the tests, and tables divided for them."""

import contextlib
from itertools import pairwise

import dask
import dask.array as da
import distributed
import numpy as np
import pytest

QUIET = [
    pytest.mark.filterwarnings(line)
    for line in (
        "ignore:Port 8787 is already in use",
        "ignore:unclosed:ResourceWarning",
        "ignore::pytest.PytestUnraisableExceptionWarning",
        "ignore:The inplace keyword:Warning",  # Dask's own call of pandas
    )
]
TOGETHER = [*QUIET, pytest.mark.xdist_group("cluster")]  # in one process, which keeps its clusters
SIZES = (7, 0, 120, 33, 1, 64)  # rows of the partitions: uneven, one empty, one of a single row


def forks():
    """Where new processes are forks of one that has imported all of a fit, which each would take seconds for."""
    dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"})
    context = distributed.utils.get_mp_context()  # sets what Dask itself would have imported
    context.set_forkserver_preload(["distributed", "chainrule.distributed.classifier", "chainrule.cli.train.work"])
    return context


@contextlib.contextmanager
def cluster(workers=2, processes=False, **settings):
    """A client of a cluster on this machine; threads of this process unless processes are asked for."""
    if processes:
        forks()
    options = {"n_workers": workers, "threads_per_worker": 1, "processes": processes, "dashboard_address": None}
    with (
        dask.config.set({"distributed.worker.profile.enabled": False, "distributed.admin.log-format": "%(message)s"}),
        distributed.LocalCluster(**(options | settings), silence_logs=50) as local,
        distributed.Client(local) as client,
    ):
        yield client


ROWS = sum(SIZES)


def table(n=ROWS, d=6, classes=3, seed=0):
    """Inputs (n, d) and class numbers that depend on them."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, d)) * np.linspace(0.5, 20, d) + np.linspace(-3, 50, d)
    z = (x - x.mean(0)) / x.std(0)
    y = (z[:, 0] * z[:, 1] + z[:, 2] > 0).astype(int) + (classes > 2) * (z[:, 3] > 0.8)
    return x, y.astype(int)


def divided(array, sizes=SIZES):
    """The rows as a Dask array of these partitions; where one is empty, of unknown sizes, as a dataframe's are."""
    known = 0 not in sizes
    bounds = np.cumsum([0, *sizes])
    pieces = [array[a:b] for a, b in pairwise(bounds)]
    parts = [
        da.from_delayed(dask.delayed(p), (len(p) if known else np.nan, *array.shape[1:]), array.dtype) for p in pieces
    ]
    return da.concatenate(parts, allow_unknown_chunksizes=True)


def bitwise(one, other):
    """Whether two fitted estimators have the same weights to the last bit."""
    return all(
        a.dtype == b.dtype and np.array_equal(a, b)
        for name in ("coefs_", "intercepts_")
        for a, b in zip(getattr(one, name), getattr(other, name), strict=True)
    )
