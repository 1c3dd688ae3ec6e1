"""Scores on held-out rows against scikit-learn's MLP with the same parameters, paired over seeds.

    python benchmarks/scores.py
    python benchmarks/scores.py --seeds 8 --sets wine,diabetes

For each table and seed: the same split, the same standardised inputs, both estimators with scikit-learn's defaults
but for the layers and the number of epochs. Printed are the means, the mean difference (chainrule less scikit-learn)
with its standard error, and the one-sided Wilcoxon signed-rank test that chainrule is worse. Exits with 1 where that
is significant at 5%, corrected for the number of tables.
"""

from __future__ import annotations

import argparse
import sys
import warnings

import numpy as np
from scipy.stats import wilcoxon
from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_wine, make_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

import chainrule as cr


def synthetic() -> tuple[np.ndarray, np.ndarray]:
    """20,000 rows, 20 columns, 5 classes."""
    return make_classification(20_000, 20, n_informative=12, n_classes=5, flip_y=0.05, random_state=0)


def bundled(load: object) -> object:
    return lambda: load(return_X_y=True)  # type: ignore[operator]


SETS = {
    "digits": (bundled(load_digits), {"hidden_layer_sizes": (64,), "max_iter": 60}),
    "breast_cancer": (bundled(load_breast_cancer), {"hidden_layer_sizes": (32,), "max_iter": 100}),
    "wine": (bundled(load_wine), {"hidden_layer_sizes": (32,), "max_iter": 100}),
    "diabetes": (bundled(load_diabetes), {"hidden_layer_sizes": (32, 16), "max_iter": 150}),
    "synthetic": (synthetic, {"hidden_layer_sizes": (64, 32), "max_iter": 30}),
}


def scores(name: str, seed: int) -> tuple[float, float]:
    """Accuracy or R^2 of chainrule and of scikit-learn."""
    load, settings = SETS[name]
    x, y = load()
    numbers = name == "diabetes"
    parts = train_test_split(x, y, test_size=0.3, random_state=seed, stratify=None if numbers else y)
    scale = StandardScaler().fit(parts[0])
    train, test, answers, held = scale.transform(parts[0]), scale.transform(parts[1]), *parts[2:]
    if numbers:
        mean, spread = answers.mean(), answers.std()
        answers, held = (answers - mean) / spread, (held - mean) / spread
    ours, theirs = (cr.MLPRegressor, MLPRegressor) if numbers else (cr.MLPClassifier, MLPClassifier)
    found = []
    for kind in (ours, theirs):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            found.append(kind(**settings, random_state=seed).fit(train, answers).score(test, held))
    return found[0], found[1]


def main() -> None:
    """Print a line a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--sets", default=",".join(SETS))
    options = parser.parse_args()
    names, worse = options.sets.split(","), []
    if 0.5**options.seeds >= 0.05 / len(names):
        parser.error(f"with {options.seeds} seeds and {len(names)} tables the test could not fail: more seeds, please")
    print(f"{'table':14} {'chainrule':>10} {'scikit-learn':>13} {'difference':>20} {'p (worse)':>10}")
    for name in names:
        pairs = np.array([scores(name, seed) for seed in range(options.seeds)])
        difference = pairs[:, 0] - pairs[:, 1]
        error = difference.std(ddof=1) / len(pairs) ** 0.5
        p = wilcoxon(difference, alternative="less", zero_method="zsplit").pvalue if difference.any() else 1.0
        ours, theirs = pairs.mean(axis=0)
        print(f"{name:14} {ours:10.4f} {theirs:13.4f} {difference.mean():+12.4f} ± {error:.4f} {p:10.3f}", flush=True)
        if p < 0.05 / len(names):
            worse.append(name)
    if worse:
        print("worse than scikit-learn: " + ", ".join(worse))
    sys.exit(1 if worse else 0)


if __name__ == "__main__":
    main()
