"""Training on a Dask cluster: the gradient of one machine, the same weights on any number of workers."""

import pickle
from dataclasses import replace

import dask.array as da
import numpy as np
import pytest
from sklearn.base import clone

import chainrule as cr
from chainrule.distributed import MLPClassifier, MLPRegressor
from chainrule.distributed.blocks import RowBlocks
from chainrule.distributed.exact import gradient_of_block
from chainrule.distributed.partitions import partitions
from chainrule.distributed.prepare import Preparation, prepare
from chainrule.distributed.rounds import Turn, train_block
from chainrule.distributed.summary import Moments, PartitionSplit
from chainrule.distributed.work import ClusterError, Work
from chainrule.estimators.solving import recipe_of
from chainrule.network.backward import backward
from chainrule.network.forward import forward
from chainrule.train.engine import beginning
from tests.support.clusters import SIZES, TOGETHER, bitwise, cluster, divided, table

pytestmark = [*TOGETHER]
pytestmark.append(pytest.mark.filterwarnings("ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning"))
pytestmark.append(pytest.mark.filterwarnings("ignore:lbfgs failed:sklearn.exceptions.ConvergenceWarning"))

X, Y = table()
WEIGHT = np.random.default_rng(1).uniform(0, 3, len(Y)) * (np.arange(len(Y)) % 5 > 0)
FULL = (100, 25, 75, 25)
SMALL = {"hidden_layer_sizes": (5,), "activation": "tanh", "random_state": 3, "max_iter": 3}


# ---------------------------------------------------------------- the gradient


@pytest.mark.parametrize(
    ("hidden", "output", "loss", "k"),
    [
        (["tanh"], "softmax", "cross_entropy", 3),
        (["relu", "gelu"], "sigmoid", "binary_cross_entropy", 2),
        (["sigmoid"], "identity", "half_squared_error", 1),
        (["elu", "silu"], "softmax", "squared_error", 3),
        ([], "identity", "huber", 2),
        (["softplus"], "exp", "poisson", 1),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_the_sum_over_partitions_is_the_gradient_of_one_machine(client, hidden, output, loss, k, weighted):
    net = cr.Network.random([6, *(4 for _ in hidden), k], hidden, output, loss, "sum", seed=2)
    x = (X - X.mean(0)) / X.std(0)
    y = np.random.default_rng(0).uniform(0.05, 0.95, (len(x), k))
    weight = WEIGHT if weighted else None
    parts = partitions(divided(x), divided(y), None if weight is None else divided(weight))
    how = Preparation(None, None, None, k, None, loss, net.loss_rule.target_range, np.float64)
    work = Work(client)
    ready = work.map("prepare-partition", prepare, parts.parts, how, PartitionSplit(0, 0.0))
    found = work.total("gradient", gradient_of_block, RowBlocks.of(ready), net.flat, net)
    expected = backward(forward(net, x), y, weight)
    assert found.rows == len(x)
    assert found.weight == pytest.approx(len(x) if weight is None else weight.sum(), rel=1e-13)
    assert found.loss == pytest.approx(expected.L, rel=1e-12)
    assert np.abs(found.grad - expected.flat).max() <= 1e-12 * np.abs(expected.flat).max()


def test_moments_add_up_to_those_of_all_rows():
    weight = np.random.default_rng(0).uniform(0, 2, len(X))
    for w in (None, weight):
        pieces = np.split(np.arange(len(X)), np.cumsum(SIZES)[:-1])
        total = Moments.of(X[:0])
        for rows in pieces:
            total = total + Moments.of(X[rows], None if w is None else w[rows])
        mean = np.average(X, axis=0, weights=w)
        assert np.allclose(total.mean, mean, rtol=1e-13)
        assert np.allclose(total.spread / total.count, np.average((X - mean) ** 2, axis=0, weights=w), rtol=1e-12)


# ---------------------------------------------------------------- the same as one machine


@pytest.mark.parametrize(
    ("extra", "weight"),
    [
        ({}, None),
        ({"class_weight": "balanced"}, WEIGHT),
        ({"class_weight": {0: 2.0, 1: 0.5}}, None),
        ({"alpha": 0.1}, WEIGHT),
    ],
)
def test_lbfgs_is_that_of_one_machine(client, extra, weight):
    settings = SMALL | extra | {"solver": "lbfgs", "max_iter": 4}
    z = (X - X.mean(0)) / X.std(0)
    mine = MLPClassifier(**settings, client=client)
    mine.fit(divided(z), divided(Y), None if weight is None else divided(weight))
    theirs = cr.MLPClassifier(**settings).fit(z, Y, weight)
    assert mine.loss_curve_[0] == pytest.approx(theirs.loss_curve_[0], rel=1e-9)
    assert mine.loss_ == pytest.approx(theirs.loss_, rel=1e-5)
    for a, b in zip(mine.coefs_, theirs.coefs_, strict=True):
        assert np.allclose(a, b, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("solver", ["adam", "sgd", "adamw"])
def test_a_step_of_all_rows_is_that_of_one_machine_with_one_batch(client, solver):
    settings = SMALL | {"solver": solver, "learning_rate_init": 0.05}
    z = (X - X.mean(0)) / X.std(0)
    mine = MLPClassifier(**settings, client=client).fit(divided(z), divided(Y))
    theirs = cr.MLPClassifier(**settings, batch_size=len(z), shuffle=False).fit(z, Y)
    assert all(epoch.health == () for epoch in mine.history_)  # which is not observed here
    assert np.allclose(mine.loss_curve_, theirs.loss_curve_, rtol=1e-11)
    for a, b in zip(mine.coefs_ + mine.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        assert np.allclose(a, b, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("loss", ["squared_error", "poisson", "huber"])
def test_a_regression_is_that_of_one_machine(client, loss):
    z = (X - X.mean(0)) / X.std(0)
    y = np.abs(z[:, 0] + 0.3 * z[:, 1] ** 2) if loss == "poisson" else np.column_stack([z[:, 0], z[:, 1] ** 2])
    settings = SMALL | {"loss": loss, "solver": "adam", "learning_rate_init": 0.02}
    mine = MLPRegressor(**settings, client=client).fit(divided(z), divided(y))
    theirs = cr.MLPRegressor(**settings, batch_size=len(z), shuffle=False).fit(z, y)
    assert np.allclose(mine.loss_curve_, theirs.loss_curve_, rtol=1e-10)
    assert np.allclose(mine.predict(divided(z)).compute(), theirs.predict(z), rtol=1e-8)
    assert mine.score(divided(z), divided(y)) == pytest.approx(theirs.score(z, y), rel=1e-9)


# ---------------------------------------------------------------- any number of workers


@pytest.mark.parametrize(
    "settings",
    [
        {"solver": "lbfgs"},
        {"solver": "adam", "steps_per_epoch": 3},
        {"solver": "sgd", "early_stopping": True, "validation_fraction": 0.3, "standardize": True},
        {"mode": "minibatches", "batch_size": 20, "early_stopping": True, "validation_fraction": 0.3},
        {"mode": "rounds", "batch_size": 16, "local_steps": 2, "dropout": 0.2},
        {"mode": "rounds", "batch_size": 32, "early_stopping": True, "validation_fraction": 0.3, "persist": False},
    ],
    ids=lambda settings: "-".join(map(str, settings.values())),
)
def test_the_weights_are_the_same_on_any_number_of_workers(clients, settings):
    assert [len(client.scheduler_info()["workers"]) for client in clients] == [1, 3]
    settings = SMALL | {"max_iter": 2} | settings
    one, three = (MLPClassifier(**settings, client=client).fit(divided(X), divided(Y)) for client in clients)
    assert bitwise(one, three)
    assert one.loss_curve_ == three.loss_curve_


def test_another_partitioning_gives_another_sum_and_the_same_training(client):
    settings = SMALL | {"solver": "adam", "learning_rate_init": 0.05, "standardize": True}
    one = MLPClassifier(**settings, client=client).fit(divided(X), divided(Y))
    other = MLPClassifier(**settings, client=client).fit(X, Y)
    assert not bitwise(one, other)
    for a, b in zip(one.coefs_, other.coefs_, strict=True):
        assert np.allclose(a, b, rtol=1e-8, atol=1e-10)


# ---------------------------------------------------------------- rounds


def test_a_round_is_the_average_of_what_the_partitions_trained(client):
    settings = SMALL | {"mode": "rounds", "batch_size": 16, "local_steps": 3, "max_iter": 1, "learning_rate_init": 0.01}
    sizes = (48, 48)
    x, y = X[:96], Y[:96]
    both = MLPClassifier(**settings, client=client).fit(divided(x, sizes), divided(y, sizes))
    random = np.random.RandomState(3)
    start = MLPClassifier(**settings | {"warm_start": False})
    start.n_outputs_ = 3
    start._learn_classes(np.arange(3))
    objective = start._objective()
    start._begin([6, 5, 3], ("tanh",), objective, random, np.float64, True)
    network = start._now()
    network = cr.Network(network.weights, network.biases, network.hidden, network.output, network.loss)
    recipe = replace(recipe_of(start, objective, random, network, 16), health=False)
    how = Preparation(None, None, np.array([0, 1, 2]), 3, None, "cross_entropy", (0.0, 1.0), np.float64)
    trained = []
    for part in partitions(divided(x, sizes), divided(y, sizes)).parts:
        ready = prepare(part.compute(scheduler="sync"), how, PartitionSplit(0, 0.0))
        turn = Turn(1, 0, np.full(3, 0.01))
        trained.append(train_block(ready, beginning(network, recipe), (network, recipe), turn))
    past = train_block(ready, beginning(network, recipe), (network, recipe), Turn(1, 3, np.full(3, 0.01)))
    assert (past.rows, past.loss, past.right, past.failed, past.values.any()) == (0, 0.0, 0, 0, False)
    expected = network.with_flat((trained[0] + trained[1]).values[0] / 96)
    assert [t.rows for t in trained] == [48, 48]
    for a, b in zip(both.coefs_, expected.weights, strict=True):
        assert np.allclose(a.T, b, rtol=1e-12)


def test_rounds_learn(client):
    x, y = table(4000, seed=5)
    sizes = (1000, 1500, 500, 1000)
    est = MLPClassifier(
        (20,), mode="rounds", client=client, random_state=0, standardize=True, max_iter=15, batch_size=20,
        learning_rate_init=0.02,
    ).fit(divided(x, sizes), divided(y, sizes))  # fmt: skip
    assert est.score(divided(x, sizes), divided(y, sizes)) > 0.93


# ---------------------------------------------------------------- what comes out


def test_the_standardisation_is_a_part_of_the_network(client):
    est = MLPClassifier(**SMALL, standardize=True, client=client).fit(divided(X), divided(Y))
    assert est.predict_proba(divided(X)).compute() == pytest.approx(est.network_.forward(X).yhat, rel=1e-12)
    plain = MLPClassifier(**SMALL, client=client).fit(divided((X - X.mean(0)) / X.std(0)), divided(Y))
    assert np.allclose(est.predict_proba(X), plain.predict_proba((X - X.mean(0)) / X.std(0)), rtol=1e-7)


def test_the_network_can_be_explained_saved_and_pickled(client, tmp_path):
    est = MLPClassifier(**SMALL, client=client).fit(divided(X), divided(Y))
    assert isinstance(est.network_, cr.Network)
    assert cr.explain(est.network_, X[0], int(Y[0]), "dL/dW_111").check.ok
    cr.save(est.network_, tmp_path / "model.safetensors")
    assert np.array_equal(cr.load(tmp_path / "model.safetensors").flat, est.network_.flat)
    est.client = None
    assert bitwise(pickle.loads(pickle.dumps(est)), est)
    assert clone(est).get_params()["local_steps"] == 100


def test_predictions_are_lazy_and_partition_wise(client):
    est = MLPClassifier(**SMALL, client=client).fit(divided(X), divided(Y))
    lazy = est.predict(divided(X))
    assert isinstance(lazy, da.Array)
    assert lazy.numblocks == (len(SIZES),)
    assert lazy.dtype == est.classes_.dtype
    assert np.array_equal(lazy.compute(), cr.MLPClassifier.predict(est, X))
    proba = est.predict_proba(divided(X))
    assert proba.shape[1] == 3
    assert np.allclose(proba.compute(), cr.MLPClassifier.predict_proba(est, X), rtol=1e-12)
    assert np.array_equal(est.predict(X), lazy.compute())
    assert est.score(divided(X), divided(Y)) == pytest.approx(float((lazy.compute() == Y).mean()))


@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_labels_of_every_kind_and_float32(client, kind):
    once = SMALL | {"max_iter": 1}
    words = np.array(["red", "green", "blue"])[Y]
    est = MLPClassifier(**once, client=client).fit(divided(X.astype(kind)), divided(words.astype("<U5")))
    assert est.classes_.tolist() == ["blue", "green", "red"]
    assert set(est.predict(divided(X)).compute()) <= set(est.classes_)
    assert {W.dtype for W in est.coefs_} == {np.dtype(kind)}
    two = MLPClassifier(**once, client=client).fit(divided(X.astype(kind)), divided(Y == 0))
    assert two.out_activation_ == "logistic"
    assert two.predict_proba(divided(X)).compute().shape == (len(X), 2)
    several = np.column_stack([Y > 0, X[:, 0] > 0]).astype(int)
    many = MLPClassifier(**once, client=client).fit(divided(X.astype(kind)), divided(several))
    assert many.predict(divided(X)).compute().shape == several.shape


def test_a_dataframe_of_parquet_csv_and_zarr(client, tmp_path):
    dd = pytest.importorskip("dask.dataframe")
    import pandas as pd

    once = SMALL | {"max_iter": 1}
    frame = pd.DataFrame(X, columns=[f"c{j}" for j in range(6)]).assign(y=Y)
    dd.from_pandas(frame, npartitions=4).to_parquet(tmp_path / "parquet")
    frame.iloc[:100].to_csv(tmp_path / "a.csv", index=False)
    frame.iloc[100:].to_csv(tmp_path / "b.csv", index=False)
    fitted = []
    for read in (dd.read_parquet(tmp_path / "parquet"), dd.read_csv(str(tmp_path / "*.csv"))):
        est = MLPClassifier(**once, standardize=True, client=client).fit(read.drop(columns="y"), read["y"])
        assert est.feature_names_in_.tolist() == [f"c{j}" for j in range(6)]
        assert len(est.predict(read.drop(columns="y")).compute()) == len(Y)
        assert 0 < est.score(read.drop(columns="y"), read["y"]) <= 1
        fitted.append(est)
    for a, b in zip(fitted[0].coefs_, fitted[1].coefs_, strict=True):
        assert np.allclose(a, b, rtol=1e-6, atol=1e-9)
    da.from_array(X, chunks=(60, 3)).to_zarr(str(tmp_path / "x.zarr"))
    est = MLPClassifier(**once, client=client).fit(da.from_zarr(str(tmp_path / "x.zarr")), da.from_array(Y, chunks=75))
    assert est.n_features_in_ == 6


def test_early_stopping_and_rows_of_ones_own(client):
    settings = SMALL | {"max_iter": 5, "learning_rate_init": 0.05, "standardize": True, "n_iter_no_change": 3}
    est = MLPClassifier(**settings, early_stopping=True, validation_fraction=0.3, client=client)
    est.fit(divided(X), divided(Y))
    assert len(est.validation_scores_) == est.n_iter_
    assert est.best_validation_score_ == max(est.validation_scores_)
    own = MLPClassifier(**settings, client=client).fit(
        divided(X[:200], (120, 80)), divided(Y[:200], (120, 80)), validation_data=(divided(X[200:], (25,)), Y[200:])
    )
    expected = float((own.predict(X[200:]) == Y[200:]).mean())
    assert own.validation_scores_[-1] == pytest.approx(expected)


def test_a_warm_start_goes_on(client):
    settings = SMALL | {"solver": "lbfgs", "standardize": True, "warm_start": True}
    est = MLPClassifier(**settings, client=client).fit(divided(X), divided(Y))
    first = est.loss_
    est.fit(divided(X), divided(Y))
    assert est.loss_ < first


# ---------------------------------------------------------------- bad input


def bad(change):
    x, y = X.copy(), Y.astype(float)
    change(x, y)
    return divided(x), divided(y)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (bad(lambda x, y: x.__setitem__((10, 2), np.nan)), r"partition 3 of 6: X, column 3.*nan in row 4"),
        (bad(lambda x, y: y.__setitem__(130, np.nan)), r"partition 4 of 6: y.*nan in row 4"),
        ((divided(X), divided(Y[:-1], (*SIZES[:-1], 63))), r"partition 6 of 6: y: expected 64 rows"),
        ((divided(X, FULL), Y[:-3]), r"225 rows, as X"),
        ((divided(X, FULL), divided(Y[:-3], (*FULL[:-1], 22))), r"225 rows, as X"),
        ((divided(X), Y), r"a Dask collection, as X is one"),
        ((divided(X), divided(Y, FULL)), r"6 partitions, as X"),
        ((divided(X, FULL)[:, :0], divided(Y, FULL)), r"d at least 1"),
        ((divided(X), divided(Y * 0)), r"two classes"),
        ((divided(X).astype(str), divided(Y)), r"X: expected numbers"),
    ],
)
def test_a_bad_partition_is_named(client, data, message):
    with pytest.raises(cr.InputError, match=message):
        MLPClassifier(**SMALL, client=client).fit(*data)


@pytest.mark.parametrize(
    ("held", "message"),
    [
        (bad(lambda x, y: x.__setitem__((10, 2), np.nan)), r"validation partition 3 of 6: X, column 3.*nan in row 4"),
        (bad(lambda x, y: y.__setitem__(130, 9)), r"validation partition 4 of 6: y: expected one of the classes"),
        ((divided(X)[:, :4], divided(Y)), r"validation X: expected 6 columns"),
    ],
)
def test_a_bad_partition_of_ones_own_validation_is_named(client, held, message):
    with pytest.raises(cr.InputError, match=message):
        MLPClassifier(**SMALL, client=client).fit(divided(X), divided(Y), validation_data=held)


def test_a_partition_that_cannot_be_read_is_named(client):
    import dask.dataframe as dd
    import pandas as pd

    def read(part):
        if part == 2:
            raise OSError("the disk is gone")
        return pd.DataFrame({"a": [0.0, 1.0], "y": [0, 1]})

    frame = dd.from_map(read, range(4), meta=pd.DataFrame({"a": [0.0], "y": [0]}))
    with pytest.raises(
        ClusterError, match=r"summary-of-partition: partition 3 \(task '.*'\) failed: OSError: the disk"
    ):
        MLPClassifier(**SMALL).fit(frame[["a"]], frame["y"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"mode": "rounds", "solver": "lbfgs"}, "mode: expected exact"),
        ({"dropout": 0.5}, "dropout: expected 0 in exact mode"),
        ({"batch_size": 32}, "batch_size: expected .auto. in exact mode"),
        ({"scoring": "accuracy"}, "scoring"),
        ({"checkpoint": "x", "random_state": None}, "whole number"),
        ({"client": 7}, "client: expected a distributed.Client"),
        ({"solver": "lbfgs", "early_stopping": True}, "early_stopping: expected none"),
    ],
)
def test_what_a_cluster_does_not_do_is_said(client, settings, message):
    with pytest.raises(cr.InputError, match=message):
        MLPClassifier(**{**SMALL, "client": client, **settings}).fit(divided(X), divided(Y))


def test_partial_fit_is_for_one_machine(client):
    with pytest.raises(cr.InputError, match="partial_fit"):
        MLPClassifier(**SMALL, client=client).partial_fit(divided(X), divided(Y), classes=[0, 1, 2])


def _sleep(part, seconds):
    import time

    time.sleep(seconds)
    return part


def test_a_wait_goes_on_while_a_worker_that_answers_is_at_work(client):
    """Each task takes longer than the bound, and one waits behind another."""
    work = Work(client, timeout=0.7)
    assert work.total("summary", _sleep, RowBlocks.of([1, 2, 3]), 1.0) == 6


def test_the_wait_is_bounded_where_nobody_is_at_work():
    with cluster(0) as nobody:
        work = Work(nobody, timeout=0.5)
        with pytest.raises(ClusterError, match=r"nothing in 0.5 s \(timeout\), 0 of 2 were done; 0 workers are"):
            work.total("summary", _sleep, RowBlocks.of([1, 2]), 1)


def test_divergence_is_said(client):
    with pytest.raises(ValueError, match="non-finite"):
        MLPRegressor(
            **SMALL | {"activation": "identity", "solver": "sgd", "learning_rate_init": 1e100, "max_iter": 60},
            client=client,
        ).fit(divided(X), divided(X[:, 0]))


def test_a_scheduler_that_is_gone_is_said():
    import threading

    import distributed

    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None, silence_logs=50
    ) as local:
        gone = distributed.Client(local)
        work = Work(gone, timeout=30.0)
        threading.Timer(1.0, local.close, [5]).start()
        with pytest.raises(ClusterError, match=r"summary: the scheduler at .* is gone"):
            work.total("summary", _sleep, RowBlocks.of([1, 2]), 3)
        gone.close(timeout=1)


@pytest.mark.parametrize("solver", ["lbfgs", "adam"])
def test_a_checkpoint_of_another_fit_is_refused(client, tmp_path, solver):
    settings = SMALL | {"solver": solver, "checkpoint": tmp_path / "state", "client": client, "max_iter": 2}
    MLPClassifier(**settings).fit(divided(X), divided(Y))
    kept = (tmp_path / "state").read_bytes()
    for change in ({"standardize": True}, {"class_weight": "balanced"}, {"random_state": 4}, {"alpha": 1}):
        with pytest.raises(cr.InputError, match="checkpoint"):
            MLPClassifier(**settings | change).fit(divided(X), divided(Y))
        assert (tmp_path / "state").read_bytes() == kept, change
    with pytest.raises(cr.InputError, match="checkpoint"):
        MLPClassifier(**settings).fit(divided(X * 2), divided(Y))


def test_a_split_is_written_in_checkpoints_as_in_0_1_0():
    assert str(PartitionSplit(3, 0.1)) == "Split(seed=3, share=0.1, test=0.0)"
