"""The estimators when a fit ends otherwise than asked, and beside other work."""

import copy
import os
import pickle
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import joblib
import numpy as np
import pytest
from joblib.externals.loky import get_reusable_executor
from matplotlib.figure import Figure
from scipy import sparse
from sklearn import neural_network as theirs
from sklearn.base import clone
from sklearn.datasets import load_iris, make_multilabel_classification, make_regression
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV

import chainrule as cr
from chainrule.estimators import MLPClassifier, MLPRegressor, TrainingCurveDisplay, data, lbfgs, solving
from chainrule.train import blas
from chainrule.train.callbacks import Callback, EarlyStopping, Health, History, Progress
from chainrule.train.checkpoints import Checkpoint
from chainrule.train.engines import compiled_here
from tests.support.iris import IRIS, KIND, NAMES, NUMBERS, bitwise

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer:sklearn.exceptions.ConvergenceWarning")

# ---------------------------------------------------------------- ends of all kinds


class Interrupt(Callback):
    """Ctrl-C in an epoch."""

    def __init__(self, number, error=KeyboardInterrupt):
        self.number, self.error = number, error

    def on_epoch_end(self, run):
        if run.history[-1].number == self.number:
            raise self.error


def test_ctrl_c_keeps_what_there_is():
    common = {"hidden_layer_sizes": 5, "random_state": 0}
    with pytest.warns(UserWarning, match=r"^Training interrupted by user\.$"):
        clf = MLPClassifier(max_iter=50, callbacks=[Interrupt(7)], **common).fit(IRIS, KIND)
    assert clf.n_iter_ == len(clf.loss_curve_) == 7
    assert not clf.converged_
    assert bitwise(clf, MLPClassifier(max_iter=7, **common).fit(IRIS, KIND))
    clf.set_params(callbacks=[]).partial_fit(IRIS, KIND)


def test_ctrl_c_ends_lbfgs_with_the_last_iteration(monkeypatch):
    calls, loss = [], lbfgs.FullBatchLoss.__call__

    def interrupted(whole, theta):
        calls.append(loss(whole, theta))
        if len(calls) == 12:
            raise KeyboardInterrupt
        return calls[-1]

    monkeypatch.setattr(lbfgs.FullBatchLoss, "__call__", interrupted)
    with pytest.warns(UserWarning, match=r"^Training interrupted by user\.$"):
        clf = MLPClassifier(6, solver="lbfgs", random_state=0).fit(IRIS, KIND)
    assert clf.n_iter_ == len(clf.loss_curve_) > 5
    assert not clf.converged_
    penalty = 1e-4 / 300 * sum((W**2).sum() for W in clf.coefs_)
    assert log_loss(KIND, clf.predict_proba(IRIS)) + penalty == pytest.approx(clf.loss_)


def test_divergence_says_where_and_what_to_try():
    common = {
        "hidden_layer_sizes": 20,
        "activation": "identity",
        "solver": "sgd",
        "learning_rate_init": 1e3,
        "random_state": 0,
    }
    reg = MLPRegressor(**common)
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights") as caught:
        reg.fit(100 * IRIS, NUMBERS)
    assert "training diverged in epoch" in str(caught.value).lower()
    assert "at layer" in str(caught.value)
    assert "try a learning rate below 1000" in str(caught.value)
    assert np.isfinite(reg.predict(IRIS)).all()  # the last good epoch's
    with pytest.warns(ConvergenceWarning, match=r"diverged in epoch .* the best network so far is kept"):
        reg = MLPRegressor(early_stopping=True, **common).fit(100 * IRIS, NUMBERS)
    assert np.isnan(reg.validation_scores_[-1])
    assert len(reg.loss_curve_) == reg.n_iter_ == reg.t_ / 135 == len(reg.history_) + 1
    assert np.isfinite(reg.coefs_[0]).all()


def test_findings_say_what_is_amiss():
    clf = MLPClassifier(10, "logistic", random_state=0, max_iter=2).fit(1000 * IRIS, KIND)
    assert [row.layer for row in clf.health_] == [1, 2]
    assert any("saturated" in line for line in clf.findings_)
    assert clf.history_[-1].health == clf.health_


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"early_stopping": True, "n_iter_no_change": 4},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.01, "n_iter_no_change": 2},
        {"solver": "sgd", "learning_rate": "invscaling"},
        {"dropout": 0.3},
    ],
)
def test_a_killed_fit_goes_on_to_bitwise_the_same_end(tmp_path, more):
    common = {
        "hidden_layer_sizes": 6,
        "random_state": 5,
        "max_iter": 30,
        "batch_size": 20,
        "learning_rate_init": 0.02,
    } | more
    whole = MLPClassifier(**common).fit(IRIS, NAMES)
    path = tmp_path / "run.safetensors"
    with pytest.raises(RuntimeError):
        MLPClassifier(checkpoint=path, callbacks=[Interrupt(9, RuntimeError)], **common).fit(IRIS, NAMES)
    killed = MLPClassifier(checkpoint=Checkpoint(path, every=2), callbacks=[Interrupt(99)], **common).fit(IRIS, NAMES)
    again = MLPClassifier(checkpoint=str(path), callbacks=[Interrupt(99)], **common).fit(IRIS, NAMES)  # it was finished
    for clf in (killed, again):
        assert bitwise(whole, clf)
        assert clf.loss_curve_ == whole.loss_curve_
        assert clf.validation_scores_ == whole.validation_scores_
        assert (clf.n_iter_, clf.t_, clf.converged_) == (whole.n_iter_, whole.t_, whole.converged_)
        assert clf._no_improvement_count == whole._no_improvement_count
        assert clf.best_validation_score_ == whole.best_validation_score_


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    clf = MLPClassifier(6, random_state=5, max_iter=3, checkpoint=tmp_path / "run.safetensors").fit(IRIS, NAMES)
    with pytest.raises(cr.InputError, match="data"):
        clf.fit(IRIS + 1, NAMES)
    with pytest.raises(cr.InputError, match="data"):
        clone(clf).set_params(class_weight={"setosa": 2}).fit(IRIS, NAMES)
    with pytest.raises(cr.InputError, match="learning_rate"):
        clf.set_params(learning_rate_init=0.1).fit(IRIS, NAMES)
    with pytest.raises(cr.InputError, match="random_state: expected a whole number"):
        clf.set_params(random_state=None).fit(IRIS, NAMES)
    for name, value in {"dropout": 0.1, "checkpoint": "here", "callbacks": [Callback()]}.items():
        with pytest.raises(cr.InputError, match=f"{name}: expected none with solver='lbfgs'"):
            MLPClassifier(solver="lbfgs", **{name: value}).fit(IRIS, KIND)
    with pytest.raises(cr.InputError, match="validation_data"):
        MLPClassifier(solver="lbfgs").fit(IRIS, KIND, validation_data=(IRIS, KIND))


KILLED = """
import sys, time
from chainrule.train import blas
from chainrule.train.callbacks import Callback, EarlyStopping, Health, History, Progress
from chainrule.estimators import MLPClassifier
from sklearn.datasets import load_iris

class Slow(Callback):
    def on_epoch_end(self, run):
        print(run.history[-1].number, flush=True)
        time.sleep(600 if run.history[-1].number == 5 else 0)

clf = MLPClassifier(6, random_state=1, max_iter=200, checkpoint=sys.argv[1], callbacks=[Slow()], tol=0)
clf.fit(*load_iris(return_X_y=True))
"""


@pytest.mark.skipif(os.name == "nt", reason="kills by signal")
def test_a_process_that_is_killed_goes_on(tmp_path):
    class Slow(Callback):
        pass

    path = tmp_path / "run.safetensors"
    process = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True)
    for line in process.stdout:
        if int(line) == 5:
            process.send_signal(signal.SIGKILL)
            break
    process.stdout.close()
    process.wait()
    common = {"hidden_layer_sizes": 6, "random_state": 1, "max_iter": 20, "tol": 0}
    X, y = load_iris(return_X_y=True)
    resumed = MLPClassifier(checkpoint=path, callbacks=[Slow()], **common).fit(X, y)
    assert bitwise(resumed, MLPClassifier(**common).fit(X, y))
    assert resumed.history_[3].seconds < resumed.history_[-1].seconds


# ---------------------------------------------------------------- beside others


def test_it_is_kept_and_copied(tmp_path):
    clf = MLPClassifier(6, random_state=0, max_iter=4, n_threads=2).fit(IRIS, NAMES)
    joblib.dump(clf, tmp_path / "clf.joblib")
    for other in (pickle.loads(pickle.dumps(clf)), copy.deepcopy(clf), joblib.load(tmp_path / "clf.joblib")):
        assert np.array_equal(other.predict_proba(IRIS), clf.predict_proba(IRIS))
        assert bitwise(other.partial_fit(IRIS, NAMES), copy.deepcopy(clf).partial_fit(IRIS, NAMES))
    clf.set_params(callbacks=[Progress(), Health()], max_iter=1).fit(IRIS, NAMES)
    assert bitwise(pickle.loads(pickle.dumps(clf)), clf)
    clf.set_params(callbacks=[])
    assert not hasattr(clone(clf), "coefs_")
    assert clone(clf).get_params() == clf.get_params()


def test_one_seed_is_one_result_whatever_runs_beside():
    common = {"hidden_layer_sizes": 6, "random_state": 0, "max_iter": 20, "batch_size": 16}
    alone = MLPClassifier(**common).fit(IRIS, KIND)
    with joblib.parallel_backend("threading", n_jobs=4):
        search = GridSearchCV(MLPClassifier(**common), {"alpha": [1e-4, 1e-2]}, cv=3).fit(IRIS, KIND)
        fits = joblib.Parallel()(joblib.delayed(MLPClassifier(**common).fit)(IRIS, KIND) for _ in range(6))
    assert search.best_score_ > 0.6
    assert all(bitwise(alone, clf) for clf in fits)
    search = GridSearchCV(MLPClassifier(**common), {"alpha": [1e-4, 1e-2]}, cv=3).fit(IRIS, KIND)
    assert search.best_score_ > 0.6


def test_threads_are_the_same_wherever_a_fit_runs(monkeypatch):
    asked: list[int] = []
    monkeypatch.setattr(solving, "fit", lambda *a, **k: asked.append(a[2].threads) or pytest.fail("enough"))
    monkeypatch.setattr(solving.Recipe, "threads_for", lambda recipe, network: 2)

    def attempt(**more):
        with pytest.raises(pytest.fail.Exception):
            MLPClassifier(**more).fit(IRIS, KIND)

    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    attempt()
    attempt(n_threads=3)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    attempt()
    worker = threading.Thread(target=attempt)
    worker.start()
    worker.join()
    assert asked == [2, 3, 2, 2]


@pytest.mark.skipif(not compiled_here(), reason="the plain engine takes the threads of BLAS")
def test_a_fit_by_the_library_has_one_blas_thread():
    libraries, seen = blas._libraries(), []
    before = [library.num_threads for library in libraries]

    class Watch(Callback):
        def on_epoch_end(self, run):
            seen.extend(library.num_threads for library in libraries)

    try:
        for library in libraries:
            blas._set(library, 2)
        MLPClassifier(3, callbacks=[Watch()], max_iter=2).fit(IRIS, KIND)
        assert {library.num_threads for library in libraries} == {2}
    finally:
        for library, threads in zip(libraries, before, strict=True):
            blas._set(library, threads)
    assert set(seen) == {1}


def test_callbacks_are_told(tmp_path):
    stop = EarlyStopping("validation_loss", patience=3, tol=0.05)
    clf = MLPClassifier(
        6, callbacks=[History(tmp_path / "log.csv"), stop], random_state=0, max_iter=150, learning_rate_init=0.01
    )
    clf.fit(IRIS, KIND, validation_data=(IRIS[::4], KIND[::4]))
    assert clf.n_iter_ < 150
    assert len((tmp_path / "log.csv").read_text().splitlines()) == clf.n_iter_ + 1


def test_the_course_is_drawn():
    clf = MLPClassifier(5, random_state=0, max_iter=12, early_stopping=True).fit(IRIS, KIND)
    axes = Figure().subplots()
    display = TrainingCurveDisplay.from_estimator(clf, ax=axes, linewidth=3)
    assert display.ax_ is axes
    assert display.figure_ is axes.figure
    assert display.line_.get_linewidth() == 3
    for line, values in (
        (display.line_, clf.loss_curve_), (display.validation_line_, clf.validation_loss_curve_),
        (display.score_line_, clf.validation_scores_),
    ):  # fmt: skip
        assert list(line.get_xdata()) == list(range(1, clf.n_iter_ + 1))
        assert list(line.get_ydata()) == values
    assert [text.get_text() for text in axes.get_legend().get_texts()] == [
        "loss",
        "validation loss",
        "validation score",
    ]
    with pytest.raises(NotFittedError):
        TrainingCurveDisplay.from_estimator(MLPClassifier())
    plain = theirs.MLPClassifier(max_iter=3).fit(IRIS, KIND)
    assert TrainingCurveDisplay.from_estimator(plain, ax=Figure().subplots()).score_ax_ is None


def test_the_public_names():
    assert cr.MLPClassifier is MLPClassifier
    assert cr.MLPRegressor is MLPRegressor
    assert cr.TrainingCurveDisplay is TrainingCurveDisplay


def test_more_rows_than_a_block_are_predicted_the_same(monkeypatch):
    X, y = make_regression(300, 5, random_state=0)
    reg = MLPRegressor(hidden_layer_sizes=10, random_state=0, max_iter=3).fit(X, y)
    whole = reg.predict(X)
    monkeypatch.setattr(data, "LAYER_NUMBERS", 70)
    np.testing.assert_allclose(reg.predict(X), whole, rtol=1e-12)
    assert reg.predict(X).shape == (300,)


def test_several_labels_sparse():
    X, y = make_multilabel_classification(60, random_state=0)
    clf = MLPClassifier(10, random_state=0, max_iter=5)
    assert bitwise(clone(clf).fit(X, y), clone(clf).fit(X, sparse.csr_matrix(y)))


@pytest.mark.parametrize("weights", [{0: 0, 1: 0}, {0: -1, 1: 1}])
def test_class_weights_that_teach_nothing_are_refused(weights, rng):
    X, y = rng.normal(size=(40, 2)), np.arange(40) % 2
    with pytest.raises(ValueError, match="class_weight"):
        cr.MLPClassifier((3,), class_weight=weights, random_state=0).fit(X, y)


def _flat(task):
    seed, sizes = task
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(600, 40))
    model = MLPClassifier(sizes, batch_size=300, max_iter=2, random_state=seed).fit(X, X[:, 0] > X[:, 1])
    return b"".join(np.ascontiguousarray(W).tobytes() for W in model.coefs_)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_seed_gives_the_same_bits_in_a_thread_and_in_a_process_of_joblib():
    tasks = [(1, (96, 64)), (2, (8,))]
    expected = [_flat(task) for task in tasks]
    with ThreadPoolExecutor(1) as pool:
        assert list(pool.map(_flat, tasks)) == expected
    try:
        assert joblib.Parallel(2, backend="loky")(joblib.delayed(_flat)(task) for task in tasks) == expected
    finally:
        get_reusable_executor().shutdown(wait=True)


@pytest.mark.parametrize("sizes", [(5.5,), True, (4, False), (4, "5"), [[4]], (np.float64(4),)])
@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_sizes_that_are_no_whole_numbers_are_refused(estimator, sizes):
    with pytest.raises(cr.InputError, match="hidden_layer_sizes: expected whole numbers, one for each hidden layer"):
        estimator(hidden_layer_sizes=sizes).fit(IRIS, KIND)


@pytest.mark.parametrize(
    ("callback", "got"), [(lambda run: None, "a function"), (Progress, "the class Progress"), ("progress", "a str")]
)
def test_what_is_no_callback_gets_a_sentence(callback, got):
    with pytest.raises(cr.InputError, match=rf"callbacks: expected objects of classes derived .*; got {got}"):
        MLPClassifier(max_iter=2, callbacks=[callback]).fit(IRIS, KIND)
