"""Many small networks at once: so many on all cores beside one on one core, and beside scikit-learn's.

    python benchmarks/many.py
    python benchmarks/many.py --case tiny --networks 16 --rounds 3

Each round times one network on one thread, all of them with ``fit_many``, and one again; the ratio is of all to the
mean of the two, at best the number of networks by the number of cores. scikit-learn trains as many by joblib, a network
a job: with threads, and in processes that have begun before.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
from cases import CASES, LEARNING_RATE, Case

import chainrule as cr
from chainrule.system.processors import cores
from chainrule.train.engine import Rows
from chainrule.train.loop import fit
from chainrule.train.many import fit_many
from chainrule.train.optimizers import optimizer
from chainrule.train.recipe import Recipe


def seconds(call: Callable[[], object]) -> float:
    """Of one call."""
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def ours(case: Case, count: int, epochs: int) -> tuple[Callable[[], object], Callable[[], object]]:
    """The training of one network, and of all."""
    rows = Rows(*case.data())
    networks = [cr.Network.random(case.sizes, case.activation, seed=s, dtype="float32") for s in range(count)]
    recipes = [Recipe(optimizer("adam", LEARNING_RATE), case.batch, seed=s, threads=1) for s in range(count)]
    return (
        lambda: fit(networks[0], rows, recipes[0], epochs=epochs),
        lambda: fit_many(networks, rows, recipes, epochs=epochs),
    )


def theirs(case: Case, count: int, epochs: int, prefer: str) -> Callable[[], object]:
    """The training of all by scikit-learn and joblib; its processes are there when it is returned."""
    from joblib import Parallel, delayed
    from sklearn.neural_network import MLPClassifier

    x, y = case.data()
    parallel = Parallel(n_jobs=cores(), prefer=prefer)
    models = [
        MLPClassifier(case.sizes[1:-1], case.activation, batch_size=case.batch, max_iter=epochs, random_state=s)
        for s in range(count)
    ]
    parallel(delayed(abs)(n) for n in range(2 * cores()))
    return lambda: parallel(delayed(_fit)(model, x, y) for model in models)


def _fit(model: Any, x: np.ndarray, y: np.ndarray) -> None:
    warnings.simplefilter("ignore")  # not meant to converge
    model.fit(x, y)


def main() -> None:
    """Print times and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=sorted(CASES), default="small")
    parser.add_argument("--networks", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--alone", action="store_true", help="without scikit-learn")
    options = parser.parse_args()
    case, count, epochs = CASES[options.case], options.networks, options.epochs
    one, many = ours(case, count, epochs)
    one()
    rounds = np.array([(seconds(one), seconds(many), seconds(one)) for _ in range(options.rounds)])
    ratios = 2 * rounds[:, 1] / (rounds[:, 0] + rounds[:, 2])
    each = np.median(rounds, axis=0)
    rows = f"{case.n} rows, batches of {case.batch}, {epochs} epochs"
    print(f"{count} networks {case.shape} ({case.name}), {rows}, {cores()} cores")
    single, spread = 500 * (each[0] + each[2]), f"from {ratios.min():.1f} to {ratios.max():.1f}"
    print(f"one network on one core {single:.1f} ms, all {each[1]:.3f} s")
    print(f"ratio {np.median(ratios):.1f} ({spread}, {options.rounds} rounds)")
    if options.alone:
        return
    for prefer in ("threads", "processes"):
        call = theirs(case, count, epochs, prefer)
        found = [(seconds(many), seconds(call)) for _ in range(min(3, options.rounds))]
        mine, others = np.median(np.array(found), axis=0)
        print(f"scikit-learn, joblib with {prefer}: {others:.2f} s, {others / mine:.1f} times as long as all here")


if __name__ == "__main__":
    main()
