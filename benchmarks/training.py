"""Milliseconds an epoch of chainrule, scikit-learn, PyTorch and JAX on the same training, each at its best.

Everyone trains in float32 by Adam (rate 0.001, 0.9, 0.999, 1e-8) with softmax and cross-entropy, on the same rows in
minibatches of the same size, shuffled anew each epoch. How each is called is in benchmarks/peers.py.

"full-batch" has the sizes, activation and rows that SimpleChains.jl publishes, all 10,000 rows in one minibatch; its
loss is here that of the others.

For each case and activation of the hidden layers
- each peer warms up in a process of its own; the seconds until it had trained its first epoch, compilation included
  but imports not, stand in the second table and not in the epoch's time (benchmarks/startup.py has the whole start);
- each peer is timed with one thread and with two, and goes on with the better (chainrule chooses by itself, as its
  users have it); the threads stand in brackets;
- in each round everyone runs one block of epochs (0.3 s or more) while the others wait, in an order that turns round
  from round to round. A ratio is peer / chainrule within a round: above 1, chainrule is quicker. The median over
  the rounds is given, with the least and the most. "Best peer" is the one with the least median time an epoch.

Share is the part of chainrule's epoch that the machine needs for products and the update's memory traffic alone
(benchmarks/roofline.py), the products by BLAS; the strict share takes chainrule's own products where they are quicker.
GFLOP/s a core are the multiplications and additions of an epoch's products, and nothing else, by its time and threads.
The losses after some epochs tell whether everyone does the same work: chainrule, PyTorch and JAX begin with the same
weights, scikit-learn draws its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from statistics import median
from typing import Any

import numpy as np
import shared
from cases import ACTIVATIONS, CASES, Case, chosen
from peers import PEERS
from roofline import Limit, limit
from workers import BLOCK, Worker, WorkerFailed, best, rounds

EPOCHS = 3  # after which losses are compared
US = "chainrule"
OTHERS = [name for name in PEERS if name not in (US, "estimator")]


@dataclass(frozen=True)
class Found:
    """The times of one case: by peer, milliseconds an epoch of each round, threads, first epoch in s, loss."""

    case: Case
    limit: Limit
    ms: dict[str, list[float]]
    threads: dict[str, int]
    first_s: dict[str, float]
    loss: dict[str, float]

    def ratios(self, peer: str) -> np.ndarray:
        return np.array(self.ms[peer]) / np.array(self.ms[US])

    def gflops(self, peer: str) -> float:
        """Of the products, for each thread that the peer has."""
        return self.case.operations * self.case.steps / median(self.ms[peer]) / self.threads[peer] / 1e6

    @property
    def best_peer(self) -> str | None:
        """The quickest of the others, without chainrule's own estimator."""
        others = [p for p in self.ms if p in OTHERS]
        return min(others, key=lambda p: median(self.ms[p])) if others else None

    def numbers(self) -> dict[str, Any]:
        return {
            **self.case.told(), "ms": self.ms, "threads": self.threads, "first_s": self.first_s, "loss": self.loss,
            "ratios": {p: list(self.ratios(p)) for p in self.ms if p != US}, "best_peer": self.best_peer,
            "gflops_a_core": {p: self.gflops(p) for p in self.ms},
            "limit_ms": self.limit.ms, "share": self.limit.ms / median(self.ms[US]),
            "strict_share": self.limit.strict_ms / median(self.ms[US]),
        }  # fmt: skip


def measure(case: Case, reached: Limit, workers: dict[str, list[Worker]], a: Any, progress: shared.Progress) -> Found:
    """All peers on one case."""
    quickest = []
    for peer, several in workers.items():
        for worker in several:
            progress(f"{worker.label} warms up")
            worker.take(case, a.block)
        progress(f"{PEERS[peer].label}: which thread count")
        quickest.append(best(several))
    loss = {}
    for worker in quickest:
        progress(f"{worker.label}: loss")
        loss[worker.peer] = worker.loss(EPOCHS)
    ms = rounds(quickest, a.pairs, progress)
    return Found(
        case, reached, ms, {w.peer: w.used for w in quickest}, {w.peer: w.first_s for w in quickest}, loss,
    )  # fmt: skip


def main() -> None:
    parser = shared.options(__doc__)
    parser.add_argument("--cases", type=shared.names(list(CASES)), default=list(CASES), help="default: all")
    parser.add_argument("--activation", type=shared.names(ACTIVATIONS), default=list(ACTIVATIONS), help="default: both")
    parser.add_argument(
        "--pairs", type=shared.at_least(1), default=7, help="rounds; default 7, and no fewer to publish"
    )
    parser.add_argument("--peers", type=shared.names(OTHERS), default=OTHERS, help=f"default: {','.join(OTHERS)}")
    parser.add_argument("--through", choices=["engine", "estimator"], default="engine",
                        help="estimator: time chainrule.MLPClassifier.fit too, as scikit-learn's")  # fmt: skip
    parser.add_argument("--block", type=float, default=BLOCK, help=f"seconds that a block fills; default {BLOCK}")
    a = parser.parse_args()
    where = shared.machine(["chainrule", "numpy", "scipy", "scikit-learn", "torch", "jax"])
    missing = []
    names = [US]
    for peer in (["estimator"] if a.through == "estimator" else []) + a.peers:
        if (message := PEERS[peer].missing()) is None:
            names.append(peer)
        else:
            missing.append(message)
            shared.say(message)
    wanted = list(chosen(a.cases, a.activation))
    progress = shared.Progress(len(wanted))
    workers: dict[str, list[Worker]] = {}
    found = []
    try:
        for peer in names:
            workers[peer] = [Worker(peer, threads) for threads in PEERS[peer].threads]
        reached: dict[str, Limit] = {}
        for case in wanted:
            progress.next(f"{case.name} {case.activation}")
            if case.name not in reached:
                reached[case.name] = limit(case)
            found.append(measure(case, reached[case.name], workers, a, progress))
    except WorkerFailed as e:
        raise SystemExit(str(e)) from None
    finally:
        for worker in chain.from_iterable(workers.values()):
            worker.close()
        progress.end()
    where = shared.after(where)
    numbers = {"machine": where, "left_out": missing, "pairs": a.pairs, "rows": [f.numbers() for f in found]}
    shared.write(a, "training", page(found, names, where, missing, a.pairs), numbers, lambda: picture(found, names))


# ---------------------------------------------------------------- what is written


def page(found: list[Found], names: list[str], where: dict[str, Any], missing: list[str], pairs: int) -> str:
    """The Markdown."""
    labels = [PEERS[name].label for name in names]
    head = ["case", "n", "sizes", "batch", "activation", *labels, "best peer / chainrule"]
    compared = "scikit-learn" in names
    head += [*(["scikit-learn / chainrule"] if compared else []), "share of the limit", "strict share"]
    rows, speeds, others = [], [], []
    for f in found:
        c = f.case
        first = [c.name, f"{c.n:,}", c.shape, f"{c.batch:,}", c.activation]
        times = [f"{shared.number(median(f.ms[p]))} ({f.threads[p]})" for p in names]
        ratio = f"{span(f.ratios(f.best_peer))} {PEERS[f.best_peer].label}" if f.best_peer else "-"
        rows.append(
            [*first, *times, ratio, *([span(f.ratios("scikit-learn"))] if compared else []),
             f"{f.limit.ms / median(f.ms[US]):.0%}", f"{f.limit.strict_ms / median(f.ms[US]):.0%}"]
        )  # fmt: skip
        speeds.append([c.name, c.activation, *(shared.number(f.gflops(p)) for p in names)])
        others.append(
            [c.name, c.activation, *(shared.number(f.first_s[p]) for p in names), *(f"{f.loss[p]:.4f}" for p in names)]
        )
    second = ["case", "activation", *(f"{x} first s" for x in labels), *(f"{x} loss" for x in labels)]
    return "\n\n".join(
        ["# Training: milliseconds an epoch", shared.told(where), *missing, shared.markdown(head, rows),
         f"Times in ms, threads in brackets; medians of {pairs} rounds; ratios: median (least - most).",
         "![Milliseconds an epoch](training.png)",
         "GFLOP/s a core:", shared.markdown(["case", "activation", *labels], speeds),
         f"Seconds until the first epoch was trained, and the training loss after {EPOCHS} epochs:",
         shared.markdown(second, others), "## How it is measured", __doc__]
    )  # fmt: skip


def span(ratios: np.ndarray) -> str:
    """Median, least and most."""
    return f"{shared.number(float(np.median(ratios)))} ({shared.number(ratios.min())} - {shared.number(ratios.max())})"


def picture(found: list[Found], names: list[str]) -> Any:
    """Milliseconds an epoch, a panel for each activation: points, since a logarithmic axis has no 0 for bars."""
    activations = list(dict.fromkeys(f.case.activation for f in found))
    figure, axes = shared.canvas(len(activations), 1, (10, 1 + 3.2 * len(activations)), "Training: time of an epoch")
    width = 0.7 / len(names)
    for axis, activation in zip(axes[:, 0], activations, strict=True):
        shown = [f for f in found if f.case.activation == activation]
        at = np.arange(len(shown))
        for i, peer in enumerate(names):
            times = np.array([f.ms[peer] for f in shown])
            middle = np.median(times, axis=1)
            label, places = PEERS[peer].label, at + (i - (len(names) - 1) / 2) * width
            axis.errorbar(
                places, middle, [middle - times.min(axis=1), times.max(axis=1) - middle], fmt="o", markersize=7,
                color=shared.COLOURS[label], label=label,
            )  # fmt: skip
            for place, most, t in zip(places, times.max(axis=1), middle, strict=True):
                axis.annotate(
                    shared.number(t), (place, most), (0, 6), textcoords="offset points", ha="center", fontsize=8
                )
        axis.set_yscale("log")
        axis.set_ylim(top=axis.get_ylim()[1] * 1.6)
        axis.grid(axis="y", alpha=0.25)
        for between in at[1:]:
            axis.axvline(between - 0.5, color="#cccccc", linewidth=0.8)
        shared.plain(axis.yaxis)
        axis.set_xticks(at, [f"{f.case.name}\n{f.case.shape}" for f in shown], fontsize=9)
        axis.set_ylabel("ms an epoch (log)")
        axis.set_title(f"{activation} hidden layers; lower is better, lines from least to most", fontsize=10)
    figure.legend(*axes[0][0].get_legend_handles_labels(), loc="outside lower center", ncols=len(names), frameon=False)
    return figure


if __name__ == "__main__":
    shared.run(main)
