"""A step of exact mode on a cluster of one and two processes, beside one process alone; and on paper what follows.

    python benchmarks/cluster.py

Times one gradient of all rows (24 partitions, kept on the workers) for several tables and networks: by one process
without a cluster, by a cluster of one worker and of two; what of it is outside of the native library; one pass of
scikit-learn's incremental fit (``partial_fit``, partition after partition, as dask-ml's ``Incremental`` does) over the
same rows. From these figures the page says where 10, 100 and 1,000 workers would stop paying.
"""

from __future__ import annotations

import statistics
import time
import warnings
from dataclasses import asdict, dataclass

import dask
import dask.array as da
import distributed
import numpy as np
from shared import Progress, after, canvas, machine, markdown, number, options, plain, run, told, write

import chainrule as cr
from chainrule.distributed.arranging import arrange
from chainrule.distributed.exact import gradient_of_block
from chainrule.distributed.partitions import RawPart, name_of, partitions
from chainrule.distributed.prepare import Preparation, prepare, prepare_block
from chainrule.distributed.summary import PartitionSplit
from chainrule.distributed.work import Work

PARTITIONS, WIDTH, CLASSES = 24, 50, 5
CASES = [  # rows, hidden layers
    (24_000, (64,)),
    (240_000, (64,)),
    (240_000, (256, 256)),
    (960_000, (64,)),
    (24_000, (1024, 1024)),
]
REPEATS = 3
LINK = 1.25e9  # bytes a second of a network of 10 Gbit/s


@dataclass(frozen=True)
class Measured:
    """Seconds a step."""

    rows: int
    hidden: tuple[int, ...]
    parameters: int
    alone: float
    one: float
    two: float
    sklearn: float | None

    @property
    def outside(self) -> float:
        """Share of two workers' time that is not in the native library."""
        return max(0.0, 1 - self.alone / (2 * self.two))


def piece(number, rows):
    """A partition, made on a worker."""
    rng = np.random.default_rng(number)
    return rng.normal(size=(rows, WIDTH)), rng.integers(0, CLASSES, rows)


def measure(progress):
    found = []
    for rows, hidden in CASES:
        net = cr.Network.random([WIDTH, *hidden, CLASSES], "relu", seed=0).summed()
        size = rows // PARTITIONS
        how = Preparation(None, None, np.arange(CLASSES), CLASSES, None, "cross_entropy", (0.0, 1.0), np.float64)
        progress.next(f"{rows} rows, {net.parameter_count} parameters: alone")
        ready = [prepare(raw(i, size), how, PartitionSplit(0, 0.0)) for i in range(PARTITIONS)]
        alone = timed(lambda ready=ready, net=net: [gradient_of_block(part, net.flat, net) for part in ready])
        sklearn = incremental(ready, hidden) if rows <= 240_000 and len(hidden) < 2 else None
        steps = []
        for workers in (1, 2):
            progress.next(f"{rows} rows, {net.parameter_count} parameters: {workers} workers")
            with (
                distributed.LocalCluster(
                    n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=50
                ) as cluster,
                distributed.Client(cluster) as client,
            ):
                work = Work(client)
                given = [size] * PARTITIONS, 8 * (WIDTH + 2), True, prepare_block, how, PartitionSplit(0, 0.0)
                kept, like = arrange(work, collection(size).parts, *given).learn, work.send(net)
                distributed.wait(distributed.futures_of(list(kept.tasks)))
                steps.append(
                    timed(lambda w=work, k=kept, n=net, s=like: w.total("gradient", gradient_of_block, k, n.flat, s))
                )
        found.append(Measured(rows, hidden, net.parameter_count, alone, *steps, sklearn))
    return found


def raw(number, size):
    return RawPart(number + 1, name_of(number + 1, PARTITIONS), *piece(number, size), None)


def collection(size):
    made = [dask.delayed(piece, pure=True)(i, size) for i in range(PARTITIONS)]
    x = da.concatenate([da.from_delayed(part[0], (size, WIDTH), float) for part in made])
    y = da.concatenate([da.from_delayed(part[1], (size,), int) for part in made])
    return partitions(x, y)


def timed(call):
    """The median of several calls, after one that loads what they need."""
    call()
    seconds = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds)


def incremental(ready, hidden):
    """One pass of scikit-learn's partial_fit over the partitions."""
    from sklearn.neural_network import MLPClassifier

    model = MLPClassifier(hidden, random_state=0)
    began = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for part in ready:
            model.partial_fit(part.learn.x, part.learn.y, classes=np.arange(CLASSES))
    return time.perf_counter() - began


# ---------------------------------------------------------------- on paper


@dataclass(frozen=True)
class Costs:
    """What a step costs.

    work: seconds a row and parameter; task: a partition's share that is not in the native library, on a worker; fixed:
    the rest of a step, which is not divided; copy: seconds a byte of a gradient, measured here; on a network LINK counts in
    its place if it is slower.
    """

    work: float
    task: float
    fixed: float
    copy: float

    @classmethod
    def fit(cls, found):
        """By least squares over both cluster sizes, none negative."""
        from scipy.optimize import nnls

        lines, seconds = [], []
        for m in found:
            for workers, t in ((1, m.one), (2, m.two)):
                moved = 8 * m.parameters * (PARTITIONS / workers)
                lines.append([m.rows * m.parameters / workers, PARTITIONS / workers, 1.0, moved])
                seconds.append(t)
        scale = np.array(seconds)
        solved, _ = nnls(np.array(lines) / scale[:, None], np.ones(len(seconds)))
        return cls(*map(float, solved))

    def step(self, rows, parameters, workers):
        """Seconds of a step with a partition of about 64 MB of rows, or one a worker if that is more of them."""
        parts = max(workers, rows * WIDTH * 8 // 2**26)
        a_byte = max(self.copy, 1 / LINK)
        moved = 8 * parameters * a_byte * (1 + 2 * np.log2(max(2, workers)))  # weights out, gradients in pairs
        own = 8 * parameters * self.copy * parts / workers
        return rows * parameters * self.work / workers + self.task * parts / workers + self.fixed + moved + own


def paper(costs):
    """Rows from which twice the workers still halve a step to at least 1.5 times the speed."""
    rows = [10**e for e in range(5, 13)]
    table = []
    for parameters in (10**5, 10**6, 10**7, 10**8):
        line = [f"{parameters:.0e}"]
        for workers in (10, 100, 1000):
            pays = [
                n for n in rows if costs.step(n, parameters, workers // 2) >= 1.5 * costs.step(n, parameters, workers)
            ]
            line.append(f"{pays[0]:.0e} rows" if pays else "above 1e12 rows")
        table.append(line)
    return table


def page(where, costs, found):
    """The page in Markdown, and all numbers."""
    head = [
        "rows", "hidden", "parameters", "one process", "1 worker", "2 workers", "2 over 1", "outside library", "incremental"
    ]  # fmt: skip
    lines = [
        [f"{m.rows:,}", "-".join(map(str, m.hidden)), f"{m.parameters:,}", number(m.alone), number(m.one), number(m.two),
         f"{m.one / m.two:.2f}", f"{m.outside:.0%}", number(m.sklearn)]
        for m in found
    ]  # fmt: skip
    costs_told = (
        f"work {costs.work:.2e} s a row and parameter, task {costs.task:.2e} s a partition, fixed {costs.fixed:.2e} s a "
        f"step, copy {costs.copy:.2e} s a byte"
    )
    return f"""# Exact mode on a cluster

{told(where)}

Seconds of one gradient of all rows: {PARTITIONS} partitions of float64, {WIDTH} columns, {CLASSES} classes, kept on the workers; the median of
{REPEATS}. "One process" has no cluster and one thread, as a worker has. "Outside library" is what two workers spend beside it. "Incremental" is one pass of
scikit-learn's `partial_fit` over the same partitions, in minibatches of 200: another algorithm, on the same data.

{markdown(head, lines)}

## On paper

From these figures, by least squares: {costs_told} (0 is a cost that they can't tell from nothing). A step of w workers then takes rows * parameters * work / w, the tasks of its
partitions (64 MB each, one a worker at least), the fixed part, and the weights' and gradients' way over a network of 10 Gbit/s, in 2 log2(w) hops. Doubling the workers
is said to pay while it makes a step at least 1.5 times as fast. The least number of rows from which a step still pays on 10, 100 and 1,000 workers:

{markdown(["parameters", "10 workers", "100 workers", "1,000 workers"], paper(costs))}

Below these rows fewer workers, larger groups of rows a step, or rounds mode, which sends weights once in `local_steps` steps, are the better choice.

![Speed on paper](cluster.png)
"""


def plot(costs):
    """Speed on paper: how many times one worker, by workers."""
    rows = 10**6
    figure, axes = canvas(1, 1, (7, 4.2), f"A step of {rows:,} rows on paper")
    axis, counts = axes[0][0], np.unique(np.geomspace(1, 1000, 40).astype(int))
    for parameters in (10**5, 10**6, 10**7, 10**8):
        one = costs.step(rows, parameters, 1)
        axis.plot(
            counts, [one / costs.step(rows, parameters, int(w)) for w in counts], label=f"{parameters:,} parameters"
        )
    axis.plot(counts, counts, color="#767676", linestyle=":", label="as many times")
    axis.set(xscale="log", yscale="log", xlabel="workers", ylabel="times one worker's speed")
    axis.legend(frameon=False)
    plain(axis.xaxis)
    plain(axis.yaxis)
    return figure


def main():
    given = options(__doc__).parse_args()
    where = machine(["chainrule", "dask", "distributed", "numpy", "scikit-learn"])
    progress = Progress(3 * len(CASES))
    found = measure(progress)
    progress.end()
    costs = Costs.fit(found)
    where = after(where)
    numbers = {"machine": where, "measured": [asdict(m) for m in found], "costs": asdict(costs)}
    write(given, "cluster", page(where, costs, found), numbers, lambda: plot(costs))


if __name__ == "__main__":
    run(main)
