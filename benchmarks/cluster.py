"""A step of exact mode on a cluster of one and two processes, beside one process alone; and on paper what follows.

    python benchmarks/cluster.py

Times one gradient of all rows, kept on the workers, where partitions, rows, parameters and workers vary apart: by one
process without a cluster, by a cluster of one worker and of two; what of it is outside of the native library. Beside
it, on the same partitions: one pass of scikit-learn's incremental fit (``partial_fit``, partition after partition, as
dask-ml's ``Incremental`` does), and a round of xgboost.dask on two workers, if it is installed. A model of the costs is
fitted to all of these figures, and the page says how far off it is, and where 10, 100 and 1,000 workers would stop
paying by it.
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

WIDTH, CLASSES = 50, 5
CASES = [  # partitions, rows, hidden layers: from the first, one of them varies at a time
    (24, 240_000, (64,)),
    (4, 240_000, (64,)),
    (120, 240_000, (64,)),
    (1000, 240_000, (64,)),
    (24, 24_000, (64,)),
    (24, 960_000, (64,)),
    (24, 240_000, (256, 256)),
    (24, 24_000, (1024, 1024)),
]
REPEATS = 3
LINK = 1.25e9  # bytes a second of a network of 10 Gbit/s


@dataclass(frozen=True)
class Measured:
    """Seconds a step; ``blocks``: that the partitions are joined to."""

    partitions: int
    blocks: int
    rows: int
    hidden: tuple[int, ...]
    parameters: int
    alone: float
    one: float
    two: float
    sklearn: float | None
    xgboost: float | None

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
    for partitions_, rows, hidden in CASES:
        net = cr.Network.random([WIDTH, *hidden, CLASSES], "relu", seed=0).summed()
        size, split = rows // partitions_, PartitionSplit(0, 0.0)
        how = Preparation(None, None, np.arange(CLASSES), CLASSES, None, "cross_entropy", (0.0, 1.0), np.float64)
        progress.next(f"{partitions_} partitions, {rows} rows, {net.parameter_count} parameters: alone")
        ready = [prepare(raw(i, size, partitions_), how, split) for i in range(partitions_)]
        alone = timed(lambda ready=ready, net=net: [gradient_of_block(part, net.flat, net) for part in ready])
        plain_ = len(hidden) < 2 and partitions_ == 24 and rows <= 240_000
        sklearn, xgboost, steps, blocks = incremental(ready, hidden) if plain_ else None, None, [], 0
        for workers in (1, 2):
            progress.next(f"{partitions_} partitions, {rows} rows, {net.parameter_count} parameters: {workers} workers")
            local = distributed.LocalCluster(
                n_workers=workers, threads_per_worker=1, dashboard_address=None, silence_logs=50
            )
            with local, distributed.Client(local) as client, Work(client) as work:
                x, y = collection(size, partitions_)
                given = [size] * partitions_, 8 * (WIDTH + 2), True, prepare_block, how, split
                kept, like = arrange(work, partitions(x, y).parts, *given).learn, work.send(net)
                distributed.wait(distributed.futures_of(list(kept.tasks)))
                blocks = len(kept)
                steps.append(
                    timed(lambda w=work, k=kept, n=net, s=like: w.total("gradient", gradient_of_block, k, n.flat, s))
                )
                if plain_ and workers == 2:
                    xgboost = boosting(client, x, y)
        found.append(Measured(partitions_, blocks, rows, hidden, net.parameter_count, alone, *steps, sklearn, xgboost))
    return found


def raw(number, size, count):
    return RawPart(number + 1, name_of(number + 1, count), *piece(number, size), None)


def collection(size, count):
    made = [dask.delayed(piece, pure=True)(i, size) for i in range(count)]
    x = da.concatenate([da.from_delayed(part[0], (size, WIDTH), float) for part in made])
    return x, da.concatenate([da.from_delayed(part[1], (size,), int) for part in made])


def boosting(client, x, y, rounds=5):
    """Seconds of a round of xgboost.dask; None where it is not installed."""
    try:
        from xgboost import dask as boost
    except ImportError:
        return None
    data = boost.DaskDMatrix(client, *client.persist([x, y]))
    asked = {"objective": "multi:softprob", "num_class": CLASSES, "tree_method": "hist", "nthread": 1}

    def train(count):
        began = time.perf_counter()
        boost.train(client, asked, data, num_boost_round=count)
        return time.perf_counter() - began

    train(1)
    return max(0.0, train(1 + rounds) - train(1)) / rounds


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

    work: seconds a row and parameter; row: a row, whatever the network; task: a block; fixed: the rest of a step, which
    is not divided; copy: seconds a byte of a worker's weights or gradient, measured here; on a network LINK counts in
    its place if it is slower.
    """

    work: float
    row: float
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
                moved = 8 * m.parameters * 2 * workers
                lines.append([m.rows * m.parameters / workers, m.rows / workers, m.blocks / workers, 1.0, moved])
                seconds.append(t)
        scale = np.array(seconds)
        solved, _ = nnls(np.array(lines) / scale[:, None], np.ones(len(seconds)))
        return cls(*map(float, solved))

    def step(self, rows, parameters, workers, blocks=None, network=True):
        """Seconds of a step; without ``blocks``: of 32 MB of rows each, or one a worker if that is more of them."""
        parts = max(workers, rows * WIDTH * 8 // 2**25) if blocks is None else blocks
        a_byte = max(self.copy, 1 / LINK) if network else self.copy
        hops = 2 * workers if not network else 2 * np.log2(max(2, workers))  # weights out, gradients in pairs
        own = (rows * (parameters * self.work + self.row) + parts * self.task) / workers
        return own + self.fixed + 8 * parameters * a_byte * hops

    def off(self, found):
        """How far the model is from what was measured: the median and the largest share."""
        shares = [
            abs(self.step(m.rows, m.parameters, workers, m.blocks, network=False) / t - 1)
            for m in found for workers, t in ((1, m.one), (2, m.two))
        ]  # fmt: skip
        return statistics.median(shares), max(shares)


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
        "partitions", "blocks", "rows", "hidden", "parameters", "one process", "1 worker", "2 workers", "2 over 1",
        "outside library", "incremental", "xgboost",
    ]  # fmt: skip
    lines = [
        [str(m.partitions), str(m.blocks), f"{m.rows:,}", "-".join(map(str, m.hidden)), f"{m.parameters:,}",
         number(m.alone), number(m.one), number(m.two), f"{m.one / m.two:.2f}", f"{m.outside:.0%}", number(m.sklearn),
         number(m.xgboost)]
        for m in found
    ]  # fmt: skip
    costs_told = (
        f"work {costs.work:.2e} s a row and parameter, {costs.row:.2e} s a row, {costs.task:.2e} s a block, "
        f"{costs.fixed:.2e} s a step, {costs.copy:.2e} s a byte"
    )
    median, most = costs.off(found)
    return f"""# Exact mode on a cluster

{told(where)}

Seconds of one gradient of all rows: partitions of float64, {WIDTH} columns, {CLASSES} classes, kept on the workers; the median of
{REPEATS}. "One process" has no cluster and one thread, as a worker has. "Outside library" is what two workers spend beside it. "Incremental" is one pass of
scikit-learn's `partial_fit` over the same partitions, in minibatches of 200, and "xgboost" one round of `xgboost.dask` on two workers (a tree for each class): other algorithms, on the same
data, as a scale.

{markdown(head, lines)}

## On paper

From these figures, by least squares: {costs_told} (0 is a cost that they can't tell from nothing). The model is {median:.0%} from what was measured in the median, {most:.0%} at most. A step of w workers then takes its rows' work / w, the tasks of its
blocks (32 MB each, one a worker at least), the fixed part, and the weights' and gradients' way over a network of 10 Gbit/s, in 2 log2(w) hops. Doubling the workers
is said to pay while it makes a step at least 1.5 times as fast. The least number of rows from which a step still pays on 10, 100 and 1,000 workers:

{markdown(["parameters", "10 workers", "100 workers", "1,000 workers"], paper(costs))}

Below these rows fewer workers, larger groups of rows a step, or rounds mode, which sends weights once in `local_steps` steps, are the better choice.

Dots were measured, dashed lines are extrapolated from the model.

![Seconds of a step, measured and extrapolated](cluster.png)
"""


def plot(costs, found):
    """Seconds of a step by workers: measured with one and two, by the model to two, extrapolated beyond."""
    figure, axes = canvas(1, 1, (7, 4.6), "Seconds of a step: measured (dots) and extrapolated (dashed)")
    axis, more = axes[0][0], np.unique(np.geomspace(2, 1000, 40).astype(int))
    for i, m in enumerate(m for m in found if m.partitions == CASES[0][0]):
        axis.plot([1, 2], [m.one, m.two], "o", color=f"C{i}", label=f"{m.rows:,} rows, {m.parameters:,} parameters")
        here = [costs.step(m.rows, m.parameters, w, m.blocks, network=False) for w in (1, 2)]
        axis.plot([1, 2], here, color=f"C{i}")
        axis.plot(
            more, [costs.step(m.rows, m.parameters, int(w), max(m.blocks, int(w))) for w in more], "--", color=f"C{i}"
        )
    axis.set(xscale="log", yscale="log", xlabel="workers", ylabel="seconds a step")
    axis.legend(frameon=False, fontsize=8)
    plain(axis.xaxis)
    plain(axis.yaxis)
    return figure


def main():
    given = options(__doc__).parse_args()
    where = machine(["chainrule", "dask", "distributed", "numpy", "scikit-learn", "xgboost"])
    progress = Progress(3 * len(CASES))
    found = measure(progress)
    progress.end()
    costs = Costs.fit(found)
    where = after(where)
    numbers = {"machine": where, "measured": [asdict(m) for m in found], "costs": asdict(costs)}
    write(given, "cluster", page(where, costs, found), numbers, lambda: plot(costs, found))


if __name__ == "__main__":
    run(main)
