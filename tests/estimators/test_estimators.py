"""The scikit-learn estimators: equal to scikit-learn's where both do the same; what they take."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from sklearn import neural_network as theirs
from sklearn.exceptions import ConvergenceWarning, NotFittedError

import chainrule as cr
from chainrule.estimators import MLPClassifier, MLPRegressor, data, lbfgs
from chainrule.estimators.objective import Objective
from chainrule.train import engines
from chainrule.train.engine import Rows, weight_mask
from tests.support.iris import COLUMNS, IRIS, KIND, NAMES, NUMBERS, SEVERAL, TWO, WEIGHT, bitwise, close

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning")

# ---------------------------------------------------------------- the same as scikit-learn

#: with all rows in one batch the order of the rows does not matter, and both must take the same way
SETTINGS = [
    {"solver": "sgd", "learning_rate_init": 0.1},
    {"solver": "sgd", "momentum": 0.5, "nesterovs_momentum": False, "learning_rate": "invscaling", "alpha": 0.5},
    {"solver": "sgd", "momentum": 0, "learning_rate": "adaptive", "tol": 0.1, "n_iter_no_change": 2},
    {
        "solver": "adam",
        "activation": "tanh",
        "beta_1": 0.8,
        "beta_2": 0.99,
        "epsilon": 1e-5,
        "learning_rate_init": 0.01,
    },
    {"solver": "adam", "activation": "logistic", "hidden_layer_sizes": (7, 5), "alpha": 0.1},
    {"solver": "adam", "early_stopping": True, "n_iter_no_change": 3, "learning_rate_init": 0.01},
    {"solver": "adam", "early_stopping": True, "n_iter_no_change": 2, "learning_rate_init": 0.003, "tol": 0.05},
    {"solver": "lbfgs", "max_iter": 8, "alpha": 0.1},
]


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge:sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize(
    "y", [TWO, NAMES, SEVERAL, NUMBERS, COLUMNS[:, :1] ** 2], ids=["2", "3", "labels", "1", "counts"]
)
@pytest.mark.parametrize("settings", SETTINGS, ids=lambda s: "-".join(map(str, s.values())))
def test_with_all_rows_in_one_batch_the_whole_training_is_scikit_learns(settings, y, weight):
    if y is NUMBERS or y.shape == (150, 1):
        kinds, y = (MLPRegressor, theirs.MLPRegressor), y.ravel()
        more = {} if y.min() < 0 else {"loss": "poisson"}
    else:
        kinds, more = (MLPClassifier, theirs.MLPClassifier), {}
    common = {"hidden_layer_sizes": 6, "random_state": 3, "max_iter": 25, "batch_size": 135, **settings, **more}
    if not settings.get("early_stopping"):
        common["batch_size"] = 150
    one, other = (kind(**common).fit(IRIS, y, weight) for kind in kinds)
    assert one.n_iter_ == other.n_iter_
    assert (one.t_, one.n_layers_, one.n_outputs_, one.out_activation_) == (
        other.t_, other.n_layers_, other.n_outputs_, other.out_activation_,
    )  # fmt: skip
    close(one, other, 1e-4 if settings["solver"] == "lbfgs" else 1e-6)
    np.testing.assert_allclose(one.loss_, other.loss_, rtol=1e-6)
    np.testing.assert_allclose(one.score(IRIS, y), other.score(IRIS, y), rtol=1e-5)
    if settings["solver"] != "lbfgs":
        np.testing.assert_allclose(one.loss_curve_, other.loss_curve_, rtol=1e-6)
        assert one._no_improvement_count == other._no_improvement_count
        assert one._optimizer.learning_rate == other._optimizer.learning_rate or settings["solver"] == "adam"
        if settings.get("early_stopping"):
            np.testing.assert_allclose(one.validation_scores_, other.validation_scores_, rtol=1e-5)
            np.testing.assert_allclose(one.best_validation_score_, other.best_validation_score_, rtol=1e-5)
    if kinds[0] is MLPClassifier:
        assert np.array_equal(one.classes_, other.classes_)
        np.testing.assert_allclose(one.predict_proba(IRIS), other.predict_proba(IRIS), rtol=1e-4)
        assert one.predict(IRIS).dtype == other.predict(IRIS).dtype


def test_it_takes_scikit_learns_parameters_and_leaves_its_attributes():
    for ours, their in ((MLPClassifier, theirs.MLPClassifier), (MLPRegressor, theirs.MLPRegressor)):
        known = their().get_params()
        assert {name: value for name, value in ours().get_params().items() if name in known} == known
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            one, other = (kind(max_iter=2).fit(IRIS, KIND) for kind in (ours, their))
        public = {name for name in vars(other) if name.endswith("_")}
        assert public <= set(vars(one))


def reported(network, alpha):
    """scikit-learn's squared_error with its penalty, of all rows of IRIS and COLUMNS."""
    error = network.forward(IRIS)["yhat"] - COLUMNS
    return (error**2).mean() / 2 + alpha / (2 * 150) * sum((W**2).sum() for W in network.weights)


def numerical_gradient(network, alpha):
    theta, steps = network.flat, 1e-5 * np.eye(network.parameter_count)
    ends = ((network.with_flat(theta + step), network.with_flat(theta - step)) for step in steps)
    return np.array([(reported(up, alpha) - reported(down, alpha)) / 2e-5 for up, down in ends])


@pytest.mark.parametrize("solver", ["sgd", "adam"])
def test_the_loss_of_several_outputs_is_scikit_learns_and_a_step_is_along_its_gradient(solver):
    """scikit-learn's gradient is k times as large."""
    common = {"hidden_layer_sizes": 5, "momentum": 0, "batch_size": 150, "random_state": 1, "max_iter": 1, "alpha": 3.0}
    common |= {"solver": solver, "epsilon": 0.1, "activation": "tanh"}
    start = MLPRegressor(**common | {"learning_rate_init": 1e-300}).fit(IRIS, COLUMNS).network_
    one, other = (kind(**common).fit(IRIS, COLUMNS) for kind in (MLPRegressor, theirs.MLPRegressor))
    assert one.loss_ == pytest.approx(other.loss_, rel=1e-12) == pytest.approx(reported(start, 3.0), rel=1e-12)
    step, g = (start.flat - one.network_.flat) / 0.001, numerical_gradient(start, 3.0)
    root = np.sqrt(1 - 0.999)  # Adam's first step: Kingma & Ba 2015, section 2
    np.testing.assert_allclose(
        step, g if solver == "sgd" else root * g / (root * np.abs(g) + 0.1), rtol=1e-5, atol=1e-8
    )


def test_lbfgs_finds_the_least_of_the_reported_loss():
    reg = MLPRegressor(hidden_layer_sizes=3, activation="tanh", solver="lbfgs", random_state=1, tol=1e-6, alpha=2.0)
    reg.set_params(max_iter=2000).fit(IRIS, COLUMNS)
    assert reg.loss_ == pytest.approx(reported(reg.network_, 2.0), rel=1e-12)
    assert np.abs(numerical_gradient(reg.network_, 2.0)).max() < 1e-4
    assert reg.loss_curve_[-1] == reg.loss_ < reg.loss_curve_[0]
    assert reg.converged_


@pytest.mark.parametrize("block", [2048, 40])
@pytest.mark.parametrize("weight", [None, WEIGHT], ids=["", "weighted"])
@pytest.mark.parametrize("kind", [np.asarray, sparse.csr_array])
def test_the_gradient_of_all_rows_is_that_of_backward(monkeypatch, block, weight, kind):
    for module in (lbfgs, engines):
        monkeypatch.setattr(module, "GRADIENT_ROWS", block)
    network = cr.Network.random([4, 5, 3], "tanh", seed=0, reduction="sum")
    whole = lbfgs.FullBatchLoss(
        network, Objective("cross_entropy", "softmax"), Rows(kind(IRIS), KIND, weight), 2.0, None
    )
    mean = cr.Network(network.weights, network.biases, network.hidden)
    b = mean.backward(IRIS, KIND, weight)
    count = 150 if weight is None else weight.sum()
    loss, gradient = whole(np.array(network.flat))
    decayed = network.flat * weight_mask(network)
    assert loss == pytest.approx(b.L + decayed @ decayed / count, rel=1e-12)
    np.testing.assert_allclose(gradient, b.flat + 2.0 * decayed / count, rtol=1e-10, atol=1e-14)


def test_half_squared_error_trains_as_scikit_learn_does_with_several_outputs():
    common = {
        "hidden_layer_sizes": 5,
        "batch_size": 150,
        "random_state": 1,
        "max_iter": 20,
        "solver": "sgd",
        "alpha": 0,
    }
    one = MLPRegressor("half_squared_error", **common).fit(IRIS, COLUMNS)
    other = theirs.MLPRegressor("squared_error", **common).fit(IRIS, COLUMNS)
    close(one, other)
    np.testing.assert_allclose(one.loss_curve_, 3 * np.array(other.loss_curve_))


def test_errors_and_warnings_are_scikit_learns():
    with pytest.raises(NotFittedError):
        MLPClassifier().predict(IRIS)
    with pytest.raises(NotFittedError):
        MLPClassifier().network_  # noqa: B018
    with pytest.raises(ValueError, match="hidden_layer_sizes must be > 0"):
        MLPClassifier(hidden_layer_sizes=(3, 0)).fit(IRIS, KIND)
    with pytest.raises(ValueError, match="The 'solver' parameter of MLPClassifier must be a str among"):
        MLPClassifier(solver="newton").fit(IRIS, KIND)
    with pytest.raises(ValueError, match="X has 3 features, but MLPClassifier is expecting 4"):
        MLPClassifier(max_iter=1).fit(IRIS, KIND).predict(IRIS[:, :3])
    with pytest.raises(ValueError, match="`y` has classes not in"):
        MLPClassifier().partial_fit(IRIS, NAMES, classes=["setosa", "virginica"])
    assert not hasattr(MLPRegressor(solver="lbfgs"), "partial_fit")
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(2\) reached"):
        MLPClassifier(max_iter=2).fit(IRIS, KIND)


def test_what_it_prints_is_scikit_learns(capsys):
    common = {"hidden_layer_sizes": 3, "max_iter": 60, "verbose": True, "random_state": 0, "tol": 0.05, "solver": "sgd"}
    for more in (
        {"n_iter_no_change": 1},
        {"early_stopping": True, "n_iter_no_change": 2},
        {"learning_rate": "adaptive"},
    ):
        printed = []
        for kind in (MLPClassifier, theirs.MLPClassifier):
            kind(**common, **more, batch_size=135 if "early_stopping" in more else 150).fit(IRIS, KIND)
            printed.append(capsys.readouterr().out)
        assert printed[0] == printed[1]
        assert "Iteration 1, loss = " in printed[0]


# ---------------------------------------------------------------- inputs


def test_float32_is_kept():
    for est, y in ((MLPClassifier(5, max_iter=3), KIND), (MLPRegressor(hidden_layer_sizes=5, max_iter=3), NUMBERS)):
        est.fit(IRIS.astype("f4"), y)
        assert {part.dtype for part in [*est.coefs_, *est.intercepts_]} == {np.dtype("f4")}
        assert est.transform(IRIS.astype("f4")).dtype == np.float32
        est.partial_fit(IRIS, y)  # float64 rows do not change it
        assert est.coefs_[0].dtype == np.float32
    with pytest.warns(ConvergenceWarning, match="lbfgs failed to converge"):
        assert (
            MLPRegressor(hidden_layer_sizes=5, solver="lbfgs", max_iter=3)
            .fit(IRIS.astype("f4"), NUMBERS)
            .coefs_[0]
            .dtype
            == np.float32
        )


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csr_array, sparse.csc_matrix])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_sparse_rows_are_the_same_as_dense_ones(kind, solver):
    x = np.where(np.abs(IRIS) > 0.5, IRIS, 0)
    dense, thin = (
        MLPClassifier(5, solver=solver, random_state=0, max_iter=60, tol=0.1).fit(X, NAMES) for X in (x, kind(x))
    )
    assert bitwise(dense, thin)
    assert np.array_equal(dense.predict_proba(x), thin.predict_proba(kind(x)))


def test_many_sparse_rows_are_made_dense_in_blocks(monkeypatch):
    monkeypatch.setattr(data, "DENSE_BYTES", 0)
    monkeypatch.setattr(data, "BLOCK_BYTES", 40 * 4 * 8)
    made = []
    monkeypatch.setattr(data, "Rows", lambda x, *rest: made.append(x.shape[0]) or solving_rows(x, *rest))
    x = sparse.csr_array(np.where(np.abs(IRIS) > 0.5, IRIS, 0))
    for y in (NAMES, TWO):
        clf = MLPClassifier(8, random_state=0, max_iter=30, batch_size=20, learning_rate_init=0.01).fit(x, y, WEIGHT)
        assert clf.score(x, y) > 0.9
        assert made[1:5] == [40, 40, 40, 30]
        made.clear()
    whole = MLPRegressor(hidden_layer_sizes=8, random_state=0, max_iter=5, batch_size=150).fit(x.toarray(), NUMBERS)
    close(whole, MLPRegressor(hidden_layer_sizes=8, random_state=0, max_iter=5, batch_size=150).fit(x, NUMBERS), 1e-9)


solving_rows = data.Rows


def test_read_only_rows_are_enough():
    one = MLPClassifier(3, max_iter=1, random_state=0).fit(IRIS, KIND)
    frozen = IRIS.copy()
    frozen.setflags(write=False)
    close(one, MLPClassifier(3, max_iter=1, random_state=0).fit(frozen, KIND), 0)
