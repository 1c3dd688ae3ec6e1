"""How the time of chainrule's epoch grows with the rows, the width, the depth and the minibatch, on 1 thread and on 2.

One of them grows while the others stay; the two thread counts are timed in turn, in processes of their own, by blocks
of epochs that fill 0.1 s or more; medians of the rounds. As in benchmarks/training.py: float32, Adam, softmax and
cross-entropy, rows shuffled each epoch.

- exponent: log(time / time of the row above) / log(size / size of the row above), with 1 thread. 1 is growth in
  proportion, which rows and depth must come near. Width w costs w^2 between the two hidden layers and w to the inputs
  and the outputs: from 1 towards 2. With larger minibatches an epoch has fewer updates: below 0 until the
  products are all that counts, then 0.
- work: 6 x parameters x rows of a minibatch, in millions of operations a step. By it and by the units of the widest
  hidden layer chainrule chooses its threads (WORK_PER_THREAD and UNITS_PER_THREAD in chainrule.train.recipe); "chosen"
  is its choice on this machine. The last panel shows where a second thread begins to pay.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import log
from statistics import median
from typing import Any

import numpy as np
import shared
from cases import ACTIVATIONS, Case
from workers import Worker, WorkerFailed

THREADS = (1, 2)
BASE = Case("", 4096, (64, 128, 128, 10), 128)
#: name -> (what grows, sizes, the case of a size)
SWEEPS = {
    "rows": ("rows n", [1024, 4096, 16384, 65536], lambda s: replace(BASE, n=s)),
    "width": ("units of each of 2 hidden layers", [16, 32, 64, 128, 256, 512, 1024],
              lambda s: replace(BASE, sizes=(64, s, s, 10))),
    "depth": ("hidden layers of 128 units", [1, 2, 4, 8, 16, 32], lambda s: replace(BASE, sizes=(64, *[128] * s, 10))),
    "batch": ("rows of a minibatch", [8, 32, 128, 512, 2048], lambda s: replace(BASE, batch=s)),
}  # fmt: skip


@dataclass(frozen=True)
class Point:
    """One case of a sweep: milliseconds an epoch by threads, in each round; chainrule's own choice of threads."""

    sweep: str
    size: int
    case: Case
    ms: dict[int, list[float]]
    chosen: int

    @property
    def work(self) -> int:
        return 6 * self.case.parameters * self.case.batch

    def middle(self, threads: int) -> float:
        return median(self.ms[threads])

    @property
    def gain(self) -> float:
        """How many times quicker two threads are, median of the rounds."""
        return float(np.median(np.array(self.ms[1]) / np.array(self.ms[2])))


def main() -> None:
    parser = shared.options(__doc__)
    parser.add_argument("--sweeps", type=shared.names(list(SWEEPS)), default=list(SWEEPS), help="default: all")
    parser.add_argument("--activation", choices=ACTIVATIONS, default="relu", help="default: relu")
    parser.add_argument("--rounds", type=shared.at_least(1), default=5, help="default: 5")
    parser.add_argument("--block", type=float, default=0.1, help="seconds that a block fills; default 0.1")
    parser.add_argument("--most", type=shared.at_least(1), default=10**9, help="leave out sizes above this")
    a = parser.parse_args()
    where = shared.machine(["chainrule", "numpy", "scipy"])
    wanted = [(name, size) for name in a.sweeps for size in SWEEPS[name][1] if size <= a.most]
    if not wanted:
        parser.error("--most leaves nothing to measure")
    progress = shared.Progress(len(wanted))
    workers: list[Worker] = []
    found = []
    try:
        workers += [Worker("chainrule", threads) for threads in THREADS]
        for name, size in wanted:
            progress.next(f"{name} {size}")
            case = SWEEPS[name][2](size).with_activation(a.activation)
            for worker in workers:
                worker.take(case, a.block)
            ms: dict[int, list[float]] = {threads: [] for threads in THREADS}
            for turn in range(a.rounds):
                progress(f"round {turn + 1} of {a.rounds}")
                for worker in workers if turn % 2 == 0 else reversed(workers):
                    ms[worker.asked].append(worker.time())
            found.append(Point(name, size, case, ms, case.own_threads()))
    except WorkerFailed as e:
        raise SystemExit(str(e)) from None
    finally:
        for worker in workers:
            worker.close()
        progress.end()
    where = shared.after(where)
    text = "\n\n".join(
        ["# Training: how the time of an epoch grows", shared.told(where), table(found),
         f"Medians of {a.rounds} rounds, {a.activation} hidden layers.", "![Growth](growth.png)",
         "## How it is measured", __doc__]
    )  # fmt: skip
    rows = [{**p.case.told(), "sweep": p.sweep, "size": p.size, "ms": p.ms, "work": p.work, "gain": p.gain,
             "chosen": p.chosen} for p in found]  # fmt: skip
    shared.write(a, "growth", text, {"machine": where, "rows": rows}, lambda: picture(found, a.activation))


def table(found: list[Point]) -> str:
    """The rows of all sweeps."""
    head = ["grows", "n", "sizes", "batch", "ms, 1 thread", "exponent", "ms, 2 threads", "1 thread / 2 threads",
            "work", "chosen"]  # fmt: skip
    rows = []
    for i, p in enumerate(found):
        before = found[i - 1] if i and found[i - 1].sweep == p.sweep else None
        exponent = "-" if before is None else f"{log(p.middle(1) / before.middle(1)) / log(p.size / before.size):.2f}"
        hidden = p.case.sizes[1:-1]
        shape = p.case.shape if len(hidden) < 4 else f"{p.case.sizes[0]}-{len(hidden)}x{hidden[0]}-{p.case.sizes[-1]}"
        rows.append(
            [f"{p.sweep} {p.size:,}", f"{p.case.n:,}", shape, f"{p.case.batch:,}", shared.number(p.middle(1)), exponent,
             shared.number(p.middle(2)), f"{p.gain:.2f}", f"{p.work / 1e6:,.1f}", str(p.chosen)]
        )  # fmt: skip
    return shared.markdown(head, rows)


def picture(found: list[Point], activation: str) -> Any:
    """A panel for each sweep, log-log, and the gain of the second thread against the work of a step."""
    rows = 1 + len({p.sweep for p in found}) // 3
    figure, axes = shared.canvas(
        rows, 3, (14, 4 * rows), f"Time of an epoch, as one thing grows ({activation} hidden layers)"
    )
    panels = list(axes.flat)
    colours = {1: "#0b5fa5", 2: "#d1495b"}
    sweeps = list(dict.fromkeys(p.sweep for p in found))
    for axis, name in zip(panels, sweeps, strict=False):
        points = [p for p in found if p.sweep == name]
        sizes = np.array([p.size for p in points])
        for threads in THREADS:
            axis.plot(sizes, [p.middle(threads) for p in points], "o-", color=colours[threads],
                      label=f"{threads} thread{'s' * (threads > 1)}")  # fmt: skip
        last = points[-1].middle(1)
        for power, style in ((1, ":"), (2, "--")) if name == "width" else ((1, ":"),) if name != "batch" else ():
            guide = last * (sizes / sizes[-1]) ** power
            axis.plot(sizes, guide, style, color="#888888", label=f"in proportion to size{'²' * (power > 1)}")
        axis.set(xscale="log", yscale="log", xlabel=SWEEPS[name][0], ylabel="ms an epoch")
        axis.set_xticks(sizes, [f"{s:,}" for s in sizes], fontsize=8)
        axis.minorticks_off()
        shared.plain(axis.yaxis)
        axis.set_title(f"{name} (log-log)", fontsize=11)
        axis.grid(alpha=0.25)
        axis.legend(frameon=False, fontsize=8)
    axis = panels[len(sweeps)]
    for p in found:
        axis.plot(p.work / 1e6, p.gain, "o", color=colours.get(p.chosen, "black"))
    for threads, colour in colours.items():
        axis.plot([], [], "o", color=colour, label=f"chainrule chooses {threads}")
    axis.axhline(1, color="#888888", linewidth=0.8)
    axis.set_ylim(bottom=0)
    axis.set(xscale="log", xlabel="work of a step, millions of operations", ylabel="time on 1 thread / on 2")
    axis.set_title("what the second thread gains (above 1: worth it)", fontsize=11)
    axis.grid(alpha=0.25)
    axis.legend(frameon=False, fontsize=8)
    for axis in panels[len(sweeps) + 1 :]:
        axis.set_axis_off()
    return figure


if __name__ == "__main__":
    shared.run(main)
