"""Ensembles: the same from the same, derivatives back to the columns, and what is refused."""

from dataclasses import replace
from threading import Event

import numpy as np
import pyarrow as pa
import pytest

from chainrule.errors import InputError
from chainrule.tables.plan import Plan
from chainrule.tables.prepared import prepare
from chainrule.tables.presets.learn import learn
from chainrule.tables.presets.members import PRESETS, Kind, Preset
from chainrule.tables.presets.table import train_preset


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """The kinds of networks, small and with few epochs."""
    kinds = (
        Kind(hidden=(8,), epochs=12), Kind(hidden=(8, 8), ramps=3, epochs=12, activation="gelu"),
        Kind(hidden=(8,), waves=3, epochs=12),
    )  # fmt: skip
    monkeypatch.setitem(PRESETS, "fast", Preset(folds=3, kinds=kinds))


def table(classes, n=90):
    rng = np.random.default_rng(0)
    a, b, c = rng.normal(size=n) * 1e6, rng.uniform(size=n), rng.choice(["x", "y", "z"], n)
    z = np.sin(a / 1e6 * 2) + b + (c == "y") + 0.2 * rng.normal(size=n)
    y = np.where(z > 1, "high", np.where(z > 0, "middle", "low")) if classes else z * 100
    return pa.table({"a": a, "b": b, "c": c, "y": y})


def trained(classes, **settings):
    plan = Plan(**settings)
    return train_preset(prepare(table(classes), "y", plan), plan, "fast")


def widened(ensemble):
    """With float64 networks, so that differences have digits."""
    parts = [replace(p, networks=tuple(n.astype("float64") for n in p.networks)) for p in ensemble.parts]
    return replace(ensemble, parts=tuple(parts))


@pytest.mark.parametrize("classes", [True, False])
def test_one_seed_gives_bitwise_the_same_with_any_number_of_threads(classes):
    one, other, another = (trained(classes, seed=s, threads=t) for s, t in ((3, 1), (3, 2), (4, 1)))
    whole = table(classes)
    np.testing.assert_array_equal(one.model.forward(whole), other.model.forward(whole))
    assert not np.array_equal(one.model.forward(whole), another.model.forward(whole))


@pytest.mark.parametrize("classes", [True, False])
def test_slopes_are_those_of_differences_back_to_the_columns(classes):
    found = trained(classes)
    model = replace(found.model, ensemble=widened(replace(found.model.ensemble, temperature=1.4 if classes else 1.0)))
    rows = table(classes).slice(0, 6)
    for output in range(3 if classes else 1):
        slopes = model.slopes(rows, output)
        assert list(slopes) == ["a", "b", "c=x", "c=y", "c=z"]
        parts = model.contributions(rows, output)
        assert parts["a"].shape == (len(model.ensemble.parts), 6)
        for name, step in (("a", 1.0), ("b", 1e-6)):
            moved = []
            for sign in (1, -1):
                values = rows.column(name).to_numpy() + sign * step
                place = rows.column_names.index(name)
                yhat = model.predict(rows.set_column(place, name, pa.array(values))).yhat
                moved.append(yhat[:, output] if classes else yhat)
            np.testing.assert_allclose(slopes[name], (moved[0] - moved[1]) / (2 * step), rtol=1e-4, atol=1e-9)


def test_probabilities_add_up_and_calibration_does_not_worsen():
    made = trained(True).model
    yhat = made.forward(table(True))
    np.testing.assert_allclose(yhat.sum(axis=1), 1.0)
    assert made.ensemble.held.calibrated <= made.ensemble.held.loss
    assert sum(part.share for part in made.ensemble.parts) == pytest.approx(1)


def test_intervals_of_new_rows():
    model = trained(False).model
    answer = model.predict(table(False), 0.8)
    np.testing.assert_allclose(answer.high - answer.low, 2 * model.half_width(0.8))
    assert model.half_width(0.8) < model.half_width(0.95)
    for level, match in ((1.0, "between 0 and 1"), (0.999, "at most 0.986")):
        with pytest.raises(InputError, match=match):
            model.half_width(level)
    with pytest.raises(InputError, match="probabilities"):
        trained(True).model.half_width(0.9)


def test_what_is_refused():
    x, y = np.ones((5, 2)), np.ones((5, 1))
    with pytest.raises(InputError, match="at least 6 for the preset fast"):
        learn(x, y, 0, "fast")
    with pytest.raises(InputError, match="fast, good, best"):
        learn(x, y, 0, "quick")
    stop = Event()
    stop.set()
    rng = np.random.default_rng(0)
    with pytest.raises(KeyboardInterrupt):
        learn(rng.normal(size=(30, 2)), rng.normal(size=(30, 1)), 0, "fast", stop=stop)


def test_a_class_with_one_row_and_constant_columns_train():
    x = np.column_stack([np.ones(30), np.arange(30.0), np.arange(30) % 2])
    y = np.array([0] * 20 + [1] * 9 + [2])
    yhat = learn(x, y, 3, "fast")(x)
    assert np.isfinite(yhat).all()
    assert (yhat.argmax(axis=1)[:29] == y[:29]).mean() > 0.8


def test_one_row_of_one_of_two_classes_trains():
    x, y = np.arange(24.0)[:, None], np.array([0] * 23 + [1])
    np.testing.assert_allclose(learn(x, y, 2, "fast")(x).sum(axis=1), 1.0)


def test_a_large_table_has_fewer_features_and_epochs_and_a_wide_one_no_linear_member():
    kind = Kind(hidden=(8,), ramps=24, epochs=40)
    assert kind.fitting(1000, 10) == kind
    large = kind.fitting(1_000_000, 20)
    assert (large.ramps, large.epochs) == (5, 8)
    assert kind.fitting(1000, 10_000).ramps == 0
    x = np.random.default_rng(0).normal(size=(40, 1600))
    made = learn(x, x[:, :1], 0, "fast")
    assert not any(part.name.startswith("linear") for part in made.parts)


def test_derivatives_by_columns_of_any_unit_with_missing_cells():
    """A number of 1e200 and a target of 1e180; a date's year by its own unit; two inputs of one name are refused."""
    rng = np.random.default_rng(2)
    a, days = rng.normal(size=60), rng.integers(0, 4000, 60)
    columns = {"a": [None, *(a[1:] * 1e200).tolist()], "y": (a + days / 1000) * 1e180,
               "d": np.datetime64("2010-01-01") + days}  # fmt: skip
    model = train_preset(prepare(pa.table(columns), "y", Plan()), Plan(), "fast").model
    model = replace(model, ensemble=widened(model.ensemble))
    rows, step = pa.table(columns).slice(1, 5), 1e194
    rows = rows.set_column(0, "a", pa.array(rows.column("a").to_numpy() * 1.001))  # off the ends of the ramps
    slopes = model.slopes(rows)
    assert {"a", "a missing", "d year"} <= set(slopes)
    moved = [model.predict(rows.set_column(0, "a", pa.array(rows.column("a").to_numpy() + sign * step))).yhat
             for sign in (1, -1)]  # fmt: skip
    np.testing.assert_allclose(slopes["a"] * 1e20, (moved[0] - moved[1]) / (2 * step) * 1e20, rtol=1e-3)
    assert 1e177 < model.half_width(0.8) < 1e182
    twice = train_preset(prepare(pa.table({**columns, "a missing": a}), "y", Plan()), Plan(), "fast").model
    with pytest.raises(InputError, match="two 'a missing'"):
        twice.slopes(pa.table({**columns, "a missing": a}))
