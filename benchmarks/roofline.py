"""How near an epoch of chainrule comes to what the machine allows: the time of its products and of the update's memory.

Counted
- The products of a step in float32, with its shapes: L forward, L for the weight gradients, L - 1 backward (the
  gradient of the inputs is not needed). SciPy's BLAS computes them, called from a compiled loop, since Python's own
  calls would take longer than a small product. Three ways, the quickest counts: one thread; BLAS with two threads; two
  Python threads with BLAS at one thread each, which share the rows of the minibatch forward and backward, and
  the rows of W_i^T for the weight gradients. Before it is timed, BLAS has done one large product on each thread: on
  some machines its small products are up to three times quicker afterwards.
- The memory traffic of Adam's update: theta, m and v read and written, the gradient read, 7 passes of 4 bytes over all
  parameters. A compiled loop that makes just these passes over vectors of that size, again and again, so that a small
  network's vectors stay in the cache as they do in training; on one thread or two, the quicker counts.

Not counted: gathering the shuffled rows, biases, activations and their derivatives, softmax and loss, the arithmetic of
Adam (square root and division), waiting for one another at the end of a pass, calls from Python. So 100 % is out of
reach, the more so the smaller the network. A program that uses a gradient while it is still in the cache saves
one of the seven passes, and could in principle come out above the limit.

limit = products + traffic, milliseconds an epoch; share = limit / measured epoch.

chainrule's own products of small matrices (chainrule/train/kernels/product.py) are quicker than BLAS, so that its share
of this limit can come out above 100 % too. The stricter share is of the limit with the quicker of both.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from statistics import median
from typing import Any

import numpy as np
import tables
from cases import ACTIVATIONS, CASES, Case
from workers import Worker, WorkerFailed

SECONDS = 0.1  # that a measurement fills; the least of REPEATS counts
REPEATS = 5
LARGE = 512  # rows and columns of BLAS's first product


@dataclass(frozen=True)
class Limit:
    """The least time of an epoch, and how it was reached.

    Attributes:
        products_ms, traffic_ms: an epoch's, the products by BLAS.
        products_by, traffic_by: the quickest way.
        own_ms: the products by the quicker of BLAS and chainrule's own.
        gflops: of the products.
        gbytes: a second, of the traffic.
    """

    products_ms: float
    products_by: str
    traffic_ms: float
    traffic_by: str
    own_ms: float
    gflops: float
    gbytes: float

    @property
    def ms(self) -> float:
        return self.products_ms + self.traffic_ms

    @property
    def strict_ms(self) -> float:
        """The least time if products are done in the quicker of both ways."""
        return self.own_ms + self.traffic_ms


@cache
def _kernels() -> tuple[Any, Any, Any]:
    from numba import njit

    from chainrule.train.kernels.low_level import gemm
    from chainrule.train.kernels.product import product

    @njit(error_model="numpy", nogil=True)
    def products(blas, sizes, places, starts, theta, units, deltas, grad, batch, part, parts, steps):
        """The products of ``steps`` steps, this part's share; laid out in memory as in chainrule's kernels."""
        r0, r1 = batch * part // parts, batch * (part + 1) // parts
        n, depth = r1 - r0, sizes.size - 1
        for _ in range(steps):
            for i in range(1, depth + 1):
                j, m = sizes[i - 1], sizes[i]
                w, h, a = places[i - 1], starts[i - 1] + r0 * j, starts[i] + r0 * m
                gemm(blas, theta, w, m, 0, units, h, j, 0, 0.0, units, a, m, m, n, j)
            for i in range(depth, 1, -1):
                j, m = sizes[i - 1], sizes[i]
                w, h, a = places[i - 1], starts[i - 1] + r0 * j, starts[i] + r0 * m
                gemm(blas, theta, w, m, 1, deltas, a, m, 0, 0.0, deltas, h, j, j, n, m)
            for i in range(depth, 0, -1):
                j, m = sizes[i - 1], sizes[i]
                j0, j1 = j * part // parts, j * (part + 1) // parts
                w, h, a = places[i - 1] + j0 * m, starts[i - 1] + j0, starts[i]
                gemm(blas, deltas, a, m, 0, units, h, j, 1, 0.0, grad, w, m, m, j1 - j0, batch)

    @njit(error_model="numpy", nogil=True)
    def own(blas, sizes, places, starts, theta, units, deltas, grad, batch, rooms, part, parts, steps):
        """The same by chainrule's own products."""
        r0, r1 = batch * part // parts, batch * (part + 1) // parts
        n, depth, room = r1 - r0, sizes.size - 1, rooms[part]
        for _ in range(steps):
            for i in range(1, depth + 1):
                j, m = sizes[i - 1], sizes[i]
                w, h, a = places[i - 1], starts[i - 1] + r0 * j, starts[i] + r0 * m
                product(blas, units, h, j, 1, theta, w, m, 0, units, a, m, units, a, m, n, m, j, 0, room, room.size)
            for i in range(depth, 1, -1):
                j, m = sizes[i - 1], sizes[i]
                w, h, a = places[i - 1], starts[i - 1] + r0 * j, starts[i] + r0 * m
                product(blas, deltas, a, m, 1, theta, w, m, 1, deltas, h, j, deltas, h, j, n, j, m, 0, room, room.size)
            for i in range(depth, 0, -1):
                j, m = sizes[i - 1], sizes[i]
                j0, j1 = j * part // parts, j * (part + 1) // parts
                w, h, a = places[i - 1] + j0 * m, starts[i - 1] + j0, starts[i]
                product(blas, units, h, 1, j, deltas, a, m, 0, grad, w, m, grad, w, m, j1 - j0, m, batch, 0, room,
                        room.size)  # fmt: skip

    @njit(error_model="numpy", nogil=True)
    def traffic(theta, m, v, grad, part, parts, steps):
        """Four vectors read and three written, with next to no arithmetic."""
        e0, e1 = theta.size * part // parts, theta.size * (part + 1) // parts
        t, m, v, grad = theta[e0:e1], m[e0:e1], v[e0:e1], grad[e0:e1]  # whole slices, or no vector instructions
        for _ in range(steps):
            for e in range(t.size):
                g = grad[e]
                t[e] += g
                m[e] += g
                v[e] += g

    return products, own, traffic


def limit(case: Case) -> Limit:
    """The limit of an epoch of this case on this machine, measured now."""
    import scipy.linalg.cython_blas  # noqa: F401  the BLAS whose threads are limited below
    from threadpoolctl import threadpool_limits

    from chainrule.train.kernels.low_level import gemm_address

    products, own, traffic = _kernels()
    real, sizes = np.float32, np.array(case.sizes)
    areas = np.array([j * m for j, m in pairwise(case.sizes)])
    places, starts = np.cumsum(areas) - areas, np.cumsum(sizes * case.batch) - sizes * case.batch
    rng = np.random.default_rng(0)
    theta = (rng.standard_normal(areas.sum()) / np.sqrt(sizes.max())).astype(real)
    units, deltas = (rng.standard_normal(int((sizes * case.batch).sum())).astype(real) for _ in range(2))
    given = (
        gemm_address(np.dtype(real)),
        sizes,
        places,
        starts,
        theta,
        units,
        deltas,
        np.empty_like(theta),
        case.batch,
    )
    rooms = np.empty((2, max(areas.max(), case.batch * sizes.max())), real)
    nowhere, large = np.zeros(2, np.int64), np.ones(LARGE * LARGE, real)
    warming = (given[0], np.array([LARGE, LARGE]), nowhere, nowhere, large, large, large, large.copy(), LARGE)
    vectors = [np.ones(case.parameters, real), *(np.zeros(case.parameters, real) for _ in range(3))]
    with ThreadPoolExecutor(2) as pool:

        def calls(kernel: Any, given: Any, parts: int) -> Callable[[int], None]:
            def call(steps: int) -> None:
                if parts == 1:
                    kernel(*given, 0, 1, steps)
                    return
                for done in [pool.submit(kernel, *given, part, parts, steps) for part in range(parts)]:
                    done.result()

            return call

        by: dict[str, float] = {}
        for name, blas, parts in (("1 thread", 1, 1), ("2 BLAS threads", 2, 1), ("2 threads", 1, 2)):
            with threadpool_limits(blas, user_api="blas"):
                calls(products, warming, parts)(1)
                by[name] = least(calls(products, given, parts))
        with threadpool_limits(1, user_api="blas"):
            alone = min(least(calls(own, (*given, rooms), parts)) for parts in (1, 2))
        through = {f"{p} thread{'s' * (p > 1)}": least(calls(traffic, vectors, p)) for p in (1, 2)}
    quickest, nearest = min(by, key=by.__getitem__), min(through, key=through.__getitem__)
    return Limit(
        1e3 * case.steps * by[quickest], quickest, 1e3 * case.steps * through[nearest], nearest,
        1e3 * case.steps * min(alone, by[quickest]), case.operations / by[quickest] / 1e9,
        28 * case.parameters / through[nearest] / 1e9,
    )  # fmt: skip


def least(call: Callable[[int], None]) -> float:
    """Seconds a step, the least of several measurements; ``call(steps)`` makes so many steps."""

    def seconds(steps: int) -> float:
        start = time.perf_counter()
        call(steps)
        return time.perf_counter() - start

    call(1)
    steps = 1
    while (taken := seconds(steps)) < SECONDS / 4:
        steps *= 4
    steps = max(1, round(steps * SECONDS / taken))
    return min(seconds(steps) for _ in range(REPEATS)) / steps


def main() -> None:
    parser = tables.options(__doc__)
    parser.add_argument("--cases", type=tables.names(list(CASES)), default=list(CASES), help="default: all")
    parser.add_argument("--activation", type=tables.names(ACTIVATIONS), default=["relu"], help="of the measured epoch")
    parser.add_argument("--blocks", type=tables.at_least(1), default=7, help="of epochs, each 0.3 s; default 7")
    a = parser.parse_args()
    where = tables.machine(["chainrule", "numpy", "scipy", "numba"])
    progress = tables.Progress(len(a.cases))
    worker = Worker("chainrule", None)
    found = []
    try:
        for name in a.cases:
            progress.next(name)
            reached = limit(CASES[name])
            for activation in a.activation:
                progress(activation)
                worker.take(CASES[name].with_activation(activation))
                ms = median(worker.time() for _ in range(a.blocks))
                found.append((CASES[name].with_activation(activation), reached, ms))
    except WorkerFailed as e:
        raise SystemExit(str(e)) from None
    finally:
        worker.close()
        progress.end()
    where = tables.after(where)
    head = [
        "case", "sizes", "batch", "activation", "products ms", "by", "GFLOP/s", "traffic ms", "by", "GB/s", "limit ms",
        "epoch ms", "share", "strict share",
    ]  # fmt: skip
    rows = [
        [c.name, c.shape, str(c.batch), c.activation, tables.number(r.products_ms), r.products_by,
         tables.number(r.gflops), tables.number(r.traffic_ms), r.traffic_by, tables.number(r.gbytes),
         tables.number(r.ms), tables.number(ms), f"{r.ms / ms:.0%}",
         f"{r.strict_ms / ms:.0%}"]
        for c, r, ms in found
    ]  # fmt: skip
    text = f"# Training and the limit of the machine\n\n{tables.told(where)}\n\n{tables.markdown(head, rows)}\n\n"
    text += f"The epoch is the median of {a.blocks} blocks.\n\n![Shares](roofline.png)\n\n{__doc__}"
    numbers = {
        "machine": where,
        "rows": [
            {
                **c.told(),
                **vars(r),
                "limit_ms": r.ms,
                "epoch_ms": ms,
                "share": r.ms / ms,
                "strict_share": r.strict_ms / ms,
            }
            for c, r, ms in found
        ],
    }
    tables.write(a, "roofline", text, numbers, lambda: picture(found))


def picture(found: list[tuple[Case, Limit, float]]) -> Any:
    """Of each measured epoch, the share of the products, of the traffic, and the rest."""
    figure, axes = tables.canvas(
        1, 1, (9, 1.6 + 0.5 * len(found)), "What an epoch must do, as a share of what it takes"
    )
    axis = axes[0][0]
    labels = [f"{c.name} ({c.activation})\n{tables.number(ms)} ms" for c, _, ms in found]
    left = np.zeros(len(found))
    parts = {
        "products": ([r.products_ms / ms for _, r, ms in found], "#0b5fa5"),
        "memory traffic of the update": ([r.traffic_ms / ms for _, r, ms in found], "#f2a33a"),
        "all the rest": ([max(0.0, 1 - r.ms / ms) for _, r, ms in found], "#d9d9d9"),
    }
    for name, (values, colour) in parts.items():
        shares = 100 * np.array(values)
        bars = axis.barh(labels, shares, left=left, color=colour, label=name)
        ink = "white" if name == "products" else "black"
        axis.bar_label(bars, [f"{s:.0f}" if s >= 4 else "" for s in shares], label_type="center", color=ink)
        left += shares
    axis.axvline(100, color="black", linewidth=0.8)
    axis.set_xlabel("% of the measured epoch")
    axis.invert_yaxis()
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    return figure


if __name__ == "__main__":
    tables.run(main)
