"""What it costs to observe each layer's health: whole trainings with and without.

    python benchmarks/health.py
    python benchmarks/health.py --cases tiny,large --rounds 21

Rounds alternate; a round is a training of as many epochs as take some 0.3 s. The median of the ratios is printed, with
the quarter of them that lies on either side.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace

import numpy as np
from cases import CASES, Case

from chainrule.network.network import Network
from chainrule.train.engine import Rows
from chainrule.train.loop import fit
from chainrule.train.optimizers import optimizer
from chainrule.train.recipe import Recipe


def seconds(network: Network, rows: Rows, recipe: Recipe, epochs: int) -> float:
    """For a training."""
    start = time.perf_counter()
    fit(network, rows, recipe, epochs=epochs)
    return time.perf_counter() - start


def ratios(case: Case, rounds: int) -> np.ndarray:
    """Time with health over time without, of each round."""
    network = Network(case.weights(), None, case.activation)
    rows = Rows(*case.data())
    on = Recipe(optimizer("adam"), batch_size=case.batch)
    off = replace(on, health=False)
    epochs = max(1, round(0.3 / seconds(network, rows, off, 2) * 2))
    found = []
    for number in range(rounds):
        order = (on, off) if number % 2 else (off, on)
        took = {recipe.health: seconds(network, rows, recipe, epochs) for recipe in order}
        found.append(took[True] / took[False])
    return np.array(found)


def main() -> None:
    """Print a line a case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", default=",".join(CASES))
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    for name in options.cases.split(","):
        found = ratios(replace(CASES[name], activation="relu"), options.rounds)
        low, middle, high = np.quantile(found, [0.25, 0.5, 0.75])
        print(f"{name:8} {100 * (middle - 1):+.1f}%  ({100 * (low - 1):+.1f}% to {100 * (high - 1):+.1f}%)", flush=True)


if __name__ == "__main__":
    main()
