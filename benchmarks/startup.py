"""How long a new process takes until it has trained one epoch, and how much memory it needs.

chainrule, PyTorch and scikit-learn come compiled; JAX compiles in every process. Each start is a
process of its own, one after the other; the median of the runs, with the least and the most. One start of each is made
first and not counted, so that files are in the system's cache.

- import s: what training needs, beyond Python and NumPy.
- first fit s: making the network and training the first epoch, with whatever is compiled for it.
- together s: both.
- next epoch ms: the second fit of one epoch in that process, for the proportion only; benchmarks/training.py measures
  epochs.
- peak MB: the most memory that the process had until its first epoch ended (ru_maxrss), the table included.

Everyone runs with the threads that it takes by itself.
"""

from __future__ import annotations

from statistics import median
from typing import Any

import shared
from cases import ACTIVATIONS, CASES, Case
from peers import PEERS
from workers import Worker, WorkerFailed

OTHERS = [name for name in PEERS if name not in ("chainrule", "estimator")]
COLUMNS = {
    "import_s": "import s", "first_s": "first fit s", "together_s": "together s", "next_ms": "next epoch ms",
    "mb": "peak MB",
}  # fmt: skip


def begin(peer: str, case: Case) -> dict[str, float]:
    """One start, in a process that ends afterwards."""
    worker = Worker(peer, None)
    try:
        found = worker.ask(do="begin", case=case.told())
        found["together_s"] = found["import_s"] + found["first_s"]
        found["next_ms"] = worker.ask(do="block", epochs=1)["ms"]
    finally:
        worker.close()
    return found


def starts(peer: str, case: Case, runs: int, tell: Any) -> dict[str, list[dict[str, float]]]:
    """By name of the row, what each run gave."""
    found = []
    for run in range(runs + 1):
        tell(f"{PEERS[peer].label}, run {run} of {runs}")
        found.append(begin(peer, case))
    return {PEERS[peer].label: found[1:]}


def main() -> None:
    parser = shared.options(__doc__)
    parser.add_argument("--case", choices=list(CASES), default="small", help="default: small")
    parser.add_argument("--activation", choices=ACTIVATIONS, default="relu", help="default: relu")
    parser.add_argument("--runs", type=shared.at_least(1), default=5, help="default: 5")
    parser.add_argument("--peers", type=shared.names(OTHERS), default=OTHERS, help=f"default: {','.join(OTHERS)}")
    a = parser.parse_args()
    case = CASES[a.case].with_activation(a.activation)
    where = shared.machine(["chainrule", "numpy", "scipy", "scikit-learn", "torch", "jax"])
    names, missing = ["chainrule"], []
    for peer in a.peers:
        if (message := PEERS[peer].missing()) is None:
            names.append(peer)
        else:
            missing.append(message)
            shared.say(message)
    progress = shared.Progress(len(names))
    found: dict[str, list[dict[str, float]]] = {}
    try:
        for peer in names:
            progress.next(PEERS[peer].label)
            found |= starts(peer, case, a.runs, progress)
    except WorkerFailed as e:
        raise SystemExit(str(e)) from None
    finally:
        progress.end()
    where = shared.after(where)
    rows = [[name, *(span([run[key] for run in several]) for key in COLUMNS)] for name, several in found.items()]
    text = "\n\n".join(
        ["# Starting: a new process until its first epoch", shared.told(where), *missing,
         f"Case {case.name}: {case.n:,} rows, {case.shape}, minibatches of {case.batch}, {case.activation}; "
         f"{a.runs} runs.", shared.markdown(["start", *COLUMNS.values()], rows), "![Seconds](startup.png)",
         "## How it is measured", __doc__]
    )  # fmt: skip
    numbers = {"machine": where, "left_out": missing, "case": case.told(), "runs": found}
    shared.write(a, "startup", text, numbers, lambda: picture(found, case))


def span(values: list[float]) -> str:
    """Median, least and most."""
    return f"{shared.number(median(values))} ({shared.number(min(values))} - {shared.number(max(values))})"


def picture(found: dict[str, list[dict[str, float]]], case: Case) -> Any:
    """Seconds of import and first fit, and memory."""
    figure, axes = shared.canvas(
        1, 2, (11, 1.8 + 0.5 * len(found)), f"A new process until its first epoch ({case.name}: {case.shape})"
    )
    names = list(found)
    middle = {key: [median(run[key] for run in several) for several in found.values()] for key in COLUMNS}
    seconds, memory = axes[0]
    seconds.barh(names, middle["import_s"], color="#9ecae1", label="import")
    bars = seconds.barh(names, middle["first_s"], left=middle["import_s"], color="#0b5fa5", label="first fit")
    seconds.bar_label(bars, [f"{t:.2f} s" for t in middle["together_s"]], padding=3)
    seconds.set_xlim(right=1.2 * max(middle["together_s"]))
    seconds.set_xlabel("seconds")
    seconds.legend(frameon=False, loc="best")
    seconds.invert_yaxis()
    bars = memory.barh(names, middle["mb"], color="#f2a33a")
    memory.bar_label(bars, [f"{mb:.0f} MB" for mb in middle["mb"]], padding=3)
    memory.set_xlim(right=1.2 * max(middle["mb"]))
    memory.set_xlabel("peak memory of the process, MB")
    memory.set_yticks([])
    memory.invert_yaxis()
    return figure


if __name__ == "__main__":
    shared.run(main)
