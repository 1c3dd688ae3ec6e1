"""Trainings whose checkpoints version 0.1.0 wrote, in tests/data/v0.1.0: small numbers with exact sums."""

from pathlib import Path

import numpy as np

import chainrule as cr
from chainrule.train.callbacks import EarlyStopping
from chainrule.train.checkpoints import Checkpoint
from chainrule.train.engine import Rows
from chainrule.train.loop import fit
from chainrule.train.recipe import Recipe

FILES = Path(__file__).parents[1] / "data" / "v0.1.0"

# ---------------------------------------------------------------- what was trained

X = np.arange(48).reshape(12, 4) % 7 / 8 - 0.25
Y = (np.arange(12) * 5 % 8) / 4
NETWORK = cr.Network(
    [np.arange(6).reshape(3, 2) / 8 - 0.25, np.arange(6).reshape(2, 3) / 8 - 0.125],
    [np.zeros(3), np.array([0.5, -0.5])],
    hidden="tanh",
)
TABLE = "a,b,y\n" + "".join(f"{a},{'uvw'[i % 3]},{b}\n" for i, (a, b) in enumerate(zip(X[:, 0], Y, strict=True)))
CLUSTER = {
    "exact": {"steps_per_epoch": 2},
    "rounds": {"mode": "rounds", "local_steps": 1},
    "lbfgs": {"solver": "lbfgs"},
}


def training(epochs, path):
    """A training by the loop itself, in the plain engine; it goes on from the file where that is there."""
    rows, held = Rows(X[:, :2], np.arange(12) % 2), Rows(X[:4, :2], np.arange(4) % 2)
    recipe = Recipe(batch_size=5, engine="plain", dropout=0.25)
    return fit(
        NETWORK, rows, recipe, epochs=epochs, validation=held, callbacks=[EarlyStopping(patience=9)],
        checkpoint=Checkpoint(path, 1, "twelve rows"), resume=True,
    )  # fmt: skip


def estimator(epochs, path):
    """An estimator with early stopping; it goes on from the file where that is there."""
    est = cr.MLPRegressor(
        hidden_layer_sizes=(3,), max_iter=epochs, random_state=0, early_stopping=True, validation_fraction=0.25,
        checkpoint=path,
    )  # fmt: skip
    return est.fit(X, Y)


def cluster(name, epochs, path, client):
    """An estimator of a cluster, two partitions; it goes on from the file where that is there."""
    from dask.array import from_array

    from chainrule.distributed import MLPClassifier

    est = MLPClassifier(
        hidden_layer_sizes=(3,), max_iter=epochs, random_state=0, standardize=True, client=client,
        checkpoint=str(path), **CLUSTER[name],
    )  # fmt: skip
    return est.fit(from_array(X, chunks=(6, 4)), from_array((Y > 0.5).astype(int), chunks=6))
