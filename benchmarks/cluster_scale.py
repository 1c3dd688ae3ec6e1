"""Minibatches and rounds on two million rows, and a table three times as large as the workers' memory.

    python benchmarks/cluster_scale.py minibatches
    python benchmarks/cluster_scale.py rounds
    python benchmarks/cluster_scale.py memory

``minibatches``: accuracy on rows kept aside, of one machine and of minibatches on two workers after the same steps, on
the rows as they come and sorted by label; ends with code 1 where it is more than 0.3 points lower. ``rounds``: the same
of rounds after the same epochs; ends with code 1 where it is more than half a point lower. ``memory``: an exact fit on
a Zarr table on disk with three times the memory limit of both workers, and what each worker held and spilled at most;
ends with code 1 where one spilled or was restarted.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
import warnings

import dask
import dask.array as da
import distributed
import numpy as np

import chainrule as cr
from chainrule.distributed import MLPClassifier

WIDTH, CLASSES, PARTS = 20, 5, 8


def rows_of(number, rows, dtype):
    """Rows whose class depends on squares and products of columns; a tenth of a partition's worth is noise."""
    rng = np.random.default_rng(number)
    x = rng.normal(size=(rows, WIDTH)).astype(dtype)
    rule = np.random.default_rng(1234)
    A, B = rule.normal(size=(CLASSES, WIDTH)), rule.normal(size=(CLASSES, WIDTH, 3))
    z = x @ A.T + np.stack([np.prod(x[:, :2] @ B[c, :2], axis=1) for c in range(CLASSES)], axis=1)
    return x, (z + rng.gumbel(size=z.shape)).argmax(axis=1)


def cluster(**settings):
    return distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50, **settings
    )


def rounds(given):
    """One machine and two workers, the same epochs."""
    size = given.rows // PARTS
    made = [dask.delayed(rows_of, pure=True)(i, size, np.float32) for i in range(PARTS)]
    x = da.concatenate([da.from_delayed(part[0], (size, WIDTH), np.float32) for part in made])
    y = da.concatenate([da.from_delayed(part[1], (size,), int) for part in made])
    x_test, y_test = rows_of(10**6, 100_000, np.float32)
    settings = {"hidden_layer_sizes": (64, 32), "max_iter": given.epochs, "random_state": 0, "batch_size": 200}
    settings |= {"tol": 0.0, "n_iter_no_change": 1000}
    warnings.simplefilter("ignore")
    whole = dask.compute(x, y)
    began = time.perf_counter()
    one = cr.MLPClassifier(**settings, n_threads=1).fit(*whole)
    alone = time.perf_counter() - began
    print(f"one machine: accuracy {one.score(x_test, y_test):.4f} in {alone:.1f} s", flush=True)
    with cluster() as local, distributed.Client(local) as client:
        began = time.perf_counter()
        many = MLPClassifier(**settings, mode="rounds", local_steps=given.local_steps, client=client).fit(x, y)
        spent = time.perf_counter() - began
    points = 100 * (one.score(x_test, y_test) - many.score(x_test, y_test))
    print(
        f"rounds of {given.local_steps} steps on 2 workers, {PARTS} partitions of {size:,} rows: accuracy "
        f"{many.score(x_test, y_test):.4f} in {spent:.1f} s: {points:+.2f} points below"
    )
    return points > 0.5


def minibatches(given):
    """One machine and two workers, the same steps; of rows as they come, and sorted."""
    x, y = rows_of(0, given.rows, np.float32)
    x_test, y_test = rows_of(10**6, 100_000, np.float32)
    settings = {"hidden_layer_sizes": (64, 32), "max_iter": given.epochs, "random_state": 0, "batch_size": 4096}
    settings |= {"tol": 0.0, "n_iter_no_change": 1000, "learning_rate_init": 0.003}
    warnings.simplefilter("ignore")
    one = cr.MLPClassifier(**settings, n_threads=1).fit(x, y).score(x_test, y_test)
    print(f"one machine: accuracy {one:.4f}", flush=True)
    failed, size = False, -(-given.rows // PARTS)
    with cluster() as local, distributed.Client(local) as client:
        for name, order in (("mixed", slice(None)), ("sorted by label", np.argsort(y, kind="stable"))):
            parts = [da.from_array(a[order], chunks=(size, *a.shape[1:])) for a in (x, y)]
            many = MLPClassifier(**settings, mode="minibatches", client=client).fit(*parts).score(x_test, y_test)
            failed |= 100 * (one - many) > 0.3
            print(
                f"minibatches on 2 workers, {name}: accuracy {many:.4f}, {100 * (one - many):+.2f} points below",
                flush=True,
            )
    return failed


class Watch(threading.Thread):
    """What the workers hold and have spilled, at most."""

    def __init__(self, client):
        super().__init__(daemon=True)
        self.client, self.over, self.held, self.spilled = client, threading.Event(), {}, {}

    def run(self):
        while not self.over.wait(0.3):
            for name, worker in self.client.scheduler_info(n_workers=-1)["workers"].items():
                metrics = worker["metrics"]
                self.held[name] = max(self.held.get(name, 0), metrics.get("memory", 0))
                spilled = metrics.get("spilled_bytes", {}).get("disk", 0)
                self.spilled[name] = max(self.spilled.get(name, 0), spilled)


def memory(given):
    """Rows on disk, three times what both workers may hold."""
    limit = given.limit * 2**20
    rows = 3 * 2 * limit // (4 * WIDTH)
    chunk = 400_000
    with tempfile.TemporaryDirectory() as folder:
        pieces = [(i, min(chunk, rows - i * chunk)) for i in range(-(-rows // chunk))]
        made = [dask.delayed(rows_of, pure=True)(i, n, np.float32) for i, n in pieces]
        x = da.concatenate(
            [da.from_delayed(p[0], (n, WIDTH), np.float32) for p, (_, n) in zip(made, pieces, strict=True)]
        )
        y = da.concatenate([da.from_delayed(p[1], (n,), int) for p, (_, n) in zip(made, pieces, strict=True)])
        with dask.config.set(scheduler="threads", num_workers=2):
            x.to_zarr(f"{folder}/x.zarr")
            y.astype(np.int8).to_zarr(f"{folder}/y.zarr")
        print(
            f"{rows:,} rows, {4 * WIDTH * rows / 2**30:.1f} GiB; 2 workers of {limit / 2**30:.2f} GiB each", flush=True
        )
        with cluster(memory_limit=limit) as local, distributed.Client(local) as client:
            names = set(client.scheduler_info(n_workers=-1)["workers"])
            watch = Watch(client)
            watch.start()
            began = time.perf_counter()
            warnings.simplefilter("ignore")
            est = MLPClassifier((16,), max_iter=2, random_state=0, client=client, standardize=True)
            est.fit(da.from_zarr(f"{folder}/x.zarr"), da.from_zarr(f"{folder}/y.zarr"))
            spent = time.perf_counter() - began
            watch.over.set()
            watch.join()
            restarted = set(client.scheduler_info(n_workers=-1)["workers"]) != names
    print(f"3 passes in {spent:.0f} s, {3 * rows / spent:,.0f} rows a second; loss {est.loss_:.4f}")
    for i, (name, held) in enumerate(watch.held.items(), 1):
        most = f"{held / 2**20:,.0f} MiB of {limit / 2**20:,.0f}"
        print(f"worker {i}: held at most {most}, spilled {watch.spilled[name]:,} bytes")
    print("a worker was restarted" if restarted else "no worker was restarted")
    return restarted or any(watch.spilled.values())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["minibatches", "rounds", "memory"])
    parser.add_argument("--rows", type=int, default=2_000_000, help="of minibatches and rounds")
    parser.add_argument("--epochs", type=int, default=5, help="of rounds")
    parser.add_argument("--local-steps", type=int, default=100, help="of rounds")
    parser.add_argument("--limit", type=int, default=1024, help="MiB a worker, of memory")
    asked = parser.parse_args()
    sys.exit(bool({"minibatches": minibatches, "rounds": rounds, "memory": memory}[asked.what](asked)))
