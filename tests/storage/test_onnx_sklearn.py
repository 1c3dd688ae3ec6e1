"""Pipelines with an estimator that holds a network, exported by skl2onnx and run by onnxruntime."""

import sys
import warnings

import numpy as np
import onnx
import pytest
from skl2onnx import to_onnx
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import chainrule as cr
from chainrule import InputError
from chainrule.storage import from_sklearn
from chainrule.storage.onnx.sklearn import register
from tests.storage.test_onnx import run


class Holder(BaseEstimator):
    """What the converters ask of an estimator, by scikit-learn's own training."""

    def fit(self, X, y):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.inner_ = self.inner(
                hidden_layer_sizes=(6, 5), learning_rate_init=0.05, max_iter=50, random_state=0
            ).fit(X, y)
        self.network_ = from_sklearn(self.inner_)
        for name in ("n_outputs_", "out_activation_", *(["classes_"] if self.inner is MLPClassifier else [])):
            setattr(self, name, getattr(self.inner_, name))
        return self

    def predict(self, X):
        return self.inner_.predict(X)


class Classifier(ClassifierMixin, Holder):
    inner = MLPClassifier

    def predict_proba(self, X):
        return self.inner_.predict_proba(X)


class Regressor(RegressorMixin, Holder):
    inner = MLPRegressor


@pytest.fixture(scope="module", autouse=True)
def registered():
    register(Classifier, Regressor)


def exported(estimator, X, **options):
    return to_onnx(estimator, X[:1], options=options or None)


#: from class numbers 0 to 2, which the inputs tell
LABELS = {
    "binary": lambda c: np.minimum(c, 1),
    "truth values": lambda c: c > 0,
    "whole floats": lambda c: np.array([-1.0, 2.0, 5.0])[c],
    "texts": lambda c: np.array(["a", "bb", "ä"])[c],
    "two texts": lambda c: np.array(["no", "yes", "yes"])[c],
    "objects": lambda c: np.array(["a", "bb", "c"], object)[c],
    "multilabel": lambda c: np.eye(3, dtype=int)[c],
    "two labels": lambda c: np.eye(3, dtype=int)[c][:, :2],
}


def numbers(rng, dtype):
    """X (60, 3) and class numbers 0 to 2."""
    X = rng.normal(3, 2, (60, 3))
    return X.astype(dtype), np.digitize(X[:, 0], [2, 4])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", list(LABELS))
def test_a_classifier_in_a_pipeline(kind, dtype, rng):
    X, c = numbers(rng, dtype)
    pipeline = make_pipeline(StandardScaler(), Classifier()).fit(X, LABELS[kind](c))
    model = exported(pipeline, X, zipmap=False)
    onnx.checker.check_model(model, full_check=True)
    got = run(model, {"X": X})
    assert list(got) == ["label", "probabilities"]
    assert got["label"].tolist() == pipeline.predict(X).tolist()
    assert len(np.unique(got["label"])) > 1
    assert got["probabilities"].dtype == dtype
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(got["probabilities"], pipeline.predict_proba(X), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("option", [{}, {"zipmap": False}, {"zipmap": "columns"}])
def test_the_outputs_are_as_those_of_its_own_mlp(option, rng):
    X, c = numbers(rng, np.float32)
    ours = Classifier().fit(X, LABELS["texts"](c))
    one, other = (run(exported(estimator, X, **option), {"X": X}) for estimator in (ours, ours.inner_))
    assert list(one) == list(other)
    assert one.pop("label" if "label" in one else "output_label").tolist() == ours.predict(X).tolist()
    for name, shares in one.items():
        if isinstance(shares, list):  # the zipmap: a dict an example
            assert [pair.keys() for pair in shares] == [pair.keys() for pair in other[name]]
            shares, other[name] = ([list(pair.values()) for pair in all_] for all_ in (shares, other[name]))
        np.testing.assert_allclose(shares, other[name], rtol=1e-4)


def test_class_numbers_for_labels(rng):
    X, c = numbers(rng, np.float32)
    ours = Classifier().fit(X, LABELS["texts"](c))
    got = run(exported(ours, X, zipmap=False, nocl=True), {"X": X})
    assert ours.classes_[got["label"]].tolist() == ours.predict(X).tolist()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("k", [1, 2])
def test_a_regressor_in_a_pipeline(k, dtype, rng):
    X, y = rng.normal(3, 2, (60, 3)).astype(dtype), rng.normal(size=(60, k))
    pipeline = make_pipeline(StandardScaler(), Regressor()).fit(X, y.squeeze())
    model = exported(pipeline, X)
    onnx.checker.check_model(model, full_check=True)
    got = run(model, {"X": X})["variable"]
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(got, pipeline.predict(X).reshape(60, k), rtol=tolerance, atol=tolerance)


def test_whole_numbers_are_inputs_too(rng):
    X, y = rng.integers(0, 9, (60, 3)), rng.integers(0, 2, 60)
    estimator = Classifier().fit(X, y)
    got = run(exported(estimator, X, zipmap=False), {"X": X})
    np.testing.assert_allclose(got["probabilities"], estimator.predict_proba(X), rtol=1e-4, atol=1e-6)


def test_bad_input_is_named(rng, monkeypatch):
    X = rng.normal(size=(30, 3)).astype(np.float32)
    broken = Classifier().fit(X, rng.integers(0, 3, 30))
    broken.classes_ = np.array([0.5, 1.0, 2.0])
    with pytest.raises(InputError, match=r"classes_: expected strings or whole numbers"):
        exported(broken, X, zipmap=False)
    with pytest.raises(InputError, match=r"target_opset: expected 14 or above; got 12"):
        to_onnx(Regressor().fit(X, X[:, 0]), X[:1], target_opset=12)
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    with pytest.raises(InputError, match=r"expected the package skl2onnx"):
        register(Classifier, Regressor)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", list(LABELS))
def test_chainrules_own_classifier_in_a_pipeline(kind, dtype, rng):
    register()
    X, c = numbers(rng, dtype)
    model = cr.MLPClassifier((7, 5), activation=["silu", "tanh"], learning_rate_init=0.05, tol=1.0, random_state=0)
    pipeline = make_pipeline(StandardScaler(), model).fit(X, LABELS[kind](c))
    got = run(exported(pipeline, X, zipmap=False), {"X": X})
    assert got["label"].tolist() == pipeline.predict(X).tolist()
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(got["probabilities"], pipeline.predict_proba(X), rtol=tolerance, atol=tolerance)


def test_chainrules_own_regressor_in_a_pipeline(rng):
    register()
    X, y = rng.normal(3, 2, (60, 3)), rng.normal(size=(60, 2))
    model = cr.MLPRegressor(hidden_layer_sizes=(7,), activation="gelu", tol=1.0, random_state=0)
    pipeline = make_pipeline(StandardScaler(), model).fit(X, y)
    got = run(exported(pipeline, X), {"X": X})["variable"]
    np.testing.assert_allclose(got, pipeline.predict(X), rtol=1e-12, atol=1e-12)
