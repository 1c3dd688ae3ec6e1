"""Several networks as one estimator: each as alone, the mean of what they give, what is refused."""

import pickle
import signal
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.exceptions import NotFittedError

import chainrule as cr
from chainrule.errors import InputError
from chainrule.estimators import MLPClassifier, MLPRegressor, ensemble
from chainrule.estimators.lbfgs import FullBatchLoss, minimise
from chainrule.estimators.objective import Objective
from chainrule.storage import from_sklearn
from chainrule.train.callbacks import EarlyStopping
from chainrule.train.engine import Rows
from tests.support.sample import draws

IRIS, KIND = load_iris(return_X_y=True)
DIABETES, SUGAR = load_diabetes(return_X_y=True)
QUICK = {"hidden_layer_sizes": (5,), "max_iter": 3, "random_state": 0}

pytestmark = [
    pytest.mark.filterwarnings("ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:lbfgs failed to converge:sklearn.exceptions.ConvergenceWarning"),
]


def alone(one):
    """The estimator of one network with a member's parameters, not fitted."""
    return clone(one)


def same_networks(some, others):
    for a, b in zip(some, others, strict=True):
        np.testing.assert_array_equal(a.flat, b.flat)


@st.composite
def estimators(draw):
    """An estimator of several networks, not fitted; the rows; the arguments of its fit."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    n, d, dtype = draw(st.integers(12, 40)), draw(st.integers(1, 4)), draw(st.sampled_from(["float32", "float64"]))
    x, solver = rng.normal(size=(n, d)).astype(dtype), draw(st.sampled_from(["sgd", "adam", "adamw", "lbfgs"]))
    settings = {
        "hidden_layer_sizes": draw(st.lists(st.integers(1, 6), max_size=2)), "max_iter": draw(st.integers(1, 4)),
        "activation": draw(st.sampled_from(["relu", "tanh", "logistic"])), "solver": solver,
        "dropout": draw(st.sampled_from([0.0, 0.2])) if solver != "lbfgs" else 0.0,
        "early_stopping": draw(st.booleans()) and solver != "lbfgs", "validation_fraction": 0.4,
        "batch_size": draw(st.sampled_from(["auto", 5])), "random_state": draw(st.integers(0, 9)),
        "n_models": draw(st.integers(2, 4)), "n_threads": draw(st.sampled_from([None, 1, 3])),
    }  # fmt: skip
    weight = rng.uniform(0.5, 2, n) if draw(st.booleans()) else None
    if draw(st.booleans()):
        return MLPRegressor(**settings), x, rng.normal(size=(n, draw(st.integers(1, 2)))), weight
    classes = draw(st.integers(2, 3))
    return MLPClassifier(**settings), x, np.array(["a", "b", "c"])[np.arange(n) % classes], weight


@given(estimators())
@draws(12)
@pytest.mark.filterwarnings("ignore")
def test_each_network_is_what_one_estimator_learns_and_the_answer_is_their_mean(given):
    est, x, y, weight = given
    est.fit(x, y, weight)
    singles = [alone(one).fit(x, y, weight) for one in est.estimators_]
    assert len(singles) == est.n_models == len({one.random_state for one in singles})
    same_networks(est.networks_, [one.network_ for one in singles])
    assert [a.loss_curve_ for a in est.estimators_] == [b.loss_curve_ for b in singles]
    how = "predict_proba" if isinstance(est, MLPClassifier) else "predict"
    answer, answers = getattr(est, how)(x), [getattr(one, how)(x) for one in singles]
    assert answer.dtype == answers[0].dtype
    np.testing.assert_allclose(answer, np.mean(answers, axis=0), rtol=1e-5, atol=1e-6)
    if how == "predict_proba":
        np.testing.assert_array_equal(est.predict(x), est.classes_[answer.argmax(axis=1)])


def test_a_fixed_seed_gives_the_same_on_any_number_of_threads():
    found = [MLPClassifier(**QUICK, n_models=5, n_threads=t).fit(IRIS, KIND) for t in (1, 2, 4)]
    for other in found[1:]:
        same_networks(found[0].networks_, other.networks_)
        np.testing.assert_array_equal(found[0].predict_proba(IRIS), other.predict_proba(IRIS))


def test_several_labels_at_once_are_averaged_too():
    labels = np.stack([KIND == 0, KIND == 1], axis=1).astype(int)
    clf = MLPClassifier(**QUICK, n_models=3).fit(IRIS, labels)
    mean = np.mean([one.predict_proba(IRIS) for one in clf.estimators_], axis=0)
    np.testing.assert_allclose(clf.predict_proba(IRIS), mean)
    np.testing.assert_array_equal(clf.predict(IRIS), mean > 0.5)


def test_networks_can_be_explained():
    clf = MLPClassifier(**QUICK, n_models=2).fit(IRIS, KIND)
    first, second = (cr.explain(net, IRIS[0], KIND[0], "dL/dW_111").value for net in clf.networks_)
    assert first != second
    one = MLPClassifier(**QUICK).fit(IRIS, KIND)
    same_networks(one.networks_, [one.network_])


def test_partial_fit_and_warm_start_train_each_further():
    clf = MLPClassifier(**QUICK, n_models=3)
    for _ in range(3):
        clf.partial_fit(IRIS, KIND, classes=[0, 1, 2])
    for one in clf.estimators_:
        single = alone(one)
        for _ in range(3):
            single.partial_fit(IRIS, KIND, classes=[0, 1, 2])
        same_networks([one.network_], [single.network_])
    assert len(clf.loss_curve_) == 3
    warm = MLPRegressor(**QUICK, n_models=2, warm_start=True).fit(DIABETES, SUGAR)
    warm.set_params(max_iter=2, learning_rate_init=0.1).fit(DIABETES, SUGAR)
    for one in warm.estimators_:
        single = alone(one).set_params(max_iter=3, learning_rate_init=0.001).fit(DIABETES, SUGAR)
        single.set_params(max_iter=2, learning_rate_init=0.1).fit(DIABETES, SUGAR)
        same_networks([one.network_], [single.network_])
    assert len(warm.loss_curve_) == 5
    for count in (1, 3):
        with pytest.raises(InputError, match=rf"n_models: expected 2, as in what is trained further; got {count}"):
            warm.set_params(n_models=count).fit(DIABETES, SUGAR)


def test_a_new_fit_leaves_nothing_of_an_earlier_one():
    clf = MLPClassifier(**QUICK).fit(IRIS, KIND)
    fresh = set(vars(MLPClassifier(**QUICK, n_models=2).fit(IRIS, KIND)))
    assert set(vars(clf.set_params(n_models=2).fit(IRIS, KIND))) == fresh
    again = clf.set_params(n_models=1).fit(IRIS, KIND)
    assert set(vars(again)) == set(vars(MLPClassifier(**QUICK).fit(IRIS, KIND)))
    same_networks(again.networks_, [MLPClassifier(**QUICK).fit(IRIS, KIND).network_])


def test_the_loss_is_the_mean_where_one_that_has_stopped_keeps_its_last():
    clf = MLPClassifier(
        4, n_models=4, random_state=0, max_iter=50, learning_rate_init=0.03, tol=0.02, n_iter_no_change=1
    ).fit(IRIS, KIND)
    curves = [one.loss_curve_ for one in clf.estimators_]
    assert len(set(map(len, curves))) > 1
    assert clf.n_iter_ == len(clf.loss_curve_) == max(map(len, curves))
    for epoch, loss in enumerate(clf.loss_curve_):
        assert loss == pytest.approx(np.mean([c[min(epoch, len(c) - 1)] for c in curves]))
    assert clf.loss_ == pytest.approx(clf.loss_curve_[-1])
    assert clf.converged_
    assert len(cr.TrainingCurveDisplay.from_estimator(clf).line_.get_ydata()) == clf.n_iter_


def test_hidden_units_stand_side_by_side():
    clf = MLPClassifier(**QUICK, n_models=3).fit(IRIS, KIND)
    units = clf.transform(IRIS)
    np.testing.assert_array_equal(units, np.hstack([one.transform(IRIS) for one in clf.estimators_]))
    assert len(clf.get_feature_names_out()) == units.shape[1] == 15


def test_it_pickles():
    clf = MLPClassifier(**QUICK, n_models=2).fit(IRIS, KIND)
    again = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(again.predict_proba(IRIS), clf.predict_proba(IRIS))
    again.partial_fit(IRIS, KIND)


def test_what_one_network_has_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"checkpoint: expected none with n_models above 1; got "):
        MLPClassifier(**QUICK, n_models=2, checkpoint=str(tmp_path / "c")).fit(IRIS, KIND)
    with pytest.raises(InputError, match=r"callbacks: expected none with n_models above 1; got "):
        MLPClassifier(**QUICK, n_models=2, callbacks=[EarlyStopping()]).fit(IRIS, KIND)
    clf = MLPClassifier(**QUICK, n_models=2)
    with pytest.raises(NotFittedError):
        _ = clf.networks_
    clf.fit(IRIS, KIND)
    with pytest.raises(AttributeError, match=r"network_: expected one network \(n_models=1\); got 2: see networks_"):
        _ = clf.network_
    assert not hasattr(clf, "coefs_")
    with pytest.raises(InputError, match=r"estimator: expected one network; got MLPClassifier of 2; its networks_"):
        from_sklearn(clf)


def test_one_that_diverges_ends_the_fit_with_what_to_try():
    reg = MLPRegressor(hidden_layer_sizes=4, n_models=3, solver="sgd", learning_rate_init=1e200, random_state=0)
    with pytest.raises(ValueError, match="try a learning rate below"):
        reg.fit(DIABETES, SUGAR)


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_keeps_the_networks_that_have_begun(threads):
    clf = MLPClassifier(4, max_iter=500_000, n_iter_no_change=np.inf, random_state=0, n_models=5, n_threads=threads)
    timer = threading.Timer(0.5, signal.raise_signal, [signal.SIGINT])
    timer.start()
    with pytest.warns(UserWarning, match="Training interrupted by user") as told:
        clf.fit(IRIS, KIND)
    timer.join()
    assert len(told) == 1
    assert told[0].filename == __file__
    assert len(clf.estimators_) == len(clf.networks_) == threads
    assert clf.n_iter_ > 1
    assert clf.predict(IRIS[:3]).shape == (3,)
    with pytest.raises(InputError, match=f"n_models: expected {threads}, as in what is trained further; got 5"):
        clf.partial_fit(IRIS, KIND)


def test_l_bfgs_is_stopped_from_elsewhere():
    stop = threading.Event()
    stop.set()
    network = cr.Network.random([4, 3, 3], seed=0).summed()
    loss = FullBatchLoss(network, Objective("cross_entropy", "softmax"), Rows(IRIS, KIND), 0.0, 1)
    solved = minimise(loss, 1e-4, 100, 100, False, stop)
    assert solved.result is None
    np.testing.assert_array_equal(solved.theta, network.flat)


def test_threads_are_those_of_the_place(monkeypatch):
    asked = []
    monkeypatch.setattr(ensemble, "side_by_side", lambda jobs, threads, stop: asked.append(threads) or [])
    monkeypatch.setattr(ensemble, "cores", lambda: 7)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    MLPClassifier(**QUICK, n_models=2).fit(IRIS, KIND)
    MLPClassifier(**QUICK, n_models=2, n_threads=3).fit(IRIS, KIND)
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    MLPClassifier(**QUICK, n_models=2).fit(IRIS, KIND)
    assert asked == [7, 3, 2]
