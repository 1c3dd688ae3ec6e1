"""GridSearchCV with threads: one core against two.

    python benchmarks/grid_search.py
    python benchmarks/grid_search.py --rounds 3

The native library trains without the interpreter's lock, so the fits of a grid run side by side in threads, and the
table is not copied. Each fit has one thread. Rounds alternate; the median of the ratios is printed.
"""

from __future__ import annotations

import argparse
import time
import warnings

import numpy as np
from joblib import parallel_backend
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

import chainrule as cr


def seconds(x: np.ndarray, y: np.ndarray, jobs: int) -> float:
    """For a search of 8 settings in 3 folds."""
    model = cr.MLPClassifier((64, 64), max_iter=12, random_state=0, n_threads=1)
    grid = {"learning_rate_init": [1e-3, 3e-3], "alpha": [1e-5, 1e-3], "activation": ["relu", "tanh"]}
    start = time.perf_counter()
    with parallel_backend("threading", n_jobs=jobs), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        GridSearchCV(model, grid, cv=3, n_jobs=jobs, refit=False).fit(x, y)
    return time.perf_counter() - start


def main() -> None:
    """Print the times and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    x, y = make_classification(20_000, 20, n_informative=12, n_classes=5, random_state=0)
    x = x.astype(np.float32)
    warnings.simplefilter("ignore", ConvergenceWarning)  # also in the threads
    seconds(x[:2000], y[:2000], 1)  # what is loaded at first use is loaded now
    pairs = np.array([(seconds(x, y, 1), seconds(x, y, 2)) for _ in range(options.rounds)])
    ratios = pairs[:, 0] / pairs[:, 1]
    one, two = np.median(pairs, axis=0)
    print(f"24 fits: one core {one:.2f} s, two {two:.2f} s")
    print(f"ratio {np.median(ratios):.2f} (from {ratios.min():.2f} to {ratios.max():.2f}, {options.rounds} rounds)")


if __name__ == "__main__":
    main()
