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

chainrule's own products of small matrices (chainrule/native/product.h) are quicker than BLAS, so that its share
of this limit can come out above 100 % too. The stricter share is of the limit with the quicker of both.
"""

from __future__ import annotations

import ctypes
import importlib.util
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import shared
from cases import ACTIVATIONS, CASES, Case, chosen
from workers import Worker, WorkerFailed

from chainrule.native.library import gemm

ROOT = Path(__file__).parents[1]

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


class Steps(ctypes.Structure):
    """The record of ``roofline.cpp``."""

    _fields_ = (
        *((name, ctypes.c_void_p) for name in ("gemm", "sizes", "places", "starts")),
        ("depth", ctypes.c_int64),
        *((name, ctypes.c_void_p) for name in ("theta", "units", "deltas", "grad", "room")),
        *((name, ctypes.c_int64) for name in ("batch", "size", "own")),
    )  # fmt: skip


@cache
def _library() -> Any:
    """The loops of ``roofline.cpp``, compiled for this machine."""
    spec = importlib.util.spec_from_file_location("native", ROOT / "tools/native.py")
    assert spec is not None
    assert spec.loader is not None
    native = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(native)
    compiler = native.compiler()
    if compiler is None:
        raise SystemExit("benchmarks/roofline.py: expected a C++ compiler; got none")
    with tempfile.TemporaryDirectory() as folder:
        made, source = Path(folder) / "roofline.so", Path(__file__).with_suffix(".cpp")
        words = [*compiler, *native.FLAGS, "-march=native", "-shared", "-fPIC", "-fvisibility=default"]
        subprocess.run([*words, "-I", str(native.FOLDER), "-o", str(made), str(source)], check=True)
        loaded = ctypes.CDLL(str(made))
    loaded.products.argtypes = [ctypes.c_void_p, *[ctypes.c_int64] * 3]
    loaded.traffic.argtypes = [*[ctypes.c_void_p] * 4, *[ctypes.c_int64] * 4]
    return loaded


@dataclass(eq=False)
class Products:
    """The products of steps of these sizes, on vectors that are kept as long as this is."""

    sizes: tuple[int, ...]
    batch: int
    own: bool

    def __post_init__(self) -> None:
        sizes, rng = np.array(self.sizes, np.int64), np.random.default_rng(0)
        areas = sizes[:-1] * sizes[1:]
        places, starts = np.cumsum(areas) - areas, np.cumsum(sizes * self.batch) - sizes * self.batch
        theta = (rng.standard_normal(areas.sum()) / np.sqrt(sizes.max())).astype(np.float32)
        units, deltas = (rng.standard_normal(int((sizes * self.batch).sum())).astype(np.float32) for _ in range(2))
        size = int(max(areas.max(), self.batch * sizes.max()))
        self.vectors = [sizes, places, starts, theta, units, deltas, np.empty_like(theta)]
        self.rooms = np.empty((2, size), np.float32)
        addresses = [v.ctypes.data for v in self.vectors]
        self.records = [
            Steps(gemm(theta.dtype), *addresses[:3], len(sizes) - 1, *addresses[3:], room.ctypes.data, self.batch,
                  size, int(self.own))
            for room in self.rooms
        ]  # fmt: skip

    def __call__(self, part: int, parts: int, steps: int) -> None:
        _library().products(ctypes.byref(self.records[part]), part, parts, steps)


def limit(case: Case) -> Limit:
    """The limit of an epoch of this case on this machine, measured now."""
    from threadpoolctl import threadpool_limits

    products, own = (Products(case.sizes, case.batch, which) for which in (False, True))
    warming = Products((LARGE, LARGE), LARGE, False)
    vectors = [np.ones(case.parameters, np.float32), *(np.zeros(case.parameters, np.float32) for _ in range(3))]

    def traffic(part: int, parts: int, steps: int) -> None:
        _library().traffic(*(v.ctypes.data for v in vectors), case.parameters, part, parts, steps)

    with ThreadPoolExecutor(2) as pool:

        def calls(work: Callable[[int, int, int], None], parts: int) -> Callable[[int], None]:
            def call(steps: int) -> None:
                if parts == 1:
                    work(0, 1, steps)
                    return
                for done in [pool.submit(work, part, parts, steps) for part in range(parts)]:
                    done.result()

            return call

        by: dict[str, float] = {}
        for name, blas, parts in (("1 thread", 1, 1), ("2 BLAS threads", 2, 1), ("2 threads", 1, 2)):
            with threadpool_limits(blas, user_api="blas"):
                calls(warming, parts)(1)
                by[name] = least(calls(products, parts))
        with threadpool_limits(1, user_api="blas"):
            alone = min(least(calls(own, parts)) for parts in (1, 2))
        through = {f"{p} thread{'s' * (p > 1)}": least(calls(traffic, p)) for p in (1, 2)}
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
    parser = shared.options(__doc__)
    parser.add_argument("--cases", type=shared.names(list(CASES)), default=list(CASES), help="default: all")
    parser.add_argument("--activation", type=shared.names(ACTIVATIONS), default=["relu"], help="of the measured epoch")
    parser.add_argument("--blocks", type=shared.at_least(1), default=7, help="of epochs, each 0.3 s; default 7")
    a = parser.parse_args()
    where = shared.machine(["chainrule", "numpy", "scipy"])
    wanted = list(chosen(a.cases, a.activation))
    progress = shared.Progress(len(wanted))
    worker = Worker("chainrule", None)
    found = []
    try:
        reached: dict[str, Limit] = {}
        for case in wanted:
            progress.next(f"{case.name} {case.activation}")
            if case.name not in reached:
                reached[case.name] = limit(case)
            worker.take(case)
            found.append((case, reached[case.name], median(worker.time() for _ in range(a.blocks))))
    except WorkerFailed as e:
        raise SystemExit(str(e)) from None
    finally:
        worker.close()
        progress.end()
    where = shared.after(where)
    head = [
        "case", "sizes", "batch", "activation", "products ms", "by", "GFLOP/s", "traffic ms", "by", "GB/s", "limit ms",
        "epoch ms", "share", "strict share",
    ]  # fmt: skip
    rows = [
        [c.name, c.shape, f"{c.batch:,}", c.activation, shared.number(r.products_ms), r.products_by,
         shared.number(r.gflops), shared.number(r.traffic_ms), r.traffic_by, shared.number(r.gbytes),
         shared.number(r.ms), shared.number(ms), f"{r.ms / ms:.0%}",
         f"{r.strict_ms / ms:.0%}"]
        for c, r, ms in found
    ]  # fmt: skip
    text = f"# Training and the limit of the machine\n\n{shared.told(where)}\n\n{shared.markdown(head, rows)}\n\n"
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
    shared.write(a, "roofline", text, numbers, lambda: picture(found))


def picture(found: list[tuple[Case, Limit, float]]) -> Any:
    """Of each measured epoch, the share of the products, of the traffic, and the rest."""
    figure, axes = shared.canvas(
        1, 1, (9, 1.6 + 0.5 * len(found)), "What an epoch must do, as a share of what it takes"
    )
    axis = axes[0][0]
    labels = [f"{c.name} ({c.activation})\n{shared.number(ms)} ms" for c, _, ms in found]
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
    shared.run(main)
