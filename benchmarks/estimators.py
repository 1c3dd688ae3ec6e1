"""The estimators beside scikit-learn's: predictions of many rows and of one, and the fit of a small table.

    python benchmarks/estimators.py
    python benchmarks/estimators.py --rounds 3

Each round times both, one after the other, the least of some repetitions; the median of the ratios is printed.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable

import numpy as np
import sklearn.neural_network as theirs
from sklearn.datasets import load_iris

import chainrule as ours

REST = 0.2  # seconds: OpenBLAS's threads look for more work for some hundredths of one, on a core each


def least(call: Callable[[], object], times: int) -> float:
    """Milliseconds of the quickest of several calls, once the threads of those before it have come to rest."""
    time.sleep(REST)
    found = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return 1e3 * min(found)


def main() -> None:
    """Print times and ratios."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    rounds = parser.parse_args().rounds
    warnings.simplefilter("ignore")  # the fits are not meant to converge
    rng = np.random.default_rng(0)
    many, y = rng.normal(size=(20_000, 50)), rng.integers(0, 3, 20_000)
    one, (x, species) = many[:1].copy(), load_iris(return_X_y=True)
    wide = [m.MLPClassifier((100,), max_iter=2, random_state=0).fit(many[:2000], y[:2000]) for m in (ours, theirs)]
    small = {"hidden_layer_sizes": (16,), "max_iter": 200, "tol": 0, "n_iter_no_change": 1000, "random_state": 0}
    cases: dict[str, tuple[int, list[Callable[[], object]]]] = {
        "predict_proba, 20,000 x 50 through 100": (5, [lambda m=m: m.predict_proba(many) for m in wide]),
        "predict_proba, one row of 50 through 100": (500, [lambda m=m: m.predict_proba(one) for m in wide]),
        "fit, 150 x 4 through 16, 200 epochs": (
            3, [lambda m=m: m.MLPClassifier(**small).fit(x, species) for m in (ours, theirs)],
        ),
    }  # fmt: skip
    for name, (times, calls) in cases.items():
        pairs = np.array([[least(call, times) for call in calls] for _ in range(rounds)])
        ratios, (mine, others) = pairs[:, 1] / pairs[:, 0], np.median(pairs, axis=0)
        spread = f"from {ratios.min():.1f} to {ratios.max():.1f}, {rounds} rounds"
        print(f"{name}: {mine:.3f} ms, scikit-learn {others:.3f} ms, ratio {np.median(ratios):.1f} ({spread})")


if __name__ == "__main__":
    main()
