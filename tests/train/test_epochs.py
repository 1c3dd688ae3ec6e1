"""Many epochs in one call of the engine: what comes out is, to the bit, what epochs one by one give."""

from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import chainrule as cr
from chainrule.estimators.objective import Objective
from chainrule.estimators.rule import Count, StoppingRule, Terms
from chainrule.train import loop
from chainrule.train.callbacks import Callback, EarlyStopping, Watcher
from chainrule.train.checkpoints import Checkpoint
from chainrule.train.engine import Rows
from chainrule.train.engines import start
from chainrule.train.loop import fit
from chainrule.train.optimizers import OPTIMIZERS, optimizer
from chainrule.train.order import row_order
from chainrule.train.recipe import Recipe
from chainrule.train.schedules import SCHEDULES, Schedule
from tests.support.sample import draws

MANY, ONE = 1e9, 0.0  # seconds a call


class Calls(Watcher):
    """How many epochs each call of the engine made."""

    def on_fit_begin(self, run):
        self.made, real = [], run.engine.epochs

        def epochs(rows, first, rates):
            self.made.append(len(rates))
            return real(rows, first, rates)

        run.engine.epochs = epochs


def trained(seconds, *arguments, callbacks=(), **keywords):
    calls = Calls()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "SECONDS_PER_CALL", seconds)
        return fit(*arguments, callbacks=[calls, *callbacks], **keywords), calls.made


def same(one, two):
    """Everything but the seconds, to the bit; NaN is itself."""
    assert one.network.flat.tobytes() == two.network.flat.tobytes()
    assert repr([replace(e, seconds=0.0) for e in one.history]) == repr([replace(e, seconds=0.0) for e in two.history])
    assert one.outcome == two.outcome
    assert (one.state is None) == (two.state is None)
    if one.state is not None:
        assert one.state.step == two.state.step
        assert all(a.tobytes() == b.tobytes() for a, b in zip(one.state.moments, two.state.moments, strict=True))


@st.composite
def trainings(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    sizes = draw(st.lists(st.integers(1, 40), min_size=2, max_size=4))
    dtype = draw(st.sampled_from(["float32", "float64"]))
    net = cr.Network.random(
        sizes, draw(st.sampled_from(["relu", "tanh", "gelu"])), "identity", "squared_error",
        draw(st.sampled_from(["mean", "sum"])), seed=int(rng.integers(99)), dtype=dtype,
    )  # fmt: skip
    n = draw(st.integers(1, 60))
    x, y = (rng.normal(size=(n, size)).astype(dtype) for size in (sizes[0], sizes[-1]))
    rows = Rows(x, y, rng.integers(0, 3, n).astype(dtype) if draw(st.booleans()) else None)
    recipe = Recipe(
        optimizer(draw(st.sampled_from(OPTIMIZERS)), draw(st.sampled_from([1e-3, 0.05, 1e3]))),
        batch_size=draw(st.integers(1, 70)), seed=draw(st.integers(0, 2**70)), l2=draw(st.sampled_from([0.0, 0.1])),
        dropout=draw(st.sampled_from([0.0, 0.3])) if len(sizes) > 2 else 0.0,
        schedule=Schedule(draw(st.sampled_from(sorted(SCHEDULES))), 5, warmup=draw(st.sampled_from([0.0, 1.5]))),
        shuffle=draw(st.booleans()), engine=draw(st.sampled_from(["compiled", "compiled", "plain"])),
        threads=draw(st.sampled_from([1, 2, 3])), health=draw(st.booleans()),
    )  # fmt: skip
    return net, rows, recipe


@draws(40)
@given(trainings(), st.integers(1, 12))
def test_epochs_in_one_call_are_those_one_by_one(training, epochs):
    many, made = trained(MANY, *training, epochs=epochs)
    one, alone = trained(ONE, *training, epochs=epochs)
    assert set(alone) == {1}
    assert made == [1] + [epochs - 1] * (epochs > 1 and len(alone) > 1)
    same(many, one)


@draws(15)
@given(trainings(), st.integers(1, 3), st.sampled_from([1, 2**40]))
def test_an_epoch_is_its_steps_in_the_order_of_its_number(training, epochs, first):
    net, rows, recipe = training
    recipe = replace(recipe, batch_size=min(recipe.batch_size, len(rows)))
    steps = -(-len(rows) // recipe.batch_size)
    rates = np.linspace(0.01, 0.02, epochs * steps).reshape(epochs, steps)
    whole, parts = start(net, recipe), start(net, recipe)
    found = whole.epochs(rows, first, rates)
    for i in range(epochs):
        order = row_order(len(rows), recipe.seed, first + i) if recipe.shuffle else np.arange(len(rows))
        part = parts.steps(rows, order, rates[i])
        if part.failed is not None or not np.isfinite(parts.snapshot()).all():
            assert len(found.loss) == i
            return
        assert (found.loss[i], found.right[i]) == (part.loss, part.right)
        of_epoch = {name: value[i] for name, value in vars(found.probe).items()}
        assert all(np.array_equal(of_epoch[name], value) for name, value in vars(part.probe).items())
    assert found.good is None
    assert (np.diff(found.seconds) > 0).all()
    assert whole.state().theta.tobytes() == parts.state().theta.tobytes()
    assert whole.step == parts.step


@pytest.mark.parametrize("engine", ["plain", "compiled"])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_network_of_the_last_good_epoch_is_given_back(engine, reduction, rng):
    """A rate at which the loss grows from epoch to epoch, until it is not finite in the middle of a call."""
    net = cr.Network.random((3, 2), (), "identity", "squared_error", reduction, seed=0)
    rows = Rows(rng.normal(size=(40, 3)), rng.normal(size=(40, 2)))
    recipe = Recipe(optimizer("sgd", 3.0 if reduction == "mean" else 3.0 / 40), 40, engine=engine)
    many, made = trained(MANY, net, rows, recipe, epochs=500)
    one, _ = trained(ONE, net, rows, recipe, epochs=500)
    assert made == [1, 499]
    assert many.stopped == "diverged"
    assert len(many.history) > 2
    same(many, one)
    assert np.isfinite(many.network.flat).all()
    before = fit(net, rows, recipe, epochs=len(many.history))
    assert before.network.flat.tobytes() == many.network.flat.tobytes()


def blobs(rng, n=90):
    labels = rng.integers(0, 3, n)
    return Rows(rng.normal(size=(n, 4)) + 2 * np.eye(3, 4)[labels], labels)


@pytest.mark.parametrize("schedule", ["constant", "adaptive", "invscaling"])
@pytest.mark.parametrize("patience", [0, 1, 3, 10, np.inf])
def test_an_estimators_rule_stops_where_it_would_one_by_one(schedule, patience, rng):
    rows, net = blobs(rng), cr.Network.random((4, 6, 3), "relu", seed=0)
    recipe = Recipe(optimizer("sgd", 0.5), 30, threads=1)
    terms = Terms(False, 1e-3, patience, schedule, 0.5, 0.5, False)
    kept = []
    for seconds in (MANY, ONE):
        rule = StoppingRule(terms, Count(np.inf, 0, 0, 0.5), Objective("cross_entropy", "softmax"), len(rows))
        fitted, made = trained(seconds, net, rows, recipe, epochs=150, callbacks=[rule])
        kept.append((fitted, asdict(rule.count), rule.ended, made))
    (many, *rule, made), (one, *expected, _) = kept
    same(many, one)
    assert rule == expected
    assert max(made) > 1 or schedule == "invscaling" or patience == 0
    assert many.stopped == (None if patience == np.inf or (schedule == "invscaling" and not rule[1]) else many.stopped)


@pytest.mark.parametrize("best", [True, False])
def test_early_stopping_by_the_loss_is_told_in_time(best, rng):
    rows, net = blobs(rng), cr.Network.random((4, 6, 3), "relu", seed=0)
    arguments = net, rows, Recipe(optimizer("adam", 0.1), 30)
    fits = [
        trained(seconds, *arguments, epochs=300, callbacks=[EarlyStopping("loss", 4, 0.01, best)])
        for seconds in (MANY, ONE)
    ]
    same(fits[0][0], fits[1][0])
    assert fits[0][0].stopped == "early"
    assert (max(fits[0][1]) == 1) == best


def test_a_callback_that_says_nothing_hears_of_each_epoch_at_once(rng):
    class Looks(Callback):
        seen = ()

        def on_epoch_end(self, run):
            self.seen = (*self.seen, run.network.flat.tobytes())

    rows, net, looks = blobs(rng), cr.Network.random((4, 6, 3), "relu", seed=0), Looks()
    _, made = trained(MANY, net, rows, Recipe(), epochs=5, callbacks=[looks])
    assert made == [1] * 5
    assert looks.seen == tuple(fit(net, rows, Recipe(), epochs=k).network.flat.tobytes() for k in range(1, 6))


@pytest.mark.parametrize("every", [1, 3, 7])
def test_a_checkpoint_is_written_when_it_is_due(every, rng, tmp_path, monkeypatch):
    rows, net, written = blobs(rng), cr.Network.random((4, 6, 3), "relu", seed=0), []
    monkeypatch.setattr(Checkpoint, "write", lambda self, network, run, callbacks: written.append(len(run.history)))
    trained(MANY, net, rows, Recipe(), epochs=20, checkpoint=Checkpoint(tmp_path / "c", every))
    assert written == [*range(every, 20, every), 20]


def test_ctrl_c_while_epochs_are_told_keeps_all_that_were_made(rng):
    class Interrupts(Watcher):
        def on_epoch_end(self, run):
            if run.history[-1].number == 4:
                raise KeyboardInterrupt

    rows, net = blobs(rng), cr.Network.random((4, 6, 3), "relu", seed=0)
    fitted, made = trained(MANY, net, rows, Recipe(), epochs=9, callbacks=[Interrupts()])
    assert made == [1, 8]
    assert fitted.stopped == "interrupted"
    assert [epoch.number for epoch in fitted.history] == list(range(1, 10))
    assert np.array_equal(fitted.network.flat, fit(net, rows, Recipe(), epochs=9).network.flat)


def test_a_call_takes_no_longer_than_ctrl_c_may_wait(rng, monkeypatch):
    """As many epochs as the last call's speed allows, and no more steps than a call may make."""
    rows, net = blobs(rng), cr.Network.random((4, 6, 3), "relu", seed=0)
    monkeypatch.setattr("chainrule.train.epochs.STEPS_PER_CALL", 3 * 5)
    _, made = trained(MANY, net, rows, Recipe(), epochs=9)
    assert made == [1, 5, 3]
    monkeypatch.undo()
    _, made = trained(0.02, net, rows, Recipe(), epochs=5000)
    assert 1 < max(made) < 5000
