"""What a fit on a cluster leaves behind, also where it fails; data that change; copies of an estimator."""

import pickle

import dask
import dask.array as da
import distributed
import numpy as np
import pytest
from sklearn.base import clone

import chainrule as cr
from chainrule.distributed import MLPClassifier, MLPRegressor
from chainrule.distributed.blocks import RowBlocks
from chainrule.distributed.exact import ClusterLoss, PartGradient
from chainrule.distributed.replay import Log
from chainrule.distributed.work import Work, client_of
from chainrule.estimators.objective import Objective
from tests.support.clusters import TOGETHER, bitwise, divided, table

pytestmark = [*TOGETHER]
pytestmark.append(pytest.mark.filterwarnings("ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning"))
pytestmark.append(pytest.mark.filterwarnings("ignore:lbfgs failed:sklearn.exceptions.ConvergenceWarning"))

X, Y = table()
SMALL = {"hidden_layer_sizes": (5,), "activation": "tanh", "random_state": 3, "max_iter": 4}


def test_a_fit_that_fails_leaves_the_estimator_as_it_was(client):
    est = MLPClassifier(**SMALL, standardize=True, warm_start=True, client=client).fit(divided(X), divided(Y))
    before = est.predict_proba(X)
    with pytest.raises(cr.InputError, match="validation X"):
        est.fit(divided(X), divided(Y), validation_data=(divided(X[:, :3]), divided(Y)))
    assert np.array_equal(est.predict_proba(X), before)
    bad = X.copy()
    bad[5, 1] = np.inf
    with pytest.raises(cr.InputError, match="partition 1 of 6"):
        est.fit(divided(bad), divided(Y))
    assert np.array_equal(est.predict_proba(X), before)


def test_earlier_lazy_predictions_stay_those_of_the_earlier_fit(client):
    est = MLPClassifier(**SMALL, standardize=True, warm_start=True, client=client).fit(divided(X), divided(Y))
    lazy, now = est.predict_proba(divided(X)), est.predict_proba(X)
    est.fit(divided(X), divided(Y))
    assert np.allclose(lazy.compute(), now, rtol=1e-12)
    assert not np.allclose(est.predict_proba(X), now)


@pytest.mark.parametrize("then", [True, False])
def test_the_best_of_early_stopping_is_of_the_same_columns(client, then):
    settings = SMALL | {"max_iter": 5, "learning_rate_init": 0.1, "warm_start": True, "early_stopping": True}
    est = MLPClassifier(**settings, validation_fraction=0.3, standardize=True, client=client)
    first = est.fit(divided(X), divided(Y)).score(X, Y)
    est.set_params(standardize=then, learning_rate_init=1e-9, max_iter=1)
    assert est.fit(divided(X), divided(Y)).score(X, Y) == pytest.approx(first, abs=0.01)


@pytest.mark.parametrize("settings", [{"solver": "lbfgs"}, {"solver": "adam"}, {"mode": "rounds", "batch_size": 16}])
def test_rows_that_vanish_between_passes_are_noticed(client, settings, tmp_path, monkeypatch):
    gone, total = tmp_path / "gone", Work.total

    def then_gone(work, what, *rest, **more):
        found = total(work, what, *rest, **more)
        gone.touch()
        return found

    def piece(which):
        x = X[:30] if gone.exists() else X[:40]
        return x if which == "x" else (x[:, 0] > X[:30, 0].mean()).astype(int)

    monkeypatch.setattr(Work, "total", then_gone)
    x = da.from_delayed(dask.delayed(piece, pure=False)("x"), (np.nan, 6), float)
    y = da.from_delayed(dask.delayed(piece, pure=False)("y"), (np.nan,), int)
    with pytest.raises(cr.InputError, match="as in the first pass; got 30: the data have changed"):
        MLPClassifier(**SMALL | settings | {"max_iter": 50}, persist=False, client=client).fit(x, y)


def test_a_log_keeps_answers_that_are_infinite(tmp_path):
    net = cr.Network.random([6, 3, 2], seed=0).summed()
    theta = net.flat

    class Overflows:
        rows = 225
        asked = 0

        def send(self, value):
            return value

        def total(self, *_, **more):
            self.asked += 1
            return PartGradient(np.inf, np.full_like(theta, np.nan), 0, 225.0, 225)

    for _ in range(2):  # the second time from the log alone
        log, work = Log(tmp_path / "log", "a fit", len(theta)), Overflows()
        loss, grad = ClusterLoss(net, Objective("cross_entropy", "softmax"), work, [], 0.1, log)(theta)
        log.close()
        assert loss == np.inf
        assert np.isnan(grad).all()
    assert work.asked == 0


def test_labels_as_objects_keep_their_kind(client):
    numbers = MLPClassifier(**SMALL, client=client).fit(divided(X), divided(Y.astype(object)))
    assert numbers.classes_.tolist() == [0, 1, 2]
    assert bitwise(numbers, MLPClassifier(**SMALL, client=client).fit(divided(X), divided(Y)))
    words = np.array(["a", "b", "c"], dtype=object)[Y]
    assert MLPClassifier(**SMALL, client=client).fit(divided(X), divided(words)).classes_.tolist() == ["a", "b", "c"]
    mixed = words.copy()
    mixed[3] = 7
    with pytest.raises(cr.InputError, match="partition 1 of 6: y: expected text throughout"):
        MLPClassifier(**SMALL, client=client).fit(divided(X), divided(mixed))
    words[150] = None
    with pytest.raises(cr.InputError, match="partition 4 of 6: y: expected a value in every row; got none in row 24"):
        MLPClassifier(**SMALL, client=client).fit(divided(X), divided(words))


def test_validation_losses_of_poisson_are_those_of_one_machine(client):
    z, y = (X - X.mean(0)) / X.std(0), np.abs(X[:, 0])
    settings = SMALL | {"loss": "poisson", "learning_rate_init": 0.01}
    own = (z[:50], y[:50])
    mine = MLPRegressor(**settings, client=client).fit(divided(z), divided(y), validation_data=own)
    theirs = cr.MLPRegressor(**settings, batch_size=len(z), shuffle=False).fit(z, y, validation_data=own)
    assert np.allclose(mine.validation_loss_curve_, theirs.validation_loss_curve_, rtol=1e-9)


def test_weights_of_nothing_and_columns_of_other_names(client):
    with pytest.raises(cr.InputError, match="sample_weight: expected at least one number above 0"):
        MLPClassifier(**SMALL, client=client).fit(divided(X), divided(Y), divided(np.zeros(len(Y))))
    dd = pytest.importorskip("dask.dataframe")
    import pandas as pd

    frame = dd.from_pandas(pd.DataFrame(X, columns=list("abcdef")).assign(y=Y), npartitions=2)
    x, back = frame[list("abcdef")], frame[list("fedcba")]
    with pytest.raises(cr.InputError, match="validation X: expected the columns a, b, c"):
        MLPClassifier(**SMALL, client=client).fit(x, frame["y"], validation_data=(back, frame["y"]))
    est = MLPClassifier(**SMALL, warm_start=True, client=client).fit(x, frame["y"], validation_data=(x, frame["y"]))
    with pytest.raises(cr.InputError, match="as before"):
        est.fit(back, frame["y"])


@pytest.mark.parametrize(("cluster", "one"), [(MLPClassifier, cr.MLPClassifier), (MLPRegressor, cr.MLPRegressor)])
def test_what_one_machine_has_too_has_the_same_default(cluster, one):
    known = {name: value for name, value in one().get_params().items() if name != "n_models"}  # of one machine alone
    assert {name: value for name, value in cluster().get_params().items() if name in known} == known


def test_an_estimator_with_its_client_is_copied(client):
    est = MLPClassifier(**SMALL, client=client).fit(divided(X), divided(Y))
    assert clone(est).client is client
    assert clone(est).get_params()["max_iter"] == 4
    again = pickle.loads(pickle.dumps(est))
    assert again.client is None
    assert bitwise(again, est)


def test_a_client_that_cannot_be_waited_for_is_refused():
    class Asynchronous(distributed.Client):
        def __init__(self):
            self.status = "running"

        asynchronous = True

        def __del__(self):
            pass

    with pytest.raises(cr.InputError, match="not asynchronous"):
        client_of(Asynchronous())


def test_a_checkpoint_in_no_folder_is_refused_before_the_work(tmp_path):
    with pytest.raises(cr.InputError, match="a file in a folder that is there"):
        MLPClassifier(**SMALL, checkpoint=tmp_path / "no" / "state").fit(divided(X), divided(Y))


def test_rounds_without_shuffling_are_another_order(client):
    settings = SMALL | {"mode": "rounds", "batch_size": 16, "client": client}
    kept = MLPClassifier(**settings, shuffle=False).fit(divided(X), divided(Y))
    assert not bitwise(kept, MLPClassifier(**settings).fit(divided(X), divided(Y)))


def test_two_fits_at_once_on_one_client_hear_their_own_partitions(client):
    """Each waits longer than its bound while the other's tasks are in hand."""
    from concurrent.futures import ThreadPoolExecutor

    def slow(seconds):
        work = Work(client, timeout=1.0)
        parts = work.map("piece", _after, list(range(4)), seconds)
        return work.total("sum", _number, RowBlocks.of(parts))

    with ThreadPoolExecutor(2) as pool:
        assert list(pool.map(slow, [0.4, 0.4])) == [6, 6]


def _after(number, seconds):
    import time

    time.sleep(seconds)
    return number


def _number(number):
    return number
