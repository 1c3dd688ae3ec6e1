"""What the estimators do that scikit-learn's do not."""

import pickle

import numpy as np
import pyarrow
import pytest
from sklearn.base import clone
from sklearn.metrics import f1_score, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.utils._param_validation import InvalidParameterError

import chainrule as cr
from chainrule.estimators import MLPClassifier, MLPRegressor, solving
from chainrule.estimators.objective import CLASSIFICATION, REGRESSION
from chainrule.train import loop
from tests.support.iris import COLUMNS, IRIS, KIND, NAMES, NUMBERS, SEVERAL, TWO, WEIGHT, bitwise, close

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("y", [TWO, NAMES, SEVERAL], ids=["2", "3", "labels"])
@pytest.mark.parametrize("loss", CLASSIFICATION)
def test_a_classifier_learns_with_every_loss(loss, y):
    clf = MLPClassifier(30, loss=loss, random_state=0, learning_rate_init=0.01, max_iter=80, batch_size=30).fit(IRIS, y)
    assert clf.score(IRIS, y) > 0.75
    assert clf.loss_ < clf.loss_curve_[0]
    assert ((clf.predict_proba(IRIS) >= 0) & (clf.predict_proba(IRIS) <= 1)).all()


def test_the_output_itself_is_no_loss_to_learn():
    for estimator in (MLPClassifier, MLPRegressor):
        with pytest.raises(InvalidParameterError, match=r"'loss' parameter .* Got 'identity'"):
            estimator(loss="identity").fit(IRIS, KIND)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("loss", REGRESSION)
def test_a_regressor_learns_with_every_loss(loss, outputs):
    y = np.abs(COLUMNS) + 0.1
    y = y / y.sum(axis=1, keepdims=True)
    reg = MLPRegressor(loss, 30, random_state=0, learning_rate_init=0.01, max_iter=100, batch_size=30, tol=0)
    if (loss, outputs) == ("cross_entropy", 1):
        with pytest.raises(cr.InputError, match="at least two columns"):
            reg.fit(IRIS, y[:, 0])
        return
    reg.fit(IRIS, y[:, :outputs].squeeze())
    assert reg.score(IRIS, y[:, :outputs].squeeze()) > 0.6
    assert reg.predict(IRIS).shape == ((150,) if outputs == 1 else (150, 3))
    if loss in ("poisson", "binary_cross_entropy"):
        with pytest.raises(cr.InputError, match="y: expected values from 0"):
            reg.fit(IRIS, NUMBERS)


def test_activations_one_a_layer():
    clf = MLPClassifier((5, 4, 3), ["gelu", "logistic", "silu"], random_state=0, max_iter=3).fit(IRIS, KIND)
    assert clf.network_.hidden == ("gelu", "sigmoid", "silu")
    assert bitwise(
        *(MLPClassifier(4, name, random_state=0, max_iter=3).fit(IRIS, KIND) for name in ("logistic", "sigmoid"))
    )
    with pytest.raises(cr.InputError, match=r"activation: expected one name, or 1 \(one a hidden layer\); got 2"):
        MLPClassifier(5, ["relu", "relu"]).fit(IRIS, KIND)
    with pytest.raises(cr.InputError, match="activation: expected one of"):
        MLPClassifier(5, ["swish"]).fit(IRIS, KIND)


def test_no_hidden_layer_is_a_logistic_regression():
    clf = MLPClassifier((), solver="lbfgs", random_state=0).fit(IRIS, KIND)
    assert clf.n_layers_ == 2
    assert clf.score(IRIS, KIND) > 0.97
    with pytest.raises(cr.InputError, match="a hidden layer: none"):
        clf.transform(IRIS)


def test_adamw_takes_weight_off():
    big, none, adam = (
        MLPClassifier(5, solver=solver, weight_decay=decay, random_state=0, max_iter=20).fit(IRIS, KIND)
        for solver, decay in (("adamw", 50.0), ("adamw", 0.0), ("adam", 50.0))
    )
    assert bitwise(none, adam)
    assert np.abs(big.coefs_[0]).sum() < 0.8 * np.abs(adam.coefs_[0]).sum()


def test_dropout_changes_learning_and_not_predicting():
    common = {"hidden_layer_sizes": (20, 10), "random_state": 0, "max_iter": 30}
    one, same, other, plain = (
        MLPClassifier(dropout=share, **common).fit(IRIS, KIND) for share in (0.5, [0.5, 0.5], [0.5, 0.1], 0.0)
    )
    assert bitwise(one, same)
    assert not bitwise(one, other)
    assert one.loss_ > plain.loss_
    assert np.array_equal(one.predict_proba(IRIS), one.predict_proba(IRIS))
    with pytest.raises(ValueError, match="dropout"):
        MLPClassifier(dropout=[0.5], **common).set_params(hidden_layer_sizes=(3, 3, 3), dropout=[0.1, 0.1]).fit(
            IRIS, KIND
        )


@pytest.mark.parametrize("y", [NAMES, TWO])
def test_class_weights_are_sample_weights(y):
    classes = np.unique(y)
    rows = np.arange(20, 150)  # not balanced
    of_class = dict(zip(classes.tolist(), [0.5, 3.0, 1.0], strict=False))
    common = {"hidden_layer_sizes": 5, "random_state": 0, "max_iter": 5, "batch_size": 40}
    one = MLPClassifier(class_weight=of_class, **common).fit(IRIS[rows], y[rows], WEIGHT[rows])
    product = WEIGHT[rows] * [of_class[label] for label in y[rows].tolist()]
    assert bitwise(one, MLPClassifier(**common).fit(IRIS[rows], y[rows], product))
    count = {label: np.sum(y[rows] == label) for label in classes}
    balanced = [len(rows) / len(classes) / count[label] for label in y[rows]]
    one = MLPClassifier(class_weight="balanced", **common).fit(IRIS[rows], y[rows])
    assert bitwise(one, MLPClassifier(**common).fit(IRIS[rows], y[rows], balanced))
    held = (IRIS[:20], y[:20])  # not counted in what is watched
    one = MLPClassifier(class_weight=of_class, **common).fit(IRIS, y, validation_data=held)
    assert one.validation_loss_curve_[-1] == pytest.approx(
        log_loss(held[1], one.predict_proba(held[0]), labels=classes)
    )
    one.set_params(early_stopping=True, max_iter=30).fit(IRIS, y)
    np.testing.assert_allclose(np.multiply(one.validation_scores_, 15) % 1, 0, atol=1e-9)
    with pytest.raises(cr.InputError, match="class_weight: expected a dict, or None, in partial_fit"):
        MLPClassifier(class_weight="balanced").partial_fit(IRIS, y, classes=classes)


def test_sample_weights_that_cannot_be():
    with pytest.raises(cr.InputError, match="sample_weight: expected numbers from 0 up; got -1"):
        MLPClassifier().fit(IRIS, KIND, np.where(KIND == 0, -1.0, 1.0))
    with pytest.raises(ValueError, match="at least one non-zero number"):
        MLPRegressor().fit(IRIS, NUMBERS, np.zeros(150))


def test_rows_of_ones_own_for_validation():
    learn, held = np.arange(150) % 3 > 0, np.arange(150) % 3 == 0
    common = {"hidden_layer_sizes": 8, "random_state": 0, "max_iter": 40, "learning_rate_init": 0.01}
    clf = MLPClassifier(**common).fit(IRIS[learn], NAMES[learn], validation_data=(IRIS[held], NAMES[held]))
    assert bitwise(clf, MLPClassifier(**common).fit(IRIS[learn], NAMES[learn]))  # looking on changes nothing
    assert clf.validation_loss_curve_[-1] == pytest.approx(log_loss(NAMES[held], clf.predict_proba(IRIS[held])))
    assert clf.validation_scores_[-1] == clf.score(IRIS[held], NAMES[held])
    assert len(clf.validation_scores_) == len(clf.history_) == clf.n_iter_ == 40
    assert clf.history_[-1].validation_loss == clf.validation_loss_curve_[-1]
    weight = WEIGHT[held]
    for y in (NAMES, TWO):
        clf = MLPClassifier(**common).fit(IRIS[learn], y[learn], validation_data=(IRIS[held], y[held], weight))
        assert clf.validation_scores_[-1] == pytest.approx(clf.score(IRIS[held], y[held], weight))
    reg = MLPRegressor(**common).fit(IRIS[learn], COLUMNS[learn], validation_data=(IRIS[held], COLUMNS[held]))
    error = reg.predict(IRIS[held]) - COLUMNS[held]
    assert reg.validation_loss_curve_[-1] == pytest.approx((error**2).mean() / 2)
    assert reg.validation_scores_[-1] == pytest.approx(reg.score(IRIS[held], COLUMNS[held]))
    with pytest.raises(cr.InputError, match="validation_data: expected"):
        MLPClassifier().fit(IRIS, KIND, validation_data=IRIS)
    with pytest.raises(ValueError, match="`y` has classes not in"):
        MLPClassifier().fit(IRIS[TWO], KIND[TWO], validation_data=(IRIS, KIND))


def test_early_stopping_ends_with_the_best_score_whatever_is_watched():
    seen = []

    def watched(estimator, X, y):
        seen.append(f1_score(y, estimator.predict(X), average="macro"))
        return seen[-1]

    for scoring in (watched, "f1_macro"):
        clf = MLPClassifier(
            8, early_stopping=True, scoring=scoring, random_state=0, learning_rate_init=0.03, n_iter_no_change=5,
            batch_size=20,
        ).fit(IRIS, NAMES)  # fmt: skip
        assert clf.validation_scores_ == seen
        assert clf.converged_
        assert clf.best_validation_score_ == max(seen)
    held = (IRIS[::5], NAMES[::5])
    clf.set_params(scoring="neg_log_loss").fit(IRIS, NAMES, validation_data=held)
    assert -log_loss(held[1], clf.predict_proba(held[0])) == pytest.approx(clf.best_validation_score_)
    assert clf.t_ == 150 * clf.n_iter_  # nothing was split off


def test_partial_fit_stops_early_with_rows_for_it():
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        MLPClassifier(early_stopping=True).partial_fit(IRIS, KIND, classes=[0, 1, 2])
    clf = MLPClassifier(8, early_stopping=True, n_iter_no_change=4, random_state=0, learning_rate_init=0.5)
    clf.set_params(scoring="neg_log_loss")
    held, calls = (IRIS[::5], KIND[::5]), 0
    while not getattr(clf, "converged_", False):
        clf.partial_fit(IRIS, KIND, classes=[0, 1, 2], validation_data=held)
        calls += 1
        if not clf.converged_:  # until then the parameters are those of the last call
            assert -log_loss(held[1], clf.predict_proba(held[0])) == pytest.approx(clf.validation_scores_[-1])
        assert calls < 300
    assert len(clf.validation_scores_) == calls
    assert clf.validation_scores_[-1] < clf.best_validation_score_ - 0.01
    assert -log_loss(held[1], clf.predict_proba(held[0])) == pytest.approx(clf.best_validation_score_)
    assert clf.best_validation_score_ == max(clf.validation_scores_)


def test_the_best_loss_of_many_calls_of_partial_fit_is_the_lowest():
    clf = MLPClassifier((5,), solver="sgd", learning_rate_init=3.0, random_state=0)
    for _ in range(4):
        clf.partial_fit(IRIS, KIND, classes=[0, 1, 2])
    assert clf.best_loss_ == min(clf.loss_curve_) < clf.loss_curve_[-1]


def test_each_call_of_partial_fit_takes_the_rows_in_another_order(monkeypatch):
    seeds = []

    def fit(network, rows, recipe, **more):
        seeds.append(recipe.seed)
        return loop.fit(network, rows, recipe, **more)

    monkeypatch.setattr(solving, "fit", fit)
    clf = MLPClassifier(4, random_state=0)
    for _ in range(3):
        clf.partial_fit(IRIS, KIND, classes=[0, 1, 2])
    assert len(set(seeds)) == 3
    again = MLPClassifier(4, random_state=0)
    for _ in range(3):
        again.partial_fit(IRIS, KIND, classes=[0, 1, 2])
    assert seeds[3:] == seeds[:3]
    assert bitwise(clf, again)


def test_names_of_columns_are_kept_and_a_scorer_gets_arrays_without_a_warning():
    table = pyarrow.table({name: IRIS[:, i] for i, name in enumerate("abcd")})
    clf = MLPClassifier(4, random_state=0, max_iter=3, early_stopping=True, scoring="accuracy").fit(table, KIND)
    if not hasattr(clf, "feature_names_in_"):
        pytest.skip("this scikit-learn does not read the names of an Arrow table")
    assert list(clf.feature_names_in_) == list("abcd")
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        clf.predict(IRIS)


@pytest.mark.parametrize("solver", ["adam", "sgd", "adamw"])
def test_partial_fit_goes_on_with_the_optimizers_state(solver):
    """Calls of one epoch each are one fit of as many, when the order of the rows does not matter."""
    common = {"hidden_layer_sizes": 6, "solver": solver, "learning_rate": "invscaling", "random_state": 0, "tol": 0}
    whole = MLPClassifier(max_iter=7, batch_size=150, **common).fit(IRIS, KIND)
    parts = MLPClassifier(batch_size=150, **common)
    for _ in range(7):
        parts = pickle.loads(pickle.dumps(parts.partial_fit(IRIS, KIND, classes=[0, 1, 2])))
    close(whole, parts, 1e-9)
    np.testing.assert_allclose(whole.loss_curve_, parts.loss_curve_, rtol=1e-9)
    assert (whole.t_, parts.n_iter_) == (parts.t_, 1)


def test_parameters_that_somebody_changed_are_the_ones_that_count():
    clf = MLPClassifier(6, random_state=0, max_iter=5).fit(IRIS, KIND)
    clf.coefs_[0][:2] = 0
    clf.intercepts_[1] = np.array([9.0, 0.0, 0.0])
    assert (clf.predict(IRIS) == 0).all()
    assert (clf.network_.weights[0][:, :2] == 0).all()
    before = clf.coefs_[0].copy()
    clf.set_params(learning_rate_init=1e-300).partial_fit(IRIS, KIND)
    np.testing.assert_allclose(clf.coefs_[0], before, atol=1e-200)


def test_a_warm_start_goes_on():
    clf = MLPClassifier(6, random_state=0, max_iter=5, warm_start=True, solver="sgd", momentum=0, batch_size=150)
    clf.fit(IRIS, KIND).fit(IRIS, KIND)
    close(clf, MLPClassifier(**clf.get_params() | {"max_iter": 10}).fit(IRIS, KIND), 1e-9)
    assert len(clf.loss_curve_) == 10
    with pytest.raises(cr.InputError, match="layers: expected"):
        clf.set_params(hidden_layer_sizes=7).fit(IRIS, KIND)


def test_transform_gives_hidden_values():
    clf = MLPClassifier((6, 5), "tanh", random_state=0, max_iter=5).fit(IRIS, KIND)
    first = np.tanh(IRIS @ clf.coefs_[0] + clf.intercepts_[0])
    second = np.tanh(first @ clf.coefs_[1] + clf.intercepts_[1])
    for layer, values in ((1, first), (-2, first), (2, second), (-1, second)):
        np.testing.assert_allclose(clf.transform(IRIS, layer), values)
    for layer in (0, 3, -3, "last"):
        with pytest.raises(cr.InputError, match="layer: expected a hidden layer, from 1 to 2"):
            clf.transform(IRIS, layer)
    assert list(clf.get_feature_names_out()) == [f"mlpclassifier{i}" for i in range(5)]
    assert make_pipeline(clone(clf), MLPRegressor(hidden_layer_sizes=4, max_iter=2)).fit(IRIS, KIND).predict(
        IRIS
    ).shape == (150,)


def test_the_network_can_be_explained():
    clf = MLPClassifier(3, "logistic", random_state=0, max_iter=5).fit(IRIS, NAMES)
    x, y = IRIS[0], np.searchsorted(clf.classes_, NAMES[0])
    explained = cr.explain(clf.network_, x, int(y), "dL/dW_111")
    assert explained.value == pytest.approx(clf.network_.backward(x, int(y))["dL/dW_111"])
    np.testing.assert_allclose(clf.network_.forward(IRIS)["yhat"], clf.predict_proba(IRIS))
    reg = MLPRegressor(hidden_layer_sizes=3, random_state=0, max_iter=5, loss="poisson").fit(IRIS, COLUMNS**2)
    np.testing.assert_allclose(reg.network_.forward(IRIS)["yhat"], reg.predict(IRIS))
