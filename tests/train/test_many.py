"""Many networks side by side: each as alone, to the last bit."""

import io
import signal
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule as cr
from chainrule.errors import InputError
from chainrule.network.activations import ACTIVATIONS
from chainrule.train import many
from chainrule.train.callbacks import Callback, EarlyStopping, SharedProgress
from chainrule.train.engine import Rows
from chainrule.train.loop import fit
from chainrule.train.many import at_once, fit_many
from chainrule.train.optimizers import optimizer
from chainrule.train.recipe import Recipe
from chainrule.train.records import EPOCH_NUMBERS


def same(one, other):
    """Whether two trainings are the same to the last bit, but for their seconds."""
    numbers = [name for name in EPOCH_NUMBERS if name != "seconds"]
    np.testing.assert_array_equal(one.network.flat, other.network.flat)
    assert one.network.flat.dtype == other.network.flat.dtype
    assert one.outcome == other.outcome
    for a, b in zip(one.history, other.history, strict=True):
        assert [repr(getattr(a, name)) for name in numbers] == [repr(getattr(b, name)) for name in numbers]
        assert repr(a.health) == repr(b.health)  # a NaN is no other than itself
    assert (one.state is None) == (other.state is None)
    if one.state is not None:
        assert one.state.step == other.state.step
        for a, b in zip(one.state.moments, other.state.moments, strict=True):
            np.testing.assert_array_equal(a, b)


@st.composite
def trainings(draw):
    """Networks with rows and recipes of their own; how many threads they share."""
    count, sizes = draw(st.integers(1, 6)), draw(st.lists(st.integers(1, 6), min_size=2, max_size=4))
    hidden = [draw(st.sampled_from(sorted(ACTIVATIONS))) for _ in sizes[1:-1]]
    output, loss = draw(st.sampled_from([
        ("softmax", "cross_entropy"), ("sigmoid", "binary_cross_entropy"), ("identity", "squared_error"),
        ("identity", "huber"), ("tanh", "absolute_error"),
    ]))  # fmt: skip
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    found = []
    for seed in range(count):
        n = draw(st.integers(1, 40))
        network = cr.Network.random(
            sizes, hidden, output, loss, seed=seed, dtype=draw(st.sampled_from(["float32", "float64"]))
        )
        y = rng.uniform(size=(n, sizes[-1]))
        y = y / y.sum(axis=1, keepdims=True) if output == "softmax" else y
        weight = rng.uniform(0.5, 2, n) if draw(st.booleans()) else None
        rule = draw(st.sampled_from(["sgd", "momentum", "nesterov", "adam", "adamw"]))
        recipe = Recipe(
            optimizer(rule, draw(st.sampled_from([1e-3, 1e-1, 1e30]))), draw(st.integers(1, 50)), seed,
            l2=draw(st.sampled_from([0.0, 0.1])), dropout=draw(st.sampled_from([0.0, 0.3])),
            threads=draw(st.sampled_from([None, 1, 2])), engine=draw(st.sampled_from(["auto", "plain"])),
        )  # fmt: skip
        found.append((network, Rows(rng.normal(size=(n, sizes[0])), y, weight), recipe))
    return found, draw(st.integers(1, 5))


@given(trainings(), st.integers(1, 4), st.booleans())
@settings(deadline=None)
def test_each_is_what_it_is_alone(given, epochs, early):
    drawn, threads = given
    networks, rows, recipes = zip(*drawn, strict=True)

    def stopping(number=0):
        return [EarlyStopping("validation_loss", patience=1)] if early else []

    validation = rows if early else None
    found = fit_many(networks, rows, recipes, epochs=epochs, validation=validation, callbacks=stopping, threads=threads)
    assert len(found) == len(drawn)
    for (network, own, recipe), fitted in zip(drawn, found, strict=True):
        alone = fit(network, own, recipe, epochs=epochs, validation=own if early else None, callbacks=stopping())
        same(fitted, alone)


@pytest.fixture
def rows(rng):
    x = rng.normal(size=(60, 3))
    return Rows(x, (x[:, 0] > 0).astype(np.int64))


@pytest.fixture
def networks():
    return [cr.Network.random([3, 4, 2], "relu", seed=seed) for seed in range(4)]


def test_one_that_diverges_leaves_the_others_alone(rows, networks):
    recipes = [Recipe(optimizer("sgd", 1e300 if number == 1 else 0.1)) for number in range(4)]
    found = fit_many(networks, rows, recipes, epochs=5, threads=2)
    assert [fitted.stopped for fitted in found] == [None, "diverged", None, None]
    assert [len(fitted.history) for fitted in found] == [5, len(found[1].history), 5, 5]


class _Presses(Callback):
    """Ctrl-C after the third epoch."""

    def on_epoch_end(self, run):
        if run.history[-1].number == 3:
            time.sleep(0.2)  # the others have begun
            signal.raise_signal(signal.SIGINT)


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("threads", [1, 2])
def test_ctrl_c_gives_back_what_is_there(rows, networks, threads):
    """Those that run end with their last whole epoch; those that had not begun are as they were."""

    def press(number):
        return [_Presses()] if number == 0 else []

    found = fit_many(networks, rows, Recipe(), epochs=1_000_000, callbacks=press, threads=threads)
    assert [fitted.stopped for fitted in found] == ["interrupted"] * 4
    assert len(found[0].history) >= 3
    assert [len(fitted.history) for fitted in found[threads:]] == [0] * (4 - threads)
    for network, fitted in zip(networks[threads:], found[threads:], strict=True):
        np.testing.assert_array_equal(fitted.network.flat, network.flat)


class _Breaks(Callback):
    def on_epoch_end(self, run):
        raise RuntimeError("broken")


def test_an_error_ends_the_others(rows, networks):
    def breaks(number):
        return [_Breaks()] if number == 0 else []

    with pytest.raises(RuntimeError, match="broken"):
        fit_many(networks, rows, Recipe(), epochs=1_000_000, callbacks=breaks, threads=2)


def test_networks_of_any_shapes_with_one_table_and_one_recipe(rows):
    networks = [cr.Network.random([3, *hidden, 2], seed=0) for hidden in ([], [4], [5, 6])]
    found = fit_many(networks, rows, Recipe(seed=3), epochs=2)
    for network, fitted in zip(networks, found, strict=True):
        same(fitted, fit(network, rows, Recipe(seed=3), epochs=2))


def test_one_bar_counts_the_trainings_that_have_ended(rows, networks, monkeypatch):
    """Also one that needed fewer epochs, in the threads that train."""
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with SharedProgress("networks", 4) as bar:
        stopping = EarlyStopping("loss", patience=1, tol=10.0)
        fit_many(
            networks, rows, Recipe(), epochs=50, threads=2,
            callbacks=lambda number: [bar, stopping] if number == 0 else [bar],
        )  # fmt: skip
    seen = screen.getvalue()
    assert "0 of 4 networks" in seen
    assert "100%" in seen.split("4 of 4 networks")[-1]


def test_no_networks_are_no_results(rows):
    assert fit_many([], rows, Recipe(), epochs=1) == ()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"recipes": [Recipe()] * 3}, "recipes: expected one for all networks, or 4 (one each); got 3"),
        ({"rows": []}, "rows: expected one for all networks, or 4 (one each); got 0"),
        ({"validation": [None] * 5}, "validation: expected one for all networks, or 4 (one each); got 5"),
        ({"threads": 0}, "threads: expected at least 1; got 0"),
        ({"epochs": 0}, "epochs: expected at least 1; got 0"),
    ],
)
def test_what_does_not_fit_is_named(rows, networks, given, message):
    with pytest.raises(InputError) as found:
        fit_many(networks, **{"rows": rows, "recipes": Recipe(), "epochs": 1} | given)
    assert str(found.value) == message


def test_networks_that_take_several_threads_go_fewer_at_a_time(networks, monkeypatch):
    monkeypatch.setattr(many, "cores", lambda: 8)
    assert at_once([(network, Recipe()) for network in networks]) == 8
    assert at_once([(networks[0], Recipe(threads=3)), (networks[1], Recipe())]) == 2
    assert at_once([(networks[0], Recipe(threads=9))]) == 1
    assert at_once([(networks[0], Recipe(threads=3))], threads=9) == 3
